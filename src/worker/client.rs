//! The parent's side of a worker.

use std::ffi::OsString;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::call::Call;
use super::conversation::{Clock, Payload, converse};
use super::error::{self, WorkerError};
use super::frame::FrameError;
use super::log::Log;
use super::message::{Opened, Request, Response, Setup};
use super::scratch::{self, Scratch};
use super::spawn::{self, Spawned};
use super::switch::KillSwitch;
use super::witness::Witness;
use crate::device::process;
use crate::device::{DeviceLease, RuntimeChoice, Survey};
use crate::diagnosis::{Diagnosis, Naming};
use crate::hailort::ledger::OpenHandle;
use crate::leaks::compare::compare;
use crate::leaks::family::Member;
use crate::leaks::{Census, Family, Kind, Leak, Patience, Scope, place_threads, settle};
use crate::text::Language;
use crate::watchdog::escalation::{self, Suspect};
use crate::watchdog::{Budgets, Deadlines, DeviceState, Hang, Phase, StepKind};
use crate::whisper::Transcript;
use rustix::process::Signal;

/// The variable that marks what a worker started, wherever it goes.
const FAMILY: &str = "HAILO_HARNESS_FAMILY";
/// The variable that says where HailoRT's log files are, and its value for nowhere.
const LOGGER_PATH: &str = "HAILORT_LOGGER_PATH";
const NO_LOG: &str = "NONE";
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
    /// How long it is given to end, by what it uses.
    budgets: Budgets,
    /// What it had before the library was loaded.
    before_loading: Option<Census>,
    /// What it had when the library was loaded and no device was open.
    baseline: Option<Census>,
    /// What it has left behind.
    leaks: Vec<Leak>,
    /// Where its temporary files are; its own.
    scratch: Option<Scratch>,
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
    /// What it has left behind: by itself, after it let go of the device; what outlived it, and was killed.
    pub leaks: Vec<Leak>,
    /// The last lines that it wrote.
    pub log: Vec<String>,
}

impl Ended {
    /// Whether the worker let go of everything by itself, left nothing behind, and left with 0.
    pub fn is_clean(&self) -> bool {
        self.is_regular() && self.leaks.is_empty()
    }

