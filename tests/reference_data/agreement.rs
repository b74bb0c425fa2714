//! How far the simulator is from the reference, and how far it may be.

use super::networks::VOCABULARY;

/// Largest distance of a logit.
const LOGIT_TOLERANCE: f32 = 0.02;
/// Part of the positions whose best token must be the same.
const AGREEMENT: f64 = 0.995;

/// Sums up over cases.
#[derive(Default)]
pub struct Agreement {
    features: f32,
    logits: f32,
    positions: usize,
    same: usize,
}

impl Agreement {
    /// Takes in the largest errors of a case and the best token of each position, and prints them.
    pub fn add(&mut self, case: &str, features: f32, logits: f32, found: &[usize], expected: &[usize]) {
        assert_eq!(found.len(), expected.len());
        let same = found.iter().zip(expected).filter(|(x, y)| x == y).count();
        println!(
            "{case}: largest error of features {features:.6}, of logits {logits:.6}, argmax {same}/{}",
            found.len()
        );
        self.features = self.features.max(features);
        self.logits = self.logits.max(logits);
        self.positions += found.len();
        self.same += same;
    }

    /// Fails when the simulator is too far off.
    pub fn check(&self) {
        let part = self.same as f64 / self.positions as f64;
        let figures = format!(
            "largest error of features {:.6}, of logits {:.6}, argmax equal at {}/{} positions",
            self.features, self.logits, self.same, self.positions
        );
        println!("in all: {figures}");
        assert!(self.positions > 0 && self.logits <= LOGIT_TOLERANCE && part >= AGREEMENT, "{figures}");
    }
}

/// The best token of each position.
pub fn best(logits: &[f32]) -> Vec<usize> {
    let best_of = |row: &[f32]| (0..row.len()).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap_or(0);
    logits.chunks_exact(VOCABULARY).map(best_of).collect()
}
