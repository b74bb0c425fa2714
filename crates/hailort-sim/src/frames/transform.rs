//! What is done to a frame between host and device: conversion of the type, transposition, order, padding.
//!
//! Results of a non-maximum suppression on the chip are not simulated: their conversion is `HAILO_NOT_IMPLEMENTED`. An
//! argmax on the host is no conversion in the library either, which answers `HAILO_INVALID_OPERATION` to channels that
//! are to become one number.

use std::borrow::Cow;

use hailort_sys::status::*;
use hailort_sys::types::*;

use super::quantise;
use super::reorder;
use super::size::{ALIGNMENT, Shape, element_bytes, elements, expanded, frame_bytes, transfer_bytes};
pub use super::values::{quantised, values};
use crate::hef::{Direction, Quantisation, StreamInfo};

type Answer = Result<(), hailo_status>;

/// Shape and format of a frame.
pub type Side = (Shape, hailo_format_t);

/// What has to be done to a frame.
#[derive(Clone, Copy, Debug)]
struct Steps {
    quantise: bool,
    transpose: bool,
    reorder: bool,
}

/// From the host's frames to the device's.
pub struct InputTransform {
    host: Side,
    device: Side,
    quantisation: Quantisation,
    steps: Steps,
}

/// From the device's frames to the host's.
pub struct OutputTransform {
    device: Side,
    host: Side,
    quantisations: Vec<Quantisation>,
    steps: Steps,
}

/// The two sides of a stream.
fn sides(stream: &StreamInfo, user: hailo_format_t) -> (Side, Side) {
    let shape = |[height, width, features]: [u32; 3]| Shape { height, width, features };
    let flags = if stream.is_transposed { HAILO_FORMAT_FLAGS_TRANSPOSED } else { HAILO_FORMAT_FLAGS_NONE };
    let format = hailo_format_t { type_: stream.native_type(), order: stream.device_order(), flags };
    ((shape([stream.height, stream.width, stream.features]), user), (shape(stream.hw_shape), format))
}

/// Whether the types differ.
///
/// # Errors
/// `HAILO_INVALID_ARGUMENT` where there is no conversion: the device has no floats, and 16 bits do not become 8.
fn needs_quantisation(
    direction: Direction,
    host: hailo_format_type_t,
    device: hailo_format_type_t,
) -> Result<bool, hailo_status> {
    let (from, to) = if direction == Direction::HostToDevice { (host, device) } else { (device, host) };
    if device == HAILO_FORMAT_TYPE_FLOAT32
        || (from, to) == (HAILO_FORMAT_TYPE_UINT16, HAILO_FORMAT_TYPE_UINT8)
    {
        return Err(HAILO_INVALID_ARGUMENT);
    }
    Ok(host != HAILO_FORMAT_TYPE_AUTO && from != to)
}

fn needs_transposition(a: hailo_format_flags_t, b: hailo_format_flags_t) -> bool {
    (a ^ b) & HAILO_FORMAT_FLAGS_TRANSPOSED != 0
}

/// Whether the elements lie elsewhere.
fn needs_order((from, from_format): Side, (to, to_format): Side) -> bool {
    let is_same = [from.height, from.width, from.features] == [to.height, to.width, to.features];
    let is_flat = |order| matches!(order, HAILO_FORMAT_ORDER_NHWC | HAILO_FORMAT_ORDER_FCR);
    let (a, b) = (from_format.order, to_format.order);
    let is_by_row = |order| order == HAILO_FORMAT_ORDER_NHCW;
    if is_same && from.features == 1 && (is_by_row(a) && is_flat(b) || is_flat(a) && is_by_row(b)) {
        return false;
    }
    if !is_same || a != b {
        return true;
    }
    match a {
        HAILO_FORMAT_ORDER_F8CR => from.features > ALIGNMENT,
        HAILO_FORMAT_ORDER_HAILO_NMS_BY_CLASS | HAILO_FORMAT_ORDER_HAILO_NMS_BY_SCORE => true,
        _ => false,
    }
}

/// Whether a frame has to be padded at its end.
fn needs_padding((shape, format): Side) -> bool {
    !elements(shape).wrapping_mul(element_bytes(format.type_)).is_multiple_of(ALIGNMENT)
}

