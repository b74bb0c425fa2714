//! Worker processes: what they answer, how they end, and how they die.

use std::io::{Read, Write};
use std::process::Command;
use std::time::{Duration, Instant};

use hailo_harness::device::{RuntimeChoice, RuntimeKind};
use hailo_harness::text::Language;
use hailo_harness::worker::frame::VERSION;
use hailo_harness::worker::{FailureKind, ModelSource, Setup, Worker, WorkerErrorKind, WorkerOptions};

#[path = "common/host.rs"]
mod host;
use host::own_host;

const DEADLINE: Duration = Duration::from_secs(20);

fn canned() -> Setup {
    Setup {
        runtime: RuntimeChoice::Sim,
        device: None,
        model: ModelSource::Canned,
        frame_timeout: Duration::from_secs(5),
    }
}

/// A worker on a simulated host of the test's own: nothing here asks for a lease.
fn options() -> WorkerOptions {
    WorkerOptions { variables: vec![own_host()], ..Default::default() }
}

fn open() -> Worker {
    let mut worker = Worker::spawn(&options()).unwrap();
    worker.open(canned(), None, DEADLINE).unwrap();
    worker
}

fn tone(seconds: usize) -> Vec<f32> {
    (0..16_000 * seconds).map(|i| 0.3 * (i as f32 * 0.2).sin()).collect()
}

fn transcribe(worker: &mut Worker, samples: &[f32]) -> Result<String, hailo_harness::worker::WorkerError> {
    worker.transcribe(samples, Language::FRENCH, DEADLINE, &mut |_| {}).map(|t| t.text)
}

/// Waits until it is so; panics after a while.
#[track_caller]
fn eventually(what: &str, so: impl Fn() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < Duration::from_secs(10), "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Whether a process exists and is no zombie.
fn lives(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}

fn kill(pid: u32, signal: i32) {
    // SAFETY: a signal to a process of this test.
    assert_eq!(unsafe { libc::kill(pid as i32, signal) }, 0);
}

#[test]
fn opens_transcribes_and_ends_in_order() {
    let mut worker = Worker::spawn(&options()).unwrap();
    let opened = worker.open(canned(), None, DEADLINE).unwrap();
    assert_eq!((opened.model.as_str(), opened.runtime), ("canned", RuntimeKind::Sim));
    assert_eq!((opened.devices.len(), opened.window_seconds), (1, 1.0));
    let mut progress = Vec::new();
    let heard = worker.transcribe(&tone(3), Language::FRENCH, DEADLINE, &mut |s| progress.push(s)).unwrap();
    assert!(heard.windows >= 3 && heard.seconds == 3.0, "{heard:?}");
    assert!(!heard.text.is_empty());
    assert_eq!(progress.last(), Some(&3.0));
    assert_eq!(transcribe(&mut worker, &tone(3)).unwrap(), heard.text, "the same again");
    let pid = worker.id();
    let ended = worker.close(DEADLINE);
    assert!(ended.is_clean(), "{ended:?}");
    assert!(!lives(pid));
}

#[test]
fn no_samples_and_ten_minutes_are_fine() {
    let mut worker = open();
    assert_eq!(transcribe(&mut worker, &[]).unwrap(), "");
    let mut last = 0.0;
    worker.transcribe(&tone(600), Language::FRENCH, DEADLINE, &mut |s| last = s).unwrap();
    assert_eq!(last, 600.0);
}

#[test]
fn a_worker_owns_a_process_group_and_its_children_are_no_workers() {
    let worker = open();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", worker.id())).unwrap();
    let group: u32 = stat.rsplit(')').next().unwrap().split_whitespace().nth(2).unwrap().parse().unwrap();
    assert_eq!(group, worker.id());
    // What it was started with is still to be read in /proc; what its children get is not there any more: a program
    // that is started with the variable of somebody else refuses to serve and ends.
    let environment = std::fs::read(format!("/proc/{}/environ", worker.id())).unwrap();
    let variable =
        environment.split(|b| *b == 0).find(|v| v.starts_with(b"HAILO_HARNESS_WORKER_SOCKET=")).unwrap();
    let value = String::from_utf8(variable[b"HAILO_HARNESS_WORKER_SOCKET=".len()..].to_vec()).unwrap();
    for value in [value.as_str(), "", "1", "1:2:3:4", "9:1:3", "1:0:3", "1:1:0", "x:y:z", "1:1:99"] {
        let output = Command::new("/proc/self/exe")
            .env("HAILO_HARNESS_WORKER_SOCKET", value)
            .arg("--list")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(70), "{value:?}: {said}");
        assert!(said.contains("not a worker"), "{value:?}: {said}");
        assert!(output.stdout.is_empty(), "main never ran");
    }
}

