//! The log-mel spectrogram against a NumPy reference: see `reference/README.md`.

#[path = "reference_data/tensors.rs"]
mod tensors;

use std::path::Path;

use hailo_harness::whisper::Audio;
use hailo_harness::whisper::mel::{BINS, LogMel};
use tensors::{Tensors, largest_error};

/// Frames of a 5-second window.
const FRAMES: usize = 500;
const TOLERANCE: f32 = 1e-4;

fn compare(name: &str, samples: &[f32]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/mel");
    let reference = Tensors::open(&folder.join(format!("{name}.safetensors")));
    let (frames, expected) = (reference.indices("frames"), reference.f32("mel"));
    assert!(frames.len() > 100 && frames.contains(&0) && frames.contains(&(FRAMES - 1)));
    let mel = LogMel::new().compute(samples, FRAMES);
    assert_eq!(mel.len(), FRAMES * BINS);
    let found = frames.iter().flat_map(|f| mel[f * BINS..(f + 1) * BINS].iter().copied());
    let error = largest_error(found, &expected);
    println!("{name}: largest error {error:e}");
    assert!(error <= TOLERANCE, "{name}: {error}");
}

fn clip(name: &str) -> Vec<f32> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("audio-corpus/{name}.flac"));
    Audio::open(&path).unwrap().samples().to_vec()
}

/// White noise from Knuth's generator, as `reference/signals.py` makes it.
fn noise(count: usize) -> Vec<f32> {
    let mut state = 20_240_531u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f64 / f64::from(1 << 23) - 1.0) as f32
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn clips_agree() {
    for name in
        ["joue-maman", "mets-stromae", "reveil-six-trente", "peux-tu-mettre-reine-des-neiges", "neg-beau"]
    {
        compare(name, &clip(name));
    }
}

#[test]
fn noise_longer_than_the_window_agrees() {
    compare("noise", &noise(96_000));
}

#[test]
fn silence_agrees_whether_there_or_padded() {
    compare("silence", &[0.0; 48_000]);
    compare("silence", &[]);
}

#[test]
fn an_impulse_agrees() {
    let mut impulse = vec![0.0; 60_000];
    impulse[40_000] = 1.0;
    compare("impulse", &impulse);
}

#[test]
fn a_clipped_recording_agrees() {
    let loud: Vec<f32> = clip("joue-maman").iter().map(|x| (x * 40.0).clamp(-1.0, 1.0)).collect();
    compare("loud", &loud);
}
