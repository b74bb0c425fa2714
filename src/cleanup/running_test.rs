//! Whether this process is a running test, which must not pass by ending in its middle.
//!
//! A runner takes the status 0 for a pass, whoever left with it. Under nextest each test is a process, and what it was
//! started with tells it from the programs that it starts, which inherit its environment. Elsewhere a process is taken
//! for a running test from its first guard on (see `fixtures`).
//!
//! The harnesses of tests (libtest, libtest-mimic) run them on threads of their own and leave from the main thread:
//! an `exit` on another thread comes from the test.

use std::ffi::CStr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::bounded::say;
use super::exit;
use crate::worker::image::in_executable;

/// The process that is a running test; 0 where none is known. A child made by fork has a copy of this, and is none.
static TEST: AtomicU32 = AtomicU32::new(0);

/// The process that is one test, and nothing else.
static ONLY: AtomicU32 = AtomicU32::new(0);

/// Whether this process is a running test.
pub(crate) fn is_this() -> bool {
    TEST.load(Ordering::SeqCst) == std::process::id()
}

/// Whether this process is one test of nextest, and nothing else. A child made by fork is none.
#[cfg_attr(not(feature = "fixtures"), allow(dead_code, reason = "fixtures ask"))]
pub(crate) fn is_only_test() -> bool {
    ONLY.load(Ordering::SeqCst) == std::process::id()
}

/// This process is a running test: it uses a fixture.
pub(crate) fn mark() {
    if TEST.swap(std::process::id(), Ordering::SeqCst) != std::process::id() {
        exit::on_exit(at_exit);
    }
}

/// Whether `exit` was called by a test, and not by what runs it.
fn called_by_test() -> bool {
    // SAFETY: the calls only answer.
    is_this() && unsafe { libc::gettid() != libc::getpid() }
}

/// The status that the current `exit` should have: in the middle of a test no success, and a line that says so.
pub(super) fn correct(asked: Option<i32>) -> Option<i32> {
    static SAID: AtomicBool = AtomicBool::new(false);
    if asked.is_some_and(|status| status != 0) || !called_by_test() {
        return asked;
    }
    if !SAID.swap(true, Ordering::SeqCst) {
        say("hailo-harness: exit(0) inside a running test: the test has not passed");
    }
    Some(exit::FAILED)
}

fn at_exit(asked: Option<i32>) {
    if correct(asked) != asked {
        exit::fail()
    }
}

#[used]
// SAFETY: the linker's table of functions that run before `main`; the function has the type that is called.
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = before_main;

/// The environment and the arguments are looked at before a test can change them, and what is registered first is
/// called last at exit. It runs in every program that links this library: it must be quick and harmless.
extern "C" fn before_main() {
    if variable(c"NEXTEST_EXECUTION_MODE").as_deref() != Some("process-per-test") || !in_executable() {
        return;
    }
    // A panic must not run into the C code that called this.
    let _ = std::panic::catch_unwind(|| {
        if is_test_of_nextest(&Process::this()) {
            mark();
            ONLY.store(std::process::id(), Ordering::SeqCst);
        }
    });
}

fn variable(name: &CStr) -> Option<String> {
    // SAFETY: nothing else runs yet that could change the environment; the answer is a string or null.
    unsafe {
        let value = libc::getenv(name.as_ptr());
        (!value.is_null()).then(|| CStr::from_ptr(value).to_string_lossy().into_owned())
    }
}

/// What a process was started with.
#[derive(Clone, Debug)]
struct Process {
    test: Option<String>,
    arguments: Vec<String>,
    leads_group: bool,
    /// Whether the same program started it.
    is_own_child: bool,
}

impl Process {
    fn this() -> Self {
        let exe = |process: &str| std::fs::read_link(format!("/proc/{process}/exe")).ok();
        // SAFETY: the calls only answer.
        let (parent, leads_group) = unsafe { (libc::getppid(), libc::getpgrp() == libc::getpid()) };
        Self {
            test: variable(c"NEXTEST_TEST_NAME"),
            // The standard library has them before `main` only where the C library passes them to constructors.
            arguments: std::fs::read("/proc/self/cmdline")
                .unwrap_or_default()
                .split(|&b| b == 0)
                .map(|a| String::from_utf8_lossy(a).into_owned())
                .collect(),
            leads_group,
            is_own_child: exe("self").is_some_and(|own| Some(own) == exe(&parent.to_string())),
        }
    }
}

/// nextest starts a test with `--exact NAME`, as the leader of a process group.
fn is_test_of_nextest(process: &Process) -> bool {
    let has = |wanted: &str| process.arguments.iter().skip(1).any(|a| a == wanted);
    process.test.as_deref().is_some_and(has) && has("--exact") && process.leads_group && !process.is_own_child
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_told_from_the_programs_that_it_starts() {
        let arguments = |all: &str| all.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let test = Process {
            test: Some("a::b".into()),
            arguments: arguments("/target/x --exact a::b --nocapture"),
            leads_group: true,
            is_own_child: false,
        };
        assert!(is_test_of_nextest(&test));
        let others = [
            Process { test: None, ..test.clone() },
            Process { test: Some("a::c".into()), ..test.clone() },
            Process { arguments: arguments("/bin/x run a::b"), ..test.clone() },
            Process { arguments: arguments("a::b --exact"), ..test.clone() },
            Process { leads_group: false, ..test.clone() },
            Process { is_own_child: true, ..test },
        ];
        for other in others {
            assert!(!is_test_of_nextest(&other), "{other:?}");
        }
    }

    #[test]
    fn a_child_made_by_fork_is_none() {
        TEST.store(std::process::id() + 1, Ordering::SeqCst);
        assert!(!is_this() && !called_by_test());
        assert_eq!(correct(Some(0)), Some(0));
    }
}
