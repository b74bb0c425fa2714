//! Calls for vstreams.

use std::ffi::c_void;
use std::sync::Arc;
use std::time::Duration;

use hailort_sys::status::*;
use hailort_sys::types::*;

use super::handles::{GROUPS, INPUTS, OUTPUTS, Table};
use super::hefs::vstream_info;
use super::{Answer, Special, call, log, pointers, special};
use crate::faults::corrupt::corrupt;
use crate::faults::hang;
use crate::frames::transform::{InputTransform, OutputTransform, quantised, values};
use crate::hef::StreamInfo;
use crate::misuse::{self, Wrong};
use crate::runtime::group::{Group, Port};
use crate::runtime::vstream::{InputVStream, OutputVStream, TransferError};

/// The timeout that never ends.
const INFINITE: u32 = u32::MAX;
/// Bytes of an element of a float32 frame.
const FLOAT: usize = 4;

pub(super) fn default_params(format_type: hailo_format_type_t) -> hailo_vstream_params_t {
    hailo_vstream_params_t {
        user_buffer_format: hailo_format_t {
            type_: format_type,
            order: HAILO_FORMAT_ORDER_AUTO,
            flags: HAILO_FORMAT_FLAGS_NONE,
        },
        timeout_ms: HAILO_DEFAULT_VSTREAM_TIMEOUT_MS,
        queue_size: HAILO_DEFAULT_VSTREAM_QUEUE_SIZE,
        vstream_stats_flags: 0,
        pipeline_elements_stats_flags: 0,
    }
}

pub(super) unsafe extern "C" fn hailo_make_input_vstream_params(
    group: hailo_configured_network_group,
    _unused: bool,
    format_type: hailo_format_type_t,
    params: *mut hailo_input_vstream_params_by_name_t,
    count: *mut usize,
) -> hailo_status {
    let name = "hailo_make_input_vstream_params";
    call(name, || {
        let all = GROUPS
            .get(group)?
            .inputs
            .iter()
            .map(|port| {
                let mut named = hailo_input_vstream_params_by_name_t::zeroed();
                set_text(&mut named.name, &port.info.name);
                named.params = default_params(format_type);
                named
            })
            .collect();
        // SAFETY: the caller's array, see `Api`.
        unsafe { pointers::fill(params, count, sorted(all, |p| text(&p.name))) }
    })
}

/// The library keeps parameters by name.
fn sorted<T>(mut params: Vec<T>, name: impl Fn(&T) -> String) -> Vec<T> {
    params.sort_by_key(name);
    params
}

pub(super) unsafe extern "C" fn hailo_make_output_vstream_params(
    group: hailo_configured_network_group,
    _unused: bool,
    format_type: hailo_format_type_t,
    params: *mut hailo_output_vstream_params_by_name_t,
    count: *mut usize,
) -> hailo_status {
    let name = "hailo_make_output_vstream_params";
    call(name, || {
        let all = GROUPS
            .get(group)?
            .outputs
            .iter()
            .map(|port| {
                let mut named = hailo_output_vstream_params_by_name_t::zeroed();
                set_text(&mut named.name, &port.info.name);
                named.params = default_params(format_type);
                named
            })
            .collect();
        // SAFETY: the caller's array, see `Api`.
        unsafe { pointers::fill(params, count, sorted(all, |p| text(&p.name))) }
    })
}

/// Makes one vstream for each set of parameters; on failure none is left.
fn create<V>(
    name: &str,
    ports: &[Port],
    wanted: &[(String, hailo_vstream_params_t)],
    make: impl Fn(usize, usize, Option<Duration>) -> Option<V>,
    convert: impl Fn(V, &StreamInfo, hailo_format_t) -> Result<V, hailo_status>,
) -> Result<Vec<V>, hailo_status> {
    wanted
        .iter()
        .map(|(stream, params)| {
            let port = ports.iter().position(|p| p.info.name == *stream).ok_or(HAILO_NOT_FOUND)?;
            if params.queue_size == 0 {
                return Err(HAILO_INVALID_ARGUMENT);
            }
            let timeout =
                (params.timeout_ms != INFINITE).then(|| Duration::from_millis(u64::from(params.timeout_ms)));
            let made = make(port, params.queue_size as usize, timeout).ok_or_else(|| {
                log(name, &format!("{stream} has a vstream already"));
                HAILO_INVALID_OPERATION
            })?;
            let info = &ports[port].info;
            convert(made, info, expanded(params.user_buffer_format, info))
        })
        .collect()
}

