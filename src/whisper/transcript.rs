//! What was heard.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::greedy::Choice;

/// One token of a transcript.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// Its id.
    pub id: u32,
    /// Its text; part of a character becomes U+FFFD.
    pub text: String,
    /// Natural logarithm of its probability.
    pub log_prob: f32,
    /// How far its score lies above that of the next best text token.
    pub margin: f32,
}

impl Token {
    pub(super) fn new(choice: Choice, text: String) -> Self {
        Self { id: choice.id, text, log_prob: choice.log_prob, margin: choice.margin }
    }
}

/// How long each phase took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timings {
    /// Log-mel on the host.
    pub mel: Duration,
    /// The encoder on the device.
    pub encoder: Duration,
    /// The decoder on the device, and the choice of tokens.
    pub decoder: Duration,
    /// From the samples to the text.
    pub total: Duration,
}

/// What was heard in a piece of audio.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    /// The text, without space around it.
    pub text: String,
    /// The code of the language that was asked for.
    pub language: String,
    /// The text tokens of all windows.
    pub tokens: Vec<Token>,
    /// The smallest margin of any choice, that of ending the text included; `None` where nothing was decoded.
    pub min_margin: Option<f32>,
    /// Duration of the audio in seconds.
    pub seconds: f64,
    /// Number of windows that were decoded; silent ones are not.
    pub windows: usize,
    /// Whether a window had more words than the decoder has positions and could not be cut any shorter.
    pub truncated: bool,
    /// How long each phase took.
    pub timings: Timings,
}

impl Transcript {
    /// Nothing heard yet.
    pub(crate) fn empty(language: &str, seconds: f64) -> Self {
        Self {
            text: String::new(),
            language: language.into(),
            tokens: Vec::new(),
            min_margin: None,
            seconds,
            windows: 0,
            truncated: false,
            timings: Timings::default(),
        }
    }
}
