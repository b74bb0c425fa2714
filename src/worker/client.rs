//! The parent's side of a worker.

use std::ffi::OsString;
use std::os::unix::net::UnixStream;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use wait_timeout::ChildExt;

use super::error::WorkerError;
use super::frame::FrameError;
use super::log::Log;
use super::message::{Opened, Request, Response, Setup, receive, send, send_samples};
use super::spawn::{self, Spawned};
use crate::text::Language;
use crate::whisper::Transcript;

/// How long a worker has to end after SIGTERM, before SIGKILL.
const AFTER_TERM: Duration = Duration::from_millis(500);
/// How long a killed worker may take to be gone. Longer means that it sits in the kernel.
const AFTER_KILL: Duration = Duration::from_secs(5);

/// How a worker is started.
#[derive(Clone, Debug, Default)]
pub struct WorkerOptions {
    /// Write its lines to standard error, too.
    pub debug: bool,
    /// Variables that are added to its environment.
    pub variables: Vec<(String, OsString)>,
}

/// A worker process. It is killed when this is dropped; [`Worker::close`] lets it end in order.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    /// `None` once the conversation is over.
    socket: Option<UnixStream>,
    log: Log,
    /// How it ended.
    status: Option<ExitStatus>,
    /// Whether it had to be killed.
    killed: bool,
}

/// How a worker ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its exit status; `None` where it could not be reaped, because it sits in the kernel.
    pub status: Option<ExitStatus>,
    /// Whether it had to be killed.
    pub killed: bool,
    /// The last lines that it wrote.
    pub log: Vec<String>,
}

impl Ended {
    /// Whether the worker let go of everything by itself and left with 0.
    pub fn is_clean(&self) -> bool {
        !self.killed && self.status.is_some_and(|s| s.success())
    }
}

