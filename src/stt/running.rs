//! The worker: how it is started, rebuilt and replaced.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::control::Control;
use super::error::SttError;
use super::files::Files;
use super::options::SttOptions;
use super::retry::{Attempts, RetryPolicy};
use hailort_sys::status::{HAILO_DEVICE_IN_USE, HAILO_OUT_OF_PHYSICAL_DEVICES};

use crate::device::lease::{LeaseError, LeaseOptions, LockFolder, Wait, Wedged};
use crate::device::{
    DeviceLease, Holders, Node, RequiredError, RuntimeChoice, RuntimeError, RuntimeKind, discovery, required,
};
use crate::leaks::Leak;
use crate::report::tell;
use crate::text::Language;
use crate::text::printable::say;
use crate::watchdog::{Budgets, DeviceState, Hang, StepKind, escalation};
use crate::whisper::{Audio, Transcript};
use crate::worker::message::Opened;
use crate::worker::probe::probe;
use crate::worker::{Ended, FailureKind, Setup, Worker, WorkerError, WorkerOptions};

/// What was done about failures of a device, so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repairs {
    /// Inferences that were tried again.
    pub retries: u32,
    /// Pipelines that were built again in the same worker process.
    pub reopened: u32,
    /// Worker processes that were replaced by new ones.
    pub replaced: u32,
}

/// A device that cannot be waited for.
const NOT_LISTED: &str = "the library opens a device that it does not list: nobody can take turns for it";

/// What is asked for.
struct Wanted {
    runtime: RuntimeChoice,
    files: Files,
    wait: Wait,
}

/// The worker of a [`HailoStt`](super::HailoStt), and what became of it.
#[derive(Debug)]
pub(super) struct Running {
    worker: Option<Worker>,
    /// The right to use the device. Given back after the worker has gone.
    lease: Option<DeviceLease>,
    /// A worker that was killed and has not ended: it sits in the kernel, and may touch the device.
    stuck: Option<u32>,
    /// What the devices are of.
    kind: Option<RuntimeKind>,
    /// What was opened last.
    pub(super) opened: Option<Opened>,
    /// Why there is no worker.
    pub(super) gone: String,
    /// How the last one ended, where it was closed on purpose.
    ended: Option<Ended>,
    /// What all workers so far have left behind.
    leaks: Vec<Leak>,
    /// Whether there ever was a worker with an open device.
    begun: bool,
    /// How the device was opened, to open it again.
    setup: Option<Setup>,
    /// What has the device open where somebody uses it.
    nodes: Vec<Node>,
    /// Whether the pipeline may hold frames of an inference that failed: it has to be built again.
    is_stale: bool,
    /// How long inference took so far, what failed included.
    pub(super) inference: Duration,
    /// Failures of this worker since its last success.
    in_a_row: u32,
    pub(super) repairs: Repairs,
}

impl Running {
    /// There is no worker yet.
    pub(super) fn prepared() -> Self {
        Self {
            worker: None,
            lease: None,
            stuck: None,
            kind: None,
            opened: None,
            gone: "it was not started; begin() starts it".into(),
            ended: None,
            leaks: Vec::new(),
            begun: false,
            setup: None,
            nodes: Vec::new(),
            is_stale: false,
            inference: Duration::ZERO,
            in_a_row: 0,
            repairs: Repairs::default(),
        }
    }

    /// Whether there is a worker.
    pub(super) fn has_worker(&self) -> bool {
        self.worker.is_some()
    }

    /// Whether there is a worker with an open device that lives.
    pub(super) fn lives(&mut self) -> bool {
        self.worker.as_mut().is_some_and(Worker::lives)
    }

    /// Fetches the model's files, starts a worker, waits for the device, and opens it in the worker.
    pub(super) fn start(&mut self, options: &SttOptions, control: &Control) -> Result<(), SttError> {
        control.check()?;
        let wait = options.wait()?;
        let deadlines = options.deadlines()?;
        options.leaks()?;
        let runtime = match options.runtime {
            Some(runtime) => runtime,
            None => RuntimeChoice::from_environment(RuntimeChoice::Auto)?,
        };
        let files = Files::of(options, runtime)?;
        let never = RetryPolicy::never();
        let (policy, budget) = match wait {
            Wait::Never => (&never, Duration::ZERO),
            Wait::AtMost(time) => (&options.retry_open, time.min(deadlines.open)),
        };
        let wanted = Wanted { runtime, files, wait };
        let result = self
            .spawn(options, control)
            .and_then(|()| self.queue(options, control, &wanted))
            .and_then(|()| self.open(options, control, policy, budget))
            .and_then(|()| self.open_again_where_not_held(options, control, &wanted, policy, budget));
        match result {
            Ok(()) => {
                if let Some(notice) = self.opened.as_ref().and_then(|o| o.notice.as_ref()) {
                    say(notice);
                }
                (self.begun, self.ended) = (true, None);
                Ok(())
            }
            Err(error) => {
                // It holds nothing; it is ended in order all the same, unless it hangs.
                let error = self.with_holders(error);
                self.let_go(options);
                self.give_back();
                self.ended = None;
                self.gone = format!("it could not be started: {error}");
                Err(control.check().err().unwrap_or(error))
            }
        }
    }

