//! Clips, their expected text and intents, and how a transcript is scored.
//!
//! - [`Manifest`] and [`Clip`]: a folder of clips and its checked `manifest.toml`
//! - [`CorpusError`]: what can be wrong with one
//! - [`score`]: word and character error rates, alignment, and the sum over a corpus

mod error;
mod manifest;
pub mod score;

pub use error::{CorpusError, CorpusErrorKind};
pub use manifest::{Clip, MANIFEST, Manifest};
