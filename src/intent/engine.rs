//! The engine: a dictionary, and sentences in.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::dictionary::{Dictionary, IntentRules};
use super::error::{IntentError, IntentErrorKind};
use super::fuzzy::ratio;
use super::matching::{Found, find};
use super::sentence::{Frame, Sentence};
use super::slot::SlotValue;

/// The fuzzy score under which nothing matches, unless set.
const THRESHOLD: u8 = 35;

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
///
/// Cheap to clone: clones share their dictionary.
///
/// ```
/// use hailo_harness::intent::{IntentEngine, SlotValue};
///
/// let engine = IntentEngine::new("fr")?;
/// let intent = engine.classify("Mets le volume à cinquante pour cent.").unwrap();
/// assert_eq!(intent.name, "set_volume");
/// assert_eq!(intent.slots["percent"], SlotValue::from(50));
/// assert_eq!(engine.classify("Il fait beau aujourd'hui."), None);
/// # Ok::<(), hailo_harness::intent::IntentError>(())
/// ```
#[derive(Clone)]
pub struct IntentEngine {
    dictionary: Arc<Dictionary>,
    threshold: u8,
}

impl IntentEngine {
    /// The engine with the dictionary of a language (`fr`) that is built in.
    ///
    /// # Errors
    /// [`IntentErrorKind::UnknownLanguage`] when there is none.
    pub fn new(language: &str) -> Result<Self, IntentError> {
        match language {
            "fr" => {
                Self::from_toml("fixtures/intents/fr.toml", include_str!("../../fixtures/intents/fr.toml"))
            }
            _ => Err(IntentError::new(
                IntentErrorKind::UnknownLanguage,
                language,
                "no intent dictionary for this language is built in: use fr, or IntentEngine::from_path",
            )),
        }
    }

    /// The engine with a dictionary of your own.
    ///
    /// `fixtures/intents/fr.toml` is an example, and describes the format.
    ///
    /// # Errors
    /// When the file cannot be read or is no dictionary; the error names file and line.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self, IntentError> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            IntentError::new(IntentErrorKind::Unreadable, &name, format!("cannot read: {error}"))
                .caused_by(error)
        })?;
        Self::from_toml(&name, &text)
    }

    fn from_toml(name: &str, text: &str) -> Result<Self, IntentError> {
        Ok(Self { dictionary: Arc::new(Dictionary::read(name, text)?), threshold: THRESHOLD })
    }

    /// Sets the fuzzy score, from 0 to 100, under which nothing matches; 35 unless set. 100 accepts only what the
    /// dictionary says word for word.
    pub fn with_threshold(mut self, threshold: u8) -> Self {
        self.threshold = threshold.min(100);
        self
    }

    /// The intent of a sentence, or `None` when it is no command.
    ///
    /// A command is the whole sentence, but for what the dictionary allows around it, such as `s'il te plaît`.
    /// Its confidence is the [`ratio`] of the words that were heard and those of the trigger, with the slots filled
    /// in. Texts of more than 64 words or 1024 bytes are no commands.
    pub fn classify(&self, text: &str) -> Option<Intent> {
        let dictionary = &*self.dictionary;
        let sentence = Sentence::new(text, &dictionary.vocabulary, &dictionary.fillers)?;
        let frame = Frame::new(&sentence, dictionary.before.as_ref(), dictionary.after.as_ref());
        let beginnings = sentence.beginnings(&frame.starts);

        let mut best: Option<(&IntentRules, Found)> = None;
        for intent in &dictionary.intents {
            for trigger in &intent.triggers {
                if trigger.cannot_begin_with(&beginnings) {
                    continue;
                }
                // Of ways that cost the same, the dictionary's first one counts.
                let limit = best.as_ref().map_or(u32::MAX, |(_, found)| found.cost);
                if let Some(found) = find(trigger, &dictionary.slots, &sentence, &frame, limit) {
                    best = Some((intent, found));
                }
            }
        }
        let (intent, found) = best?;
        let score = self.score(&sentence, &found);
        if score < f64::from(self.threshold) {
            return None;
        }
        let slots = found.slots.into_iter().map(|(slot, value)| (dictionary.slot_names[slot].clone(), value));
        Some(Intent { name: intent.name.clone(), confidence: (score / 100.0) as f32, slots: slots.collect() })
    }

    /// How alike the words that were heard are to those they were taken for.
    fn score(&self, sentence: &Sentence, found: &Found) -> f64 {
        if found.heard.iter().all(|(_, instead_of)| instead_of.is_none()) {
            return 100.0;
        }
        let own = |place: &usize| sentence.tokens[*place].bare.as_str();
        let heard: Vec<&str> = found.heard.iter().map(|(place, _)| own(place)).collect();
        let meant: Vec<&str> = found
            .heard
            .iter()
            .map(|(place, instead_of)| match instead_of {
                Some(word) => self.dictionary.vocabulary.text(*word),
                None => own(place),
            })
            .collect();
        ratio(&heard.join(" "), &meant.join(" "))
    }

    /// The names of all intents, in the dictionary's order.
    pub fn intents(&self) -> impl Iterator<Item = &str> {
        self.dictionary.intents.iter().map(|intent| intent.name.as_str())
    }

    /// What an intent asks for, in the words of the dictionary; `None` when it has no such intent.
    pub fn description(&self, intent: &str) -> Option<&str> {
        let rules = self.dictionary.intents.iter().find(|rules| rules.name == intent)?;
        Some(&rules.description)
    }
}

impl fmt::Debug for IntentEngine {
    /// Names the intents; the whole dictionary would fill pages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntentEngine")
            .field("intents", &self.intents().collect::<Vec<_>>())
            .field("threshold", &self.threshold)
            .finish_non_exhaustive()
    }
}
