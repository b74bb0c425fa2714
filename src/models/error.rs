//! Why a model's files cannot be had.

use std::path::PathBuf;

/// What kind of failure a [`ModelError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelErrorKind {
    /// There is no model of that name.
    Unknown,
    /// A file is not in the cache, and must not or cannot be fetched.
    Missing,
    /// A file in the cache is truncated or altered.
    Altered,
    /// No source gave the files.
    Unreachable,
    /// The cache cannot be read or written: no permission, no space.
    Cache,
}

/// A model whose files cannot be had. Each message ends with the next thing to try.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// There is no model of that name.
    #[error("there is no model {name:?}; there is: {known}")]
    Unknown {
        /// The name.
        name: String,
        /// All names.
        known: String,
    },
    /// A file is not in the cache, and `HAILO_OFFLINE` forbids to fetch it.
    #[error(
        "{model} is not in {directory}, and HAILO_OFFLINE forbids to fetch it; unset it and run \
         `hailo-harness models fetch`, or fetch from a folder: `hailo-harness models fetch --from DIR`"
    )]
    Offline {
        /// The model.
        model: String,
        /// The cache.
        directory: PathBuf,
    },
    /// A file in the cache is truncated or altered.
    #[error("{path} is {what}: it is not used; run `hailo-harness models fetch` to replace it")]
    Altered {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// No source gave the files.
    #[error(
        "cannot fetch {model}:{}\nconnect to a network and run `hailo-harness models fetch`, or bring {files} into a \
         folder on another way (they are at https://huggingface.co/Systran/faster-whisper-base) and run \
         `hailo-harness models fetch --from DIR`",
        reasons.iter().map(|(source, why)| format!("\n  {source}: {why}")).collect::<String>()
    )]
    Unreachable {
        /// The model.
        model: String,
        /// Its files.
        files: String,
        /// Why each source did not serve: its name, the reason.
        reasons: Vec<(String, String)>,
    },
    /// The cache cannot be read or written.
    #[error("cannot {action} {path}: {source}; the cache can be elsewhere: set HAILO_CACHE_DIR")]
    Cache {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl ModelError {
    /// What kind of failure it is.
    pub fn kind(&self) -> ModelErrorKind {
        match self {
            Self::Unknown { .. } => ModelErrorKind::Unknown,
            Self::Offline { .. } => ModelErrorKind::Missing,
            Self::Altered { .. } => ModelErrorKind::Altered,
            Self::Unreachable { .. } => ModelErrorKind::Unreachable,
            Self::Cache { .. } => ModelErrorKind::Cache,
        }
    }
}
