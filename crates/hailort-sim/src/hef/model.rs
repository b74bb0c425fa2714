//! What a HEF says, as the rest of the simulator uses it.

use std::collections::BTreeSet;
use std::path::Path;

use hailort_sys::types::{HAILO_ARCH_HAILO8, HAILO_ARCH_HAILO8L, hailo_device_architecture_t};
use prost::Message;

use super::features::Features;
use super::header::{self, HefError};
use super::layer::{Direction, Place, StreamInfo};
use super::proto;
use crate::version::Version;

/// The architecture number of a Hailo-8 in a HEF.
pub const ARCH_8: i32 = 0;
/// The architecture number of a Hailo-8L in a HEF.
pub const ARCH_8L: i32 = 3;
/// The architecture number of a Hailo-15M.
const ARCH_15M: i32 = 4;

/// A network group.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkGroup {
    /// Its name.
    pub name: String,
    /// Names of its networks: `<group>/<network>`; one of the group's own name where the file names none.
    pub networks: Vec<String>,
    /// Parts that it is loaded in.
    pub contexts: usize,
    /// Inputs in the file's order.
    pub inputs: Vec<StreamInfo>,
    /// Outputs in the file's order.
    pub outputs: Vec<StreamInfo>,
    /// Names of the outputs of the host's side in the order of the original model.
    pub sorted_outputs: Vec<String>,
    /// Frames a second that the slowest part allows.
    pub bottleneck_fps: f64,
    /// Names of what the host computes behind the chip.
    pub host_ops: Vec<String>,
}

impl NetworkGroup {
    /// Whether it is loaded in parts.
    pub fn is_multi_context(&self) -> bool {
        self.contexts > 1
    }

    /// The name of the network that stands for all: `<group>/<group>`.
    pub fn default_network(&self) -> String {
        format!("{0}/{0}", self.name)
    }

    /// Names of the networks that run by themselves: those that have streams, in the order of the inputs.
    pub fn units(&self) -> Vec<String> {
        let mut units: Vec<String> = Vec::new();
        for stream in self.inputs.iter().chain(&self.outputs) {
            if !units.contains(&stream.network_name) {
                units.push(stream.network_name.clone());
            }
        }
        units
    }

    /// Inputs of the host's side, of one network or of all.
    pub fn host_inputs(&self, network: Option<&str>) -> Vec<&StreamInfo> {
        let wanted = |s: &&StreamInfo| network.is_none_or(|n| n == s.network_name);
        self.inputs.iter().filter(wanted).flat_map(StreamInfo::host_side).collect()
    }

    /// Outputs of the host's side in the order of the original model, of one network or of all; `None` where one has no
    /// place in that order.
    pub fn host_outputs(&self, network: Option<&str>) -> Option<Vec<&StreamInfo>> {
        let wanted = |s: &&StreamInfo| network.is_none_or(|n| n == s.network_name);
        let mut outputs: Vec<&StreamInfo> =
            self.outputs.iter().filter(wanted).flat_map(StreamInfo::host_side).collect();
        let place = |s: &StreamInfo| self.sorted_outputs.iter().position(|name| *name == s.name);
        // The library looks only where it has something to compare.
        if outputs.len() > 1 && outputs.iter().any(|s| place(s).is_none()) {
            return None;
        }
        outputs.sort_by_key(|s| place(s));
        Some(outputs)
    }
}

