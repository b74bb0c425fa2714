//! Wrong arguments: a status for each, never a crash.

use std::ptr::{null, null_mut, without_provenance_mut as pointer};

use hailort_sys::Api;
use hailort_sys::status::*;
use hailort_sys::types::*;

use crate::support::*;

/// Each call with NULL in the place of one pointer after the other, all else being right.
///
/// NULL has a meaning, and is not tried, where it stands for defaults: the parameters of scan, create and configure,
/// the name of a group or network.
#[test]
fn null_is_an_invalid_argument_for_every_call() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 2, 50);
    let (mut device_id, mut count, mut size) = (hailo_device_id_t::zeroed(), 1, 0);
    set_text(&mut device_id.id, "0000:01:00.0");
    let mut device = null_mut();
    let mut info = hailo_vstream_info_t::zeroed();
    let inputs = input_params(loaded.group);
    let outputs = output_params(loaded.group);
    let mut frame = vec![0f32; 100 * 80];
    let bytes = size_of_val(frame.as_slice());
    let (a, v, h, g) = (api(), pointer(vdevice), pointer(loaded.hef), pointer(loaded.group));
    let (i, o) = (pointer(loaded.inputs[0]), pointer(loaded.outputs[0]));
    let n = &raw mut count;

    // SAFETY: NULL is what is tried; all other pointers are valid for what the call does with them.
    #[rustfmt::skip]
    let answers: Vec<(&str, hailo_status)> = unsafe {
        assert_eq!((a.hailo_create_device_by_id)(&raw const device_id, &raw mut device), HAILO_SUCCESS);
        vec![
            ("hailo_get_library_version", (a.hailo_get_library_version)(null_mut())),
            ("hailo_scan_devices", (a.hailo_scan_devices)(null_mut(), null_mut(), n)),
            ("hailo_scan_devices", (a.hailo_scan_devices)(null_mut(), &raw mut device_id, null_mut())),
            ("hailo_create_device_by_id", (a.hailo_create_device_by_id)(&raw const device_id, null_mut())),
            ("hailo_release_device", (a.hailo_release_device)(null_mut())),
            ("hailo_identify", (a.hailo_identify)(null_mut(), &mut hailo_device_identity_t::zeroed())),
            ("hailo_identify", (a.hailo_identify)(device, null_mut())),
            ("hailo_get_chip_temperature", (a.hailo_get_chip_temperature)(null_mut(), &mut hailo_chip_temperature_info_t::zeroed())),
            ("hailo_get_chip_temperature", (a.hailo_get_chip_temperature)(device, null_mut())),
            ("hailo_reset_device", (a.hailo_reset_device)(null_mut(), HAILO_RESET_DEVICE_MODE_SOFT)),
            ("hailo_init_vdevice_params", (a.hailo_init_vdevice_params)(null_mut())),
            ("hailo_create_vdevice", (a.hailo_create_vdevice)(null_mut(), null_mut())),
            ("hailo_release_vdevice", (a.hailo_release_vdevice)(null_mut())),
            ("hailo_vdevice_get_physical_devices_ids", (a.hailo_vdevice_get_physical_devices_ids)(null_mut(), &raw mut device_id, n)),
            ("hailo_vdevice_get_physical_devices_ids", (a.hailo_vdevice_get_physical_devices_ids)(v, null_mut(), n)),
            ("hailo_vdevice_get_physical_devices_ids", (a.hailo_vdevice_get_physical_devices_ids)(v, &raw mut device_id, null_mut())),
            ("hailo_create_hef_file", (a.hailo_create_hef_file)(&mut null_mut(), null())),
            ("hailo_create_hef_file", (a.hailo_create_hef_file)(null_mut(), c"/dev/null".as_ptr())),
            ("hailo_create_hef_buffer", (a.hailo_create_hef_buffer)(&mut null_mut(), null(), 100)),
            ("hailo_create_hef_buffer", (a.hailo_create_hef_buffer)(null_mut(), installed.model.encoder.as_ptr().cast(), installed.model.encoder.len())),
            ("hailo_release_hef", (a.hailo_release_hef)(null_mut())),
            ("hailo_get_network_groups_infos", (a.hailo_get_network_groups_infos)(null_mut(), &mut hailo_network_group_info_t::zeroed(), n)),
            ("hailo_get_network_groups_infos", (a.hailo_get_network_groups_infos)(h, null_mut(), n)),
            ("hailo_get_network_groups_infos", (a.hailo_get_network_groups_infos)(h, &mut hailo_network_group_info_t::zeroed(), null_mut())),
            ("hailo_hef_get_all_vstream_infos", (a.hailo_hef_get_all_vstream_infos)(null_mut(), null(), &raw mut info, n)),
            ("hailo_hef_get_all_vstream_infos", (a.hailo_hef_get_all_vstream_infos)(h, null(), null_mut(), n)),
            ("hailo_hef_get_all_vstream_infos", (a.hailo_hef_get_all_vstream_infos)(h, null(), &raw mut info, null_mut())),
            ("hailo_hef_get_sorted_output_names", (a.hailo_hef_get_sorted_output_names)(null_mut(), null(), &mut hailo_layer_name_t::zeroed(), n)),
            ("hailo_hef_get_sorted_output_names", (a.hailo_hef_get_sorted_output_names)(h, null(), null_mut(), n)),
            ("hailo_hef_get_sorted_output_names", (a.hailo_hef_get_sorted_output_names)(h, null(), &mut hailo_layer_name_t::zeroed(), null_mut())),
            ("hailo_configure_vdevice", (a.hailo_configure_vdevice)(null_mut(), h, null_mut(), &mut null_mut(), n)),
            ("hailo_configure_vdevice", (a.hailo_configure_vdevice)(v, null_mut(), null_mut(), &mut null_mut(), n)),
            ("hailo_configure_vdevice", (a.hailo_configure_vdevice)(v, h, null_mut(), null_mut(), n)),
            ("hailo_configure_vdevice", (a.hailo_configure_vdevice)(v, h, null_mut(), &mut null_mut(), null_mut())),
            ("hailo_make_input_vstream_params", (a.hailo_make_input_vstream_params)(null_mut(), false, 3, inputs.clone().as_mut_ptr(), n)),
            ("hailo_make_input_vstream_params", (a.hailo_make_input_vstream_params)(g, false, 3, null_mut(), n)),
            ("hailo_make_input_vstream_params", (a.hailo_make_input_vstream_params)(g, false, 3, inputs.clone().as_mut_ptr(), null_mut())),
            ("hailo_make_output_vstream_params", (a.hailo_make_output_vstream_params)(null_mut(), false, 3, outputs.clone().as_mut_ptr(), n)),
            ("hailo_make_output_vstream_params", (a.hailo_make_output_vstream_params)(g, false, 3, null_mut(), n)),
            ("hailo_make_output_vstream_params", (a.hailo_make_output_vstream_params)(g, false, 3, outputs.clone().as_mut_ptr(), null_mut())),
            ("hailo_create_input_vstreams", (a.hailo_create_input_vstreams)(null_mut(), inputs.as_ptr(), 1, &mut null_mut())),
            ("hailo_create_input_vstreams", (a.hailo_create_input_vstreams)(g, null(), 1, &mut null_mut())),
            ("hailo_create_input_vstreams", (a.hailo_create_input_vstreams)(g, inputs.as_ptr(), 1, null_mut())),
            ("hailo_create_output_vstreams", (a.hailo_create_output_vstreams)(null_mut(), outputs.as_ptr(), 1, &mut null_mut())),
            ("hailo_create_output_vstreams", (a.hailo_create_output_vstreams)(g, null(), 1, &mut null_mut())),
            ("hailo_create_output_vstreams", (a.hailo_create_output_vstreams)(g, outputs.as_ptr(), 1, null_mut())),
            ("hailo_release_input_vstreams", (a.hailo_release_input_vstreams)(null(), 1)),
            ("hailo_release_input_vstreams", (a.hailo_release_input_vstreams)(&null_mut(), 1)),
            ("hailo_release_output_vstreams", (a.hailo_release_output_vstreams)(null(), 1)),
            ("hailo_release_output_vstreams", (a.hailo_release_output_vstreams)(&null_mut(), 1)),
            ("hailo_get_input_vstream_info", (a.hailo_get_input_vstream_info)(null_mut(), &raw mut info)),
            ("hailo_get_input_vstream_info", (a.hailo_get_input_vstream_info)(i, null_mut())),
            ("hailo_get_output_vstream_info", (a.hailo_get_output_vstream_info)(null_mut(), &raw mut info)),
            ("hailo_get_output_vstream_info", (a.hailo_get_output_vstream_info)(o, null_mut())),
            ("hailo_get_input_vstream_frame_size", (a.hailo_get_input_vstream_frame_size)(null_mut(), &raw mut size)),
            ("hailo_get_input_vstream_frame_size", (a.hailo_get_input_vstream_frame_size)(i, null_mut())),
            ("hailo_get_output_vstream_frame_size", (a.hailo_get_output_vstream_frame_size)(null_mut(), &raw mut size)),
            ("hailo_get_output_vstream_frame_size", (a.hailo_get_output_vstream_frame_size)(o, null_mut())),
            ("hailo_vstream_write_raw_buffer", (a.hailo_vstream_write_raw_buffer)(null_mut(), frame.as_ptr().cast(), bytes)),
            ("hailo_vstream_write_raw_buffer", (a.hailo_vstream_write_raw_buffer)(i, null(), bytes)),
            ("hailo_vstream_read_raw_buffer", (a.hailo_vstream_read_raw_buffer)(null_mut(), frame.as_mut_ptr().cast(), 4 * 50 * 128)),
            ("hailo_vstream_read_raw_buffer", (a.hailo_vstream_read_raw_buffer)(o, null_mut(), 4 * 50 * 128)),
            ("hailo_shutdown_network_group", (a.hailo_shutdown_network_group)(null_mut())),
            ("hailo_set_scheduler_timeout", (a.hailo_set_scheduler_timeout)(null_mut(), 1, null())),
            ("hailo_set_scheduler_threshold", (a.hailo_set_scheduler_threshold)(null_mut(), 1, null())),
            ("hailo_set_scheduler_priority", (a.hailo_set_scheduler_priority)(null_mut(), 1, null())),
        ]
    };
    for (at, (call, status)) in answers.iter().enumerate() {
        let earlier = answers[..at].iter().filter(|(c, _)| c == call).count();
        assert_eq!(*status, HAILO_INVALID_ARGUMENT, "{call}, case {earlier}");
    }
    for symbol in Api::SYMBOLS {
        assert!(answers.iter().any(|(call, _)| call == symbol), "{symbol} is not tried");
    }
    // SAFETY: a handle that is not used any more.
    assert_eq!(unsafe { (a.hailo_release_device)(device) }, HAILO_SUCCESS);
    // Nothing of all that has broken what is loaded or left a handle.
    loaded.infer(1);
    loaded.release();
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
    assert_nothing_in_use();
}

