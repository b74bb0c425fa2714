//! Calls that convert frames between host and device, without any device.

use std::ffi::c_void;
use std::sync::Arc;

use hailort_sys::status::*;
use hailort_sys::types::*;

use super::handles::{INPUT_STREAMS, INPUT_TRANSFORMS, OUTPUT_STREAMS, OUTPUT_TRANSFORMS};
use super::{Answer, call, pointers};
use crate::frames::size::{Content, frame_bytes, is_nms, nms_bytes, vstream_bytes};
use crate::frames::transform::{InputTransform, OutputTransform, Side, is_required, is_valid};
use crate::hef::{Direction, Quantisation};
use crate::misuse::{self, Wrong};

fn quantisation(info: &hailo_quant_info_t) -> Quantisation {
    Quantisation { zp: info.qp_zp, scale: info.qp_scale, limits: [info.limvals_min, info.limvals_max] }
}

/// The shapes of a stream, host and device.
fn shapes(info: &hailo_stream_info_t) -> hailo_stream_shapes_t {
    // SAFETY: all bytes of the union are integers, for which each value is one, whichever member was written.
    unsafe { info.shape.shapes }
}

pub(super) unsafe extern "C" fn hailo_get_host_frame_size(
    stream_info: *const hailo_stream_info_t,
    params: *const hailo_transform_params_t,
) -> usize {
    misuse::within("hailo_get_host_frame_size", || {
        // SAFETY: the caller's pointers, see `FurtherApi`.
        let (Ok(info), Ok(params)) = (unsafe { (pointers::read(stream_info), pointers::read(params)) })
        else {
            return 0;
        };
        let mut format = params.user_buffer_format;
        if format.type_ == HAILO_FORMAT_TYPE_AUTO {
            format.type_ = info.format.type_;
        }
        let bytes = if info.format.order == HAILO_FORMAT_ORDER_HAILO_NMS_ON_CHIP {
            // SAFETY: the order says that this member was written.
            let (chunks, per_class, classes) = unsafe {
                let nms = &info.shape.nms_info;
                (nms.chunks_per_frame, nms.max_bboxes_per_class, nms.number_of_classes)
            };
            nms_bytes(chunks, per_class, classes, format.type_)
        } else if params.transform_mode == HAILO_STREAM_NO_TRANSFORM {
            frame_bytes(shapes(&info).hw_shape, format)
        } else {
            frame_bytes(shapes(&info).shape, format)
        };
        bytes as usize
    })
}

pub(super) unsafe extern "C" fn hailo_get_vstream_frame_size(
    vstream_info: *mut hailo_vstream_info_t,
    format: *mut hailo_format_t,
    frame_size: *mut usize,
) -> hailo_status {
    call("hailo_get_vstream_frame_size", || {
        // SAFETY: the caller's pointers, see `FurtherApi`.
        let (info, format) =
            unsafe { (pointers::read(vstream_info.cast_const())?, pointers::read(format.cast_const())?) };
        // SAFETY: both members of the union are integers, for which all bytes are values.
        let content = unsafe {
            if is_nms(info.format.order) {
                Content::Results(info.shape.nms_shape)
            } else {
                Content::Elements(info.shape.shape)
            }
        };
        let bytes = vstream_bytes(content, info.format, format);
        // SAFETY: the caller's pointer, see `FurtherApi`.
        unsafe { pointers::write(frame_size, bytes as usize) }
    })
}

/// Reads what a context is made of: both sides of the stream and its quantisation.
///
/// # Safety
/// As `FurtherApi` asks for.
unsafe fn described<H>(
    info: *const hailo_stream_info_t,
    params: *const hailo_transform_params_t,
    context: *mut *mut H,
) -> Result<(Side, Side, Quantisation), hailo_status> {
    // SAFETY: the caller's pointers.
    let (info, params) = unsafe { (pointers::read(info)?, pointers::read(params)?) };
    if context.is_null() {
        return Err(pointers::null());
    }
    let q = quantisation(&info.quant_info);
    if !is_valid(&q) {
        return Err(HAILO_INVALID_ARGUMENT);
    }
    let shapes = shapes(&info);
    Ok(((shapes.shape, params.user_buffer_format), (shapes.hw_shape, info.format), q))
}

