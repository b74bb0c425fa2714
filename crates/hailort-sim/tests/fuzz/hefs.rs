//! HEFs that no compiler has made: mutations of files, of their protobufs, and of what the protobufs say.

use hailort_sim::canned::Canned;
use hailort_sim::hef::shortcut::{Shortcut, write};
use hailort_sim::hef::{header, proto};
use prost::Message;

use super::random::Random;

/// Numbers at which something begins or ends.
const NUMBERS: [u32; 30] = [
    0,
    1,
    2,
    3,
    4,
    5,
    7,
    8,
    9,
    15,
    16,
    17,
    31,
    63,
    127,
    128,
    255,
    256,
    257,
    1000,
    4096,
    32_767,
    65_535,
    65_536,
    0x00ff_ffff,
    0x1000_0000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fff8,
    u32::MAX,
];

/// Files to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let names = |all: &[&str]| all.iter().map(|n| (*n).to_owned()).collect::<Vec<String>>();
    let canned = Canned::new(1);
    let shortcut = |groups: &[&str], networks: &[&str], data_bytes, arch| {
        let shape = [4, 6, 3];
        write(&Shortcut { groups: names(groups), networks: names(networks), shape, data_bytes, arch })
    };
    let vector = |name: &str| {
        let folder =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../hailort-sim/tests/data/hef-vectors");
        std::fs::read(folder.join(name)).unwrap_or_else(|why| panic!("{name}: {why}"))
    };
    vec![
        vector("enc_v0.hef"),
        vector("enc_v2.hef"),
        vector("bitflip_v2.hef"),
        canned.encoder,
        canned.decoder,
        shortcut(&["net"], &["net"], 1, 3),
        shortcut(&["net"], &["net"], 2, 0),
        shortcut(&["one", "two"], &["left", "right"], 1, 3),
        shortcut(&["one", "two", "three"], &["only"], 2, 0),
    ]
}

/// The protobuf of a file that is whole.
fn protobuf(file: &[u8]) -> Option<&[u8]> {
    header::parse_file(file, hailort_sim::version::Version::DEFAULT).ok().map(|h| h.proto)
}

/// One more file, by the choices of `random`.
pub fn mutation(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let seed = random.of_all(seeds);
    let version = u32::try_from(random.below(4)).unwrap_or(0);
    match (random.below(8), protobuf(seed)) {
        (0, _) | (_, None) => {
            let mut file = seed.clone();
            bytes(&mut file, random);
            file
        }
        (1 | 2, Some(proto)) => {
            let mut proto = proto.to_vec();
            bytes(&mut proto, random);
            header::write(version, &proto)
        }
        (3, Some(proto)) => {
            // The head of one, the tail of another.
            let other = protobuf(random.of_all::<Vec<u8>>(seeds)).unwrap_or_default();
            let (at, from) = (random.below(proto.len() + 1), random.below(other.len() + 1));
            header::write(version, &[&proto[..at], &other[from..]].concat())
        }
        (_, Some(proto)) => {
            let Ok(mut file) = proto::File::decode(proto) else { return seed.clone() };
            for _ in 0..=random.below(4) {
                change(&mut file, random);
            }
            header::write(version, &file.encode_to_vec())
        }
    }
}

/// Changes bytes of anything.
fn bytes(all: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(6) {
        let at = random.below(all.len().max(1));
        match random.below(8) {
            0 => all.truncate(at),
            1 => all.extend(std::iter::repeat_n(random.bits() as u8, random.below(64))),
            2 => _ = all.drain(at..(at + random.below(16)).min(all.len())),
            3 => {
                let number = random.of_all(&NUMBERS).to_be_bytes();
                for (to, from) in all.iter_mut().skip(at).zip(number) {
                    *to = from;
                }
            }
            4 => all.splice(at..at, std::iter::repeat_n(0xff, random.below(12))).for_each(drop),
            5 => all.get_mut(at).into_iter().for_each(|b| *b = random.bits() as u8),
            _ => all.get_mut(at).into_iter().for_each(|b| *b ^= 1 << random.below(8)),
        }
    }
}

