//! Calls for what devices tell.

use std::ffi::c_void;
use std::sync::Arc;

use hailort_sys::status::*;
use hailort_sys::types::*;

use super::handles::DEVICES;
use super::{call, pointers};
use crate::runtime::notifications::{self, Event};

/// What the caller wants back, for the thread that calls back.
struct Opaque(*mut c_void);

// SAFETY: it is the caller's, who is told that another thread passes it back; nothing here follows it.
unsafe impl Send for Opaque {}
// SAFETY: as above.
unsafe impl Sync for Opaque {}

impl Opaque {
    fn get(&self) -> *mut c_void {
        self.0
    }
}

fn notification(event: Event, sequence: u32) -> hailo_notification_t {
    let body = match event {
        Event::TemperatureAlarm { celsius } => hailo_notification_body_t {
            first: HAILO_TEMPERATURE_PROTECTION_TEMPERATURE_ZONE__RED,
            second: 0,
            ts0_temperature: celsius,
            ts1_temperature: celsius + 0.5,
            rest: 0,
        },
        Event::DataflowShutdown { celsius } => hailo_notification_body_t {
            first: celsius.to_bits(),
            second: (celsius + 0.5).to_bits(),
            ts0_temperature: 0.0,
            ts1_temperature: 0.0,
            rest: 0,
        },
    };
    hailo_notification_t { id: event.kind(), sequence, body }
}

pub(super) unsafe extern "C" fn hailo_set_notification_callback(
    device: hailo_device,
    callback: hailo_notification_callback,
    id: hailo_notification_id_t,
    opaque: *mut c_void,
) -> hailo_status {
    call("hailo_set_notification_callback", || {
        DEVICES.get(device)?;
        let callback = callback.ok_or_else(pointers::null)?;
        if id >= HAILO_NOTIFICATION_ID_COUNT {
            return Err(HAILO_INVALID_ARGUMENT);
        }
        let (handle, opaque) = (device.addr(), Opaque(opaque));
        let callback = move |event: Event, sequence: u32| {
            let notification = notification(event, sequence);
            let device = std::ptr::without_provenance_mut(handle);
            // SAFETY: the caller's function, with what the caller wants back.
            unsafe { callback(device, &raw const notification, opaque.get()) };
        };
        notifications::listen(device.addr(), id, Arc::new(callback));
        Ok(())
    })
}

pub(super) unsafe extern "C" fn hailo_remove_notification_callback(
    device: hailo_device,
    id: hailo_notification_id_t,
) -> hailo_status {
    call("hailo_remove_notification_callback", || {
        DEVICES.get(device)?;
        if id >= HAILO_NOTIFICATION_ID_COUNT {
            return Err(HAILO_INVALID_ARGUMENT);
        }
        notifications::ignore(device.addr(), id);
        Ok(())
    })
}
