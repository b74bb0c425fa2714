//! How long to wait for a device that somebody else uses.

use std::time::Duration;

/// The variable that says how long to wait for a device, in seconds.
pub const VARIABLE: &str = "HAILO_DEVICE_DEADLINE";

/// How long to wait for a device that somebody else uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceWait {
    /// Not at all: a device in use is an error at once.
    Never,
    /// At most so long.
    AtMost(Duration),
}

/// `HAILO_DEVICE_DEADLINE` says something that is no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{VARIABLE}={value}: give the time to wait for a device in seconds, such as 600 or 2.5; 0 never waits"
)]
pub struct DeviceWaitError {
    /// What it says.
    pub value: String,
}

impl Default for DeviceWait {
    /// 10 minutes: longer than any test suite of one device should hold it, and shorter than a night.
    fn default() -> Self {
        Self::AtMost(Duration::from_secs(600))
    }
}

impl DeviceWait {
    /// What `HAILO_DEVICE_DEADLINE` says, in seconds; 10 minutes where it is not set, and 0 is [`DeviceWait::Never`].
    ///
    /// # Errors
    /// When it says something that is no time.
    pub fn from_environment() -> Result<Self, DeviceWaitError> {
        match std::env::var_os(VARIABLE).filter(|v| !v.is_empty()) {
            None => Ok(Self::default()),
            Some(value) => Self::parse(&value.to_string_lossy()),
        }
    }

    fn parse(value: &str) -> Result<Self, DeviceWaitError> {
        let seconds = value.trim().parse().ok().and_then(|s| Duration::try_from_secs_f64(s).ok());
        seconds.map(Self::from).ok_or_else(|| DeviceWaitError { value: value.into() })
    }

    /// The longest time; zero for [`DeviceWait::Never`].
    pub fn longest(self) -> Duration {
        match self {
            Self::Never => Duration::ZERO,
            Self::AtMost(time) => time,
        }
    }
}

impl From<Duration> for DeviceWait {
    fn from(time: Duration) -> Self {
        if time.is_zero() { Self::Never } else { Self::AtMost(time) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read_and_garbage_is_refused_by_name() {
        assert_eq!(DeviceWait::parse("90"), Ok(DeviceWait::AtMost(Duration::from_secs(90))));
        assert_eq!(DeviceWait::parse(" 0.25 "), Ok(DeviceWait::AtMost(Duration::from_millis(250))));
        assert_eq!(DeviceWait::parse("0"), Ok(DeviceWait::Never));
        for value in ["-1", "ten", "10m", "NaN", "inf", "1e300", " "] {
            let error = DeviceWait::parse(value).unwrap_err().to_string();
            assert!(
                error.contains(VARIABLE) && error.contains(value) && error.contains("seconds"),
                "{error}"
            );
        }
    }
}
