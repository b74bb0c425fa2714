//! Clips that are joined to longer audio: no word may be lost or doubled where it is cut.

mod common;

use std::collections::HashMap;

use hailo_harness::corpus::score::{CorpusScore, Edits};
use hailo_harness::corpus::{Clip, Manifest};
use hailo_harness::intent::IntentEngine;
use hailo_harness::text::{Language, normalize};
use hailo_harness::whisper::{Audio, Pipeline};

const RATE: usize = 16_000;

/// Pseudo-random numbers (Knuth's MMIX generator), the same in every run.
struct Random(u64);

impl Random {
    /// A number below `n`.
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

fn words(text: &str) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for word in normalize(text, Language::FRENCH).split_whitespace() {
        *counts.entry(word.to_owned()).or_default() += 1;
    }
    counts
}

fn transcribe(pipeline: &mut Pipeline, samples: &[f32]) -> String {
    let audio = Audio::from_f32(samples, RATE as u32, 1).unwrap();
    pipeline.transcribe(&audio, Language::FRENCH, |_| {}).unwrap().text
}

#[test]
fn twenty_joined_clips_are_heard_as_well_as_their_parts() {
    let engine = IntentEngine::new("fr").unwrap();
    let manifest = Manifest::load(common::corpus(), engine.intents()).unwrap();
    let mut pipeline = common::pipeline();
    let mut random = Random(20);
    let mut heard: HashMap<&str, String> = HashMap::new();
    let (mut joined_score, mut parts_score) = (CorpusScore::default(), CorpusScore::default());
    let mut doubled = Vec::new();
    for round in 0..20 {
        // Two clips with up to a second of silence between them, the first one shifted so that 4.5 to 5.5 s of the
        // audio, where a window must end, fall anywhere: into a pause, a word, or the middle of a sentence.
        let mut pick = || &manifest.clips()[random.below(manifest.clips().len())];
        let clips: [&Clip; 3] = [pick(), pick(), pick()];
        let mut samples = Vec::new();
        let mut reference = String::new();
        let mut parts = String::new();
        for clip in clips {
            let audio = Audio::open(&clip.path).unwrap();
            let part = heard.entry(&clip.id).or_insert_with(|| transcribe(&mut pipeline, audio.samples()));
            parts.push_str(&format!("{part} "));
            reference.push_str(&format!("{} ", clip.text));
            samples.extend_from_slice(audio.samples());
            samples.resize(samples.len() + random.below(RATE), 0.0);
        }
        let joined = transcribe(&mut pipeline, &samples);
        let score = joined_score.add(&reference, &joined, Language::FRENCH);
        let part_score = parts_score.add(&reference, &parts, Language::FRENCH);
        println!(
            "{round}: {:.2} s, WER {:.2}, parts {:.2}",
            samples.len() as f64 / RATE as f64,
            score.wer(),
            part_score.wer()
        );
        println!("   said   {reference}\n   parts  {parts}\n   joined {joined}");
        let (said, alone) = (words(&reference), words(&parts));
        for (word, count) in words(&joined) {
            let most = said.get(&word).max(alone.get(&word)).copied().unwrap_or(1);
            if count > most {
                doubled.push(format!("{round}: {word:?} {count} times, said {most} times"));
            }
        }
    }
    let (joined, parts): (Edits, Edits) = (joined_score.words, parts_score.words);
    println!("WER {:.3} joined, {:.3} in parts", joined.rate(), parts.rate());
    assert!(doubled.is_empty(), "{doubled:#?}");
    assert!(
        joined.rate() <= parts.rate() + 0.05,
        "{:.3} joined, {:.3} in parts",
        joined.rate(),
        parts.rate()
    );
}
