//! How a lease is taken.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::error::LeaseError;
use super::folder::LockFolder;

/// The variable that says how many seconds to wait for a device.
pub const DEADLINE_VARIABLE: &str = "HAILO_LEASE_DEADLINE";
/// How long to wait for a device unless something else is said: longer than the tests of a device take that may come
/// before, shorter than the patience of a person.
pub const DEADLINE: Duration = Duration::from_secs(600);

/// How long to wait for a device that somebody else uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Not at all.
    Never,
    /// So long at most.
    AtMost(Duration),
}

impl Wait {
    /// What `HAILO_LEASE_DEADLINE` says, in seconds (0 waits not at all), or else 10 minutes.
    ///
    /// # Errors
    /// When it says something that is no number of seconds.
    pub fn from_environment() -> Result<Self, LeaseError> {
        let Some(value) = std::env::var_os(DEADLINE_VARIABLE).filter(|v| !v.is_empty()) else {
            return Ok(Self::AtMost(DEADLINE));
        };
        let seconds = value.to_str().and_then(|v| v.parse().ok());
        match seconds.and_then(|s: f64| Duration::try_from_secs_f64(s).ok()) {
            Some(Duration::ZERO) => Ok(Self::Never),
            Some(duration) => Ok(Self::AtMost(duration)),
            None => Err(LeaseError::Deadline { value: value.to_string_lossy().into_owned() }),
        }
    }
}

/// How a lease is taken.
#[derive(Clone, Debug)]
pub struct LeaseOptions {
    /// How long to wait.
    pub wait: Wait,
    /// Where the locks are.
    pub folder: LockFolder,
    /// What to call this program to others who wait; its file's name unless set.
    pub program: String,
    /// Ends the waiting when it becomes true.
    pub cancelled: Arc<AtomicBool>,
    /// Whether to say on standard error what is waited for; the first time after a second.
    pub notices: bool,
}

impl LeaseOptions {
    /// The usual folder (see [`LockFolder::usual`]) and deadline (see [`Wait::from_environment`]).
    ///
    /// # Errors
    /// When the folder cannot be used, or the deadline is no number.
    pub fn usual() -> Result<Self, LeaseError> {
        Ok(Self::in_folder(LockFolder::usual()?).waiting(Wait::from_environment()?))
    }

    /// This folder, and the usual deadline of 10 minutes.
    pub fn in_folder(folder: LockFolder) -> Self {
        let program =
            std::env::current_exe().ok().and_then(|p| Some(p.file_name()?.to_string_lossy().into_owned()));
        Self {
            wait: Wait::AtMost(DEADLINE),
            folder,
            program: program.unwrap_or_default(),
            cancelled: Arc::default(),
            notices: true,
        }
    }

    /// Waits so long.
    pub fn waiting(mut self, wait: Wait) -> Self {
        self.wait = wait;
        self
    }
}
