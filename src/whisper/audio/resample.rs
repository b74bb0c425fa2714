//! Mixing to mono, and any rate to 16 kHz.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler};

use super::SAMPLE_RATE;

/// Input frames that the resampler takes at a time.
const CHUNK: usize = 1024;

/// Appends the mean of the channels.
pub(super) fn mix(interleaved: &[f32], channels: usize, mono: &mut Vec<f32>) {
    mono.extend(interleaved.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32));
}

/// Resamples by FFT, with the delay taken out and the tail kept; 16 kHz passes unchanged.
pub(super) fn to_16_khz(samples: Vec<f32>, rate: u32) -> Vec<f32> {
    if rate == SAMPLE_RATE || samples.is_empty() {
        return samples;
    }
    let mut resampler = Fft::<f32>::new(rate as usize, SAMPLE_RATE as usize, CHUNK, 1, FixedSync::Input)
        .expect("rates that were checked before");
    let frames = samples.len();
    let input = InterleavedSlice::new(&samples, 1, frames).expect("one channel of that many frames");
    let output = resampler
        .process_all(&input, frames, None)
        .expect("buffers of the sizes that the resampler asks for");
    output.take_data()
}
