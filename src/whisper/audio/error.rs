//! What is wrong with audio.

/// What kind of failure an [`AudioError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AudioErrorKind {
    /// The file cannot be opened or read.
    Unreadable,
    /// It is neither WAV nor FLAC, or of a kind of them that is not read.
    Format,
    /// It ends before its header says, or data in it is damaged.
    Damaged,
    /// A sample is no finite number.
    NotFinite,
}

/// Audio that cannot be used. The message names the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot use {name}: {reason}")]
pub struct AudioError {
    name: String,
    kind: AudioErrorKind,
    reason: String,
}

impl AudioError {
    pub(crate) fn new(name: &str, kind: AudioErrorKind, reason: String) -> Self {
        Self { name: name.into(), kind, reason }
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> AudioErrorKind {
        self.kind
    }
}
