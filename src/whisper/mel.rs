//! The log-mel spectrogram as Whisper defines it.
//!
//! Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision" (2022), section 2.2, with the
//! constants of its published code: 80 bins, windows of 25 ms (400 samples, periodic Hann) every 10 ms (160 samples),
//! centred with reflection at the ends, power spectrum, Slaney's mel scale and normalisation (Malcolm Slaney,
//! "Auditory Toolbox", 1998), logarithm to base 10 with a floor of 1e-10 and 8 below the maximum, then `(x + 4) / 4`.

use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex};

use super::audio::SAMPLE_RATE;

/// Mel bins.
pub const BINS: usize = 80;
/// Samples from one frame to the next: 10 ms.
pub const HOP: usize = 160;
/// Samples in a window: 25 ms.
const WINDOW: usize = 400;
/// Frequencies of the spectrum.
const FREQUENCIES: usize = WINDOW / 2 + 1;

/// Computes log-mel spectrograms; holds what every one of them needs.
pub struct LogMel {
    fft: Arc<dyn RealToComplex<f64>>,
    window: Vec<f64>,
    /// For each bin the first frequency with a weight, and the weights from there on.
    filters: Vec<(usize, Vec<f64>)>,
}

impl std::fmt::Debug for LogMel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogMel").field("bins", &self.filters.len()).finish_non_exhaustive()
    }
}

impl Default for LogMel {
    fn default() -> Self {
        Self::new()
    }
}

impl LogMel {
    /// Plans the transform and computes the filters.
    pub fn new() -> Self {
        let window = (0..WINDOW)
            .map(|i| 0.5 - 0.5 * (2.0 * std::f64::consts::PI * i as f64 / WINDOW as f64).cos())
            .collect();
        Self { fft: RealFftPlanner::new().plan_fft_forward(WINDOW), window, filters: filters() }
    }

    /// The spectrogram `[frames, 80]`, row-major, of `samples` (16 kHz), which are padded with silence or cut to
    /// `frames * 160`.
    pub fn compute(&self, samples: &[f32], frames: usize) -> Vec<f32> {
        let length = frames * HOP;
        let at = |i: isize| -> f64 {
            // Reflection at both ends, without repeating the last sample; a frame reaches out by half a window.
            let last = length as isize - 1;
            let i = if i < 0 {
                -i
            } else if i > last {
                2 * last - i
            } else {
                i
            };
            usize::try_from(i)
                .ok()
                .filter(|i| *i < length)
                .and_then(|i| samples.get(i))
                .map_or(0.0, |x| f64::from(*x))
        };
        let (mut input, mut spectrum) = (self.fft.make_input_vec(), self.fft.make_output_vec());
        let mut scratch = self.fft.make_scratch_vec();
        let mut logs = Vec::with_capacity(frames * BINS);
        for frame in 0..frames {
            let start = (frame * HOP) as isize - (WINDOW / 2) as isize;
            for (i, (x, w)) in input.iter_mut().zip(&self.window).enumerate() {
                *x = at(start + i as isize) * w;
            }
            self.fft
                .process_with_scratch(&mut input, &mut spectrum, &mut scratch)
                .expect("buffers made by the plan itself");
            for (first, weights) in &self.filters {
                let energy: f64 =
                    weights.iter().zip(&spectrum[*first..]).map(|(w, c)| w * c.norm_sqr()).sum();
                logs.push(energy.max(1e-10).log10());
            }
        }
        let floor = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max) - 8.0;
        logs.iter().map(|x| ((x.max(floor) + 4.0) / 4.0) as f32).collect()
    }
}

/// Hertz on Slaney's mel scale: linear below 1 kHz, logarithmic above.
fn hertz(mel: f64) -> f64 {
    if mel < 15.0 { mel * 200.0 / 3.0 } else { 1000.0 * ((mel - 15.0) * (6.4f64.ln() / 27.0)).exp() }
}

/// The inverse of [`hertz`].
fn mel(hertz: f64) -> f64 {
    if hertz < 1000.0 { hertz * 3.0 / 200.0 } else { 15.0 + (hertz / 1000.0).ln() * 27.0 / 6.4f64.ln() }
}

/// Triangles between neighbouring points of the scale, each with an area of 1.
fn filters() -> Vec<(usize, Vec<f64>)> {
    let top = mel(f64::from(SAMPLE_RATE) / 2.0);
    let points: Vec<f64> = (0..BINS + 2).map(|i| hertz(top * i as f64 / (BINS + 1) as f64)).collect();
    points
        .windows(3)
        .map(|p| {
            let weight = |i: usize| {
                let f = i as f64 * f64::from(SAMPLE_RATE) / WINDOW as f64;
                ((f - p[0]) / (p[1] - p[0])).min((p[2] - f) / (p[2] - p[1])).max(0.0) * 2.0 / (p[2] - p[0])
            };
            let first = (0..FREQUENCIES).find(|i| weight(*i) > 0.0).unwrap_or(0);
            let weights: Vec<f64> = (first..FREQUENCIES).map(weight).take_while(|w| *w > 0.0).collect();
            (first, weights)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_its_own_inverse_and_every_filter_has_weight() {
        for f in [0.0, 440.0, 999.0, 1000.0, 4000.0, 8000.0] {
            assert!((hertz(mel(f)) - f).abs() < 1e-9);
        }
        assert!(filters().iter().all(|(_, weights)| !weights.is_empty()));
    }

    #[test]
    fn silence_is_flat_and_a_tone_stands_out() {
        let mel = LogMel::new();
        let silence = mel.compute(&[], 10);
        assert_eq!(silence, vec![-1.5; 800]);
        let tone: Vec<f32> =
            (0..16_000).map(|i| (i as f32 * 440.0 * std::f32::consts::TAU / 16_000.0).sin()).collect();
        let spectrum = mel.compute(&tone, 100);
        let row = &spectrum[50 * BINS..51 * BINS];
        let loudest = (0..BINS).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap();
        let step = super::mel(8000.0) / 81.0;
        assert!((loudest as f64 + 1.0 - super::mel(440.0) / step).abs() < 1.0, "bin {loudest}");
    }
}
