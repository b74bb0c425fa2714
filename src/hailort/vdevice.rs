//! Devices in exclusive use.

use std::panic::Location;
use std::sync::Arc;

use hailort_sys::Api;
use hailort_sys::status::HAILO_INVALID_ARGUMENT;
use hailort_sys::types::{hailo_device_id_t, hailo_vdevice, hailo_vdevice_params_t, set_text, text};

use super::call::call;
use super::error::HailoError;
use super::ledger::{self, Made};
use super::signals::Blocked;

/// Most devices of a virtual device that are asked for by name.
const MAX_DEVICES: usize = 16;

/// A virtual device. It is let go when this and all models that were loaded onto it are dropped.
#[derive(Clone, Debug)]
pub struct VDevice(Arc<Raw>);

#[derive(Debug)]
pub(super) struct Raw {
    pub(super) api: Api,
    pub(super) handle: hailo_vdevice,
    name: String,
    made: Made,
}

// SAFETY: HailoRT's calls on a virtual device may come from any thread, also from several at a time.
unsafe impl Send for Raw {}
// SAFETY: as above.
unsafe impl Sync for Raw {}

impl VDevice {
    /// Takes a device into exclusive use, with the round-robin scheduler: the one with this PCIe address, or any that
    /// is free.
    ///
    /// # Errors
    /// When there is no free device (73, 74), none with this address (2), no driver (64, 76), no permission (36), or
    /// the firmware is dead (87).
    #[track_caller]
    pub fn open(api: Api, device: Option<&str>) -> Result<Self, HailoError> {
        let made_at = Location::caller();
        let object = device.unwrap_or_default();
        let mut params = hailo_vdevice_params_t::zeroed();
        // SAFETY: `params` is valid for the write.
        unsafe { call!(api, "", hailo_init_vdevice_params(&raw mut params)) }?;
        let mut id = hailo_device_id_t::zeroed();
        if let Some(address) = device {
            set_text(&mut id.id, address);
            if text(&id.id) != address {
                // Cut to what fits, it could be the name of another device.
                return Err(HailoError {
                    call: "hailo_create_vdevice",
                    object: object.into(),
                    status: HAILO_INVALID_ARGUMENT,
                });
            }
            params.device_count = 1;
            params.device_ids = &raw mut id;
        }
        let mut handle = std::ptr::null_mut();
        let _threads_get_no_signals = Blocked::now();
        // SAFETY: `params` was filled by the library itself, `device_ids` is NULL or the one id that lives until the
        // call returns, and `handle` is valid for the write.
        unsafe { call!(api, object, hailo_create_vdevice(&raw mut params, &raw mut handle)) }?;
        let made = ledger::made("vdevice", object, made_at);
        Ok(Self(Arc::new(Raw { api, handle, name: object.into(), made })))
    }

    /// Names of all devices of this host, in use or not: PCIe addresses.
    ///
    /// # Errors
    /// When the library cannot look, as without a driver (64).
    pub fn scan(api: Api) -> Result<Vec<String>, HailoError> {
        let mut ids = vec![hailo_device_id_t::zeroed(); MAX_DEVICES];
        let mut count = ids.len();
        let _threads_get_no_signals = Blocked::now();
        // SAFETY: NULL asks for the defaults, the array has `count` elements.
        unsafe {
            call!(api, "", hailo_scan_devices(std::ptr::null_mut(), ids.as_mut_ptr(), &raw mut count))
        }?;
        Ok(ids.iter().take(count).map(|id| text(&id.id)).collect())
    }

    /// Names of its devices: PCIe addresses.
    ///
    /// # Errors
    /// When the library does not tell.
    pub fn device_ids(&self) -> Result<Vec<String>, HailoError> {
        let mut ids = vec![hailo_device_id_t::zeroed(); MAX_DEVICES];
        let mut count = ids.len();
        // SAFETY: the handle is in use, the array has `count` elements.
        unsafe {
            call!(
                self.0.api,
                &self.0.name,
                hailo_vdevice_get_physical_devices_ids(self.0.handle, ids.as_mut_ptr(), &raw mut count)
            )
        }?;
        Ok(ids.iter().take(count).map(|id| text(&id.id)).collect())
    }

    pub(super) fn raw(&self) -> &Arc<Raw> {
        &self.0
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // SAFETY: the handle is released once, here, after every model on it: each holds this behind an `Arc`.
        let released = unsafe { call!(self.api, &self.name, hailo_release_vdevice(self.handle)) };
        self.made.released(&released);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_by_address_and_refuses_others() {
        hailort_sim::runtime::host::own();
        let api = hailort_sim::api();
        let known = VDevice::scan(api).unwrap();
        let first = VDevice::open(api, Some(&known[0])).unwrap();
        assert_eq!(first.device_ids().unwrap(), known[..1]);
        assert_eq!(VDevice::open(api, Some(&known[0])).unwrap_err().status, 73);
        drop(first);
        let long = format!("{}{}", known[0], "0".repeat(40));
        for unknown in ["0000:99:00.0", "", "0000:01:00.0\0", &long] {
            let error = VDevice::open(api, Some(unknown)).unwrap_err();
            assert_eq!(error.status, HAILO_INVALID_ARGUMENT, "{unknown:?}");
            assert!(error.to_string().contains(unknown), "{error}");
        }
    }
}