/// Whether anything has to be done to a frame.
///
/// # Errors
/// `HAILO_INVALID_ARGUMENT` for types that cannot be converted, and for a single quantisation that is none.
pub fn is_required(
    direction: Direction,
    (host_shape, host_format): Side,
    device: Side,
    quantisations: &[Quantisation],
) -> Result<bool, hailo_status> {
    check_single(quantisations)?;
    let host = (host_shape, expanded(host_format, device.1));
    let quantise = needs_quantisation(direction, host.1.type_, device.1.type_)?;
    let (from, to) = if direction == Direction::HostToDevice { (host, device) } else { (device, host) };
    Ok(quantise
        || needs_transposition(from.1.flags, to.1.flags)
        || needs_order(from, to)
        || needs_padding(to))
}

/// Whether a quantisation says anything: the library's answer for streams whose channels have their own is all zeros.
pub fn is_valid(quantisation: &Quantisation) -> bool {
    quantise::is_valid(quantisation)
}

fn check_single(quantisations: &[Quantisation]) -> Answer {
    match quantisations {
        [one] if !quantise::is_valid(one) => Err(HAILO_INVALID_ARGUMENT),
        _ => Ok(()),
    }
}

/// Devices have these types, and frames of raw pixels one channel.
fn check_device((shape, format): Side, orders: [hailo_format_order_t; 2], others: &[Shape]) -> Answer {
    if !matches!(format.type_, HAILO_FORMAT_TYPE_UINT8 | HAILO_FORMAT_TYPE_UINT16) {
        return Err(HAILO_INVALID_ARGUMENT);
    }
    let is_bayer = orders == [HAILO_FORMAT_ORDER_BAYER_RGB; 2];
    if is_bayer && [shape].iter().chain(others).any(|s| s.features != 1) {
        return Err(HAILO_INVALID_ARGUMENT);
    }
    Ok(())
}

fn usize_of(bytes: u32) -> usize {
    bytes as usize
}

fn check_sizes(bytes: (usize, usize), from: &[u8], to: &[u8]) -> Answer {
    if (from.len(), to.len()) == bytes { Ok(()) } else { Err(HAILO_INVALID_ARGUMENT) }
}

/// Copies so many bytes.
fn copy(from: &[u8], to: &mut [u8], bytes: usize) -> Answer {
    match (from.get(..bytes), to.get_mut(..bytes)) {
        (Some(from), Some(to)) => {
            to.copy_from_slice(from);
            Ok(())
        }
        _ => Err(HAILO_INVALID_ARGUMENT),
    }
}

fn transposed(shape: Shape) -> Shape {
    Shape { height: shape.width, width: shape.height, ..shape }
}

/// Memory for a frame that is to be transposed, or has been, of `format`.
///
/// # Errors
/// `HAILO_INVALID_ARGUMENT` where the frame is empty or its rows are padded: the library's memory has no room for that.
fn between(shape: Shape, format: hailo_format_t) -> Result<Vec<u8>, hailo_status> {
    let bytes = elements(shape).wrapping_mul(element_bytes(format.type_));
    if bytes == 0 || bytes != frame_bytes(shape, format) {
        return Err(HAILO_INVALID_ARGUMENT);
    }
    Ok(vec![0; usize_of(bytes)])
}

impl InputTransform {
    /// Between the host's format `user` and what the device has.
    ///
    /// # Errors
    /// As the library answers where it has no such conversion.
    pub fn new(stream: &StreamInfo, user: hailo_format_t) -> Result<Self, hailo_status> {
        let (host, device) = sides(stream, user);
        Self::between(host, device, &stream.by_feature)
    }

    /// Between two shapes and formats; "automatic" in the host's format is what fits the device's. The quantisations
    /// are one, or the same for each channel.
    ///
    /// # Errors
    /// As the library answers where it has no such conversion.
    pub fn between(host: Side, device: Side, quantisations: &[Quantisation]) -> Result<Self, hailo_status> {
        // The library compares what the host asks for, before "automatic" is replaced.
        let orders = [host.1.order, device.1.order];
        check_device((host.0, device.1), orders, &[])?;
        if orders == [HAILO_FORMAT_ORDER_12_BIT_BAYER_RGB; 2] && host.0.features != 1 {
            return Err(HAILO_INVALID_ARGUMENT);
        }
        let host = (host.0, expanded(host.1, device.1));
        let steps = Steps {
            quantise: needs_quantisation(Direction::HostToDevice, host.1.type_, device.1.type_)?,
            transpose: needs_transposition(host.1.flags, device.1.flags),
            reorder: needs_order(host, device),
        };
        // Where there is none, the input has no channel, and nothing is converted.
        let quantisation = quantisations.first().copied().unwrap_or_default();
        Ok(Self { host, device, quantisation, steps })
    }

