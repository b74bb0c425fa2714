//! The context without intents, and the one without speech-to-text.

use std::ops::Deref;

use super::error::ContextError;
use super::hailo::HailoContext;
use super::teardown::TeardownReport;
use crate::stt::HailoStt;
use crate::text::Language;

/// Speech-to-text without intents, cleaned up when it goes; see [`stt_only`].
#[derive(Debug)]
pub struct SttOnly(HailoContext);

/// Starts speech-to-text without intents.
///
/// # Errors
/// As [`ContextBuilder::start`](super::ContextBuilder::start).
///
/// ```no_run
/// use hailo_harness::text::Language;
///
/// let stt = hailo_harness::stt_only(Language::FRENCH)?;
/// println!("{}", stt.transcribe("recording.wav")?.text);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn stt_only(language: Language) -> Result<SttOnly, ContextError> {
    HailoContext::builder().language(language).enable_intent(false).start().map(SttOnly)
}

/// Starts intents without speech-to-text: no worker, no device, no download.
///
/// # Errors
/// When there is no dictionary for the language.
///
/// ```
/// use hailo_harness::text::Language;
///
/// let context = hailo_harness::intents_only(Language::FRENCH)?;
/// assert_eq!(context.classify("Monte le volume.").unwrap().name, "volume_up");
/// assert!(context.hear("recording.wav").is_err(), "nobody listens");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn intents_only(language: Language) -> Result<HailoContext, ContextError> {
    HailoContext::builder().language(language).enable_stt(false).start()
}

impl SttOnly {
    /// Ends the worker in order, and says what was found.
    pub fn close(self) -> TeardownReport {
        self.0.close()
    }
}

impl From<HailoContext> for SttOnly {
    /// Leaves the intents aside.
    fn from(context: HailoContext) -> Self {
        Self(context)
    }
}

impl Deref for SttOnly {
    type Target = HailoStt;

    fn deref(&self) -> &HailoStt {
        self.0.stt()
    }
}
