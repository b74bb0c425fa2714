//! Tests that change what belongs to the whole process: environment, signal dispositions, fork. One after the other,
//! also where a runner puts them into one process.

use std::time::{Duration, Instant};

use hailo_harness::HailoContext;
use hailo_harness::device::RuntimeChoice;
use hailo_harness::stt::SttModel;
use hailo_harness::text::Language;
use hailo_harness::worker::frame::VERSION;
use hailo_harness::worker::{ModelSource, Setup, Worker, WorkerErrorKind, WorkerOptions};
use serial_test::serial;

#[path = "common/host.rs"]
mod host;
use host::{host, own_host};

const DEADLINE: Duration = Duration::from_secs(20);

fn canned() -> Setup {
    Setup {
        runtime: RuntimeChoice::Sim,
        device: None,
        model: ModelSource::Canned,
        frame_timeout: Duration::from_secs(5),
    }
}

fn alone() -> WorkerOptions {
    WorkerOptions { variables: vec![own_host()], ..Default::default() }
}

fn open() -> Worker {
    let mut worker = Worker::spawn(&alone()).unwrap();
    worker.open(canned(), None, DEADLINE).unwrap();
    worker
}

fn tone(seconds: usize) -> Vec<f32> {
    (0..16_000 * seconds).map(|i| 0.3 * (i as f32 * 0.2).sin()).collect()
}

fn transcribe(worker: &mut Worker, samples: &[f32]) -> Result<String, hailo_harness::worker::WorkerError> {
    worker.transcribe(samples, Language::FRENCH, DEADLINE, &mut |_| {}).map(|t| t.text)
}

/// A variable that is set until this is dropped.
struct Variable(&'static str);

impl Variable {
    fn set(name: &'static str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        // SAFETY: the tests of this file run one after the other, and the harness's own threads read no variables.
        unsafe { std::env::set_var(name, value) };
        Self(name)
    }
}

impl Drop for Variable {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { std::env::remove_var(self.0) };
    }
}

#[test]
#[serial]
fn whatever_the_program_does_with_sigchld_the_end_is_noticed_at_once() {
    extern "C" fn nothing(_: i32) {}
    type Prepare = fn();
    let ignore: Prepare = || {
        // SAFETY: no handler is involved.
        unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    };
    let handle: Prepare = || {
        // SAFETY: the handler does nothing.
        unsafe { libc::signal(libc::SIGCHLD, nothing as *const () as usize) };
    };
    let block: Prepare = || {
        // SAFETY: blocks a signal for this thread.
        unsafe {
            let mut set = std::mem::zeroed();
            libc::sigemptyset(&raw mut set);
            libc::sigaddset(&raw mut set, libc::SIGCHLD);
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        }
    };
    let back: Prepare = || {
        // SAFETY: puts back what was before.
        unsafe {
            let mut none = std::mem::zeroed();
            libc::sigemptyset(&raw mut none);
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
            libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        }
    };
    for prepare in [ignore, handle, block] {
        prepare();
        let worker = open();
        let start = Instant::now();
        let ended = worker.close(DEADLINE);
        assert!(ended.is_clean(), "{ended:?}");
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        let mut worker = open();
        // SAFETY: a signal to a worker of this test.
        unsafe { libc::kill(worker.id() as i32, libc::SIGKILL) };
        assert_eq!(transcribe(&mut worker, &tone(1)).unwrap_err().kind(), WorkerErrorKind::Died);
        back();
    }
}

