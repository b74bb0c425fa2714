//! What changes between the versions of HailoRT that are simulated. The version is a process's: each answer comes from
//! one of its own.

use std::collections::BTreeMap;
use std::process::Command;
use std::ptr::null_mut;

use hailort_sim::hef::shortcut::{Shortcut, write};
use hailort_sim::hef::{Hef, header};
use hailort_sim::version::{VERSION_VARIABLE, Version};
use hailort_sys::status::*;
use hailort_sys::types::*;

/// What a process of this version answers that has so many devices.
fn answers(version: &str, devices: &str) -> (BTreeMap<String, String>, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "a_program_that_names_no_version_has_the_newest", "--nocapture"]);
    command.env(VERSION_VARIABLE, version).env("HAILO_SIM_DEVICES", devices).env_remove("HAILO_SIM_FAULTS");
    let host = format!("versions-{}-{version}-{devices}", std::process::id());
    let output = command.env("HAILO_SIM_HOST", host).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}: {errors}", output.status);
    let text = String::from_utf8_lossy(&output.stdout);
    let told = text.lines().filter_map(|line| line.split_once("answer: ")?.1.split_once('='));
    let told: BTreeMap<_, _> = told.map(|(what, answer)| (what.to_owned(), answer.to_owned())).collect();
    assert_eq!(told.len(), 11, "{text}");
    (told, errors)
}

fn hef(bytes: &[u8]) -> (hailo_status, hailo_hef) {
    let mut hef = null_mut();
    // SAFETY: a place for the handle and a buffer of the size that is said.
    let status = unsafe {
        (hailort_sim::api().hailo_create_hef_buffer)(&raw mut hef, bytes.as_ptr().cast(), bytes.len())
    };
    (status, hef)
}

/// The other tests start this one, with a version to name, for what it writes.
#[test]
fn a_program_that_names_no_version_has_the_newest() {
    let chosen = std::env::var_os(VERSION_VARIABLE).is_some();
    if !chosen {
        // What is opened here is taken from nobody.
        hailort_sim::runtime::host::own();
    }
    let (api, further) = (hailort_sim::api(), hailort_sim::further_api());
    let mut version = hailo_version_t::zeroed();
    let mut ids = [hailo_device_id_t::zeroed(); 4];
    let (mut found, mut vdevice, mut device) = (ids.len(), null_mut(), null_mut());
    // SAFETY: places for one result each, an array with its capacity, NULL where it means the default.
    let (said, scan, claim, open) = unsafe {
        (
            (api.hailo_get_library_version)(&raw mut version),
            (api.hailo_scan_devices)(null_mut(), ids.as_mut_ptr(), &raw mut found),
            (api.hailo_create_vdevice)(null_mut(), &raw mut vdevice),
            (api.hailo_create_device_by_id)(std::ptr::null(), &raw mut device),
        )
    };
    // SAFETY: any number is asked for; the answer is NULL or a string that stays.
    let highest = (0..200).rev().find(|s| unsafe { !(further.hailo_get_status_message)(*s).is_null() });
    let whole = write(&Shortcut::default());
    let proto = &whole[44..];
    let mut magic = whole.clone();
    magic[0] = 2;
    let mut sum = whole.clone();
    sum[13] ^= 1;
    let (status, other) = hef(&write(&Shortcut { arch: 0, ..Default::default() }));
    assert!(status == HAILO_SUCCESS || other.is_null());
    let (mut groups, mut count) = ([null_mut(); 8], 8);
    // SAFETY: handles in use or NULL, an array with its capacity.
    let configured = unsafe {
        (api.hailo_configure_vdevice)(vdevice, other, null_mut(), groups.as_mut_ptr(), &raw mut count)
    };
    for (what, answer) in [
        ("version", format!("{said} {}.{}.{}", version.major, version.minor, version.revision)),
        ("scan", scan.to_string()),
        ("create vdevice", claim.to_string()),
        ("create device", open.to_string()),
        ("highest status", format!("{highest:?}")),
        ("header 2", hef(&whole).0.to_string()),
        ("header 3", hef(&header::write(3, proto)).0.to_string()),
        ("magic", hef(&magic).0.to_string()),
        ("checksum", hef(&sum).0.to_string()),
        ("50 bytes", hef(&whole[..50]).0.to_string()),
        ("other architecture", configured.to_string()),
    ] {
        println!("answer: {what}={answer}");
    }
    let newest = (HAILO_SUCCESS, (4, 23, 0));
    assert!(chosen || (said, (version.major, version.minor, version.revision)) == newest);
}

