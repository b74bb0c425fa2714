//! Simulated devices belong to the host: what another process uses is refused, until it lets go or dies.

use std::ffi::OsStr;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;

use hailort_sim::runtime::{host, mark};
use hailort_sys::status::*;

use crate::child::{Child, obey, report};
use crate::support::*;

const FIRST: &str = "0000:01:00.0";
const SECOND: &str = "0000:02:00.0";

/// The child: makes and releases virtual devices.
pub fn play() {
    let mut held = Vec::new();
    obey(|order| match order.split(' ').collect::<Vec<_>>()[..] {
        ["take", group, ref ids @ ..] => match create_vdevice(ids, Some(group)) {
            Ok(vdevice) => {
                held.push(vdevice);
                report("taken");
            }
            Err(status) => report(&status.to_string()),
        },
        ["release"] => {
            assert_eq!(release_vdevice(held.pop().unwrap()), HAILO_SUCCESS);
            report("released");
        }
        ref other => panic!("no order {other:?}"),
    });
}

/// A process on the host of this test.
fn neighbour() -> Child {
    neighbour_on(OsStr::new(host::own()))
}

fn neighbour_on(host: &OsStr) -> Child {
    Child::start("device", &[("HAILO_SIM_HOST", host)])
}

#[test]
fn a_device_that_another_process_uses_is_refused_until_it_is_released() {
    let mut other = neighbour();
    assert_eq!(other.ask("take UNIQUE"), "taken");
    assert_eq!(create_vdevice(&[], None), Err(HAILO_OUT_OF_PHYSICAL_DEVICES));
    assert_eq!(create_vdevice(&[FIRST], None), Err(HAILO_DEVICE_IN_USE));
    assert_eq!(other.ask("release"), "released");
    let mine = create_vdevice(&[], None).unwrap();
    assert_eq!(other.ask("take UNIQUE"), HAILO_OUT_OF_PHYSICAL_DEVICES.to_string());
    assert_eq!(other.ask(&format!("take UNIQUE {FIRST}")), HAILO_DEVICE_IN_USE.to_string());
    assert_eq!(release_vdevice(mine), HAILO_SUCCESS);
    assert_eq!(other.ask("take UNIQUE"), "taken");
}

#[test]
fn the_same_group_in_another_process_is_refused() {
    let mut other = neighbour();
    let mine = create_vdevice(&[], Some("shared")).unwrap();
    assert_eq!(other.ask("take shared"), HAILO_OUT_OF_PHYSICAL_DEVICES.to_string());
    assert_eq!(release_vdevice(mine), HAILO_SUCCESS);
    assert_eq!(other.ask("take shared"), "taken");
    assert_eq!(other.ask("take shared"), "taken");
    assert_eq!(other.ask("release"), "released");
    assert_eq!(create_vdevice(&[], Some("shared")), Err(HAILO_OUT_OF_PHYSICAL_DEVICES));
    assert_eq!(other.ask("release"), "released");
    let mine = create_vdevice(&[], Some("shared")).unwrap();
    assert_eq!(release_vdevice(mine), HAILO_SUCCESS);
}

#[test]
fn a_device_is_free_when_its_holder_is_killed() {
    for _ in 0..5 {
        let mut other = neighbour();
        assert_eq!(other.ask("take UNIQUE"), "taken");
        assert_eq!(create_vdevice(&[], None), Err(HAILO_OUT_OF_PHYSICAL_DEVICES));
        other.kill();
        let mut mine = None;
        wait_until("the device is free", || {
            mine = create_vdevice(&[], None).ok();
            mine.is_some()
        });
        assert_eq!(release_vdevice(mine.unwrap()), HAILO_SUCCESS);
    }
}