#[test]
#[serial]
fn an_answer_that_comes_byte_by_byte_does_not_stretch_the_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("worker");
    // The head of a frame of 1 MiB, and then a byte each 50 ms.
    let text = format!(
        "#!/bin/bash\nIFS=: read -r _ _ fd _ <<< \"$HAILO_HARNESS_WORKER_SOCKET\"\n\
                printf 'HLHW\\{VERSION}\\0\\1\\0\\0\\0\\20\\0' >&$fd\nwhile printf x >&$fd; do sleep 0.05; done\n"
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let _variable = Variable::set("HAILO_WORKER", &script);
    let mut worker = Worker::spawn(&alone()).unwrap();
    let start = Instant::now();
    let error = worker.open(canned(), None, Duration::from_millis(500)).unwrap_err();
    assert_eq!(error.kind(), WorkerErrorKind::Hang, "{error}");
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

/// Runs `work` in a child made by fork, and waits for its end: its status, or what signal ended it.
fn in_a_fork(work: impl FnOnce()) -> i32 {
    // SAFETY: the child runs `work` and leaves without running anything else of this program.
    unsafe {
        let child = libc::fork();
        if child == 0 {
            libc::alarm(20);
            work();
            libc::_exit(0);
        }
        let mut status = 0;
        libc::waitpid(child, &raw mut status, 0);
        status
    }
}

#[test]
#[serial]
fn a_child_made_by_fork_leaves_the_worker_alone_and_may_have_its_own() {
    let mut worker = open();
    // The copy of the worker is dropped in the child.
    let copy = std::cell::Cell::new(None);
    // SAFETY: the bits are only used in the child, whose copy of the worker nobody else has.
    copy.set(Some(unsafe { std::ptr::read(&raw const worker) }));
    let status = in_a_fork(|| drop(copy.take()));
    std::mem::forget(copy.take());
    assert_eq!(status, 0);
    assert!(!transcribe(&mut worker, &tone(1)).unwrap().is_empty(), "it still serves its parent");
    let status = in_a_fork(|| {
        // The parent's worker has the only device of its host.
        let (name, mut host) = own_host();
        host.push("-fork");
        let options = WorkerOptions { variables: vec![(name, host)], ..Default::default() };
        let mut own = Worker::spawn(&options).unwrap();
        own.open(canned(), None, DEADLINE).unwrap();
        assert!(!transcribe(&mut own, &tone(1)).unwrap().is_empty());
        assert!(own.close(DEADLINE).is_clean());
    });
    assert_eq!(status, 0, "a signal or a status");
}

#[test]
#[serial]
fn a_device_deadline_that_is_no_time_is_an_error() {
    let _variable = Variable::set("HAILO_DEVICE_DEADLINE", "10m");
    let builder = || {
        let builder = HailoContext::builder().runtime(RuntimeChoice::Sim).model(SttModel::Canned);
        builder.worker_variable("HAILO_SIM_HOST", host())
    };
    let error = builder().start().unwrap_err().to_string();
    assert!(error.contains("HAILO_DEVICE_DEADLINE=10m") && error.contains("seconds"), "{error}");
    // What the code says is not asked of the environment.
    assert!(builder().device_deadline(Duration::from_secs(1)).start().unwrap().close().is_clean());
    assert!(builder().try_start().unwrap().close().is_clean());
}

#[test]
#[serial]
fn the_model_may_be_named_by_the_environment() {
    let _variable = Variable::set("HAILO_MODEL", "canned");
    let builder = HailoContext::builder().runtime(RuntimeChoice::Sim);
    let context = builder.worker_variable("HAILO_SIM_HOST", host()).start().unwrap();
    assert_eq!(context.stt().opened().unwrap().model, "canned");
    assert!(context.close().is_clean());
    let _variable = Variable::set("HAILO_MODEL", "large");
    let error = HailoContext::builder().runtime(RuntimeChoice::Sim).start().unwrap_err().to_string();
    assert!(error.contains("\"large\"") && error.contains("HAILO_MODEL"), "{error}");
}

#[test]
#[serial]
fn a_runtime_that_is_none_is_an_error_and_no_simulator() {
    let _variable = Variable::set("HAILO_RUNTIME", "SIM");
    let error = HailoContext::builder().model(SttModel::Canned).start().unwrap_err().to_string();
    assert!(error.contains("HAILO_RUNTIME=SIM") && error.contains("auto, sim and device"), "{error}");
}
