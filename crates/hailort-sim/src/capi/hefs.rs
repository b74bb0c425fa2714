//! Calls for HEFs.

use std::ffi::{c_char, c_void};
use std::path::Path;
use std::sync::Arc;

use hailort_sys::status::*;
use hailort_sys::types::*;

use super::handles::HEFS;
use super::{call, log, pointers};
use crate::hef::{Direction, Hef, HefError, NetworkGroup, StreamInfo};

fn keep(name: &str, hef: *mut hailo_hef, parse: impl FnOnce() -> Result<Hef, HefError>) -> super::Answer {
    // Before anything is read: the place for the handle is wrong whatever the file says.
    if hef.is_null() {
        return Err(pointers::null());
    }
    let parsed = parse().map_err(|why| {
        log(name, &why.to_string());
        why.status()
    })?;
    // SAFETY: the caller's pointer, see `Api`.
    unsafe { pointers::write(hef, HEFS.insert(Arc::new(parsed))) }
}

pub(super) unsafe extern "C" fn hailo_create_hef_file(
    hef: *mut hailo_hef,
    file_name: *const c_char,
) -> hailo_status {
    call("hailo_create_hef_file", || {
        // SAFETY: the caller's string, see `Api`.
        let path = unsafe { pointers::string(file_name) }.ok_or_else(pointers::null)?;
        keep("hailo_create_hef_file", hef, || Hef::from_file(Path::new(&path)))
    })
}

pub(super) unsafe extern "C" fn hailo_create_hef_buffer(
    hef: *mut hailo_hef,
    buffer: *const c_void,
    size: usize,
) -> hailo_status {
    call("hailo_create_hef_buffer", || {
        // SAFETY: the caller's buffer, see `Api`.
        let bytes = unsafe { pointers::slice(buffer.cast::<u8>(), size) }?;
        keep("hailo_create_hef_buffer", hef, || Hef::from_bytes(bytes))
    })
}

pub(super) unsafe extern "C" fn hailo_release_hef(hef: hailo_hef) -> hailo_status {
    call("hailo_release_hef", || HEFS.remove(hef).map(drop))
}

pub(super) unsafe extern "C" fn hailo_get_network_groups_infos(
    hef: hailo_hef,
    infos: *mut hailo_network_group_info_t,
    count: *mut usize,
) -> hailo_status {
    call("hailo_get_network_groups_infos", || {
        let hef = HEFS.get(hef)?;
        let all = hef.network_groups.iter().map(|group| {
            let mut info = hailo_network_group_info_t::zeroed();
            set_text(&mut info.name, &group.name);
            info.is_multi_context = group.is_multi_context;
            info
        });
        // SAFETY: the caller's array, see `Api`.
        unsafe { pointers::fill(infos, count, all.collect()) }
    })
}

pub(super) unsafe extern "C" fn hailo_hef_get_all_vstream_infos(
    hef: hailo_hef,
    name: *const c_char,
    infos: *mut hailo_vstream_info_t,
    count: *mut usize,
) -> hailo_status {
    call("hailo_hef_get_all_vstream_infos", || {
        let hef = HEFS.get(hef)?;
        // SAFETY: the caller's string, see `Api`.
        let name = unsafe { pointers::string(name) }.unwrap_or_default();
        let group = hef.group(&name).ok_or(HAILO_NOT_FOUND)?;
        let all = group.inputs.iter().chain(&group.outputs).map(|s| vstream_info(group, s)).collect();
        // SAFETY: the caller's array, see `Api`.
        unsafe { pointers::fill(infos, count, all) }
    })
}

/// What the library says of a stream: the format is that of the chip until a user's format is set.
pub(super) fn vstream_info(group: &NetworkGroup, stream: &StreamInfo) -> hailo_vstream_info_t {
    let mut info = hailo_vstream_info_t::zeroed();
    set_text(&mut info.name, &stream.name);
    set_text(&mut info.network_name, &group.network_name);
    info.direction =
        if stream.direction == Direction::HostToDevice { HAILO_H2D_STREAM } else { HAILO_D2H_STREAM };
    // On the chip the order may be a special one; the host always sees NHWC.
    let order =
        if stream.order == HAILO_FORMAT_ORDER_NC { HAILO_FORMAT_ORDER_NC } else { HAILO_FORMAT_ORDER_NHWC };
    info.format = hailo_format_t { type_: stream.native_type(), order, flags: HAILO_FORMAT_FLAGS_NONE };
    info.shape = hailo_vstream_shape_t {
        shape: hailo_3d_image_shape_t {
            height: stream.height,
            width: stream.width,
            features: stream.features,
        },
    };
    info.quant_info = hailo_quant_info_t {
        qp_zp: stream.qp_zp,
        qp_scale: stream.qp_scale,
        limvals_min: stream.limits[0],
        limvals_max: stream.limits[1],
    };
    info
}

pub(super) unsafe extern "C" fn hailo_hef_get_sorted_output_names(
    hef: hailo_hef,
    name: *const c_char,
    names: *mut hailo_layer_name_t,
    count: *mut usize,
) -> hailo_status {
    call("hailo_hef_get_sorted_output_names", || {
        let hef = HEFS.get(hef)?;
        // SAFETY: the caller's string, see `Api`.
        let name = unsafe { pointers::string(name) }.unwrap_or_default();
        let group = hef.group(&name).ok_or(HAILO_NOT_FOUND)?;
        let all = group.sorted_outputs.iter().map(|output| {
            let mut layer = hailo_layer_name_t::zeroed();
            set_text(&mut layer.name, output);
            layer
        });
        // SAFETY: the caller's array, see `Api`.
        unsafe { pointers::fill(names, count, all.collect()) }
    })
}
