//! How a lease is taken.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::error::LeaseError;
use super::folder::LockFolder;

/// The variable that says how many seconds to wait for a device.
pub const DEADLINE_VARIABLE: &str = "HAILO_DEVICE_DEADLINE";
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
    /// What `HAILO_DEVICE_DEADLINE` says, in seconds; 10 minutes where it is not set, and 0 is [`Wait::Never`].
    ///
    /// # Errors
    /// When it says something that is no number of seconds.
    pub fn from_environment() -> Result<Self, LeaseError> {
        match std::env::var_os(DEADLINE_VARIABLE).filter(|v| !v.is_empty()) {
            None => Ok(Self::default()),
            Some(value) => Self::parse(&value.to_string_lossy()),
        }
    }

    fn parse(value: &str) -> Result<Self, LeaseError> {
        let seconds = value.trim().parse().ok().and_then(|s| Duration::try_from_secs_f64(s).ok());
        seconds.map(Self::from).ok_or_else(|| LeaseError::Deadline { value: value.into() })
    }

    /// The longest time; zero for [`Wait::Never`].
    pub fn longest(self) -> Duration {
        match self {
            Self::Never => Duration::ZERO,
            Self::AtMost(time) => time,
        }
    }
}

impl Default for Wait {
    fn default() -> Self {
        Self::AtMost(DEADLINE)
    }
}

impl From<Duration> for Wait {
    fn from(time: Duration) -> Self {
        if time.is_zero() { Self::Never } else { Self::AtMost(time) }
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
    /// Whether to take a device that is marked as wedged, too: to find out whether it still is.
    pub wedged: bool,
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
            wait: Wait::default(),
            folder,
            program: program.unwrap_or_default(),
            cancelled: Arc::default(),
            wedged: false,
            notices: true,
        }
    }

    /// Waits so long.
    pub fn waiting(mut self, wait: Wait) -> Self {
        self.wait = wait;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read_and_garbage_is_refused_by_name() {
        assert_eq!(Wait::parse("90").unwrap(), Wait::AtMost(Duration::from_secs(90)));
        assert_eq!(Wait::parse(" 0.25 ").unwrap(), Wait::AtMost(Duration::from_millis(250)));
        assert_eq!(Wait::parse("0").unwrap(), Wait::Never);
        for value in ["-1", "ten", "10m", "NaN", "inf", "1e300", " "] {
            let error = Wait::parse(value).unwrap_err().to_string();
            assert!(
                error.contains(DEADLINE_VARIABLE) && error.contains(value) && error.contains("seconds"),
                "{error}"
            );
        }
    }
}
