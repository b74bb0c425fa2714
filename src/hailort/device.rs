//! A physical device, opened to ask what it is: allowed beside another program that uses it.

use std::panic::Location;

use hailort_sys::Api;
use hailort_sys::types::*;
use serde::{Deserialize, Serialize};

use super::call::call;
use super::error::HailoError;
use super::ledger::{self, Made};
use super::signals::Blocked;

/// What a device says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// `hailo8`, `hailo8l`, …
    pub architecture: String,
    /// The firmware's version.
    pub firmware: String,
    /// The board's name.
    pub board: String,
    /// The serial number; may be empty.
    pub serial_number: String,
    /// The product's name; may be empty.
    pub product: String,
}

/// A physical device. It is closed when this is dropped.
#[derive(Debug)]
pub struct Device {
    api: Api,
    id: String,
    handle: hailo_device,
    made: Made,
}

impl Device {
    /// Opens the device with this PCIe address.
    ///
    /// # Errors
    /// When there is none (2), no permission (36), or the firmware is dead (87).
    #[track_caller]
    pub fn open(api: Api, id: &str) -> Result<Self, HailoError> {
        let made_at = Location::caller();
        let mut raw = hailo_device_id_t::zeroed();
        set_text(&mut raw.id, id);
        let mut handle = std::ptr::null_mut();
        let _threads_get_no_signals = Blocked::now();
        // SAFETY: both pointers are valid for the call.
        unsafe { call!(api, id, hailo_create_device_by_id(&raw const raw, &raw mut handle)) }?;
        Ok(Self { api, id: id.into(), handle, made: ledger::made("device", id, made_at) })
    }

    /// What it is.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn identity(&self) -> Result<Identity, HailoError> {
        let mut raw = hailo_device_identity_t::zeroed();
        // SAFETY: the handle is in use, `raw` is valid for the write.
        unsafe { call!(self.api, &self.id, hailo_identify(self.handle, &raw mut raw)) }?;
        let version = raw.fw_version;
        Ok(Identity {
            architecture: architecture(raw.device_architecture),
            firmware: format!("{}.{}.{}", version.major, version.minor, version.revision),
            board: counted(&raw.board_name, raw.board_name_length),
            serial_number: counted(&raw.serial_number, raw.serial_number_length),
            product: counted(&raw.product_name, raw.product_name_length),
        })
    }

    /// Resets it, as far as the library can: over PCIe its software, not the chip.
    ///
    /// # Errors
    /// When it does not answer, or the library will not.
    pub fn reset(&self) -> Result<(), HailoError> {
        // SAFETY: the handle is in use.
        unsafe { call!(self.api, &self.id, hailo_reset_device(self.handle, HAILO_RESET_DEVICE_MODE_SOFT)) }
    }

    /// The temperature of the chip's hotter sensor, in degrees Celsius.
    ///
    /// # Errors
    /// When it does not tell, as with old firmware (48).
    pub fn temperature(&self) -> Result<f32, HailoError> {
        let mut raw = hailo_chip_temperature_info_t::zeroed();
        // SAFETY: the handle is in use, `raw` is valid for the write.
        unsafe { call!(self.api, &self.id, hailo_get_chip_temperature(self.handle, &raw mut raw)) }?;
        Ok(raw.ts0_temperature.max(raw.ts1_temperature))
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: the handle is released once, here.
        let released = unsafe { call!(self.api, &self.id, hailo_release_device(self.handle)) };
        self.made.released(&released);
    }
}

/// A text of a counted length, which need not be ended by NUL.
fn counted(array: &[std::ffi::c_char], length: u8) -> String {
    text(&array[..array.len().min(length.into())])
}

fn architecture(raw: hailo_device_architecture_t) -> String {
    let known = match raw {
        HAILO_ARCH_HAILO8_A0 => "hailo8-a0",
        HAILO_ARCH_HAILO8 => "hailo8",
        HAILO_ARCH_HAILO8L => "hailo8l",
        HAILO_ARCH_HAILO15H => "hailo15h",
        HAILO_ARCH_HAILO15L => "hailo15l",
        HAILO_ARCH_HAILO15M => "hailo15m",
        HAILO_ARCH_HAILO10H => "hailo10h",
        HAILO_ARCH_MARS => "mars",
        other => return format!("unknown ({other})"),
    };
    known.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_says_what_it_is_and_how_warm() {
        let api = hailort_sim::api();
        let device = Device::open(api, "0000:01:00.0").unwrap();
        let identity = device.identity().unwrap();
        assert_eq!((identity.architecture.as_str(), identity.firmware.as_str()), ("hailo8l", "4.23.0"));
        assert!(identity.board.contains("Hailo-8L"), "{identity:?}");
        let temperature = device.temperature().unwrap();
        assert!((0.0..120.0).contains(&temperature), "{temperature}");
        let error = Device::open(api, "0000:99:00.0").unwrap_err();
        assert!(error.status == 2 && error.to_string().contains("0000:99:00.0"), "{error}");
    }
}
