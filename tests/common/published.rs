//! Files as Hailo publishes them for a device, made from a weights file.
#![allow(dead_code, reason = "each test uses some of it")]

use std::path::{Path, PathBuf};

use hailo_harness::models::PublishedModel;
use hailo_harness::models::published::Role;
use hailort_sim::canned::Canned;
use hailort_sim::hef::model::{ARCH_8, ARCH_8L};
use hailort_sim::hef::whisper::{Compiled, Positions, Shape, TINY};
use hailort_sim::published::{onnx_add_input, token_embedding};
use hailort_sim::weights::WeightsFile;

use super::http::Answer;

/// Whisper tiny's windows, positions and tokens, in a width that is cheap.
pub const SMALL_TINY: Shape = Shape { width: 128, ..TINY };

/// How a model is compiled for this architecture.
pub fn compiled(shape: Shape, architecture: &str, positions: Positions) -> Compiled {
    let arch = if architecture == "hailo8" { ARCH_8 } else { ARCH_8L };
    Compiled { shape, arch, positions }
}

/// The files of a model.
#[derive(Clone)]
pub struct Set {
    pub encoder: Vec<u8>,
    pub decoder: Vec<u8>,
    pub embedding: Vec<u8>,
    pub bias: Vec<u8>,
}

impl Set {
    /// Over these weights.
    pub fn of(weights: &WeightsFile, sha256: &str, compiled: &Compiled) -> Self {
        Self {
            encoder: compiled.encoder(sha256),
            decoder: compiled.decoder(sha256),
            embedding: token_embedding(weights).unwrap(),
            bias: onnx_add_input(weights, compiled.shape.positions).unwrap(),
        }
    }

    /// Over random weights, which are put into `cache`, where the simulator finds them.
    pub fn random(seed: u64, compiled: &Compiled, cache: &Path) -> (Self, PathBuf) {
        let canned = Canned::of_shape(seed, compiled.shape);
        canned.install(cache).unwrap();
        let path = cache.join("sha256").join(&canned.weights_sha256);
        let weights = WeightsFile::open(&path).unwrap();
        (Self::of(&weights, &canned.weights_sha256, compiled), path)
    }

    fn bytes(&self, role: Role) -> &[u8] {
        match role {
            Role::Encoder => &self.encoder,
            Role::Decoder => &self.decoder,
            Role::Embedding => &self.embedding,
            Role::Bias => &self.bias,
        }
    }

    /// Paths and answers of a server that has them under the names of this model.
    pub fn answers(&self, model: PublishedModel) -> Vec<(String, Answer)> {
        model.files().iter().map(|f| (f.url(""), Answer::Whole(self.bytes(f.role).to_vec()))).collect()
    }

    /// Puts them into a folder under the names of this model.
    pub fn put(&self, model: PublishedModel, folder: &Path) {
        for file in model.files() {
            std::fs::write(folder.join(file.name), self.bytes(file.role)).unwrap();
        }
    }
}
