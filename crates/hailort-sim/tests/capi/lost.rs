//! Devices that get warm, stop, or drop off the bus.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use hailort_sys::status::*;
use hailort_sys::types::hailo_status;

use crate::faults::child;
use crate::support::*;

/// Reads in another thread, makes a call with this fault once that waits, and answers the status of the read.
fn read_while(loaded: &Loaded, fault: &str) -> hailo_status {
    let output = loaded.outputs[0];
    let mut frame = vec![0.0; output_info(output).1 / 4];
    std::thread::scope(|scope| {
        let (started, task) = channel();
        let thread = scope.spawn(move || {
            started.send(this_task()).unwrap();
            read(output, &mut frame)
        });
        let task = task.recv().unwrap();
        wait_until("the read waits", || is_asleep(&task) && in_futex(&task));
        plan(&format!("hailo_get_library_version={fault}"));
        promptly("the end of the read", || {
            assert_eq!(version(), HAILO_SUCCESS);
            thread.join().unwrap()
        })
    })
}

/// Releases all, which succeeds whatever befell the device.
fn release(loaded: Loaded, vdevice: Handle) {
    promptly("the release", || {
        loaded.release();
        assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
    });
}

#[test]
fn a_throttled_chip_is_slow_and_warm_until_it_has_cooled_down() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let device = create_device().unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
    let time = || {
        let start = Instant::now();
        let frame = loaded.infer(1);
        (start.elapsed(), frame)
    };
    let (_, frame) = time();
    let fast = (0..20).map(|_| time().0).min().unwrap();
    assert_eq!(temperature(device), Ok(45.0));
    plan("hailo_get_library_version@1=throttle:40");
    assert_eq!(version(), HAILO_SUCCESS);
    let (slow, same) = time();
    assert!(slow > 10 * fast, "{slow:?}, {fast:?} before");
    assert!(same == frame);
    assert_eq!(temperature(device), Ok(105.0));
    assert_eq!(reset(device), HAILO_SUCCESS);
    assert_eq!(temperature(device), Ok(45.0));
    let fast_again = (0..20).map(|_| time().0).min().unwrap();
    assert!(fast_again < slow, "{fast_again:?}, {slow:?} before");
    plan("hailo_get_library_version@1=throttle:2,for=20ms");
    assert_eq!(version(), HAILO_SUCCESS);
    wait_until("it cools down", || temperature(device) == Ok(45.0));
    // However slow it is, a shutdown ends it.
    plan("hailo_get_library_version@1=throttle:4294967295");
    assert_eq!(version(), HAILO_SUCCESS);
    assert_eq!(write(loaded.inputs[0], &loaded.frame(0, 1)), HAILO_SUCCESS);
    release(loaded, vdevice);
    assert_eq!(release_device(device), HAILO_SUCCESS);
}

#[test]
fn an_overheated_chip_stops_all_groups() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let device = create_device().unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
    assert_eq!(read_while(&loaded, "overheat"), HAILO_STREAM_ABORT);
    assert_eq!(write(loaded.inputs[0], &loaded.frame(0, 1)), HAILO_STREAM_ABORT);
    assert_eq!(temperature(device), Ok(121.0));
    let later = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
    assert_eq!(write(later.inputs[0], &later.frame(0, 1)), HAILO_STREAM_ABORT);
    assert_eq!(reset(device), HAILO_SUCCESS);
    assert_eq!(temperature(device), Ok(45.0));
    assert_eq!(write(later.inputs[0], &later.frame(0, 1)), HAILO_STREAM_ABORT);
    later.release();
    release(loaded, vdevice);
    let vdevice = create_vdevice(&[], None).unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
    loaded.infer(1);
    release(loaded, vdevice);
    assert_eq!(release_device(device), HAILO_SUCCESS);
}

