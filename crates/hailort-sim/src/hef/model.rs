//! What a HEF says, as the rest of the simulator uses it.

use std::path::Path;

use hailort_sys::types::{
    HAILO_ARCH_HAILO8, HAILO_ARCH_HAILO8L, HAILO_FORMAT_TYPE_UINT8, HAILO_FORMAT_TYPE_UINT16,
    hailo_device_architecture_t,
};
use prost::Message;

use super::header::{self, HefError};
use super::proto;

/// The extension that every HEF for HailoRT 4 must name.
pub(super) const PERIPHERY_IN_HAILORT: u32 = 26;
/// The architecture number of a Hailo-8L in a HEF.
pub(super) const ARCH_8L: i32 = 3;
/// Longest name, NUL included.
const MAX_NAME: usize = 128;
/// Most streams of a group.
const MAX_STREAMS: usize = 40;
/// Most network groups of a HEF.
const MAX_GROUPS: usize = 8;

/// Towards the device or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// An input.
    HostToDevice,
    /// An output.
    DeviceToHost,
}

/// An input or output of a network group. Shapes are NHWC without the batch.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamInfo {
    /// Name of the vstream: `<group>/<layer>`.
    pub name: String,
    /// Towards the device or back.
    pub direction: Direction,
    /// Rows.
    pub height: u32,
    /// Columns.
    pub width: u32,
    /// Channels.
    pub features: u32,
    /// Rows, columns and channels on the chip.
    pub padded: [u32; 3],
    /// Order on the chip, with the numbers of `hailo_format_order_t`.
    pub order: u32,
    /// Bytes of an element on the chip: 1 or 2.
    pub data_bytes: u32,
    /// The quantised value that stands for 0.
    pub qp_zp: f32,
    /// The quantisation's step.
    pub qp_scale: f32,
    /// The least and the largest real value.
    pub limits: [f32; 2],
}

impl StreamInfo {
    /// Elements of a frame on the host's side.
    pub fn elements(&self) -> usize {
        self.height as usize * self.width as usize * self.features as usize
    }

    /// The type of an element on the chip, with the numbers of `hailo_format_type_t`.
    pub fn native_type(&self) -> u32 {
        if self.data_bytes == 2 { HAILO_FORMAT_TYPE_UINT16 } else { HAILO_FORMAT_TYPE_UINT8 }
    }
}

/// A network group.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkGroup {
    /// Its name.
    pub name: String,
    /// The name of its only network: `<group>/<group>`.
    pub network_name: String,
    /// Whether it is loaded in parts.
    pub is_multi_context: bool,
    /// Inputs in the file's order.
    pub inputs: Vec<StreamInfo>,
    /// Outputs in the file's order.
    pub outputs: Vec<StreamInfo>,
    /// Names of the outputs in the order of the original model.
    pub sorted_outputs: Vec<String>,
}

/// What the simulator computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedNetwork {
    /// `whisper-encoder` or `whisper-decoder`.
    pub kind: String,
    /// The sha256 of the weights file in hexadecimal. Not yet checked to be one.
    pub weights_sha256: String,
}

/// A HEF.
#[derive(Clone, Debug, PartialEq)]
pub struct Hef {
    /// Architecture as in the file: 0 Hailo-8, 1 8P, 2 8R, 3 8L.
    pub arch: i32,
    /// Version of the header, 0 to 3.
    pub header_version: u32,
    /// The network groups.
    pub network_groups: Vec<NetworkGroup>,
    /// What the simulator computes; `None` for a file compiled for a device.
    pub simulated: Option<SimulatedNetwork>,
}

impl Hef {
    /// Reads a HEF from a file.
    ///
    /// # Errors
    /// See [`HefError`].
    pub fn from_file(path: &Path) -> Result<Self, HefError> {
        let file = std::fs::File::open(path).map_err(HefError::Open)?;
        if file.metadata().map_err(HefError::Open)?.is_dir() {
            return Err(HefError::Read("it is a directory".into()));
        }
        let bytes = std::fs::read(path).map_err(|e| HefError::Read(e.to_string()))?;
        Self::from_header(header::parse_file(&bytes)?)
    }

    /// Reads a HEF from memory.
    ///
    /// # Errors
    /// See [`HefError`]. A buffer shorter than the longest header is "corrupted", where a file is "not read".
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HefError> {
        Self::from_header(header::parse_buffer(bytes)?)
    }