macro_rules! contexts {
    ($(
        $create:ident $by_stream:ident $release:ident $apply:ident:
        $context:ident $table:ident $transform:ident, $stream:ident $streams:ident, $between:expr;
    )*) => {
        $(
            pub(super) unsafe extern "C" fn $create(
                info: *const hailo_stream_info_t,
                params: *const hailo_transform_params_t,
                context: *mut $context,
            ) -> hailo_status {
                call(stringify!($create), || {
                    // SAFETY: the caller's pointers, see `FurtherApi`.
                    let (host, device, q) = unsafe { described(info, params, context) }?;
                    let between: fn(Side, Side, &[Quantisation]) -> Result<$transform, hailo_status> = $between;
                    let transform = between(host, device, &[q])?;
                    // SAFETY: the caller's pointer, see `FurtherApi`.
                    unsafe { pointers::write(context, $table.insert(Arc::new(transform))) }
                })
            }

            pub(super) unsafe extern "C" fn $by_stream(
                stream: $stream,
                params: *const hailo_transform_params_t,
                context: *mut $context,
            ) -> hailo_status {
                call(stringify!($by_stream), || {
                    let stream = $streams.get(stream)?;
                    // SAFETY: the caller's pointer, see `FurtherApi`.
                    let params = unsafe { pointers::read(params) }?;
                    if context.is_null() {
                        return Err(pointers::null());
                    }
                    let transform = $transform::new(stream.info(), params.user_buffer_format)?;
                    // SAFETY: the caller's pointer, see `FurtherApi`.
                    unsafe { pointers::write(context, $table.insert(Arc::new(transform))) }
                })
            }

            pub(super) unsafe extern "C" fn $release(context: $context) -> hailo_status {
                call(stringify!($release), || {
                    let transform = $table.remove(context)?;
                    if Arc::strong_count(&transform) > 1 {
                        misuse::note($table.name(context), Wrong::ReleasedInUse);
                    }
                    Ok(())
                })
            }

            pub(super) unsafe extern "C" fn $apply(
                context: $context,
                src: *const c_void,
                src_size: usize,
                dst: *mut c_void,
                dst_size: usize,
            ) -> hailo_status {
                call(stringify!($apply), || {
                    let transform = $table.get(context)?;
                    if src.is_null() || dst.is_null() {
                        return Err(pointers::null());
                    }
                    let name = $table.name(context);
                    check_size(&name, src_size, transform.bytes().0)?;
                    check_size(&name, dst_size, transform.bytes().1)?;
                    // SAFETY: the caller's buffer of `src_size` bytes, see `FurtherApi`. It is copied, since the
                    // library does not forbid that the two overlap.
                    let from = unsafe { pointers::slice(src.cast::<u8>(), src_size) }?.to_vec();
                    // SAFETY: the caller's buffer of `dst_size` bytes, see `FurtherApi`.
                    let to = unsafe { std::slice::from_raw_parts_mut(dst.cast::<u8>(), dst_size) };
                    transform.apply(&from, to)
                })
            }
        )*
    };
}

contexts! {
    hailo_create_input_transform_context hailo_create_input_transform_context_by_stream
        hailo_release_input_transform_context hailo_transform_frame_by_input_transform_context:
        hailo_input_transform_context INPUT_TRANSFORMS InputTransform, hailo_input_stream INPUT_STREAMS,
        InputTransform::between;
    hailo_create_output_transform_context hailo_create_output_transform_context_by_stream
        hailo_release_output_transform_context hailo_transform_frame_by_output_transform_context:
        hailo_output_transform_context OUTPUT_TRANSFORMS OutputTransform, hailo_output_stream OUTPUT_STREAMS,
        |host, device, quantisations| OutputTransform::between(device, host, quantisations);
}

fn check_size(object: &str, given: usize, wanted: usize) -> Answer {
    if given == wanted {
        return Ok(());
    }
    misuse::note(object, Wrong::Size { given, wanted });
    Err(HAILO_INVALID_ARGUMENT)
}

/// Whether frames have to be converted; `src` is the side that they come from.
///
/// # Safety
/// As `FurtherApi` asks for.
unsafe fn required(
    direction: Direction,
    (src_shape, src_format): (*const hailo_3d_image_shape_t, *const hailo_format_t),
    (dst_shape, dst_format): (*const hailo_3d_image_shape_t, *const hailo_format_t),
    (quant_infos, count): (*const hailo_quant_info_t, usize),
    answer: *mut bool,
) -> Answer {
    // SAFETY: the caller's pointers and array.
    let (src, dst, infos) = unsafe {
        (
            (pointers::read(src_shape)?, pointers::read(src_format)?),
            (pointers::read(dst_shape)?, pointers::read(dst_format)?),
            pointers::slice(quant_infos, count)?,
        )
    };
    if answer.is_null() {
        return Err(pointers::null());
    }
    let quantisations: Vec<Quantisation> = infos.iter().map(quantisation).collect();
    let (host, device) = if direction == Direction::HostToDevice { (src, dst) } else { (dst, src) };
    let is_required = is_required(direction, host, device, &quantisations)?;
    // SAFETY: the caller's pointer.
    unsafe { pointers::write(answer, is_required) }
}

macro_rules! required {
    ($($name:ident $former:ident $direction:ident;)*) => {
        $(
            pub(super) unsafe extern "C" fn $name(
                src_shape: *const hailo_3d_image_shape_t,
                src_format: *const hailo_format_t,
                dst_shape: *const hailo_3d_image_shape_t,
                dst_format: *const hailo_format_t,
                quant_infos: *const hailo_quant_info_t,
                count: usize,
                answer: *mut bool,
            ) -> hailo_status {
                let (src, dst) = ((src_shape, src_format), (dst_shape, dst_format));
                call(stringify!($name), || {
                    // SAFETY: the caller's pointers, see `FurtherApi`.
                    unsafe { required(Direction::$direction, src, dst, (quant_infos, count), answer) }
                })
            }

            pub(super) unsafe extern "C" fn $former(
                src_shape: *const hailo_3d_image_shape_t,
                src_format: *const hailo_format_t,
                dst_shape: *const hailo_3d_image_shape_t,
                dst_format: *const hailo_format_t,
                quant_info: *const hailo_quant_info_t,
                answer: *mut bool,
            ) -> hailo_status {
                let (src, dst) = ((src_shape, src_format), (dst_shape, dst_format));
                call(stringify!($former), || {
                    // SAFETY: the caller's pointers, see `FurtherApi`.
                    unsafe { required(Direction::$direction, src, dst, (quant_info, 1), answer) }
                })
            }
        )*
    };
}

required! {
    hailo_is_input_transformation_required2 hailo_is_input_transformation_required HostToDevice;
    hailo_is_output_transformation_required2 hailo_is_output_transformation_required DeviceToHost;
}

pub(super) unsafe extern "C" fn hailo_is_qp_valid(
    quant_info: hailo_quant_info_t,
    valid: *mut bool,
) -> hailo_status {
    call("hailo_is_qp_valid", || {
        // SAFETY: the caller's pointer, see `FurtherApi`.
        unsafe { pointers::write(valid, is_valid(&quantisation(&quant_info))) }
    })
}