    /// Bytes of a frame on the host's side, and of one on the device's.
    pub fn bytes(&self) -> (usize, usize) {
        let (host, device) = (self.host, self.device);
        (usize_of(frame_bytes(host.0, host.1)), usize_of(transfer_bytes(device.0, device.1)))
    }

    /// Converts a frame. Padding at its end is left as it is, as that which no order mentions.
    ///
    /// # Errors
    /// As the library answers: for a buffer of the wrong size, say.
    pub fn apply(&self, host: &[u8], device: &mut [u8]) -> Answer {
        check_sizes(self.bytes(), host, device)?;
        let ((shape, format), (hw_shape, hw_format)) = (self.host, self.device);
        let bytes = usize_of(element_bytes(hw_format.type_));
        let mut frame = Cow::Borrowed(host);
        let mut format = format;
        if self.steps.quantise && !self.steps.transpose && !self.steps.reorder {
            return self.quantise(host, device);
        }
        if self.steps.quantise {
            // The library's memory for this has the size of the host's frame, so that bytes that become 16 bits go past
            // its end. Here it has room for them.
            let count = usize_of(frame_bytes(shape, format) / element_bytes(format.type_));
            let mut numbers = vec![0; count * bytes];
            self.quantise(host, &mut numbers)?;
            frame = Cow::Owned(numbers);
            format.type_ = hw_format.type_;
        }
        if !self.steps.transpose && !self.steps.reorder {
            return copy(&frame, device, usize_of(frame_bytes(hw_shape, hw_format)));
        }
        let mut shape = shape;
        if self.steps.transpose {
            let mut other = between(shape, format)?;
            let to = if self.steps.reorder { &mut other } else { &mut *device };
            reorder::transpose(&frame, shape, format.order, bytes, to)?;
            frame = Cow::Owned(other);
            shape = transposed(shape);
        }
        if self.steps.reorder {
            reorder::input(&frame, (shape, format.order), device, (hw_shape, hw_format.order), bytes)?;
        }
        Ok(())
    }

    fn quantise(&self, from: &[u8], to: &mut [u8]) -> Answer {
        let count = usize_of(elements(self.host.0));
        let is_wide = self.device.1.type_ == HAILO_FORMAT_TYPE_UINT16;
        match self.host.1.type_ {
            HAILO_FORMAT_TYPE_UINT8 if is_wide => quantise::widen(from, to, count),
            HAILO_FORMAT_TYPE_FLOAT32 => quantise::quantise(from, to, count, is_wide, &self.quantisation),
            _ => return Err(HAILO_INVALID_ARGUMENT),
        }
        Ok(())
    }
}

impl OutputTransform {
    /// As [`InputTransform::new`].
    ///
    /// # Errors
    /// As [`InputTransform::new`].
    pub fn new(stream: &StreamInfo, user: hailo_format_t) -> Result<Self, hailo_status> {
        let (host, device) = sides(stream, user);
        Self::between(device, host, &stream.by_feature)
    }

    /// As [`InputTransform::between`], with one quantisation or one for each channel.
    ///
    /// # Errors
    /// As [`InputTransform::between`], and `HAILO_NOT_IMPLEMENTED` for results of a non-maximum suppression.
    pub fn between(device: Side, host: Side, quantisations: &[Quantisation]) -> Result<Self, hailo_status> {
        check_device(device, [device.1.order, host.1.order], &[host.0])?;
        check_single(quantisations)?;
        let host = (host.0, expanded(host.1, device.1));
        if device.1.order == HAILO_FORMAT_ORDER_HAILO_NMS_ON_CHIP {
            let format = (host.1.order, host.1.type_);
            if format != (HAILO_FORMAT_ORDER_HAILO_NMS_BY_CLASS, HAILO_FORMAT_TYPE_FLOAT32) {
                return Err(HAILO_INVALID_ARGUMENT);
            }
            return Err(HAILO_NOT_IMPLEMENTED);
        }
        let steps = Steps {
            quantise: needs_quantisation(Direction::DeviceToHost, host.1.type_, device.1.type_)?,
            transpose: needs_transposition(device.1.flags, host.1.flags),
            reorder: needs_order(device, host),
        };
        Ok(Self { device, host, quantisations: quantisations.to_vec(), steps })
    }

