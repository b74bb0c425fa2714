//! The part of HailoRT's `hef.proto` that is read and written, with its field numbers.
//!
//! Fields that are not listed are skipped when a file is read.

use prost::Message;

/// The whole file.
#[derive(Clone, PartialEq, Message)]
pub struct File {
    /// What the file is for.
    #[prost(message, optional, tag = "1")]
    pub header: Option<FileHeader>,
    /// The network groups.
    #[prost(message, repeated, tag = "2")]
    pub network_groups: Vec<Group>,
    /// What the compiler used.
    #[prost(message, optional, tag = "4")]
    pub included_features: Option<IncludedFeatures>,
    /// What a reader has to understand.
    #[prost(message, repeated, tag = "5")]
    pub extensions: Vec<Extension>,
    /// What the simulator computes. HailoRT's own field numbers end at 7.
    #[prost(message, optional, tag = "1000")]
    pub simulated: Option<Simulated>,
}

/// What the file is for.
#[derive(Clone, PartialEq, Message)]
pub struct FileHeader {
    /// 0 Hailo-8, 1 8P, 2 8R, 3 8L, …
    #[prost(int32, tag = "1")]
    pub hw_arch: i32,
    /// The compiler's version.
    #[prost(string, tag = "3")]
    pub sdk_version: String,
    /// Above 0.
    #[prost(uint64, tag = "4")]
    pub version: u64,
}

/// What the compiler used.
#[derive(Clone, PartialEq, Message)]
pub struct IncludedFeatures {
    /// Whether the network is loaded in parts.
    #[prost(bool, tag = "4")]
    pub is_multi_context: bool,
}

/// What a reader has to understand.
#[derive(Clone, PartialEq, Message)]
pub struct Extension {
    /// Its number.
    #[prost(uint32, tag = "1")]
    pub type_index: u32,
    /// Its name.
    #[prost(string, tag = "2")]
    pub name: String,
}

/// A network group. A Hailo-8L's lies in a partial network group of one that is empty.
#[derive(Clone, PartialEq, Message)]
pub struct Group {
    /// Its name.
    #[prost(message, optional, tag = "1")]
    pub metadata: Option<GroupMetadata>,
    /// The parts in which it is loaded.
    #[prost(message, repeated, tag = "3")]
    pub contexts: Vec<Context>,
    /// Names of the outputs in the order of the original model.
    #[prost(string, repeated, tag = "4")]
    pub sorted_outputs_order: Vec<String>,
    /// Variants for parts of the chip.
    #[prost(message, repeated, tag = "7")]
    pub partial: Vec<Partial>,
}

/// A variant of a group for a part of the chip.
#[derive(Clone, PartialEq, Message)]
pub struct Partial {
    /// The group.
    #[prost(message, optional, tag = "1")]
    pub network_group: Option<Group>,
    /// The part.
    #[prost(message, optional, tag = "2")]
    pub layout: Option<PhysicalLayout>,
}

/// A part of the chip.
#[derive(Clone, PartialEq, Message)]
pub struct PhysicalLayout {
    /// A bit for each cluster.
    #[prost(uint32, tag = "1")]
    pub partial_clusters_layout_bitmap: u32,
}

/// A group's name.
#[derive(Clone, PartialEq, Message)]
pub struct GroupMetadata {
    /// The name.
    #[prost(string, tag = "1")]
    pub network_group_name: String,
    /// Configuration channels.
    #[prost(uint32, tag = "5")]
    pub cfg_channels_count: u32,
}

/// One part of a group.
#[derive(Clone, PartialEq, Message)]
pub struct Context {
    /// Its number.
    #[prost(uint32, tag = "1")]
    pub context_index: u32,
    /// Its edges.
    #[prost(message, optional, tag = "3")]
    pub metadata: Option<ContextMetadata>,
}

