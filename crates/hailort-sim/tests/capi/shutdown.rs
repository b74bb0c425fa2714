//! What ends a transfer that waits in another thread, and what is left afterwards.

use std::path::PathBuf;
use std::sync::mpsc::channel;

use hailort_sys::status::*;

use crate::support::*;

/// Runs `blocked` in a thread, shuts the group down once it waits, and answers its status.
fn shut_down_during(group: Handle, blocked: impl FnOnce() -> hailort_sys::types::hailo_status + Send) -> u32 {
    let (started, task) = channel::<PathBuf>();
    std::thread::scope(|scope| {
        let thread = scope.spawn(move || {
            started.send(this_task()).unwrap();
            blocked()
        });
        let task = task.recv().unwrap();
        wait_until("the thread waits", || is_asleep(&task));
        promptly("the end of the call", || {
            assert_eq!(shut_down(group), HAILO_SUCCESS);
            thread.join().unwrap()
        })
    })
}

#[test]
fn a_blocked_read_ends_when_the_group_is_shut_down() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
    let output = loaded.outputs[0];
    let mut frame = vec![0.0; output_info(output).1 / 4];
    assert_eq!(shut_down_during(loaded.group, || read(output, &mut frame)), HAILO_STREAM_ABORT);
    loaded.release();
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn a_blocked_write_ends_when_the_group_is_shut_down() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.decoder, 1, LONG_MS);
    let (input, frame) = (loaded.inputs[0], loaded.frame(0, 0));
    // The other input gets nothing, so that three frames fill this one.
    let writes = || (0..10).map(|_| write(input, &frame)).find(|s| *s != HAILO_SUCCESS).unwrap_or(0);
    for _ in 0..3 {
        assert_eq!(write(input, &frame), HAILO_SUCCESS);
    }
    assert_eq!(shut_down_during(loaded.group, writes), HAILO_STREAM_ABORT);
    loaded.release();
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn shutting_down_twice_is_allowed_and_final() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
    loaded.infer(1);
    for _ in 0..3 {
        assert_eq!(shut_down(loaded.group), HAILO_SUCCESS);
        let mut frame = vec![0.0; output_info(loaded.outputs[0]).1 / 4];
        assert_eq!(write(loaded.inputs[0], &loaded.frame(0, 1)), HAILO_STREAM_ABORT);
        assert_eq!(read(loaded.outputs[0], &mut frame), HAILO_STREAM_ABORT);
    }
    // New vstreams do not bring a group back.
    let Loaded { group, inputs, outputs, .. } = loaded.clone();
    assert_eq!(release_outputs(&outputs), HAILO_SUCCESS);
    assert_eq!(release_inputs(&inputs), HAILO_SUCCESS);
    let inputs = create_inputs(group, &input_params(group)).unwrap();
    assert_eq!(write(inputs[0], &vec![0.0; 100 * 80]), HAILO_STREAM_ABORT);
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn another_group_of_the_device_goes_on() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let encoder = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
    let decoder = Loaded::new(vdevice, &installed.model.decoder, 2, LONG_MS);
    let logits = decoder.infer(1);
    encoder.release();
    assert!(decoder.infer(1) == logits);
    decoder.release();
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn releasing_with_unread_outputs_after_a_shutdown_is_prompt() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 1, 300);
    // As full as it gets: every thread of the library waits for room.
    let frame = loaded.frame(0, 0);
    while write(loaded.inputs[0], &frame) == HAILO_SUCCESS {}
    promptly("the release", || {
        loaded.release();
        assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
    });
    assert_nothing_in_use();
}

#[test]
fn releasing_while_an_inference_runs_is_prompt() {
    let installed = install();
    for _ in 0..20 {
        let vdevice = create_vdevice(&[], None).unwrap();
        let loaded = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
        assert_eq!(write(loaded.inputs[0], &loaded.frame(0, 0)), HAILO_SUCCESS);
        promptly("the release", || {
            loaded.release();
            assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
        });
    }
}
