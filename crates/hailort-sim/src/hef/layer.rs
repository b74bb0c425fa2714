//! Inputs and outputs of a network group, read as the library reads them: what it refuses, and with which status.
//!
//! Orders of the device, statuses and limits as HailoRT 4.23 has them (`hef.cpp`, `hailort_defaults.cpp`).

use hailort_sys::types::*;

use super::features::Features;
use super::header::HefError;
use super::proto;

/// Longest name of a stream or group, NUL included.
pub const MAX_NAME: usize = 128;
/// Longest name of a network, NUL included.
const MAX_NETWORK_NAME: usize = 257;
/// Most bytes of a transfer, by generation of the chip.
const TRANSFER_8: u32 = 0x1_0000;
const TRANSFER_15: u32 = 0x2000;
/// Most bytes of a burst of results.
const MAX_BURST: u64 = 65_536;
/// Bytes of the number of results of a class.
const BOX_COUNT_BYTES: u32 = 2;
/// Numbers that describe a result of a non-maximum suppression.
const BOX_NUMBERS: u32 = 5;

/// Towards the device or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// An input.
    HostToDevice,
    /// An output.
    DeviceToHost,
}

/// How quantised values stand for real ones: `real = (quantised - zp) * scale`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quantisation {
    /// The quantised value that stands for 0.
    pub zp: f32,
    /// The step.
    pub scale: f32,
    /// The least and the largest real value.
    pub limits: [f32; 2],
}

/// A non-maximum suppression on the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nms {
    /// Number of classes.
    pub classes: u32,
    /// Most results of a class.
    pub per_class: u32,
    /// Bytes of a result.
    pub box_bytes: u32,
    /// Chunks of a frame.
    pub chunks: u32,
    /// Results of a burst.
    pub burst: u32,
}

/// An input or output of a network group. Shapes are NHWC without the batch.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamInfo {
    /// Its name: `<group>/<layer>`.
    pub name: String,
    /// The network that it belongs to: `<group>/<network>`.
    pub network_name: String,
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
    /// Order on the chip, with the compiler's numbers.
    pub order: u32,
    /// Whether rows and columns are exchanged on the chip.
    pub is_transposed: bool,
    /// Bytes of an element on the chip: 1 or 2.
    pub data_bytes: u32,
    /// The quantisation; zeros where each channel has its own.
    pub quantisation: Quantisation,
    /// The quantisations: one, or one for each channel.
    pub by_feature: Vec<Quantisation>,
    /// Rows, columns and channels that a transfer has: padded, unless the chip pads by itself.
    pub hw_shape: [u32; 3],
    /// Number of the stream.
    pub index: u8,
    /// Names in the original model.
    pub original_names: Vec<String>,
    /// The non-maximum suppression that it is the result of.
    pub nms: Option<Nms>,
    /// The layers that share its transfer; empty for one by itself.
    pub parts: Vec<StreamInfo>,
    /// The planes of an image; empty for what is none.
    pub planes: Vec<StreamInfo>,
    /// Its pad among the ops.
    pub pad: Option<u32>,
    /// The order of the host, where the file says it.
    host: Option<u32>,
}

/// What is common to all layers of a group.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) group: &'a proto::Group,
    pub(super) group_name: &'a str,
    pub(super) features: &'a Features,
    pub(super) arch: i32,
}

fn internal(what: String) -> HefError {
    HefError::Internal(what)
}

fn invalid(what: String) -> HefError {
    HefError::Invalid(what)
}

impl StreamInfo {
    /// A plain one, one network to a group, as the simulator's own files have.
    pub fn plain(group: &str, layer: &str, direction: Direction, shape: [u32; 3], data_bytes: u32) -> Self {
        let [height, width, features] = shape;
        // Features, logits and log-mel are of both signs, and stay well within this.
        let quantisation =
            Quantisation { zp: 32_768.0, scale: 1.0 / 512.0, limits: [-64.0, 64.0 - 1.0 / 512.0] };
        let padded = [height, width, features.checked_next_multiple_of(8).unwrap_or(features)];
        Self {
            name: format!("{group}/{layer}"),
            network_name: format!("{group}/{group}"),
            direction,
            height,
            width,
            features,
            padded,
            order: 1,
            is_transposed: false,
            data_bytes,
            quantisation,
            by_feature: vec![quantisation],
            hw_shape: padded,
            index: 0,
            original_names: vec![layer.into()],
            nms: None,
            parts: Vec::new(),
            planes: Vec::new(),
            pad: None,
            host: None,
        }
    }

    /// Elements of a frame on the host's side.
    pub fn elements(&self) -> usize {
        self.height as usize * self.width as usize * self.features as usize
    }

    /// The type of an element on the chip.
    pub fn native_type(&self) -> hailo_format_type_t {
        if self.data_bytes == 2 { HAILO_FORMAT_TYPE_UINT16 } else { HAILO_FORMAT_TYPE_UINT8 }
    }

