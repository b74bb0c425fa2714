//! Which devices there are, and who may use them.

use std::ffi::CString;
use std::ptr::{null_mut, without_provenance_mut as pointer};

use hailort_sys::status::*;
use hailort_sys::types::*;

use crate::support::*;

const FIRST: &str = "0000:01:00.0";
const SECOND: &str = "0000:02:00.0";

/// Status, count and names of a scan with room for so many.
fn scan(room: usize) -> (hailo_status, usize, Vec<String>) {
    let mut ids = vec![hailo_device_id_t::zeroed(); room.max(1)];
    let mut count = room;
    // SAFETY: NULL parameters, an array and its capacity.
    let status = unsafe { (api().hailo_scan_devices)(null_mut(), ids.as_mut_ptr(), &raw mut count) };
    let names = ids.iter().take(count).map(|id| text(&id.id)).filter(|n| !n.is_empty()).collect();
    (status, count, names)
}

#[test]
fn one_device_is_there_by_default() {
    assert_eq!(scan(4), (HAILO_SUCCESS, 1, vec![FIRST.to_string()]));
}

#[test]
fn a_scan_without_room_says_how_much_is_needed() {
    set_variable("HAILO_SIM_DEVICES", "2");
    assert_eq!(scan(1), (HAILO_INSUFFICIENT_BUFFER, 2, vec![]));
    assert_eq!(scan(2).2, [FIRST, SECOND]);
}

#[test]
fn without_a_device_a_scan_finds_none_and_no_virtual_device_is_made() {
    set_variable("HAILO_SIM_DEVICES", "0");
    assert_eq!(scan(4), (HAILO_SUCCESS, 0, vec![]));
    assert_eq!(create_vdevice(&[], None), Err(HAILO_OUT_OF_PHYSICAL_DEVICES));
    assert_eq!(create_vdevice(&[FIRST], None), Err(HAILO_INVALID_ARGUMENT));
}

#[test]
fn a_device_in_use_is_refused_until_it_is_released() {
    let holder = create_vdevice(&[], None).unwrap();
    assert_eq!(create_vdevice(&[], None), Err(HAILO_OUT_OF_PHYSICAL_DEVICES));
    assert_eq!(create_vdevice(&[FIRST], None), Err(HAILO_DEVICE_IN_USE));
    assert_eq!(create_vdevice(&[], Some("another")), Err(HAILO_OUT_OF_PHYSICAL_DEVICES));
    assert_eq!(release_vdevice(holder), HAILO_SUCCESS);
    let next = create_vdevice(&[FIRST], None).unwrap();
    assert_eq!(release_vdevice(next), HAILO_SUCCESS);
    assert_nothing_in_use();
}

#[test]
fn an_unknown_device_is_an_invalid_argument() {
    for id in ["0000:09:00.0", "nonsense", ""] {
        assert_eq!(create_vdevice(&[id], None), Err(HAILO_INVALID_ARGUMENT), "{id:?}");
    }
}

#[test]
fn two_devices_are_two_virtual_ones_or_one_over_both() {
    set_variable("HAILO_SIM_DEVICES", "2");
    // Hailo-8L work alone.
    set_variable("HAILO_SIM_ARCH", "hailo8");
    let both = create_vdevice(&[SECOND, FIRST], None).unwrap();
    let (mut ids, mut count) = ([hailo_device_id_t::zeroed(); 4], 4);
    // SAFETY: a handle in use, an array and its capacity.
    let status = unsafe {
        (api().hailo_vdevice_get_physical_devices_ids)(pointer(both), ids.as_mut_ptr(), &raw mut count)
    };
    assert_eq!((status, count), (HAILO_SUCCESS, 2));
    assert_eq!([text(&ids[0].id), text(&ids[1].id)], [SECOND, FIRST]);
    assert_eq!(release_vdevice(both), HAILO_SUCCESS);

    let one = create_vdevice(&[FIRST], None).unwrap();
    let other = create_vdevice(&[], None).unwrap();
    assert_eq!(create_vdevice(&[], None), Err(HAILO_OUT_OF_PHYSICAL_DEVICES));
    assert_eq!(release_vdevice(one), HAILO_SUCCESS);
    assert_eq!(release_vdevice(other), HAILO_SUCCESS);
    // The same device twice is one that is in use when it comes up again.
    assert_eq!(create_vdevice(&[FIRST, FIRST], None), Err(HAILO_DEVICE_IN_USE));
}

