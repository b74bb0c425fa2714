//! Which call of HailoRT answered what.

use hailort_sys::status::{
    HAILO_DEVICE_IN_USE, HAILO_DRIVER_OPERATION_FAILED, HAILO_HEF_NOT_COMPATIBLE_WITH_DEVICE,
    HAILO_INTERNAL_FAILURE, HAILO_OUT_OF_PHYSICAL_DEVICES, HAILO_TIMEOUT,
};
use hailort_sys::{status_meaning, status_name};

/// A call of HailoRT that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HailoError {
    /// The call.
    pub call: &'static str,
    /// What it was about: a file, a vstream; may be empty.
    pub object: String,
    /// What it answered.
    pub status: u32,
}

impl HailoError {
    /// `Ok` for status 0.
    ///
    /// # Errors
    /// For any other status.
    pub(crate) fn check(call: &'static str, object: &str, status: u32) -> Result<(), Self> {
        if status == 0 { Ok(()) } else { Err(Self { call, object: object.into(), status }) }
    }

    /// The next thing to try, where there is something to say.
    fn hint(&self) -> Option<&'static str> {
        Some(match self.status {
            HAILO_DEVICE_IN_USE | HAILO_OUT_OF_PHYSICAL_DEVICES => {
                "another program may hold it, or there is none: see `hailo-harness devices`"
            }
            HAILO_DRIVER_OPERATION_FAILED => "check the permissions of /dev/hailo0",
            HAILO_HEF_NOT_COMPATIBLE_WITH_DEVICE => "take the file that was compiled for this device",
            HAILO_INTERNAL_FAILURE => {
                "the library's own log says more; `hailo-harness models verify` checks the weights"
            }
            HAILO_TIMEOUT => "the device did not answer in time: it may hang",
            _ => return None,
        })
    }
}

impl std::fmt::Display for HailoError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.call)?;
        if !self.object.is_empty() {
            write!(f, " ({})", self.object)?;
        }
        write!(f, " answered {}", self.status)?;
        if let Some(name) = status_name(self.status) {
            write!(f, " {name}")?;
        }
        if let Some(meaning) = status_meaning(self.status) {
            write!(f, ": {meaning}")?;
        }
        if let Some(hint) = self.hint() {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for HailoError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_call_object_status_and_what_to_do() {
        let e = HailoError::check("hailo_create_vdevice", "", 74).unwrap_err().to_string();
        assert!(e.contains("hailo_create_vdevice") && e.contains("HAILO_OUT_OF_PHYSICAL_DEVICES"), "{e}");
        assert!(e.contains("hailo-harness devices"), "{e}");
        let unknown = HailoError::check("hailo_identify", "0000:01:00.0", 4000).unwrap_err().to_string();
        assert_eq!(unknown, "hailo_identify (0000:01:00.0) answered 4000");
        assert_eq!(HailoError::check("hailo_identify", "", 0), Ok(()));
    }
}
