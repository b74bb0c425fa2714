//! Calls that tell what is in a HEF or in a configured group: streams, networks, names.

use std::ffi::c_char;
use std::sync::Arc;

use hailort_sys::status::*;
use hailort_sys::types::*;

use super::handles::{GROUPS, HEFS, INPUTS, OUTPUTS};
use super::hefs::{image_shape, quant_info};
use super::vstreams::default_params;
use super::{Answer, call, pointers};
use crate::hef::{Direction, Hef, NetworkGroup, StreamInfo};

/// What the library says of a stream.
pub(super) fn stream_info(stream: &StreamInfo) -> hailo_stream_info_t {
    let mut info = hailo_stream_info_t::zeroed();
    info.shape.shapes = hailo_stream_shapes_t {
        shape: image_shape([stream.height, stream.width, stream.features]),
        hw_shape: image_shape(stream.hw_shape),
    };
    if let Some(nms) = stream.nms {
        let mut out = hailo_nms_info_t::zeroed();
        out.number_of_classes = nms.classes;
        out.max_bboxes_per_class = nms.per_class;
        out.max_bboxes_total = nms.per_class.saturating_mul(nms.classes);
        out.bbox_size = nms.box_bytes;
        out.chunks_per_frame = nms.chunks;
        info.shape.nms_info = out;
    }
    info.hw_data_bytes = stream.data_bytes;
    info.hw_frame_size = stream.transfer_bytes();
    let flags = if stream.is_transposed { HAILO_FORMAT_FLAGS_TRANSPOSED } else { HAILO_FORMAT_FLAGS_NONE };
    info.format = hailo_format_t { type_: stream.native_type(), order: stream.device_order(), flags };
    info.direction =
        if stream.direction == Direction::HostToDevice { HAILO_H2D_STREAM } else { HAILO_D2H_STREAM };
    info.index = stream.index;
    set_text(&mut info.name, &stream.name);
    info.quant_info = quant_info(&stream.quantisation);
    info.is_mux = !stream.parts.is_empty();
    info
}

/// The quantisations of a stream: one, or one for each channel.
pub(super) fn quant_infos(stream: &StreamInfo) -> Vec<hailo_quant_info_t> {
    stream.by_feature.iter().map(quant_info).collect()
}

/// Streams of a group or of one of its networks, inputs first.
fn streams<'a>(group: &'a NetworkGroup, network: Option<&str>) -> Vec<&'a StreamInfo> {
    let wanted = |s: &&StreamInfo| network.is_none_or(|n| n == s.network_name);
    group.inputs.iter().chain(&group.outputs).filter(wanted).collect()
}

/// # Safety
/// As `FurtherApi` asks for.
unsafe fn named(hef: &Hef, name: *const c_char) -> Result<(&NetworkGroup, Option<String>), hailo_status> {
    // SAFETY: NULL, or the caller's string.
    let name = unsafe { pointers::string(name) }.unwrap_or_default();
    let (group, network) = hef.find(&name).ok_or(HAILO_NOT_FOUND)?;
    Ok((group, network.map(str::to_owned)))
}

pub(super) unsafe extern "C" fn hailo_hef_get_all_stream_infos(
    hef: hailo_hef,
    name: *const c_char,
    infos: *mut hailo_stream_info_t,
    capacity: usize,
    count: *mut usize,
) -> hailo_status {
    call("hailo_hef_get_all_stream_infos", || {
        let hef = HEFS.get(hef)?;
        // SAFETY: the caller's string, see `FurtherApi`.
        let (group, network) = unsafe { named(&hef, name) }?;
        let all = streams(group, network.as_deref());
        let has = |direction| all.iter().any(|s| s.direction == direction);
        if !has(Direction::HostToDevice) || !has(Direction::DeviceToHost) {
            return Err(HAILO_NOT_FOUND);
        }
        let all = all.into_iter().map(stream_info).collect();
        // SAFETY: the caller's array, see `FurtherApi`.
        unsafe { pointers::fill_all(infos, capacity, count, all) }
    })
}

pub(super) unsafe extern "C" fn hailo_hef_get_stream_info_by_name(
    hef: hailo_hef,
    group: *const c_char,
    name: *const c_char,
    direction: hailo_stream_direction_t,
    info: *mut hailo_stream_info_t,
) -> hailo_status {
    call("hailo_hef_get_stream_info_by_name", || {
        let hef = HEFS.get(hef)?;
        // SAFETY: the caller's strings, see `FurtherApi`.
        let ((group, _), name) = unsafe { (named(&hef, group)?, pointers::string(name)) };
        let name = name.ok_or_else(pointers::null)?;
        if info.is_null() {
            return Err(pointers::null());
        }
        let of = if direction == HAILO_H2D_STREAM { &group.inputs } else { &group.outputs };
        let found = of.iter().find(|s| s.name == name).ok_or(HAILO_NOT_FOUND)?;
        // SAFETY: the caller's pointer, see `FurtherApi`.
        unsafe { pointers::write(info, stream_info(found)) }
    })
}