/// The edges of a part.
#[derive(Clone, PartialEq, Message)]
pub struct ContextMetadata {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Inputs, outputs and what goes from part to part.
    #[prost(message, repeated, tag = "2")]
    pub edge_layers: Vec<EdgeLayer>,
    /// Names of the outputs in the order of the original model.
    #[prost(string, repeated, tag = "5")]
    pub sorted_outputs_order: Vec<String>,
}

/// An input, an output, or what goes from part to part.
#[derive(Clone, PartialEq, Message)]
pub struct EdgeLayer {
    /// 0 to the device, 1 to the host.
    #[prost(int32, tag = "1")]
    pub direction: i32,
    /// 0 plain, 1 mux, 2 planes.
    #[prost(int32, tag = "2")]
    pub edge_layer_type: i32,
    /// Name, shape and numbers of a plain one.
    #[prost(message, optional, tag = "3")]
    pub layer_info: Option<LayerInfo>,
    /// Whether it leaves the chip.
    #[prost(message, optional, tag = "5")]
    pub context_switch_info: Option<ContextSwitch>,
    /// The network that it belongs to.
    #[prost(uint32, tag = "6")]
    pub network_index: u32,
}

/// Whether an edge leaves the chip.
#[derive(Clone, PartialEq, Message)]
pub struct ContextSwitch {
    /// 0 for one that does.
    #[prost(int32, tag = "3")]
    pub edge_connection_type: i32,
}

/// Name, shape and numbers.
#[derive(Clone, PartialEq, Message)]
pub struct LayerInfo {
    /// `<group>/<layer>`.
    #[prost(string, tag = "1")]
    pub name: String,
    /// The shape.
    #[prost(message, optional, tag = "2")]
    pub base: Option<LayerBase>,
    /// The quantisation.
    #[prost(message, optional, tag = "3")]
    pub numeric: Option<LayerNumeric>,
    /// Names in the original model.
    #[prost(string, repeated, tag = "5")]
    pub original_names: Vec<String>,
}

/// A shape.
#[derive(Clone, PartialEq, Message)]
pub struct LayerBase {
    /// Rows.
    #[prost(uint32, tag = "1")]
    pub height: u32,
    /// Rows on the chip.
    #[prost(uint32, tag = "2")]
    pub padded_height: u32,
    /// Columns.
    #[prost(uint32, tag = "3")]
    pub width: u32,
    /// Columns on the chip.
    #[prost(uint32, tag = "4")]
    pub padded_width: u32,
    /// Channels.
    #[prost(uint32, tag = "5")]
    pub features: u32,
    /// Channels on the chip.
    #[prost(uint32, tag = "6")]
    pub padded_features: u32,
    /// The order on the chip.
    #[prost(uint32, tag = "7")]
    pub format: u32,
    /// Number of the stream.
    #[prost(uint32, tag = "8")]
    pub sys_index: u32,
    /// Bytes of a transfer.
    #[prost(uint32, tag = "9")]
    pub core_bytes_per_buffer: u32,
    /// Transfers of a frame.
    #[prost(uint32, tag = "10")]
    pub core_buffers_per_frame: u32,
    /// Bytes of an element on the chip.
    #[prost(uint32, tag = "12")]
    pub data_bytes: u32,
}

/// A quantisation.
#[derive(Clone, PartialEq, Message)]
pub struct LayerNumeric {
    /// The value that stands for 0.
    #[prost(float, tag = "1")]
    pub qp_zp: f32,
    /// The step.
    #[prost(float, tag = "2")]
    pub qp_scale: f32,
    /// The least real value.
    #[prost(float, tag = "3")]
    pub limvals_min: f32,
    /// The largest real value.
    #[prost(float, tag = "4")]
    pub limvals_max: f32,
}

/// What the simulator computes.
#[derive(Clone, PartialEq, Message)]
pub struct Simulated {
    /// `whisper-encoder` or `whisper-decoder`.
    #[prost(string, tag = "1")]
    pub kind: String,
    /// The sha256 of the weights file in hexadecimal.
    #[prost(string, tag = "2")]
    pub weights_sha256: String,
}
