//! Sentences that the dictionary was not written from.

use std::collections::BTreeMap;

use hailo_harness::intent::{IntentEngine, SlotValue};
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    sentence: Vec<Sentence>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sentence {
    text: String,
    intent: Option<String>,
    #[serde(default)]
    slots: BTreeMap<String, SlotValue>,
    #[serde(default)]
    held_out: bool,
}

#[test]
fn sentences_from_elsewhere_are_understood() {
    let engine = IntentEngine::new("fr").unwrap();
    let file: File = toml::from_str(include_str!("data/intent-fr.toml")).unwrap();
    let (mut right, mut right_with_slots) = (0, 0);
    let mut wrong = Vec::new();
    for sentence in &file.sentence {
        let (name, slots) = engine.classify(&sentence.text).map(|intent| (intent.name, intent.slots)).unzip();
        let same = name == sentence.intent;
        let slots = slots.unwrap_or_default();
        right += usize::from(same);
        right_with_slots += usize::from(same && slots == sentence.slots);
        if !same || slots != sentence.slots {
            let expected = (&sentence.intent, &sentence.slots);
            let held_out = if sentence.held_out { "held out" } else { "" };
            wrong.push(format!("{:?}: {name:?} {slots:?}, not {expected:?} {held_out}", sentence.text));
        }
    }
    let all = file.sentence.len();
    println!("intents {right}/{all}, with slots {right_with_slots}/{all}\n{}", wrong.join("\n"));
    assert!(wrong.is_empty());
}
