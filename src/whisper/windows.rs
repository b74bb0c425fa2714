//! Cuts long audio into windows that the encoder takes, at places where nobody speaks.
//!
//! Each window is transcribed on its own and the texts are joined, so that a cut inside a word loses or doubles it.
//! A cut is therefore put into the deepest pause that the window's second half offers. Nothing overlaps: no word can
//! be heard twice.

use std::ops::Range;

use super::audio::SAMPLE_RATE;

/// Samples in one step of the energy curve: 10 ms.
const STEP: usize = SAMPLE_RATE as usize / 100;
/// Steps over which the curve is smoothed on each side: a pause is looked for in 5 + 1 + 5 steps, 110 ms.
const SMOOTH: usize = 5;
/// Level under which a whole window counts as silent: -60 dBFS. Whisper invents words for silence.
const SILENCE: f32 = 1e-3;

/// Splits `samples` (16 kHz) into consecutive windows of at most `longest` samples that cover all of it.
pub fn split(samples: &[f32], longest: usize) -> Vec<Range<usize>> {
    let mut windows = Vec::new();
    let mut start = 0;
    while samples.len() - start > longest {
        let cut = quietest(samples, start + longest / 2..start + longest);
        windows.push(start..cut);
        start = cut;
    }
    if start < samples.len() {
        windows.push(start..samples.len());
    }
    windows
}

/// Splits one window in two at its quietest place, away from its ends.
pub fn halve(samples: &[f32], window: Range<usize>) -> [Range<usize>; 2] {
    let quarter = window.len() / 4;
    let cut = quietest(samples, window.start + quarter..window.end - quarter);
    [window.start..cut, cut..window.end]
}

/// Whether nothing in the window is louder than -60 dBFS over 10 ms.
pub fn is_silent(samples: &[f32]) -> bool {
    samples.chunks(STEP).all(|step| rms(step) < SILENCE)
}

fn rms(samples: &[f32]) -> f32 {
    (samples.iter().map(|x| x * x).sum::<f32>() / samples.len().max(1) as f32).sqrt()
}

/// The middle of the quietest 110 ms within `range`; of equally quiet places the one in the middle of the longest run.
fn quietest(samples: &[f32], range: Range<usize>) -> usize {
    let energies: Vec<f32> =
        samples[range.clone()].chunks(STEP).map(|step| step.iter().map(|x| x * x).sum()).collect();
    let levels: Vec<f32> = (0..energies.len())
        .map(|i| {
            let around = &energies[i.saturating_sub(SMOOTH)..(i + SMOOTH + 1).min(energies.len())];
            around.iter().sum::<f32>() / around.len() as f32
        })
        .collect();
    let lowest = levels.iter().copied().fold(f32::INFINITY, f32::min);
    // Everything close to the lowest level belongs to a pause; the longest pause is the likeliest end of a sentence.
    let limit = (lowest * 4.0).max(STEP as f32 * SILENCE * SILENCE);
    let mut best = 0..0;
    let mut from = None;
    for (i, level) in levels.iter().chain([&f32::INFINITY]).enumerate() {
        match (*level <= limit, from) {
            (true, None) => from = Some(i),
            (false, Some(first)) => {
                if i - first > best.len() {
                    best = first..i;
                }
                from = None;
            }
            _ => {}
        }
    }
    (range.start + (best.start + best.end) * STEP / 2).clamp(range.start + 1, range.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(seconds: f32) -> Vec<f32> {
        (0..(seconds * SAMPLE_RATE as f32) as usize).map(|i| 0.3 * (i as f32 * 0.2).sin()).collect()
    }

    fn covers(windows: &[Range<usize>], length: usize, longest: usize) {
        assert_eq!(windows.first().map(|w| w.start), Some(0));
        assert_eq!(windows.last().map(|w| w.end), Some(length));
        assert!(windows.windows(2).all(|w| w[0].end == w[1].start), "{windows:?}");
        assert!(windows.iter().all(|w| !w.is_empty() && w.len() <= longest), "{windows:?}");
    }

    #[test]
    fn short_audio_is_one_window_and_none_is_none() {
        covers(&split(&[0.1; 80_000], 80_000), 80_000, 80_000);
        assert_eq!(split(&[0.1; 80_000], 80_000).len(), 1);
        assert!(split(&[], 80_000).is_empty());
    }

    #[test]
    fn the_cut_lies_in_the_pause() {
        let mut samples = tone(4.2);
        samples.extend(vec![0.0; 4_800]);
        samples.extend(tone(3.0));
        let windows = split(&samples, 80_000);
        covers(&windows, samples.len(), 80_000);
        let pause = 67_200..72_000;
        assert_eq!(windows.len(), 2);
        assert!(pause.contains(&windows[0].end), "{windows:?}");
    }

    #[test]
    fn any_length_and_loudness_is_covered_without_a_gap() {
        for (length, samples) in [(80_001, vec![0.0; 80_001]), (1_000_000, vec![0.5; 1_000_000])] {
            covers(&split(&samples, 80_000), length, 80_000);
        }
        let samples = tone(61.3);
        covers(&split(&samples, 80_000), samples.len(), 80_000);
        let [a, b] = halve(&samples, 100..50_000);
        assert!(
            a.start == 100 && a.end == b.start && b.end == 50_000 && a.len() > 10_000 && b.len() > 10_000
        );
    }

    #[test]
    fn silence_is_told_from_a_whisper() {
        assert!(is_silent(&[0.0; 16_000]));
        assert!(is_silent(&[]));
        assert!(!is_silent(&[vec![0.0; 8_000], vec![0.003; 400], vec![0.0; 8_000]].concat()));
    }
}