/// What stands for "automatic" in a user's format.
fn expanded(mut format: hailo_format_t, info: &StreamInfo) -> hailo_format_t {
    if format.type_ == HAILO_FORMAT_TYPE_AUTO {
        format.type_ = info.native_type();
    }
    if format.order == HAILO_FORMAT_ORDER_AUTO {
        format.order = info.host_order();
    }
    format
}

/// Whether frames of this format hold what the network computes with.
fn is_as_computed(format: hailo_format_t, info: &StreamInfo) -> bool {
    format.type_ == HAILO_FORMAT_TYPE_FLOAT32
        && format.order == info.host_order()
        && format.flags == HAILO_FORMAT_FLAGS_NONE
        && info.nms.is_none()
}

/// Makes inputs for these parameters, or none.
pub(super) fn make_inputs(
    name: &str,
    group: &Arc<Group>,
    wanted: &[(String, hailo_vstream_params_t)],
) -> Result<Vec<InputVStream>, hailo_status> {
    create(
        name,
        &group.inputs,
        wanted,
        |port, queue, timeout| InputVStream::new(group, port, queue, timeout),
        |mut made, info, format| {
            made.format = format;
            if !is_as_computed(format, info) {
                made.conversion = Some(InputTransform::new(info, format)?);
            }
            Ok(made)
        },
    )
}

/// Makes outputs for these parameters, or none.
pub(super) fn make_outputs(
    name: &str,
    group: &Arc<Group>,
    wanted: &[(String, hailo_vstream_params_t)],
) -> Result<Vec<OutputVStream>, hailo_status> {
    create(
        name,
        &group.outputs,
        wanted,
        |port, queue, timeout| OutputVStream::new(group, port, queue, timeout),
        |mut made, info, format| {
            made.format = format;
            if !is_as_computed(format, info) {
                made.conversion = Some(OutputTransform::new(info, format)?);
            }
            Ok(made)
        },
    )
}

/// Gives what is made handles in the caller's array, unless there is none.
fn keep<V, H>(
    table: &Table<V>,
    handles: *mut *mut H,
    make: impl FnOnce() -> Result<Vec<V>, hailo_status>,
) -> Answer {
    if handles.is_null() {
        return Err(pointers::null());
    }
    for (i, vstream) in make()?.into_iter().enumerate() {
        // SAFETY: the caller's array has as many elements as there are parameters, see `Api`.
        unsafe { handles.add(i).write(table.insert(Arc::new(vstream))) };
    }
    Ok(())
}

pub(super) unsafe extern "C" fn hailo_create_input_vstreams(
    group: hailo_configured_network_group,
    params: *const hailo_input_vstream_params_by_name_t,
    count: usize,
    vstreams: *mut hailo_input_vstream,
) -> hailo_status {
    let name = "hailo_create_input_vstreams";
    call(name, || {
        let group = GROUPS.get(group)?;
        // SAFETY: the caller's array, see `Api`.
        let wanted: Vec<_> =
            unsafe { pointers::slice(params, count) }?.iter().map(|p| (text(&p.name), p.params)).collect();
        group.link.check()?;
        keep(&INPUTS, vstreams, || make_inputs(name, &group, &wanted))
    })
}

pub(super) unsafe extern "C" fn hailo_create_output_vstreams(
    group: hailo_configured_network_group,
    params: *const hailo_output_vstream_params_by_name_t,
    count: usize,
    vstreams: *mut hailo_output_vstream,
) -> hailo_status {
    let name = "hailo_create_output_vstreams";
    call(name, || {
        let group = GROUPS.get(group)?;
        // SAFETY: the caller's array, see `Api`.
        let wanted: Vec<_> =
            unsafe { pointers::slice(params, count) }?.iter().map(|p| (text(&p.name), p.params)).collect();
        group.link.check()?;
        keep(&OUTPUTS, vstreams, || make_outputs(name, &group, &wanted))
    })
}