fn layer_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<hailo_layer_name_t> {
    let one = |name| {
        let mut layer = hailo_layer_name_t::zeroed();
        set_text(&mut layer.name, name);
        layer
    };
    names.into_iter().map(one).collect()
}

/// Streams of the host's side, with the stream that each is carried by.
fn carried(group: &NetworkGroup) -> Vec<(&StreamInfo, &StreamInfo)> {
    let all = group.inputs.iter().chain(&group.outputs);
    all.flat_map(|stream| stream.host_side().into_iter().map(move |vstream| (vstream, stream))).collect()
}

pub(super) unsafe extern "C" fn hailo_hef_get_vstream_name_from_original_name(
    hef: hailo_hef,
    group: *const c_char,
    original: *const c_char,
    name: *mut hailo_layer_name_t,
) -> hailo_status {
    call("hailo_hef_get_vstream_name_from_original_name", || {
        let hef = HEFS.get(hef)?;
        // SAFETY: the caller's strings, see `FurtherApi`.
        let ((group, _), original) = unsafe { (named(&hef, group)?, pointers::string(original)) };
        let original = original.ok_or_else(pointers::null)?;
        let all = carried(group);
        let found = all.iter().find(|(v, _)| v.original_names.contains(&original)).ok_or(HAILO_NOT_FOUND)?;
        // SAFETY: the caller's pointer, see `FurtherApi`.
        unsafe { pointers::write(name, layer_names([found.0.name.as_str()])[0]) }
    })
}

pub(super) unsafe extern "C" fn hailo_hef_get_original_names_from_vstream_name(
    hef: hailo_hef,
    group: *const c_char,
    vstream: *const c_char,
    names: *mut hailo_layer_name_t,
    count: *mut usize,
) -> hailo_status {
    // SAFETY: the caller's pointers, see `FurtherApi`.
    unsafe {
        names_of(
            "hailo_hef_get_original_names_from_vstream_name",
            hef,
            group,
            vstream,
            names,
            count,
            |group, name| {
                let found = carried(group).into_iter().find(|(v, _)| v.name == name);
                found.map(|(v, _)| v.original_names.clone()).unwrap_or_default()
            },
        )
    }
}

pub(super) unsafe extern "C" fn hailo_hef_get_vstream_names_from_stream_name(
    hef: hailo_hef,
    group: *const c_char,
    stream: *const c_char,
    names: *mut hailo_layer_name_t,
    count: *mut usize,
) -> hailo_status {
    // SAFETY: the caller's pointers, see `FurtherApi`.
    unsafe {
        names_of(
            "hailo_hef_get_vstream_names_from_stream_name",
            hef,
            group,
            stream,
            names,
            count,
            |group, name| {
                carried(group)
                    .into_iter()
                    .filter(|(_, s)| s.name == name)
                    .map(|(v, _)| v.name.clone())
                    .collect()
            },
        )
    }
}

pub(super) unsafe extern "C" fn hailo_hef_get_stream_names_from_vstream_name(
    hef: hailo_hef,
    group: *const c_char,
    vstream: *const c_char,
    names: *mut hailo_layer_name_t,
    count: *mut usize,
) -> hailo_status {
    // SAFETY: the caller's pointers, see `FurtherApi`.
    unsafe {
        names_of(
            "hailo_hef_get_stream_names_from_vstream_name",
            hef,
            group,
            vstream,
            names,
            count,
            |group, name| {
                carried(group)
                    .into_iter()
                    .filter(|(v, _)| v.name == name)
                    .map(|(_, s)| s.name.clone())
                    .collect()
            },
        )
    }
}

/// Names that `find` answers for a name; none are "not found".
///
/// # Safety
/// As `FurtherApi` asks for.
unsafe fn names_of(
    call_name: &'static str,
    hef: hailo_hef,
    group: *const c_char,
    name: *const c_char,
    names: *mut hailo_layer_name_t,
    count: *mut usize,
    find: impl Fn(&NetworkGroup, &str) -> Vec<String>,
) -> hailo_status {
    call(call_name, || {
        let hef = HEFS.get(hef)?;
        // SAFETY: the caller's strings.
        let ((group, _), name) = unsafe { (named(&hef, group)?, pointers::string(name)) };
        let found = find(group, &name.ok_or_else(pointers::null)?);
        if found.is_empty() {
            return Err(HAILO_NOT_FOUND);
        }
        // SAFETY: the caller's array.
        unsafe { pointers::fill(names, count, layer_names(found.iter().map(String::as_str))) }
    })
}

