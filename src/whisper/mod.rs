//! Whisper on the host: audio, log-mel, windows, greedy decoding, tokens to text.
//!
//! | room | holds |
//! | --- | --- |
//! | [`audio`] | any WAV or FLAC to 16 kHz mono |
//! | [`mel`] | the log-mel spectrogram |
//! | [`windows`] | cuts long audio in its pauses |
//! | [`greedy`] | chooses tokens |
//! | [`tokenizer`] | tokens to text |
//! | [`assets`] | what a model is made of besides the device |
//! | `decoder` | the decoder, with what the host does for it |
//! | [`pipeline`] | [`Pipeline`]: all of it over a device |
//! | [`transcript`] | what was heard |

pub mod assets;
pub mod audio;
mod decoder;
pub mod error;
pub mod greedy;
pub mod mel;
pub mod pipeline;
pub mod tokenizer;
pub mod transcript;
pub mod windows;

pub use audio::Audio;
pub use error::{WhisperError, WhisperErrorKind};
pub use pipeline::Pipeline;
pub use transcript::Transcript;
