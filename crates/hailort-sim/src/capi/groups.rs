//! Calls for network groups.

use std::ffi::c_char;

use hailort_sys::status::*;
use hailort_sys::types::*;

use super::handles::{GROUPS, HEFS, VDEVICES};
use super::{Answer, call, log, pointers};
use crate::faults::hang;
use crate::hef::Hef;
use crate::runtime::host;
use crate::runtime::vdevice::VDevice;
use crate::version;

/// The highest priority of a network group.
const MAX_PRIORITY: u8 = 31;

pub(super) unsafe extern "C" fn hailo_configure_vdevice(
    vdevice: hailo_vdevice,
    hef: hailo_hef,
    params: *mut hailo_configure_params_t,
    groups: *mut hailo_configured_network_group,
    count: *mut usize,
) -> hailo_status {
    let name = "hailo_configure_vdevice";
    call(name, || {
        let vdevice = VDEVICES.get(vdevice)?;
        // SAFETY: the caller's pointers, see `Api`.
        unsafe { configure(name, &vdevice, hef, params, groups, count) }
    })
}

/// Loads a HEF.
///
/// # Safety
/// The pointers are as `Api` asks for.
pub(super) unsafe fn configure(
    name: &str,
    vdevice: &VDevice,
    hef: hailo_hef,
    params: *mut hailo_configure_params_t,
    groups: *mut hailo_configured_network_group,
    count: *mut usize,
) -> Answer {
    let hef = HEFS.get(hef)?;
    // SAFETY: NULL, or the caller's pointer.
    let params = if params.is_null() { None } else { Some(unsafe { &*params }) };
    let measured = measured(name, &hef, params)?;
    // SAFETY: the caller's pointer, see `Api`.
    let capacity = unsafe { pointers::read(count.cast_const()) }?;
    if groups.is_null() {
        return Err(pointers::null());
    }
    if capacity < hef.network_groups.len() {
        return Err(HAILO_INSUFFICIENT_BUFFER);
    }
    if !hef.runs_on(host::architecture()) {
        let tells = version::simulated().tells_hefs_apart();
        return Err(if tells { HAILO_HEF_NOT_COMPATIBLE_WITH_DEVICE } else { HAILO_INVALID_HEF });
    }
    vdevice.link.check()?;
    let configured = vdevice.configure(&hef, |group| measured.iter().any(|m| m == group)).map_err(|why| {
        log(name, &why.to_string());
        HAILO_INTERNAL_FAILURE
    })?;
    let handles = configured.into_iter().map(|group| GROUPS.insert(group)).collect();
    // SAFETY: the caller's array, see `Api`.
    unsafe { pointers::fill(groups, count, handles) }
}

/// The groups whose latency is measured, by what the parameters say.
fn measured(
    name: &str,
    hef: &Hef,
    params: Option<&hailo_configure_params_t>,
) -> Result<Vec<String>, hailo_status> {
    let Some(params) = params else { return Ok(Vec::new()) };
    let all = params.network_group_params.get(..params.network_group_params_count);
    let all = all.ok_or(HAILO_INVALID_ARGUMENT)?;
    let mut measured = Vec::new();
    for group in all {
        let of = text(&group.name);
        if hef.group(&of).is_none() || of.is_empty() {
            log(name, &format!("the HEF has no network group {of:?}"));
            return Err(HAILO_INVALID_ARGUMENT);
        }
        if group.latency & HAILO_LATENCY_MEASURE != 0 {
            measured.push(of);
        }
    }
    Ok(measured)
}

pub(super) unsafe extern "C" fn hailo_shutdown_network_group(
    group: hailo_configured_network_group,
) -> hailo_status {
    call("hailo_shutdown_network_group", || {
        GROUPS.get(group)?.shut_down();
        hang::note_shutdown();
        Ok(())
    })
}

/// The scheduler runs every group as soon as it has a frame: what could be set has no effect on one frame at a time.
fn scheduler_setting(
    name: &'static str,
    group: hailo_configured_network_group,
    network: *const c_char,
    is_valid: bool,
) -> hailo_status {
    call(name, || {
        if !is_valid {
            return Err(HAILO_INVALID_ARGUMENT);
        }
        GROUPS.get(group)?;
        if network.is_null() { Ok(()) } else { Err(HAILO_NOT_IMPLEMENTED) }
    })
}

pub(super) unsafe extern "C" fn hailo_set_scheduler_timeout(
    group: hailo_configured_network_group,
    _timeout_ms: u32,
    network: *const c_char,
) -> hailo_status {
    scheduler_setting("hailo_set_scheduler_timeout", group, network, true)
}

pub(super) unsafe extern "C" fn hailo_set_scheduler_threshold(
    group: hailo_configured_network_group,
    _threshold: u32,
    network: *const c_char,
) -> hailo_status {
    scheduler_setting("hailo_set_scheduler_threshold", group, network, true)
}

pub(super) unsafe extern "C" fn hailo_set_scheduler_priority(
    group: hailo_configured_network_group,
    priority: u8,
    network: *const c_char,
) -> hailo_status {
    scheduler_setting("hailo_set_scheduler_priority", group, network, priority <= MAX_PRIORITY)
}
