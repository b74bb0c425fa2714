//! A canned model: Whisper's layout, tiny sizes, random weights. It says nothing, in milliseconds.
//!
//! Where a program is tested for what it does with devices, queues, threads and errors, the words do not matter, and
//! real weights would only make every test slow and need a download. All code that computes is the one that runs the
//! real model: heads, layers, positions and splits are merely fewer.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::hef::model::ARCH_8L;
use crate::hef::whisper::{Compiled, Positions, Shape};
use crate::random::SplitMix64;
use crate::weights::write::Writer;

/// Sizes of the canned model: 1 s of audio, two heads, 8 positions, 33 tokens over four outputs.
pub const SHAPE: Shape =
    Shape { model: "canned", seconds: 1, width: 128, positions: 8, splits: [9, 8, 8, 8] };
/// The seed of the files that the project holds.
pub const SEED: u64 = 1;
/// The sha256 of their weights.
pub const SHA256: &str = "e196c0c537d2e879a46c8b9853e04dd18c547f44f45100a7aa7b91ca83996b35";
/// Blocks of the encoder.
const ENCODER_LAYERS: usize = 1;
/// Blocks of the decoder.
const DECODER_LAYERS: usize = 2;

/// The weights of the files that the project holds. They are made, which takes milliseconds, and not held: 2 MB.
pub fn own_weights() -> Vec<u8> {
    weights(SEED, &SHAPE)
}

/// Offers the weights of the files that the project holds: who has only the HEFs needs nothing else then.
pub fn offer() {
    crate::weights::offer(SHA256, own_weights);
}

/// The canned model's files.
#[derive(Clone, Debug)]
pub struct Canned {
    /// The weights file.
    pub weights: Vec<u8>,
    /// Its sha256 in hexadecimal.
    pub weights_sha256: String,
    /// The encoder's HEF.
    pub encoder: Vec<u8>,
    /// The decoder's HEF.
    pub decoder: Vec<u8>,
}

impl Canned {
    /// The model of this seed: the same seed gives the same bytes.
    pub fn new(seed: u64) -> Self {
        Self::of_shape(seed, SHAPE)
    }

    /// As [`Canned::new`], in other sizes: the width has to be one of whole heads of 64.
    pub fn of_shape(seed: u64, shape: Shape) -> Self {
        let weights = weights(seed, &shape);
        let weights_sha256: String = Sha256::digest(&weights).iter().map(|b| format!("{b:02x}")).collect();
        let compiled = Compiled { shape, arch: ARCH_8L, positions: Positions::Decoder };
        Self {
            encoder: compiled.encoder(&weights_sha256),
            decoder: compiled.decoder(&weights_sha256),
            weights,
            weights_sha256,
        }
    }

    /// Puts the weights where the simulator finds them when `HAILO_CACHE_DIR` is `cache`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn install(&self, cache: &Path) -> std::io::Result<()> {
        let store = cache.join("sha256");
        std::fs::create_dir_all(&store)?;
        // A mapped file must never change: it gets its name only when it is complete.
        let partial = store.join(format!("{}.{}.partial", self.weights_sha256, std::process::id()));
        std::fs::write(&partial, &self.weights)?;
        std::fs::rename(partial, store.join(&self.weights_sha256))
    }
}

/// Writes random variables.
struct Filler {
    random: SplitMix64,
    writer: Writer,
}

impl Filler {
    fn fill(&mut self, name: &str, shape: &[usize], middle: f32, spread: f32) {
        let values: Vec<f32> =
            (0..shape.iter().product()).map(|_| middle + spread * self.random.signed()).collect();
        self.writer.add(name, shape, &values);
    }

    /// Weights `[out, in]` or `[out, in, taps]` that keep the size of what passes through them, and a bias.
    fn linear(&mut self, prefix: &str, shape: &[usize]) {
        let inputs: usize = shape[1..].iter().product();
        self.fill(&format!("{prefix}/weight"), shape, 0.0, (3.0 / inputs as f32).sqrt());
        self.fill(&format!("{prefix}/bias"), &shape[..1], 0.0, 0.1);
    }

