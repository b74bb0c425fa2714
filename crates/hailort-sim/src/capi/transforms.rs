//! Calls that convert frames between host and device, without any device.

use std::ffi::c_void;

use hailort_sys::status::*;
use hailort_sys::types::*;

use super::call;

macro_rules! later {
    ($($name:ident($($type:ty),*);)*) => {
        $(pub(super) unsafe extern "C" fn $name($(_: $type),*) -> hailo_status {
            call(stringify!($name), || Err(HAILO_NOT_IMPLEMENTED))
        })*
    };
}

later! {
    hailo_get_vstream_frame_size(*mut hailo_vstream_info_t, *mut hailo_format_t, *mut usize);
    hailo_create_input_transform_context(*const hailo_stream_info_t, *const hailo_transform_params_t, *mut hailo_input_transform_context);
    hailo_create_input_transform_context_by_stream(hailo_input_stream, *const hailo_transform_params_t, *mut hailo_input_transform_context);
    hailo_release_input_transform_context(hailo_input_transform_context);
    hailo_transform_frame_by_input_transform_context(hailo_input_transform_context, *const c_void, usize, *mut c_void, usize);
    hailo_create_output_transform_context(*const hailo_stream_info_t, *const hailo_transform_params_t, *mut hailo_output_transform_context);
    hailo_create_output_transform_context_by_stream(hailo_output_stream, *const hailo_transform_params_t, *mut hailo_output_transform_context);
    hailo_release_output_transform_context(hailo_output_transform_context);
    hailo_transform_frame_by_output_transform_context(hailo_output_transform_context, *const c_void, usize, *mut c_void, usize);
    hailo_is_input_transformation_required2(*const hailo_3d_image_shape_t, *const hailo_format_t, *const hailo_3d_image_shape_t, *const hailo_format_t, *const hailo_quant_info_t, usize, *mut bool);
    hailo_is_output_transformation_required2(*const hailo_3d_image_shape_t, *const hailo_format_t, *const hailo_3d_image_shape_t, *const hailo_format_t, *const hailo_quant_info_t, usize, *mut bool);
    hailo_is_input_transformation_required(*const hailo_3d_image_shape_t, *const hailo_format_t, *const hailo_3d_image_shape_t, *const hailo_format_t, *const hailo_quant_info_t, *mut bool);
    hailo_is_output_transformation_required(*const hailo_3d_image_shape_t, *const hailo_format_t, *const hailo_3d_image_shape_t, *const hailo_format_t, *const hailo_quant_info_t, *mut bool);
    hailo_is_qp_valid(hailo_quant_info_t, *mut bool);
}

pub(super) unsafe extern "C" fn hailo_get_host_frame_size(
    _stream_info: *const hailo_stream_info_t,
    _params: *const hailo_transform_params_t,
) -> usize {
    0
}