pub(super) unsafe extern "C" fn hailo_hef_get_bottleneck_fps(
    hef: hailo_hef,
    group: *const c_char,
    fps: *mut f64,
) -> hailo_status {
    call("hailo_hef_get_bottleneck_fps", || {
        let hef = HEFS.get(hef)?;
        // SAFETY: the caller's string, see `FurtherApi`.
        let (group, _) = unsafe { named(&hef, group) }?;
        if group.bottleneck_fps == 0.0 {
            // The compiler did not say.
            return Err(HAILO_NOT_AVAILABLE);
        }
        // SAFETY: the caller's pointer, see `FurtherApi`.
        unsafe { pointers::write(fps, group.bottleneck_fps) }
    })
}

fn network_infos(group: &NetworkGroup) -> Vec<hailo_network_info_t> {
    let one = |name: &String| {
        let mut info = hailo_network_info_t::zeroed();
        set_text(&mut info.name, name);
        info
    };
    group.networks.iter().map(one).collect()
}

pub(super) unsafe extern "C" fn hailo_hef_get_network_infos(
    hef: hailo_hef,
    group: *const c_char,
    infos: *mut hailo_network_info_t,
    count: *mut usize,
) -> hailo_status {
    call("hailo_hef_get_network_infos", || {
        let hef = HEFS.get(hef)?;
        // SAFETY: the caller's string, see `FurtherApi`.
        let (group, _) = unsafe { named(&hef, group) }?;
        // SAFETY: the caller's array, see `FurtherApi`.
        unsafe { pointers::fill(infos, count, network_infos(group)) }
    })
}

pub(super) unsafe extern "C" fn hailo_get_network_infos(
    group: hailo_configured_network_group,
    infos: *mut hailo_network_info_t,
    count: *mut usize,
) -> hailo_status {
    call("hailo_get_network_infos", || {
        let group = GROUPS.get(group)?;
        // SAFETY: the caller's array, see `FurtherApi`.
        unsafe { pointers::fill(infos, count, network_infos(&group.hef)) }
    })
}

/// Streams of a configured group, of these directions.
///
/// # Safety
/// As `FurtherApi` asks for.
unsafe fn of_group(
    name: &'static str,
    group: hailo_configured_network_group,
    infos: *mut hailo_stream_info_t,
    capacity: usize,
    count: *mut usize,
    directions: &[Direction],
) -> hailo_status {
    call(name, || {
        let group = GROUPS.get(group)?;
        let all = streams(&group.hef, None).into_iter().filter(|s| directions.contains(&s.direction));
        // SAFETY: the caller's array.
        unsafe { pointers::fill_all(infos, capacity, count, all.map(stream_info).collect()) }
    })
}

macro_rules! of_groups {
    ($($name:ident $directions:expr;)*) => {
        $(pub(super) unsafe extern "C" fn $name(
            group: hailo_configured_network_group,
            infos: *mut hailo_stream_info_t,
            capacity: usize,
            count: *mut usize,
        ) -> hailo_status {
            // SAFETY: the caller's pointers, see `FurtherApi`.
            unsafe { of_group(stringify!($name), group, infos, capacity, count, $directions) }
        })*
    };
}

of_groups! {
    hailo_network_group_get_all_stream_infos &[Direction::HostToDevice, Direction::DeviceToHost];
    hailo_network_group_get_input_stream_infos &[Direction::HostToDevice];
    hailo_network_group_get_output_stream_infos &[Direction::DeviceToHost];
}

macro_rules! make_params {
    ($($name:ident $params:ident $streams:expr;)*) => {
        $(pub(super) unsafe extern "C" fn $name(
            hef: hailo_hef,
            of: *const c_char,
            _unused: bool,
            format_type: hailo_format_type_t,
            params: *mut $params,
            count: *mut usize,
        ) -> hailo_status {
            call(stringify!($name), || {
                let hef = HEFS.get(hef)?;
                // SAFETY: the caller's string, see `FurtherApi`.
                let (group, network) = unsafe { named(&hef, of) }?;
                let streams: fn(&NetworkGroup, Option<&str>) -> Option<Vec<String>> = $streams;
                let mut names = streams(group, network.as_deref()).ok_or(HAILO_INTERNAL_FAILURE)?;
                names.sort();
                let all = names.iter().map(|name| {
                    let mut out = $params::zeroed();
                    set_text(&mut out.name, name);
                    out.params = default_params(format_type);
                    out
                });
                // SAFETY: the caller's array, see `FurtherApi`.
                unsafe { pointers::fill(params, count, all.collect()) }
            })
        })*
    };
}

