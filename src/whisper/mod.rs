//! Whisper on the host: audio, log-mel, windows, greedy decoding, tokens to text.

pub mod audio;
pub mod mel;
