//! What is compared, and the metadata that is not.

use insta::Settings;
use serde::Serialize;

use crate::context::Heard;
use crate::corpus::Clip;
use crate::intent::SlotValue;

/// What a snapshot holds.
#[derive(Debug, Serialize)]
pub struct Seen<'a> {
    transcript: &'a str,
    intent: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "as_map")]
    slots: Vec<(&'a str, &'a SlotValue)>,
}

impl<'a> Seen<'a> {
    /// What is compared of what was heard.
    pub fn of(heard: &'a Heard) -> Self {
        let slots = heard.intent.iter().flat_map(|i| &i.slots).map(|(name, value)| (name.as_str(), value));
        Self {
            transcript: &heard.transcript.text,
            intent: heard.intent.as_ref().map(|i| i.name.as_str()),
            slots: slots.collect(),
        }
    }
}

fn as_map<S: serde::Serializer>(slots: &[(&str, &SlotValue)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(slots.iter().copied())
}

/// Metadata: it stands in the snapshot's head for whoever reviews it, and is never compared.
#[derive(Serialize)]
struct Metadata<'a> {
    audio: &'a str,
    seconds: f64,
    model: &'a str,
    runtime: &'a str,
    /// How close the closest choice of a token was: below about 0.5 another processor may hear something else.
    min_margin: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    said: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_intent: Option<&'a str>,
}

/// insta's settings for what was heard: the suffix by runtime and model, and the metadata, with the clip's where it is
/// known.
pub fn settings(heard: &Heard, clip: Option<&Clip>) -> Settings {
    let rounded = |x: f64| (x * 1000.0).round() / 1000.0;
    let audio = clip.map(|c| c.file.display().to_string());
    let mut settings = Settings::clone_current();
    settings.set_snapshot_suffix(format!("{}-{}", heard.runtime, heard.model));
    settings.set_omit_expression(true);
    settings.set_info(&Metadata {
        audio: audio.as_deref().unwrap_or(&heard.name),
        seconds: rounded(heard.transcript.seconds),
        model: &heard.model,
        runtime: heard.runtime,
        min_margin: heard.transcript.min_margin.map(|m| rounded(f64::from(m))),
        said: clip.map(|c| c.text.as_str()),
        expected_intent: clip.and_then(|c| c.intent.as_deref()),
    });
    settings
}