#[track_caller]
fn check(version: &str, devices: &str, wanted: [&str; 11]) {
    let (told, _) = answers(version, devices);
    let keys = [
        "version",
        "scan",
        "create vdevice",
        "create device",
        "highest status",
        "header 2",
        "header 3",
        "magic",
        "checksum",
        "50 bytes",
        "other architecture",
    ];
    for (key, wanted) in keys.iter().zip(wanted) {
        assert_eq!(told[*key], wanted, "{key} of {version} with {devices} devices");
    }
}

#[test]
fn a_host_without_devices_lacks_the_driver_up_to_4_22() {
    check("4.20.0", "0", ["0 4.20.0", "64", "64", "64", "Some(90)", "0", "26", "26", "26", "26", "2"]);
    check("4.21.0", "0", ["0 4.21.0", "64", "64", "64", "Some(93)", "0", "0", "92", "91", "91", "2"]);
    check("4.22.0", "0", ["0 4.22.0", "64", "64", "64", "Some(93)", "0", "0", "92", "91", "91", "2"]);
    check("4.23.0", "0", ["0 4.23.0", "0", "74", "6", "Some(93)", "0", "0", "92", "91", "91", "2"]);
}

#[test]
fn with_a_device_only_hefs_are_answered_differently() {
    check("4.20.0", "1", ["0 4.20.0", "0", "0", "0", "Some(90)", "0", "26", "26", "26", "26", "26"]);
    check("4.23.0", "1", ["0 4.23.0", "0", "0", "0", "Some(93)", "0", "0", "92", "91", "91", "93"]);
}

#[test]
fn without_the_variable_it_is_4_23() {
    let (told, errors) = answers("", "1");
    assert_eq!(told["version"], "0 4.23.0");
    assert!(!errors.contains(VERSION_VARIABLE), "{errors}");
}

#[test]
fn a_wrong_version_is_said_once_and_nothing_works() {
    let (told, errors) = answers("4.24.0", "1");
    let wrong = "HAILO_SIM_VERSION is \"4.24.0\", which is no version that is simulated";
    assert_eq!(errors.matches(wrong).count(), 1, "{errors}");
    assert!(errors.contains("set it to 4.20.0, 4.21.0, 4.22.0 or 4.23.0"), "{errors}");
    assert_eq!(told["version"], "2 0.0.0");
    assert_eq!(told["highest status"], "None");
    for what in ["scan", "create vdevice", "create device", "header 2", "other architecture"] {
        assert_eq!(told[what], HAILO_INVALID_ARGUMENT.to_string(), "{what}");
    }
}

#[test]
fn extensions_of_a_hef_are_known_by_version() {
    // A protobuf's extension 26 is `2a 1f 08 1a …`: without it, and with a later one.
    let whole = write(&Shortcut::default());
    let proto = whole[44..].to_vec();
    let at = proto.windows(2).position(|w| w == [0x08, 26]).expect("extension 26");
    let with = |number: u8| {
        let mut changed = proto.clone();
        changed[at + 1] = number;
        header::write(2, &changed)
    };
    let status = |number, version| {
        Hef::read_bytes(&with(number), version).map_or_else(|e| e.status_in(version), |_| 0)
    };
    assert_eq!(status(26, Version::V4_20), HAILO_SUCCESS);
    assert_eq!(status(29, Version::V4_20), HAILO_SUCCESS);
    assert_eq!(status(30, Version::V4_20), HAILO_INVALID_HEF);
    assert_eq!(status(26, Version::V4_21), HAILO_SUCCESS);
    // What it lacks is extension 26.
    assert_eq!(status(29, Version::V4_21), HAILO_HEF_NOT_SUPPORTED);
    assert_eq!(status(40, Version::V4_23), HAILO_HEF_NOT_SUPPORTED);
}
