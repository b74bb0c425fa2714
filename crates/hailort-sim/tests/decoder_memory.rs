//! The decoder takes over what it can from its last inference. Nobody may notice: whatever was asked before, the
//! logits are those of a decoder that was just loaded, bit for bit.

use std::sync::Arc;

use hailort_sim::canned::Canned;
use hailort_sim::hef::whisper::Positions;
use hailort_sim::network::Network;
use hailort_sim::network::whisper::Decoder;
use hailort_sim::weights::{self, WeightsFile};

const WIDTH: usize = 128;
const POSITIONS: usize = 8;
const FEATURES: usize = 50;
const SPLITS: [std::ops::Range<usize>; 3] = [0..10, 10..11, 11..33];

fn canned() -> Arc<WeightsFile> {
    let (model, cache) = (Canned::new(1), tempfile::tempdir().unwrap());
    model.install(cache.path()).unwrap();
    Arc::new(weights::open(&cache.path().join("sha256"), &model.weights_sha256).unwrap())
}

/// The splitmix64 sequence.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn values(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0).collect()
    }
}

fn run(decoder: &mut Decoder, features: &[f32], tokens: &[f32]) -> Vec<Vec<u32>> {
    let rows = tokens.len() / WIDTH;
    let mut outputs: Vec<Vec<f32>> = SPLITS.iter().map(|s| vec![f32::NAN; rows * s.len()]).collect();
    let mut slices: Vec<&mut [f32]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    decoder.run(&[features, tokens], &mut slices);
    outputs.iter().map(|out| out.iter().map(|x| x.to_bits()).collect()).collect()
}

struct Pair {
    file: Arc<WeightsFile>,
    old: Decoder,
}

impl Pair {
    fn new() -> Self {
        let file = canned();
        Self { old: Decoder::new(&file, SPLITS.to_vec(), Positions::Decoder).unwrap(), file }
    }

    /// Asks the decoder that remembers and one that was just loaded.
    fn check(&mut self, what: &str, features: &[f32], tokens: &[f32]) -> Vec<Vec<u32>> {
        let mut fresh = Decoder::new(&self.file, SPLITS.to_vec(), Positions::Decoder).unwrap();
        let expected = run(&mut fresh, features, tokens);
        assert!(run(&mut self.old, features, tokens) == expected, "{what}");
        expected
    }
}

#[test]
fn random_sequences_of_calls_give_what_a_fresh_decoder_gives() {
    let mut pair = Pair::new();
    let mut random = Random(7);
    let mut features = random.values(FEATURES * WIDTH);
    let mut tokens = random.values(POSITIONS * WIDTH);
    let mut earlier = vec![tokens.clone()];
    for step in 0..400 {
        let what = match random.below(10) {
            0 => "nothing",
            1 => {
                // As in greedy search: the next position gets its token.
                let at = random.below(POSITIONS);
                tokens[at * WIDTH..(at + 1) * WIDTH].copy_from_slice(&random.values(WIDTH));
                "one token"
            }
            2 => {
                let at = random.below(tokens.len());
                tokens[at] += 0.125;
                "one value of a token"
            }
            3 => {
                let from = random.below(POSITIONS);
                tokens[from * WIDTH..].fill(0.0);
                "a shorter prefix"
            }
            4 => {
                let (from, to) = (random.below(POSITIONS), random.below(POSITIONS));
                tokens.copy_within(from * WIDTH..(from + 1) * WIDTH, to * WIDTH);
                "a repeated token"
            }
            5 => {
                tokens = random.values(POSITIONS * WIDTH);
                "all tokens"
            }
            6 => {
                let at = random.below(features.len());
                features[at] -= 0.5;
                "one value of the features"
            }
            7 => {
                features = random.values(FEATURES * WIDTH);
                "all features"
            }
            8 => {
                let at = random.below(tokens.len());
                tokens[at] = -tokens[at];
                "a sign"
            }
            _ => {
                tokens.clone_from(&earlier[random.below(earlier.len().min(8))]);
                "all tokens, back to those of one of the first calls,"
            }
        };
        earlier.push(tokens.clone());
        pair.check(&format!("step {step}: {what} changed"), &features, &tokens);
    }
}

#[test]
fn frames_of_other_lengths_between_give_what_a_fresh_decoder_gives() {
    let mut pair = Pair::new();
    let mut random = Random(8);
    let features = random.values(FEATURES * WIDTH);
    let tokens = random.values(POSITIONS * WIDTH);
    for step in 0..60 {
        let (rows, columns) = (1 + random.below(POSITIONS), 1 + random.below(FEATURES));
        pair.check(&format!("step {step}"), &features[..columns * WIDTH], &tokens[..rows * WIDTH]);
    }
}

#[test]
fn a_position_sees_none_behind_it() {
    let mut pair = Pair::new();
    let mut random = Random(9);
    let features = random.values(FEATURES * WIDTH);
    let mut tokens = random.values(POSITIONS * WIDTH);
    let before = pair.check("at first", &features, &tokens);
    tokens[5 * WIDTH..].copy_from_slice(&random.values(3 * WIDTH));
    let after = pair.check("the end changed", &features, &tokens);
    for (split, (before, after)) in SPLITS.iter().zip(before.iter().zip(&after)) {
        let seen = 5 * split.len();
        assert!(before[..seen] == after[..seen]);
        assert!(before[seen..] != after[seen..]);
    }
}

#[test]
fn what_is_no_number_spoils_only_the_positions_from_its_own_on() {
    for nonsense in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX] {
        let mut pair = Pair::new();
        let mut random = Random(10);
        let features = random.values(FEATURES * WIDTH);
        let mut tokens = random.values(POSITIONS * WIDTH);
        let before = pair.check("at first", &features, &tokens);
        let value = std::mem::replace(&mut tokens[4 * WIDTH + 3], nonsense);
        let spoilt = pair.check(&format!("{nonsense} at position 4"), &features, &tokens);
        assert!(before[2][..4 * 22] == spoilt[2][..4 * 22], "{nonsense} reaches positions before its own");
        tokens[4 * WIDTH + 3] = value;
        assert!(pair.check("mended", &features, &tokens) == before);
    }
}
