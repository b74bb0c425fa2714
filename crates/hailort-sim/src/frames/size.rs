//! Bytes of a frame, and what "automatic" in a format stands for.
//!
//! Sizes are counted in 32 bits and wrap, as the library's do.

use hailort_sys::types::*;

/// Rows, columns and channels.
pub type Shape = hailo_3d_image_shape_t;

/// Transfers have a multiple of so many bytes; channels come in groups of so many.
pub const ALIGNMENT: u32 = 8;
/// Rows of [`HAILO_FORMAT_ORDER_RGB4`] have a multiple of so many elements.
pub(super) const RGB4_ALIGNMENT: u32 = 4;
/// What stands for an order where there is none: `HAILO_FORMAT_ORDER_MAX_ENUM`.
const NO_ORDER: hailo_format_order_t = 0x7fff_ffff;
/// Numbers that describe a result of a non-maximum suppression.
const BOX_NUMBERS: u32 = 5;
/// Bytes of the number of results, of a result by score, and of one with a mask.
const COUNT_BYTES: u32 = 2;
const BY_SCORE_BYTES: u32 = 22;
const WITH_MASK_BYTES: u32 = 38;

/// Bytes of an element; 1 for types that are none.
pub fn element_bytes(type_: hailo_format_type_t) -> u32 {
    match type_ {
        HAILO_FORMAT_TYPE_FLOAT32 => 4,
        HAILO_FORMAT_TYPE_UINT16 => 2,
        _ => 1,
    }
}

/// `number` or the next multiple of `of`.
pub(super) fn aligned(number: u32, of: u32) -> u32 {
    match number % of {
        0 => number,
        rest => number.wrapping_add(of - rest),
    }
}

/// Elements of a frame without the padding of rows.
pub fn elements(shape: Shape) -> u32 {
    shape.height.wrapping_mul(shape.width.wrapping_mul(shape.features))
}

/// Bytes of a frame.
pub fn frame_bytes(shape: Shape, format: hailo_format_t) -> u32 {
    let row = shape.width.wrapping_mul(shape.features);
    let row = if format.order == HAILO_FORMAT_ORDER_RGB4 { aligned(row, RGB4_ALIGNMENT) } else { row };
    shape.height.wrapping_mul(row).wrapping_mul(element_bytes(format.type_))
}

/// Bytes of a frame that is transferred.
pub fn transfer_bytes(shape: Shape, format: hailo_format_t) -> u32 {
    aligned(frame_bytes(shape, format), ALIGNMENT)
}

/// Bytes of the results of a non-maximum suppression of the chip, on the host's side.
pub fn nms_bytes(chunks: u32, per_class: u32, classes: u32, type_: hailo_format_type_t) -> u32 {
    by_class(chunks.wrapping_mul(per_class), classes).wrapping_mul(element_bytes(type_))
}

fn by_class(per_class: u32, classes: u32) -> u32 {
    BOX_NUMBERS.wrapping_mul(per_class).wrapping_add(1).wrapping_mul(classes)
}

/// What a frame of a vstream is.
#[derive(Clone, Copy)]
pub enum Content {
    /// An image or tensor.
    Elements(Shape),
    /// Results of a non-maximum suppression.
    Results(hailo_nms_shape_t),
}

/// Whether the host's frames of this order are results of a non-maximum suppression.
pub fn is_nms(order: hailo_format_order_t) -> bool {
    matches!(
        order,
        HAILO_FORMAT_ORDER_HAILO_NMS_BY_CLASS
            | HAILO_FORMAT_ORDER_HAILO_NMS_BY_SCORE
            | HAILO_FORMAT_ORDER_HAILO_NMS_WITH_BYTE_MASK
    )
}

/// Bytes of a frame of a vstream in a format, in which automatic is what the vstream `has`.
pub fn vstream_bytes(content: Content, has: hailo_format_t, mut format: hailo_format_t) -> u32 {
    if format.type_ == HAILO_FORMAT_TYPE_AUTO {
        format.type_ = has.type_;
    }
    if format.order == HAILO_FORMAT_ORDER_AUTO {
        format.order = has.order;
    }
    match (content, format.order) {
        (Content::Elements(shape), _) => frame_bytes(shape, format),
        (Content::Results(nms), HAILO_FORMAT_ORDER_HAILO_NMS_WITH_BYTE_MASK) => nms
            .max_bboxes_total
            .wrapping_mul(WITH_MASK_BYTES)
            .wrapping_add(COUNT_BYTES)
            .wrapping_add(nms.max_accumulated_mask_size),
        (Content::Results(nms), HAILO_FORMAT_ORDER_HAILO_NMS_BY_SCORE) => {
            nms.max_bboxes_total.wrapping_mul(BY_SCORE_BYTES).wrapping_add(COUNT_BYTES)
        }
        (Content::Results(nms), _) => by_class(nms.max_bboxes_per_class, nms.number_of_classes)
            .wrapping_mul(element_bytes(format.type_)),
    }
}

/// What the host sees of an order of the device unless it asks for another. Orders that devices do not have give one
/// that nobody has; for numbers that are no order the library reads behind its table, and here they give the same.
fn host_order(device: hailo_format_order_t) -> hailo_format_order_t {
    match device {
        HAILO_FORMAT_ORDER_NHCW | HAILO_FORMAT_ORDER_RGB888 => HAILO_FORMAT_ORDER_NHWC,
        HAILO_FORMAT_ORDER_HAILO_YYUV => HAILO_FORMAT_ORDER_NV12,
        HAILO_FORMAT_ORDER_HAILO_YYVU => HAILO_FORMAT_ORDER_NV21,
        HAILO_FORMAT_ORDER_HAILO_YYYYUV => HAILO_FORMAT_ORDER_I420,
        HAILO_FORMAT_ORDER_HAILO_NMS_ON_CHIP => HAILO_FORMAT_ORDER_HAILO_NMS_BY_CLASS,
        HAILO_FORMAT_ORDER_AUTO
        | HAILO_FORMAT_ORDER_NHWC
        | HAILO_FORMAT_ORDER_FCR
        | HAILO_FORMAT_ORDER_F8CR
        | HAILO_FORMAT_ORDER_NHW
        | HAILO_FORMAT_ORDER_NC
        | HAILO_FORMAT_ORDER_BAYER_RGB
        | HAILO_FORMAT_ORDER_12_BIT_BAYER_RGB
        | HAILO_FORMAT_ORDER_NCHW
        | HAILO_FORMAT_ORDER_YUY2 => device,
        _ => NO_ORDER,
    }
}

/// The host's format, in which automatic is what fits the device's.
pub fn expanded(mut host: hailo_format_t, device: hailo_format_t) -> hailo_format_t {
    if host.type_ == HAILO_FORMAT_TYPE_AUTO {
        let is_nms = device.order == HAILO_FORMAT_ORDER_HAILO_NMS_ON_CHIP;
        host.type_ = if is_nms { HAILO_FORMAT_TYPE_FLOAT32 } else { device.type_ };
    }
    if host.order == HAILO_FORMAT_ORDER_AUTO {
        host.order = host_order(device.order);
    }
    host
}