    fn from_header(header: header::Header<'_>) -> Result<Self, HefError> {
        let file = proto::File::decode(header.proto).map_err(|e| HefError::Corrupted(e.to_string()))?;
        if !file.extensions.iter().any(|e| e.type_index == PERIPHERY_IN_HAILORT) {
            return Err(HefError::NotSupported(format!(
                "it lacks extension {PERIPHERY_IN_HAILORT}: it was compiled for another generation"
            )));
        }
        let head = file.header.ok_or_else(|| HefError::Corrupted("it has no header message".into()))?;
        if head.version == 0 {
            return Err(HefError::NotSupported("its format version is 0".into()));
        }
        let is_multi_context = file.included_features.is_some_and(|f| f.is_multi_context);
        let network_groups = file
            .network_groups
            .iter()
            .map(|group| network_group(group, head.hw_arch, is_multi_context))
            .collect::<Result<Vec<_>, _>>()?;
        if network_groups.is_empty() || network_groups.len() > MAX_GROUPS {
            return Err(HefError::Corrupted(format!(
                "{} network groups, 1 to {MAX_GROUPS} are read",
                network_groups.len()
            )));
        }
        let simulated =
            file.simulated.map(|s| SimulatedNetwork { kind: s.kind, weights_sha256: s.weights_sha256 });
        Ok(Self { arch: head.hw_arch, header_version: header.version, network_groups, simulated })
    }

    /// Whether a device of this architecture can run it: a Hailo-8 runs what was compiled for parts of it.
    pub fn runs_on(&self, device: hailo_device_architecture_t) -> bool {
        match device {
            HAILO_ARCH_HAILO8 => (0..=ARCH_8L).contains(&self.arch),
            HAILO_ARCH_HAILO8L => self.arch == ARCH_8L,
            _ => false,
        }
    }

    /// The group of this name, or the first one for an empty name.
    pub fn group(&self, name: &str) -> Option<&NetworkGroup> {
        self.network_groups.iter().find(|g| name.is_empty() || g.name == name)
    }
}

fn network_group(group: &proto::Group, arch: i32, is_multi_context: bool) -> Result<NetworkGroup, HefError> {
    // What was compiled for a part of the chip lies one level deeper.
    let inner = match group.partial.first() {
        Some(partial) => partial.network_group.as_ref().unwrap_or(group),
        None if arch == ARCH_8L => {
            return Err(HefError::Corrupted("it is for a Hailo-8L and has no partial network group".into()));
        }
        None => group,
    };
    let name = [inner, group]
        .iter()
        .filter_map(|g| g.metadata.as_ref())
        .map(|m| m.network_group_name.clone())
        .find(|name| !name.is_empty())
        .unwrap_or_default();
    let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
    let mut sorted_outputs = inner.sorted_outputs_order.clone();
    for metadata in inner.contexts.iter().filter_map(|c| c.metadata.as_ref()) {
        if sorted_outputs.is_empty() {
            sorted_outputs.clone_from(&metadata.sorted_outputs_order);
        }
        for edge in &metadata.edge_layers {
            let leaves_the_chip =
                edge.context_switch_info.as_ref().is_none_or(|c| c.edge_connection_type == 0);
            if let (true, Some(info)) = (leaves_the_chip, &edge.layer_info) {
                let stream = stream(info, edge.direction)?;
                match stream.direction {
                    Direction::HostToDevice => inputs.push(stream),
                    Direction::DeviceToHost => outputs.push(stream),
                }
            }
        }
    }
    if name.len() >= MAX_NAME || inputs.len() + outputs.len() > MAX_STREAMS {
        return Err(HefError::Corrupted(format!(
            "group {name:?} has a name or number of streams beyond the limits"
        )));
    }
    if !sorted_outputs.iter().all(|s| outputs.iter().any(|o| o.name == *s)) {
        return Err(HefError::Corrupted(format!("group {name:?} sorts outputs that it does not have")));
    }
    let network_name = format!("{name}/{name}");
    Ok(NetworkGroup { name, network_name, is_multi_context, inputs, outputs, sorted_outputs })
}

fn stream(info: &proto::LayerInfo, direction: i32) -> Result<StreamInfo, HefError> {
    let corrupted = |what: &str| HefError::Corrupted(format!("stream {:?} {what}", info.name));
    let base = info.base.as_ref().ok_or_else(|| corrupted("has no shape"))?;
    let numeric = info.numeric.clone().unwrap_or_default();
    if info.name.len() >= MAX_NAME {
        return Err(corrupted("has too long a name"));
    }
    // A frame must fit into memory many times over: each factor is bounded before they are multiplied.
    let elements = u64::from(base.height.max(base.padded_height))
        .saturating_mul(u64::from(base.width.max(base.padded_width)))
        .saturating_mul(u64::from(base.features.max(base.padded_features)));
    let is_empty = [base.height, base.width, base.features].contains(&0);
    if is_empty || elements > 1 << 28 || !(1..=2).contains(&base.data_bytes) {
        return Err(corrupted("has an impossible shape"));
    }
    Ok(StreamInfo {
        name: info.name.clone(),
        direction: if direction == 0 { Direction::HostToDevice } else { Direction::DeviceToHost },
        height: base.height,
        width: base.width,
        features: base.features,
        padded: [base.padded_height, base.padded_width, base.padded_features],
        order: base.format,
        data_bytes: base.data_bytes,
        qp_zp: numeric.qp_zp,
        qp_scale: numeric.qp_scale,
        limits: [numeric.limvals_min, numeric.limvals_max],
    })
}