#[test]
fn the_same_group_shares_the_device_until_the_last_release() {
    let installed = install();
    let first = create_vdevice(&[], Some("shared")).unwrap();
    let second = create_vdevice(&[], Some("shared")).unwrap();
    assert_ne!(first, second);
    let loaded = Loaded::new(first, &installed.model.encoder, 2, 10_000);
    assert_eq!(release_vdevice(first), HAILO_SUCCESS);
    // What was configured through the first lives as long as the device does.
    loaded.infer(1);
    assert_eq!(create_vdevice(&[], None), Err(HAILO_OUT_OF_PHYSICAL_DEVICES));
    loaded.release();
    assert_eq!(release_vdevice(second), HAILO_SUCCESS);
    assert_nothing_in_use();
    let third = create_vdevice(&[], None).unwrap();
    assert_eq!(release_vdevice(third), HAILO_SUCCESS);
}

#[test]
fn the_unique_group_is_shared_with_nobody() {
    let holder = create_vdevice(&[], Some("UNIQUE")).unwrap();
    assert_eq!(create_vdevice(&[], Some("UNIQUE")), Err(HAILO_OUT_OF_PHYSICAL_DEVICES));
    assert_eq!(release_vdevice(holder), HAILO_SUCCESS);
}

#[test]
fn parameters_that_make_no_sense_are_answered_as_by_the_real_library() {
    let mut params = vdevice_params();
    params.multi_process_service = true;
    // As where the library was built without its service.
    assert_eq!(create_vdevice_with(params), Err(HAILO_INVALID_OPERATION));
    let mut params = vdevice_params();
    params.scheduling_algorithm = HAILO_SCHEDULING_ALGORITHM_ROUND_ROBIN + 1;
    assert_eq!(create_vdevice_with(params), Err(HAILO_INVALID_ARGUMENT));
    let mut params = vdevice_params();
    params.device_count = 0;
    assert_eq!(create_vdevice_with(params), Err(HAILO_INVALID_ARGUMENT));
    // Hailo-8L work alone, however many there are.
    params.device_count = 2;
    assert_eq!(create_vdevice_with(params), Err(HAILO_INVALID_OPERATION));
}

#[test]
fn the_default_parameters_are_one_scheduled_device_that_is_not_shared() {
    let params = vdevice_params();
    assert_eq!(params.device_count, 1);
    assert_eq!(params.scheduling_algorithm, HAILO_SCHEDULING_ALGORITHM_ROUND_ROBIN);
    assert!(params.device_ids.is_null() && !params.multi_process_service);
    // SAFETY: the library's own string.
    let group = unsafe { std::ffi::CStr::from_ptr(params.group_id) };
    assert_eq!(group.to_owned(), CString::new("UNIQUE").unwrap());
}

#[test]
fn a_physical_device_is_identified_and_measured_while_it_is_in_use() {
    let holder = create_vdevice(&[], None).unwrap();
    let mut id = hailo_device_id_t::zeroed();
    set_text(&mut id.id, FIRST);
    let mut device = null_mut();
    let mut identity = hailo_device_identity_t::zeroed();
    let mut heat = hailo_chip_temperature_info_t::zeroed();
    // SAFETY: valid pointers; the handle is in use until its release, and a stale one after it.
    unsafe {
        assert_eq!((api().hailo_create_device_by_id)(&raw const id, &raw mut device), HAILO_SUCCESS);
        assert_eq!((api().hailo_identify)(device, &raw mut identity), HAILO_SUCCESS);
        assert_eq!((api().hailo_get_chip_temperature)(device, &raw mut heat), HAILO_SUCCESS);
        assert_eq!((api().hailo_reset_device)(device, HAILO_RESET_DEVICE_MODE_SOFT), HAILO_SUCCESS);
        assert_eq!((api().hailo_reset_device)(device, 4), HAILO_INVALID_ARGUMENT);
        assert_eq!((api().hailo_release_device)(device), HAILO_SUCCESS);
        assert_eq!((api().hailo_release_device)(device), HAILO_INVALID_ARGUMENT);
        assert_eq!((api().hailo_identify)(device, &raw mut identity), HAILO_INVALID_ARGUMENT);
        set_text(&mut id.id, SECOND);
        assert_eq!((api().hailo_create_device_by_id)(&raw const id, &raw mut device), HAILO_INVALID_ARGUMENT);
    }
    assert_eq!(identity.device_architecture, HAILO_ARCH_HAILO8L);
    assert_eq!(identity.fw_version.major, 4);
    for (length, bytes) in [
        (identity.board_name_length, &identity.board_name[..]),
        (identity.serial_number_length, &identity.serial_number[..]),
        (identity.part_number_length, &identity.part_number[..]),
        (identity.product_name_length, &identity.product_name[..]),
    ] {
        assert_eq!(text(bytes).len(), usize::from(length));
    }
    assert!((0.0..100.0).contains(&heat.ts0_temperature));
    assert_eq!(release_vdevice(holder), HAILO_SUCCESS);
}