    /// Bytes of a frame on the device's side, and of one on the host's.
    pub fn bytes(&self) -> (usize, usize) {
        let (device, host) = (self.device, self.host);
        (usize_of(transfer_bytes(device.0, device.1)), usize_of(frame_bytes(host.0, host.1)))
    }

    /// Converts a frame.
    ///
    /// # Errors
    /// As [`InputTransform::apply`].
    pub fn apply(&self, device: &[u8], host: &mut [u8]) -> Answer {
        check_sizes(self.bytes(), device, host)?;
        let ((hw_shape, hw_format), (shape, format)) = (self.device, self.host);
        let bytes = usize_of(element_bytes(hw_format.type_));
        let narrow = hailo_format_t { type_: hw_format.type_, ..format };
        let hw = (hw_shape, hw_format.order);
        match (self.steps.reorder, self.steps.transpose) {
            (true, true) => {
                let mut other = between(shape, narrow)?;
                reorder::output(device, hw, &mut other, (transposed(shape), format.order), bytes)?;
                reorder::transpose(&other, transposed(shape), format.order, bytes, host)?;
            }
            (true, false) => reorder::output(device, hw, host, (shape, format.order), bytes)?,
            (false, true) => reorder::transpose(device, shape, format.order, bytes, host)?,
            (false, false) => copy(device, host, usize_of(frame_bytes(hw_shape, hw_format)))?,
        }
        if self.steps.quantise { self.dequantise(host) } else { Ok(()) }
    }

    fn dequantise(&self, frame: &mut [u8]) -> Answer {
        let (shape, format) = self.host;
        let count = usize_of(elements(shape));
        let is_wide = self.device.1.type_ == HAILO_FORMAT_TYPE_UINT16;
        match format.type_ {
            HAILO_FORMAT_TYPE_UINT16 if !is_wide => {
                let numbers = frame.get(..count).ok_or(HAILO_INVALID_ARGUMENT)?.to_vec();
                quantise::widen(&numbers, frame, count);
            }
            HAILO_FORMAT_TYPE_FLOAT32 if format.order == HAILO_FORMAT_ORDER_NHW => {
                // These are numbers of classes.
                quantise::dequantise(frame, count, is_wide, |_, number| f32::from(number));
            }
            HAILO_FORMAT_TYPE_FLOAT32 => {
                let of = self.by_element();
                quantise::dequantise(frame, count, is_wide, |place, number| {
                    quantise::value(number, of(place))
                });
            }
            _ => return Err(HAILO_INVALID_ARGUMENT),
        }
        Ok(())
    }

    /// The quantisation of each element, by its channel. Where a channel is a plane by itself, the library takes its
    /// bytes for its elements and crashes. Here each plane has its own.
    fn by_element<'a>(&'a self) -> impl Fn(usize) -> &'a Quantisation {
        const NONE: &Quantisation = &Quantisation { zp: 0.0, scale: 0.0, limits: [0.0; 2] };
        let (shape, format) = self.host;
        let all = &self.quantisations;
        let first = all.first().unwrap_or(NONE);
        let is_one = all.iter().all(|q| quantise::is_same(q, first));
        let together = match format.order {
            HAILO_FORMAT_ORDER_NHCW => usize_of(shape.width),
            HAILO_FORMAT_ORDER_BAYER_RGB | HAILO_FORMAT_ORDER_12_BIT_BAYER_RGB | HAILO_FORMAT_ORDER_NCHW => {
                usize_of(shape.height.wrapping_mul(shape.width))
            }
            _ => 1,
        };
        move |place| if is_one { first } else { &all[place / together.max(1) % all.len()] }
    }
}