fn number(random: &mut Random) -> u32 {
    if random.once_in(4) { random.bits() as u32 } else { *random.of_all(&NUMBERS) }
}

fn signed(random: &mut Random) -> i32 {
    if random.once_in(2) { random.below(20) as i32 - 2 } else { number(random) as i32 }
}

fn long(random: &mut Random) -> u64 {
    if random.once_in(4) { random.bits() } else { u64::from(number(random)) << (8 * random.below(5)) }
}

fn real(random: &mut Random) -> f32 {
    *random.of_all(&[
        0.0,
        -0.0,
        1.0,
        -1.0,
        255.0,
        1e-30,
        1e30,
        f32::MAX,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
    ])
}

fn name(random: &mut Random, old: &str) -> String {
    match random.below(8) {
        0 => String::new(),
        1 => "x".repeat(random.below(300)),
        2 => "\u{e9}".repeat(64),
        3 => format!("{old}/{old}"),
        4 => "net/input_layer1".into(),
        5 => "a\0b".into(),
        _ => format!("{old}1"),
    }
}

/// Repeats, removes or exchanges parts of a list.
fn list<T: Clone>(all: &mut Vec<T>, random: &mut Random) {
    if all.is_empty() {
        return;
    }
    let (at, other) = (random.below(all.len()), random.below(all.len()));
    match random.below(4) {
        0 => _ = all.remove(at),
        1 => all.push(all[at].clone()),
        2 => all.swap(at, other),
        _ => {
            let one = all[at].clone();
            all.extend(std::iter::repeat_n(one, random.below(40)));
        }
    }
}

fn change(file: &mut proto::File, random: &mut Random) {
    match random.below(14) {
        0 => {
            let head = file.header.get_or_insert_default();
            match random.below(3) {
                0 => head.hw_arch = signed(random),
                1 => {
                    head.hw_arch =
                        *random.of_all(&[0, 1, 2, 3, 4, 5, 6, 99, 100, 101, 102, 103, 104, 105, 106, 107])
                }
                _ => head.version = long(random),
            }
        }
        1 => {
            let index = number(random) % 40;
            file.extensions.push(proto::Extension { type_index: index, name: format!("E{index}") });
        }
        2 => {
            let any = number(random);
            let index = *random.of_all(&[8, 11, any]);
            file.optional_extensions.push(proto::Extension { type_index: index, name: String::new() });
        }
        3 => list(&mut file.extensions, random),
        4 => list(&mut file.network_groups, random),
        5 => file.header = None,
        _ => {
            let count = file.network_groups.len();
            if let Some(outer) = file.network_groups.get_mut(random.below(count)) {
                group(outer, random);
            }
        }
    }
}

fn group(outer: &mut proto::Group, random: &mut Random) {
    if !outer.partial.is_empty() && !random.once_in(5) {
        let at = random.below(outer.partial.len());
        if random.once_in(10) {
            list(&mut outer.partial, random);
        } else if let Some(inner) = &mut outer.partial[at].network_group {
            group(inner, random);
        }
        return;
    }
    match random.below(12) {
        0 => {
            let metadata = outer.metadata.get_or_insert_default();
            match random.below(3) {
                0 => metadata.network_group_name = name(random, &metadata.network_group_name),
                1 => metadata.cfg_channels_count = number(random),
                _ => metadata.bottleneck_fps = f64::from(real(random)),
            }
        }
        1 => list(&mut outer.sorted_outputs_order, random),
        2 => {
            let count = outer.sorted_outputs_order.len();
            if let Some(output) = outer.sorted_outputs_order.get_mut(random.below(count)) {
                *output = name(random, output);
            }
        }
        3 => outer.networks_names.push(name(random, "net")),
        4 => list(&mut outer.contexts, random),
        5 => {
            let op =
                proto::Op { name: name(random, "op"), core_op: Some(outer.clone()), ..Default::default() };
            if outer.encoded_len() < 100_000 {
                outer.ops.push(op);
            }
        }
        _ => {
            let count = outer.contexts.len();
            if let Some(metadata) =
                outer.contexts.get_mut(random.below(count)).and_then(|c| c.metadata.as_mut())
            {
                edges(&mut metadata.edge_layers, random);
            }
        }
    }
}