#[test]
fn a_lost_device_stays_lost_for_its_process() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let device = create_device().unwrap();
    let hef = create_hef(&installed.model.decoder).unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
    let (inputs, outputs) = (input_params(loaded.group), output_params(loaded.group));
    let lost = HAILO_DRIVER_OPERATION_FAILED;
    assert_eq!(read_while(&loaded, "drop-off-bus"), lost);
    assert_eq!(write(loaded.inputs[0], &loaded.frame(0, 1)), lost);
    assert_eq!((temperature(device), reset(device)), (Err(lost), lost));
    let mut identity = hailort_sys::types::hailo_device_identity_t::zeroed();
    // SAFETY: a handle in use, and a place for the answer.
    let identified =
        unsafe { (api().hailo_identify)(std::ptr::without_provenance_mut(device), &raw mut identity) };
    assert_eq!(identified, lost);
    assert_eq!(create_inputs(loaded.group, &inputs), Err(lost));
    assert_eq!(create_outputs(loaded.group, &outputs), Err(lost));
    let mut count = 1;
    let mut group = std::ptr::null_mut();
    // SAFETY: handles in use, NULL for the defaults, an array of one and its capacity.
    let configured = unsafe {
        (api().hailo_configure_vdevice)(
            std::ptr::without_provenance_mut(vdevice),
            std::ptr::without_provenance_mut(hef),
            std::ptr::null_mut(),
            &raw mut group,
            &raw mut count,
        )
    };
    assert_eq!(configured, lost);
    for _ in 0..3 {
        assert_eq!(scan(), Ok(0));
        assert_eq!(create_vdevice(&[], None), Err(HAILO_OUT_OF_PHYSICAL_DEVICES));
        assert_eq!(create_vdevice(&["0000:01:00.0"], None), Err(HAILO_INVALID_ARGUMENT));
        assert_eq!(create_device(), Err(HAILO_INVALID_ARGUMENT));
    }
    assert_eq!(release_hef(hef), HAILO_SUCCESS);
    assert_eq!(release_device(device), HAILO_SUCCESS);
    release(loaded, vdevice);
    assert_nothing_in_use();
    // Others find it.
    let (mut other, _) = child("");
    assert_eq!(other.ask("take"), "0");
}

#[test]
fn a_lost_device_comes_back_after_so_many_opens_of_all_processes() {
    let state = tempfile::tempdir().unwrap();
    set_variable("HAILO_SIM_STATE", state.path());
    let vdevice = create_vdevice(&[], None).unwrap();
    let device = create_device().unwrap();
    plan("hailo_get_library_version@1=drop-off-bus:3");
    assert_eq!(version(), HAILO_SUCCESS);
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
    let (mut other, _) = child("");
    assert_eq!(scan(), Ok(0));
    assert_eq!(create_vdevice(&[], None), Err(HAILO_OUT_OF_PHYSICAL_DEVICES));
    assert_eq!(other.ask("take"), HAILO_OUT_OF_PHYSICAL_DEVICES.to_string());
    assert_eq!(create_device(), Err(HAILO_INVALID_ARGUMENT));
    assert_eq!(scan(), Ok(1));
    // What was opened before it was lost stays so.
    assert_eq!(temperature(device), Err(HAILO_DRIVER_OPERATION_FAILED));
    assert_eq!(release_device(device), HAILO_SUCCESS);
    let device = create_device().unwrap();
    assert_eq!(temperature(device), Ok(45.0));
    assert_eq!(release_device(device), HAILO_SUCCESS);
    let vdevice = create_vdevice(&[], None).unwrap();
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
    assert_eq!(other.ask("take"), "0");
}

#[test]
fn a_device_is_lost_some_time_later() {
    let device = create_device().unwrap();
    plan("hailo_get_library_version@1=drop-off-bus,after=20ms");
    let start = Instant::now();
    assert_eq!(version(), HAILO_SUCCESS);
    wait_until("it is lost", || temperature(device).is_err());
    assert!(start.elapsed() >= Duration::from_millis(20));
    assert_eq!(release_device(device), HAILO_SUCCESS);
}