#[test]
fn devices_that_are_held_elsewhere_are_skipped() {
    set_variable("HAILO_SIM_DEVICES", "2");
    // A virtual device of several Hailo-8L there is not.
    set_variable("HAILO_SIM_ARCH", "hailo8");
    let mut other = neighbour();
    assert_eq!(other.ask(&format!("take UNIQUE {FIRST}")), "taken");
    let mut both = vdevice_params();
    both.device_count = 2;
    assert_eq!(create_vdevice_with(both), Err(HAILO_OUT_OF_PHYSICAL_DEVICES));
    assert_eq!(create_vdevice(&[SECOND, FIRST], None), Err(HAILO_DEVICE_IN_USE));
    // Neither refusal keeps the second device.
    let mine = create_vdevice(&[], None).unwrap();
    assert_eq!(create_vdevice(&[], None), Err(HAILO_OUT_OF_PHYSICAL_DEVICES));
    assert_eq!(other.ask(&format!("take UNIQUE {SECOND}")), HAILO_DEVICE_IN_USE.to_string());
    assert_eq!(release_vdevice(mine), HAILO_SUCCESS);
    assert_eq!(other.ask(&format!("take UNIQUE {SECOND}")), "taken");
    assert_eq!(create_vdevice(&[], None), Err(HAILO_OUT_OF_PHYSICAL_DEVICES));
    assert_eq!(other.ask("release"), "released");
    assert_eq!(other.ask("release"), "released");
    let files_before = files();
    let mine = create_vdevice_with(both).unwrap();
    assert_eq!(files() - files_before, 2);
    assert_eq!(release_vdevice(mine), HAILO_SUCCESS);
}

#[test]
fn simulated_hosts_do_not_disturb_each_other_whatever_their_names() {
    let (own, long) = (host::own(), "long ".repeat(1000));
    let values: Vec<Vec<u8>> = [b"".as_slice(), b"/", b"..", b"\xff\x01", b"\n", "\u{1f980}".as_bytes()]
        .iter()
        .map(|odd| [odd, own.as_bytes()].concat())
        .chain([[own.as_bytes(), long.as_bytes()].concat()])
        .collect();
    let mut all: Vec<Child> = values.iter().map(|value| neighbour_on(OsStr::from_bytes(value))).collect();
    for child in &mut all {
        assert_eq!(child.ask("take UNIQUE"), "taken");
    }
    // A second process with the same value is on the same host.
    for value in &values {
        let mut second = neighbour_on(OsStr::from_bytes(value));
        assert_eq!(second.ask("take UNIQUE"), HAILO_OUT_OF_PHYSICAL_DEVICES.to_string());
    }
}

#[test]
fn the_holder_of_a_device_can_be_found() {
    let mut other = neighbour();
    assert_eq!(other.ask("take UNIQUE"), "taken");
    let name = mark::socket_name_on(&host::name_of(Some(OsStr::new(host::own()))), FIRST);
    assert_eq!(name, mark::socket_name(FIRST));
    let table = std::fs::read_to_string("/proc/net/unix").unwrap();
    let line = table.lines().find(|line| line.ends_with(&format!(" {name}"))).unwrap();
    let socket = format!("socket:[{}]", line.split_whitespace().nth(6).unwrap());
    let files = std::fs::read_dir(format!("/proc/{}/fd", other.id())).unwrap();
    let links = files.filter_map(|f| std::fs::read_link(f.unwrap().path()).ok());
    assert_eq!(links.filter(|link| link.to_str() == Some(&socket)).count(), 1);
}

#[test]
fn programs_that_are_started_do_not_keep_the_device() {
    let vdevice = create_vdevice(&[], None).unwrap();
    let child = neighbour();
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
    let vdevice = create_vdevice(&[], None).unwrap();
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
    drop(child);
}

#[test]
fn what_keeps_a_device_from_being_marked_is_said_as_a_failure_of_the_driver() {
    api();
    // The next file gets the lowest number that is free.
    let free = std::fs::File::open("/dev/null").unwrap().as_raw_fd();
    let mut before = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: places for the limits.
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut before), 0);
        let none_left = libc::rlimit { rlim_cur: free as libc::rlim_t, ..before };
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &raw const none_left), 0);
    }
    let refused = [create_vdevice(&[], None), create_vdevice(&[FIRST], None)];
    // SAFETY: a valid limit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const before) }, 0);
    assert_eq!(refused, [Err(HAILO_DRIVER_OPERATION_FAILED); 2]);
    let vdevice = create_vdevice(&[], None).unwrap();
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn a_mistyped_number_of_devices_is_reported_once_and_no_device_is_there() {
    let host = OsStr::new(host::own());
    let mut other =
        Child::start("device", &[("HAILO_SIM_HOST", host), ("HAILO_SIM_DEVICES", OsStr::new("two"))]);
    for _ in 0..3 {
        assert_eq!(other.ask("take UNIQUE"), HAILO_OUT_OF_PHYSICAL_DEVICES.to_string());
    }
    let errors = other.errors();
    let said = |line: &&str| line.contains("HAILO_SIM_DEVICES") && line.contains("\"two\"");
    assert_eq!(errors.lines().filter(said).count(), 1, "{errors}");
}
