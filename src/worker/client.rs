//! The parent's side of a worker.

use std::ffi::OsString;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use super::call::Call;
use super::conversation::{Clock, Payload, converse};
use super::error::{self, WorkerError};
use super::frame::FrameError;
use super::log::Log;
use super::message::{Opened, Request, Response, Setup};
use super::spawn::{self, Spawned};
use super::switch::KillSwitch;
use crate::device::{DeviceLease, RuntimeChoice, Survey};
use crate::hailort::ledger::OpenHandle;
use crate::hailort::recorder::Board;
use crate::text::Language;
use crate::watchdog::escalation::{self, Suspect};
use crate::watchdog::{Budgets, Deadlines, DeviceState, Hang, Phase, StepKind};
use crate::whisper::Transcript;
use rustix::process::Signal;

/// How long a worker that has closed its socket may take to end by itself.
const AFTER_CLOSE: Duration = Duration::from_millis(500);

/// How a worker is started.
#[derive(Clone, Debug, Default)]
pub struct WorkerOptions {
    /// Write its lines to standard error, too.
    pub debug: bool,
    /// Variables that are added to its environment.
    pub variables: Vec<(String, OsString)>,
    /// Run this program, whatever `HAILO_WORKER` says.
    pub own_program: bool,
}

/// A worker process. It is killed when this is dropped; [`Worker::close`] lets it end in order.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    switch: KillSwitch,
    /// `None` once the conversation is over.
    socket: Option<UnixStream>,
    log: Log,
    /// Which calls of HailoRT it is in.
    board: Board,
    /// How long it is given to end, by what it uses.
    budgets: Budgets,
    /// Whether it has ended.
    gone: bool,
    /// How it ended. Not known where the program ignores SIGCHLD, or somebody else has reaped it.
    status: Option<ExitStatus>,
    /// Whether it had to be killed.
    killed: bool,
}