#[test]
fn failures_are_typed_and_the_worker_lives_on() {
    let mut worker = Worker::spawn(&options()).unwrap();
    let error = transcribe(&mut worker, &tone(1)).unwrap_err();
    assert_eq!(error.kind(), WorkerErrorKind::Failed(FailureKind::Request));
    let model = ModelSource::Base {
        weights: "/nonexistent".into(),
        sha256: "ab".repeat(32),
        tokenizer: "/nonexistent".into(),
    };
    let error = worker.open(Setup { model, ..canned() }, None, DEADLINE).unwrap_err();
    assert_eq!(error.kind(), WorkerErrorKind::Failed(FailureKind::Assets));
    assert!(error.to_string().contains("/nonexistent"), "{error}");
    worker.open(canned(), None, DEADLINE).unwrap();
    let error = worker.transcribe(&tone(1), "de".parse().unwrap(), DEADLINE, &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("<|de|>"), "{error}");
    let error = transcribe(&mut worker, &[f32::NAN; 100]).unwrap_err();
    assert_eq!(error.kind(), WorkerErrorKind::Failed(FailureKind::Audio));
    assert!(!transcribe(&mut worker, &tone(1)).unwrap().is_empty());
    assert!(worker.close(DEADLINE).is_clean());
}

#[test]
fn no_device_is_the_status_of_the_library() {
    let options = WorkerOptions {
        variables: vec![own_host(), ("HAILO_SIM_DEVICES".into(), "0".into())],
        ..Default::default()
    };
    let mut worker = Worker::spawn(&options).unwrap();
    let hailo_harness::worker::WorkerError::Failed(failure) =
        worker.open(canned(), None, DEADLINE).unwrap_err()
    else {
        panic!("it is the device that fails")
    };
    assert_eq!((failure.kind, failure.status), (FailureKind::Device, Some(74)));
}

#[test]
fn devices_are_listed_and_one_is_chosen_by_its_address() {
    let options = WorkerOptions {
        variables: vec![own_host(), ("HAILO_SIM_DEVICES".into(), "2".into())],
        ..Default::default()
    };
    let mut worker = Worker::spawn(&options).unwrap();
    let survey = worker.survey(RuntimeChoice::Sim, true, DEADLINE).unwrap();
    let ids: Vec<&str> = survey.devices.iter().map(|d| d.id.as_str()).collect();
    assert_eq!((ids.as_slice(), survey.runtime), (&["0000:01:00.0", "0000:02:00.0"][..], RuntimeKind::Sim));
    for details in &survey.details {
        assert_eq!(details.as_ref().unwrap().identity.architecture, "hailo8l");
    }
    let setup = Setup { device: Some("0000:02:00.0".into()), ..canned() };
    assert_eq!(worker.open(setup, None, DEADLINE).unwrap().devices, ["0000:02:00.0"]);
    let setup = Setup { device: Some("0000:03:00.0".into()), ..canned() };
    let error = worker.open(setup, None, DEADLINE).unwrap_err();
    let hailo_harness::worker::WorkerError::Failed(failure) = &error else { panic!("{error}") };
    assert_eq!((failure.kind, failure.status), (FailureKind::Device, Some(2)));
    assert!(error.to_string().contains("0000:03:00.0"), "{error}");
    assert!(worker.close(DEADLINE).is_clean());
}