    /// The order on the chip.
    pub fn device_order(&self) -> hailo_format_order_t {
        self.host.unwrap_or_else(|| device_order(self.order).unwrap_or(HAILO_FORMAT_ORDER_NHWC))
    }

    /// The order that the host sees unless it asks for another.
    pub fn host_order(&self) -> hailo_format_order_t {
        self.host.unwrap_or_else(|| host_order(self.device_order()))
    }

    /// Bytes of a transfer: in 32 bits, as the library computes them, whatever the file says.
    pub fn transfer_bytes(&self) -> u32 {
        if let Some(nms) = self.nms {
            let boxes = nms.box_bytes.wrapping_mul(nms.burst.max(nms.per_class));
            let chunk = nms.classes.wrapping_mul(boxes.wrapping_add(BOX_COUNT_BYTES));
            return nms.chunks.wrapping_mul(chunk).wrapping_add(nms.box_bytes.wrapping_mul(nms.burst));
        }
        let [height, width, features] = self.hw_shape;
        let bytes = height.wrapping_mul(width.wrapping_mul(features)).wrapping_mul(self.data_bytes);
        bytes.wrapping_add(7) & !7
    }

    /// What the host reads or writes of it: itself, or the layers that share its transfer.
    pub fn host_side(&self) -> Vec<&StreamInfo> {
        if self.parts.is_empty() { vec![self] } else { self.parts.iter().flat_map(Self::host_side).collect() }
    }

    /// Reads a boundary layer.
    ///
    /// # Errors
    /// As the library.
    pub(super) fn read(edge: &proto::EdgeLayer, place: Place<'_>) -> Result<Self, HefError> {
        let direction = if edge.direction == 1 { Direction::DeviceToHost } else { Direction::HostToDevice };
        let network = place.network_of(edge.network_index)?;
        let mut stream = match edge.edge_layer_type {
            0 => layer(&edge.layer_info.clone().unwrap_or_default(), direction, &network, place, false)?,
            1 => mux(&edge.layer_mux.clone().unwrap_or_default(), direction, &network, place)?,
            2 => planes(&edge.layer_planes.clone().unwrap_or_default(), direction, &network, place)?,
            other => return Err(internal(format!("an edge layer of type {other}"))),
        };
        stream.pad = edge.pad_index;
        Ok(stream)
    }
}

impl Place<'_> {
    /// The name of a network without the group's.
    fn network_of(&self, index: u32) -> Result<String, HefError> {
        if !self.features.multi_network {
            return Ok(self.group_name.to_owned());
        }
        // As the library: the number is one byte.
        let index = index as usize & 0xff;
        let names = &self.group.networks_names;
        names.get(index).cloned().ok_or_else(|| {
            HefError::Argument(format!("network {index} of {} in group {:?}", names.len(), self.group_name))
        })
    }

    fn check_names(&self, layer: &str, network: &str) -> Result<(), HefError> {
        if layer.len() >= MAX_NAME {
            return Err(internal(format!("layer {layer:?} has too long a name")));
        }
        if network.len() >= MAX_NETWORK_NAME {
            return Err(internal(format!("network {network:?} has too long a name")));
        }
        Ok(())
    }

    fn full_name(&self, network: &str) -> String {
        format!("{}/{network}", self.group_name)
    }

    fn is_second_generation(&self) -> bool {
        matches!(self.arch, 4..=6 | 103..=106)
    }

    /// Most bytes of a transfer.
    fn most_bytes(&self, of_layer: u32) -> Result<u32, HefError> {
        let most = match self.arch {
            0..=3 | 100..=102 => TRANSFER_8,
            _ if self.is_second_generation() => TRANSFER_15,
            other => return Err(HefError::Argument(format!("architecture {other} is unknown"))),
        };
        Ok(if of_layer == 0 { most } else { most.min(of_layer) })
    }
}

/// The order on the chip for a number of the compiler.
fn device_order(compiler: u32) -> Option<hailo_format_order_t> {
    Some(match compiler {
        0 | 13 => HAILO_FORMAT_ORDER_NHWC,
        1 => HAILO_FORMAT_ORDER_NHCW,
        2 => HAILO_FORMAT_ORDER_NC,
        3 => HAILO_FORMAT_ORDER_FCR,
        4 => HAILO_FORMAT_ORDER_BAYER_RGB,
        5 => HAILO_FORMAT_ORDER_NHW,
        6 => HAILO_FORMAT_ORDER_HAILO_NMS_ON_CHIP,
        7 => HAILO_FORMAT_ORDER_F8CR,
        8 => HAILO_FORMAT_ORDER_RGB888,
        11 => HAILO_FORMAT_ORDER_YUY2,
        14 => HAILO_FORMAT_ORDER_HAILO_YYUV,
        15 => HAILO_FORMAT_ORDER_HAILO_YYVU,
        16 => HAILO_FORMAT_ORDER_HAILO_YYYYUV,
        _ => return None,
    })
}

