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
/// same and only writes it to standard error. A context that is forgotten or sits in a static is not dropped: its
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

    pub(super) fn new(stt: HailoStt, intents: Option<IntentEngine>, handles_signals: bool) -> Self {
        let shared = stt.clone();
        let cleanup = CleanupRegistry::register("the Hailo context", move || shared.abandon());
        Self { stt, intents, open: true, cleanup: Some(cleanup), handles_signals }
    }

    /// Speech-to-text.
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
    /// As [`HailoStt::transcribe`].
    pub fn hear(&self, sound: impl Sound) -> Result<Heard, SttError> {
        let audio = sound.audio()?;
        let transcript = self.stt.transcribe(&*audio)?;
        let opened = self.stt.opened();
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
        TeardownReport::of(ended, start.elapsed())
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
