//! Calls for groups that run without a scheduler, and for their latency.

use std::ffi::c_char;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use hailort_sys::status::*;
use hailort_sys::types::*;

use super::handles::{ACTIVATED, GROUPS};
use super::{call, pointers};
use crate::runtime::activation::Activated;

pub(super) unsafe extern "C" fn hailo_activate_network_group(
    group: hailo_configured_network_group,
    _params: *mut hailo_activate_network_group_params_t,
    activated: *mut hailo_activated_network_group,
) -> hailo_status {
    call("hailo_activate_network_group", || {
        let group = GROUPS.get(group)?;
        if activated.is_null() {
            return Err(pointers::null());
        }
        group.link.check()?;
        let made = Activated::new(&group).ok_or(HAILO_INVALID_OPERATION)?;
        // SAFETY: the caller's pointer, see `FurtherApi`.
        unsafe { pointers::write(activated, ACTIVATED.insert(Arc::new(made))) }
    })
}

pub(super) unsafe extern "C" fn hailo_deactivate_network_group(
    activated: hailo_activated_network_group,
) -> hailo_status {
    call("hailo_deactivate_network_group", || ACTIVATED.remove(activated).map(drop))
}

pub(super) unsafe extern "C" fn hailo_wait_for_network_group_activation(
    group: hailo_configured_network_group,
    timeout_ms: u32,
) -> hailo_status {
    call("hailo_wait_for_network_group_activation", || {
        let group = GROUPS.get(group)?;
        if group.activation.is_scheduled() {
            return Err(HAILO_INVALID_OPERATION);
        }
        let timeout = (timeout_ms != HAILO_INFINITE).then(|| Duration::from_millis(u64::from(timeout_ms)));
        if group.activation.wait(timeout) { Ok(()) } else { Err(HAILO_TIMEOUT) }
    })
}

pub(super) unsafe extern "C" fn hailo_get_latency_measurement(
    group: hailo_configured_network_group,
    network: *const c_char,
    result: *mut hailo_latency_measurement_result_t,
) -> hailo_status {
    call("hailo_get_latency_measurement", || {
        let group = GROUPS.get(group)?;
        // SAFETY: the caller's string, see `FurtherApi`.
        let network = unsafe { pointers::string(network) };
        if network.is_some_and(|n| !n.is_empty() && !group.hef.networks.contains(&n)) {
            return Err(HAILO_NOT_FOUND);
        }
        let measured = group.latency.as_ref().ok_or(HAILO_NOT_AVAILABLE)?;
        let (took, times) = *measured.lock().unwrap_or_else(PoisonError::into_inner);
        if times == 0 {
            return Err(HAILO_NOT_AVAILABLE);
        }
        let average = took.as_secs_f64() * 1e3 / f64::from(times);
        // SAFETY: the caller's pointer, see `FurtherApi`.
        unsafe { pointers::write(result, hailo_latency_measurement_result_t { avg_hw_latency_ms: average }) }
    })
}
