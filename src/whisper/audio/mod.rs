//! Audio from a path or from memory to 16 kHz mono.
//!
//! | room | holds |
//! | --- | --- |
//! | [`error`] | [`AudioError`] |
//! | `decode` | WAV and FLAC to samples |
//! | `wave` | what a WAV header says, checked against the file before anything is decoded |
//! | `resample` | mixing to mono, and any rate to 16 kHz |

mod decode;
pub mod error;
mod resample;
mod wave;

use std::fs::File;
use std::io::Read;
use std::ops::RangeInclusive;
use std::path::Path;

pub use error::{AudioError, AudioErrorKind};

/// Samples a second that Whisper takes.
pub const SAMPLE_RATE: u32 = 16_000;

/// The longest audio that is read: 4 hours.
pub const MAX_SECONDS: u64 = 4 * 3600;

/// Samples a second that are read.
const RATES: RangeInclusive<u32> = 1_000..=768_000;

/// Channels that are read.
const CHANNELS: RangeInclusive<usize> = 1..=256;

/// The largest file that is read: 4 GiB, WAV's own limit.
const MAX_BYTES: u64 = 4 << 30;

/// Sound as samples between -1 and 1, 16 kHz, one channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Audio {
    name: String,
    samples: Vec<f32>,
}

impl Audio {
    /// Reads a WAV or FLAC file of any rate and number of channels.
    ///
    /// # Errors
    /// When the file cannot be read or is no such file, is truncated or corrupted, or holds values that are no
    /// numbers. The error names the file.
    pub fn open(path: &Path) -> Result<Self, AudioError> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|e| {
            // A relative path means something else in every folder: say which one it was.
            let folder = std::env::current_dir().ok().filter(|_| path.is_relative());
            let from = folder.map_or_else(String::new, |f| format!(" (looked for in {})", f.display()));
            AudioError::new(&name, AudioErrorKind::Unreadable, format!("{e}{from}"))
        })?;
        Self::read(&name, file)
    }

    /// Reads the contents of a WAV or FLAC file from anywhere, such as standard input; `name` is for errors.
    ///
    /// # Errors
    /// As [`Audio::open`].
    pub fn read(name: &str, mut from: impl Read) -> Result<Self, AudioError> {
        let unreadable = |e: std::io::Error| AudioError::new(name, AudioErrorKind::Unreadable, e.to_string());
        // What is no sound at all is refused before it is read whole: it may have no end.
        let mut bytes = Vec::new();
        from.by_ref().take(12).read_to_end(&mut bytes).map_err(unreadable)?;
        decode::check_start(name, &bytes)?;
        from.take(MAX_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > MAX_BYTES {
            let why = format!("it is larger than {} GiB", MAX_BYTES >> 30);
            return Err(AudioError::new(name, AudioErrorKind::Format, why));
        }
        Self::from_bytes(name, bytes)
    }

    /// Reads the contents of a WAV or FLAC file; `name` is for errors.
    ///
    /// # Errors
    /// As [`Audio::open`].
    pub fn from_bytes(name: &str, bytes: impl Into<Vec<u8>>) -> Result<Self, AudioError> {
        let decoded = decode::decode(name, bytes.into())?;
        Self::from_mono(name, decoded.samples, decoded.rate)
    }

    /// Takes interleaved samples between -1 and 1.
    ///
    /// # Errors
    /// When rate or number of channels is out of range, or a sample is no finite number.
    ///
    /// ```
    /// use hailo_harness::whisper::audio::Audio;
    ///
    /// let stereo = [0.5, -0.5, 0.25, 0.75];
    /// let audio = Audio::from_f32(&stereo, 16_000, 2)?;
    /// assert_eq!(audio.samples(), [0.0, 0.5]);
    /// # Ok::<(), hailo_harness::whisper::audio::AudioError>(())
    /// ```
    pub fn from_f32(samples: &[f32], rate: u32, channels: usize) -> Result<Self, AudioError> {
        Self::from_samples("samples in memory", samples, rate, channels)
    }

    /// Takes interleaved 16-bit samples.
    ///
    /// # Errors
    /// When rate or number of channels is out of range.
    pub fn from_i16(samples: &[i16], rate: u32, channels: usize) -> Result<Self, AudioError> {
        let samples: Vec<f32> = samples.iter().map(|x| f32::from(*x) / 32_768.0).collect();
        Self::from_samples("samples in memory", &samples, rate, channels)
    }

    fn from_samples(name: &str, samples: &[f32], rate: u32, channels: usize) -> Result<Self, AudioError> {
        let fail = |kind, why| Err(AudioError::new(name, kind, why));
        if !CHANNELS.contains(&channels) {
            let most = CHANNELS.end();
            return fail(AudioErrorKind::Format, format!("{channels} channels; 1 to {most} are read"));
        }
        let mut mono = Vec::with_capacity(samples.len() / channels);
        resample::mix(samples, channels, &mut mono);
        Self::from_mono(name, mono, rate)
    }

    fn from_mono(name: &str, samples: Vec<f32>, rate: u32) -> Result<Self, AudioError> {
        let fail = |kind, why| Err(AudioError::new(name, kind, why));
        if !RATES.contains(&rate) {
            let (least, most) = (RATES.start(), RATES.end());
            return fail(
                AudioErrorKind::Format,
                format!("{rate} samples a second; {least} to {most} are read"),
            );
        }
        if let Some(at) = samples.iter().position(|x| !x.is_finite()) {
            let (x, seconds) = (samples[at], at as f64 / f64::from(rate));
            return fail(AudioErrorKind::NotFinite, format!("the sample at {seconds:.3} s is {x}"));
        }
        if samples.len() as u64 > MAX_SECONDS * u64::from(rate) {
            return fail(AudioErrorKind::Format, format!("it is longer than {} hours", MAX_SECONDS / 3600));
        }
        Ok(Self { name: name.into(), samples: resample::to_16_khz(samples, rate) })
    }

    /// The file's path, or what the audio was called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The samples, 16 kHz mono.
    pub fn samples(&self) -> &[f32] {
        &self.samples
    }

    /// The duration in seconds.
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(SAMPLE_RATE)
    }
}
