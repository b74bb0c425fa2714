//! Text, languages and numbers, shared by scoring and intents.
//!
//! - [`language`]: the languages Whisper knows, with their codes and tokens
//! - [`mod@normalize`]: the normaliser that scoring applies to both sides; its rules are listed there
//! - [`numbers`]: French number words to integers
//! - [`lines`]: which line of a text a byte is on
//! - [`printable`]: text from elsewhere on a terminal
//! - [`tokens`]: a sentence as words
//! - [`fold`]: small character rules (apostrophes, ligatures, accents)

pub mod fold;
pub mod language;
pub mod lines;
pub mod normalize;
pub mod numbers;
pub mod printable;
pub mod tokens;

pub use language::{Language, UnknownLanguage};
pub use normalize::normalize;
