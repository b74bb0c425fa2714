//! Writes HEF files: the same description gives the same bytes.

use prost::Message;

use super::features::{MULTI_NETWORK, PERIPHERY_IN_HAILORT};
use super::layer::{Direction, StreamInfo};
use super::model::{Hef, NetworkGroup, is_part_of_a_chip};
use super::{header, proto};

/// Clusters of a Hailo-8L.
const CLUSTERS_8L: u32 = 0b1_1111;

/// The bytes of the HEF, with the header version that it names.
///
/// # Panics
/// For a header version other than 0 to 3.
pub fn write(hef: &Hef) -> Vec<u8> {
    // The last of the file is the first for whoever reads it.
    let groups = hef.network_groups.iter().rev().map(|g| group(g, hef.arch)).collect();
    let file = proto::File {
        header: Some(proto::FileHeader { hw_arch: hef.arch, sdk_version: hef.compiler.clone(), version: 1 }),
        network_groups: groups,
        included_features: Some(proto::IncludedFeatures {
            is_multi_context: hef.network_groups.iter().any(NetworkGroup::is_multi_context),
        }),
        extensions: vec![proto::Extension {
            type_index: PERIPHERY_IN_HAILORT,
            name: "PERIPH_CALCULATION_IN_HAILORT".into(),
        }],
        optional_extensions: if hef.network_groups.iter().any(|g| g.networks.len() > 1) {
            vec![proto::Extension { type_index: MULTI_NETWORK, name: "ABBALE".into() }]
        } else {
            Vec::new()
        },
        simulated: hef
            .simulated
            .as_ref()
            .map(|s| proto::Simulated { kind: s.kind.clone(), weights_sha256: s.weights_sha256.clone() })
            .map(|s| s.encode_to_vec()),
    };
    header::write(hef.header_version, &file.encode_to_vec())
}

fn group(group: &NetworkGroup, arch: i32) -> proto::Group {
    let several = group.networks.len() > 1;
    let network = |s: &StreamInfo| group.networks.iter().position(|n| several && *n == s.network_name);
    let edges = group.inputs.iter().chain(&group.outputs).enumerate();
    let edges = edges.map(|(i, s)| edge(s, i, network(s).unwrap_or(0))).collect();
    let networks_names: Vec<String> = group
        .networks
        .iter()
        .filter(|_| several)
        .map(|n| n.strip_prefix(&format!("{}/", group.name)).unwrap_or(n).to_owned())
        .collect();
    let metadata = proto::GroupMetadata {
        network_group_name: group.name.clone(),
        bottleneck_fps: group.bottleneck_fps,
        cfg_channels_count: 1,
        transposed_net: false,
    };
    // What comes in the first part goes out in the last; what lies between is the chip's alone.
    let mut contexts = vec![proto::Context::default(); group.contexts.max(1)];
    for (index, context) in (0..).zip(&mut contexts) {
        context.context_index = index;
    }
    contexts[0].metadata = Some(proto::ContextMetadata {
        name: "context_0".into(),
        edge_layers: edges,
        sorted_outputs_order: group.sorted_outputs.clone(),
    });
    let inner = proto::Group {
        metadata: Some(metadata),
        contexts,
        sorted_outputs_order: group.sorted_outputs.clone(),
        networks_names: networks_names.clone(),
        ..Default::default()
    };
    if is_part_of_a_chip(arch) {
        let metadata = inner.metadata.clone();
        let layout = proto::PhysicalLayout { partial_clusters_layout_bitmap: CLUSTERS_8L };
        let partial = proto::Partial { network_group: Some(inner), layout: Some(layout) };
        proto::Group { metadata, partial: vec![partial], networks_names, ..Default::default() }
    } else {
        inner
    }
}

fn edge(stream: &StreamInfo, index: usize, network: usize) -> proto::EdgeLayer {
    let (mut height, mut width) = (stream.height, stream.width);
    if stream.is_transposed {
        std::mem::swap(&mut height, &mut width);
    }
    proto::EdgeLayer {
        direction: i32::from(stream.direction == Direction::DeviceToHost),
        edge_layer_type: 0,
        network_index: u32::try_from(network).unwrap_or(u32::MAX),
        layer_info: Some(proto::LayerInfo {
            name: stream.name.clone(),
            base: Some(proto::LayerBase {
                height,
                padded_height: stream.padded[0],
                width,
                padded_width: stream.padded[1],
                features: stream.features,
                padded_features: stream.padded[2],
                format: stream.order,
                sys_index: u32::try_from(index).unwrap_or(u32::MAX),
                core_bytes_per_buffer: (stream.padded[2] * stream.data_bytes).min(u32::from(u16::MAX)),
                core_buffers_per_frame: (stream.padded[0] * stream.padded[1]).min(u32::from(u16::MAX)),
                data_bytes: stream.data_bytes,
                buffer_indices: vec![proto::ResourceIndices::default()],
                ..Default::default()
            }),
            numeric: Some(proto::LayerNumeric {
                qp_zp: stream.quantisation.zp,
                qp_scale: stream.quantisation.scale,
                limvals_min: stream.quantisation.limits[0],
                limvals_max: stream.quantisation.limits[1],
                ..Default::default()
            }),
            original_names: stream.original_names.clone(),
            transposed: stream.is_transposed,
        }),
        context_switch_info: Some(proto::ContextSwitch { edge_connection_type: 0 }),
        ..Default::default()
    }
}