fn edges(all: &mut Vec<proto::EdgeLayer>, random: &mut Random) {
    if random.once_in(8) && all.len() < 200 {
        return list(all, random);
    }
    let count = all.len();
    let Some(edge) = all.get_mut(random.below(count)) else { return };
    match random.below(16) {
        0 => edge.direction = signed(random),
        1 => edge.edge_layer_type = signed(random),
        2 => edge.network_index = number(random),
        3 => edge.pad_index = Some(number(random)),
        4 => edge.context_switch_info = Some(proto::ContextSwitch { edge_connection_type: signed(random) }),
        5 => {
            let part = proto::Edge { layer_info: edge.layer_info.clone(), layer_mux: None };
            edge.layer_mux = Some(proto::LayerMux {
                name: name(random, "mux"),
                base: edge.layer_info.as_ref().and_then(|l| l.base.clone()),
                data: Some(proto::MuxData { number_of_predecessors: number(random) }),
                predecessors: vec![part; random.below(5)],
            });
            edge.edge_layer_type = 1;
        }
        6 => {
            let plane = proto::Edge { layer_info: edge.layer_info.clone(), layer_mux: None };
            edge.layer_planes = Some(proto::LayerPlanes {
                name: name(random, "planes"),
                planes_format: signed(random),
                planes: vec![plane; random.below(5)],
                height: number(random),
                width: number(random),
                features: number(random),
            });
            edge.edge_layer_type = 2;
        }
        _ => layer(edge.layer_info.get_or_insert_default(), random),
    }
}

fn layer(info: &mut proto::LayerInfo, random: &mut Random) {
    match random.below(12) {
        0 => info.name = name(random, &info.name),
        1 => info.transposed = !info.transposed,
        2 => info.original_names.push(name(random, "layer")),
        3 | 4 => {
            let numeric = info.numeric.get_or_insert_default();
            match random.below(6) {
                0 => numeric.qp_zp = real(random),
                1 => numeric.qp_scale = real(random),
                2 => numeric.limvals_min = real(random),
                3 => numeric.limvals_max = real(random),
                4 => numeric.qp_zps = vec![f64::from(real(random)); random.below(20)],
                _ => numeric.qp_scales = vec![f64::from(real(random)); random.below(20)],
            }
        }
        _ => base(info.base.get_or_insert_default(), random),
    }
}

fn base(base: &mut proto::LayerBase, random: &mut Random) {
    let value = number(random);
    match random.below(17) {
        0 => base.height = value,
        1 => base.padded_height = value,
        2 => base.width = value,
        3 => base.padded_width = value,
        4 => base.features = value,
        5 => base.padded_features = value,
        6 | 7 => base.format = if random.once_in(4) { value } else { random.below(18) as u32 },
        8 => base.sys_index = value,
        9 => base.core_bytes_per_buffer = value,
        10 => base.core_buffers_per_frame = value,
        11 => base.data_bytes = if random.once_in(2) { value } else { random.below(5) as u32 },
        12 => base.engine_id = value,
        13 => base.max_shmifo_size = value,
        14 => base.host_argmax = !base.host_argmax,
        15 => {
            let (height, width, features) = (number(random), number(random), number(random));
            (base.height, base.width, base.features) = (height, width, features);
            (base.padded_height, base.padded_width, base.padded_features) = (height, width, features);
        }
        _ => {
            base.format = 6;
            base.additional_info = Some(proto::AdditionalInfo {
                nms_info: Some(proto::NmsInfo {
                    number_of_classes: long(random),
                    max_output_size: long(random),
                    bbox_size: long(random),
                    input_division_factor: long(random),
                    burst_size: number(random),
                    burst_type: signed(random),
                }),
            });
        }
    }
}
