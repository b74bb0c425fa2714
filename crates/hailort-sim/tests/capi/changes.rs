//! What a call changes of its process on demand.

use std::os::unix::process::ExitStatusExt;

use hailort_sys::status::*;

use crate::faults::child;
use crate::support::*;

/// A set of signals in `/proc/self/status`.
fn signals(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    u64::from_str_radix(line.trim_start_matches(':').trim(), 16).unwrap()
}

fn has(field: &str, signal: i32) -> bool {
    signals(field) & (1 << (signal - 1)) != 0
}

#[test]
fn a_handler_is_installed_for_a_signal_and_for_a_time() {
    api();
    assert!(!has("SigCgt", libc::SIGUSR2) && !has("SigCgt", libc::SIGHUP));
    plan("hailo_get_library_version=change-signal; hailo_scan_devices=change-signal:SIGHUP,for=30ms");
    assert_eq!(version(), HAILO_SUCCESS);
    assert!(has("SigCgt", libc::SIGUSR2));
    // SAFETY: the handler does nothing.
    assert_eq!(unsafe { libc::raise(libc::SIGUSR2) }, 0);
    assert_eq!(scan(), Ok(1));
    wait_until("it is undone", || !has("SigCgt", libc::SIGHUP));
    assert!(has("SigCgt", libc::SIGUSR2));
}

#[test]
fn the_working_directory_changes_for_a_time() {
    api();
    let before = std::env::current_dir().unwrap();
    plan("hailo_get_library_version=change-directory; hailo_scan_devices=change-directory,for=30ms");
    assert_eq!(scan(), Ok(1));
    wait_until("it is undone", || std::env::current_dir().unwrap() == before);
    assert_eq!(version(), HAILO_SUCCESS);
    assert_eq!(std::env::current_dir().unwrap().to_str(), Some("/"));
}

#[test]
fn only_sigkill_ends_a_process_that_ignores_sigterm() {
    let (mut stubborn, _) = child("hailo_scan_devices=ignore-sigterm");
    assert_eq!(stubborn.ask("scan"), "0");
    // SAFETY: a process that this one has not waited for.
    assert_eq!(unsafe { libc::kill(stubborn.id().cast_signed(), libc::SIGTERM) }, 0);
    assert_eq!(stubborn.ask("version"), "0");
    stubborn.kill();
    assert_eq!(stubborn.end().signal(), Some(libc::SIGKILL));
    let (mut mortal, _) = child("");
    // SAFETY: as above.
    assert_eq!(unsafe { libc::kill(mortal.id().cast_signed(), libc::SIGTERM) }, 0);
    assert_eq!(mortal.end().signal(), Some(libc::SIGTERM));
}