#[test]
fn an_array_that_is_too_small_gets_the_number_that_is_needed() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let hef = create_hef(&installed.model.decoder).unwrap();
    let group = configure(vdevice, hef).unwrap();
    let mut outputs = output_params(group);
    let mut inputs = input_params(group);
    let mut infos = [hailo_vstream_info_t::zeroed(); 6];
    let mut names = [hailo_layer_name_t::zeroed(); 4];
    let (mut groups, mut none) = (null_mut(), 0);
    let (h, g) = (pointer(hef), pointer(group));
    let counted = |room: usize, call: &mut dyn FnMut(*mut usize) -> hailo_status| {
        let mut count = room;
        let status = call(&raw mut count);
        (status, count)
    };
    // SAFETY: handles in use; the arrays have at least the capacities that are said.
    unsafe {
        let answer =
            counted(1, &mut |n| (api().hailo_make_input_vstream_params)(g, false, 3, inputs.as_mut_ptr(), n));
        assert_eq!(answer, (HAILO_INSUFFICIENT_BUFFER, 2));
        let answer = counted(3, &mut |n| {
            (api().hailo_make_output_vstream_params)(g, false, 3, outputs.as_mut_ptr(), n)
        });
        assert_eq!(answer, (HAILO_INSUFFICIENT_BUFFER, 4));
        let answer =
            counted(5, &mut |n| (api().hailo_hef_get_all_vstream_infos)(h, null(), infos.as_mut_ptr(), n));
        assert_eq!(answer, (HAILO_INSUFFICIENT_BUFFER, 6));
        let answer =
            counted(0, &mut |n| (api().hailo_hef_get_sorted_output_names)(h, null(), names.as_mut_ptr(), n));
        assert_eq!(answer, (HAILO_INSUFFICIENT_BUFFER, 4));
        let status =
            (api().hailo_configure_vdevice)(pointer(vdevice), h, null_mut(), &raw mut groups, &raw mut none);
        assert_eq!(status, HAILO_INSUFFICIENT_BUFFER);
    }
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn a_buffer_of_another_size_than_the_frame_is_an_invalid_argument() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
    let (input, output) = (loaded.inputs[0], loaded.outputs[0]);
    let (wanted, expected) = (100 * 80, loaded.infer(1));
    for count in [0, 1, wanted - 1, wanted + 1, 2 * wanted] {
        assert_eq!(write(input, &vec![0.5; count]), HAILO_INVALID_ARGUMENT, "{count} values");
    }
    // None of them was queued: what is read is the next inference, and the wrong size takes nothing away.
    assert_eq!(write(input, &loaded.frame(0, 1)), HAILO_SUCCESS);
    for count in [0, 1, 50 * 128 - 1, 50 * 128 + 1] {
        assert_eq!(read(output, &mut vec![0.0; count]), HAILO_INVALID_ARGUMENT, "{count} values");
    }
    assert!(loaded.read_all() == expected);
    loaded.release();
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn frames_of_formats_without_a_conversion_are_refused() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let group = configure(vdevice, create_hef(&installed.model.encoder).unwrap()).unwrap();
    // The device has 16 bits.
    for (type_, output) in [
        (HAILO_FORMAT_TYPE_AUTO, HAILO_SUCCESS),
        (HAILO_FORMAT_TYPE_UINT16, HAILO_SUCCESS),
        (HAILO_FORMAT_TYPE_UINT8, HAILO_INVALID_ARGUMENT),
    ] {
        let (mut inputs, mut outputs) = (input_params(group), output_params(group));
        inputs[0].params.user_buffer_format.type_ = type_;
        outputs[0].params.user_buffer_format.type_ = type_;
        assert_eq!(release_inputs(&create_inputs(group, &inputs).unwrap()), HAILO_SUCCESS, "type {type_}");
        let made = create_outputs(group, &outputs);
        assert_eq!(made.as_ref().err().copied().unwrap_or(HAILO_SUCCESS), output, "type {type_}");
        assert_eq!(made.map_or(HAILO_SUCCESS, |made| release_outputs(&made)), HAILO_SUCCESS);
    }
    // An order that cannot be had of the device's is refused with the first frame.
    let mut inputs = input_params(group);
    inputs[0].params.user_buffer_format.order = HAILO_FORMAT_ORDER_NV12;
    let made = create_inputs(group, &inputs).unwrap();
    assert_eq!(write(made[0], &[0.0; 100 * 80]), HAILO_INVALID_OPERATION);
    assert_eq!(release_inputs(&made), HAILO_SUCCESS);
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn vstreams_are_made_of_names_that_exist_once_each() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let group = configure(vdevice, create_hef(&installed.model.encoder).unwrap()).unwrap();
    let mut inputs = input_params(group);
    set_text(&mut inputs[0].name, "nobody/input_layer1");
    assert_eq!(create_inputs(group, &inputs), Err(HAILO_NOT_FOUND));
    let inputs = input_params(group);
    let made = create_inputs(group, &inputs).unwrap();
    assert_eq!(create_inputs(group, &inputs), Err(HAILO_INVALID_OPERATION));
    assert_eq!(release_inputs(&made), HAILO_SUCCESS);
    let again = create_inputs(group, &inputs).unwrap();
    assert_eq!(release_inputs(&again), HAILO_SUCCESS);
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn the_schedulers_settings_are_those_of_the_whole_group() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let group = configure(vdevice, create_hef(&installed.model.encoder).unwrap()).unwrap();
    let (api, g, network) = (api(), pointer(group), c"canned/canned".as_ptr());
    // SAFETY: a handle in use, and a string ended by NUL or NULL.
    unsafe {
        assert_eq!((api.hailo_set_scheduler_timeout)(g, 10, null()), HAILO_SUCCESS);
        assert_eq!((api.hailo_set_scheduler_threshold)(g, 1, null()), HAILO_SUCCESS);
        assert_eq!((api.hailo_set_scheduler_priority)(g, 31, null()), HAILO_SUCCESS);
        assert_eq!((api.hailo_set_scheduler_priority)(g, 32, null()), HAILO_INVALID_ARGUMENT);
        assert_eq!((api.hailo_set_scheduler_timeout)(g, 10, network), HAILO_NOT_IMPLEMENTED);
        assert_eq!((api.hailo_set_scheduler_threshold)(g, 1, network), HAILO_NOT_IMPLEMENTED);
        assert_eq!((api.hailo_set_scheduler_priority)(g, 16, network), HAILO_NOT_IMPLEMENTED);
    }
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn a_group_of_another_name_is_not_found() {
    let installed = install();
    let hef = create_hef(&installed.model.encoder).unwrap();
    let (mut infos, mut names) = ([hailo_vstream_info_t::zeroed(); 4], [hailo_layer_name_t::zeroed(); 4]);
    let mut count = 4;
    let (api, h) = (api(), pointer(hef));
    let (right, wrong) = (c"canned_whisper_encoder_1s".as_ptr(), c"another".as_ptr());
    // SAFETY: a handle in use, strings ended by NUL, arrays and their capacity.
    unsafe {
        for (name, status) in [(wrong, HAILO_NOT_FOUND), (right, HAILO_SUCCESS)] {
            count = 4;
            let infos = (api.hailo_hef_get_all_vstream_infos)(h, name, infos.as_mut_ptr(), &raw mut count);
            assert_eq!(infos, status);
            count = 4;
            let names = (api.hailo_hef_get_sorted_output_names)(h, name, names.as_mut_ptr(), &raw mut count);
            assert_eq!(names, status);
        }
    }
    assert_eq!(count, 1);
    assert_eq!(release_hef(hef), HAILO_SUCCESS);
}

#[test]
fn a_hef_for_another_chip_or_without_its_weights_is_not_configured() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let mut hef = hailort_sim::hef::Hef::from_bytes(&installed.model.encoder).unwrap();
    for arch in [0, 1, 2, 4, 103] {
        hef.arch = arch;
        let other = create_hef(&hailort_sim::hef::generate::write(&hef)).unwrap();
        assert_eq!(configure(vdevice, other), Err(HAILO_HEF_NOT_COMPATIBLE_WITH_DEVICE), "{arch}");
        assert_eq!(release_hef(other), HAILO_SUCCESS);
    }
    let absent = hailort_sim::canned::Canned::new(2);
    let without = create_hef(&absent.encoder).unwrap();
    assert_eq!(configure(vdevice, without), Err(HAILO_INTERNAL_FAILURE));
    // Once the weights are there, the same HEF works.
    absent.install(installed.cache.path()).unwrap();
    configure(vdevice, without).unwrap();
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}