fn names(streams: Vec<&StreamInfo>) -> Vec<String> {
    streams.into_iter().map(|s| s.name.clone()).collect()
}

make_params! {
    hailo_hef_make_input_vstream_params hailo_input_vstream_params_by_name_t
        |group, network| Some(names(group.host_inputs(network)));
    hailo_hef_make_output_vstream_params hailo_output_vstream_params_by_name_t
        |group, network| group.host_outputs(network).map(names);
}

pub(super) unsafe extern "C" fn hailo_get_output_vstream_groups(
    group: hailo_configured_network_group,
    names: *mut hailo_output_vstream_name_by_group_t,
    count: *mut usize,
) -> hailo_status {
    call("hailo_get_output_vstream_groups", || {
        let group = GROUPS.get(group)?;
        // Outputs that share a transfer have to be read by one thread.
        let all = group.hef.outputs.iter().enumerate().flat_map(|(index, stream)| {
            stream.host_side().into_iter().map(move |vstream| {
                let mut out = hailo_output_vstream_name_by_group_t::zeroed();
                set_text(&mut out.name, &vstream.name);
                out.pipeline_group_index = u8::try_from(index).unwrap_or(u8::MAX);
                out
            })
        });
        // SAFETY: the caller's array, see `FurtherApi`.
        unsafe { pointers::fill(names, count, all.collect()) }
    })
}

macro_rules! of_vstreams {
    ($($table:ident $handle:ident $ports:ident $format:ident $quant:ident;)*) => {
        $(
            pub(super) unsafe extern "C" fn $format(vstream: $handle, format: *mut hailo_format_t) -> hailo_status {
                call(stringify!($format), || {
                    let vstream = $table.get(vstream)?;
                    // SAFETY: the caller's pointer, see `FurtherApi`.
                    unsafe { pointers::write(format, vstream.format) }
                })
            }

            pub(super) unsafe extern "C" fn $quant(
                vstream: $handle,
                infos: *mut hailo_quant_info_t,
                count: *mut usize,
            ) -> hailo_status {
                call(stringify!($quant), || {
                    let vstream = $table.get(vstream)?;
                    let (group, port) = vstream.port();
                    // SAFETY: the caller's array, see `FurtherApi`.
                    unsafe { pointers::fill(infos, count, quant_infos(&group.$ports[port].info)) }
                })
            }
        )*
    };
}

of_vstreams! {
    INPUTS hailo_input_vstream inputs hailo_get_input_vstream_user_format hailo_get_input_vstream_quant_infos;
    OUTPUTS hailo_output_vstream outputs hailo_get_output_vstream_user_format hailo_get_output_vstream_quant_infos;
}

/// Does something to each vstream.
///
/// # Safety
/// As `FurtherApi` asks for.
unsafe fn each<T, H>(
    table: &super::handles::Table<T>,
    vstreams: *const *mut H,
    count: usize,
    what: impl Fn(&T),
) -> Answer {
    // SAFETY: the caller's array.
    let handles = unsafe { pointers::slice(vstreams, count) }?;
    let all: Vec<Arc<T>> = handles.iter().map(|h| table.get(*h)).collect::<Result<_, _>>()?;
    all.iter().for_each(|vstream| what(vstream));
    Ok(())
}

pub(super) unsafe extern "C" fn hailo_clear_input_vstreams(
    vstreams: *const hailo_input_vstream,
    count: usize,
) -> hailo_status {
    // SAFETY: the caller's array, see `FurtherApi`.
    call("hailo_clear_input_vstreams", || unsafe { each(&INPUTS, vstreams, count, |v| v.clear()) })
}

pub(super) unsafe extern "C" fn hailo_clear_output_vstreams(
    vstreams: *const hailo_output_vstream,
    count: usize,
) -> hailo_status {
    // SAFETY: the caller's array, see `FurtherApi`.
    call("hailo_clear_output_vstreams", || unsafe { each(&OUTPUTS, vstreams, count, |v| v.clear()) })
}

pub(super) unsafe extern "C" fn hailo_flush_input_vstream(vstream: hailo_input_vstream) -> hailo_status {
    call("hailo_flush_input_vstream", || {
        let vstream = INPUTS.get(vstream)?;
        if vstream.flush() > 0 { Err(HAILO_TIMEOUT) } else { Ok(()) }
    })
}
