//! A transcript and its intent.

use crate::intent::Intent;
use crate::whisper::Transcript;

/// What was said, and what it asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// The file's path, or what the audio was called.
    pub name: String,
    /// What was said.
    pub transcript: Transcript,
    /// What it asks for; `None` where it is no command.
    pub intent: Option<Intent>,
    /// The model that heard it.
    pub model: String,
    /// What it ran on: `sim`, `device` or `device-api-on-sim`.
    pub runtime: &'static str,
}
