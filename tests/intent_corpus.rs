//! What is said in the corpus is understood: intent and slots of every clip's text.

use hailo_harness::corpus::Manifest;
use hailo_harness::intent::IntentEngine;

#[test]
fn every_clip_is_understood() {
    let engine = IntentEngine::new("fr").unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/audio-corpus");
    let corpus = Manifest::load(folder, engine.intents()).unwrap();

    let mut wrong = Vec::new();
    for clip in corpus.clips() {
        let got = engine.classify(&clip.text);
        let (name, slots) = got.map(|intent| (intent.name, intent.slots)).unzip();
        if name != clip.intent || slots.clone().unwrap_or_default() != clip.slots {
            let expected = (&clip.intent, &clip.slots);
            wrong.push(format!("{:?}: {name:?} {slots:?}, not {expected:?}", clip.text));
        }
    }
    assert_eq!(corpus.clips().len(), 83);
    assert!(wrong.is_empty(), "{} of 83 are misunderstood:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_the_dictionary_says_word_for_word_is_certain() {
    let engine = IntentEngine::new("fr").unwrap().with_threshold(100);
    assert_eq!(engine.classify("Monte le volume.").unwrap().confidence, 1.0);
}
