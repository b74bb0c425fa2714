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
    /// A file is not the one that was fetched first.
    Changed,
    /// A file is not what its name says.
    Unusable,
    /// The lock file cannot be read or written, or makes no sense.
    Lock,
    /// A setting makes no sense.
    Setting,
}

/// A published file that is not the one that was fetched first.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{file} is not the file that was fetched first, and is not used:\n  {} has {} bytes, sha256 {}\n  {from} has {} bytes, \
     sha256 {}\nwhere that is meant to be so, accept it with `{command} --update-lock`",
    lock.display(), locked.0, locked.1, found.0, found.1
)]
pub struct Changed {
    /// Its path where it is published.
    pub file: String,
    /// Where it came from.
    pub from: String,
    /// The lock file.
    pub lock: PathBuf,
    /// Length and hash that it had first.
    pub locked: (u64, String),
    /// Length and hash that it has now.
    pub found: (u64, String),
    /// What fetches it.
    pub command: String,
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
    /// A published file is not in the cache, and `HAILO_OFFLINE` forbids to fetch it.
    #[error(
        "{model} is not in {directory}, and HAILO_OFFLINE forbids to fetch it; unset it and run `{command}`, or fetch \
         from a folder: `{command} --from DIR`"
    )]
    OfflinePublished {
        /// The model.
        model: String,
        /// The cache.
        directory: PathBuf,
        /// What fetches it.
        command: String,
    },
    /// A published file in the cache is truncated or altered.
    #[error("{file} ({path}) is {what}: it is not used; run `{command}` to replace it")]
    AlteredPublished {
        /// The file in the cache.
        path: PathBuf,
        /// Its name.
        file: String,
        /// What is wrong with it.
        what: String,
        /// What fetches it.
        command: String,
    },
    /// A published file cannot be had.
    #[error(
        "cannot fetch {file} from {from}: {why}; connect to a network and run `{command}`, or bring the files into a \
         folder on another way and run `{command} --from DIR`"
    )]
    Unfetched {
        /// Its name.
        file: String,
        /// Where it was asked for.
        from: String,
        /// Why not.
        why: String,
        /// What fetches it.
        command: String,
    },
    /// A published file is not the one that was fetched first.
    #[error(transparent)]
    Changed(#[from] Box<Changed>),
    /// A published file is not what its name says.
    #[error(
        "{file} from {from} cannot be used, and was not kept: {why}; is there something between this machine and the \
         source, such as a page to log in? `hailo-harness hef FILE` shows what a HEF is"
    )]
    NotThat {
        /// Its name.
        file: String,
        /// Where it came from.
        from: String,
        /// What is wrong with it.
        why: String,
    },
    /// The lock file cannot be read or written, or makes no sense.
    #[error(
        "the lock file {path} cannot be used: {why}; mend it, get it back from version control, or remove it to believe \
         what comes next"
    )]
    Lock {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Files would come over a connection that anybody can change.
    #[error(
        "{url} is not https (is it in HAILO_PUBLISHED_URL?): files are fetched over https, or from a folder with --from DIR"
    )]
    Insecure {
        /// The address.
        url: String,
    },
    /// A folder of files for a device lacks one.
    #[error("{folder} has no {what}; {hint}")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What is missing, or there more than once.
        what: String,
        /// What to try.
        hint: String,
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
            Self::OfflinePublished { .. } | Self::Folder { .. } => ModelErrorKind::Missing,
            Self::AlteredPublished { .. } => ModelErrorKind::Altered,
            Self::Unfetched { .. } => ModelErrorKind::Unreachable,
            Self::Changed(_) => ModelErrorKind::Changed,
            Self::NotThat { .. } => ModelErrorKind::Unusable,
            Self::Lock { .. } => ModelErrorKind::Lock,
            Self::Insecure { .. } => ModelErrorKind::Setting,
        }
    }
}
