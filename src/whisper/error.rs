//! What can go wrong between sound and text.

use super::audio::AudioError;
use super::tokenizer::TokenizerError;
use crate::hailort::HailoError;
use crate::models::npy::NpyError;

/// What kind of failure a [`WhisperError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhisperErrorKind {
    /// The audio cannot be used.
    Audio,
    /// Weights, HEFs or tokenizer cannot be used, or do not fit together.
    Assets,
    /// The device or its library failed.
    Device,
}

/// Sound that did not become text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WhisperError {
    /// The audio cannot be used.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// Weights, HEFs or tokenizer cannot be used, or do not fit together.
    #[error("the model is not usable: {0}")]
    Assets(String),
    /// A file is not what the others need.
    #[error(
        "{file} does not fit: its {layer} has {found}, expected {expected}; encoder, decoder and token embeddings have to \
         be of one model: `hailo-harness models list` shows those that are there, `hailo-harness hef FILE` what a HEF has"
    )]
    Misfit {
        /// The file.
        file: String,
        /// The layer of it.
        layer: String,
        /// What it has.
        found: String,
        /// What is needed, and why.
        expected: String,
    },
    /// The token embeddings or the positional bias cannot be used.
    #[error(transparent)]
    Npy(#[from] NpyError),
    /// The device or its library failed.
    #[error(transparent)]
    Device(#[from] HailoError),
    /// The device answered scores that are no numbers.
    #[error(
        "the decoder answered {wrong} of {all} scores that are no numbers: the device or its HEF is at fault"
    )]
    Scores {
        /// How many.
        wrong: usize,
        /// Of how many.
        all: usize,
    },
}

impl From<TokenizerError> for WhisperError {
    fn from(error: TokenizerError) -> Self {
        Self::Assets(error.to_string())
    }
}

impl WhisperError {
    /// What kind of failure it is.
    pub fn kind(&self) -> WhisperErrorKind {
        match self {
            Self::Audio(_) => WhisperErrorKind::Audio,
            Self::Assets(_) | Self::Misfit { .. } | Self::Npy(_) => WhisperErrorKind::Assets,
            Self::Device(_) | Self::Scores { .. } => WhisperErrorKind::Device,
        }
    }
}
