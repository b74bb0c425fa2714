//! Devices that are lost: they have dropped off the bus.
//!
//! The real driver answers whatever is asked of a device that is gone with an error that the library has no name for,
//! status 36 (`HAILO_DRIVER_OPERATION_FAILED`). What was opened before stays lost, also when the device is back. While it
//! is away a scan finds nothing, and opening is answered as on a host without devices.
//!
//! All devices of a process are lost together.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use hailort_sys::status::HAILO_DRIVER_OPERATION_FAILED;
use hailort_sys::types::hailo_status;

use super::{host, state};

/// How often the devices of this process were lost.
static LOSSES: AtomicU64 = AtomicU64::new(0);
/// They do not come back for this process.
static GONE: AtomicBool = AtomicBool::new(false);

/// The connection of something opened to its device.
#[derive(Debug)]
pub struct Link(u64);

impl Link {
    /// As of now.
    pub fn new() -> Self {
        Self(LOSSES.load(Ordering::SeqCst))
    }

    /// Fails if the device was lost since.
    ///
    /// # Errors
    /// `HAILO_DRIVER_OPERATION_FAILED`.
    pub fn check(&self) -> Result<(), hailo_status> {
        if self.0 == LOSSES.load(Ordering::SeqCst) { Ok(()) } else { Err(HAILO_DRIVER_OPERATION_FAILED) }
    }
}

impl Default for Link {
    fn default() -> Self {
        Self::new()
    }
}

/// The devices are lost: for this process for good, or on the host until so many opens have failed.
pub(crate) fn lose(opens: Option<u32>) -> io::Result<()> {
    match opens {
        Some(opens) => state::set_absent(opens)?,
        None => GONE.store(true, Ordering::SeqCst),
    }
    LOSSES.fetch_add(1, Ordering::SeqCst);
    for group in host::groups() {
        group.fail(HAILO_DRIVER_OPERATION_FAILED);
    }
    Ok(())
}

/// Whether no device is there now.
pub(crate) fn is_empty() -> bool {
    GONE.load(Ordering::SeqCst) || state::absent() > 0
}

/// Whether an open finds no device, which it is counted for.
pub(crate) fn open_fails() -> bool {
    GONE.load(Ordering::SeqCst) || state::open() > 0
}