#[test]
fn a_worker_that_is_killed_in_mid_request_is_an_error_that_says_how() {
    let mut worker = open();
    let pid = worker.id();
    let (to, from) = std::sync::mpsc::channel();
    let killer = std::thread::spawn(move || {
        from.recv().unwrap();
        kill(pid, libc::SIGKILL);
    });
    let error = worker.transcribe(&tone(600), Language::FRENCH, DEADLINE, &mut |_| {
        let _ = to.send(());
    });
    killer.join().unwrap();
    let error = error.unwrap_err();
    assert_eq!(error.kind(), WorkerErrorKind::Died);
    assert!(error.to_string().contains("SIGKILL") && error.to_string().contains("transcribe"), "{error}");
    assert!(!lives(pid));
    assert_eq!(transcribe(&mut worker, &tone(1)).unwrap_err().kind(), WorkerErrorKind::Closed);
}

#[test]
fn a_worker_that_stands_still_is_killed_at_its_deadline() {
    let mut worker = open();
    let pid = worker.id();
    kill(pid, libc::SIGSTOP);
    let start = Instant::now();
    let deadline = Duration::from_millis(300);
    let error = worker.transcribe(&tone(1), Language::FRENCH, deadline, &mut |_| {}).unwrap_err();
    assert_eq!(error.kind(), WorkerErrorKind::Hang);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert!(!lives(pid));
    assert!(error.to_string().contains("0.3 s"), "{error}");
}

#[test]
fn a_worker_that_does_not_close_is_killed() {
    let worker = open();
    let pid = worker.id();
    kill(pid, libc::SIGSTOP);
    let ended = worker.close(Duration::from_millis(200));
    assert!(ended.killed && !ended.is_clean(), "{ended:?}");
    assert!(!lives(pid));
}

#[test]
fn what_it_wrote_last_is_in_the_error() {
    let mut worker = open();
    let cache = tempfile::tempdir().unwrap();
    let weights = cache.path().join("weights");
    std::fs::write(&weights, hailort_sim::canned::own_weights()).unwrap();
    // The simulator's log goes to standard error, like the real library's.
    let tokenizer = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/canned/tokenizer.json");
    let model = ModelSource::Base { weights, sha256: "ab".repeat(32), tokenizer };
    worker.open(Setup { model, ..canned() }, None, DEADLINE).unwrap_err();
    eventually("the log is read", || !worker.last_lines().is_empty());
    kill(worker.id(), libc::SIGKILL);
    let error = transcribe(&mut worker, &tone(1)).unwrap_err().to_string();
    assert!(error.contains("its last lines") && error.contains("no weights with sha256"), "{error}");
}

#[test]
fn a_context_outlives_the_thread_that_made_it() {
    let mut worker = std::thread::spawn(open).join().unwrap();
    // The kernel would have killed it by now, if that thread were its parent.
    let pid = worker.id();
    std::thread::sleep(Duration::from_millis(300));
    assert!(lives(pid));
    assert!(!transcribe(&mut worker, &tone(1)).unwrap().is_empty());
}

#[test]
fn nothing_that_the_program_holds_open_gets_into_the_worker() {
    // Without CLOEXEC, as C libraries and runners open theirs.
    let file = std::fs::File::open("/dev/null").unwrap();
    // SAFETY: dup makes a number that is inherited; it is never used again.
    let inherited = unsafe { libc::dup(std::os::fd::AsRawFd::as_raw_fd(&file)) };
    let worker = open();
    let fds = std::fs::read_dir(format!("/proc/{}/fd", worker.id())).unwrap();
    let numbers: Vec<i32> = fds.map(|e| e.unwrap().file_name().to_str().unwrap().parse().unwrap()).collect();
    let link = std::fs::read_link(format!("/proc/{}/fd/{inherited}", worker.id()));
    assert!(
        link.is_err() || link.as_ref().unwrap() != std::path::Path::new("/dev/null"),
        "{inherited} is {link:?}"
    );
    assert!(numbers.len() < 16, "{numbers:?}");
}

