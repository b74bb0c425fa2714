//! Calls for streams: frames as the device has them.

use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::time::Duration;

use hailort_sys::status::*;
use hailort_sys::types::*;

use super::handles::{GROUPS, INPUT_STREAMS, OUTPUT_STREAMS, Table};
use super::infos::{quant_infos, stream_info};
use super::{Answer, call, pointers};
use crate::hef::Direction;
use crate::runtime::stream::{ASYNC_QUEUE, RawStream};

/// A caller's pointer, for the thread that uses it when a transfer has ended.
struct Theirs<T>(*mut T);

// SAFETY: the caller leaves the buffer alone until it is called back, and is told that another thread does that.
unsafe impl<T> Send for Theirs<T> {}

impl<T> Theirs<T> {
    fn get(&self) -> *mut T {
        self.0
    }
}

/// Gives the stream of this name its handle: always the same.
///
/// # Safety
/// As `FurtherApi` asks for.
unsafe fn get<H>(
    table: &Table<RawStream>,
    direction: Direction,
    group: hailo_configured_network_group,
    name: *const c_char,
    stream: *mut *mut H,
) -> Answer {
    let group = GROUPS.get(group)?;
    // SAFETY: the caller's string.
    let name = unsafe { pointers::string(name) }.ok_or_else(pointers::null)?;
    if stream.is_null() {
        return Err(pointers::null());
    }
    let ports = if direction == Direction::HostToDevice { &group.inputs } else { &group.outputs };
    let port = ports.iter().position(|p| p.info.name == name).ok_or(HAILO_NOT_FOUND)?;
    let known = table.handles_where(|s| Arc::ptr_eq(s.group(), &group) && s.port() == port);
    let handle = known
        .first()
        .copied()
        .unwrap_or_else(|| table.insert(Arc::new(RawStream::new(&group, port, direction))));
    // SAFETY: the caller's pointer.
    unsafe { pointers::write(stream, handle) }
}

pub(super) unsafe extern "C" fn hailo_get_input_stream(
    group: hailo_configured_network_group,
    name: *const c_char,
    stream: *mut hailo_input_stream,
) -> hailo_status {
    call("hailo_get_input_stream", || {
        // SAFETY: the caller's pointers, see `FurtherApi`.
        unsafe { get(&INPUT_STREAMS, Direction::HostToDevice, group, name, stream) }
    })
}

pub(super) unsafe extern "C" fn hailo_get_output_stream(
    group: hailo_configured_network_group,
    name: *const c_char,
    stream: *mut hailo_output_stream,
) -> hailo_status {
    call("hailo_get_output_stream", || {
        // SAFETY: the caller's pointers, see `FurtherApi`.
        unsafe { get(&OUTPUT_STREAMS, Direction::DeviceToHost, group, name, stream) }
    })
}

fn milliseconds(timeout_ms: u32) -> Option<Duration> {
    (timeout_ms != HAILO_INFINITE).then(|| Duration::from_millis(u64::from(timeout_ms)))
}

macro_rules! both {
    ($($table:ident $handle:ident $timeout:ident $size:ident $info:ident $quant:ident $queue:ident $ready:ident;)*) => {
        $(
            pub(super) unsafe extern "C" fn $timeout(stream: $handle, timeout_ms: u32) -> hailo_status {
                call(stringify!($timeout), || {
                    $table.get(stream)?.set_timeout(milliseconds(timeout_ms));
                    Ok(())
                })
            }

            pub(super) unsafe extern "C" fn $size(stream: $handle) -> usize {
                $table.get(stream).map_or(0, |s| s.info().transfer_bytes() as usize)
            }

            pub(super) unsafe extern "C" fn $info(stream: $handle, info: *mut hailo_stream_info_t) -> hailo_status {
                call(stringify!($info), || {
                    let stream = $table.get(stream)?;
                    // SAFETY: the caller's pointer, see `FurtherApi`.
                    unsafe { pointers::write(info, stream_info(stream.info())) }
                })
            }

            pub(super) unsafe extern "C" fn $quant(
                stream: $handle,
                infos: *mut hailo_quant_info_t,
                count: *mut usize,
            ) -> hailo_status {
                call(stringify!($quant), || {
                    let stream = $table.get(stream)?;
                    // SAFETY: the caller's array, see `FurtherApi`.
                    unsafe { pointers::fill(infos, count, quant_infos(stream.info())) }
                })
            }

            pub(super) unsafe extern "C" fn $queue(stream: $handle, size: *mut usize) -> hailo_status {
                call(stringify!($queue), || {
                    $table.get(stream)?;
                    // SAFETY: the caller's pointer, see `FurtherApi`.
                    unsafe { pointers::write(size, ASYNC_QUEUE) }
                })
            }

            pub(super) unsafe extern "C" fn $ready(
                stream: $handle,
                transfer_size: usize,
                timeout_ms: u32,
            ) -> hailo_status {
                call(stringify!($ready), || {
                    let stream = $table.get(stream)?;
                    if transfer_size != stream.info().transfer_bytes() as usize {
                        return Err(HAILO_INVALID_ARGUMENT);
                    }
                    stream.wait_ready(milliseconds(timeout_ms).unwrap_or(Duration::MAX))
                })
            }
        )*
    };
}

