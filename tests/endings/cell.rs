//! One cell: a program comes into a phase and ends; then nothing of it is left, and the next one starts.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use hailo_harness::HailoContext;
use hailo_harness::device::RuntimeChoice;
use hailo_harness::device::lease::{DeviceLease, LeaseOptions, LockFolder, Queue};
use hailo_harness::stt::{RetryPolicy, SttModel};
use hailo_harness::whisper::Audio;
use wait_timeout::ChildExt;

use crate::host::host;
use crate::program::{MILLISECONDS, PHASE, STATUS, VARIABLE};
use crate::{DEADLINE, ENDLESS, LASTS, Phase, Promise, runner};

/// How long a phase may take to begin.
const BEGIN: Duration = Duration::from_secs(30);
/// How long cleaning may take.
const CLEAN: Duration = Duration::from_secs(2);

/// What the test knows of a program: what it says, and its end.
struct Running {
    child: Child,
    lines: Receiver<String>,
    said: Vec<String>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let errors = BufReader::new(child.stderr.take().unwrap());
        let (to, lines) = channel();
        std::thread::spawn(move || errors.lines().map_while(Result::ok).try_for_each(|l| to.send(l)));
        Self { child, lines, said: Vec::new() }
    }

    #[track_caller]
    fn until(&mut self, word: &str) {
        let until = Instant::now() + BEGIN;
        while !self.said.last().is_some_and(|l| l.contains(word)) {
            let left = until.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => self.said.push(line),
                Err(_) => panic!("it did not say {word:?}: {:#?}", self.said),
            }
        }
    }

    /// Waits for its end.
    #[track_caller]
    fn end(&mut self, patience: Duration) -> ExitStatus {
        let status = self.child.wait_timeout(patience).unwrap();
        self.said.extend(self.lines.try_iter());
        status.unwrap_or_else(|| panic!("it did not end within {patience:?}: {:#?}", self.said))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn kill(pid: u32, signal: i32) {
    // SAFETY: a signal to a process of this test.
    assert_eq!(unsafe { libc::kill(pid as i32, signal) }, 0, "{pid}");
}

/// All processes: number, parent, name, state.
fn processes() -> Vec<(u32, u32, String, char)> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = all.filter_map(|p| p.file_name().to_str()?.parse::<u32>().ok());
    pids.filter_map(|pid| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (name, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_whitespace();
        let state = fields.next()?.chars().next()?;
        let parent = fields.next()?.parse().ok()?;
        Some((pid, parent, name.split_once('(')?.1.to_owned(), state))
    })
    .collect()
}

/// The processes that descend from this one.
fn descendants(of: u32) -> Vec<u32> {
    let all = processes();
    let mut found = vec![of];
    let mut i = 0;
    while i < found.len() {
        let children = all.iter().filter(|(_, parent, ..)| *parent == found[i]).map(|(pid, ..)| *pid);
        found.extend(children.collect::<Vec<_>>());
        i += 1;
    }
    found.split_off(1)
}

/// Processes that run with this simulated host in their environment, and live.
fn left(host: &str) -> Vec<u32> {
    let wanted = format!("HAILO_SIM_HOST={host}");
    let all = processes().into_iter().filter(|(_, _, _, state)| *state != 'Z').map(|(pid, ..)| pid);
    all.filter(|pid| *pid != std::process::id())
        .filter(|pid| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|b| *b == 0).any(|v| v == wanted.as_bytes())
        })
        .collect()
}