    /// Ends the worker in order; `None` where there is none.
    /// With options it looks at the device after a hang; where the process ends, there is no time for that.
    pub(super) fn close(
        &mut self,
        patience: Duration,
        why: &str,
        options: Option<&SttOptions>,
    ) -> Option<Ended> {
        let Some(worker) = self.worker.take() else {
            self.give_back();
            return None;
        };
        let ended = self.end(worker, patience, options);
        self.give_back();
        self.gone = why.into();
        self.ended = Some(ended.clone());
        Some(ended)
    }

    /// How the worker ended when it was closed, `None` where there never was one; where it ended by itself, why.
    pub(super) fn ended(&self) -> Result<Option<Ended>, String> {
        match &self.ended {
            None if self.begun => Err(self.gone.clone()),
            ended => Ok(ended.clone()),
        }
    }

    /// What all workers so far have left behind; it is told once.
    pub(super) fn take_leaks(&mut self) -> Vec<Leak> {
        std::mem::take(&mut self.leaks)
    }

    /// Transcribes; what may go away is tried again.
    pub(super) fn transcribe(
        &mut self,
        audio: &Audio,
        language: Language,
        options: &SttOptions,
        control: &Control,
        progress: &mut dyn FnMut(f64),
    ) -> Result<Transcript, SttError> {
        let (start, deadlines) = (Instant::now(), options.deadlines()?);
        let mut attempts = Attempts::new(&options.retry, deadlines.infer);
        let mut told = 0.0;
        loop {
            control.check()?;
            let since = Cell::new(Instant::now());
            let heard = self.attempt(audio, language, options, control, &mut |seconds| {
                since.set(Instant::now());
                // An attempt starts from the beginning; whoever is told sees no step back.
                if seconds > told {
                    told = seconds;
                    progress(seconds);
                }
            });
            let error = match heard {
                Ok(transcript) => return Ok(transcript),
                Err(error) => error,
            };
            // A worker that was killed because the process ends has not died.
            control.check()?;
            let Some(delay) = attempts.fail(error.hailo_status(), since.get().elapsed()) else {
                return Err(error.after(attempts.failed(), start.elapsed()));
            };
            self.repairs.retries += 1;
            control.pause(delay)?;
        }
    }

    fn attempt(
        &mut self,
        audio: &Audio,
        language: Language,
        options: &SttOptions,
        control: &Control,
        progress: &mut dyn FnMut(f64),
    ) -> Result<Transcript, SttError> {
        if self.is_stale {
            self.rebuild(options, control)?;
        }
        let Some(worker) = &mut self.worker else { return Err(SttError::Unavailable(self.gone.clone())) };
        // Whoever uses it has it, whoever started it.
        self.lease.iter().for_each(DeviceLease::hand_over_here);

        let (begun, deadline) = (Instant::now(), options.deadlines()?.infer);
        let heard = worker.transcribe(audio.samples(), language, deadline, progress);
        self.inference += begun.elapsed();
        match heard {
            Ok(transcript) => {
                self.in_a_row = 0;
                Ok(transcript)
            }
            Err(error) => Err(self.failed(error, options, control).into()),
        }
    }

    /// Builds the pipeline again, as frames of a failed inference may be in its queues; in a new worker process, where
    /// this one has failed too often.
    fn rebuild(&mut self, options: &SttOptions, control: &Control) -> Result<(), SttError> {
        let replace = options.retry.replaces(self.in_a_row);
        if replace {
            // The device is exclusive: the old worker has to let go first.
            self.let_go(options);
            if let Err(error) = self.spawn(options, control) {
                self.gone = format!("its worker could not be replaced: {error}");
                return Err(error);
            }
        }
        self.open(options, control, &options.retry_open, options.deadlines()?.open)?;
        if replace {
            self.repairs.replaced += 1;
        } else {
            self.repairs.reopened += 1;
        }
        Ok(())
    }

    /// Ends a worker that is of no use any more.
    fn let_go(&mut self, options: &SttOptions) {
        if let Some(worker) = self.worker.take() {
            self.end(worker, options.release(), Some(options));
        }
    }

