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
    /// What a reader may leave out.
    #[prost(message, repeated, tag = "6")]
    pub optional_extensions: Vec<Extension>,
    /// What the simulator computes, as a [`Simulated`]. HailoRT's own field numbers end at 7: it skips this, whatever is in
    /// it, which is why it is read apart.
    #[prost(bytes = "vec", optional, tag = "1000")]
    pub simulated: Option<Vec<u8>>,
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
    /// Layers that are put together on the host.
    #[prost(message, optional, tag = "5")]
    pub fused: Option<FusedLayers>,
    /// Names of the networks, without the group's.
    #[prost(string, repeated, tag = "6")]
    pub networks_names: Vec<String>,
    /// Variants for parts of the chip.
    #[prost(message, repeated, tag = "7")]
    pub partial: Vec<Partial>,
    /// The chip's part, and what the host computes, in files of newer compilers.
    #[prost(message, repeated, tag = "8")]
    pub ops: Vec<Op>,
    /// What goes from where to where.
    #[prost(message, repeated, tag = "9")]
    pub pad_edges: Vec<PadEdge>,
}

/// Layers that are put together on the host.
#[derive(Clone, PartialEq, Message)]
pub struct FusedLayers {
    /// Whether there are any.
    #[prost(bool, tag = "1")]
    pub network_has_fused_layers: bool,
    /// Names of the outputs in the order of the original model.
    #[prost(string, repeated, tag = "2")]
    pub updated_sorted_output_names: Vec<String>,
}

/// What the chip or the host computes.
#[derive(Clone, PartialEq, Message)]
pub struct Op {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its inputs.
    #[prost(message, repeated, tag = "2")]
    pub input_pads: Vec<Pad>,
    /// Its outputs.
    #[prost(message, repeated, tag = "3")]
    pub output_pads: Vec<Pad>,
    /// The chip's part: the fields of a group that it has carry the same numbers.
    #[prost(message, optional, tag = "4")]
    pub core_op: Option<Group>,
    /// A non-maximum suppression on the host.
    #[prost(message, optional, tag = "5")]
    pub nms_op: Option<NmsOp>,
    /// Argmax or softmax on the host.
    #[prost(message, optional, tag = "6")]
    pub logits_op: Option<LogitsOp>,
}

/// An input or output of an op.
#[derive(Clone, PartialEq, Message)]
pub struct Pad {
    /// Its number in the file.
    #[prost(uint32, tag = "1")]
    pub index: u32,
    /// Its name.
    #[prost(string, tag = "2")]
    pub name: String,
}

/// What goes from one op to another.
#[derive(Clone, PartialEq, Message)]
pub struct PadEdge {
    /// Number of an output pad.
    #[prost(uint32, tag = "1")]
    pub src: u32,
    /// Number of an input pad.
    #[prost(uint32, tag = "2")]
    pub dst: u32,
}

/// A non-maximum suppression on the host.
#[derive(Clone, PartialEq, Message)]
pub struct NmsOp {
    /// Most results of a class.
    #[prost(uint32, tag = "3")]
    pub max_proposals_per_class: u32,
    /// Number of classes.
    #[prost(uint32, tag = "4")]
    pub classes: u32,
}

/// Argmax or softmax on the host.
#[derive(Clone, PartialEq, Message)]
pub struct LogitsOp {
    /// 0 argmax, 1 softmax.
    #[prost(int32, tag = "1")]
    pub logits_type: i32,
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
    /// Whether rows and columns are exchanged in all layers.
    #[prost(bool, tag = "3")]
    pub transposed_net: bool,
    /// Frames a second that the slowest part allows.
    #[prost(double, tag = "4")]
    pub bottleneck_fps: f64,
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
    /// Several that share a transfer.
    #[prost(message, optional, tag = "4")]
    pub layer_mux: Option<LayerMux>,
    /// Whether it leaves the chip.
    #[prost(message, optional, tag = "5")]
    pub context_switch_info: Option<ContextSwitch>,
    /// The network that it belongs to.
    #[prost(uint32, tag = "6")]
    pub network_index: u32,
    /// The pad of the ops that it is.
    #[prost(uint32, optional, tag = "7")]
    pub pad_index: Option<u32>,
    /// Planes of an image.
    #[prost(message, optional, tag = "8")]
    pub layer_planes: Option<LayerPlanes>,
}

