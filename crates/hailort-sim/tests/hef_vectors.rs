//! The simulator answers for HEF files what HailoRT 4.23.0 answered for them.
//!
//! `data/hef-vectors` holds small files, good and broken, and in `expected-4.23.json` what the real library said.

use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::ptr::null_mut;

use hailort_sys::status::*;
use hailort_sys::types::*;
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/hef-vectors")
}

fn expected() -> serde_json::Map<String, Value> {
    let text = std::fs::read_to_string(folder().join("expected-4.23.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn number(value: &Value) -> u32 {
    u32::try_from(value.as_u64().unwrap()).unwrap()
}

/// What creating the HEF from a file answers, and its handle.
fn create_file(path: &Path) -> (hailo_status, hailo_hef) {
    let path = CString::new(path.to_str().unwrap()).unwrap();
    let mut hef = null_mut();
    // SAFETY: a place for the handle and a string ended by NUL.
    let status = unsafe { (hailort_sim::api().hailo_create_hef_file)(&raw mut hef, path.as_ptr()) };
    (status, hef)
}

/// What creating the HEF from memory answers, and its handle. The bytes outlive it: the simulator copies them.
fn create_buffer(bytes: &[u8]) -> (hailo_status, hailo_hef) {
    let mut hef = null_mut();
    // SAFETY: a place for the handle and a buffer of the size that is said.
    let status = unsafe {
        (hailort_sim::api().hailo_create_hef_buffer)(&raw mut hef, bytes.as_ptr().cast(), bytes.len())
    };
    (status, hef)
}

fn release(hef: hailo_hef) {
    // SAFETY: a handle that is in use and is not used any more.
    assert_eq!(unsafe { (hailort_sim::api().hailo_release_hef)(hef) }, HAILO_SUCCESS);
}

fn check_groups(file: &str, hef: hailo_hef, expected: &[Value]) {
    let mut infos = [hailo_network_group_info_t::zeroed(); 8];
    let mut count = infos.len();
    // SAFETY: a handle in use, an array and its capacity.
    let status = unsafe {
        (hailort_sim::api().hailo_get_network_groups_infos)(hef, infos.as_mut_ptr(), &raw mut count)
    };
    assert_eq!((status, count), (HAILO_SUCCESS, expected.len()), "{file}: groups");
    for (info, expected) in infos.iter().zip(expected) {
        assert_eq!(text(&info.name), expected["name"], "{file}");
        assert_eq!(info.is_multi_context, expected["is_multi_context"], "{file}");
    }
}

fn vstreams(file: &str, hef: hailo_hef) -> Vec<hailo_vstream_info_t> {
    let mut infos = [hailo_vstream_info_t::zeroed(); 40];
    let mut count = infos.len();
    // SAFETY: a handle in use, NULL for the first group, an array and its capacity.
    let status = unsafe {
        (hailort_sim::api().hailo_hef_get_all_vstream_infos)(
            hef,
            std::ptr::null(),
            infos.as_mut_ptr(),
            &raw mut count,
        )
    };
    assert_eq!(status, HAILO_SUCCESS, "{file}: vstreams");
    infos[..count].to_vec()
}

fn check_vstream(file: &str, info: &hailo_vstream_info_t, expected: &Value) {
    // SAFETY: the orders of these files are none of the NMS ones, so that the shape is the member that counts.
    let shape = unsafe { info.shape.shape };
    let name = text(&info.name);
    assert_eq!(name, expected["name"], "{file}");
    assert_eq!(text(&info.network_name), expected["network_name"], "{file} {name}");
    for (key, found) in [
        ("direction", info.direction),
        ("format_type", info.format.type_),
        ("format_order", info.format.order),
        ("format_flags", info.format.flags),
        ("height", shape.height),
        ("width", shape.width),
        ("features", shape.features),
    ] {
        assert_eq!(found, number(&expected[key]), "{file} {name} {key}");
    }
    for (key, found) in [("qp_zp", info.quant_info.qp_zp), ("qp_scale", info.quant_info.qp_scale)] {
        assert_eq!(found, expected[key].as_f64().unwrap() as f32, "{file} {name} {key}");
    }
    assert_eq!(expected.as_object().unwrap().len(), 11, "{file} {name}: a figure that nobody compares");
}

fn sorted_outputs(hef: hailo_hef) -> Vec<String> {
    let mut names = [hailo_layer_name_t::zeroed(); 40];
    let mut count = names.len();
    // SAFETY: a handle in use, NULL for the first group, an array and its capacity.
    let status = unsafe {
        (hailort_sim::api().hailo_hef_get_sorted_output_names)(
            hef,
            std::ptr::null(),
            names.as_mut_ptr(),
            &raw mut count,
        )
    };
    assert_eq!(status, HAILO_SUCCESS);
    names[..count].iter().map(|n| text(&n.name)).collect()
}

/// All that the real library said of a good file.
fn check_contents(file: &str, hef: hailo_hef, expected: &Value) {
    check_groups(file, hef, expected["network_groups"].as_array().unwrap());
    let infos = vstreams(file, hef);
    let wanted = expected["vstreams"].as_array().unwrap();
    assert_eq!(infos.len(), wanted.len(), "{file}: vstreams");
    for (info, wanted) in infos.iter().zip(wanted) {
        check_vstream(file, info, wanted);
    }
    // SAFETY: as in `check_vstream`.
    let input = unsafe { infos[0].shape.shape };
    assert_eq!(
        4 * input.height * input.width * input.features,
        number(&expected["input0_float32_frame_size"])
    );
    assert_eq!(HAILO_DEFAULT_VSTREAM_TIMEOUT_MS, number(&expected["default_timeout_ms"]));
    assert_eq!(HAILO_DEFAULT_VSTREAM_QUEUE_SIZE, number(&expected["default_queue_size"]));
    let outputs: Vec<String> =
        infos.iter().filter(|i| i.direction == HAILO_D2H_STREAM).map(|i| text(&i.name)).collect();
    assert_eq!(sorted_outputs(hef), outputs, "{file}");
    assert_eq!(expected.as_object().unwrap().len(), 7, "{file}: a figure that nobody compares");
}

#[test]
fn every_vector_is_answered_as_by_the_real_library() {
    let expected = expected();
    assert_eq!(expected.len(), 11);
    for (file, expected) in &expected {
        let path = folder().join(file);
        let bytes = std::fs::read(&path).unwrap();
        let from_file = create_file(&path);
        assert_eq!(from_file.0, number(&expected["create_hef_file"]), "{file} as a file");
        let from_buffer = create_buffer(&bytes);
        // The real library was not asked for what crashes it; here that is a status like any other.
        let wanted = expected["create_hef_buffer"].as_u64().map_or(HAILO_HEF_FILE_CORRUPTED, |s| s as u32);
        assert_eq!(from_buffer.0, wanted, "{file} as a buffer");
        for (status, hef) in [from_file, from_buffer] {
            if status == HAILO_SUCCESS {
                check_contents(file, hef, expected);
                release(hef);
            } else {
                assert!(hef.is_null(), "{file}: a handle beside an error");
            }
        }
    }
}

#[test]
fn what_is_no_file_at_all_is_answered_as_by_the_real_library() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(create_file(&folder.path().join("none.hef")).0, HAILO_OPEN_FILE_FAILURE);
    assert_eq!(create_file(folder.path()).0, HAILO_FILE_OPERATION_FAILURE);
    let empty = folder.path().join("empty.hef");
    std::fs::write(&empty, b"").unwrap();
    assert_eq!(create_file(&empty).0, HAILO_FILE_OPERATION_FAILURE);
}

#[test]
fn a_buffer_too_short_for_a_header_is_a_status_and_no_crash() {
    let whole = std::fs::read(folder().join("enc_v2.hef")).unwrap();
    for length in 0..=56 {
        // A copy of exactly this length, so that a read beyond it would be one beyond the allocation.
        let (status, hef) = create_buffer(&Box::<[u8]>::from(&whole[..length]));
        assert_eq!((status, hef), (HAILO_HEF_FILE_CORRUPTED, null_mut()), "{length} bytes");
    }
}

#[test]
fn a_hef_for_another_architecture_is_read_but_not_configured() {
    hailort_sim::runtime::host::own();
    let api = hailort_sim::api();
    let (status, hef) = create_file(&folder().join("enc_v2.hef"));
    assert_eq!(status, HAILO_SUCCESS);
    let (mut vdevice, mut groups, mut count) = (null_mut(), [null_mut(); 8], 8);
    // SAFETY: NULL for the defaults and a place for the handle; then handles in use, NULL for the defaults, an array
    // and its capacity; at last handles that are not used any more.
    unsafe {
        assert_eq!((api.hailo_create_vdevice)(null_mut(), &raw mut vdevice), HAILO_SUCCESS);
        assert_eq!(
            (api.hailo_configure_vdevice)(vdevice, hef, null_mut(), groups.as_mut_ptr(), &raw mut count),
            HAILO_HEF_NOT_COMPATIBLE_WITH_DEVICE
        );
        assert_eq!((api.hailo_release_vdevice)(vdevice), HAILO_SUCCESS);
    }
    release(hef);
}
