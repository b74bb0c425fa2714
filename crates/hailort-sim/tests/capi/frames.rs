//! Frames of the device, and of the host in the device's type: they stand for what the network computes with.

use std::ffi::CString;
use std::ptr::{null_mut, without_provenance_mut as pointer};
use std::sync::Arc;

use hailort_sim::network::whisper::Encoder;
use hailort_sim::weights;
use hailort_sys::status::*;
use hailort_sys::types::*;

use crate::support::*;

/// The step of the canned model's streams: a number stands for so much.
const STEP: f32 = 1.0 / 512.0;
/// The number that stands for zero.
const ZERO: f32 = 32_768.0;

fn format(type_: hailo_format_type_t) -> hailo_transform_params_t {
    hailo_transform_params_t {
        transform_mode: HAILO_STREAM_TRANSFORM_COPY,
        user_buffer_format: hailo_format_t {
            type_,
            order: HAILO_FORMAT_ORDER_AUTO,
            flags: HAILO_FORMAT_FLAGS_NONE,
        },
    }
}

/// Values that the device can hold, between -2 and 2.
fn floats(count: usize) -> Vec<f32> {
    (0..count).map(|i| (((i * 31 + 7) % 2048) as f32 - 1024.0) * STEP).collect()
}

/// What the device gives for these: in steps, none below -64 or above 64.
fn in_steps(values: &[f32]) -> Vec<f32> {
    values.iter().map(|v| ((v / STEP + ZERO).round_ties_even().clamp(0.0, 65_535.0) - ZERO) * STEP).collect()
}

/// The encoder's one input and one output, by name.
fn names(group: Handle) -> [CString; 2] {
    let name = |array: &[std::ffi::c_char]| CString::new(text(array)).unwrap();
    [name(&input_params(group)[0].name), name(&output_params(group)[0].name)]
}

/// One inference with frames of the device, converted by contexts that streams were asked for.
fn by_streams(group: Handle, values: &[f32], count: usize) -> Vec<f32> {
    let api = hailort_sim::further_api();
    let [input_name, output_name] = names(group);
    let params = format(HAILO_FORMAT_TYPE_FLOAT32);
    let (mut input, mut output, mut before, mut after) = (null_mut(), null_mut(), null_mut(), null_mut());
    let mut result = vec![f32::NAN; count];
    // SAFETY: a group in use, places for the handles, and buffers of the sizes that are said.
    unsafe {
        let ok = |status| assert_eq!(status, HAILO_SUCCESS);
        ok((api.hailo_get_input_stream)(pointer(group), input_name.as_ptr(), &raw mut input));
        ok((api.hailo_get_output_stream)(pointer(group), output_name.as_ptr(), &raw mut output));
        ok((api.hailo_create_input_transform_context_by_stream)(input, &params, &raw mut before));
        ok((api.hailo_create_output_transform_context_by_stream)(output, &params, &raw mut after));
        let mut frame = vec![0u8; (api.hailo_get_input_stream_frame_size)(input)];
        let convert = api.hailo_transform_frame_by_input_transform_context;
        let (from, to) = (values.as_ptr().cast(), frame.as_mut_ptr().cast());
        ok(convert(before, from, size_of_val(values), to, frame.len()));
        ok((api.hailo_stream_write_raw_buffer)(input, frame.as_ptr().cast(), frame.len()));
        let mut frame = vec![0u8; (api.hailo_get_output_stream_frame_size)(output)];
        ok((api.hailo_stream_read_raw_buffer)(output, frame.as_mut_ptr().cast(), frame.len()));
        let convert = api.hailo_transform_frame_by_output_transform_context;
        let (from, to) = (frame.as_ptr().cast(), result.as_mut_ptr().cast());
        ok(convert(after, from, frame.len(), to, 4 * count));
        ok((api.hailo_release_input_transform_context)(before));
        ok((api.hailo_release_output_transform_context)(after));
    }
    result
}

/// One inference with vstreams of the device's type.
fn by_vstreams(group: Handle, values: &[f32], count: usize) -> Vec<f32> {
    let (mut inputs, mut outputs) = (input_params(group), output_params(group));
    inputs[0].params.user_buffer_format.type_ = HAILO_FORMAT_TYPE_AUTO;
    outputs[0].params.user_buffer_format.type_ = HAILO_FORMAT_TYPE_AUTO;
    let (inputs, outputs) =
        (create_inputs(group, &inputs).unwrap(), create_outputs(group, &outputs).unwrap());
    assert_eq!(input_info(inputs[0]).1, 2 * values.len());
    assert_eq!(output_info(outputs[0]).1, 2 * count);
    let numbers: Vec<u16> = values.iter().map(|v| (v / STEP + ZERO) as u16).collect();
    let mut result = vec![0u16; count];
    // SAFETY: handles in use, and buffers of the sizes that are said.
    unsafe {
        let (from, to) = (numbers.as_ptr().cast(), result.as_mut_ptr().cast());
        let write = api().hailo_vstream_write_raw_buffer;
        assert_eq!(write(pointer(inputs[0]), from, 2 * numbers.len()), HAILO_SUCCESS);
        let read = api().hailo_vstream_read_raw_buffer;
        assert_eq!(read(pointer(outputs[0]), to, 2 * count), HAILO_SUCCESS);
    }
    assert_eq!(shut_down(group), HAILO_SUCCESS);
    assert_eq!(release_outputs(&outputs), HAILO_SUCCESS);
    assert_eq!(release_inputs(&inputs), HAILO_SUCCESS);
    result.into_iter().map(|number| (f32::from(number) - ZERO) * STEP).collect()
}

#[test]
fn frames_of_the_device_stand_for_what_the_network_computes_with() {
    let installed = install();
    let store = installed.cache.path().join("sha256");
    let file = Arc::new(weights::open(&store, &installed.model.weights_sha256).unwrap());
    let values = floats(100 * 80);
    let wanted = in_steps(&Encoder::new(&file).unwrap().forward(&values));
    assert!(wanted.iter().filter(|v| **v > 0.0).count() > 1000, "something to compare");
    let vdevice = create_vdevice(&[], None).unwrap();
    let hef = create_hef(&installed.model.encoder).unwrap();
    for run in [by_streams, by_vstreams] {
        let group = configure(vdevice, hef).unwrap();
        assert!(run(group, &values, wanted.len()) == wanted);
    }
    assert_eq!(release_hef(hef), HAILO_SUCCESS);
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}
