//! The Python code of docs/sharing-a-device.md holds the same lock as a lease. In profile ci: it needs python3.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use hailo_harness::device::lease::{DeviceLease, LeaseOptions, LockFolder, Queue, Wait};

const DEVICE: &str = "0000:01:00.0";
const PATIENCE: Duration = Duration::from_secs(20);

/// What is done with the page's code: says when it asks, when it has the lock, and when it has let go.
const PROGRAM: &str = "
import sys
print('asks', flush=True)
with hailo_device('0000:01:00.0'):
    print('has it', flush=True)
    sys.stdin.readline()
print('let go', flush=True)
";

/// The only block of Python on the page.
fn block() -> String {
    let page = include_str!("../docs/sharing-a-device.md");
    let blocks: Vec<&str> = page.split("```python\n").skip(1).collect();
    assert_eq!(blocks.len(), 1, "the page has one block of Python");
    blocks[0].split("```").next().unwrap().to_owned()
}

/// A Python program that uses the page's code. It is killed when this is dropped.
struct Python {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Python {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new("python3")
            .args(["-c", &(block() + PROGRAM)])
            .env("HAILO_LOCK_DIR", folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is needed");
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    fn until(&mut self, expected: &str) {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        assert_eq!(line.trim_end(), expected);
    }

    fn let_go(&mut self) {
        self.child.stdin.take().unwrap().write_all(b"\n").unwrap();
        self.until("let go");
    }

    /// Whether it waits for a lock, as the kernel lists those who do.
    fn waits(&self) -> bool {
        let pid = self.child.id().to_string();
        let locks = std::fs::read_to_string("/proc/locks").unwrap();
        locks.lines().any(|l| l.contains("-> FLOCK") && l.split_whitespace().any(|field| field == pid))
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn options(folder: &LockFolder, wait: Wait) -> LeaseOptions {
    LeaseOptions::in_folder(folder.clone()).waiting(wait)
}

#[test]
fn python_first_then_the_lease_which_names_the_process() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = LockFolder::at(temporary.path()).unwrap();
    let mut python = Python::start(temporary.path());
    python.until("asks");
    python.until("has it");
    let refused =
        DeviceLease::acquire(&[DEVICE.into()], &options(&folder, Wait::Never)).unwrap_err().to_string();
    assert!(refused.contains(&format!("is held by process {} (python3", python.child.id())), "{refused}");
    python.let_go();
    assert!(Queue::read(&folder).unwrap().owner(DEVICE).is_none());
    DeviceLease::acquire(&[DEVICE.into()], &options(&folder, Wait::Never)).unwrap();
}

#[test]
fn the_lease_first_then_python() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = LockFolder::at(temporary.path()).unwrap();
    let lease = DeviceLease::acquire(&[DEVICE.into()], &options(&folder, Wait::Never)).unwrap();
    let mut python = Python::start(temporary.path());
    python.until("asks");
    let start = Instant::now();
    while !python.waits() {
        assert!(start.elapsed() < PATIENCE, "it does not wait");
        std::thread::yield_now();
    }
    drop(lease);
    python.until("has it");
    let refused = DeviceLease::acquire(&[DEVICE.into()], &options(&folder, Wait::Never));
    assert!(refused.is_err());
    python.let_go();
}

#[test]
fn a_killed_python_holds_nothing_and_its_file_serves_all_users() {
    use std::os::unix::fs::PermissionsExt;
    let temporary = tempfile::tempdir().unwrap();
    let folder = LockFolder::at(temporary.path()).unwrap();
    let mut python = Python::start(temporary.path());
    python.until("asks");
    python.until("has it");
    let mode = std::fs::metadata(folder.lock_of(DEVICE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    drop(python);
    DeviceLease::acquire(&[DEVICE.into()], &options(&folder, Wait::Never)).unwrap();
}
