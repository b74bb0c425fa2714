//! The raw rates against jiwer's, on 150 pairs of sentences.

use hailo_harness::corpus::score::{Edits, align_words, cer, wer};
use serde::Deserialize;

#[derive(Deserialize)]
struct Pair {
    reference: String,
    hypothesis: String,
    wer: f64,
    cer: f64,
    hits: usize,
    substitutions: usize,
    insertions: usize,
    deletions: usize,
}

#[test]
fn rates_and_counts_are_jiwers() {
    let pairs: Vec<Pair> = serde_json::from_str(include_str!("data/jiwer.json")).unwrap();
    assert_eq!(pairs.len(), 150);
    for pair in &pairs {
        let (reference, hypothesis) = (pair.reference.as_str(), pair.hypothesis.as_str());
        let context = format!("{reference:?} heard as {hypothesis:?}");
        let expected = Edits {
            hits: pair.hits,
            substitutions: pair.substitutions,
            deletions: pair.deletions,
            insertions: pair.insertions,
        };
        assert_eq!(align_words(reference, hypothesis).edits(), expected, "{context}");
        assert!((wer(reference, hypothesis) - pair.wer).abs() < 1e-6, "wer of {context}");
        assert!((cer(reference, hypothesis) - pair.cer).abs() < 1e-6, "cer of {context}");
    }
}
