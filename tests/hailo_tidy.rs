//! `.ci/hailo-tidy`: what earlier jobs of a runner have left is ended, and nothing else.

#[path = "common/host.rs"]
mod host;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A name that no other test's runner has.
fn runner() -> String {
    format!("runner {} {:?}", std::process::id(), std::thread::current().id())
}

fn tidy(arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let locks = tempfile::tempdir().unwrap();
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/hailo-tidy"));
    for variable in ["RUNNER_NAME", "HAILO_RUNTIME", "HAILO_REQUIRED", "HAILO_SIM_DEVICES"] {
        command.env_remove(variable);
    }
    let output = command
        .args(arguments)
        .env("HAILO_HARNESS", env!("CARGO_BIN_EXE_hailo-harness"))
        .env("HAILO_LOCK_DIR", locks.path())
        .env("HAILO_RUNTIME", "sim")
        .env("HAILO_SIM_HOST", host::host())
        .env("HAILO_DEVICE_DEADLINE", "0")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), said)
}

/// A process that a job has left running; it is ended with the test.
struct Planted(Child);

impl Planted {
    /// It runs, with these variables, when this returns.
    fn new(script: &str, variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new("sh");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("NEXTEST") {
                command.env_remove(name);
            }
        }
        let mut child = command
            .args(["-c", &format!("{script}\necho up\nexec sleep 1000")])
            .env_remove("RUNNER_NAME")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "up\n");
        Self(child)
    }

    fn id(&self) -> String {
        self.0.id().to_string()
    }

    fn lives(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Planted {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn what_a_job_has_left_is_ended_before_the_next_one() {
    let runner = runner();
    for mark in ["NEXTEST_RUN_ID", "HAILO_HARNESS_FAMILY", "HAILO_LEASE"] {
        let mut left = Planted::new("", &[("RUNNER_NAME", &runner), (mark, "x")]);
        let (code, said) = tidy(&["before"], &[("RUNNER_NAME", &runner)]);
        assert!(!left.lives(), "{mark}: {said}");
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains(&format!("left over: process {} (", left.id())), "{said}");
    }
}

#[test]
fn what_ignores_sigterm_is_killed_and_after_a_job_it_fails() {
    let runner = runner();
    let mut left = Planted::new("trap '' TERM", &[("RUNNER_NAME", &runner), ("NEXTEST_RUN_ID", "x")]);
    let (code, said) = tidy(&["after"], &[("RUNNER_NAME", &runner)]);
    assert!(!left.lives(), "{said}");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("the job has left these running"), "{said}");
    let (code, said) = tidy(&["after"], &[("RUNNER_NAME", &runner)]);
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("left over"), "{said}");
}

#[test]
fn what_is_not_ours_lives_on() {
    let runner = runner();
    let longer = format!("{runner} and more");
    let mut others = [
        // Another runner of this machine.
        Planted::new("", &[("RUNNER_NAME", &longer), ("NEXTEST_RUN_ID", "x")]),
        // Somebody's own tests.
        Planted::new("", &[("NEXTEST_RUN_ID", "x"), ("HAILO_HARNESS_FAMILY", "x")]),
        // The runner itself.
        Planted::new("", &[("RUNNER_NAME", &runner)]),
        // A name that only holds it.
        Planted::new("", &[("THE_RUNNER_NAME", &runner), ("NEXTEST_RUN_ID", "x")]),
    ];
    let (code, said) = tidy(&["after"], &[("RUNNER_NAME", &runner)]);
    assert!(others.iter_mut().all(Planted::lives), "{said}");
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_job_that_tidies_up_does_not_end_itself() {
    // The script, its shell, and this test's process, which is above it.
    let runner = runner();
    let tidy = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/hailo-tidy");
    let output = Command::new("sh")
        .args(["-c", "\"$0\" before; echo \"status $?\""])
        .arg(tidy)
        .env("RUNNER_NAME", &runner)
        .env("NEXTEST_RUN_ID", "x")
        .env("HAILO_HARNESS_FAMILY", "x")
        .env("HAILO_HARNESS", env!("CARGO_BIN_EXE_hailo-harness"))
        .env("HAILO_RUNTIME", "sim")
        .env("HAILO_SIM_HOST", host::host())
        .env_remove("HAILO_REQUIRED")
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("status 0") && !said.contains("left over"), "{said}");
}

#[test]
fn without_a_device_it_fails_where_one_is_required() {
    let none =
        [("RUNNER_NAME", "r"), ("HAILORT_LIBRARY", "/nonexistent/libhailort.so"), ("HAILO_RUNTIME", "")];
    let (code, said) = tidy(&["before"], &[&none[..], &[("HAILO_REQUIRED", "1")]].concat());
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("HAILO_REQUIRED=1"), "{said}");
    let (code, said) = tidy(&["before"], &none);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_device_that_somebody_holds_is_named_and_left_to_them() {
    let locks = tempfile::tempdir().unwrap();
    let folder = locks.path().to_str().unwrap();
    let host = host::host();
    let harness = env!("CARGO_BIN_EXE_hailo-harness");
    let command = format!("exec {harness} hold --runtime sim -- sh -c 'echo up; exec sleep 1000'");
    let mut holder = Command::new("sh")
        .args(["-c", &command])
        .env("HAILO_LOCK_DIR", folder)
        .env("HAILO_SIM_HOST", &host)
        .env_remove("RUNNER_NAME")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(holder.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let (code, said) = tidy(&["before"], &[("RUNNER_NAME", &runner()), ("HAILO_LOCK_DIR", folder)]);
    let lives = holder.try_wait().unwrap().is_none();
    // SAFETY: a signal to a child of this test, which passes it on.
    unsafe { libc::kill(holder.id() as i32, libc::SIGTERM) };
    holder.wait().unwrap();
    assert!(lives && line == "up\n", "{said}");
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("no device can be had") && said.contains(&format!("process {}", holder.id())),
        "{said}"
    );
}

#[test]
fn wrong_usage_is_said_and_touches_nothing() {
    for arguments in [&[][..], &["during"], &["before", "after"]] {
        let (code, said) = tidy(arguments, &[("RUNNER_NAME", "r")]);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("before|after"), "{said}");
    }
    let (code, said) = tidy(&["before"], &[]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("RUNNER_NAME is not set"), "{said}");
    let (code, said) = tidy(&["before"], &[("RUNNER_NAME", "r"), ("HAILO_HARNESS", "/nonexistent/harness")]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("there is no /nonexistent/harness"), "{said}");
}
