//! Sound that did not become text.

use std::time::Duration;

use super::files::FilesError;
use super::options::SttModelError;
use crate::device::lease::LeaseError;
use crate::device::{Holders, RuntimeError};
use crate::leaks::PolicyError;
use crate::models::ModelError;
use crate::watchdog::{DeadlinesError, Hang};
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
    /// Somebody else uses the device, or this thread does.
    Busy,
    /// The device is marked: it stayed busy after a hang, or its holder could not be killed.
    Wedged,
    /// The deadline passed; the worker was ended.
    Hang,
    /// The worker died, could not be started, or did not speak the protocol.
    Worker,
    /// It was closed, or an earlier failure ended the worker: [`HailoStt::reload`](super::HailoStt::reload).
    Unavailable,
    /// Speech-to-text was not enabled.
    NotEnabled,
    /// The process is ending, and the device was let go.
    Cancelled,
    /// An option or a variable makes no sense.
    Setting,
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
    /// A status of HailoRT that may go away did not: it was tried more than once.
    #[error("after {attempts} attempts in {:.1} s: {source}", elapsed.as_secs_f64())]
    Repeated {
        /// How often it was tried.
        attempts: u32,
        /// How long all attempts took together, with the delays.
        elapsed: Duration,
        /// The last failure.
        source: WorkerError,
    },
    /// There is no worker, or none any more.
    #[error("speech-to-text is not available: {0}")]
    Unavailable(String),
    /// Speech-to-text was not enabled.
    #[error(
        "speech-to-text was not enabled; leave out enable_stt(false), or start with HailoContext::start or stt_only"
    )]
    NotEnabled,
    /// The process is ending, and the device was let go.
    #[error("speech-to-text was given up, as cleanup handlers have run: the process is ending")]
    Cancelled,
    /// It is not known which files the device needs.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The model that is asked for is none.
    #[error(transparent)]
    UnknownModel(#[from] SttModelError),
    /// The deadlines that are asked for are none.
    #[error(transparent)]
    Deadlines(#[from] DeadlinesError),
    /// The policy for leaks that is asked for is none.
    #[error(transparent)]
    Leaks(#[from] PolicyError),
    /// The device was not to be had for this process: it was in use for too long, or is in use and nothing is waited
    /// for, or there is no such device.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// A program that did not ask for the lease uses the device.
    #[error("{source}\n  {holders}")]
    InUse {
        /// What the library said.
        source: Box<SttError>,
        /// Who has the device open, as far as it can be seen.
        holders: Holders,
    },
}

impl SttError {
    /// What kind of failure it is.
    pub fn kind(&self) -> SttErrorKind {
        match self {
            Self::Audio(_) => SttErrorKind::Audio,
            Self::Runtime(_) => SttErrorKind::Device,
            Self::Model(_) => SttErrorKind::Model,
            Self::Unavailable(_) => SttErrorKind::Unavailable,
            Self::NotEnabled => SttErrorKind::NotEnabled,
            Self::Cancelled => SttErrorKind::Cancelled,
            Self::Files(FilesError::Unidentified { .. } | FilesError::Architecture { .. }) => {
                SttErrorKind::Device
            }
            Self::Files(_) | Self::UnknownModel(_) | Self::Deadlines(_) | Self::Leaks(_) => {
                SttErrorKind::Setting
            }
            Self::Lease(error) => match error {
                LeaseError::Timeout { .. } | LeaseError::Busy { .. } | LeaseError::SameThread { .. } => {
                    SttErrorKind::Busy
                }
                LeaseError::Cancelled => SttErrorKind::Cancelled,
                LeaseError::Wedged { .. } => SttErrorKind::Wedged,
                LeaseError::NoDevice | LeaseError::UnknownDevice { .. } => SttErrorKind::Device,
                _ => SttErrorKind::Setting,
            },
            Self::InUse { source, .. } => source.kind(),
            Self::Worker(error) | Self::Repeated { source: error, .. } => match error.kind() {
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
            Self::Worker(WorkerError::Failed(failure))
            | Self::Repeated { source: WorkerError::Failed(failure), .. } => failure.status,
            Self::InUse { source, .. } => source.hailo_status(),
            _ => None,
        }
    }

    /// What is known of the worker, where it hung.
    pub fn hang(&self) -> Option<&Hang> {
        match self {
            Self::Worker(error) | Self::Repeated { source: error, .. } => error.hang(),
            Self::InUse { source, .. } => source.hang(),
            _ => None,
        }
    }

    /// This failure, after so many attempts.
    pub(super) fn after(self, attempts: u32, elapsed: Duration) -> Self {
        match self {
            Self::Worker(source) if attempts > 1 => Self::Repeated { attempts, elapsed, source },
            other => other,
        }
    }

    /// How often it was tried.
    pub fn attempts(&self) -> u32 {
        match self {
            Self::Repeated { attempts, .. } => *attempts,
            Self::InUse { source, .. } => source.attempts(),
            _ => 1,
        }
    }
}
