//! `HAILO_REQUIRED`: whether it is a failure that there is no device.
//!
//! Without it, what may use a device goes on with the simulator where there is none, and says so. On a machine that is
//! there to test a device this would let a run pass that has seen none.

use std::ffi::OsStr;

use hailort_sys::LoadError;

/// The variable: `1`, or `0` as where it is not set.
pub const VARIABLE: &str = "HAILO_REQUIRED";

/// What kind of failure a [`RequiredError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequiredErrorKind {
    /// The variable says something that it cannot say.
    Value,
    /// A device is required, and the simulator is asked for.
    Contradiction,
    /// The library cannot be used.
    Library,
    /// The library is the simulator's.
    Simulator,
    /// No device is listed.
    NoDevice,
}

/// Why what requires a device cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequiredError {
    /// The variable says something that it cannot say.
    #[error(
        "{VARIABLE}={value}: 1 makes it a failure that there is no device, 0 does not, as where it is not set"
    )]
    Value {
        /// What it says.
        value: String,
    },
    /// A device is required, and the simulator is asked for.
    #[error(
        "{VARIABLE}=1 requires a device, and HAILO_RUNTIME=sim asks for the simulator: unset one of them, or say \
         HAILO_RUNTIME=device"
    )]
    Contradiction,
    /// The library cannot be used.
    #[error("{VARIABLE}=1, and no device can be used: {0}; `hailo-harness doctor` says what is missing")]
    Library(#[source] LoadError),
    /// The library is the simulator's.
    #[error(
        "{VARIABLE}=1, and {library} is the simulator in the form of a library (device-api-on-sim): unset \
         HAILORT_LIBRARY or name HailoRT's own file in it, and see what `hailo-harness doctor` finds"
    )]
    Simulator {
        /// The file or name that was loaded.
        library: String,
    },
    /// No device is listed.
    #[error(
        "{VARIABLE}=1, and there is no device: none is listed; `hailo-harness doctor` looks at the driver, the device's \
         node and the permission to open it"
    )]
    NoDevice,
}

impl RequiredError {
    /// What kind of failure it is.
    pub fn kind(&self) -> RequiredErrorKind {
        match self {
            Self::Value { .. } => RequiredErrorKind::Value,
            Self::Contradiction => RequiredErrorKind::Contradiction,
            Self::Library(_) => RequiredErrorKind::Library,
            Self::Simulator { .. } => RequiredErrorKind::Simulator,
            Self::NoDevice => RequiredErrorKind::NoDevice,
        }
    }
}

/// Whether `HAILO_REQUIRED` makes it a failure that there is no device.
///
/// # Errors
/// When it says anything but `1` or `0`: a typing error must not let a run pass that has seen no device.
pub fn required() -> Result<bool, RequiredError> {
    said(std::env::var_os(VARIABLE).as_deref())
}

pub(super) fn said(value: Option<&OsStr>) -> Result<bool, RequiredError> {
    match value.filter(|v| !v.is_empty()) {
        None => Ok(false),
        Some(value) if value == "0" => Ok(false),
        Some(value) if value == "1" => Ok(true),
        Some(value) => Err(RequiredError::Value { value: value.to_string_lossy().into_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_requires_and_whatever_is_neither_one_nor_zero_is_refused_with_both() {
        for (value, expected) in [(None, false), (Some(""), false), (Some("0"), false), (Some("1"), true)] {
            assert_eq!(said(value.map(OsStr::new)).unwrap(), expected, "{value:?}");
        }
        for value in ["true", "yes", "01", " 1", "2", "-1"] {
            let error = said(Some(OsStr::new(value))).unwrap_err();
            assert_eq!(error.kind(), RequiredErrorKind::Value);
            let text = error.to_string();
            assert!(
                text.starts_with(&format!("HAILO_REQUIRED={value}: 1 ")) && text.contains(" 0 "),
                "{text}"
            );
        }
    }
}