    /// Ends a worker in order, and after a hang looks at the device.
    fn end(&mut self, worker: Worker, patience: Duration, options: Option<&SttOptions>) -> Ended {
        let id = worker.id();
        let mut ended = worker.close(patience);
        self.note(id, ended.gone);
        self.leaks.extend(ended.leaks.iter().cloned());
        if let (Some(hang), Some(options)) = (&mut ended.hang, options) {
            self.look_at_device(hang, options);
        }
        ended.hang.iter().for_each(|hang| tell::hang(hang));
        ended
    }

    /// Notes a worker that has not ended, though it was killed.
    fn note(&mut self, worker: u32, gone: bool) {
        if !gone {
            self.stuck = Some(worker);
        }
    }

    /// Gives the device back, unless a worker that cannot be ended may touch it still: then it is marked.
    fn give_back(&mut self) {
        let Some(lease) = self.lease.take() else { return };
        let Some(worker) = self.stuck else { return lease.release() };
        mark(&lease, &cannot_be_killed(worker), Some(worker));
        lease.keep();
    }

    /// Fetches what the devices need, waits for its turn to use one, and says what is to be opened.
    fn queue(&mut self, options: &SttOptions, control: &Control, wanted: &Wanted) -> Result<(), SttError> {
        let Some(worker) = &mut self.worker else {
            return Err(SttError::Unavailable(self.gone.clone()));
        };
        let Wanted { runtime, files, wait } = wanted;
        let deadline = options.deadlines()?.open;
        let survey = worker.survey(*runtime, files.need_identity(), deadline)?;
        self.kind = Some(survey.runtime);
        if survey.devices.is_empty() && options.device.is_none() {
            let marks = Wedged::all(&LockFolder::usual()?);
            let names = marks.iter().map(|m| m.device.as_str());
            let missing = discovery::missing(survey.runtime, &survey.prefix, &[], names);
            let of_missing = |m: &Wedged| missing.iter().any(|d| d.lease == m.device);
            let marks: Vec<_> = marks.into_iter().filter(of_missing).map(|m| (m.device.clone(), m)).collect();
            if !marks.is_empty() {
                return Err(LeaseError::Wedged { marks }.into());
            }
            if survey.runtime == RuntimeKind::Device && required().map_err(RuntimeError::from)? {
                return Err(RuntimeError::from(RequiredError::NoDevice).into());
            }
            // The library says best what is missing.
            return match files.without_device(&survey)? {
                Some(model) => {
                    self.setup = Some(Setup {
                        runtime: *runtime,
                        device: None,
                        model,
                        frame_timeout: options.frame_timeout,
                    });
                    Ok(())
                }
                None => {
                    worker.probe(*runtime, None, deadline)?;
                    Err(SttError::Unavailable(NOT_LISTED.into()))
                }
            };
        }
        let devices = discovery::choose(&survey.devices, options.device.as_deref())?;
        // Nobody waits for a download of somebody who has the device.
        let models = files.for_devices(&survey, &devices)?;
        control.check()?;
        let mut lease = LeaseOptions::in_folder(LockFolder::usual()?).waiting(*wait);
        lease.cancelled = Arc::clone(control.flag());
        let names: Vec<String> = devices.iter().map(|d| d.lease.clone()).collect();
        let lease = DeviceLease::acquire(&names, &lease)?;
        let device = devices.into_iter().find(|d| d.lease == lease.device());
        let model = models.into_iter().find(|(of, _)| of == lease.device()).map(|(_, model)| model);
        self.setup = model.map(|model| Setup {
            runtime: *runtime,
            device: device.map(|d| d.id.clone()),
            model,
            frame_timeout: options.frame_timeout,
        });
        self.nodes = device.map(|d| d.nodes.clone()).unwrap_or_default();
        self.lease = Some(lease);
        Ok(())
    }

    /// A device that was not listed, and could be opened all the same, is held by no lease: others may have it by
    /// rights. It is let go, and its turn waited for.
    fn open_again_where_not_held(
        &mut self,
        options: &SttOptions,
        control: &Control,
        wanted: &Wanted,
        policy: &RetryPolicy,
        budget: Duration,
    ) -> Result<(), SttError> {
        if self.lease.is_some() {
            return Ok(());
        }
        self.let_go(options);
        self.spawn(options, control)?;
        self.queue(options, control, wanted)?;
        if self.lease.is_none() {
            return Err(SttError::Unavailable(NOT_LISTED.into()));
        }
        self.open(options, control, policy, budget)
    }