/// A worker whose parent is this test, spoken to by hand.
fn raw() -> (std::process::Child, std::os::unix::net::UnixStream) {
    use std::os::fd::AsRawFd;
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let board = tempfile::tempfile().unwrap();
    for file in [theirs.as_raw_fd(), board.as_raw_fd()] {
        // SAFETY: the number is open; it must reach the child.
        unsafe { libc::fcntl(file, libc::F_SETFD, 0) };
    }
    let child = Command::new("/proc/self/exe")
        .env(
            "HAILO_HARNESS_WORKER_SOCKET",
            format!("{VERSION}:{}:{}:{}", std::process::id(), theirs.as_raw_fd(), board.as_raw_fd()),
        )
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    (child, ours)
}

#[test]
fn garbage_and_oversized_frames_end_the_worker_with_a_word() {
    let frame = |version: u16, kind: u16, length: u32, payload: &[u8]| {
        [b"HLHW", &version.to_le_bytes()[..], &kind.to_le_bytes(), &length.to_le_bytes(), payload].concat()
    };
    for (bytes, why) in [
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), "not the protocol"),
        (frame(9, 1, 0, b""), "version 9"),
        (frame(VERSION, 7, 0, b""), "unknown kind 7"),
        (frame(VERSION, 1, u32::MAX, b""), "4294967295 bytes"),
        (frame(VERSION, 1, 3, &[200, 200, 200]), "cannot be read"),
        (frame(VERSION, 2, 4, &[0; 4]), "samples instead of a message"),
        (frame(VERSION, 1, 100, b"half"), "within a frame"),
    ] {
        let (child, mut socket) = raw();
        // It may end before all is written.
        let _ = socket.write_all(&bytes);
        drop(socket);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(72), "{why}: {said}");
        assert!(said.contains(why), "{why}: {said}");
    }
    // Closing without a word is no fault.
    let (child, socket) = raw();
    drop(socket);
    assert!(child.wait_with_output().unwrap().status.success());
}

#[test]
fn a_panic_in_progress_ends_the_conversation() {
    let mut worker = open();
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = worker.transcribe(&tone(60), Language::FRENCH, DEADLINE, &mut |_| panic!("on purpose"));
    }));
    assert!(panic.is_err());
    // Not the answer to the question before.
    assert_eq!(transcribe(&mut worker, &tone(1)).unwrap_err().kind(), WorkerErrorKind::Closed);
}

#[test]
fn a_program_that_was_deleted_while_it_runs_still_starts_workers() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("program");
    std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    let output = Command::new(&copy)
        .args(["--exact", "a_program_that_deletes_itself", "--nocapture"])
        .env("HAILO_TEST_DELETE", &copy)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("deleted and heard"), "{said}");
}

/// In a copy of this test's program.
#[test]
fn a_program_that_deletes_itself() {
    let Some(path) = std::env::var_os("HAILO_TEST_DELETE") else { return };
    std::fs::remove_file(path).unwrap();
    let mut worker = open();
    assert!(!transcribe(&mut worker, &tone(1)).unwrap().is_empty());
    println!("deleted and heard");
}

/// In a copy of this test's program: starts a worker, tells its number, and waits to be killed.
#[test]
fn a_parent_that_waits_to_be_killed() {
    if std::env::var_os("HAILO_TEST_PARENT").is_none() {
        return;
    }
    let mut worker = open();
    println!("worker {}", worker.id());
    std::io::stdout().flush().unwrap();
    let _ = transcribe(&mut worker, &tone(14_000));
}

#[test]
fn workers_die_with_a_parent_that_is_killed() {
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_parent_that_waits_to_be_killed", "--nocapture"])
        .env("HAILO_TEST_PARENT", "1")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut out = parent.stdout.take().unwrap();
    let mut text = String::new();
    let worker = loop {
        let mut byte = [0];
        assert_eq!(out.read(&mut byte).unwrap(), 1, "it ended too early: {text}");
        text.push(char::from(byte[0]));
        if let Some(number) =
            text.lines().rev().find_map(|l| l.split("worker ").nth(1)).filter(|_| text.ends_with('\n'))
        {
            break number.trim().parse::<u32>().unwrap();
        }
    };
    assert!(lives(worker));
    parent.kill().unwrap();
    parent.wait().unwrap();
    eventually("the worker has gone", || !lives(worker));
}