/// Releases all; the first status that is none of success is the answer. `before` sees each first.
fn release<V, H>(
    table: &Table<V>,
    vstreams: *const *mut H,
    count: usize,
    before: impl Fn(&V, String),
) -> Answer {
    // SAFETY: the caller's array, see `Api`.
    let handles = unsafe { pointers::slice(vstreams, count) }?;
    let one = |handle: *mut H| {
        before(&*table.get_to_release(handle)?, table.name(handle));
        let vstream = table.remove(handle)?;
        if Arc::strong_count(&vstream) > 1 {
            misuse::note(table.name(handle), Wrong::ReleasedInUse);
        }
        Ok(())
    };
    let answers: Vec<Answer> = handles.iter().map(|handle| one(*handle)).collect();
    answers.into_iter().find(Result::is_err).unwrap_or(Ok(()))
}

pub(super) unsafe extern "C" fn hailo_release_input_vstreams(
    vstreams: *const hailo_input_vstream,
    count: usize,
) -> hailo_status {
    call("hailo_release_input_vstreams", || {
        release(&INPUTS, vstreams, count, |vstream, object| {
            vstream.made_by().check(&object);
            let frames = hang::wait_for_unread_frames(vstream);
            if frames > 0 {
                misuse::note(object, Wrong::UnreadFrames { frames });
            }
        })
    })
}

pub(super) unsafe extern "C" fn hailo_release_output_vstreams(
    vstreams: *const hailo_output_vstream,
    count: usize,
) -> hailo_status {
    call("hailo_release_output_vstreams", || {
        release(&OUTPUTS, vstreams, count, |vstream, object| vstream.made_by().check(&object))
    })
}

fn info(port: &Port, format: hailo_format_t) -> hailo_vstream_info_t {
    let mut info = vstream_info(&port.info);
    info.format.type_ = format.type_;
    info
}

/// Bytes of a frame on the caller's side of an input.
pub(super) fn input_bytes(vstream: &InputVStream) -> usize {
    let (group, port) = vstream.port();
    vstream.conversion.as_ref().map_or_else(|| FLOAT * group.inputs[port].info.elements(), |c| c.bytes().0)
}

/// Bytes of a frame on the caller's side of an output.
pub(super) fn output_bytes(vstream: &OutputVStream) -> usize {
    let (group, port) = vstream.port();
    vstream.conversion.as_ref().map_or_else(|| FLOAT * group.outputs[port].info.elements(), |c| c.bytes().1)
}

pub(super) unsafe extern "C" fn hailo_get_input_vstream_info(
    vstream: hailo_input_vstream,
    to: *mut hailo_vstream_info_t,
) -> hailo_status {
    call("hailo_get_input_vstream_info", || {
        let vstream = INPUTS.get(vstream)?;
        let (group, port) = vstream.port();
        // SAFETY: the caller's pointer, see `Api`.
        unsafe { pointers::write(to, info(&group.inputs[port], vstream.format)) }
    })
}

pub(super) unsafe extern "C" fn hailo_get_output_vstream_info(
    vstream: hailo_output_vstream,
    to: *mut hailo_vstream_info_t,
) -> hailo_status {
    call("hailo_get_output_vstream_info", || {
        let vstream = OUTPUTS.get(vstream)?;
        let (group, port) = vstream.port();
        // SAFETY: the caller's pointer, see `Api`.
        unsafe { pointers::write(to, info(&group.outputs[port], vstream.format)) }
    })
}

pub(super) unsafe extern "C" fn hailo_get_input_vstream_frame_size(
    vstream: hailo_input_vstream,
    to: *mut usize,
) -> hailo_status {
    call("hailo_get_input_vstream_frame_size", || {
        let vstream = INPUTS.get(vstream)?;
        // SAFETY: the caller's pointer, see `Api`.
        unsafe { pointers::write(to, input_bytes(&vstream)) }
    })
}

pub(super) unsafe extern "C" fn hailo_get_output_vstream_frame_size(
    vstream: hailo_output_vstream,
    to: *mut usize,
) -> hailo_status {
    call("hailo_get_output_vstream_frame_size", || {
        let vstream = OUTPUTS.get(vstream)?;
        // SAFETY: the caller's pointer, see `Api`.
        unsafe { pointers::write(to, output_bytes(&vstream)) }
    })
}

