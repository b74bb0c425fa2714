//! `assert_no_leaks!` in this very process: each kind is planted, found and named; what is clean passes.

use std::os::fd::AsRawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::time::Duration;

use hailo_harness::assert_no_leaks;
use hailo_harness::hailort::{Device, VDevice};
use hailo_harness::leaks::{Kind, Policy, Side, Watch};
use wait_timeout::ChildExt;

/// What a block is accused of.
fn accused(block: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(|| assert_no_leaks!({ block() })));
    let panic = panic.expect_err("it leaks");
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn a_clean_block_passes_and_has_its_value() {
    let value = assert_no_leaks!({
        let file = std::fs::File::open("/dev/null").unwrap();
        let thread = std::thread::spawn(move || file.as_raw_fd());
        let child = Command::new("true").status().unwrap();
        assert!(thread.join().unwrap() > 2 && child.success());
        7
    });
    assert_eq!(value, 7);
}

#[inline(never)]
fn sits_here_for_ever() {
    loop {
        std::thread::park();
    }
}

#[test]
fn a_thread_with_the_function_where_it_sits() {
    let said = accused(|| {
        std::thread::Builder::new().name("left".into()).spawn(sits_here_for_ever).unwrap();
    });
    assert!(said.contains("thread left") && said.contains("no_leaks::sits_here_for_ever"), "{said}");
    assert!(said.contains("strace"), "the next command: {said}");
}

#[test]
fn open_files_by_kind_also_where_a_number_is_used_again() {
    let before = std::fs::File::open("/dev/null").unwrap();
    let said = accused(|| {
        drop(before);
        // It gets the number that was just closed.
        std::mem::forget(std::fs::File::open("/dev/zero").unwrap());
        std::mem::forget(std::os::unix::net::UnixStream::pair().unwrap());
        std::mem::forget(std::io::pipe().unwrap());
    });
    for part in ["fd device /dev/zero", "fd socket", "fd pipe"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("/dev/null"), "{said}");
}

#[test]
fn a_handle_with_its_place() {
    hailort_sim::runtime::host::own();
    let said = accused(|| std::mem::forget(Device::open(hailort_sim::api(), "0000:01:00.0").unwrap()));
    assert!(said.contains("handle device 0000:01:00.0") && said.contains("tests/no_leaks.rs:"), "{said}");
    assert_no_leaks!({ drop(VDevice::open(hailort_sim::api(), None).unwrap()) });
}

#[test]
#[allow(clippy::zombie_processes, reason = "that is what is planted")]
fn children_grandchildren_and_those_that_went_away() {
    let script = "sleep 1000 & setsid sleep 1001 & setsid sh -c 'sleep 1002 & exit' ; wait";
    let said = accused(|| {
        let child = Command::new("sh").args(["-c", script]).spawn().unwrap();
        // Until all of them are there.
        let count = || {
            let all = std::fs::read_dir("/proc").unwrap().flatten();
            let arguments = all.filter_map(|p| std::fs::read(p.path().join("cmdline")).ok());
            arguments.filter(|a| a.starts_with(b"sleep\x00100")).count()
        };
        while count() < 3 {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::mem::forget(child);
    });
    Command::new("pkill").args(["-f", "^sleep 100[0-2]$"]).status().unwrap();
    assert_eq!(said.matches("child sleep").count(), 3, "{said}");
    assert!(said.contains("child sh") && said.contains("left its family"), "{said}");
}

#[test]
fn maps_signals_variables_and_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mapped");
    std::fs::write(&path, [0; 4096]).unwrap();
    let said = accused(|| {
        let file = std::fs::File::open(&path).unwrap();
        // SAFETY: nobody changes the file; the mapping stays.
        unsafe {
            libc::mmap(std::ptr::null_mut(), 4096, libc::PROT_READ, libc::MAP_PRIVATE, file.as_raw_fd(), 0);
            libc::signal(libc::SIGUSR1, libc::SIG_IGN);
            std::env::set_var("HAILO_TEST_SECRET", "not to be told");
        }
        std::env::set_current_dir("/").unwrap();
    });
    let mapped = format!("map {}", path.display());
    for part in [
        mapped.as_str(),
        "signal SIGUSR1 is ignored",
        "environment HAILO_TEST_SECRET (was set)",
        "directory / instead of",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("not to be told"), "{said}");
}

#[test]
fn what_wait_timeout_installs_once_is_no_leak() {
    assert_no_leaks!({
        let mut child = Command::new("true").spawn().unwrap();
        child.wait_timeout(Duration::from_secs(60)).unwrap().unwrap();
    });
}

#[test]
fn a_policy_ignores_with_a_reason_warns_or_fails() {
    assert_no_leaks!("ignore:fd:device*=on purpose"; {
        std::mem::forget(std::fs::File::open("/dev/zero").unwrap());
    });
    assert_no_leaks!(Policy::warn_only(); { std::mem::forget(std::fs::File::open("/dev/zero").unwrap()) });
    let watch = Watch::begin();
    std::mem::forget(std::fs::File::open("/dev/zero").unwrap());
    let leaks = watch.end();
    assert_eq!((leaks.len(), leaks[0].kind, leaks[0].side), (1, Kind::Fd, Side::Test), "{leaks:?}");
    let error = catch_unwind(|| assert_no_leaks!("ignore:fd:*"; {})).unwrap_err();
    assert!(error.downcast_ref::<String>().unwrap().contains("reason"));
}

#[test]
fn a_block_that_panics_keeps_its_own_panic() {
    let nothing = std::env::var_os("HAILO_TEST_NOTHING");
    let panic = catch_unwind(|| assert_no_leaks!({ nothing.expect("the block's own") })).unwrap_err();
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
    assert_eq!(text.as_deref(), Some("the block's own"));
}

#[test]
fn a_backtrace_and_files_that_are_renamed_are_no_leaks() {
    let folder = tempfile::tempdir().unwrap();
    let file = tempfile::NamedTempFile::new_in(folder.path()).unwrap();
    let there = folder.path().join("renamed");
    assert_no_leaks!({
        // It maps debug information of libraries, and keeps it.
        assert!(!std::backtrace::Backtrace::force_capture().to_string().is_empty());
        std::fs::rename(file.path(), &there).unwrap();
        std::fs::remove_file(&there).unwrap();
    });
}

#[test]
fn a_copy_of_the_process_has_nothing_of_its_own() {
    let watch = Watch::begin();
    let _file = std::fs::File::open("/dev/null").unwrap();
    // SAFETY: the copy makes few calls, and ends without anything of this process.
    let copy = unsafe { libc::fork() };
    if copy == 0 {
        let found = watch.end();
        // SAFETY: ends the copy.
        unsafe { libc::_exit(i32::from(!found.is_empty())) }
    }
    let mut status = 0;
    // SAFETY: waits for the copy just made.
    assert_eq!(unsafe { libc::waitpid(copy, &raw mut status, 0) }, copy);
    assert_eq!(status, 0, "it accuses nobody");
    assert_eq!(watch.end().len(), 1);
}
