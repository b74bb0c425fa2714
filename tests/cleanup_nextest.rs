//! A test that ends its process with 0 in its middle has not passed: shown by the runner itself, over this test's own
//! program.

mod common;

use std::os::unix::process::CommandExt;
use std::process::Command;

use hailo_harness::force_exit;

const VARIABLE: &str = "HAILO_TEST_VICTIM";

/// The tests that the ones below have run. Without the variable nothing happens.
mod victims {
    use super::*;

    fn wanted() -> Option<String> {
        std::env::var(VARIABLE).ok()
    }

    #[test]
    fn ends() {
        match wanted().as_deref() {
            None | Some("nothing") => {}
            Some("force_exit 0") => force_exit(0),
            Some("force_exit 0 on a thread") => {
                let _ = std::thread::spawn(|| force_exit(0)).join();
            }
            Some("exit 0") => std::process::exit(0),
            Some("C exit 0") => {
                // SAFETY: the C library's exit, which no other thread calls.
                unsafe { libc::exit(0) }
            }
            Some("exit 0, then a handler leaves") => {
                let leave = || force_exit(0);
                let _ = hailo_harness::CleanupRegistry::register("leaves", leave);
                std::process::exit(0)
            }
            Some("a failure, then a handler leaves") => {
                let leave = || force_exit(0);
                let _ = hailo_harness::CleanupRegistry::register("leaves", leave);
                panic!("the test's own failure")
            }
            Some("changes its environment") => {
                // SAFETY: no other thread of this process looks at it.
                unsafe { std::env::remove_var("NEXTEST_EXECUTION_MODE") };
                force_exit(0)
            }
            // What stays open: nothing of the harness is called.
            Some("_exit 0") => {
                // SAFETY: ends the process at once.
                unsafe { libc::_exit(0) }
            }
            Some("programs") => programs(),
            Some(other) => panic!("{other}"),
        }
    }

    /// Starts programs that leave with 0: that is theirs to do, also where they are the same program with the same
    /// arguments, in a process group of their own.
    fn programs() {
        let own = std::env::current_exe().unwrap();
        for what in ["force_exit 0", "exit 0", "nothing"] {
            for group in [true, false] {
                let mut command = Command::new(&own);
                command.args(["--exact", "victims::ends", "--nocapture"]).env(VARIABLE, what);
                if group {
                    command.process_group(0);
                }
                assert!(command.status().unwrap().success(), "{what}, {group}");
            }
            let mut shell = Command::new("sh");
            shell.args(["-c", "\"$0\" --exact victims::ends --nocapture; exit $?"]).arg(&own);
            assert!(shell.env(VARIABLE, what).status().unwrap().success(), "{what} by a shell");
        }
        // SAFETY: the child only exits.
        unsafe {
            let child = libc::fork();
            if child == 0 {
                force_exit(0)
            }
            let mut status = 0;
            libc::waitpid(child, &raw mut status, 0);
            assert_eq!(status, 0, "a child made by fork is no test");
        }
    }
}

/// Runs a victim as a test of nextest. Whether it passed, and what was said.
fn nextest(what: &str) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let output = common::nextest::nested(folder.path(), &["victims"])
        .args(["-E", "test(=victims::ends)"])
        .env(VARIABLE, what)
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("1 test run: "), "{said}");
    (output.status.success(), said)
}

#[test]
fn a_test_that_leaves_with_0_in_its_middle_fails_and_says_why() {
    for (what, line) in [
        ("force_exit 0", "force_exit(0) inside a running test"),
        ("force_exit 0 on a thread", "force_exit(0) inside a running test"),
        ("exit 0", "exit(0) inside a running test"),
        ("C exit 0", "exit(0) inside a running test"),
        ("exit 0, then a handler leaves", "exit(0) inside a running test"),
        ("a failure, then a handler leaves", "the test's own failure"),
        ("changes its environment", "force_exit(0) inside a running test"),
    ] {
        let (passed, said) = nextest(what);
        assert!(!passed && said.contains(line), "{what}: {said}");
    }
}

#[test]
fn a_test_that_ends_by_itself_passes_whatever_the_programs_do_that_it_starts() {
    for what in ["nothing", "programs"] {
        let (passed, said) = nextest(what);
        assert!(passed && !said.contains("inside a running test"), "{what}: {said}");
    }
}

/// Documented in `cleanup`: where this fails, the documentation has to change.
#[test]
fn a_bare_exit_with_0_stays_open() {
    let (passed, said) = nextest("_exit 0");
    assert!(passed, "{said}");
}