    /// Whether the worker let go of the device by itself and left with 0.
    pub fn is_regular(&self) -> bool {
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
        let family = Family::begin(FAMILY, &mark());
        let mut variables: Vec<(String, OsString)> = vec![(FAMILY.into(), family.value().into())];
        // What the simulated host remembers is not one worker's.
        let memory = hailort_sim::runtime::state::folder();
        variables.extend(memory.parent().map(|m| (hailort_sim::runtime::state::VARIABLE.into(), m.into())));
        // Where there is none to be had, its temporary files are not looked at.
        let scratch = Scratch::make().ok();
        variables.extend(scratch.as_ref().map(|s| (scratch::VARIABLE.into(), s.path().into())));
        // Else HailoRT opens its log in the working directory and under the home directory when it is loaded.
        if std::env::var_os(LOGGER_PATH).is_none_or(|v| v.is_empty()) {
            variables.push((LOGGER_PATH.into(), NO_LOG.into()));
        }
        // What the caller says goes before.
        variables.extend(options.variables.iter().cloned());
        let job = spawn::Job { own_program: options.own_program, variables };
        let Spawned { child, socket, output, board } = spawn::spawn(job).map_err(fail)?;
        let log = Log::follow(output, options.debug).map_err(fail)?;
        let switch = KillSwitch::of(&child, family, Witness::new(board, log.lines()));
        Ok(Self {
            child,
            switch,
            socket: Some(socket),
            log,
            // Until it says what it uses.
            budgets: Budgets::DEVICE,
            before_loading: None,
            baseline: None,
            leaks: Vec::new(),
            scratch,
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
        // Threads and files that a library has from the moment that it is loaded are its own. Processes are not.
        self.before_loading = Census::of(self.id(), self.scope()).ok();
        let request = Request::Survey { runtime, details };
        match self.ask(Clock::start(Phase::List, deadline), &request, Payload::None, &mut |_| {})? {
            Response::Surveyed(survey) => {
                self.budgets = Budgets::of(survey.runtime);
                // The library is loaded, and nothing is open. What it is not allowed to see it cannot compare.
                self.baseline = Census::of(self.id(), self.scope()).ok();
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
        if let (Some(baseline), Some(lease)) = (&mut self.baseline, lease) {
            // Where they cannot be told, they are accused.
            let _ = baseline.give(&lease.files());
        }
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

    /// Looks at the threads of another process, such as this one.
    pub(super) fn diagnose(&mut self, pid: u32, deadline: Duration) -> Result<Diagnosis, WorkerError> {
        self.budgets = Budgets::SIMULATED;
        let request = Request::Diagnose { pid };
        match self.ask(Clock::start(Phase::Call, deadline), &request, Payload::None, &mut |_| {})? {
            Response::Diagnosed(diagnosis) => Ok(diagnosis),
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
        let (mut hang, mut released) = (None, false);
        match asked {
            Ok(Response::Closed(open)) => {
                released = true;
                self.look_for_leaks(open);
            }
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
        let (log, leaks) = (self.log.last(), self.take_leaks());
        Ended { gone: self.gone, status: self.status, released, killed: self.killed, hang, leaks, log }
    }

    /// What it has left behind, as far as that is known so far; it is told once.
    pub fn take_leaks(&mut self) -> Vec<Leak> {
        std::mem::take(&mut self.leaks)
    }

    fn scope(&self) -> Scope {
        let folder = self.scratch.as_ref().map(|s| s.path().to_owned());
        Scope { folder, family: Some(self.switch.family().clone()), ..Scope::default() }
    }

    /// It has let go of everything, and lives on: what is left?
    fn look_for_leaks(&mut self, handles: Vec<OpenHandle>) {
        let handle = |h: OpenHandle| Leak::handle(&h.kind, &h.of, &h.made_at, h.release.as_deref());
        self.leaks.extend(handles.into_iter().map(handle));
        let Some(baseline) = self.baseline.take() else { return };
        // Where it ends meanwhile, that is an error of its own.
        let mut left = settle(&baseline, Patience::default()).unwrap_or_default();
        if let Some(before) = self.before_loading.take()
            && let Ok(after) = before.again()
        {
            let counts = |leak: &Leak| matches!(leak.kind, Kind::Child | Kind::File) && !left.contains(leak);
            let more: Vec<Leak> = compare(&before, &after).into_iter().filter(counts).collect();
            left.extend(more);
        }
        if left.iter().any(|l| l.tid.is_some()) {
            let (_, capture) = escalation::look(self.id(), &self.budgets);
            place_threads(&mut left, &capture.resolve());
        }
        self.leaks.extend(left);
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
        self.switch.witness().set(Some(clock.phase));
        let answer = converse(&mut socket, request, payload, &mut clock, progress);
        self.switch.witness().set(None);
        match answer {
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
                let calls = self.switch.witness().board.calls();
                Err(WorkerError::Died {
                    phase: clock.phase,
                    status: self.status,
                    calls,
                    log: self.log.last(),
                })
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
        let calls = self.switch.witness().board.calls();
        let start = Instant::now();
        let (step, capture) = escalation::look(self.id(), &self.budgets);
        let mut steps = vec![step];
        // Functions are named while the worker is asked to let go, which is mostly waiting.
        let naming = Naming::begin(capture);
        steps.extend(self.end_by_steps());
        // The other steps keep their budgets: on a busy machine names may take all that they get.
        let diagnosis = naming.take(start + self.budgets.diagnosis);
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
            diagnosis,
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
        self.end_family();
        self.log.finish_if(self.gone);
    }

    /// Asks it to end, and kills it where that does not help. Answers what was tried.
    fn end_by_steps(&mut self) -> Vec<escalation::Step> {
        let mut watched = Watched { switch: &self.switch, socket: self.socket.as_ref() };
        let steps = escalation::end(&mut watched, &self.budgets);
        self.killed |= steps.last().is_some_and(|s| s.kind != StepKind::Polite);
        self.socket = None;
        self.reap(Duration::ZERO);
        self.end_family();
        self.log.finish_if(self.gone);
        steps
    }

    /// What it started and sent away may keep the device.
    fn end_family(&mut self) {
        if self.gone {
            let strays = self.switch.end_family();
            let known = |m: &&Member| !self.leaks.iter().any(|l| l.pid == Some(m.pid));
            let new: Vec<Leak> = strays.iter().filter(known).map(Leak::stray).collect();
            self.leaks.extend(new);
        }
    }
}

/// A mark that no other worker has.
fn mark() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let own = std::process::id();
    let start = process::start(own).map_or(0, |(start, _)| start);
    format!("{own}-{start}-{}", NUMBER.fetch_add(1, Ordering::Relaxed))
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
        if !self.switch.is_owner() {
            // Of a child made by fork, the folder is none.
            std::mem::forget(self.scratch.take());
        }
    }
}