both! {
    INPUT_STREAMS hailo_input_stream hailo_set_input_stream_timeout hailo_get_input_stream_frame_size
        hailo_get_input_stream_info hailo_get_input_stream_quant_infos hailo_input_stream_get_async_max_queue_size
        hailo_stream_wait_for_async_input_ready;
    OUTPUT_STREAMS hailo_output_stream hailo_set_output_stream_timeout hailo_get_output_stream_frame_size
        hailo_get_output_stream_info hailo_get_output_stream_quant_infos hailo_output_stream_get_async_max_queue_size
        hailo_stream_wait_for_async_output_ready;
}

pub(super) unsafe extern "C" fn hailo_stream_write_raw_buffer(
    stream: hailo_input_stream,
    buffer: *const c_void,
    size: usize,
) -> hailo_status {
    call("hailo_stream_write_raw_buffer", || {
        let stream = INPUT_STREAMS.get(stream)?;
        // SAFETY: the caller's buffer of `size` bytes, see `FurtherApi`.
        stream.write(unsafe { pointers::slice(buffer.cast::<u8>(), size) }?)
    })
}

pub(super) unsafe extern "C" fn hailo_stream_read_raw_buffer(
    stream: hailo_output_stream,
    buffer: *mut c_void,
    size: usize,
) -> hailo_status {
    call("hailo_stream_read_raw_buffer", || {
        let stream = OUTPUT_STREAMS.get(stream)?;
        if buffer.is_null() {
            return Err(pointers::null());
        }
        let frame = stream.read(size)?;
        // SAFETY: the frame has `size` bytes, as it was asked for, and so has the caller's buffer, see `FurtherApi`.
        unsafe { std::ptr::copy_nonoverlapping(frame.as_ptr(), buffer.cast::<u8>(), frame.len().min(size)) };
        Ok(())
    })
}

pub(super) unsafe extern "C" fn hailo_stream_write_raw_buffer_async(
    stream: hailo_input_stream,
    buffer: *const c_void,
    size: usize,
    callback: hailo_stream_write_async_callback_t,
    opaque: *mut c_void,
) -> hailo_status {
    call("hailo_stream_write_raw_buffer_async", || {
        let stream = INPUT_STREAMS.get(stream)?;
        let callback = callback.ok_or_else(pointers::null)?;
        // SAFETY: the caller's buffer of `size` bytes, see `FurtherApi`.
        let frame = unsafe { pointers::slice(buffer.cast::<u8>(), size) }?;
        let (buffer, opaque) = (Theirs(buffer.cast_mut()), Theirs(opaque));
        let done = move |status| {
            let info = hailo_stream_write_async_completion_info_t {
                status,
                buffer_addr: buffer.get().cast_const(),
                buffer_size: size,
                opaque: opaque.get(),
            };
            // SAFETY: the caller's function, with what the caller wants back.
            unsafe { callback(&raw const info) };
        };
        stream.start_write(frame, Box::new(done))
    })
}

pub(super) unsafe extern "C" fn hailo_stream_read_raw_buffer_async(
    stream: hailo_output_stream,
    buffer: *mut c_void,
    size: usize,
    callback: hailo_stream_read_async_callback_t,
    opaque: *mut c_void,
) -> hailo_status {
    call("hailo_stream_read_raw_buffer_async", || {
        let stream = OUTPUT_STREAMS.get(stream)?;
        let callback = callback.ok_or_else(pointers::null)?;
        if buffer.is_null() {
            return Err(pointers::null());
        }
        let (to, told, opaque) = (Theirs(buffer), Theirs(buffer), Theirs(opaque));
        let take = move |frame: &[u8]| {
            let to = to.get().cast::<u8>();
            // SAFETY: the caller's buffer of `size` bytes, which is the library's until the call back.
            unsafe { std::ptr::copy_nonoverlapping(frame.as_ptr(), to, frame.len().min(size)) };
        };
        let done = move |status| {
            let info = hailo_stream_read_async_completion_info_t {
                status,
                buffer_addr: told.get(),
                buffer_size: size,
                opaque: opaque.get(),
            };
            // SAFETY: the caller's function, with what the caller wants back.
            unsafe { callback(&raw const info) };
        };
        stream.start_read(size, Box::new(take), Box::new(done))
    })
}
