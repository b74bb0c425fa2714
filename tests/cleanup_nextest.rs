//! A test that ends its process with 0 in its middle has not passed: shown by the runner itself, over this test's own
//! program.

use std::os::unix::process::CommandExt;
use std::process::Command;

use hailo_harness::force_exit;
use serde_json::json;

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
    let write = |name: &str, text: &[u8]| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name)
    };
    // A package without code and dependencies, to which the program is said to belong.
    write(
        "Cargo.toml",
        b"[package]\nname = \"victim\"\nedition = \"2024\"\n[lib]\npath = \"lib.rs\"\n[workspace]\n",
    );
    write("lib.rs", b"");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let metadata = Command::new(&cargo)
        .args(["metadata", "--format-version", "1", "--offline"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let about: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    // What `cargo nextest list --message-format json` says, for this program alone: nothing is built.
    let binaries = json!({
        "rust-build-meta": {
            "target-directory": folder.path(),
            "base-output-directories": [],
            "non-test-binaries": {},
            "linked-paths": [],
        },
        "rust-binaries": { "victim": {
            "binary-id": "victim",
            "binary-name": "victim",
            "package-id": about["packages"][0]["id"],
            "kind": "test",
            "binary-path": std::env::current_exe().unwrap(),
            "build-platform": "target",
        } },
    });
    let mut command = Command::new(cargo);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("NEXTEST") {
            command.env_remove(name);
        }
    }
    let output = command
        .args(["nextest", "run", "--retries", "0", "-E", "test(=victims::ends)"])
        .arg("--cargo-metadata")
        .arg(write("cargo.json", &metadata.stdout))
        .arg("--binaries-metadata")
        .arg(write("binaries.json", binaries.to_string().as_bytes()))
        .env(VARIABLE, what)
        .current_dir(folder.path())
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
