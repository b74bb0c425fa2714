//! What a Whisper model is made of besides the device: HEFs, token embeddings, tokenizer.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use hailort_sim::hef::whisper as sim_hef;
use hailort_sim::weights::WeightsFile;
use serde::{Deserialize, Serialize};

use super::error::WhisperError;
use super::tokenizer::Tokenizer;
use crate::hailort::HefSource;
use crate::models::DeviceFiles;
use crate::models::device_files::NamedFile;
use crate::models::npy::Npy;

/// The token embeddings `[vocabulary, width]`, which the host looks up.
#[derive(Debug)]
pub struct Embedding {
    table: Table,
    name: String,
    vocabulary: usize,
    width: usize,
}

#[derive(Debug)]
enum Table {
    /// In a CTranslate2 weights file, which stays mapped.
    Weights(WeightsFile),
    /// In an `.npy` file, which stays open.
    Npy(Npy),
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
        Ok(Self { table: Table::Weights(weights), name: path.display().to_string(), vocabulary, width })
    }

    /// Takes them from a table of floats, a row for each token.
    pub fn from_npy(npy: Npy) -> Self {
        let (name, vocabulary, width) = (npy.name().into(), npy.rows(), npy.width());
        Self { table: Table::Npy(npy), name, vocabulary, width }
    }

    /// What errors call it.
    pub fn name(&self) -> &str {
        &self.name
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
    /// When an id is not in the vocabulary, or the file cannot be read any more.
    pub fn look_up(&self, ids: &[u32], out: &mut [f32]) -> Result<(), WhisperError> {
        for (id, out) in ids.iter().zip(out.chunks_exact_mut(self.width)) {
            let row = *id as usize;
            if row >= self.vocabulary {
                return Err(WhisperError::Assets(format!("token {id} is not in the vocabulary")));
            }
            match &self.table {
                Table::Npy(npy) => npy.read_row(row, out)?,
                Table::Weights(weights) => {
                    let bytes = weights
                        .f16(Self::NAME, &[self.vocabulary, self.width])
                        .map_err(|e| WhisperError::Assets(e.to_string()))?;
                    let row = &bytes[2 * self.width * row..][..2 * self.width];
                    for (to, from) in out.iter_mut().zip(row.as_chunks::<2>().0) {
                        *to = half::f16::from_le_bytes(*from).to_f32();
                    }
                }
            }
        }
        Ok(())
    }
}

/// The positional bias `[positions, width]`, which is added to the embeddings of the tokens by the host or by the decoder.
#[derive(Debug)]
pub struct Bias {
    npy: Npy,
}

impl Bias {
    /// Takes it from a table of floats, a row for each position.
    pub fn from_npy(npy: Npy) -> Self {
        Self { npy }
    }

    /// The bias of the first positions, one after the other.
    ///
    /// # Errors
    /// When there are fewer, they have another width, or the file cannot be read.
    pub fn rows(&self, positions: usize, width: usize) -> Result<Vec<f32>, WhisperError> {
        if self.npy.rows() < positions || self.npy.width() != width {
            return Err(WhisperError::Misfit {
                file: self.npy.name().into(),
                layer: "table".into(),
                found: format!("the shape [{}, {}]", self.npy.rows(), self.npy.width()),
                expected: format!("[{positions}, {width}], as the decoder takes"),
            });
        }
        let mut rows = vec![0.0; positions * width];
        for (position, row) in rows.chunks_exact_mut(width).enumerate() {
            self.npy.read_row(position, row)?;
        }
        Ok(rows)
    }
}

/// Who adds the positional bias.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BiasBy {
    /// What the decoder shows when it is loaded: HEFs of both kinds have the same names and shapes.
    #[default]
    Auto,
    /// The decoder, as in newer HEFs.
    Decoder,
    /// The host, as in older HEFs.
    Host,
}

impl BiasBy {
    /// The variable that says who adds it.
    pub const VARIABLE: &str = "HAILO_DECODER_BIAS";

    /// Its name: `auto`, `decoder` or `host`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Decoder => "decoder",
            Self::Host => "host",
        }
    }
}

impl FromStr for BiasBy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = [Self::Auto, Self::Decoder, Self::Host].into_iter().find(|b| b.name() == text);
        named.ok_or_else(|| {
            format!(
                "{text:?} is nobody who adds the positional bias: {} is auto, decoder or host",
                Self::VARIABLE
            )
        })
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
    /// The positional bias, where there is one to be added.
    pub bias: Option<Bias>,
    /// Who adds it.
    pub bias_by: BiasBy,
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
            bias: None,
            bias_by: BiasBy::Decoder,
            tokenizer: Tokenizer::from_json(tokenizer)?,
        })
    }

    /// The files of a device.
    ///
    /// # Errors
    /// When embeddings, bias or tokenizer cannot be used. HEFs are the library's to look at.
    pub fn of_device(files: &DeviceFiles, bias_by: BiasBy) -> Result<Self, WhisperError> {
        let hef = |file: &NamedFile| HefSource::Named { name: file.name.clone(), path: file.path.clone() };
        let npy = |file: &NamedFile| Npy::open(&file.name, &file.path);
        let tokenizer = std::fs::read(&files.tokenizer.path)
            .map_err(|e| WhisperError::Assets(format!("{}: {e}", files.tokenizer.path.display())))?;
        Ok(Self {
            name: files.model.clone(),
            encoder: hef(&files.encoder),
            decoder: hef(&files.decoder),
            embedding: Embedding::from_npy(npy(&files.embedding)?),
            bias: files.bias.as_ref().map(npy).transpose()?.map(Bias::from_npy),
            bias_by,
            tokenizer: Tokenizer::from_json(&tokenizer)?,
        })
    }

    /// The canned model: tiny, with random weights. For tests of everything but words.
    ///
    /// # Errors
    /// When there is no memory for its weights.
    pub fn canned() -> Result<Self, WhisperError> {
        let (_, weights) = hailort_sim::weights::give(&hailort_sim::canned::own_weights())
            .map_err(|e| WhisperError::Assets(format!("the canned model: {e}")))?;
        let memory = |name: &str, bytes: &[u8]| HefSource::Memory { name: name.into(), bytes: bytes.into() };
        Ok(Self {
            name: "canned".into(),
            encoder: memory("encoder.hef (canned)", include_bytes!("../../fixtures/canned/encoder.hef")),
            decoder: memory("decoder.hef (canned)", include_bytes!("../../fixtures/canned/decoder.hef")),
            embedding: Embedding::from_weights(&weights)?,
            bias: None,
            bias_by: BiasBy::Decoder,
            tokenizer: Tokenizer::from_json(include_bytes!("../../fixtures/canned/tokenizer.json"))?,
        })
    }
}
