//! Whisper on the host: audio, log-mel, windows, greedy decoding, tokens to text.

pub mod audio;
pub mod greedy;
pub mod mel;
pub mod tokenizer;
pub mod windows;
