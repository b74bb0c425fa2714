//! [`HailoStt`].

use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use rustix::process::{Pid, Signal, kill_process_group};

use super::error::SttError;
use super::options::{SttModel, SttOptions};
use super::sound::Sound;
use crate::device::RuntimeChoice;
use crate::models::{FetchEvent, FetchOptions, Model, Store};
use crate::text::Language;
use crate::text::printable::say;
use crate::whisper::Transcript;
use crate::worker::message::Opened;
use crate::worker::{Ended, ModelSource, Setup, Worker, WorkerOptions};

/// Speech-to-text on a device that a worker process owns.
///
/// Clones share the worker, and take turns. It may be moved to, and used from, any thread.
///
/// When the last clone goes, the worker is ended; [`HailoStt::close`] says how that went.
#[derive(Clone, Debug)]
pub struct HailoStt {
    options: Arc<SttOptions>,
    state: Arc<Mutex<State>>,
    /// The worker's process id, to be had while the state is locked; 0 where there is none.
    worker: Arc<AtomicI32>,
}

#[derive(Debug)]
struct State {
    worker: Option<Worker>,
    opened: Opened,
    /// Why there is no worker.
    gone: String,
    /// How it ended, where it was closed on purpose.
    ended: Option<Ended>,
}

impl HailoStt {
    /// Fetches the model's files where they are missing, starts a worker, and opens the device in it.
    ///
    /// # Errors
    /// When the files cannot be had, or the worker or the device not be started.
    pub fn start(options: SttOptions) -> Result<Self, SttError> {
        let (worker, opened) = start(&options)?;
        let state = State { worker: Some(worker), opened, gone: String::new(), ended: None };
        let pid = AtomicI32::new(state.worker.as_ref().map_or(0, |w| w.id() as i32));
        Ok(Self { options: Arc::new(options), state: Arc::new(Mutex::new(state)), worker: Arc::new(pid) })
    }

    /// Transcribes the sound of a file or of samples. Sound without a sample is an empty text, and no business of the
    /// device.
    ///
    /// # Errors
    /// When the audio cannot be used, the device fails, or the worker hangs or dies. Nothing that fails becomes an
    /// empty text. After a hang or a death [`HailoStt::is_available`] says no, and [`HailoStt::reload`] helps.
    pub fn transcribe(&self, sound: impl Sound) -> Result<Transcript, SttError> {
        self.transcribe_with(sound, |_| {})
    }

    /// As [`HailoStt::transcribe`]; `progress` is told how many seconds of audio are done, after each window.
    ///
    /// # Errors
    /// As [`HailoStt::transcribe`].
    pub fn transcribe_with(
        &self,
        sound: impl Sound,
        mut progress: impl FnMut(f64),
    ) -> Result<Transcript, SttError> {
        let audio = sound.audio()?;
        if audio.samples().is_empty() {
            return Ok(Transcript::empty(self.language().code(), 0.0));
        }
        let mut state = self.lock();
        let State { worker, gone, .. } = &mut *state;
        let Some(running) = worker else { return Err(SttError::Unavailable(gone.clone())) };
        let deadline = self.options.deadlines.infer;
        let heard = running.transcribe(audio.samples(), self.language(), deadline, &mut progress);
        if !running.is_open() {
            let why = heard.as_ref().err().map_or_else(String::new, ToString::to_string);
            *gone = format!("{}; reload() starts a new worker", why.lines().next().unwrap_or_default());
            *worker = None;
            self.worker.store(0, Ordering::SeqCst);
        }
        Ok(heard?)
    }

    /// Whether there is a worker with an open device that lives.
    pub fn is_available(&self) -> bool {
        let mut state = self.lock();
        state.worker.as_mut().is_some_and(Worker::lives)
    }

    /// The language that is spoken.
    pub fn language(&self) -> Language {
        self.options.language
    }

    /// What was opened: model, runtime, devices.
    pub fn opened(&self) -> Opened {
        self.lock().opened.clone()
    }

    /// The worker's process id; `None` where there is none.
    pub fn worker_id(&self) -> Option<u32> {
        self.lock().worker.as_ref().map(Worker::id)
    }

    /// Ends the worker and starts a new one.
    ///
    /// # Errors
    /// As [`HailoStt::start`]; it is not available then.
    pub fn reload(&self) -> Result<(), SttError> {
        let mut state = self.lock();
        self.worker.store(0, Ordering::SeqCst);
        if let Some(worker) = state.worker.take() {
            // The device is exclusive: the old worker has to let go first.
            worker.close(self.options.deadlines.release);
        }
        match start(&self.options) {
            Ok((worker, opened)) => {
                self.worker.store(worker.id() as i32, Ordering::SeqCst);
                (state.worker, state.opened, state.ended) = (Some(worker), opened, None);
                Ok(())
            }
            Err(error) => {
                state.gone = format!("it could not be reloaded: {error}");
                Err(error)
            }
        }
    }

    /// Ends the worker in order, for all clones; `None` where there is none any more.
    pub fn close(&self) -> Option<Ended> {
        let mut state = self.lock();
        state.gone = "it was closed; reload() starts a new worker".into();
        self.worker.store(0, Ordering::SeqCst);
        let ended = state.worker.take().map(|worker| worker.close(self.options.deadlines.release));
        if ended.is_some() {
            state.ended.clone_from(&ended);
        }
        ended
    }

    /// As [`HailoStt::close`], or how it ended when it was closed before; where it ended by itself, why.
    pub(crate) fn end(&self) -> Result<Ended, String> {
        let why = self.lock().gone.clone();
        self.close().or_else(|| self.lock().ended.clone()).ok_or(why)
    }

    /// Lets go of the device because the process ends: in order where nobody is using it, and else by killing the
    /// worker, since nobody will wait for an answer any more.
    pub(crate) fn abandon(&self) {
        let busy = match self.state.try_lock() {
            Ok(_) => false,
            Err(TryLockError::Poisoned(_)) => false,
            Err(TryLockError::WouldBlock) => true,
        };
        if busy {
            let pid = self.worker.load(Ordering::SeqCst);
            if let Some(group) = Pid::from_raw(pid) {
                // It may have gone already.
                let _ = kill_process_group(group, Signal::KILL);
            }
        }
        // Whoever used it has its error now.
        self.close();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in a caller's `progress` leaves nothing half done here but a conversation with the worker, which is
        // over then.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn start(options: &SttOptions) -> Result<(Worker, Opened), SttError> {
    let runtime = match options.runtime {
        Some(runtime) => runtime,
        None => RuntimeChoice::from_environment(RuntimeChoice::Auto)?,
    };
    let model = match options.model {
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
    let worker = WorkerOptions { debug: options.debug, variables: options.variables.clone() };
    let mut worker = Worker::spawn(&worker)?;
    let setup = Setup { runtime, device: None, model, frame_timeout: options.frame_timeout };
    let opened = worker.open(setup, options.deadlines.open)?;
    if let Some(notice) = &opened.notice {
        say(notice);
    }
    Ok((worker, opened))
}
