//! What parent and worker say to each other.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::frame::{self, FrameError, FrameKind};
use crate::device::{RuntimeChoice, RuntimeKind, Survey};
use crate::diagnosis::Diagnosis;
use crate::hailort::ledger::OpenHandle;
use crate::models::DeviceFiles;
use crate::text::Language;
use crate::watchdog::Phase;
use crate::whisper::Transcript;
use crate::whisper::assets::BiasBy;

/// Which model a worker loads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModelSource {
    /// Whisper base for the simulator: weights and tokenizer in the cache.
    Base {
        /// The weights file.
        weights: PathBuf,
        /// Its sha256.
        sha256: String,
        /// The tokenizer's file.
        tokenizer: PathBuf,
    },
    /// The canned model: tiny, with random weights. Its words mean nothing.
    Canned,
    /// Files for a device, or for a simulated one that stand for them.
    Device {
        /// The files.
        files: Box<DeviceFiles>,
        /// Who adds the positional bias.
        bias_by: BiasBy,
    },
}

/// What a worker needs to open a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// The runtime that is asked for.
    pub runtime: RuntimeChoice,
    /// The device's PCIe address; `None` takes any that is free.
    pub device: Option<String>,
    /// The model.
    pub model: ModelSource,
    /// How long one frame may take to be written to or read from the device.
    pub frame_timeout: Duration,
}

/// What the parent asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Request {
    /// List the devices of this runtime; with `details`, ask each what it is.
    Survey {
        /// The runtime.
        runtime: RuntimeChoice,
        /// Whether to ask each.
        details: bool,
    },
    /// Open the device and load the model.
    Open {
        /// Which and how.
        setup: Setup,
        /// Whether open files follow, to be kept until the worker ends.
        with_files: bool,
    },
    /// Transcribe; so many samples follow in frames of their own.
    Transcribe {
        /// The language that is spoken.
        language: Language,
        /// How many samples follow.
        samples: u64,
    },
    /// Take the device into use and let it go at once.
    Probe {
        /// The runtime.
        runtime: RuntimeChoice,
        /// The device's PCIe address.
        device: Option<String>,
    },
    /// Look at the threads of a process.
    Diagnose {
        /// The process.
        pid: u32,
    },
    /// Call a function of the executable that both sides run.
    Call(Call),
    /// Have the library reset a device.
    Reset {
        /// The runtime.
        runtime: RuntimeChoice,
        /// The device's PCIe address.
        device: String,
    },
    /// Let go of the device. The worker lives until the parent closes the socket.
    Close,
}

/// What the worker answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Response {
    /// The devices.
    Surveyed(Survey),
    /// The request has come to this phase, which has a deadline of its own.
    Phase(Phase),
    /// The device is open.
    Opened(Opened),
    /// So many seconds of the audio are done; the transcript comes later.
    Progress(f64),
    /// What was heard.
    Heard(Transcript),
    /// The request failed; the worker lives on.
    Failed(Failure),
    /// The device could be taken into use.
    Probed,
    /// What the threads do.
    Diagnosed(Diagnosis),
    /// What the function returned.
    Returned(Vec<u8>),
    /// The library has reset the device.
    Reset,
    /// The device is let go, but for these handles.
    Closed(Vec<OpenHandle>),
}

/// What a worker opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    /// The model's name.
    pub model: String,
    /// What it runs on.
    pub runtime: RuntimeKind,
    /// Something that people should know about the choice of runtime.
    pub notice: Option<String>,
    /// The devices in use: PCIe addresses.
    pub devices: Vec<String>,
    /// Seconds of audio in a window.
    pub window_seconds: f64,
    /// How long it took to open and load.
    pub elapsed: Duration,
}

/// What kind of failure a [`Failure`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum FailureKind {
    /// The runtime cannot be used.
    Runtime,
    /// Weights, HEFs or tokenizer cannot be used, or do not fit together.
    Assets,
    /// The device or its library failed.
    Device,
    /// The audio cannot be used.
    Audio,
    /// The request makes no sense, such as transcribing before opening.
    Request,
    /// The worker panicked.
    Panic,
}

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// What HailoRT answered, where it was asked.
    pub status: Option<u32>,
    /// The whole story.
    pub message: String,
}

/// Sends a message.
pub(super) fn send(to: &mut impl Write, message: &impl Serialize) -> Result<(), FrameError> {
    let bytes = postcard::to_stdvec(message).map_err(|e| FrameError::Malformed(e.to_string()))?;
    frame::write(to, FrameKind::Message, &bytes)
}

/// Receives a message.
pub(super) fn receive<T: DeserializeOwned>(from: &mut impl Read) -> Result<T, FrameError> {
    match frame::read(from)? {
        (FrameKind::Message, bytes) => {
            postcard::from_bytes(&bytes).map_err(|e| FrameError::Malformed(e.to_string()))
        }
        (FrameKind::Samples, _) => Err(FrameError::Malformed("samples instead of a message".into())),
    }
}

/// Samples in one frame.
const PIECE: usize = 1 << 18;

/// Sends samples, in pieces.
pub(super) fn send_samples(to: &mut impl Write, samples: &[f32]) -> Result<(), FrameError> {
    for piece in samples.chunks(PIECE) {
        let bytes: Vec<u8> = piece.iter().flat_map(|x| x.to_le_bytes()).collect();
        frame::write(to, FrameKind::Samples, &bytes)?;
    }
    Ok(())
}

/// Receives `count` samples.
pub(super) fn receive_samples(from: &mut impl Read, count: u64) -> Result<Vec<f32>, FrameError> {
    let mut samples = Vec::new();
    while (samples.len() as u64) < count {
        let (FrameKind::Samples, bytes) = frame::read(from)? else {
            return Err(FrameError::Malformed(format!(
                "a message after {} of {count} samples",
                samples.len()
            )));
        };
        let (values, rest) = bytes.as_chunks::<4>();
        if values.is_empty() || !rest.is_empty() {
            return Err(FrameError::Malformed(format!("{} bytes are no samples", bytes.len())));
        }
        samples.extend(values.iter().map(|b| f32::from_le_bytes(*b)));
        if samples.len() as u64 > count {
            return Err(FrameError::Malformed(format!("more than the {count} samples that were announced")));
        }
    }
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_pass_in_pieces_bit_by_bit() {
        let samples: Vec<f32> = (0..PIECE * 2 + 5).map(|i| (i as f32).sin()).collect();
        let mut bytes = Vec::new();
        send_samples(&mut bytes, &samples).unwrap();
        assert_eq!(receive_samples(&mut &bytes[..], samples.len() as u64).unwrap(), samples);
        for wrong in [samples.len() as u64 - 1, samples.len() as u64 + 1] {
            assert!(receive_samples(&mut &bytes[..], wrong).is_err());
        }
    }

    #[test]
    fn a_payload_that_is_no_message_is_refused() {
        let mut bytes = Vec::new();
        frame::write(&mut bytes, FrameKind::Message, &[200, 1, 2]).unwrap();
        assert!(matches!(receive::<Request>(&mut &bytes[..]), Err(FrameError::Malformed(_))));
    }
}