/// Comes into the phase, ends in this way, and checks what the cell promises.
pub fn check(way: &str, phase: Phase, promise: Promise) {
    let folder = tempfile::tempdir().unwrap();
    let locks = LockFolder::at(folder.path()).unwrap();
    // What the processes of this cell are known by, and the only test that uses this simulated device.
    let host = format!("{}-endings", host());
    let device = format!("sim-{host}-0000:01:00.0");
    let lease = LeaseOptions::in_folder(locks.clone());
    let held = (phase == Phase::Waiting)
        .then(|| DeviceLease::acquire(std::slice::from_ref(&device), &lease).unwrap());

    let is_runner = way.contains("runner");
    let victim = tempfile::tempdir().unwrap();
    let mut command = if is_runner {
        let mut command = runner::command(victim.path(), &format!("{phase:?}"), way.contains("timeout"));
        // Ctrl+C reaches the whole group of a terminal's foreground.
        command.process_group(0);
        command
    } else {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.env(VARIABLE, way).env(PHASE, format!("{phase:?}")).stdin(Stdio::piped());
        command
    };
    let lasts = if goes_on(way) { LASTS } else { ENDLESS };
    command
        .env(MILLISECONDS, lasts.as_millis().to_string())
        .env("HAILO_SIM_HOST", &host)
        .env("HAILO_LOCK_DIR", folder.path())
        .env("RUST_BACKTRACE", "0");
    if way == "out of file descriptors" {
        // SAFETY: only a system call is made.
        unsafe {
            command.pre_exec(|| {
                let limit = libc::rlimit { rlim_cur: 40, rlim_max: 40 };
                libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
                Ok(())
            })
        };
    }
    let mut running = Running::start(command);
    match phase {
        Phase::Waiting => {
            let start = Instant::now();
            while Queue::read(&locks).unwrap().waiting(&device).is_empty() {
                assert!(
                    start.elapsed() < BEGIN,
                    "it does not wait: {:#?}",
                    running.lines.try_iter().collect::<Vec<_>>()
                );
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        // The worker says when a planned fault begins.
        _ => running.until("fault as planned"),
    }

    let start = Instant::now();
    let (status, held) = end(way, &mut running, held);
    assert_status(way, status, &running);
    let longest = match promise {
        Promise::AtOnce => CLEAN,
        Promise::AfterDeadline => DEADLINE + CLEAN,
    } + undisturbed(way);
    // From here on nobody looks after what is left.
    loop {
        let left = left(&host);
        if left.is_empty() {
            break;
        }
        assert!(
            start.elapsed() < longest,
            "{left:?} live on after {:?}: {:#?}",
            start.elapsed(),
            running.said
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    // It ended while the device was somebody else's.
    drop(held);
    let free = DeviceLease::acquire(std::slice::from_ref(&device), &lease).unwrap();
    assert!(start.elapsed() < longest, "clean only after {:?}: {:#?}", start.elapsed(), running.said);
    drop(free);
    next(&host, folder.path());
    assert!(start.elapsed() < longest + CLEAN, "{:?}", start.elapsed());
}

/// Whether the program goes on, and its phase comes to an end.
fn goes_on(way: &str) -> bool {
    matches!(way, "panic in another thread" | "out of file descriptors" | "SIGKILL of the worker")
}

/// How long it takes until what happened is the end.
fn undisturbed(way: &str) -> Duration {
    match way {
        _ if goes_on(way) => LASTS,
        // The runner takes a second to find that the test is slow.
        "the runner's timeout" => Duration::from_secs(2),
        _ => Duration::ZERO,
    }
}

/// Ends the program, and answers how it ended, and the device that it waits for, unless it has to have it to go on.
fn end(way: &str, running: &mut Running, held: Option<DeviceLease>) -> (ExitStatus, Option<DeviceLease>) {
    let pid = running.child.id();
    let signal = match way {
        "SIGINT" => Some(libc::SIGINT),
        "SIGTERM" => Some(libc::SIGTERM),
        "SIGHUP" => Some(libc::SIGHUP),
        "SIGKILL of the program" | "SIGKILL of the runner" => Some(libc::SIGKILL),
        _ => None,
    };
    match way {
        "Ctrl+C in the runner" => {
            // SAFETY: a signal to the runner's group.
            assert_eq!(unsafe { libc::kill(-(pid as i32), libc::SIGINT) }, 0);
        }
        "SIGKILL of the worker" | "SIGSTOP of the worker" => {
            let worker = descendants(pid);
            assert_eq!(worker.len(), 1, "the worker alone: {worker:?}");
            kill(worker[0], if way.contains("KILL") { libc::SIGKILL } else { libc::SIGSTOP });
            // The program's thread goes on when the device is free, and the program when that thread has ended.
            drop(held);
            let _ = running.child.stdin.take();
            return (running.end(DEADLINE + LASTS + CLEAN * 2), None);
        }
        "panic in another thread" | "out of file descriptors" => {
            running.child.stdin.take().unwrap().write_all(b"go\n").unwrap();
            drop(held);
            return (running.end(LASTS * 2 + CLEAN * 2), None);
        }
        _ => match signal {
            Some(signal) => kill(pid, signal),
            None => {
                if let Some(mut stdin) = running.child.stdin.take() {
                    stdin.write_all(b"go\n").unwrap();
                }
            }
        },
    }
    (running.end(CLEAN + undisturbed(way) + Duration::from_secs(1)), held)
}

#[track_caller]
fn assert_status(way: &str, status: ExitStatus, running: &Running) {
    let expected: (Option<i32>, Option<i32>) = match way {
        "return" | "panic in another thread" | "out of file descriptors" => (Some(0), None),
        "SIGKILL of the worker" | "SIGSTOP of the worker" => (Some(0), None),
        "Err" => (Some(1), None),
        "panic" => (Some(101), None),
        "SIGINT" => (None, Some(libc::SIGINT)),
        "SIGTERM" => (None, Some(libc::SIGTERM)),
        "SIGHUP" => (None, Some(libc::SIGHUP)),
        "SIGKILL of the program" | "SIGKILL of the runner" => (None, Some(libc::SIGKILL)),
        // nextest's status for tests that failed.
        "the runner's timeout" | "Ctrl+C in the runner" => (Some(100), None),
        "exit" | "_exit" => (Some(STATUS), None),
        "abort" | "stack overflow" => (None, Some(libc::SIGABRT)),
        other => panic!("{other}"),
    };
    assert_eq!((status.code(), status.signal()), expected, "{way}: {:#?}", running.said);
}

/// The next context on that device starts, without trying twice, and hears.
fn next(host: &str, locks: &std::path::Path) {
    // SAFETY: other threads of this process wait, or read other variables.
    unsafe { std::env::set_var("HAILO_LOCK_DIR", locks) };
    let context = HailoContext::builder()
        .runtime(RuntimeChoice::Sim)
        .model(SttModel::Canned)
        .worker_variable("HAILO_SIM_HOST", host)
        .retry_open(RetryPolicy::never())
        .try_start()
        .unwrap();
    let samples: Vec<f32> = (0..16_000).map(|i| 0.3 * (i as f32 * 0.2).sin()).collect();
    let heard = context.stt().transcribe(Audio::from_f32(&samples, 16_000, 1).unwrap()).unwrap();
    assert!(!heard.text.is_empty());
    let report = context.close();
    assert!(report.is_clean(), "{report}");
}
