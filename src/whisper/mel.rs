//! The log-mel spectrogram as Whisper defines it.