/// What the simulator computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedNetwork {
    /// `whisper-encoder`, `whisper-decoder`, `whisper-decoder-of-sums` or `pass-through`.
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
    /// Version of the compiler.
    pub compiler: String,
    /// The network groups. As the library has them: the last of the file is the first.
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
        Self::read_file(path, Version::DEFAULT)
    }

    /// Reads a HEF from a file, as this version of the library does.
    ///
    /// # Errors
    /// See [`HefError`].
    pub fn read_file(path: &Path, version: Version) -> Result<Self, HefError> {
        let file = std::fs::File::open(path).map_err(HefError::Open)?;
        if file.metadata().map_err(HefError::Open)?.is_dir() {
            return Err(HefError::Read("it is a directory".into()));
        }
        let bytes = std::fs::read(path).map_err(|e| HefError::Read(e.to_string()))?;
        Self::from_header(header::parse_file(&bytes, version)?, version)
    }

    /// Reads a HEF from memory.
    ///
    /// # Errors
    /// See [`HefError`]. A buffer shorter than the longest header is "corrupted", where a file is "not read".
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HefError> {
        Self::read_bytes(bytes, Version::DEFAULT)
    }

    /// Reads a HEF from memory, as this version of the library does.
    ///
    /// # Errors
    /// As [`Hef::from_bytes`].
    pub fn read_bytes(bytes: &[u8], version: Version) -> Result<Self, HefError> {
        Self::from_header(header::parse_buffer(bytes, version)?, version)
    }

    fn from_header(header: header::Header<'_>, version: Version) -> Result<Self, HefError> {
        let mut file = proto::File::decode(header.proto).map_err(|e| HefError::Corrupted(e.to_string()))?;
        let features = Features::of(&file);
        let head = file.header.clone().unwrap_or_default();
        file.network_groups.reverse();
        let mut network_groups: Vec<NetworkGroup> = Vec::new();
        for group in &file.network_groups {
            let group = network_group(group, head.hw_arch, &features)?;
            if network_groups.iter().any(|g| g.name == group.name) {
                return Err(HefError::Operation(format!("two network groups are called {:?}", group.name)));
            }
            network_groups.push(group);
        }
        // The library looks at these last.
        features.check(&file, version)?;
        let simulated =
            file.simulated.map(|s| SimulatedNetwork { kind: s.kind, weights_sha256: s.weights_sha256 });
        Ok(Self {
            arch: head.hw_arch,
            header_version: header.version,
            compiler: head.sdk_version,
            network_groups,
            simulated,
        })
    }

    /// Whether a device of this architecture can run it: a Hailo-8 runs what was compiled for parts of it.
    pub fn runs_on(&self, device: hailo_device_architecture_t) -> bool {
        match device {
            HAILO_ARCH_HAILO8 => (0..=ARCH_8L).contains(&self.arch),
            HAILO_ARCH_HAILO8L => self.arch == ARCH_8L,
            _ => false,
        }
    }

    /// What is meant by the name of a group or of a network: the first group and all its networks for an empty one.
    pub fn find(&self, name: &str) -> Option<(&NetworkGroup, Option<&str>)> {
        let find = |group: &'_ NetworkGroup| -> bool {
            name.is_empty()
                || group.name == name
                || group.default_network() == name
                || group.networks.iter().any(|n| n == name)
        };
        let group = self.network_groups.iter().find(|group| find(group))?;
        let network = group.networks.iter().find(|n| *n == name && *n != &group.default_network());
        Some((group, network.map(String::as_str)))
    }

    /// The group of this name, or the first one for an empty name.
    pub fn group(&self, name: &str) -> Option<&NetworkGroup> {
        self.network_groups.iter().find(|g| name.is_empty() || g.name == name)
    }
}

/// Whether files for it hold a variant for each part of a larger chip.
pub(super) fn is_part_of_a_chip(arch: i32) -> bool {
    matches!(arch, ARCH_8L | ARCH_15M)
}

/// The part of a group that is loaded onto the chip, and that of its outputs' order.
fn core<'a>(
    group: &'a proto::Group,
    arch: i32,
    features: &Features,
) -> Result<(&'a proto::Group, &'a proto::Group), HefError> {
    let whole = if features.net_flow {
        let core = group.ops.iter().find_map(|op| op.core_op.as_ref());
        core.ok_or_else(|| HefError::Corrupted("it has no part for the chip".into()))?
    } else {
        group
    };
    if !is_part_of_a_chip(arch) {
        return Ok((whole, whole));
    }
    // What was compiled for a part of the chip lies one level deeper; the smallest part is shown.
    let bitmap = |p: &&proto::Partial| p.layout.as_ref().map_or(0, |l| l.partial_clusters_layout_bitmap);
    let smallest = whole.partial.iter().min_by_key(bitmap).and_then(|p| p.network_group.as_ref());
    let smallest = smallest.ok_or_else(|| {
        HefError::Corrupted("it is for a part of a chip and has no partial network group".into())
    })?;
    Ok((smallest, whole))
}

