//! Calls for parameters of a configuration.

use std::ffi::c_char;

use hailort_sys::status::*;
use hailort_sys::types::*;

use super::devices::claim;
use super::handles::{DEVICES, HEFS, VDEVICES};
use super::{Answer, call, groups, pointers};
use crate::hef::{Direction, Hef, NetworkGroup};
use crate::runtime::host;

/// The batch size that lets the library choose.
const ANY_BATCH: u16 = 0;

fn group_params(
    group: &NetworkGroup,
    interface: hailo_stream_interface_t,
) -> Result<hailo_configure_network_group_params_t, hailo_status> {
    let mut params = hailo_configure_network_group_params_t::zeroed();
    set_text(&mut params.name, &group.name);
    params.batch_size = ANY_BATCH;
    params.power_mode = HAILO_POWER_MODE_PERFORMANCE;
    params.latency = HAILO_LATENCY_NONE;
    // The library keeps both by name.
    let mut streams: Vec<_> = group.inputs.iter().chain(&group.outputs).collect();
    streams.sort_by(|a, b| a.name.cmp(&b.name));
    params.stream_params_by_name_count = streams.len();
    let room = params.stream_params_by_name.get_mut(..streams.len()).ok_or(HAILO_INVALID_HEF)?;
    for (to, stream) in room.iter_mut().zip(streams) {
        set_text(&mut to.name, &stream.name);
        to.stream_params.stream_interface = interface;
        to.stream_params.direction =
            if stream.direction == Direction::HostToDevice { HAILO_H2D_STREAM } else { HAILO_D2H_STREAM };
    }
    let mut networks = group.networks.clone();
    networks.sort();
    params.network_params_by_name_count = networks.len();
    let room = params.network_params_by_name.get_mut(..networks.len()).ok_or(HAILO_INVALID_HEF)?;
    for (to, network) in room.iter_mut().zip(&networks) {
        set_text(&mut to.name, network);
        to.network_params.batch_size = ANY_BATCH;
    }
    Ok(params)
}

fn check(interface: hailo_stream_interface_t) -> Answer {
    if [HAILO_STREAM_INTERFACE_PCIE, HAILO_STREAM_INTERFACE_ETH, HAILO_STREAM_INTERFACE_INTEGRATED]
        .contains(&interface)
    {
        return Ok(());
    }
    Err(HAILO_INVALID_ARGUMENT)
}

/// # Safety
/// `params` is NULL or valid for a write.
unsafe fn fill(
    hef: &Hef,
    interface: hailo_stream_interface_t,
    params: *mut hailo_configure_params_t,
) -> Answer {
    check(interface)?;
    if params.is_null() {
        return Err(pointers::null());
    }
    if hef.network_groups.len() > HAILO_MAX_NETWORK_GROUPS as usize {
        return Err(HAILO_INVALID_HEF);
    }
    for (index, group) in hef.network_groups.iter().enumerate() {
        let group = group_params(group, interface)?;
        // SAFETY: not NULL, valid by this function's contract, and there are not more groups than places.
        unsafe { (&raw mut (*params).network_group_params[index]).write(group) };
    }
    // SAFETY: as above.
    unsafe { (&raw mut (*params).network_group_params_count).write(hef.network_groups.len()) };
    Ok(())
}

pub(super) unsafe extern "C" fn hailo_init_configure_params(
    hef: hailo_hef,
    interface: hailo_stream_interface_t,
    params: *mut hailo_configure_params_t,
) -> hailo_status {
    // SAFETY: the caller's pointer, see `FurtherApi`.
    call("hailo_init_configure_params", || unsafe { fill(&*HEFS.get(hef)?, interface, params) })
}

pub(super) unsafe extern "C" fn hailo_init_configure_params_by_vdevice(
    hef: hailo_hef,
    vdevice: hailo_vdevice,
    params: *mut hailo_configure_params_t,
) -> hailo_status {
    call("hailo_init_configure_params_by_vdevice", || {
        let hef = HEFS.get(hef)?;
        VDEVICES.get(vdevice)?;
        // SAFETY: the caller's pointer, see `FurtherApi`.
        unsafe { fill(&hef, HAILO_STREAM_INTERFACE_PCIE, params) }
    })
}

pub(super) unsafe extern "C" fn hailo_init_configure_params_by_device(
    hef: hailo_hef,
    device: hailo_device,
    params: *mut hailo_configure_params_t,
) -> hailo_status {
    call("hailo_init_configure_params_by_device", || {
        let hef = HEFS.get(hef)?;
        DEVICES.get(device)?;
        // SAFETY: the caller's pointer, see `FurtherApi`.
        unsafe { fill(&hef, HAILO_STREAM_INTERFACE_PCIE, params) }
    })
}

pub(super) unsafe extern "C" fn hailo_init_configure_network_group_params(
    hef: hailo_hef,
    interface: hailo_stream_interface_t,
    name: *const c_char,
    params: *mut hailo_configure_network_group_params_t,
) -> hailo_status {
    call("hailo_init_configure_network_group_params", || {
        let hef = HEFS.get(hef)?;
        check(interface)?;
        // SAFETY: the caller's string, see `FurtherApi`.
        let name = unsafe { pointers::string(name) }.unwrap_or_default();
        let group = hef.group(&name).ok_or(HAILO_NOT_FOUND)?;
        // SAFETY: the caller's pointer, see `FurtherApi`.
        unsafe { pointers::write(params, group_params(group, interface)?) }
    })
}

pub(super) unsafe extern "C" fn hailo_configure_device(
    device: hailo_device,
    hef: hailo_hef,
    params: *mut hailo_configure_params_t,
    groups: *mut hailo_configured_network_group,
    count: *mut usize,
) -> hailo_status {
    let name = "hailo_configure_device";
    call(name, || {
        let device = DEVICES.get(device)?;
        device.link.check()?;
        if device.owner.is_some() {
            // Its virtual device has it.
            return Err(HAILO_INVALID_OPERATION);
        }
        let ids = [device.id.clone()];
        let vdevice = device.vdevice(|| claim(name, 1, Some(&ids), host::UNIQUE, false))?;
        // SAFETY: the caller's pointers, see `FurtherApi`.
        unsafe { groups::configure(name, &vdevice, hef, params, groups, count) }
    })
}
