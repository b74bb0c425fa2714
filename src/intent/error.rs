//! What can be wrong with an intent dictionary.

use std::fmt;

/// Why an intent dictionary cannot be used, and where it says so.
///
/// Printed as `<dictionary>:<line>: <cause>`.
#[derive(Debug, thiserror::Error)]
pub struct IntentError {
    kind: IntentErrorKind,
    dictionary: String,
    line: Option<usize>,
    message: String,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kind of an [`IntentError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IntentErrorKind {
    /// No dictionary for this language is built in, or a dictionary says it is for a language that is not known.
    UnknownLanguage,
    /// The dictionary's file cannot be read.
    Unreadable,
    /// The dictionary is no TOML, or a field is missing, unknown, or of the wrong type.
    BadToml,
    /// A trigger that cannot be read, or that names a word list or slot that does not exist.
    BadTrigger,
    /// Two intents with the same name.
    Duplicate,
}

impl IntentError {
    pub(super) fn new(kind: IntentErrorKind, dictionary: &str, message: impl Into<String>) -> Self {
        Self { kind, dictionary: dictionary.to_owned(), line: None, message: message.into(), source: None }
    }

    pub(super) fn at(mut self, line: Option<usize>) -> Self {
        self.line = line;
        self
    }

    pub(super) fn caused_by(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// What is wrong.
    pub fn kind(&self) -> IntentErrorKind {
        self.kind
    }

    /// The dictionary's file, or the name of the one that is built in.
    pub fn dictionary(&self) -> &str {
        &self.dictionary
    }

    /// The line of the dictionary, from 1, where one is to blame.
    pub fn line(&self) -> Option<usize> {
        self.line
    }
}

impl fmt::Display for IntentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.dictionary)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)
    }
}
