//! What a Whisper model is made of besides the device: HEFs, token embeddings, tokenizer.

use std::path::Path;
use std::sync::Arc;

use hailort_sim::hef::whisper as sim_hef;
use hailort_sim::weights::WeightsFile;

use super::error::WhisperError;
use super::tokenizer::Tokenizer;
use crate::hailort::HefSource;

/// The token embeddings `[vocabulary, width]`, which the host looks up.
#[derive(Debug)]
pub struct Embedding {
    weights: WeightsFile,
    vocabulary: usize,
    width: usize,
}

impl Embedding {
    /// The variable's name in a CTranslate2 file.
    const NAME: &str = "decoder/embeddings/weight";

    /// Takes them from a CTranslate2 weights file, which stays mapped.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn from_weights(path: &Path) -> Result<Self, WhisperError> {
        let weights = WeightsFile::open(path).map_err(|e| WhisperError::Assets(e.to_string()))?;
        let Some(&[vocabulary, width]) = weights.shape(Self::NAME) else {
            return Err(WhisperError::Assets(format!("{} has no token embeddings", path.display())));
        };
        weights.f16(Self::NAME, &[vocabulary, width]).map_err(|e| WhisperError::Assets(e.to_string()))?;
        Ok(Self { weights, vocabulary, width })
    }

    /// Width of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of tokens.
    pub fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// Writes the embeddings of `ids` one after the other; `out` holds `ids.len() * width` values.
    ///
    /// # Errors
    /// When an id is not in the vocabulary.
    pub fn look_up(&self, ids: &[u32], out: &mut [f32]) -> Result<(), WhisperError> {
        let bytes = self
            .weights
            .f16(Self::NAME, &[self.vocabulary, self.width])
            .map_err(|e| WhisperError::Assets(e.to_string()))?;
        for (id, out) in ids.iter().zip(out.chunks_exact_mut(self.width)) {
            let start = 2 * self.width * *id as usize;
            let row = bytes
                .get(start..start + 2 * self.width)
                .ok_or_else(|| WhisperError::Assets(format!("token {id} is not in the vocabulary")))?;
            for (to, from) in out.iter_mut().zip(row.as_chunks::<2>().0) {
                *to = half::f16::from_le_bytes(*from).to_f32();
            }
        }
        Ok(())
    }
}

/// Everything that a pipeline is made of besides the device.
#[derive(Debug)]
pub struct WhisperAssets {
    /// The model's name for reports.
    pub name: String,
    /// The encoder's HEF.
    pub encoder: HefSource,
    /// The decoder's HEF.
    pub decoder: HefSource,
    /// The token embeddings.
    pub embedding: Embedding,
    /// Tokens to text.
    pub tokenizer: Tokenizer,
}

impl WhisperAssets {
    /// Whisper base for the simulator: its HEFs are generated and name the weights by their hash.
    ///
    /// # Errors
    /// When weights or tokenizer cannot be used.
    pub fn simulated_base(weights: &Path, sha256: &str, tokenizer: &[u8]) -> Result<Self, WhisperError> {
        let memory =
            |name: &str, bytes: Vec<u8>| HefSource::Memory { name: name.into(), bytes: Arc::from(bytes) };
        Ok(Self {
            name: "whisper-base".into(),
            encoder: memory("base-whisper-encoder-5s (simulated)", sim_hef::encoder(&sim_hef::BASE, sha256)),
            decoder: memory(
                "base-whisper-decoder-fixed-sequence-matmul-split (simulated)",
                sim_hef::decoder(&sim_hef::BASE, sha256),
            ),
            embedding: Embedding::from_weights(weights)?,
            tokenizer: Tokenizer::from_json(tokenizer)?,
        })
    }

    /// The canned model: tiny, with random weights. For tests of everything but words.
    ///
    /// # Errors
    /// When there is no memory for its weights.
    pub fn canned() -> Result<Self, WhisperError> {
        let (_, weights) = hailort_sim::weights::give(include_bytes!("../../fixtures/canned/weights.bin"))
            .map_err(|e| WhisperError::Assets(format!("the canned model: {e}")))?;
        let memory = |name: &str, bytes: &[u8]| HefSource::Memory { name: name.into(), bytes: bytes.into() };
        Ok(Self {
            name: "canned".into(),
            encoder: memory("encoder.hef (canned)", include_bytes!("../../fixtures/canned/encoder.hef")),
            decoder: memory("decoder.hef (canned)", include_bytes!("../../fixtures/canned/decoder.hef")),
            embedding: Embedding::from_weights(&weights)?,
            tokenizer: Tokenizer::from_json(include_bytes!("../../fixtures/canned/tokenizer.json"))?,
        })
    }
}
