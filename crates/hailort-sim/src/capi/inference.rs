//! The call that runs frames through vstreams of its own.

use std::collections::BTreeMap;
use std::ffi::c_void;

use hailort_sys::status::*;
use hailort_sys::types::*;

use super::handles::GROUPS;
use super::vstreams::{input_bytes, make_inputs, make_outputs, output_bytes, read, write};
use super::{Answer, call, log, pointers};
use crate::runtime::vstream::{InputVStream, OutputVStream};

const NAME: &str = "hailo_infer";

/// The memory of the frames of one vstream.
struct Frames {
    memory: *mut c_void,
    size: usize,
}

// SAFETY: the memory is the caller's, who waits until all threads of this call have ended.
unsafe impl Send for Frames {}
// SAFETY: each is used by one thread.
unsafe impl Sync for Frames {}

impl Frames {
    /// Frame `index` of `size` bytes each.
    fn at(&self, index: usize, size: usize) -> *mut u8 {
        self.memory.cast::<u8>().wrapping_add(index * size)
    }
}

fn by_name(buffers: &[hailo_stream_raw_buffer_by_name_t]) -> BTreeMap<String, Frames> {
    let one = |b: &hailo_stream_raw_buffer_by_name_t| {
        (text(&b.name), Frames { memory: b.raw_buffer.buffer, size: b.raw_buffer.size })
    };
    buffers.iter().map(one).collect()
}

/// The memory of a vstream, which must have room for all frames.
fn of<'a>(
    all: &'a BTreeMap<String, Frames>,
    name: &str,
    frame: usize,
    count: usize,
) -> Result<&'a Frames, hailo_status> {
    let frames = all.get(name).ok_or_else(|| {
        log(NAME, &format!("there is no memory for {name}"));
        HAILO_NOT_FOUND
    })?;
    if frame.checked_mul(count) != Some(frames.size) {
        log(NAME, &format!("{name} has {} bytes for {count} frames of {frame}", frames.size));
        return Err(HAILO_INVALID_ARGUMENT);
    }
    if frames.memory.is_null() {
        return Err(pointers::null());
    }
    Ok(frames)
}

fn feed(vstream: &InputVStream, frames: &Frames, count: usize) -> Answer {
    let size = input_bytes(vstream);
    (0..count).try_for_each(|index| {
        // SAFETY: `of` has checked that the memory has `count` frames of this size.
        write(vstream, unsafe { std::slice::from_raw_parts(frames.at(index, size), size) })
    })
}

fn drain(vstream: &OutputVStream, frames: &Frames, count: usize) -> Answer {
    let size = output_bytes(vstream);
    (0..count).try_for_each(|index| {
        let frame = read(vstream, |_| {})?;
        // SAFETY: `of` has checked that the memory has `count` frames of this size.
        unsafe { std::ptr::copy_nonoverlapping(frame.as_ptr(), frames.at(index, size), size) };
        Ok(())
    })
}

pub(super) unsafe extern "C" fn hailo_infer(
    group: hailo_configured_network_group,
    inputs_params: *mut hailo_input_vstream_params_by_name_t,
    input_buffers: *mut hailo_stream_raw_buffer_by_name_t,
    inputs_count: usize,
    outputs_params: *mut hailo_output_vstream_params_by_name_t,
    output_buffers: *mut hailo_stream_raw_buffer_by_name_t,
    outputs_count: usize,
    frames_count: usize,
) -> hailo_status {
    call(NAME, || {
        let group = GROUPS.get(group)?;
        // SAFETY: the caller's arrays, see `FurtherApi`.
        let (inputs_params, outputs_params) = unsafe {
            (
                pointers::slice(inputs_params.cast_const(), inputs_count)?,
                pointers::slice(outputs_params.cast_const(), outputs_count)?,
            )
        };
        // SAFETY: the caller's arrays, see `FurtherApi`.
        let (input_buffers, output_buffers) = unsafe {
            (
                by_name(pointers::slice(input_buffers.cast_const(), inputs_count)?),
                by_name(pointers::slice(output_buffers.cast_const(), outputs_count)?),
            )
        };
        let wanted: Vec<_> = inputs_params.iter().map(|p| (text(&p.name), p.params)).collect();
        let inputs = make_inputs(NAME, &group, &wanted)?;
        let input_names: Vec<String> = wanted.into_iter().map(|(name, _)| name).collect();
        let wanted: Vec<_> = outputs_params.iter().map(|p| (text(&p.name), p.params)).collect();
        let outputs = make_outputs(NAME, &group, &wanted)?;
        let output_names: Vec<String> = wanted.into_iter().map(|(name, _)| name).collect();
        let mut work: Vec<Box<dyn FnOnce() -> Answer + Send>> = Vec::new();
        for (vstream, name) in inputs.iter().zip(&input_names) {
            let frames = of(&input_buffers, name, input_bytes(vstream), frames_count)?;
            work.push(Box::new(move || feed(vstream, frames, frames_count)));
        }
        for (vstream, name) in outputs.iter().zip(&output_names) {
            let frames = of(&output_buffers, name, output_bytes(vstream), frames_count)?;
            work.push(Box::new(move || drain(vstream, frames, frames_count)));
        }
        // One thread for each: a network takes no frame before all its inputs have one.
        std::thread::scope(|scope| {
            let threads: Vec<_> = work.into_iter().map(|job| scope.spawn(job)).collect();
            let join = |thread: std::thread::ScopedJoinHandle<'_, Answer>| {
                thread.join().unwrap_or(Err(HAILO_INTERNAL_FAILURE))
            };
            // All are waited for, whatever the first says.
            let answers: Vec<Answer> = threads.into_iter().map(join).collect();
            answers.into_iter().collect()
        })
    })
}
