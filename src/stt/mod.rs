//! Speech to text in a worker process.
//!
//! | room | holds |
//! | --- | --- |
//! | [`options`] | [`SttOptions`]: language, model, runtime, [`Deadlines`] |
//! | [`sound`] | [`Sound`]: what can be transcribed: files, samples |
//! | [`engine`] | [`HailoStt`] |
//! | [`error`] | [`SttError`] |

pub mod engine;
pub mod error;
pub mod options;
pub mod sound;

pub use engine::HailoStt;
pub use error::{SttError, SttErrorKind};
pub use options::{Deadlines, SttModel, SttOptions};
pub use sound::Sound;
