//! Calls for HEFs.

use std::ffi::{c_char, c_void};
use std::path::Path;
use std::sync::Arc;

use hailort_sys::status::*;
use hailort_sys::types::*;

use super::handles::HEFS;
use super::{call, log, pointers};
use crate::hef::layer::MAX_NAME;
use crate::hef::{Direction, Hef, HefError, NetworkGroup, Quantisation, StreamInfo};
use crate::version;

fn keep(name: &str, hef: *mut hailo_hef, parse: impl FnOnce() -> Result<Hef, HefError>) -> super::Answer {
    // Before anything is read: the place for the handle is wrong whatever the file says.
    if hef.is_null() {
        return Err(pointers::null());
    }
    let parsed = parse().map_err(|why| {
        log(name, &why.to_string());
        why.status_in(version::simulated())
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
        keep("hailo_create_hef_file", hef, || Hef::read_file(Path::new(&path), version::simulated()))
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
        keep("hailo_create_hef_buffer", hef, || Hef::read_bytes(bytes, version::simulated()))
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
        // The library keeps them by name.
        let mut groups: Vec<_> = hef.network_groups.iter().collect();
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        if groups.iter().any(|group| group.name.len() >= MAX_NAME) {
            log("hailo_get_network_groups_infos", "a network group has too long a name");
            return Err(HAILO_INTERNAL_FAILURE);
        }
        let all = groups.iter().map(|group| {
            let mut info = hailo_network_group_info_t::zeroed();
            set_text(&mut info.name, &group.name);
            info.is_multi_context = group.is_multi_context();
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
        let (group, network) = hef.find(&name).ok_or(HAILO_NOT_FOUND)?;
        let (inputs, outputs) = (group.host_inputs(network), host_outputs(group, network)?);
        if inputs.is_empty() || outputs.is_empty() {
            return Err(HAILO_NOT_FOUND);
        }
        let all = inputs.into_iter().chain(outputs).map(vstream_info).collect();
        // SAFETY: the caller's array, see `Api`.
        unsafe { pointers::fill(infos, count, all) }
    })
}

/// Outputs of the host's side, sorted.
fn host_outputs<'a>(
    group: &'a NetworkGroup,
    network: Option<&str>,
) -> Result<Vec<&'a StreamInfo>, hailo_status> {
    group.host_outputs(network).ok_or(HAILO_INTERNAL_FAILURE)
}

/// What the library says of a stream: the type is that of the chip until a user's format is set.
pub(super) fn vstream_info(stream: &StreamInfo) -> hailo_vstream_info_t {
    let mut info = hailo_vstream_info_t::zeroed();
    set_text(&mut info.name, &stream.name);
    set_text(&mut info.network_name, &stream.network_name);
    info.direction =
        if stream.direction == Direction::HostToDevice { HAILO_H2D_STREAM } else { HAILO_D2H_STREAM };
    let flags = if stream.is_transposed { HAILO_FORMAT_FLAGS_TRANSPOSED } else { HAILO_FORMAT_FLAGS_NONE };
    info.format = hailo_format_t { type_: stream.native_type(), order: stream.host_order(), flags };
    match stream.nms {
        None => info.shape.shape = image_shape([stream.height, stream.width, stream.features]),
        Some(nms) => {
            let per_class = nms.per_class.wrapping_mul(nms.chunks);
            info.format.type_ = HAILO_FORMAT_TYPE_FLOAT32;
            info.shape.nms_shape = hailo_nms_shape_t {
                number_of_classes: nms.classes,
                max_bboxes_per_class: per_class,
                max_bboxes_total: per_class.wrapping_mul(nms.classes),
                max_accumulated_mask_size: 0,
            };
        }
    }
    info.quant_info = quant_info(&stream.quantisation);
    info
}

pub(super) fn image_shape([height, width, features]: [u32; 3]) -> hailo_3d_image_shape_t {
    hailo_3d_image_shape_t { height, width, features }
}

pub(super) fn quant_info(q: &Quantisation) -> hailo_quant_info_t {
    hailo_quant_info_t { qp_zp: q.zp, qp_scale: q.scale, limvals_min: q.limits[0], limvals_max: q.limits[1] }
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
        let (group, _) = hef.find(&name).ok_or(HAILO_NOT_FOUND)?;
        if group.sorted_outputs.iter().any(|output| output.len() >= MAX_NAME) {
            return Err(HAILO_INTERNAL_FAILURE);
        }
        let all = group.sorted_outputs.iter().map(|output| {
            let mut layer = hailo_layer_name_t::zeroed();
            set_text(&mut layer.name, output);
            layer
        });
        // SAFETY: the caller's array, see `Api`.
        unsafe { pointers::fill(names, count, all.collect()) }
    })
}
