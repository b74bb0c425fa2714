//! The parent's side of a worker.

use std::ffi::OsString;
use std::os::unix::net::UnixStream;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use super::conversation::{Payload, converse};
use super::error::WorkerError;
use super::frame::FrameError;
use super::log::Log;
use super::message::{Opened, Request, Response, Setup};
use super::spawn::{self, Spawned};
use super::switch::KillSwitch;
use crate::device::{DeviceLease, RuntimeChoice, Survey};
use crate::text::Language;
use crate::whisper::Transcript;
use rustix::process::Signal;

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
    switch: KillSwitch,
    /// `None` once the conversation is over.
    socket: Option<UnixStream>,
    log: Log,
    /// Whether it has ended.
    gone: bool,
    /// How it ended. Not known where the program ignores SIGCHLD, or somebody else has reaped it.
    status: Option<ExitStatus>,
    /// Whether it had to be killed.
    killed: bool,
}

/// How a worker ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Whether it has ended; one that has not, though it was killed, sits in the kernel.
    pub gone: bool,
    /// Its exit status; not known where the program ignores SIGCHLD, or somebody else has reaped it.
    pub status: Option<ExitStatus>,
    /// Whether it said that it let go of the device.
    pub released: bool,
    /// Whether it had to be killed.
    pub killed: bool,
    /// The last lines that it wrote.
    pub log: Vec<String>,
}

impl Ended {
    /// Whether the worker let go of everything by itself and left with 0.
    pub fn is_clean(&self) -> bool {
        self.gone && self.released && !self.killed && self.status.is_none_or(|s| s.success())
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
        let switch = KillSwitch::of(&child);
        Ok(Self { child, switch, socket: Some(socket), log, gone: false, status: None, killed: false })
    }

    /// Its process id, which is also that of its process group.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What kills it from another thread, while this one talks to it.
    pub fn kill_switch(&self) -> KillSwitch {
        self.switch.clone()
    }

    /// Whether it can be asked: it was not closed, did not hang, and did not end a conversation.
    pub fn is_open(&self) -> bool {
        self.socket.is_some()
    }

    /// Whether the process lives and can be asked.
    pub fn lives(&mut self) -> bool {
        !self.reap(Duration::ZERO) && self.is_open()
    }

    /// Whether the process has ended. One that was killed and has not sits in the kernel.
    pub fn has_ended(&mut self) -> bool {
        self.reap(Duration::ZERO)
    }

    /// The last lines that it wrote so far.
    pub fn last_lines(&self) -> Vec<String> {
        self.log.last()
    }

    /// Loads the runtime and lists its devices; with `details` also asks each what it is. No device is taken into use.
    ///
    /// # Errors
    /// As [`Worker::open`].
    pub fn survey(
        &mut self,
        runtime: RuntimeChoice,
        details: bool,
        deadline: Duration,
    ) -> Result<Survey, WorkerError> {
        let request = Request::Survey { runtime, details };
        match self.ask("list the devices", &request, Payload::None, deadline, &mut |_| {})? {
            Response::Surveyed(survey) => Ok(survey),
            other => Err(self.misunderstood(&other)),
        }
    }

    /// Opens the device and loads the model. The worker gets copies of the lease's files, and keeps them until it ends.
    ///
    /// # Errors
    /// [`WorkerError::Failed`] when the device or the model cannot be had; the worker lives on. All other errors end
    /// it.
    pub fn open(
        &mut self,
        setup: Setup,
        lease: Option<&DeviceLease>,
        deadline: Duration,
    ) -> Result<Opened, WorkerError> {
        let request = Request::Open { setup, with_files: lease.is_some() };
        let payload = lease.map_or(Payload::None, |lease| Payload::Files(lease.files()));
        match self.ask("open the device", &request, payload, deadline, &mut |_| {})? {
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
        match self.ask("transcribe", &request, Payload::Samples(samples), deadline, progress)? {
            Response::Heard(transcript) => Ok(transcript),
            other => Err(self.misunderstood(&other)),
        }
    }

    /// Asks the worker to let go of the device and end, and reaps it. One that does not within `deadline` is killed.
    pub fn close(mut self, deadline: Duration) -> Ended {
        let asked = self.ask("let go of the device", &Request::Close, Payload::None, deadline, &mut |_| {});
        let released = asked.is_ok();
        if released {
            self.socket = None;
            self.reap(deadline);
        }
        self.kill();
        Ended { gone: self.gone, status: self.status, released, killed: self.killed, log: self.log.last() }
    }

    /// Sends a request and waits for its answer.
    fn ask(
        &mut self,
        phase: &'static str,
        request: &Request,
        payload: Payload<'_>,
        deadline: Duration,
        progress: &mut dyn FnMut(f64),
    ) -> Result<Response, WorkerError> {
        // Taken while it is in use: where `progress` panics, the conversation is over, and nobody gets an answer that
        // was meant for another question.
        let Some(mut socket) = self.socket.take() else { return Err(WorkerError::Closed) };
        match converse(&mut socket, request, payload, deadline, progress) {
            Ok(response) => {
                self.socket = Some(socket);
                match response {
                    Response::Failed(failure) => Err(failure.into()),
                    response => Ok(response),
                }
            }
            Err(FrameError::Timeout) => {
                self.kill();
                Err(WorkerError::Hang { phase, deadline, status: self.status, log: self.log.last() })
            }
            Err(FrameError::Closed | FrameError::Truncated | FrameError::Io(_)) => {
                // It has ended, or closed its socket and will: either way it is over.
                self.reap(AFTER_TERM);
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

    /// Waits for its end, remembers how it ended, and says whether it has.
    fn reap(&mut self, patience: Duration) -> bool {
        if self.gone {
            return true;
        }
        let until = Instant::now() + patience;
        loop {
            if let Some(status) = self.switch.reap(&mut self.child) {
                (self.gone, self.status) = (true, status);
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            self.switch.wait(left);
        }
    }

    /// Ends the worker without asking it first.
    pub fn end(&mut self) {
        self.kill();
    }

    /// Ends the worker and everything in its process group: SIGTERM, then SIGKILL.
    fn kill(&mut self) {
        self.socket = None;
        if !self.switch.is_owner() {
            return;
        }
        if !self.reap(Duration::ZERO) {
            self.killed = true;
            self.switch.signal(Signal::TERM);
            self.switch.wait(AFTER_TERM);
            // Also where the worker itself has ended: its children may not have. It is not reaped before, so that the
            // group's number cannot be another's.
            self.switch.signal(Signal::KILL);
            self.reap(AFTER_KILL);
        }
        self.log.finish_if(self.gone);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}