/// How a worker ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// Whether it has ended; one that has not, though it was killed, sits in the kernel.
    pub gone: bool,
    /// Its exit status; not known where the program ignores SIGCHLD, or somebody else has reaped it.
    pub status: Option<ExitStatus>,
    /// Whether it said that it let go of the device.
    pub released: bool,
    /// Whether it had to be killed.
    pub killed: bool,
    /// What is known of it, where it did not let go in time.
    pub hang: Option<Box<Hang>>,
    /// Handles of HailoRT that it made and did not release.
    pub handles: Vec<OpenHandle>,
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
        let fail = |source| WorkerError::Spawn {
            program: spawn::program(options.own_program).to_string_lossy().into_owned(),
            source,
        };
        let Spawned { child, socket, output, board } = spawn::spawn(spawn::Job {
            own_program: options.own_program,
            variables: options.variables.clone(),
        })
        .map_err(fail)?;
        let log = Log::follow(output, options.debug).map_err(fail)?;
        let switch = KillSwitch::of(&child);
        Ok(Self {
            child,
            switch,
            socket: Some(socket),
            log,
            board,
            // Until it says what it uses.
            budgets: Budgets::DEVICE,
            gone: false,
            status: None,
            killed: false,
        })
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
        self.budgets = Budgets::asked(runtime);
        let request = Request::Survey { runtime, details };
        match self.ask(Clock::start(Phase::List, deadline), &request, Payload::None, &mut |_| {})? {
            Response::Surveyed(survey) => {
                self.budgets = Budgets::of(survey.runtime);
                Ok(survey)
            }
            other => Err(self.misunderstood(&other)),
        }
    }

    /// Opens the device and loads the model. The worker gets copies of the lease's files, and keeps them until it ends.
    /// The deadlines are those of [`Phase::Open`] and [`Phase::Configure`].
    ///
    /// # Errors
    /// [`WorkerError::Failed`] when the device or the model cannot be had; the worker lives on. All other errors end
    /// it.
    pub fn open(
        &mut self,
        setup: Setup,
        lease: Option<&DeviceLease>,
        deadlines: impl Into<Deadlines>,
    ) -> Result<Opened, WorkerError> {
        if setup.runtime != RuntimeChoice::Auto {
            self.budgets = Budgets::asked(setup.runtime);
        }
        let request = Request::Open { setup, with_files: lease.is_some() };
        let payload = lease.map_or(Payload::None, |lease| Payload::Files(lease.files()));
        match self.ask(Clock::start(Phase::Open, deadlines), &request, payload, &mut |_| {})? {
            Response::Opened(opened) => {
                self.budgets = Budgets::of(opened.runtime);
                Ok(opened)
            }
            other => Err(self.misunderstood(&other)),
        }
    }

    /// Takes the device into use and lets it go at once.
    ///
    /// # Errors
    /// As [`Worker::open`].
    pub fn probe(
        &mut self,
        runtime: RuntimeChoice,
        device: Option<&str>,
        deadline: Duration,
    ) -> Result<(), WorkerError> {
        self.budgets = Budgets::asked(runtime);
        let request = Request::Probe { runtime, device: device.map(str::to_owned) };
        match self.ask(Clock::start(Phase::Open, deadline), &request, Payload::None, &mut |_| {})? {
            Response::Probed => Ok(()),
            other => Err(self.misunderstood(&other)),
        }
    }

    /// Calls a function of this executable; the worker has to run the same one.
    pub(super) fn call(&mut self, call: Call, deadline: Duration) -> Result<Vec<u8>, WorkerError> {
        self.budgets = Budgets::of_this_host();
        match self.ask(
            Clock::start(Phase::Call, deadline),
            &Request::Call(call),
            Payload::None,
            &mut |_| {},
        )? {
            Response::Returned(bytes) => Ok(bytes),
            other => Err(self.misunderstood(&other)),
        }
    }

    /// Has the library reset a device.
    ///
    /// # Errors
    /// As [`Worker::open`].
    pub fn reset(
        &mut self,
        runtime: RuntimeChoice,
        device: &str,
        deadline: Duration,
    ) -> Result<(), WorkerError> {
        self.budgets = Budgets::asked(runtime);
        let request = Request::Reset { runtime, device: device.into() };
        match self.ask(Clock::start(Phase::Open, deadline), &request, Payload::None, &mut |_| {})? {
            Response::Reset => Ok(()),
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
        match self.ask(Clock::start(Phase::Infer, deadline), &request, Payload::Samples(samples), progress)? {
            Response::Heard(transcript) => Ok(transcript),
            other => Err(self.misunderstood(&other)),
        }
    }

    /// Asks the worker to let go of the device and end, and reaps it. One that does not within `deadline` is killed.
    pub fn close(mut self, deadline: Duration) -> Ended {
        let asked =
            self.ask(Clock::start(Phase::Release, deadline), &Request::Close, Payload::None, &mut |_| {});
        let (mut hang, mut handles, mut released) = (None, Vec::new(), false);
        match asked {
            Ok(Response::Closed(open)) => (released, handles) = (true, open),
            Ok(other) => _ = self.misunderstood(&other),
            Err(WorkerError::Hang(found)) => hang = Some(found),
            Err(_) => {}
        }
        if released {
            // It ends with its socket.
            self.socket = None;
            self.reap(deadline);
        }
        self.kill();
        let log = self.log.last();
        Ended { gone: self.gone, status: self.status, released, killed: self.killed, hang, handles, log }
    }

    /// Sends a request and waits for its answer.
    fn ask(
        &mut self,
        mut clock: Clock,
        request: &Request,
        payload: Payload<'_>,
        progress: &mut dyn FnMut(f64),
    ) -> Result<Response, WorkerError> {
        // Taken while it is in use: where `progress` panics, the conversation is over, and nobody gets an answer that
        // was meant for another question.
        let Some(mut socket) = self.socket.take() else { return Err(WorkerError::Closed) };
        match converse(&mut socket, request, payload, &mut clock, progress) {
            Ok(response) => {
                self.socket = Some(socket);
                match response {
                    Response::Failed(failure) => Err(failure.into()),
                    response => Ok(response),
                }
            }
            Err(FrameError::Timeout) => {
                self.socket = Some(socket);
                Err(WorkerError::Hang(Box::new(self.hang(&clock))))
            }
            Err(FrameError::Closed | FrameError::Truncated | FrameError::Io(_)) => {
                // It has ended, or closed its socket and will: either way it is over.
                self.reap(AFTER_CLOSE);
                self.kill();
                Err(WorkerError::Died { phase: clock.phase, status: self.status, log: self.log.last() })
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

    /// It did not answer in time: finds out why, and ends it.
    fn hang(&mut self, clock: &Clock) -> Hang {
        // While it hangs still.
        let calls = self.board.calls();
        let (step, capture) = escalation::look(self.id(), &self.budgets);
        let mut steps = vec![step];
        steps.extend(self.end_by_steps());
        Hang {
            phase: clock.phase,
            program: "the worker".into(),
            pid: self.id(),
            deadline: clock.deadline,
            elapsed: clock.since.elapsed(),
            calls,
            steps,
            gone: self.gone,
            status: self.gone.then(|| error::describe(self.status)),
            device: DeviceState::NotChecked,
            // Names are looked up when nobody waits for the process any more.
            diagnosis: Some(capture.resolve()),
            log: self.log.last(),
        }
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

    /// Ends the worker and everything in its process group, unless it has ended.
    fn kill(&mut self) {
        if self.switch.is_owner() && !self.reap(Duration::ZERO) {
            self.end_by_steps();
        }
        self.socket = None;
        self.log.finish_if(self.gone);
    }

    /// Asks it to end, and kills it where that does not help. Answers what was tried.
    fn end_by_steps(&mut self) -> Vec<escalation::Step> {
        let mut watched = Watched { switch: &self.switch, socket: self.socket.as_ref() };
        let steps = escalation::end(&mut watched, &self.budgets);
        self.killed |= steps.last().is_some_and(|s| s.kind != StepKind::Polite);
        self.socket = None;
        self.reap(Duration::ZERO);
        self.log.finish_if(self.gone);
        steps
    }
}

/// A worker on its way out.
struct Watched<'a> {
    switch: &'a KillSwitch,
    socket: Option<&'a UnixStream>,
}

impl Suspect for Watched<'_> {
    fn ask(&mut self) -> bool {
        // It ends inference when its socket ends. What it says meanwhile is read by nobody.
        self.socket.is_some_and(|s| s.shutdown(Shutdown::Write).is_ok())
    }

    fn signal(&self, signal: Signal) {
        self.switch.signal(signal);
    }

    fn wait(&self, patience: Duration) -> bool {
        self.switch.wait(patience)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}