    fn norm(&mut self, prefix: &str, width: usize) {
        self.fill(&format!("{prefix}/gamma"), &[width], 1.0, 0.2);
        self.fill(&format!("{prefix}/beta"), &[width], 0.0, 0.1);
    }

    fn self_attention(&mut self, prefix: &str, width: usize) {
        self.norm(&format!("{prefix}/layer_norm"), width);
        self.linear(&format!("{prefix}/linear_0"), &[3 * width, width]);
        self.linear(&format!("{prefix}/linear_1"), &[width, width]);
    }

    fn cross_attention(&mut self, prefix: &str, width: usize) {
        self.norm(&format!("{prefix}/layer_norm"), width);
        self.linear(&format!("{prefix}/linear_0"), &[width, width]);
        self.linear(&format!("{prefix}/linear_1"), &[2 * width, width]);
        self.linear(&format!("{prefix}/linear_2"), &[width, width]);
    }

    fn feed_forward(&mut self, prefix: &str, width: usize) {
        self.norm(&format!("{prefix}/layer_norm"), width);
        self.linear(&format!("{prefix}/linear_0"), &[4 * width, width]);
        self.linear(&format!("{prefix}/linear_1"), &[width, 4 * width]);
    }
}

fn weights(seed: u64, shape: &Shape) -> Vec<u8> {
    let mut out = Filler { random: SplitMix64::new(seed), writer: Writer::new() };
    let width = shape.width as usize;
    let vocabulary = shape.splits.iter().sum::<u32>() as usize;
    out.linear("encoder/conv1", &[width, 80, 3]);
    out.linear("encoder/conv2", &[width, width, 3]);
    out.fill("encoder/position_encodings/encodings", &[1500, width], 0.0, 1.0);
    for i in 0..ENCODER_LAYERS {
        out.self_attention(&format!("encoder/layer_{i}/self_attention"), width);
        out.feed_forward(&format!("encoder/layer_{i}/ffn"), width);
    }
    out.norm("encoder/layer_norm", width);
    out.fill("decoder/embeddings/weight", &[vocabulary, width], 0.0, 1.0);
    out.fill("decoder/position_encodings/encodings", &[448, width], 0.0, 1.0);
    for i in 0..DECODER_LAYERS {
        out.self_attention(&format!("decoder/layer_{i}/self_attention"), width);
        out.cross_attention(&format!("decoder/layer_{i}/attention"), width);
        out.feed_forward(&format!("decoder/layer_{i}/ffn"), width);
    }
    out.norm("decoder/layer_norm", width);
    out.writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hef::Hef;
    use crate::network::whisper::Dimensions;

    #[test]
    fn the_same_seed_gives_the_same_model_and_another_gives_another() {
        let model = Canned::new(1);
        assert_eq!(model.weights_sha256, Canned::new(1).weights_sha256);
        assert_ne!(model.weights_sha256, Canned::new(2).weights_sha256);
    }

    #[test]
    fn the_files_are_those_of_the_seed() {
        let model = Canned::new(SEED);
        assert_eq!(model.weights_sha256, SHA256);
        // Written anew by the example `canned`.
        assert!(model.encoder == include_bytes!("../../../fixtures/canned/encoder.hef"));
        assert!(model.decoder == include_bytes!("../../../fixtures/canned/decoder.hef"));
    }

    #[test]
    fn the_files_fit_together() {
        let model = Canned::new(1);
        let cache = tempfile::tempdir().unwrap();
        model.install(cache.path()).unwrap();
        let file = crate::weights::open(&cache.path().join("sha256"), &model.weights_sha256).unwrap();
        let sizes = Dimensions::of(&file).unwrap();
        assert_eq!((sizes.width, sizes.vocabulary), (128, 33));
        assert_eq!((sizes.encoder_layers, sizes.decoder_layers), (ENCODER_LAYERS, DECODER_LAYERS));
        for hef in [&model.encoder, &model.decoder] {
            let named = Hef::from_bytes(hef).unwrap().simulated.unwrap();
            assert_eq!(named.weights_sha256, model.weights_sha256);
        }
    }
}