/// Several layers that share a transfer.
#[derive(Clone, PartialEq, Message)]
pub struct LayerMux {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// The shape of the whole.
    #[prost(message, optional, tag = "2")]
    pub base: Option<LayerBase>,
    /// How many there are.
    #[prost(message, optional, tag = "3")]
    pub data: Option<MuxData>,
    /// The layers.
    #[prost(message, repeated, tag = "5")]
    pub predecessors: Vec<Edge>,
}

/// How many layers share a transfer.
#[derive(Clone, PartialEq, Message)]
pub struct MuxData {
    /// How many.
    #[prost(uint32, tag = "1")]
    pub number_of_predecessors: u32,
}

/// A layer, or several that share a transfer.
#[derive(Clone, PartialEq, Message)]
pub struct Edge {
    /// A layer.
    #[prost(message, optional, tag = "1")]
    pub layer_info: Option<LayerInfo>,
    /// Several.
    #[prost(message, optional, boxed, tag = "2")]
    pub layer_mux: Option<Box<LayerMux>>,
}

/// Planes of an image.
#[derive(Clone, PartialEq, Message)]
pub struct LayerPlanes {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// 0 NV12, 1 NV21, 2 I420.
    #[prost(int32, tag = "2")]
    pub planes_format: i32,
    /// The planes.
    #[prost(message, repeated, tag = "3")]
    pub planes: Vec<Edge>,
    /// Rows.
    #[prost(uint32, tag = "4")]
    pub height: u32,
    /// Columns.
    #[prost(uint32, tag = "5")]
    pub width: u32,
    /// Channels.
    #[prost(uint32, tag = "6")]
    pub features: u32,
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
    /// Whether rows and columns are exchanged.
    #[prost(bool, tag = "6")]
    pub transposed: bool,
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
    /// What else is known.
    #[prost(message, optional, tag = "11")]
    pub additional_info: Option<AdditionalInfo>,
    /// Bytes of an element on the chip.
    #[prost(uint32, tag = "12")]
    pub data_bytes: u32,
    /// Where it is on the chip: the library wants one.
    #[prost(message, repeated, tag = "13")]
    pub buffer_indices: Vec<ResourceIndices>,
    /// An argmax of old compilers.
    #[prost(bool, tag = "14")]
    pub host_argmax: bool,
    /// Most bytes of a transfer; 0 where the chip's limit holds.
    #[prost(uint32, tag = "15")]
    pub max_shmifo_size: u32,
    /// Number of the engine.
    #[prost(uint32, tag = "16")]
    pub engine_id: u32,
}

/// A place on the chip.
#[derive(Clone, PartialEq, Message)]
pub struct ResourceIndices {
    /// Its number.
    #[prost(uint32, tag = "1")]
    pub index: u32,
    /// The cluster's.
    #[prost(uint32, tag = "2")]
    pub cluster_index: u32,
}

/// What else is known of a layer.
#[derive(Clone, PartialEq, Message)]
pub struct AdditionalInfo {
    /// A non-maximum suppression on the chip.
    #[prost(message, optional, tag = "1")]
    pub nms_info: Option<NmsInfo>,
}

/// A non-maximum suppression on the chip.
#[derive(Clone, PartialEq, Message)]
pub struct NmsInfo {
    /// Number of classes.
    #[prost(uint64, tag = "2")]
    pub number_of_classes: u64,
    /// Most results of a class.
    #[prost(uint64, tag = "3")]
    pub max_output_size: u64,
    /// Bytes of a result.
    #[prost(uint64, tag = "4")]
    pub bbox_size: u64,
    /// Chunks of a frame; 0 stands for 1.
    #[prost(uint64, tag = "7")]
    pub input_division_factor: u64,
    /// Results of a burst.
    #[prost(uint32, tag = "8")]
    pub burst_size: u32,
    /// 0 none, 1 of a class on Hailo-8, and others.
    #[prost(int32, tag = "9")]
    pub burst_type: i32,
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
    /// The values that stand for 0, by channel.
    #[prost(double, repeated, tag = "5")]
    pub qp_zps: Vec<f64>,
    /// The steps, by channel.
    #[prost(double, repeated, tag = "6")]
    pub qp_scales: Vec<f64>,
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
