//! Which call of HailoRT answered what.

use hailort_sys::status::{
    HAILO_DEVICE_IN_USE, HAILO_DRIVER_INVALID_IOCTL, HAILO_DRIVER_INVALID_RESPONSE,
    HAILO_DRIVER_NOT_INSTALLED, HAILO_DRIVER_OPERATION_FAILED, HAILO_DRIVER_TIMEOUT,
    HAILO_FW_CONTROL_FAILURE, HAILO_HEF_FILE_CORRUPTED, HAILO_HEF_NOT_COMPATIBLE_WITH_DEVICE,
    HAILO_HEF_NOT_SUPPORTED, HAILO_INTERNAL_FAILURE, HAILO_INVALID_DRIVER_VERSION, HAILO_INVALID_HEF,
    HAILO_NOT_IMPLEMENTED, HAILO_OPEN_FILE_FAILURE, HAILO_OUT_OF_PHYSICAL_DEVICES, HAILO_TIMEOUT,
    HAILO_UNSUPPORTED_FW_VERSION, HAILO_UNSUPPORTED_OPCODE,
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
            HAILO_DRIVER_OPERATION_FAILED => {
                "this user may not open the device, or it has left the bus: see `ls -l /dev/hailo0`, and join the group \
                 that it belongs to (`sudo usermod -aG GROUP $USER`, then log in again)"
            }
            HAILO_DRIVER_NOT_INSTALLED => {
                "there is no driver, or no device: `lspci -d 1e60:` lists devices, `lsmod | grep hailo` the driver; on a \
                 Raspberry Pi `sudo apt install hailo-all` and a restart bring it"
            }
            HAILO_INVALID_DRIVER_VERSION | HAILO_DRIVER_INVALID_IOCTL | HAILO_DRIVER_INVALID_RESPONSE => {
                "`modinfo -F version hailo_pci` and `hailortcli --version` show both: install the same version of \
                 both, and restart"
            }
            HAILO_DRIVER_TIMEOUT | HAILO_FW_CONTROL_FAILURE | HAILO_UNSUPPORTED_OPCODE => {
                "the firmware does not answer, or is another version's: `hailo-harness devices --reset` gets it back; \
                 where it does not, switch the machine off and on"
            }
            HAILO_UNSUPPORTED_FW_VERSION => {
                "firmware and library differ: install the same version of library and driver, which brings the firmware, \
                 and restart"
            }
            HAILO_HEF_NOT_COMPATIBLE_WITH_DEVICE => {
                "`hailo-harness devices` shows what the device is, `hailo-harness models fetch --arch ARCH` brings the \
                 files for it; is HAILO_ARCH set to another one?"
            }
            HAILO_INVALID_HEF => {
                "HailoRT 4.20 says so of a HEF for another architecture, too: `hailo-harness devices` shows what the device \
                 is, `hailo-harness hef FILE` what is wrong with the file, `hailo-harness models fetch --arch ARCH` brings \
                 another"
            }
            HAILO_HEF_FILE_CORRUPTED | HAILO_HEF_NOT_SUPPORTED => {
                "`hailo-harness hef FILE` says what is wrong with it, `hailo-harness models fetch` replaces files of the \
                 cache; a library older than the file's compiler cannot read it"
            }
            HAILO_OPEN_FILE_FAILURE => "is the file there? `hailo-harness models verify` looks",
            HAILO_NOT_IMPLEMENTED if self.call == "hailo_configure_vdevice" => {
                "HailoRT's C API offers no inference for Hailo-10H and Hailo-15: use a Hailo-8, Hailo-8L or Hailo-8R with \
                 HailoRT 4.20 to 4.23, or the simulator (HAILO_RUNTIME=sim)"
            }
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
