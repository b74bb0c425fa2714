//! The worker: how it is started, rebuilt and replaced.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::control::Control;
use super::error::SttError;
use super::options::{SttModel, SttOptions};
use super::retry::{Attempts, RetryPolicy};
use super::wait::DeviceWait;
use crate::device::RuntimeChoice;
use crate::models::{FetchEvent, FetchOptions, Model, Store};
use crate::text::printable::say;
use crate::whisper::{Audio, Transcript};
use crate::worker::message::Opened;
use crate::worker::{Ended, FailureKind, ModelSource, Setup, Worker, WorkerError, WorkerOptions};

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

/// The worker of a [`HailoStt`](super::HailoStt), and what became of it.
#[derive(Debug)]
pub(super) struct Running {
    worker: Option<Worker>,
    /// What was opened last.
    pub(super) opened: Option<Opened>,
    /// Why there is no worker.
    pub(super) gone: String,
    /// How the last one ended, where it was closed on purpose.
    ended: Option<Ended>,
    /// Whether there ever was a worker with an open device.
    begun: bool,
    /// How the device was opened, to open it again.
    setup: Option<Setup>,
    /// Whether the pipeline may hold frames of an inference that failed: it has to be built again.
    is_stale: bool,
    /// Failures of this worker since its last success.
    in_a_row: u32,
    pub(super) repairs: Repairs,
}

impl Running {
    /// There is no worker yet.
    pub(super) fn prepared() -> Self {
        Self {
            worker: None,
            opened: None,
            gone: "it was not started; begin() starts it".into(),
            ended: None,
            begun: false,
            setup: None,
            is_stale: false,
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

    /// Fetches the model's files, starts a worker, and opens the device in it.
    pub(super) fn start(&mut self, options: &SttOptions, control: &Control) -> Result<(), SttError> {
        control.check()?;
        let wait = options.wait()?;
        let setup = setup(options)?;
        let never = RetryPolicy::never();
        let (policy, budget) = match wait {
            DeviceWait::Never => (&never, Duration::ZERO),
            DeviceWait::AtMost(time) => (&options.retry_open, time.min(options.deadlines.open)),
        };
        self.setup = Some(setup);
        let result = self.spawn(options, control).and_then(|()| self.open(options, control, policy, budget));
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
                self.let_go(options);
                self.ended = None;
                self.gone = format!("it could not be started: {error}");
                Err(control.check().err().unwrap_or(error))
            }
        }
    }

    /// Ends the worker in order; `None` where there is none.
    pub(super) fn close(&mut self, patience: Duration, why: &str) -> Option<Ended> {
        let ended = self.worker.take()?.close(patience);
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

    /// Transcribes; what may go away is tried again.
    pub(super) fn transcribe(
        &mut self,
        audio: &Audio,
        options: &SttOptions,
        control: &Control,
        progress: &mut dyn FnMut(f64),
    ) -> Result<Transcript, SttError> {
        let start = Instant::now();
        let mut attempts = Attempts::new(&options.retry, options.deadlines.infer);
        let mut told = 0.0;
        loop {
            control.check()?;
            let since = Cell::new(Instant::now());
            let heard = self.attempt(audio, options, control, &mut |seconds| {
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
        options: &SttOptions,
        control: &Control,
        progress: &mut dyn FnMut(f64),
    ) -> Result<Transcript, SttError> {
        if self.is_stale {
            self.rebuild(options, control)?;
        }
        let Some(worker) = &mut self.worker else { return Err(SttError::Unavailable(self.gone.clone())) };
        let heard = worker.transcribe(audio.samples(), options.language, options.deadlines.infer, progress);
        match heard {
            Ok(transcript) => {
                self.in_a_row = 0;
                Ok(transcript)
            }
            Err(error) => {
                self.failed(&error);
                Err(error.into())
            }
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
        self.open(options, control, &options.retry_open, options.deadlines.open)?;
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
            worker.close(options.deadlines.release);
        }
    }

    /// Starts a worker process.
    fn spawn(&mut self, options: &SttOptions, control: &Control) -> Result<(), SttError> {
        control.check()?;
        let wanted = WorkerOptions { debug: options.debug, variables: options.variables.clone() };
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
        let start = Instant::now();
        let mut attempts = Attempts::new(policy, budget);
        loop {
            let (Some(worker), Some(setup)) = (&mut self.worker, &self.setup) else {
                return Err(SttError::Unavailable(self.gone.clone()));
            };
            let since = Instant::now();
            let error = match worker.open(setup.clone(), options.deadlines.open) {
                Ok(opened) => {
                    (self.opened, self.is_stale) = (Some(opened), false);
                    return Ok(());
                }
                Err(error) => error,
            };
            self.failed(&error);
            let error = SttError::from(error);
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

    /// Remembers what a failure means for the worker.
    fn failed(&mut self, error: &WorkerError) {
        if !self.worker.as_ref().is_some_and(Worker::is_open) {
            let why = error.to_string();
            self.gone = format!("{}; reload() starts a new worker", why.lines().next().unwrap_or_default());
            self.worker = None;
        } else if let WorkerError::Failed(failure) = error
            && matches!(failure.kind, FailureKind::Device | FailureKind::Panic)
        {
            self.in_a_row += 1;
            self.is_stale = true;
        }
    }
}

/// Fetches the model's files where they are missing, and says what is to be opened.
fn setup(options: &SttOptions) -> Result<Setup, SttError> {
    let runtime = match options.runtime {
        Some(runtime) => runtime,
        None => RuntimeChoice::from_environment(RuntimeChoice::Auto)?,
    };
    let model = match options.model.map_or_else(SttModel::from_environment, Ok)? {
        SttModel::Canned => ModelSource::Canned,
        SttModel::WhisperBase => {
            let (model, store) = (Model::named("whisper-base")?, Store::user());
            store.ensure(&model, &FetchOptions::from_environment(), &mut |event| {
                if options.debug || matches!(event, FetchEvent::Asking { .. } | FetchEvent::Waiting) {
                    say(format_args!("hailo-harness: model files: {event:?}"));
                }
            })?;
            let weights = &model.files.weights;
            ModelSource::Base {
                weights: store.path(weights),
                sha256: weights.sha256.clone(),
                tokenizer: store.path(&model.files.tokenizer),
            }
        }
    };
    Ok(Setup { runtime, device: options.device.clone(), model, frame_timeout: options.frame_timeout })
}
