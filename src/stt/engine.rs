//! [`HailoStt`].

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use super::control::Control;
use super::error::SttError;
use super::options::SttOptions;
use super::running::{Repairs, Running};
use super::sound::Sound;
use crate::cleanup::bounded::say;
use crate::cleanup::{running_test, signals};
use crate::device::lease::Wait;
use crate::leaks::Judged;
use crate::report::tell;
use crate::text::Language;
use crate::whisper::Transcript;
use crate::worker::Ended;
use crate::worker::message::Opened;

/// How long a worker that nobody uses may take to let go when the process ends: a device needs up to a second, and the
/// handler has 2 s in all.
const LET_GO: Duration = Duration::from_millis(1200);
/// How long a worker that was killed when the process ends may take to be gone.
const BE_GONE: Duration = Duration::from_millis(500);

/// Speech-to-text on a device that a worker process owns.
///
/// Clones share the worker, and take turns. It may be moved to, and used from, any thread.
///
/// When the last clone goes, the worker is ended; [`HailoStt::close`] says how that went.
///
/// A [`HailoContext`](crate::HailoContext) lets go of the device however the program ends. Whoever uses this alone
/// does so by hand, before anything starts:
///
/// ```
/// use hailo_harness::cleanup::CleanupRegistry;
/// use hailo_harness::stt::{HailoStt, SttModel, SttOptions};
///
/// let stt = HailoStt::prepare(SttOptions { model: Some(SttModel::Canned), ..SttOptions::default() });
/// let shared = stt.clone();
/// let guard = CleanupRegistry::register("speech-to-text", move || shared.abandon());
/// stt.begin()?;
/// assert!(stt.is_available());
/// guard.unregister();
/// assert!(stt.close().is_some_and(|ended| ended.is_clean()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct HailoStt(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    options: SttOptions,
    enabled: bool,
    running: Mutex<Running>,
    /// Works while the above is locked.
    control: Control,
}

impl HailoStt {
    /// Chooses, and starts nothing: that is done by [`HailoStt::begin`].
    pub fn prepare(options: SttOptions) -> Self {
        Self::new(options, true)
    }

    /// Speech-to-text that is not enabled: it has no worker and no device, and every request to it is
    /// [`SttError::NotEnabled`].
    pub fn disabled(language: Language) -> Self {
        Self::new(SttOptions { language, ..SttOptions::default() }, false)
    }

    fn new(options: SttOptions, enabled: bool) -> Self {
        let running = Mutex::new(Running::prepared());
        Self(Arc::new(Shared { options, enabled, running, control: Control::default() }))
    }

    /// [`HailoStt::prepare`] and [`HailoStt::begin`] in one.
    ///
    /// # Errors
    /// As [`HailoStt::begin`].
    pub fn start(options: SttOptions) -> Result<Self, SttError> {
        let stt = Self::prepare(options);
        stt.begin()?;
        Ok(stt)
    }

    /// As [`HailoStt::start`], and never waits for a device that somebody else uses.
    ///
    /// # Errors
    /// As [`HailoStt::begin`].
    pub fn try_start(options: SttOptions) -> Result<Self, SttError> {
        Self::start(SttOptions { wait: Some(Wait::Never), ..options })
    }

    /// Fetches the model's files where they are missing, starts a worker, and opens the device in it. Does nothing
    /// where there is a worker.
    ///
    /// # Errors
    /// When the files cannot be had, or the worker or the device not be started, or after [`HailoStt::abandon`].
    pub fn begin(&self) -> Result<(), SttError> {
        self.check()?;
        let mut running = self.lock();
        if running.has_worker() { Ok(()) } else { running.start(&self.0.options, &self.0.control) }
    }

