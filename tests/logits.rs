//! Features and logits of the simulator against samples of a NumPy reference: see `reference/README.md`.

mod common;
mod reference_data;

use std::path::Path;

use hailo_harness::whisper::Audio;
use hailo_harness::whisper::mel::LogMel;
use reference_data::CASES;
use reference_data::agreement::{Agreement, best};
use reference_data::networks::{Networks, VOCABULARY, WIDTH};
use reference_data::tensors::{Tensors, largest_error};

fn pick<'a>(rows: &'a [f32], width: usize, columns: &'a [usize]) -> impl Iterator<Item = f32> + 'a {
    rows.chunks_exact(width).flat_map(|row| columns.iter().map(|c| row[*c]))
}

#[test]
fn sampled_logits_agree() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mel, mut networks, mut agreement) = (LogMel::new(), Networks::load(), Agreement::default());
    for (case, clip) in CASES {
        let reference = Tensors::open(&root.join(format!("tests/data/logits/{case}.safetensors")));
        let audio = Audio::open(&root.join(format!("audio-corpus/{clip}.flac"))).unwrap();
        let features = networks.encode(&mel.compute(audio.samples(), 500));
        let columns = reference.indices("feature_columns");
        let feature_error = largest_error(pick(&features, WIDTH, &columns), &reference.f32("features"));
        let logits = networks.decode(&features, &reference.indices("tokens"));
        let (columns, argmax) = (reference.indices("logit_columns"), reference.indices("argmax"));
        let sampled = largest_error(pick(&logits, VOCABULARY, &columns), &reference.f32("logits"));
        let at_top = logits.chunks_exact(VOCABULARY).zip(&argmax).map(|(row, best)| row[*best]);
        let logit_error = sampled.max(largest_error(at_top, &reference.f32("top")));
        agreement.add(case, feature_error, logit_error, &best(&logits), &argmax);
    }
    agreement.check();
}

#[test]
fn what_was_asked_before_changes_no_bit() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/logits");
    let tokens = |case: &str| Tensors::open(&root.join(format!("{case}.safetensors"))).indices("tokens");
    let (first, edited) = (tokens(CASES[3].0), tokens("edited"));
    assert_eq!(first.iter().zip(&edited).filter(|(x, y)| x != y).count(), 1);
    let mut networks = Networks::load();
    let features = networks.encode(&LogMel::new().compute(&[0.25, -0.25], 500));
    let bits = |logits: Vec<f32>| logits.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    let fresh = bits(networks.decode(&features, &first));
    let after_edit = bits(networks.decode(&features, &edited));
    assert!(fresh != after_edit);
    assert!(fresh == bits(networks.decode(&features, &first)), "the first answer differs after an edit");
    // Other features in between: nothing of the first ones may be left.
    networks.decode(&vec![0.5; features.len()], &edited);
    assert!(after_edit == bits(networks.decode(&features, &edited)), "the edited answer differs when fresh");
}
