//! The simulated devices of this process and who uses them.
//!
//! A process sees `HAILO_SIM_DEVICES` Hailo-8L devices (default 1, at most 16), with PCIe addresses as names. One
//! virtual device at a time may use a device; virtual devices that name the same group share it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::vdevice::VDevice;

/// The group name that means "share with nobody".
pub const UNIQUE: &str = "UNIQUE";

/// Why a virtual device could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimError {
    /// A named device does not exist.
    UnknownId,
    /// There is no free device left.
    OutOfDevices,
    /// A device that was asked for by name is in use.
    InUse,
}

/// The devices in use, each with the one that uses it.
static CLAIMS: Mutex<BTreeMap<String, Weak<VDevice>>> = Mutex::new(BTreeMap::new());

/// Names of the simulated devices.
pub fn device_ids() -> Vec<String> {
    let count = std::env::var("HAILO_SIM_DEVICES").ok().and_then(|v| v.parse().ok()).unwrap_or(1).min(16);
    (1..=count).map(|bus| format!("0000:{bus:02x}:00.0")).collect()
}

/// Makes a virtual device over `count` free devices, or over the named ones, or shares the one of the same group.
///
/// # Errors
/// As the real library answers: see [`ClaimError`].
pub fn claim(count: usize, ids: Option<&[String]>, group_id: &str) -> Result<Arc<VDevice>, ClaimError> {
    let mut claims = CLAIMS.lock().unwrap_or_else(PoisonError::into_inner);
    claims.retain(|_, user| user.strong_count() > 0);
    if group_id != UNIQUE
        && let Some(shared) = claims.values().filter_map(Weak::upgrade).find(|v| v.group_id() == group_id)
    {
        return Ok(shared);
    }
    let known = device_ids();
    let chosen: Vec<String> = match ids {
        Some(ids) => {
            if ids.iter().any(|id| !known.contains(id)) {
                return Err(ClaimError::UnknownId);
            }
            let is_repeated = |(i, id)| ids[..i].contains(id);
            if ids.iter().any(|id| claims.contains_key(id)) || ids.iter().enumerate().any(is_repeated) {
                return Err(ClaimError::InUse);
            }
            ids.to_vec()
        }
        None => known.into_iter().filter(|id| !claims.contains_key(id)).take(count).collect(),
    };
    if chosen.is_empty() || chosen.len() < count {
        return Err(ClaimError::OutOfDevices);
    }
    let vdevice = Arc::new(VDevice::start(chosen.clone(), group_id));
    for id in chosen {
        claims.insert(id, Arc::downgrade(&vdevice));
    }
    Ok(vdevice)
}
