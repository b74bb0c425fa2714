//! Threads, files and memory: as many as the real library has, and gone with what they belong to.

use hailort_sys::status::*;

use crate::support::*;

/// Threads that compute, which the tests here fix: they start with the first network group.
const COMPUTE: usize = 2;

fn wait_for_threads(what: &str, wanted: usize) {
    wait_until(&format!("{wanted} threads {what}, now {}", threads()), || threads() == wanted);
}

#[test]
fn a_virtual_device_has_three_threads_and_one_file_until_its_release() {
    let (threads_before, files_before) = (threads(), files());
    for _ in 0..3 {
        let vdevice = create_vdevice(&[], None).unwrap();
        assert_eq!(threads() - threads_before, 3);
        assert_eq!(files() - files_before, 1);
        assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
        wait_for_threads("after the release", threads_before);
        assert_eq!(files(), files_before);
    }
}

#[test]
fn a_shared_virtual_device_has_them_once() {
    let threads_before = threads();
    let first = create_vdevice(&[], Some("shared")).unwrap();
    let second = create_vdevice(&[], Some("shared")).unwrap();
    assert_eq!(threads() - threads_before, 3);
    assert_eq!(release_vdevice(first), HAILO_SUCCESS);
    assert_eq!(threads() - threads_before, 3);
    assert_eq!(release_vdevice(second), HAILO_SUCCESS);
    wait_for_threads("after the last release", threads_before);
}

#[test]
fn an_input_has_one_thread_and_an_output_two_until_their_release() {
    let installed = install();
    set_variable("HAILO_SIM_THREADS", COMPUTE.to_string());
    let (threads_before, files_before) = (threads(), files());
    let vdevice = create_vdevice(&[], None).unwrap();
    let hef = create_hef(&installed.model.decoder).unwrap();
    let group = configure(vdevice, hef).unwrap();
    let device = threads_before + 3 + COMPUTE;
    wait_for_threads("after configure", device);
    for _ in 0..2 {
        let inputs = create_inputs(group, &input_params(group)).unwrap();
        assert_eq!(threads(), device + 2);
        let outputs = create_outputs(group, &output_params(group)).unwrap();
        assert_eq!(threads(), device + 2 + 8);
        assert_eq!(release_outputs(&outputs), HAILO_SUCCESS);
        wait_for_threads("after releasing the outputs", device + 2);
        assert_eq!(release_inputs(&inputs), HAILO_SUCCESS);
        wait_for_threads("after releasing the inputs", device);
    }
    assert_eq!(release_hef(hef), HAILO_SUCCESS);
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
    wait_for_threads("after releasing the device", threads_before);
    assert_eq!(files(), files_before);
}

#[test]
fn a_failed_creation_leaves_no_thread() {
    let installed = install();
    set_variable("HAILO_SIM_THREADS", COMPUTE.to_string());
    let threads_before = threads();
    let vdevice = create_vdevice(&[], None).unwrap();
    let group = configure(vdevice, create_hef(&installed.model.decoder).unwrap()).unwrap();
    let before = threads_before + 3 + COMPUTE;
    wait_for_threads("after configure", before);
    let mut params = output_params(group);
    params.last_mut().unwrap().params.queue_size = 0;
    assert_eq!(create_outputs(group, &params), Err(HAILO_INVALID_ARGUMENT));
    wait_for_threads("after the failure", before);
    assert_nothing_but(&[("vdevice", 1), ("HEF", 1), ("configured network group", 1)]);
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

fn assert_nothing_but(wanted: &[(&str, usize)]) {
    for (kind, count) in hailort_sim::capi::handles::in_use() {
        let wanted = wanted.iter().find(|(k, _)| *k == kind).map_or(0, |(_, count)| *count);
        assert_eq!(count, wanted, "{kind}");
    }
}

#[test]
fn the_weights_are_mapped_once_and_unmapped_with_the_device() {
    let installed = install();
    let maps = || {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines().filter(|line| line.contains(&installed.model.weights_sha256)).count()
    };
    assert_eq!(maps(), 0);
    for _ in 0..2 {
        let vdevice = create_vdevice(&[], None).unwrap();
        let encoder = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
        let decoder = Loaded::new(vdevice, &installed.model.decoder, 2, LONG_MS);
        assert_eq!(maps(), 1);
        encoder.infer(1);
        encoder.release();
        decoder.release();
        assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
        assert_eq!(maps(), 0);
    }
}

#[test]
fn a_hundred_runs_leave_nothing_behind() {
    let installed = install();
    let (threads_before, files_before) = (threads(), files());
    for _ in 0..100 {
        let vdevice = create_vdevice(&[], None).unwrap();
        let loaded = Loaded::new(vdevice, &installed.model.decoder, 2, LONG_MS);
        loaded.infer(1);
        loaded.release();
        assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
    }
    wait_for_threads("after all", threads_before);
    assert_eq!(files(), files_before);
    assert_nothing_in_use();
}

#[test]
fn a_second_release_is_an_error_and_no_crash() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
    loaded.clone().release();
    assert_eq!(release_outputs(&loaded.outputs), HAILO_INVALID_ARGUMENT);
    assert_eq!(release_inputs(&loaded.inputs), HAILO_INVALID_ARGUMENT);
    assert_eq!(release_hef(loaded.hef), HAILO_INVALID_ARGUMENT);
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
    assert_eq!(release_vdevice(vdevice), HAILO_INVALID_ARGUMENT);
    // What went with the device is as stale.
    assert_eq!(shut_down(loaded.group), HAILO_INVALID_ARGUMENT);
    assert_eq!(write(loaded.inputs[0], &[0.0]), HAILO_INVALID_ARGUMENT);
    assert_eq!(read(loaded.outputs[0], &mut [0.0]), HAILO_INVALID_ARGUMENT);
}

#[test]
fn a_handle_of_another_kind_is_an_error() {
    let vdevice = create_vdevice(&[], None).unwrap();
    assert_eq!(release_hef(vdevice), HAILO_INVALID_ARGUMENT);
    assert_eq!(release_outputs(&[vdevice]), HAILO_INVALID_ARGUMENT);
    assert_eq!(shut_down(vdevice), HAILO_INVALID_ARGUMENT);
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn releasing_the_device_before_its_vstreams_is_survived() {
    let installed = install();
    let threads_before = threads();
    let vdevice = create_vdevice(&[], None).unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.decoder, 2, LONG_MS);
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
    wait_for_threads("after the release", threads_before);
    assert_eq!(release_outputs(&loaded.outputs), HAILO_INVALID_ARGUMENT);
    assert_eq!(release_hef(loaded.hef), HAILO_SUCCESS);
    assert_nothing_in_use();
}
