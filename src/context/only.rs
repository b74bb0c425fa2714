//! The context without intents.

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