    /// Transcribes the sound of a file or of samples. Sound without a sample is an empty text, and no business of the
    /// device.
    ///
    /// Statuses of HailoRT that may go away are tried again, as [`SttOptions::retry`] says. After each failure of the
    /// device the pipeline is built again before it is used again, so that no frame of the failed inference is taken
    /// for an answer.
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
        progress: impl FnMut(f64),
    ) -> Result<Transcript, SttError> {
        self.transcribe_in(self.language(), sound, progress)
    }

    /// As [`HailoStt::transcribe_with`], where this is spoken in another language.
    ///
    /// # Errors
    /// As [`HailoStt::transcribe`].
    pub fn transcribe_in(
        &self,
        language: Language,
        sound: impl Sound,
        mut progress: impl FnMut(f64),
    ) -> Result<Transcript, SttError> {
        self.check()?;
        let audio = sound.audio()?;
        if audio.samples().is_empty() {
            return Ok(Transcript::empty(language.code(), 0.0));
        }
        self.lock().transcribe(&audio, language, &self.0.options, &self.0.control, &mut progress)
    }

    /// Whether it was enabled.
    pub fn is_enabled(&self) -> bool {
        self.0.enabled
    }

    /// Whether there is a worker with an open device that lives. Waits while it is in use.
    pub fn is_available(&self) -> bool {
        self.lock().lives()
    }

    /// The language that is spoken.
    pub fn language(&self) -> Language {
        self.0.options.language
    }

    /// What was opened last: model, runtime, devices; `None` where nothing ever was. Waits while it is in use.
    pub fn opened(&self) -> Option<Opened> {
        self.lock().opened.clone()
    }

    /// The worker's process id, known from right after its start; `None` where there is none. Does not wait.
    pub fn worker_id(&self) -> Option<u32> {
        self.0.control.worker_id()
    }

    /// What was done about failures of the device, so far. Waits while it is in use.
    pub fn repairs(&self) -> Repairs {
        self.lock().repairs
    }

    /// How long inference took so far, what failed included. Waits while it is in use.
    pub fn inference_time(&self) -> Duration {
        self.lock().inference
    }

    /// Set by [`HailoStt::abandon`]: whoever waits on behalf of this may look at it, and give up.
    pub fn cancel_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(self.0.control.flag())
    }

    /// Ends the worker and starts a new one.
    ///
    /// # Errors
    /// As [`HailoStt::begin`]; it is not available then.
    pub fn reload(&self) -> Result<(), SttError> {
        self.check()?;
        let mut running = self.lock();
        // The device is exclusive: the old worker has to let go first.
        running.close(self.0.options.release(), "it is being reloaded", Some(&self.0.options));
        running.start(&self.0.options, &self.0.control)
    }

    /// Ends the worker in order, for all clones; `None` where there is none. Waits while it is in use.
    pub fn close(&self) -> Option<Ended> {
        let mut running = self.lock();
        let why = "it was closed; reload() starts a new worker";
        let ended = running.close(self.0.options.release(), why, Some(&self.0.options));
        if ended.is_none() {
            running.gone = why.into();
        }
        ended
    }

    /// As [`HailoStt::close`], or how it ended when it was closed before, `None` where it never began; where it ended
    /// by itself, why.
    pub(crate) fn end(&self) -> Result<Option<Ended>, String> {
        let mut running = self.lock();
        let why = "it was closed; reload() starts a new worker";
        running.close(self.0.options.release(), why, Some(&self.0.options));
        running.ended()
    }

    /// What all workers so far have left behind, and what is done about it; it is told once.
    pub(crate) fn take_leaks(&self) -> Judged {
        let leaks = self.lock().take_leaks();
        // A policy that makes no sense was said at the start.
        self.0.options.leaks().unwrap_or_default().judge(leaks)
    }

    /// Lets go of the device because the process ends: in order where nobody is using it, and else by killing the
    /// worker, since nobody will wait for an answer any more. Whatever phase it is in, this takes moments: it waits for
    /// no other thread.
    ///
    /// From then on every request is [`SttError::Cancelled`].
    pub fn abandon(&self) {
        self.0.control.cancel();
        let idle = match self.0.running.try_lock() {
            Ok(running) => Some(running),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        match idle {
            Some(mut running) => {
                if running.has_worker() && running_test::is_this() && signals::has_come() {
                    say(format_args!(
                        "hailo-harness: the test {} was ended; its worker was idle",
                        tell::test()
                    ));
                }
                let patience = self.0.options.release().min(LET_GO);
                running.close(patience, "cleanup handlers have run", None);
            }
            // Opening, in inference, or letting go. The thread that does may wait for anything, such as a callback:
            // its error finds it by itself.
            None => {
                // Where its runner ends a test, people want to know what it waited for.
                let ends_test = running_test::is_this() && signals::has_come();
                let testimony = if ends_test { self.0.control.testify() } else { None };
                self.0.control.kill(BE_GONE);
                if let Some(testimony) = testimony {
                    say(format_args!(
                        "hailo-harness: the test {} was ended while {}",
                        tell::test(),
                        testimony.text()
                    ));
                }
            }
        }
    }

    /// `Ok` where requests make sense.
    fn check(&self) -> Result<(), SttError> {
        if self.0.enabled { self.0.control.check() } else { Err(SttError::NotEnabled) }
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        // A panic in a caller's `progress` leaves nothing half done here but a conversation with the worker, which is
        // over then.
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
