//! What can go wrong with a worker.

use std::process::ExitStatus;

use super::frame::FrameError;
use super::message::{Failure, FailureKind};
use crate::hailort::recorder::CallInProgress;
use crate::watchdog::{Hang, Phase};

/// What kind of failure a [`WorkerError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkerErrorKind {
    /// The process could not be started.
    Spawn,
    /// The request failed, the worker lives on: see [`FailureKind`].
    Failed(FailureKind),
    /// The worker ended by itself or was killed by somebody else.
    Died,
    /// The deadline passed; the worker was ended.
    Hang,
    /// What came from the worker is not the protocol; the worker was killed.
    Protocol,
    /// The worker was closed before.
    Closed,
}

/// What can go wrong with a worker.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// The process could not be started.
    #[error("cannot start a worker ({program}): {source}")]
    Spawn {
        /// What was executed.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The request failed; the worker lives on.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// The worker ended by itself or was killed by somebody else.
    #[error(
        "the worker died while it was asked to {}{} ({}){}",
        phase.task(), within(calls), describe(*status), last_lines(log)
    )]
    Died {
        /// What it was asked to do.
        phase: Phase,
        /// How it ended, where that is known.
        status: Option<ExitStatus>,
        /// The calls of HailoRT that its threads were in.
        calls: Vec<CallInProgress>,
        /// The last lines that it wrote.
        log: Vec<String>,
    },
    /// The deadline passed; the worker was ended.
    #[error(transparent)]
    Hang(#[from] Box<Hang>),
    /// What came from the worker is not the protocol; the worker was killed.
    #[error(
        "the worker does not speak the protocol: {source}; is HAILO_WORKER another version?{}",
        last_lines(log)
    )]
    Protocol {
        /// What is wrong.
        source: FrameError,
        /// The last lines that it wrote.
        log: Vec<String>,
    },
    /// The worker was closed before.
    #[error("the worker was closed before")]
    Closed,
}

impl WorkerError {
    /// What is known of the worker, where it hung.
    pub fn hang(&self) -> Option<&Hang> {
        if let Self::Hang(hang) = self { Some(hang) } else { None }
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> WorkerErrorKind {
        match self {
            Self::Spawn { .. } => WorkerErrorKind::Spawn,
            Self::Failed(failure) => WorkerErrorKind::Failed(failure.kind),
            Self::Died { .. } => WorkerErrorKind::Died,
            Self::Hang(_) => WorkerErrorKind::Hang,
            Self::Protocol { .. } => WorkerErrorKind::Protocol,
            Self::Closed => WorkerErrorKind::Closed,
        }
    }
}

fn within(calls: &[CallInProgress]) -> String {
    calls.first().map(|call| format!(", in {}", call.call)).unwrap_or_default()
}

pub(super) fn describe(status: Option<ExitStatus>) -> String {
    // `ExitStatus` shows itself as "signal: 9 (SIGKILL)" or "exit status: 3".
    status.map_or_else(|| "how it ended is not known".into(), |s| s.to_string())
}

fn last_lines(log: &[String]) -> String {
    if log.is_empty() {
        return String::new();
    }
    let lines: String = log.iter().map(|l| format!("\n    {l}")).collect();
    format!("\n  its last lines:{lines}")
}
