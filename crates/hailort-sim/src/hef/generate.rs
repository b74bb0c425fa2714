//! Writes HEF files: the same description gives the same bytes.

use prost::Message;

use super::model::{ARCH_8L, Direction, Hef, NetworkGroup, PERIPHERY_IN_HAILORT, StreamInfo};
use super::{header, proto};

/// Clusters of a Hailo-8L.
const CLUSTERS_8L: u32 = 0b1_1111;

/// The bytes of the HEF, with the header version that it names.
///
/// # Panics
/// For a header version other than 0 to 3.
pub fn write(hef: &Hef) -> Vec<u8> {
    let groups = hef.network_groups.iter().map(|g| group(g, hef.arch)).collect();
    let file = proto::File {
        header: Some(proto::FileHeader { hw_arch: hef.arch, sdk_version: "3.31.0".into(), version: 1 }),
        network_groups: groups,
        included_features: Some(proto::IncludedFeatures {
            is_multi_context: hef.network_groups.iter().any(|g| g.is_multi_context),
        }),
        extensions: vec![proto::Extension {
            type_index: PERIPHERY_IN_HAILORT,
            name: "PERIPH_CALCULATION_IN_HAILORT".into(),
        }],
        simulated: hef
            .simulated
            .as_ref()
            .map(|s| proto::Simulated { kind: s.kind.clone(), weights_sha256: s.weights_sha256.clone() }),
    };
    header::write(hef.header_version, &file.encode_to_vec())
}

fn group(group: &NetworkGroup, arch: i32) -> proto::Group {
    let edges = group.inputs.iter().chain(&group.outputs).enumerate().map(|(i, s)| edge(s, i)).collect();
    let metadata = proto::GroupMetadata { network_group_name: group.name.clone(), cfg_channels_count: 1 };
    let inner = proto::Group {
        metadata: Some(metadata),
        contexts: vec![proto::Context {
            context_index: 0,
            metadata: Some(proto::ContextMetadata {
                name: "context_0".into(),
                edge_layers: edges,
                sorted_outputs_order: group.sorted_outputs.clone(),
            }),
        }],
        sorted_outputs_order: group.sorted_outputs.clone(),
        partial: Vec::new(),
    };
    if arch == ARCH_8L {
        let metadata = inner.metadata.clone();
        let layout = proto::PhysicalLayout { partial_clusters_layout_bitmap: CLUSTERS_8L };
        let partial = proto::Partial { network_group: Some(inner), layout: Some(layout) };
        proto::Group { metadata, partial: vec![partial], ..Default::default() }
    } else {
        inner
    }
}

fn edge(stream: &StreamInfo, index: usize) -> proto::EdgeLayer {
    let layer = stream.name.rsplit('/').next().unwrap_or_default();
    proto::EdgeLayer {
        direction: i32::from(stream.direction == Direction::DeviceToHost),
        edge_layer_type: 0,
        layer_info: Some(proto::LayerInfo {
            name: stream.name.clone(),
            base: Some(proto::LayerBase {
                height: stream.height,
                padded_height: stream.padded[0],
                width: stream.width,
                padded_width: stream.padded[1],
                features: stream.features,
                padded_features: stream.padded[2],
                format: stream.order,
                sys_index: u32::try_from(index).unwrap_or(u32::MAX),
                core_bytes_per_buffer: (stream.padded[2] * stream.data_bytes).min(u32::from(u16::MAX)),
                core_buffers_per_frame: (stream.padded[0] * stream.padded[1]).min(u32::from(u16::MAX)),
                data_bytes: stream.data_bytes,
            }),
            numeric: Some(proto::LayerNumeric {
                qp_zp: stream.qp_zp,
                qp_scale: stream.qp_scale,
                limvals_min: stream.limits[0],
                limvals_max: stream.limits[1],
            }),
            original_names: vec![layer.into()],
        }),
        context_switch_info: Some(proto::ContextSwitch { edge_connection_type: 0 }),
        network_index: 0,
    }
}