impl Worker {
    /// Starts a worker process: this program, executed again, or the one that `HAILO_WORKER` names.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub fn spawn(options: &WorkerOptions) -> Result<Self, WorkerError> {
        let fail =
            |source| WorkerError::Spawn { program: spawn::program().to_string_lossy().into_owned(), source };
        let Spawned { child, socket, output } = spawn::spawn(options.variables.clone()).map_err(fail)?;
        let log = Log::follow(output, options.debug).map_err(fail)?;
        Ok(Self { child, socket: Some(socket), log, status: None, killed: false })
    }

    /// Its process id, which is also that of its process group.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it can be asked: it was not closed, did not hang, and did not end a conversation.
    pub fn is_open(&self) -> bool {
        self.socket.is_some()
    }

    /// Whether the process lives and can be asked.
    pub fn lives(&mut self) -> bool {
        if self.status.is_none() {
            self.status = self.child.try_wait().ok().flatten();
        }
        self.status.is_none() && self.is_open()
    }

    /// The last lines that it wrote so far.
    pub fn last_lines(&self) -> Vec<String> {
        self.log.last()
    }

    /// Opens the device and loads the model.
    ///
    /// # Errors
    /// [`WorkerError::Failed`] when the device or the model cannot be had; the worker lives on. All other errors end
    /// it.
    pub fn open(&mut self, setup: Setup, deadline: Duration) -> Result<Opened, WorkerError> {
        match self.ask("open the device", &Request::Open(setup), &[], deadline, &mut |_| {})? {
            Response::Opened(opened) => Ok(opened),
            other => Err(self.misunderstood(&other)),
        }
    }

    /// Transcribes 16 kHz mono samples. The deadline starts again with each window that is done, of which `progress`
    /// is told in seconds of audio.
    ///
    /// # Errors
    /// As [`Worker::open`].
    pub fn transcribe(
        &mut self,
        samples: &[f32],
        language: Language,
        deadline: Duration,
        progress: &mut dyn FnMut(f64),
    ) -> Result<Transcript, WorkerError> {
        let request = Request::Transcribe { language, samples: samples.len() as u64 };
        match self.ask("transcribe", &request, samples, deadline, progress)? {
            Response::Heard(transcript) => Ok(transcript),
            other => Err(self.misunderstood(&other)),
        }
    }

    /// Asks the worker to let go of the device and end, and reaps it. One that does not within `deadline` is killed.
    pub fn close(mut self, deadline: Duration) -> Ended {
        let asked = self.ask("let go of the device", &Request::Close, &[], deadline, &mut |_| {});
        if asked.is_ok() {
            self.socket = None;
            self.status = self.reap(deadline);
        }
        self.kill();
        Ended { status: self.status, killed: self.killed, log: self.log.last() }
    }

    /// Sends a request and waits for its answer.
    fn ask(
        &mut self,
        phase: &'static str,
        request: &Request,
        samples: &[f32],
        deadline: Duration,
        progress: &mut dyn FnMut(f64),
    ) -> Result<Response, WorkerError> {
        let Some(socket) = &mut self.socket else { return Err(WorkerError::Closed) };
        let answer = converse(socket, request, samples, deadline, progress);
        match answer {
            Ok(Response::Failed(failure)) => Err(failure.into()),
            Ok(response) => Ok(response),
            Err(FrameError::Timeout) => {
                self.kill();
                Err(WorkerError::Hang { phase, deadline, status: self.status, log: self.log.last() })
            }
            Err(FrameError::Closed | FrameError::Truncated | FrameError::Io(_)) => {
                // It has ended, or closed its socket and will: either way it is over.
                self.status = self.reap(AFTER_TERM);
                self.kill();
                Err(WorkerError::Died { phase, status: self.status, log: self.log.last() })
            }
            Err(source) => {
                self.kill();
                Err(WorkerError::Protocol { source, log: self.log.last() })
            }
        }
    }

    fn misunderstood(&mut self, response: &Response) -> WorkerError {
        self.kill();
        let source = FrameError::Malformed(format!("an answer to another question: {response:?}"));
        WorkerError::Protocol { source, log: self.log.last() }
    }

    /// Waits for its end, and remembers how it ended.
    fn reap(&mut self, patience: Duration) -> Option<ExitStatus> {
        self.status.or_else(|| self.child.wait_timeout(patience).ok().flatten())
    }

    /// Ends the worker and everything in its process group: SIGTERM, then SIGKILL.
    fn kill(&mut self) {
        self.socket = None;
        let group = Pid::from_raw(self.child.id() as i32);
        let signal = |signal| {
            if let Some(group) = group {
                // It may have gone already.
                let _ = kill_process_group(group, signal);
            }
        };
        if self.status.is_none() {
            self.killed = true;
            signal(Signal::TERM);
            self.status = self.reap(AFTER_TERM);
            // Also where the worker itself has ended: its children may not have. Its own number cannot belong to
            // another group yet while a member lives, and is free where none does.
            signal(Signal::KILL);
            self.status = self.reap(AFTER_KILL);
        }
        self.log.finish_if(self.status.is_some());
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends a request and waits for its answer, at most `deadline` for each step.
fn converse(
    socket: &mut UnixStream,
    request: &Request,
    samples: &[f32],
    deadline: Duration,
    progress: &mut dyn FnMut(f64),
) -> Result<Response, FrameError> {
    socket.set_write_timeout(Some(deadline))?;
    send(socket, request)?;
    send_samples(socket, samples)?;
    let mut until = Instant::now() + deadline;
    loop {
        // A socket's timeout is for one read; a worker that sends byte by byte must not stretch it.
        let left = until.checked_duration_since(Instant::now()).filter(|d| !d.is_zero());
        socket.set_read_timeout(Some(left.ok_or(FrameError::Timeout)?))?;
        match receive(socket)? {
            Response::Progress(seconds) => {
                progress(seconds);
                until = Instant::now() + deadline;
            }
            response => return Ok(response),
        }
    }
}