/// What the host sees of an order on the chip unless it asks for another.
fn host_order(device: hailo_format_order_t) -> hailo_format_order_t {
    match device {
        HAILO_FORMAT_ORDER_NHCW | HAILO_FORMAT_ORDER_RGB888 => HAILO_FORMAT_ORDER_NHWC,
        HAILO_FORMAT_ORDER_HAILO_YYUV => HAILO_FORMAT_ORDER_NV12,
        HAILO_FORMAT_ORDER_HAILO_YYVU => HAILO_FORMAT_ORDER_NV21,
        HAILO_FORMAT_ORDER_HAILO_YYYYUV => HAILO_FORMAT_ORDER_I420,
        HAILO_FORMAT_ORDER_HAILO_NMS_ON_CHIP => HAILO_FORMAT_ORDER_HAILO_NMS_BY_CLASS,
        other => other,
    }
}

/// A layer by itself, or one that shares a transfer.
fn layer(
    info: &proto::LayerInfo,
    direction: Direction,
    network: &str,
    place: Place<'_>,
    is_part: bool,
) -> Result<StreamInfo, HefError> {
    place.check_names(&info.name, network)?;
    let base = info.base.clone().unwrap_or_default();
    let mut stream = shaped(&base, direction, info.transposed, place, is_part)?;
    stream.name.clone_from(&info.name);
    stream.network_name = place.full_name(network);
    stream.original_names.clone_from(&info.original_names);
    quantised(&mut stream, &info.numeric.clone().unwrap_or_default(), place)?;
    Ok(stream)
}

/// Several layers that share a transfer.
fn mux(
    info: &proto::LayerMux,
    direction: Direction,
    network: &str,
    place: Place<'_>,
) -> Result<StreamInfo, HefError> {
    place.check_names(&info.name, network)?;
    let mut stream = shaped(&info.base.clone().unwrap_or_default(), direction, false, place, true)?;
    stream.name.clone_from(&info.name);
    stream.network_name = place.full_name(network);
    let count = info.data.as_ref().map_or(0, |d| d.number_of_predecessors) as usize;
    for index in 0..count {
        let part = match info.predecessors.get(index) {
            Some(proto::Edge { layer_info: Some(info), .. }) => layer(info, direction, network, place, true)?,
            Some(proto::Edge { layer_mux: Some(info), .. }) => mux(info, direction, network, place)?,
            _ => return Err(internal(format!("{:?} lacks part {index}", info.name))),
        };
        stream.parts.push(part);
    }
    Ok(stream)
}

/// An image in planes: a layer of the host alone.
fn planes(
    info: &proto::LayerPlanes,
    direction: Direction,
    network: &str,
    place: Place<'_>,
) -> Result<StreamInfo, HefError> {
    let order = match info.planes_format {
        0 => HAILO_FORMAT_ORDER_NV12,
        1 => HAILO_FORMAT_ORDER_NV21,
        2 => HAILO_FORMAT_ORDER_I420,
        other => return Err(invalid(format!("planes of format {other}"))),
    };
    place.check_names(&info.name, network)?;
    let mut planes = Vec::new();
    for plane in &info.planes {
        let Some(info) = &plane.layer_info else { return Err(internal("a plane is no layer".into())) };
        planes.push(layer(info, direction, network, place, false)?);
    }
    let Some(first) = planes.first() else { return Err(invalid(format!("{:?} has no planes", info.name))) };
    if planes.iter().any(|p| p.data_bytes != first.data_bytes) {
        return Err(invalid(format!("planes of {:?} differ in type", info.name)));
    }
    let shape = [info.height, info.width, info.features];
    Ok(StreamInfo {
        name: info.name.clone(),
        network_name: place.full_name(network),
        padded: shape,
        hw_shape: shape,
        quantisation: Quantisation::default(),
        by_feature: vec![Quantisation::default()],
        original_names: Vec::new(),
        host: Some(order),
        data_bytes: first.data_bytes,
        planes,
        ..StreamInfo::plain("", "", direction, shape, 1)
    })
}