/// Writes a frame of the caller's format.
pub(super) fn write(vstream: &InputVStream, bytes: &[u8]) -> Answer {
    let (group, port) = vstream.port();
    if !group.activation.may_run() {
        return Err(HAILO_NETWORK_GROUP_NOT_ACTIVATED);
    }
    let frame = match &vstream.conversion {
        None => bytes.as_chunks::<FLOAT>().0.iter().map(|b| f32::from_ne_bytes(*b)).collect(),
        Some(conversion) => {
            let mut device = vec![0; conversion.bytes().1];
            conversion.apply(bytes, &mut device)?;
            values(&group.inputs[port].info, &device)
        }
    };
    vstream.write(frame).map_err(status)
}

/// Reads a frame in the caller's format. `change` sees what the network has computed.
pub(super) fn read(
    vstream: &OutputVStream,
    change: impl FnOnce(&mut Vec<f32>),
) -> Result<Vec<u8>, hailo_status> {
    let (group, port) = vstream.port();
    if !group.activation.may_run() {
        return Err(HAILO_NETWORK_GROUP_NOT_ACTIVATED);
    }
    let mut frame = vstream.read().map_err(status)?;
    change(&mut frame);
    match &vstream.conversion {
        None => Ok(frame.iter().flat_map(|v| v.to_ne_bytes()).collect()),
        Some(conversion) => {
            let mut host = vec![0; conversion.bytes().1];
            conversion.apply(&quantised(&group.outputs[port].info, &frame), &mut host)?;
            Ok(host)
        }
    }
}

fn status(why: TransferError) -> hailo_status {
    match why {
        TransferError::Timeout => HAILO_TIMEOUT,
        TransferError::Aborted => HAILO_STREAM_ABORT,
        TransferError::Failed(status) => status,
    }
}

fn check_size(port: &Port, size: usize, wanted: usize) -> Answer {
    if size == wanted {
        return Ok(());
    }
    misuse::note(&port.info.name, Wrong::Size { given: size, wanted });
    Err(HAILO_INVALID_ARGUMENT)
}

pub(super) unsafe extern "C" fn hailo_vstream_write_raw_buffer(
    vstream: hailo_input_vstream,
    buffer: *const c_void,
    size: usize,
) -> hailo_status {
    special("hailo_vstream_write_raw_buffer", |special| {
        let vstream = INPUTS.get(vstream)?;
        let (group, port) = vstream.port();
        check_size(&group.inputs[port], size, input_bytes(&vstream))?;
        if special == Special::WaitForShutDown {
            hang::hang_until_shutdown(group);
            return Err(HAILO_STREAM_ABORT);
        }
        // SAFETY: the caller's buffer of `size` bytes, see `Api`. It is read as bytes: C programs do not align it.
        let bytes = unsafe { pointers::slice(buffer.cast::<u8>(), size) }?;
        write(&vstream, bytes)
    })
}

pub(super) unsafe extern "C" fn hailo_vstream_read_raw_buffer(
    vstream: hailo_output_vstream,
    buffer: *mut c_void,
    size: usize,
) -> hailo_status {
    special("hailo_vstream_read_raw_buffer", |special| {
        let vstream = OUTPUTS.get(vstream)?;
        let (group, port) = vstream.port();
        check_size(&group.outputs[port], size, output_bytes(&vstream))?;
        if special == Special::WaitForShutDown {
            hang::hang_until_shutdown(group);
            return Err(HAILO_STREAM_ABORT);
        }
        if buffer.is_null() {
            return Err(pointers::null());
        }
        let frame = read(&vstream, |frame| {
            if let Special::Corrupt { how, seed, number } = special {
                corrupt(frame, how, seed, number);
            }
        })?;
        // SAFETY: the frame has `size` bytes, as just checked, and so has the caller's buffer, see `Api`; copied as
        // bytes, since C programs do not align it.
        unsafe { std::ptr::copy_nonoverlapping(frame.as_ptr(), buffer.cast::<u8>(), size) };
        Ok(())
    })
}