    /// Adds who has the device open, where that is what failed.
    fn with_holders(&self, error: SttError) -> SttError {
        let in_use = [Some(HAILO_DEVICE_IN_USE), Some(HAILO_OUT_OF_PHYSICAL_DEVICES)];
        if !in_use.contains(&error.hailo_status()) || self.nodes.is_empty() {
            return error;
        }
        let own: Vec<u32> = self.worker.iter().map(Worker::id).collect();
        SttError::InUse { source: Box::new(error), holders: Holders::look(&self.nodes, &own) }
    }

    /// Starts a worker process.
    fn spawn(&mut self, options: &SttOptions, control: &Control) -> Result<(), SttError> {
        control.check()?;
        let wanted = WorkerOptions {
            debug: options.debug,
            variables: options.variables.clone(),
            ..WorkerOptions::default()
        };
        let worker = Worker::spawn(&wanted)?;
        control.watch(worker.kill_switch())?;
        self.worker = Some(worker);
        self.in_a_row = 0;
        Ok(())
    }

    /// Opens the device in the worker; what may go away is tried again.
    fn open(
        &mut self,
        options: &SttOptions,
        control: &Control,
        policy: &RetryPolicy,
        budget: Duration,
    ) -> Result<(), SttError> {
        let (start, deadlines) = (Instant::now(), options.deadlines()?);
        let mut attempts = Attempts::new(policy, budget);
        loop {
            let (Some(worker), Some(setup)) = (&mut self.worker, &self.setup) else {
                return Err(SttError::Unavailable(self.gone.clone()));
            };
            let since = Instant::now();
            let error = match worker.open(setup.clone(), self.lease.as_ref(), deadlines) {
                Ok(opened) => {
                    (self.opened, self.is_stale) = (Some(opened), false);
                    return Ok(());
                }
                Err(error) => error,
            };
            let error = SttError::from(self.failed(error, options, control));
            let Some(delay) = attempts.fail(error.hailo_status(), since.elapsed()) else {
                return Err(error.after(attempts.failed(), start.elapsed()));
            };
            control.pause(delay)?;
            if policy.replaces(self.in_a_row) {
                self.let_go(options);
                self.spawn(options, control)?;
                self.repairs.replaced += 1;
            }
        }
    }

    /// Remembers what a failure means for the worker, and after a hang looks at the device.
    fn failed(&mut self, mut error: WorkerError, options: &SttOptions, control: &Control) -> WorkerError {
        if let WorkerError::Hang(hang) = &mut error {
            self.note(hang.pid, hang.gone);
            if control.check().is_ok() {
                self.look_at_device(hang, options);
                tell::hang(hang);
            }
        }
        if !self.worker.as_ref().is_some_and(Worker::is_open) {
            let why = error.to_string();
            self.gone = format!("{}; reload() starts a new worker", why.lines().next().unwrap_or_default());
            if let Some(mut worker) = self.worker.take() {
                self.note(worker.id(), worker.has_ended());
                self.leaks.extend(worker.take_leaks());
            }
        } else if let WorkerError::Failed(failure) = &error
            && matches!(failure.kind, FailureKind::Device | FailureKind::Panic)
        {
            self.in_a_row += 1;
            self.is_stale = true;
        }
        error
    }

    /// After a hang, while nobody else may use the device: whether the next one can. Where not, it is marked.
    fn look_at_device(&self, hang: &mut Hang, options: &SttOptions) {
        let (Some(lease), Some(setup), Some(kind)) = (&self.lease, &self.setup, self.kind) else { return };
        if !hang.gone {
            // It is marked when the lease ends.
            hang.device = DeviceState::Wedged(cannot_be_killed(hang.pid));
            return;
        }
        let (budget, mut state) = (Budgets::of(kind).device, DeviceState::Free);
        let step = escalation::timed(StepKind::Device, budget, || {
            let device = setup.device.as_deref();
            if let Err(why) = probe(setup.runtime, device, &options.variables, budget) {
                let holders = Holders::look(&self.nodes, &[]);
                state = DeviceState::Wedged(format!("after process {} hung: {why}; {holders}", hang.pid));
            }
            state == DeviceState::Free
        });
        if let DeviceState::Wedged(why) = &state {
            mark(lease, why, None);
        }
        hang.steps.push(step);
        hang.device = state;
    }
}

fn cannot_be_killed(worker: u32) -> String {
    format!("process {worker} hung and cannot be killed: it sits in the kernel")
}

fn mark(lease: &DeviceLease, why: &str, stuck: Option<u32>) {
    tell::wedged(lease.device(), why);
    if let Err(error) = lease.mark_wedged(why, stuck) {
        say(format_args!("hailo-harness: {} is wedged, and cannot be marked: {error}", lease.device()));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut worker) = self.worker.take() {
            worker.end();
            self.note(worker.id(), worker.has_ended());
        }
        self.give_back();
    }
}
