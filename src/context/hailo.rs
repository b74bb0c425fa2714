//! [`HailoContext`].

use std::time::Instant;

use super::builder::ContextBuilder;
use super::error::ContextError;
use super::heard::Heard;
use super::teardown::TeardownReport;
use crate::cleanup::{CleanupGuard, CleanupRegistry, signals};
use crate::intent::{Intent, IntentEngine};
use crate::stt::{HailoStt, Sound, SttError};
use crate::text::printable::say;

/// Speech-to-text and intents, cleaned up when it goes.
///
/// The device is owned by a worker process, never by this one. The worker ends when the context is closed or dropped,
/// and dies when this process does, however that ends. [`HailoContext::close`] says what was found; dropping does the
/// same and only writes it to standard error. A program that ends in any other way (return from `main`, `exit`, panic,
/// [`crate::force_exit`], and the signals where [`ContextBuilder::handle_signals`] is set) lets go of the device, too,
/// also while it is being opened: see [`crate::cleanup`]. From then on requests are [`SttError::Cancelled`]. A context that is forgotten or sits in a static is not dropped: its
/// worker dies with the process.
///
/// ```
/// use hailo_harness::context::HailoContext;
/// use hailo_harness::stt::SttModel;
///
/// // The canned model needs no download. Its words mean nothing; leave the line out for real ones.
/// let context = HailoContext::builder().model(SttModel::Canned).start()?;
/// let heard = context.hear("audio-corpus/stop.flac")?;
/// println!("{}: {:?}", heard.transcript.text, heard.intent);
/// assert!(context.close().is_clean());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct HailoContext {
    stt: HailoStt,
    intents: Option<IntentEngine>,
    open: bool,
    /// Lets go of the device when the process ends while the context is open.
    cleanup: Option<CleanupGuard>,
    handles_signals: bool,
}

impl HailoContext {
    /// Chooses language, threshold, runtime and more before it starts.
    pub fn builder() -> ContextBuilder {
        ContextBuilder::default()
    }

    /// Starts with the defaults: French, intents with a threshold of 35.
    ///
    /// # Errors
    /// As [`ContextBuilder::start`].
    pub fn start() -> Result<Self, ContextError> {
        Self::builder().start()
    }

    /// As [`HailoContext::start`], and never waits for a device that somebody else uses.
    ///
    /// # Errors
    /// As [`ContextBuilder::start`].
    pub fn try_start() -> Result<Self, ContextError> {
        Self::builder().try_start()
    }

    /// Cleans up from the first moment on: a program that ends while the device is being opened lets go of it, too.
    pub(super) fn begin(
        stt: HailoStt,
        intents: Option<IntentEngine>,
        handle_signals: bool,
    ) -> Result<Self, ContextError> {
        let cleanup = stt.is_enabled().then(|| {
            let shared = stt.clone();
            CleanupRegistry::register("the Hailo context", move || shared.abandon())
        });
        let mut context = Self { stt, intents, open: true, cleanup, handles_signals: false };
        let begun = context.begin_parts(handle_signals);
        if begun.is_err() {
            // The error says it all.
            context.tear_down();
        }
        begun.map(|()| context)
    }

    fn begin_parts(&mut self, handle_signals: bool) -> Result<(), ContextError> {
        if handle_signals {
            signals::install()?;
            self.handles_signals = true;
        }
        if self.stt.is_enabled() {
            self.stt.begin()?;
        }
        Ok(())
    }

    /// Speech-to-text; where it is not enabled, its requests are [`SttError::NotEnabled`].
    pub fn stt(&self) -> &HailoStt {
        &self.stt
    }

    /// The intent engine; `None` where intents are not enabled.
    pub fn intents(&self) -> Option<&IntentEngine> {
        self.intents.as_ref()
    }

    /// The intent of a sentence; `None` where it is no command, or intents are not enabled.
    pub fn classify(&self, text: &str) -> Option<Intent> {
        self.intents.as_ref()?.classify(text)
    }

    /// Transcribes, and finds the intent of what was said.
    ///
    /// # Errors
    /// As [`HailoStt::transcribe`]; [`SttError::NotEnabled`] where speech-to-text is not enabled.
    pub fn hear(&self, sound: impl Sound) -> Result<Heard, SttError> {
        if !self.stt.is_enabled() {
            return Err(SttError::NotEnabled);
        }
        let audio = sound.audio()?;
        let transcript = self.stt.transcribe(&*audio)?;
        let opened = self.stt.opened().ok_or_else(|| SttError::Unavailable("nothing was opened".into()))?;
        Ok(Heard {
            name: audio.name().into(),
            intent: self.classify(&transcript.text),
            transcript,
            model: opened.model,
            runtime: opened.runtime.name(),
        })
    }

    /// Ends the worker in order, and says what was found. All clones of [`HailoContext::stt`] become unavailable.
    pub fn close(mut self) -> TeardownReport {
        self.tear_down()
    }

    fn tear_down(&mut self) -> TeardownReport {
        self.open = false;
        if let Some(cleanup) = self.cleanup.take() {
            cleanup.unregister();
        }
        if self.handles_signals {
            signals::uninstall();
        }
        let start = Instant::now();
        let ended = self.stt.end();
        TeardownReport::of(ended, self.stt.take_leaks(), start.elapsed())
    }
}

impl Drop for HailoContext {
    fn drop(&mut self) {
        if self.open {
            let report = self.tear_down();
            if !report.is_clean() {
                say(format_args!("hailo-harness: teardown: {report}"));
            }
        }
    }
}
