//! Devices in exclusive use.

use std::sync::Arc;

use hailort_sys::Api;
use hailort_sys::types::{hailo_device_id_t, hailo_vdevice, hailo_vdevice_params_t, text};

use super::error::HailoError;

/// Most devices of a virtual device that are asked for by name.
const MAX_DEVICES: usize = 16;

/// A virtual device. It is let go when this and all models that were loaded onto it are dropped.
#[derive(Clone, Debug)]
pub struct VDevice(Arc<Raw>);

#[derive(Debug)]
pub(super) struct Raw {
    pub(super) api: Api,
    pub(super) handle: hailo_vdevice,
}

// SAFETY: HailoRT's calls on a virtual device may come from any thread, also from several at a time.
unsafe impl Send for Raw {}
// SAFETY: as above.
unsafe impl Sync for Raw {}

impl VDevice {
    /// Takes one free device into exclusive use, with the round-robin scheduler.
    ///
    /// # Errors
    /// When there is no free device (73, 74), no driver (64, 76), no permission (36), or the firmware is dead (87).
    pub fn open(api: Api) -> Result<Self, HailoError> {
        let mut params = hailo_vdevice_params_t::zeroed();
        // SAFETY: `params` is valid for the write.
        let status = unsafe { (api.hailo_init_vdevice_params)(&raw mut params) };
        HailoError::check("hailo_init_vdevice_params", "", status)?;
        let mut handle = std::ptr::null_mut();
        // SAFETY: `params` was filled by the library itself, and `handle` is valid for the write.
        let status = unsafe { (api.hailo_create_vdevice)(&raw mut params, &raw mut handle) };
        HailoError::check("hailo_create_vdevice", "", status)?;
        Ok(Self(Arc::new(Raw { api, handle })))
    }

    /// Names of its devices: PCIe addresses.
    ///
    /// # Errors
    /// When the library does not tell.
    pub fn device_ids(&self) -> Result<Vec<String>, HailoError> {
        let mut ids = vec![hailo_device_id_t::zeroed(); MAX_DEVICES];
        let mut count = ids.len();
        // SAFETY: the handle is in use, the array has `count` elements.
        let status = unsafe {
            (self.0.api.hailo_vdevice_get_physical_devices_ids)(
                self.0.handle,
                ids.as_mut_ptr(),
                &raw mut count,
            )
        };
        HailoError::check("hailo_vdevice_get_physical_devices_ids", "", status)?;
        Ok(ids.iter().take(count).map(|id| text(&id.id)).collect())
    }

    pub(super) fn raw(&self) -> &Arc<Raw> {
        &self.0
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // SAFETY: the handle is released once, here, after every model on it: each holds this behind an `Arc`.
        unsafe { (self.api.hailo_release_vdevice)(self.handle) };
    }
}
