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
use crate::misuse::{self, Wrong};
use crate::runtime::group::Port;
use crate::runtime::vstream::{InputVStream, OutputVStream, TransferError};

/// The timeout that never ends.
const INFINITE: u32 = u32::MAX;
/// Bytes of an element of a float32 frame.
const FLOAT: usize = 4;

fn default_params(format_type: hailo_format_type_t) -> hailo_vstream_params_t {
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
) -> Result<Vec<V>, hailo_status> {
    wanted
        .iter()
        .map(|(stream, params)| {
            let port = ports.iter().position(|p| p.info.name == *stream).ok_or(HAILO_NOT_FOUND)?;
            let format = params.user_buffer_format;
            if format.type_ != HAILO_FORMAT_TYPE_FLOAT32
                || ![HAILO_FORMAT_ORDER_AUTO, HAILO_FORMAT_ORDER_NHWC].contains(&format.order)
                || format.flags != HAILO_FORMAT_FLAGS_NONE
            {
                log(name, &format!("{stream}: only float32 frames in NHWC order are simulated"));
                return Err(HAILO_NOT_IMPLEMENTED);
            }
            if params.queue_size == 0 {
                return Err(HAILO_INVALID_ARGUMENT);
            }
            let timeout =
                (params.timeout_ms != INFINITE).then(|| Duration::from_millis(u64::from(params.timeout_ms)));
            make(port, params.queue_size as usize, timeout).ok_or_else(|| {
                log(name, &format!("{stream} has a vstream already"));
                HAILO_INVALID_OPERATION
            })
        })
        .collect()
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
        keep(&INPUTS, vstreams, || {
            create(name, &group.inputs, &wanted, |port, queue, timeout| {
                InputVStream::new(&group, port, queue, timeout)
            })
        })
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
        keep(&OUTPUTS, vstreams, || {
            create(name, &group.outputs, &wanted, |port, queue, timeout| {
                OutputVStream::new(&group, port, queue, timeout)
            })
        })
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

fn info(port: &Port) -> hailo_vstream_info_t {
    let mut info = vstream_info(&port.info);
    info.format.type_ = HAILO_FORMAT_TYPE_FLOAT32;
    info
}

pub(super) unsafe extern "C" fn hailo_get_input_vstream_info(
    vstream: hailo_input_vstream,
    to: *mut hailo_vstream_info_t,
) -> hailo_status {
    call("hailo_get_input_vstream_info", || {
        let vstream = INPUTS.get(vstream)?;
        let (group, port) = vstream.port();
        // SAFETY: the caller's pointer, see `Api`.
        unsafe { pointers::write(to, info(&group.inputs[port])) }
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
        unsafe { pointers::write(to, info(&group.outputs[port])) }
    })
}

pub(super) unsafe extern "C" fn hailo_get_input_vstream_frame_size(
    vstream: hailo_input_vstream,
    to: *mut usize,
) -> hailo_status {
    call("hailo_get_input_vstream_frame_size", || {
        let vstream = INPUTS.get(vstream)?;
        let (group, port) = vstream.port();
        // SAFETY: the caller's pointer, see `Api`.
        unsafe { pointers::write(to, FLOAT * group.inputs[port].info.elements()) }
    })
}

pub(super) unsafe extern "C" fn hailo_get_output_vstream_frame_size(
    vstream: hailo_output_vstream,
    to: *mut usize,
) -> hailo_status {
    call("hailo_get_output_vstream_frame_size", || {
        let vstream = OUTPUTS.get(vstream)?;
        let (group, port) = vstream.port();
        // SAFETY: the caller's pointer, see `Api`.
        unsafe { pointers::write(to, FLOAT * group.outputs[port].info.elements()) }
    })
}

fn status(why: TransferError) -> hailo_status {
    match why {
        TransferError::Timeout => HAILO_TIMEOUT,
        TransferError::Aborted => HAILO_STREAM_ABORT,
        TransferError::Failed(status) => status,
    }
}

fn check_size(port: &Port, size: usize) -> Answer {
    let wanted = FLOAT * port.info.elements();
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
        check_size(&group.inputs[port], size)?;
        if special == Special::WaitForShutDown {
            hang::hang_until_shutdown(group);
            return Err(HAILO_STREAM_ABORT);
        }
        // SAFETY: the caller's buffer of `size` bytes, see `Api`. It is read as bytes: C programs do not align it.
        let bytes = unsafe { pointers::slice(buffer.cast::<u8>(), size) }?;
        let frame = bytes.as_chunks::<FLOAT>().0.iter().map(|b| f32::from_ne_bytes(*b)).collect();
        vstream.write(frame).map_err(status)
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
        check_size(&group.outputs[port], size)?;
        if special == Special::WaitForShutDown {
            hang::hang_until_shutdown(group);
            return Err(HAILO_STREAM_ABORT);
        }
        if buffer.is_null() {
            return Err(pointers::null());
        }
        let mut frame = vstream.read().map_err(status)?;
        if let Special::Corrupt { how, seed, number } = special {
            corrupt(&mut frame, how, seed, number);
        }
        // SAFETY: the frame has `size` bytes, as just checked, and so has the caller's buffer, see `Api`; copied as
        // bytes, since C programs do not align it.
        unsafe { std::ptr::copy_nonoverlapping(frame.as_ptr().cast::<u8>(), buffer.cast::<u8>(), size) };
        Ok(())
    })
}
