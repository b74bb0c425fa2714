//! What callers do wrong is answered, reported and recorded.

use std::sync::mpsc::channel;

use hailort_sim::misuse::{self, Wrong};
use hailort_sys::status::*;

use crate::faults::child;
use crate::support::*;

/// What was recorded since the last time: call, object without its number, mistake.
fn recorded() -> Vec<(&'static str, String, Wrong)> {
    let all = misuse::take();
    all.into_iter().map(|m| (m.call, m.object.split(" 0x").next().unwrap().to_string(), m.wrong)).collect()
}

fn entry(call: &'static str, object: &str, wrong: Wrong) -> (&'static str, String, Wrong) {
    (call, object.into(), wrong)
}

#[test]
fn a_second_release_and_a_use_after_it() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let device = create_device().unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
    loaded.clone().release();
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
    assert_eq!(release_device(device), HAILO_SUCCESS);
    assert_eq!(recorded(), []);
    for _ in 0..2 {
        assert_eq!(release_outputs(&loaded.outputs), HAILO_INVALID_ARGUMENT);
        assert_eq!(release_inputs(&loaded.inputs), HAILO_INVALID_ARGUMENT);
        assert_eq!(release_hef(loaded.hef), HAILO_INVALID_ARGUMENT);
        assert_eq!(release_vdevice(vdevice), HAILO_INVALID_ARGUMENT);
        assert_eq!(release_device(device), HAILO_INVALID_ARGUMENT);
    }
    assert_eq!((misuse::seen().len(), misuse::count()), (5, 10));
    assert_eq!(
        recorded(),
        [
            entry("hailo_release_output_vstreams", "output vstream", Wrong::ReleasedBefore),
            entry("hailo_release_input_vstreams", "input vstream", Wrong::ReleasedBefore),
            entry("hailo_release_hef", "HEF", Wrong::ReleasedBefore),
            entry("hailo_release_vdevice", "vdevice", Wrong::ReleasedBefore),
            entry("hailo_release_device", "device", Wrong::ReleasedBefore),
        ]
    );
    let mut frame = vec![0.0; 50 * 128];
    assert_eq!(write(loaded.inputs[0], &frame), HAILO_INVALID_ARGUMENT);
    assert_eq!(read(loaded.outputs[0], &mut frame), HAILO_INVALID_ARGUMENT);
    assert_eq!(shut_down(loaded.group), HAILO_INVALID_ARGUMENT);
    assert_eq!(temperature(device), Err(HAILO_INVALID_ARGUMENT));
    assert_eq!(
        recorded(),
        [
            entry("hailo_vstream_write_raw_buffer", "input vstream", Wrong::UsedAfterRelease),
            entry("hailo_vstream_read_raw_buffer", "output vstream", Wrong::UsedAfterRelease),
            entry("hailo_shutdown_network_group", "configured network group", Wrong::UsedAfterRelease),
            entry("hailo_get_chip_temperature", "device", Wrong::UsedAfterRelease),
        ]
    );
}

#[test]
fn handles_of_another_kind_and_of_nobody() {
    let vdevice = create_vdevice(&[], None).unwrap();
    for (handle, wrong) in [
        (0, Wrong::Null),
        (vdevice, Wrong::OtherKind { is: "vdevice" }),
        (1, Wrong::NoHandle),
        (vdevice + 1, Wrong::NoHandle),
        (vdevice + 0x100, Wrong::NoHandle),
        (vdevice | 0xf0, Wrong::NoHandle),
        (usize::MAX, Wrong::NoHandle),
        (0x7fff_ffff_f000, Wrong::NoHandle),
    ] {
        assert_eq!(release_hef(handle), HAILO_INVALID_ARGUMENT);
        assert_eq!(recorded(), [entry("hailo_release_hef", "HEF", wrong)], "{handle:#x}");
    }
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
    assert_eq!(release_hef(vdevice), HAILO_INVALID_ARGUMENT);
    assert_eq!(recorded(), [entry("hailo_release_hef", "HEF", Wrong::OtherKind { is: "vdevice" })]);
}

#[test]
fn a_virtual_device_released_before_its_vstreams() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
    let early = Wrong::ReleasedTooEarly { vstreams: 2 };
    assert_eq!(recorded(), [entry("hailo_release_vdevice", "vdevice", early)]);
    assert_eq!(release_hef(loaded.hef), HAILO_SUCCESS);
}

#[test]
fn a_buffer_of_the_wrong_size_and_one_that_is_null() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
    let name = hailort_sys::types::text(&input_info(loaded.inputs[0]).0.name);
    assert_eq!(write(loaded.inputs[0], &[0.0; 7]), HAILO_INVALID_ARGUMENT);
    let size = Wrong::Size { given: 28, wanted: 4 * 100 * 80 };
    assert_eq!(recorded(), [entry("hailo_vstream_write_raw_buffer", &name, size)]);
    // SAFETY: NULL is what is tried.
    let status = unsafe {
        let output = std::ptr::without_provenance_mut(loaded.outputs[0]);
        (api().hailo_vstream_read_raw_buffer)(output, std::ptr::null_mut(), 4 * 50 * 128)
    };
    assert_eq!(status, HAILO_INVALID_ARGUMENT);
    assert_eq!(recorded(), [entry("hailo_vstream_read_raw_buffer", "an argument", Wrong::Null)]);
    loaded.release();
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
    assert_eq!(recorded(), []);
}

#[test]
fn a_release_while_another_thread_reads() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
    let output = loaded.outputs[0];
    std::thread::scope(|scope| {
        let (started, task) = channel();
        let reader = scope.spawn(move || {
            let mut frame = vec![0.0; 50 * 128];
            started.send(this_task()).unwrap();
            read(output, &mut frame)
        });
        let task = task.recv().unwrap();
        wait_until("the read waits", || is_asleep(&task) && in_futex(&task));
        assert_eq!(release_outputs(&loaded.outputs), HAILO_SUCCESS);
        assert_eq!(shut_down(loaded.group), HAILO_SUCCESS);
        assert_eq!(reader.join().unwrap(), HAILO_STREAM_ABORT);
    });
    assert_eq!(recorded(), [entry("hailo_release_output_vstreams", "output vstream", Wrong::ReleasedInUse)]);
    assert_eq!(release_inputs(&loaded.inputs), HAILO_SUCCESS);
    assert_eq!(release_hef(loaded.hef), HAILO_SUCCESS);
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn each_mistake_is_one_line_on_standard_error() {
    let (mut clumsy, _) = child("");
    for _ in 0..3 {
        assert_eq!(clumsy.ask("release nobody"), HAILO_INVALID_ARGUMENT.to_string());
    }
    let errors = clumsy.errors();
    assert_eq!(errors, "hailort-sim: misuse: hailo_release_vdevice: vdevice 0x10: was never given out\n");
}
