//! Wrong arguments.

use std::ptr::{null, null_mut, without_provenance_mut as pointer};

use hailort_sys::FurtherApi;
use hailort_sys::status::{HAILO_INVALID_ARGUMENT, HAILO_SUCCESS};
use hailort_sys::types::*;

use crate::library;

static SHAPE: hailo_3d_image_shape_t = hailo_3d_image_shape_t { height: 2, width: 8, features: 3 };
const BYTES: usize = 48;
static FORMAT: hailo_format_t = hailo_format_t {
    type_: HAILO_FORMAT_TYPE_UINT8,
    order: HAILO_FORMAT_ORDER_NHWC,
    flags: HAILO_FORMAT_FLAGS_NONE,
};
static QUANT: hailo_quant_info_t =
    hailo_quant_info_t { qp_zp: 0.0, qp_scale: 1.0, limvals_min: 0.0, limvals_max: 255.0 };

fn stream_info() -> hailo_stream_info_t {
    let mut info = hailo_stream_info_t::zeroed();
    info.shape.shapes = hailo_stream_shapes_t { shape: SHAPE, hw_shape: SHAPE };
    (info.format, info.quant_info) = (FORMAT, QUANT);
    info
}

/// Each call with NULL in the place of one pointer after the other, all else being right.
fn answers_to_null(a: &FurtherApi) -> Vec<(&'static str, hailo_status)> {
    let info = stream_info();
    let params =
        hailo_transform_params_t { transform_mode: HAILO_STREAM_TRANSFORM_COPY, user_buffer_format: FORMAT };
    let (mut vinfo, mut user, mut size, mut yes) = (hailo_vstream_info_t::zeroed(), FORMAT, 0, false);
    let (mut input, mut output) = (null_mut(), null_mut());
    let (mut from, mut to) = (vec![0u8; BYTES], vec![0u8; BYTES]);
    let (i, p, q, f, s) =
        (&raw const info, &raw const params, &raw const QUANT, &raw const FORMAT, &raw const SHAPE);
    let (y, src, dst) = (&raw mut yes, from.as_mut_ptr().cast(), to.as_mut_ptr().cast());
    // SAFETY: NULL is what is tried; all other pointers are valid for what the call does with them.
    #[rustfmt::skip]
    let answers = unsafe {
        assert_eq!((a.hailo_create_input_transform_context)(i, p, &raw mut input), HAILO_SUCCESS);
        assert_eq!((a.hailo_create_output_transform_context)(i, p, &raw mut output), HAILO_SUCCESS);
        let answers = vec![
            ("hailo_get_vstream_frame_size", (a.hailo_get_vstream_frame_size)(null_mut(), &raw mut user, &raw mut size)),
            ("hailo_get_vstream_frame_size", (a.hailo_get_vstream_frame_size)(&raw mut vinfo, null_mut(), &raw mut size)),
            ("hailo_get_vstream_frame_size", (a.hailo_get_vstream_frame_size)(&raw mut vinfo, &raw mut user, null_mut())),
            ("hailo_create_input_transform_context", (a.hailo_create_input_transform_context)(null(), p, &mut null_mut())),
            ("hailo_create_input_transform_context", (a.hailo_create_input_transform_context)(i, null(), &mut null_mut())),
            ("hailo_create_input_transform_context", (a.hailo_create_input_transform_context)(i, p, null_mut())),
            ("hailo_create_input_transform_context_by_stream", (a.hailo_create_input_transform_context_by_stream)(null_mut(), p, &mut null_mut())),
            ("hailo_release_input_transform_context", (a.hailo_release_input_transform_context)(null_mut())),
            ("hailo_transform_frame_by_input_transform_context", (a.hailo_transform_frame_by_input_transform_context)(null_mut(), src, BYTES, dst, BYTES)),
            ("hailo_transform_frame_by_input_transform_context", (a.hailo_transform_frame_by_input_transform_context)(input, null(), BYTES, dst, BYTES)),
            ("hailo_transform_frame_by_input_transform_context", (a.hailo_transform_frame_by_input_transform_context)(input, src, BYTES, null_mut(), BYTES)),
            ("hailo_create_output_transform_context", (a.hailo_create_output_transform_context)(null(), p, &mut null_mut())),
            ("hailo_create_output_transform_context", (a.hailo_create_output_transform_context)(i, null(), &mut null_mut())),
            ("hailo_create_output_transform_context", (a.hailo_create_output_transform_context)(i, p, null_mut())),
            ("hailo_create_output_transform_context_by_stream", (a.hailo_create_output_transform_context_by_stream)(null_mut(), p, &mut null_mut())),
            ("hailo_release_output_transform_context", (a.hailo_release_output_transform_context)(null_mut())),
            ("hailo_transform_frame_by_output_transform_context", (a.hailo_transform_frame_by_output_transform_context)(null_mut(), src, BYTES, dst, BYTES)),
            ("hailo_transform_frame_by_output_transform_context", (a.hailo_transform_frame_by_output_transform_context)(output, null(), BYTES, dst, BYTES)),
            ("hailo_transform_frame_by_output_transform_context", (a.hailo_transform_frame_by_output_transform_context)(output, src, BYTES, null_mut(), BYTES)),
            ("hailo_is_input_transformation_required2", (a.hailo_is_input_transformation_required2)(null(), f, s, f, q, 1, y)),
            ("hailo_is_input_transformation_required2", (a.hailo_is_input_transformation_required2)(s, null(), s, f, q, 1, y)),
            ("hailo_is_input_transformation_required2", (a.hailo_is_input_transformation_required2)(s, f, null(), f, q, 1, y)),
            ("hailo_is_input_transformation_required2", (a.hailo_is_input_transformation_required2)(s, f, s, null(), q, 1, y)),
            ("hailo_is_input_transformation_required2", (a.hailo_is_input_transformation_required2)(s, f, s, f, null(), 1, y)),
            ("hailo_is_input_transformation_required2", (a.hailo_is_input_transformation_required2)(s, f, s, f, null(), 0, y)),
            ("hailo_is_input_transformation_required2", (a.hailo_is_input_transformation_required2)(s, f, s, f, q, 1, null_mut())),
            ("hailo_is_output_transformation_required2", (a.hailo_is_output_transformation_required2)(null(), f, s, f, q, 1, y)),
            ("hailo_is_output_transformation_required2", (a.hailo_is_output_transformation_required2)(s, f, s, f, null(), 1, y)),
            ("hailo_is_output_transformation_required2", (a.hailo_is_output_transformation_required2)(s, f, s, f, q, 1, null_mut())),
            ("hailo_is_input_transformation_required", (a.hailo_is_input_transformation_required)(s, f, s, f, null(), y)),
            ("hailo_is_input_transformation_required", (a.hailo_is_input_transformation_required)(s, f, s, f, q, null_mut())),
            ("hailo_is_output_transformation_required", (a.hailo_is_output_transformation_required)(s, f, s, f, null(), y)),
            ("hailo_is_output_transformation_required", (a.hailo_is_output_transformation_required)(s, f, s, f, q, null_mut())),
            ("hailo_is_qp_valid", (a.hailo_is_qp_valid)(QUANT, null_mut())),
        ];
        assert_eq!((a.hailo_release_input_transform_context)(input), HAILO_SUCCESS);
        assert_eq!((a.hailo_release_output_transform_context)(output), HAILO_SUCCESS);
        answers
    };
    answers
}

