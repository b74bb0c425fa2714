//! Sound that did not become text.

use crate::device::RuntimeError;
use crate::models::ModelError;
use crate::whisper::audio::AudioError;
use crate::worker::{FailureKind, WorkerError, WorkerErrorKind};

/// What kind of failure a [`SttError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SttErrorKind {
    /// The audio cannot be used.
    Audio,
    /// The model's files cannot be had or used.
    Model,
    /// The device, its library or the runtime failed.
    Device,
    /// The deadline passed; the worker was killed.
    Hang,
    /// The worker died, could not be started, or did not speak the protocol.
    Worker,
    /// It was closed, or an earlier failure ended the worker: [`HailoStt::reload`](super::HailoStt::reload).
    Unavailable,
}

/// Sound that did not become text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SttError {
    /// The audio cannot be used.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// The runtime that is asked for is none.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The model's files cannot be had.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Something failed in the worker, or the worker itself.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// There is no worker any more.
    #[error("speech-to-text is not available: {0}")]
    Unavailable(String),
}

impl SttError {
    /// What kind of failure it is.
    pub fn kind(&self) -> SttErrorKind {
        match self {
            Self::Audio(_) => SttErrorKind::Audio,
            Self::Runtime(_) => SttErrorKind::Device,
            Self::Model(_) => SttErrorKind::Model,
            Self::Unavailable(_) => SttErrorKind::Unavailable,
            Self::Worker(error) => match error.kind() {
                WorkerErrorKind::Failed(FailureKind::Audio) => SttErrorKind::Audio,
                WorkerErrorKind::Failed(FailureKind::Assets) => SttErrorKind::Model,
                WorkerErrorKind::Failed(FailureKind::Device | FailureKind::Runtime) => SttErrorKind::Device,
                WorkerErrorKind::Hang => SttErrorKind::Hang,
                WorkerErrorKind::Closed => SttErrorKind::Unavailable,
                _ => SttErrorKind::Worker,
            },
        }
    }

    /// What HailoRT answered, where it was asked.
    pub fn hailo_status(&self) -> Option<u32> {
        match self {
            Self::Worker(WorkerError::Failed(failure)) => failure.status,
            _ => None,
        }
    }
}