fn name_of(group: &proto::Group) -> &str {
    group.metadata.as_ref().map_or("", |m| &m.network_group_name)
}

fn network_group(group: &proto::Group, arch: i32, features: &Features) -> Result<NetworkGroup, HefError> {
    let (inner, whole) = core(group, arch, features)?;
    let first_part = group.partial.first().and_then(|p| p.network_group.as_ref());
    let name = name_of(first_part.unwrap_or(group)).to_owned();
    let layers_of = name_of(inner);
    let place = Place { group: inner, group_name: layers_of, features, arch };
    let (mut inputs, mut outputs, mut names) = (Vec::new(), Vec::new(), BTreeSet::new());
    for metadata in inner.contexts.iter().filter_map(|c| c.metadata.as_ref()) {
        for edge in &metadata.edge_layers {
            match edge.context_switch_info.as_ref().map_or(0, |c| c.edge_connection_type) {
                0 => {}
                // From part to part, through the host's memory or a cache: nobody on the host sees it.
                1..=3 => continue,
                other => return Err(HefError::Invalid(format!("an edge of connection type {other}"))),
            }
            let stream = StreamInfo::read(edge, place)?;
            if !names.insert(stream.name.clone()) {
                return Err(HefError::Invalid(format!("two layers are called {:?}", stream.name)));
            }
            match stream.direction {
                Direction::HostToDevice => inputs.push(stream),
                Direction::DeviceToHost => outputs.push(stream),
            }
        }
    }
    if inner.contexts.is_empty() {
        return Err(HefError::Corrupted(format!("group {name:?} has nothing to load")));
    }
    let metadata = inner.metadata.clone().unwrap_or_default();
    if metadata.cfg_channels_count > 255 {
        return Err(HefError::Invalid("it has too many channels of configuration".into()));
    }
    Ok(NetworkGroup {
        networks: networks(group, &name, whole, features),
        contexts: inner.contexts.len(),
        inputs,
        outputs,
        sorted_outputs: sorted_outputs(group, whole, features)?,
        bottleneck_fps: metadata.bottleneck_fps,
        host_ops: host_ops(group),
        name,
    })
}

fn networks(group: &proto::Group, name: &str, whole: &proto::Group, features: &Features) -> Vec<String> {
    let mut names = Vec::new();
    if features.multi_network {
        let part = group.partial.first().and_then(|p| p.network_group.as_ref());
        let listed = if group.networks_names.is_empty() {
            part.map(|p| &p.networks_names)
        } else {
            Some(&whole.networks_names)
        };
        names.extend(listed.into_iter().flatten().map(|network| format!("{name}/{network}")));
    }
    if names.is_empty() {
        names.push(format!("{name}/{name}"));
    }
    names
}

fn sorted_outputs(
    group: &proto::Group,
    whole: &proto::Group,
    features: &Features,
) -> Result<Vec<String>, HefError> {
    let fused = whole.fused.as_ref().filter(|f| f.network_has_fused_layers);
    if let Some(fused) = fused {
        return Ok(fused.updated_sorted_output_names.clone());
    }
    let part = group.partial.first().and_then(|p| p.network_group.as_ref());
    if let Some(part) = part.filter(|p| !features.net_flow && !p.sorted_outputs_order.is_empty()) {
        return Ok(part.sorted_outputs_order.clone());
    }
    if !group.sorted_outputs_order.is_empty() {
        return Ok(group.sorted_outputs_order.clone());
    }
    // Very old files have it in their last part.
    let last = whole.contexts.last().and_then(|c| c.metadata.as_ref()).map(|m| &m.sorted_outputs_order);
    let sorted = last.cloned().unwrap_or_default();
    if sorted.is_empty() {
        return Err(HefError::Invalid("it does not say in which order its outputs are".into()));
    }
    Ok(sorted)
}

/// What the host computes behind the chip.
fn host_ops(group: &proto::Group) -> Vec<String> {
    group.ops.iter().filter(|op| op.core_op.is_none()).map(|op| op.name.clone()).collect()
}