#[test]
fn null_is_an_invalid_argument_for_every_call() {
    for (name, status) in answers_to_null(&hailort_sim::further_api()) {
        assert_eq!(status, HAILO_INVALID_ARGUMENT, "{name}");
    }
    if let Some(library) = library::named() {
        for (name, status) in answers_to_null(&library) {
            assert_eq!(status, HAILO_INVALID_ARGUMENT, "{name} of the library");
        }
    }
}

#[test]
fn a_size_of_nothing_is_no_bytes() {
    let api = hailort_sim::further_api();
    let info = stream_info();
    let params = hailo_transform_params_t { transform_mode: 0, user_buffer_format: FORMAT };
    // SAFETY: NULL is what is tried, the other pointers are to values. The library crashes on this.
    let sizes = unsafe {
        [
            (api.hailo_get_host_frame_size)(null(), &raw const params),
            (api.hailo_get_host_frame_size)(&raw const info, null()),
        ]
    };
    assert_eq!(sizes, [0, 0]);
}

#[test]
fn contexts_that_are_gone_or_of_the_other_kind_are_refused() {
    let a = hailort_sim::further_api();
    let info = stream_info();
    let params = hailo_transform_params_t { transform_mode: 0, user_buffer_format: FORMAT };
    let mut context: hailo_input_transform_context = null_mut();
    let (from, mut to) = ([1u8; BYTES], [0u8; BYTES]);
    let (src, dst) = (from.as_ptr().cast(), to.as_mut_ptr().cast());
    // SAFETY: the simulator takes any number for a handle; the other pointers are valid.
    unsafe {
        assert_eq!((a.hailo_create_input_transform_context)(&info, &params, &raw mut context), HAILO_SUCCESS);
        let apply =
            |context| (a.hailo_transform_frame_by_input_transform_context)(context, src, BYTES, dst, BYTES);
        assert_eq!(apply(context), HAILO_SUCCESS);
        let other = pointer(context.addr());
        let answer = (a.hailo_transform_frame_by_output_transform_context)(other, src, BYTES, dst, BYTES);
        assert_eq!(answer, HAILO_INVALID_ARGUMENT);
        assert_eq!((a.hailo_release_output_transform_context)(other), HAILO_INVALID_ARGUMENT);
        assert_eq!((a.hailo_release_input_transform_context)(context), HAILO_SUCCESS);
        assert_eq!(apply(context), HAILO_INVALID_ARGUMENT);
        assert_eq!((a.hailo_release_input_transform_context)(context), HAILO_INVALID_ARGUMENT);
    }
    assert_eq!(to, from);
}