/// Shape, order and numbers of a layer, without its name and quantisation.
fn shaped(
    base: &proto::LayerBase,
    direction: Direction,
    transposed: bool,
    place: Place<'_>,
    is_part: bool,
) -> Result<StreamInfo, HefError> {
    let order =
        device_order(base.format).ok_or_else(|| internal(format!("order {} is unknown", base.format)))?;
    let nms_info = base.additional_info.as_ref().and_then(|a| a.nms_info.clone()).unwrap_or_default();
    let is_nms = order == HAILO_FORMAT_ORDER_HAILO_NMS_ON_CHIP;
    let [mut height, mut width, features] = if is_nms {
        let features = nms_info.max_output_size.wrapping_mul(nms_info.input_division_factor) as u32;
        [nms_info.number_of_classes as u32, BOX_NUMBERS, features]
    } else {
        [base.height, base.width, base.features]
    };
    let of_net = place.group.metadata.as_ref().is_some_and(|m| m.transposed_net);
    let is_transposed = (of_net || transposed) && order != HAILO_FORMAT_ORDER_NC;
    if is_transposed {
        std::mem::swap(&mut height, &mut width);
    }
    if base.host_argmax {
        return Err(HefError::NotSupported(
            "it leaves argmax to the host in the way of old compilers".into(),
        ));
    }
    if !(1..=2).contains(&base.data_bytes) {
        return Err(HefError::Argument(format!("elements of {} bytes", base.data_bytes)));
    }
    let most = place.most_bytes(base.max_shmifo_size)?;
    let pads_itself = !is_part
        && !place.features.core_padding_by_compiler
        && order == HAILO_FORMAT_ORDER_NHCW
        && base.core_buffers_per_frame & 0xffff == base.height
        && base.width.wrapping_mul(base.features).is_multiple_of(8)
        && base.width.wrapping_mul(base.features).wrapping_mul(base.data_bytes) < most;
    let fits = |number: u32| number <= u32::from(u16::MAX);
    if !fits(base.core_bytes_per_buffer) || !fits(base.core_buffers_per_frame) {
        return Err(invalid("a transfer is too large".into()));
    }
    if pads_itself && !fits(base.width.wrapping_mul(base.data_bytes)) {
        return Err(invalid("a row is too large".into()));
    }
    if base.sys_index > 255 || base.engine_id > 255 {
        return Err(invalid(format!("stream {} of engine {}", base.sys_index, base.engine_id)));
    }
    let nms = if is_nms { Some(nms(&nms_info, place)?) } else { None };
    let padded = [base.padded_height, base.padded_width, base.padded_features];
    Ok(StreamInfo {
        padded,
        hw_shape: if pads_itself { [base.height, base.width, base.features] } else { padded },
        order: base.format,
        is_transposed,
        data_bytes: base.data_bytes,
        index: base.sys_index as u8,
        original_names: Vec::new(),
        nms,
        ..StreamInfo::plain("", "", direction, [height, width, features], 1)
    })
}

fn nms(info: &proto::NmsInfo, place: Place<'_>) -> Result<Nms, HefError> {
    let second = place.is_second_generation();
    let is_right = match (place.features.nms_burst, second) {
        (true, false) => info.burst_type == 1,
        (true, true) => matches!(info.burst_type, 2 | 3),
        (false, _) => info.burst_type == 0,
    };
    let burst = u64::from(info.burst_size).saturating_mul(info.bbox_size);
    if !is_right || (place.features.nms_burst && burst > MAX_BURST) {
        return Err(invalid(format!("results in bursts of type {} and {burst} bytes", info.burst_type)));
    }
    Ok(Nms {
        classes: info.number_of_classes as u32,
        per_class: info.max_output_size as u32,
        box_bytes: info.bbox_size as u32,
        chunks: (info.input_division_factor as u32).max(1),
        burst: info.burst_size,
    })
}

fn quantised(stream: &mut StreamInfo, info: &proto::LayerNumeric, place: Place<'_>) -> Result<(), HefError> {
    let limits = [info.limvals_min, info.limvals_max];
    let whole = Quantisation { zp: info.qp_zp, scale: info.qp_scale, limits };
    let count = if stream.nms.is_some() { 1 } else { stream.features as usize };
    (stream.quantisation, stream.by_feature) = (whole, Vec::new());
    if !place.features.scale_by_feature {
        // A layer without a channel has none.
        stream.by_feature.extend((count > 0).then_some(whole));
        return Ok(());
    }
    if info.qp_zps.len() < count || info.qp_scales.len() < count {
        return Err(invalid(format!("{:?} lacks quantisations of channels", stream.name)));
    }
    let is_output = stream.direction == Direction::DeviceToHost;
    if is_output && (info.qp_zps.len() != count || info.qp_scales.len() != count) {
        return Err(invalid(format!("{:?} has quantisations of more channels than it has", stream.name)));
    }
    let pairs = info.qp_zps.iter().zip(&info.qp_scales).take(count);
    stream.by_feature =
        pairs.map(|(zp, scale)| Quantisation { zp: *zp as f32, scale: *scale as f32, limits }).collect();
    if is_output {
        stream.quantisation = Quantisation::default();
    } else if stream.by_feature.iter().any(|q| *q != stream.by_feature[0]) {
        return Err(invalid(format!("channels of the input {:?} differ in quantisation", stream.name)));
    }
    Ok(())
}
