//! What can be wrong with a corpus.

use std::fmt;
use std::path::{Path, PathBuf};

/// Why a corpus cannot be used, where it says so, and about which clip.
///
/// Printed as `<manifest>:<line>: clip "<id>": <cause>`, with the parts that are known.
#[derive(Debug, thiserror::Error)]
pub struct CorpusError {
    kind: CorpusErrorKind,
    manifest: PathBuf,
    line: Option<usize>,
    clip: Option<String>,
    message: String,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kind of a [`CorpusError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CorpusErrorKind {
    /// The folder has no `manifest.toml`.
    MissingManifest,
    /// The manifest or a clip exists and cannot be read.
    Unreadable,
    /// The manifest is no TOML, or a field is missing or of the wrong type.
    BadToml,
    /// A field that no clip has.
    UnknownField,
    /// An id that cannot be the name of a test.
    BadId,
    /// Two clips with the same id (upper and lower case are the same) or the same file.
    Duplicate,
    /// A clip whose file lies outside the corpus: an absolute path, `..`, or a link that leaves the folder.
    OutsideCorpus,
    /// A clip whose file does not exist, or is no file.
    MissingFile,
    /// A language that Whisper does not know.
    UnknownLanguage,
    /// An intent that the dictionary does not know.
    UnknownIntent,
    /// A value that makes no sense: slots without an intent, or a length or speed that is not above zero.
    BadValue,
}

impl CorpusError {
    pub(super) fn new(kind: CorpusErrorKind, manifest: &Path, message: impl Into<String>) -> Self {
        Self {
            kind,
            manifest: manifest.to_owned(),
            line: None,
            clip: None,
            message: message.into(),
            source: None,
        }
    }

    pub(super) fn at(mut self, line: Option<usize>) -> Self {
        self.line = line;
        self
    }

    pub(super) fn of(mut self, clip: Option<String>) -> Self {
        self.clip = clip;
        self
    }

    pub(super) fn caused_by(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// What is wrong.
    pub fn kind(&self) -> CorpusErrorKind {
        self.kind
    }

    /// The manifest's file.
    pub fn manifest(&self) -> &Path {
        &self.manifest
    }

    /// The line of the manifest, from 1, where one is to blame.
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// The id of the clip, where one is to blame.
    pub fn clip(&self) -> Option<&str> {
        self.clip.as_deref()
    }
}

impl fmt::Display for CorpusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.manifest.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(clip) = &self.clip {
            write!(f, ": clip {clip:?}")?;
        }
        write!(f, ": {}", self.message)
    }
}
