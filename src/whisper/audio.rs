//! Audio from a path or from memory to 16 kHz mono.

/// Samples a second.
pub const SAMPLE_RATE: u32 = 16_000;
