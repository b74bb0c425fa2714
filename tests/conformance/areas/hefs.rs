//! HEF files: which are read, what is told of them, and what is refused with which status.

use std::ffi::c_void;
use std::path::Path;
use std::ptr::{null, null_mut};

use hailort_sim::hef::shortcut::{Shortcut, write};
use hailort_sim::hef::{header, proto};
use hailort_sys::types::*;
use prost::Message;

use super::{Area, Needs};
use crate::lab::{Lab, ask, c_string, more, say};

/// Bytes of the header of version 2, which the simulator's files have.
const HEADER: usize = 44;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../hailort-sim/tests/data/hef-vectors")
}

/// The files with the real library's answers.
const VECTORS: [&str; 11] = [
    "badmagic",
    "badproto_v2",
    "bitflip_v2",
    "empty_v2",
    "enc_v0",
    "enc_v2",
    "short",
    "trunc_v2",
    "v2_badlen",
    "v2_badsum",
    "v4_badlen",
];

fn vector(name: &str) -> Result<Vec<u8>, String> {
    std::fs::read(folder().join(name).with_extension("hef")).map_err(|why| format!("{name}: {why}"))
}

fn several(groups: &[&str], networks: &[&str], arch: i32) -> Vec<u8> {
    let names = |all: &[&str]| all.iter().map(|n| (*n).to_owned()).collect();
    write(&Shortcut { groups: names(groups), networks: names(networks), arch, ..Default::default() })
}

fn open_file(lab: &Lab, path: &std::ffi::CStr) -> (hailo_status, hailo_hef) {
    let mut hef = null_mut();
    (ask!(lab, hailo_create_hef_file(&raw mut hef, path.as_ptr())), hef)
}

/// A status; for a HEF that was read what is in it, too. It is released.
pub fn answer(lab: &Lab, (status, hef): (hailo_status, hailo_hef)) -> String {
    if status != 0 {
        return format!("{}{}", say(status), if hef.is_null() { "" } else { ", with a handle" });
    }
    let contents = contents(lab, hef);
    format!("{contents}, release {}", say(ask!(lab, hailo_release_hef(hef))))
}

fn status_of(lab: &Lab, bytes: &[u8]) -> hailo_status {
    let (status, hef) = lab.hef(bytes);
    if status == 0 {
        ask!(lab, hailo_release_hef(hef));
    }
    status
}

/// All that the library tells of a HEF.
fn contents(lab: &Lab, hef: hailo_hef) -> String {
    let mut groups = [hailo_network_group_info_t::zeroed(); 8];
    let mut count = groups.len();
    let status = ask!(lab, hailo_get_network_groups_infos(hef, groups.as_mut_ptr(), &raw mut count));
    if status != 0 {
        return format!("groups {}", say(status));
    }
    let mut told = Vec::new();
    for group in &groups[..count] {
        let multi = if group.is_multi_context { " in parts" } else { "" };
        told.push(format!("group {}{multi}", text(&group.name)));
        let (_name, name) = c_string(Some(&text(&group.name)));
        told.push(vstreams(lab, hef, name));
        told.push(streams(lab, hef, name));
        let mut networks = [hailo_network_info_t::zeroed(); 8];
        let mut count = networks.len();
        let status =
            more!(lab, hailo_hef_get_network_infos(hef, name, networks.as_mut_ptr(), &raw mut count));
        let names: Vec<String> =
            networks[..if status == 0 { count } else { 0 }].iter().map(|n| text(&n.name)).collect();
        told.push(format!("networks {} {}", say(status), names.join(" ")));
        let mut fps = 0.0;
        let status = more!(lab, hailo_hef_get_bottleneck_fps(hef, name, &raw mut fps));
        told.push(if status == 0 { format!("fps {fps}") } else { format!("fps {}", say(status)) });
    }
    told.join(", ")
}

