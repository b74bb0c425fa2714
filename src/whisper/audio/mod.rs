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

use std::path::Path;

pub use error::{AudioError, AudioErrorKind};

/// Samples a second that Whisper takes.
pub const SAMPLE_RATE: u32 = 16_000;

/// The longest audio that is read: 4 hours.
pub const MAX_SECONDS: u64 = 4 * 3600;

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
        let read = |e: std::io::Error| AudioError::new(&name, AudioErrorKind::Unreadable, e.to_string());
        if std::fs::metadata(path).map_err(read)?.is_dir() {
            return Err(AudioError::new(&name, AudioErrorKind::Unreadable, "it is a directory".into()));
        }
        Self::from_bytes(&name, std::fs::read(path).map_err(read)?)
    }

    /// Reads the contents of a WAV or FLAC file; `name` is for errors.
    ///
    /// # Errors
    /// As [`Audio::open`].
    pub fn from_bytes(name: &str, bytes: impl Into<Vec<u8>>) -> Result<Self, AudioError> {
        let decoded = decode::decode(name, bytes.into())?;
        Self::from_samples(name, &decoded.samples, decoded.rate, decoded.channels)
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
        if !(1_000..=768_000).contains(&rate) {
            return fail(AudioErrorKind::Format, format!("{rate} samples a second; 1000 to 768000 are read"));
        }
        if !(1..=256).contains(&channels) {
            return fail(AudioErrorKind::Format, format!("{channels} channels; 1 to 256 are read"));
        }
        if let Some(at) = samples.iter().position(|x| !x.is_finite()) {
            let (x, seconds) = (samples[at], (at / channels) as f64 / f64::from(rate));
            return fail(AudioErrorKind::NotFinite, format!("the sample at {seconds:.3} s is {x}"));
        }
        if (samples.len() / channels) as u64 > MAX_SECONDS * u64::from(rate) {
            return fail(AudioErrorKind::Format, format!("it is longer than {} hours", MAX_SECONDS / 3600));
        }
        let mono = resample::mix(samples, channels);
        Ok(Self { name: name.into(), samples: resample::to_16_khz(mono, rate) })
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