fn vstreams(lab: &Lab, hef: hailo_hef, name: *const std::ffi::c_char) -> String {
    let mut infos = vec![hailo_vstream_info_t::zeroed(); 256];
    let mut count = infos.len();
    let status = ask!(lab, hailo_hef_get_all_vstream_infos(hef, name, infos.as_mut_ptr(), &raw mut count));
    if status != 0 {
        return format!("vstreams {}", say(status));
    }
    let one = |info: &hailo_vstream_info_t| {
        // SAFETY: both members of the union are integers.
        let shape = unsafe { info.shape.shape };
        format!(
            "{} of {} {} {}x{}x{} type {} order {} flags {} zp {} scale {} limits {} {}",
            text(&info.name),
            text(&info.network_name),
            if info.direction == HAILO_H2D_STREAM { "in" } else { "out" },
            shape.height,
            shape.width,
            shape.features,
            info.format.type_,
            info.format.order,
            info.format.flags,
            info.quant_info.qp_zp,
            info.quant_info.qp_scale,
            info.quant_info.limvals_min,
            info.quant_info.limvals_max
        )
    };
    infos[..count].iter().map(one).collect::<Vec<_>>().join(", ")
}

fn streams(lab: &Lab, hef: hailo_hef, name: *const std::ffi::c_char) -> String {
    let mut infos = vec![hailo_stream_info_t::zeroed(); 256];
    let mut count = 0;
    let status = more!(
        lab,
        hailo_hef_get_all_stream_infos(hef, name, infos.as_mut_ptr(), infos.len(), &raw mut count)
    );
    if status != 0 {
        return format!("streams {}", say(status));
    }
    let one = |info: &hailo_stream_info_t| {
        // SAFETY: both members of the union are integers.
        let shapes = unsafe { info.shape.shapes };
        format!(
            "stream {} {}x{}x{} on the chip {}x{}x{} bytes {} {} index {} order {}",
            text(&info.name),
            shapes.shape.height,
            shapes.shape.width,
            shapes.shape.features,
            shapes.hw_shape.height,
            shapes.hw_shape.width,
            shapes.hw_shape.features,
            info.hw_data_bytes,
            info.hw_frame_size,
            info.index,
            info.format.order
        )
    };
    infos[..count].iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What is told of a HEF, in few letters (FNV-1a).
pub fn digest(lab: &Lab, hef: hailo_hef) -> u16 {
    let hash =
        contents(lab, hef).bytes().fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
    (hash ^ (hash >> 16)) as u16
}

/// Neighbours with one answer together: `12-55 91, 56-60 0`.
fn runs<T: std::fmt::Display>(answers: impl Iterator<Item = (usize, T)>) -> String {
    let mut runs: Vec<(usize, usize, String)> = Vec::new();
    for (at, status) in answers {
        let status = status.to_string();
        match runs.last_mut() {
            Some((_, last, same)) if *same == status => *last = at,
            _ => runs.push((at, at, status)),
        }
    }
    let one = |(first, last, status): &(usize, usize, String)| {
        if first == last { format!("{first}: {status}") } else { format!("{first}-{last}: {status}") }
    };
    runs.iter().map(one).collect::<Vec<_>>().join(", ")
}

pub fn area() -> Area {
    let mut area = Area::new("hef");
    for name in VECTORS {
        area.add(&format!("vector-{name}-file"), Needs::Library, move |lab| {
            let path = lab.file("vector.hef", &vector(name)?)?;
            Ok(answer(lab, open_file(lab, &path)))
        });
        area.add(&format!("vector-{name}-buffer"), Needs::Library, move |lab| {
            let bytes = vector(name)?;
            Ok(answer(lab, lab.hef(&bytes)))
        });
    }
    files(&mut area);
    headers(&mut area);
    contents_of(&mut area);
    questions(&mut area);
    architectures(&mut area);
    area
}

fn files(area: &mut Area) {
    area.add("missing", Needs::Library, |lab| Ok(answer(lab, open_file(lab, &lab.path("none.hef")))));
    area.add("a-directory", Needs::Library, |lab| Ok(answer(lab, open_file(lab, &lab.path(".")))));
    area.add("no-name", Needs::Library, |lab| Ok(answer(lab, open_file(lab, c""))));
    for length in [0, 4, 11, 12, 31, 43, 44] {
        area.add(&format!("a-file-of-{length}-bytes"), Needs::Library, move |lab| {
            let path = lab.file("short.hef", &write(&Shortcut::default())[..length])?;
            Ok(answer(lab, open_file(lab, &path)))
        });
    }
    // The real library reads beyond a buffer that is shorter than what all headers have in common.
    for length in [0, 1, 4, 8, 11] {
        area.add(&format!("a-buffer-of-{length}-bytes"), Needs::Library, move |lab| {
            let bytes = write(&Shortcut::default())[..length].to_vec();
            Ok(answer(lab, lab.hef(&bytes)))
        });
    }
    area.add("buffers-of-12-to-100-bytes", Needs::Library, |lab| {
        let whole = write(&Shortcut::default());
        Ok(runs((12..=100).map(|length| (length, status_of(lab, &whole[..length])))))
    });
    area.add("a-file-twice", Needs::Library, |lab| {
        let path = lab.file("twice.hef", &vector("enc_v2")?)?;
        let (one, two) = (open_file(lab, &path), open_file(lab, &path));
        let differ = one.1 != two.1;
        Ok(format!("{}; {}; handles differ: {differ}", answer(lab, one), answer(lab, two)))
    });
}

fn headers(area: &mut Area) {
    for version in 0..=3 {
        area.add(&format!("header-version-{version}"), Needs::Library, move |lab| {
            let file = header::write(version, &write(&Shortcut::default())[HEADER..]);
            let path = lab.file("header.hef", &file)?;
            let (from_file, from_memory) = (answer(lab, open_file(lab, &path)), answer(lab, lab.hef(&file)));
            let same = from_file == from_memory;
            Ok(format!("{from_file}; from memory the same: {same}"))
        });
        area.add(&format!("header-version-{version}-each-bit-of-it"), Needs::Library, move |lab| {
            let whole = header::write(version, &write(&Shortcut::default())[HEADER..]);
            let header = [32, 28, 44, 56][version as usize];
            Ok(runs((0..header).map(|at| {
                let mut file = whole.clone();
                file[at] ^= 0x10;
                (at, status_of(lab, &file))
            })))
        });
        area.add(&format!("header-version-{version}-more-behind"), Needs::Library, move |lab| {
            let whole = header::write(version, &write(&Shortcut::default())[HEADER..]);
            Ok(say(status_of(lab, &[&whole[..], b"x"].concat())))
        });
    }
    for version in [4, 5, 255, 256, u32::MAX] {
        area.add(&format!("header-version-{version}"), Needs::Library, move |lab| {
            let mut file = write(&Shortcut::default());
            file[4..8].copy_from_slice(&version.to_be_bytes());
            let path = lab.file("header.hef", &file)?;
            Ok(format!("file {}, buffer {}", answer(lab, open_file(lab, &path)), answer(lab, lab.hef(&file))))
        });
    }
    for (name, sizes) in [
        ("padding-larger-than-weights", [0, 8, 0]),
        ("weights-that-are-not-there", [16, 0, 0]),
        ("information-that-is-not-there", [0, 0, 16]),
        ("sizes-that-overflow", [u64::MAX, 0, 1]),
        ("huge-weights", [u64::MAX, 0, 0]),
    ] {
        area.add(&format!("header-3-{name}"), Needs::Library, move |lab| {
            let mut file = header::write(3, &write(&Shortcut::default())[HEADER..]);
            file[20..28].copy_from_slice(&sizes[0].to_be_bytes());
            file[28..32].copy_from_slice(&(sizes[1] as u32).to_be_bytes());
            file[32..40].copy_from_slice(&sizes[2].to_be_bytes());
            let path = lab.file("header.hef", &file)?;
            Ok(format!("file {}, buffer {}", answer(lab, open_file(lab, &path)), answer(lab, lab.hef(&file))))
        });
    }
    area.add("header-2-huge-weights", Needs::Library, |lab| {
        let mut file = write(&Shortcut::default());
        file[20..28].copy_from_slice(&u64::MAX.to_be_bytes());
        Ok(say(status_of(lab, &file)))
    });
    area.add("header-0-huge-protobuf", Needs::Library, |lab| {
        let mut file = header::write(0, &write(&Shortcut::default())[HEADER..]);
        file[8..12].copy_from_slice(&u32::MAX.to_be_bytes());
        Ok(say(status_of(lab, &file)))
    });
}

/// The default file, changed.
fn changed(change: impl FnOnce(&mut proto::File)) -> Result<Vec<u8>, String> {
    let whole = write(&Shortcut { arch: 0, ..Default::default() });
    let mut file = proto::File::decode(&whole[HEADER..]).map_err(|why| why.to_string())?;
    change(&mut file);
    Ok(header::write(2, &file.encode_to_vec()))
}

fn base(file: &mut proto::File) -> Option<&mut proto::LayerBase> {
    let metadata = file.network_groups[0].contexts[0].metadata.as_mut()?;
    metadata.edge_layers[0].layer_info.as_mut()?.base.as_mut()
}

fn contents_of(area: &mut Area) {
    area.add("extensions-0-to-40", Needs::Library, |lab| {
        let mut answers = Vec::new();
        for number in 0..=40 {
            let extension = proto::Extension { type_index: number, name: "E".into() };
            let file = changed(|f| f.extensions.push(extension))?;
            answers.push((number as usize, lab.apart(|| status_of(lab, &file).to_string())));
        }
        Ok(runs(answers.into_iter()))
    });
    type Change = fn(&mut proto::File);
    let changes: [(&str, Change); 16] = [
        ("without-extensions", |f| f.extensions.clear()),
        ("of-version-0", |f| f.header.get_or_insert_default().version = 0),
        ("without-a-header-in-it", |f| f.header = None),
        ("without-groups", |f| f.network_groups.clear()),
        ("with-a-group-twice", |f| f.network_groups.push(f.network_groups[0].clone())),
        ("without-contexts", |f| f.network_groups[0].contexts.clear()),
        ("without-an-order-of-outputs", |f| {
            f.network_groups[0].sorted_outputs_order.clear();
            f.network_groups[0].contexts[0].metadata.get_or_insert_default().sorted_outputs_order.clear();
        }),
        ("with-another-order-of-outputs", |f| {
            f.network_groups[0].sorted_outputs_order = vec!["other".into()]
        }),
        ("with-a-layer-twice", |f| {
            let edges = &mut f.network_groups[0].contexts[0].metadata.get_or_insert_default().edge_layers;
            edges.push(edges[0].clone());
        }),
        ("without-outputs", |f| {
            let edges = &mut f.network_groups[0].contexts[0].metadata.get_or_insert_default().edge_layers;
            edges.retain(|e| e.direction == 0);
        }),
        ("with-a-long-group-name", |f| {
            f.network_groups[0].metadata.get_or_insert_default().network_group_name = "g".repeat(128);
        }),
        ("with-an-empty-group-name", |f| {
            f.network_groups[0].metadata.get_or_insert_default().network_group_name.clear();
        }),
        ("for-an-8L-without-parts", |f| f.header.get_or_insert_default().hw_arch = 3),
        ("for-no-architecture", |f| f.header.get_or_insert_default().hw_arch = 77),
        ("for-a-negative-architecture", |f| f.header.get_or_insert_default().hw_arch = -1),
        ("with-many-channels", |f| {
            f.network_groups[0].metadata.get_or_insert_default().cfg_channels_count = 256
        }),
    ];
    for (name, change) in changes {
        area.add(name, Needs::Library, move |lab| {
            let file = changed(change)?;
            Ok(answer(lab, lab.hef(&file)))
        });
    }
    type Field = fn(&mut proto::LayerBase, u32);
    let fields: [(&str, Field); 11] = [
        ("height", |b, v| b.height = v),
        ("padded-height", |b, v| b.padded_height = v),
        ("width", |b, v| b.width = v),
        ("padded-width", |b, v| b.padded_width = v),
        ("features", |b, v| b.features = v),
        ("padded-features", |b, v| b.padded_features = v),
        ("format", |b, v| b.format = v),
        ("index", |b, v| b.sys_index = v),
        ("bytes-per-buffer", |b, v| b.core_bytes_per_buffer = v),
        ("buffers-per-frame", |b, v| b.core_buffers_per_frame = v),
        ("data-bytes", |b, v| b.data_bytes = v),
    ];
    for (name, field) in fields {
        area.add(&format!("a-layer-of-{name}"), Needs::Library, move |lab| {
            let values = [0, 1, 2, 3, 4, 5, 8, 16, 255, 256, 65_535, 65_536, 1 << 20, 1 << 31, u32::MAX];
            let mut answers = Vec::new();
            for value in values {
                let file = changed(|f| {
                    if let Some(base) = base(f) {
                        field(base, value);
                    }
                })?;
                let (status, hef) = lab.hef(&file);
                answers.push(if status == 0 {
                    let digest = digest(lab, hef);
                    ask!(lab, hailo_release_hef(hef));
                    format!("{value}: 0 {digest:04x}")
                } else {
                    format!("{value}: {status}")
                });
            }
            Ok(answers.join(", "))
        });
    }
}

fn questions(area: &mut Area) {
    area.add("several-networks", Needs::Library, |lab| {
        Ok(answer(lab, lab.hef(&several(&["net"], &["left", "right"], 0))))
    });
    area.add("several-groups", Needs::Library, |lab| {
        Ok(answer(lab, lab.hef(&several(&["one", "two"], &["only"], 0))))
    });
    area.add("of-16-bits", Needs::Library, |lab| {
        Ok(answer(lab, lab.hef(&write(&Shortcut { data_bytes: 2, arch: 0, ..Default::default() }))))
    });
    area.add("no-room-for-the-answers", Needs::Library, no_room);
    area.add("names-that-mean-a-group", Needs::Library, |lab| {
        let (_, hef) = lab.hef(&several(&["one", "two"], &["left", "right"], 0));
        let names = [
            None,
            Some(""),
            Some("one"),
            Some("two"),
            Some("one/left"),
            Some("one/one"),
            Some("other"),
            Some("left"),
        ];
        let told = names.map(|name| {
            let (_text, pointer) = c_string(name);
            let mut infos = vec![hailo_vstream_info_t::zeroed(); 16];
            let mut count = infos.len();
            let all =
                ask!(lab, hailo_hef_get_all_vstream_infos(hef, pointer, infos.as_mut_ptr(), &raw mut count));
            let first = if all == 0 { format!("{count} {}", text(&infos[0].name)) } else { say(all) };
            let mut names = vec![hailo_layer_name_t::zeroed(); 2];
            let mut number = names.len();
            let sorted = ask!(
                lab,
                hailo_hef_get_sorted_output_names(hef, pointer, names.as_mut_ptr(), &raw mut number)
            );
            format!("{}: {first}, sorted {}", name.unwrap_or("NULL"), say(sorted))
        });
        Ok(told.join("; "))
    });
    area.add("names-of-streams", Needs::Library, names_of_streams);
    area.add("parameters", Needs::Library, parameters);
    area.add("a-stream-by-name", Needs::Library, |lab| {
        let (_, hef) = lab.hef(&write(&Shortcut { arch: 0, ..Default::default() }));
        let mut info = hailo_stream_info_t::zeroed();
        let told = [
            ("shortcut_net/input_layer1", HAILO_H2D_STREAM),
            ("shortcut_net/input_layer1", HAILO_D2H_STREAM),
            ("shortcut_net/output_layer1", HAILO_D2H_STREAM),
            ("other", HAILO_H2D_STREAM),
        ]
        .map(|(name, direction)| {
            let (_text, pointer) = c_string(Some(name));
            say(more!(lab, hailo_hef_get_stream_info_by_name(hef, null(), pointer, direction, &raw mut info)))
        });
        Ok(told.join(", "))
    });
    area.add("each-pointer-alone", Needs::Library, pointers);
}

fn no_room(lab: &Lab) -> Result<String, String> {
    let (status, hef) = lab.hef(&several(&["one", "two"], &["left", "right"], 0));
    if status != 0 {
        return Err(say(status));
    }
    let mut told = Vec::new();
    let mut count = 1;
    let mut groups = [hailo_network_group_info_t::zeroed(); 1];
    let status = ask!(lab, hailo_get_network_groups_infos(hef, groups.as_mut_ptr(), &raw mut count));
    told.push(format!("groups {} {count}", say(status)));
    let mut infos = [hailo_vstream_info_t::zeroed(); 1];
    for room in [0, 1] {
        count = room;
        let status =
            ask!(lab, hailo_hef_get_all_vstream_infos(hef, null(), infos.as_mut_ptr(), &raw mut count));
        told.push(format!("vstreams in {room} {} {count}", say(status)));
    }
    let mut streams = [hailo_stream_info_t::zeroed(); 1];
    let status =
        more!(lab, hailo_hef_get_all_stream_infos(hef, null(), streams.as_mut_ptr(), 1, &raw mut count));
    told.push(format!("streams {} {count}", say(status)));
    let mut names = vec![hailo_layer_name_t::zeroed(); 8];
    for room in [0, 1, 2, 3, 8] {
        count = room;
        let status =
            ask!(lab, hailo_hef_get_sorted_output_names(hef, null(), names.as_mut_ptr(), &raw mut count));
        told.push(format!("sorted in {room} {} {count}", say(status)));
    }
    let mut networks = [hailo_network_info_t::zeroed(); 1];
    count = 1;
    let status = more!(lab, hailo_hef_get_network_infos(hef, null(), networks.as_mut_ptr(), &raw mut count));
    told.push(format!("networks {} {count}", say(status)));
    let mut params = [hailo_input_vstream_params_by_name_t::zeroed(); 1];
    for room in [0, 1] {
        count = room;
        let status = more!(
            lab,
            hailo_hef_make_input_vstream_params(hef, null(), false, 3, params.as_mut_ptr(), &raw mut count)
        );
        told.push(format!("parameters in {room} {} {count}", say(status)));
    }
    Ok(told.join(", "))
}

fn names_of_streams(lab: &Lab) -> Result<String, String> {
    let (_, hef) = lab.hef(&several(&["net"], &["left", "right"], 0));
    let (mut told, mut one) = (Vec::new(), hailo_layer_name_t::zeroed());
    for original in ["input_layer1", "output_layer2", "other", "net/input_layer1"] {
        let (_text, name) = c_string(Some(original));
        let status =
            more!(lab, hailo_hef_get_vstream_name_from_original_name(hef, null(), name, &raw mut one));
        told.push(if status == 0 { text(&one.name) } else { say(status) });
    }
    for vstream in ["net/input_layer1", "net/output_layer2", "other"] {
        let (_text, name) = c_string(Some(vstream));
        let mut names = [hailo_layer_name_t::zeroed(); 4];
        let mut ask_names = |status: hailo_status, count: usize, names: &[hailo_layer_name_t]| {
            let all: Vec<String> =
                names[..if status == 0 { count } else { 0 }].iter().map(|n| text(&n.name)).collect();
            told.push(format!("{} {}", say(status), all.join(" ")));
        };
        let mut count = names.len();
        let status = more!(
            lab,
            hailo_hef_get_original_names_from_vstream_name(
                hef,
                null(),
                name,
                names.as_mut_ptr(),
                &raw mut count
            )
        );
        ask_names(status, count, &names);
        count = names.len();
        let status = more!(
            lab,
            hailo_hef_get_vstream_names_from_stream_name(
                hef,
                null(),
                name,
                names.as_mut_ptr(),
                &raw mut count
            )
        );
        ask_names(status, count, &names);
        count = names.len();
        let status = more!(
            lab,
            hailo_hef_get_stream_names_from_vstream_name(
                hef,
                null(),
                name,
                names.as_mut_ptr(),
                &raw mut count
            )
        );
        ask_names(status, count, &names);
    }
    Ok(told.join(", "))
}

fn parameters(lab: &Lab) -> Result<String, String> {
    let (_, hef) = lab.hef(&several(&["one", "two"], &["left", "right"], 0));
    let mut told = Vec::new();
    for format in [0, 1, 2, 3, 99] {
        let mut inputs = [hailo_input_vstream_params_by_name_t::zeroed(); 8];
        let mut count = inputs.len();
        let status = more!(
            lab,
            hailo_hef_make_input_vstream_params(
                hef,
                null(),
                false,
                format,
                inputs.as_mut_ptr(),
                &raw mut count
            )
        );
        let all: Vec<String> = inputs[..if status == 0 { count } else { 0 }]
            .iter()
            .map(|p| {
                let f = p.params.user_buffer_format;
                format!(
                    "{} type {} order {} flags {} timeout {} queue {}",
                    text(&p.name),
                    f.type_,
                    f.order,
                    f.flags,
                    p.params.timeout_ms,
                    p.params.queue_size
                )
            })
            .collect();
        told.push(format!("type {format}: {} {}", say(status), all.join(", ")));
    }
    let mut params = Box::new(hailo_configure_params_t::zeroed());
    for interface in [0, 1, 2, 3, 99] {
        let status = more!(lab, hailo_init_configure_params(hef, interface, &raw mut *params));
        let group = &params.network_group_params[0];
        told.push(if status == 0 {
            format!(
                "interface {interface}: {} groups, first {} batch {} power {} latency {} streams {} networks {}",
                params.network_group_params_count,
                text(&group.name),
                group.batch_size,
                group.power_mode,
                group.latency,
                group.stream_params_by_name_count,
                group.network_params_by_name_count
            )
        } else {
            format!("interface {interface}: {}", say(status))
        });
    }
    Ok(told.join("; "))
}

/// NULL in each place, with everything else as it should be.
fn pointers(lab: &Lab) -> Result<String, String> {
    let file = vector("enc_v2")?;
    let path = lab.file("pointers.hef", &file)?;
    let (_, hef) = lab.hef(&file);
    let mut other = null_mut();
    let mut infos = vec![hailo_vstream_info_t::zeroed(); 40];
    let mut groups = [hailo_network_group_info_t::zeroed(); 8];
    let mut names = vec![hailo_layer_name_t::zeroed(); 1];
    let mut params = vec![hailo_input_vstream_params_by_name_t::zeroed(); 40];
    let mut many = 8;
    let buffer = file.as_ptr().cast::<c_void>();
    let statuses = [
        ("file to nowhere", ask!(lab, hailo_create_hef_file(null_mut(), path.as_ptr()))),
        ("file of no name", ask!(lab, hailo_create_hef_file(&raw mut other, null()))),
        ("buffer to nowhere", ask!(lab, hailo_create_hef_buffer(null_mut(), buffer, file.len()))),
        ("no buffer", ask!(lab, hailo_create_hef_buffer(&raw mut other, null(), file.len()))),
        (
            "groups of nothing",
            ask!(lab, hailo_get_network_groups_infos(null_mut(), groups.as_mut_ptr(), &raw mut many)),
        ),
        ("groups to nowhere", ask!(lab, hailo_get_network_groups_infos(hef, null_mut(), &raw mut many))),
        (
            "groups without a count",
            ask!(lab, hailo_get_network_groups_infos(hef, groups.as_mut_ptr(), null_mut())),
        ),
        (
            "vstreams to nowhere",
            ask!(lab, hailo_hef_get_all_vstream_infos(hef, null(), null_mut(), &raw mut many)),
        ),
        (
            "vstreams without a count",
            ask!(lab, hailo_hef_get_all_vstream_infos(hef, null(), infos.as_mut_ptr(), null_mut())),
        ),
        (
            "sorted to nowhere",
            ask!(lab, hailo_hef_get_sorted_output_names(hef, null(), null_mut(), &raw mut many)),
        ),
        (
            "sorted without a count",
            ask!(lab, hailo_hef_get_sorted_output_names(hef, null(), names.as_mut_ptr(), null_mut())),
        ),
        (
            "parameters to nowhere",
            more!(lab, hailo_hef_make_input_vstream_params(hef, null(), false, 3, null_mut(), &raw mut many)),
        ),
        (
            "parameters without a count",
            more!(
                lab,
                hailo_hef_make_input_vstream_params(hef, null(), false, 3, params.as_mut_ptr(), null_mut())
            ),
        ),
        ("configuration to nowhere", more!(lab, hailo_init_configure_params(hef, 0, null_mut()))),
        ("fps to nowhere", more!(lab, hailo_hef_get_bottleneck_fps(hef, null(), null_mut()))),
    ];
    Ok(statuses
        .iter()
        .map(|(what, status)| format!("{what} {}", say(*status)))
        .collect::<Vec<_>>()
        .join(", "))
}

fn architectures(area: &mut Area) {
    for arch in [0, 1, 2, 3, 4, 5, 6, 100, 101, 103, 104] {
        area.add(&format!("for-architecture-{arch}"), Needs::Library, move |lab| {
            Ok(say(status_of(lab, &several(&["net"], &["net"], arch))))
        });
    }
    area.add("for-another-device", Needs::Devices(1), |lab| {
        // Whatever the device is of this series, that is none of them.
        let (read, hef) = lab.hef(&several(&["net"], &["net"], 103));
        let (made, vdevice) = lab.vdevice(|_| {});
        let (status, groups) = lab.configure(vdevice, hef);
        let count = groups.len();
        let release = say(ask!(lab, hailo_release_hef(hef)));
        Ok(format!(
            "read {}, vdevice {}, configure {} with {count} groups, release {release}, {}",
            say(read),
            say(made),
            say(status),
            lab.release(vdevice)
        ))
    });
}
