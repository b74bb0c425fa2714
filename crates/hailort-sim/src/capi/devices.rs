//! Calls for devices and virtual devices.

use std::sync::Arc;

use hailort_sys::status::*;
use hailort_sys::types::*;

use super::handles::{
    ACTIVATED, DEVICES, Device, GROUPS, INPUT_STREAMS, INPUTS, OUTPUT_STREAMS, OUTPUTS, VDEVICES,
};
use super::physical::parse;
use super::{Special, buffers, call, log, pointers, special};
use crate::faults::hang;
use crate::misuse::{self, Wrong};
use crate::runtime::bus;
use crate::runtime::heat;
use crate::runtime::host::{self, ClaimError};
use crate::runtime::notifications;
use crate::runtime::vdevice::VDevice;
use crate::version;

/// The name of a device that is built in.
const INTEGRATED: &str = "[integrated]";

pub(super) unsafe extern "C" fn hailo_get_library_version(version: *mut hailo_version_t) -> hailo_status {
    let (major, minor, revision) = version::simulated().numbers();
    // SAFETY: the caller's pointer, see `Api`.
    call("hailo_get_library_version", || unsafe {
        pointers::write(version, hailo_version_t { major, minor, revision })
    })
}

pub(super) unsafe extern "C" fn hailo_scan_devices(
    params: *mut hailo_scan_devices_params_t,
    device_ids: *mut hailo_device_id_t,
    device_ids_length: *mut usize,
) -> hailo_status {
    call("hailo_scan_devices", || {
        if device_ids.is_null() || device_ids_length.is_null() {
            return Err(pointers::null());
        }
        if !params.is_null() {
            log("hailo_scan_devices", "there are no parameters to pass");
            return Err(HAILO_INVALID_ARGUMENT);
        }
        let ids = scan()?.iter().map(|id| device_id(id)).collect();
        // SAFETY: the caller's array, see `Api`.
        unsafe { pointers::fill(device_ids, device_ids_length, ids) }
    })
}

/// What a name says of what a device is connected by; `None` for what is no device's name.
pub(super) fn kind_of(id: &str) -> Option<hailo_device_type_t> {
    if id == INTEGRATED {
        return Some(HAILO_DEVICE_TYPE_INTEGRATED);
    }
    let by_network = || id.parse::<std::net::Ipv4Addr>().is_ok().then_some(HAILO_DEVICE_TYPE_ETH);
    parse(id).map(|_| HAILO_DEVICE_TYPE_PCIE).or_else(by_network)
}

/// Whether a device has that name: a PCIe address may lack its domain.
fn is_same(known: &str, id: &str) -> bool {
    let (Some(known), Some(id)) = (parse(known), parse(id)) else { return false };
    (known.bus, known.device, known.func) == (id.bus, id.device, id.func)
        && [known.domain, u32::MAX].contains(&id.domain)
}

/// Names of the devices that are there.
///
/// # Errors
/// That there is no driver, in versions that say so.
pub(super) fn scan() -> Result<Vec<String>, hailo_status> {
    let ids = host::device_ids();
    // A device that has dropped off the bus leaves its driver behind.
    if ids.is_empty() && !bus::is_empty() && version::simulated().misses_the_driver() {
        log("hailo_scan_devices", "there is no driver");
        return Err(HAILO_DRIVER_NOT_INSTALLED);
    }
    Ok(ids)
}

pub(super) fn device_id(id: &str) -> hailo_device_id_t {
    let mut out = hailo_device_id_t::zeroed();
    set_text(&mut out.id, id);
    out
}

pub(super) unsafe extern "C" fn hailo_create_device_by_id(
    id: *const hailo_device_id_t,
    device: *mut hailo_device,
) -> hailo_status {
    call("hailo_create_device_by_id", || {
        if device.is_null() {
            return Err(pointers::null());
        }
        let id = if id.is_null() {
            scan()?.into_iter().next().ok_or(HAILO_INVALID_OPERATION)?
        } else {
            // SAFETY: the caller's pointer, see `Api`.
            text(&unsafe { pointers::read(id) }?.id)
        };
        match kind_of(&id).ok_or(HAILO_INVALID_ARGUMENT)? {
            // There is no such node.
            HAILO_DEVICE_TYPE_INTEGRATED => return Err(HAILO_DRIVER_OPERATION_FAILED),
            HAILO_DEVICE_TYPE_ETH => {
                log("hailo_create_device_by_id", "devices on a network are not simulated");
                return Err(HAILO_NOT_IMPLEMENTED);
            }
            _ => {}
        }
        let known = scan()?;
        let id = if bus::open_fails() { None } else { known.into_iter().find(|known| is_same(known, &id)) };
        let id = id.ok_or(HAILO_INVALID_ARGUMENT)?;
        let opened = Arc::new(Device::new(id, None));
        // SAFETY: the caller's pointer, see `Api`.
        unsafe { pointers::write(device, DEVICES.insert(opened)) }
    })
}

pub(super) unsafe extern "C" fn hailo_release_device(device: hailo_device) -> hailo_status {
    call("hailo_release_device", || {
        let opened = DEVICES.get_to_release(device)?;
        if opened.owner.is_some() {
            // It goes with its virtual device; the real library would free it twice.
            misuse::note(DEVICES.name(device), Wrong::NotTheCallers);
            return Err(HAILO_INVALID_OPERATION);
        }
        drop(opened);
        let opened = DEVICES.remove(device)?;
        notifications::forget(device.addr());
        buffers::forget(device.addr());
        if let Some(vdevice) = opened.take_vdevice() {
            end(DEVICES.name(device), vdevice);
        }
        Ok(())
    })
}

pub(super) unsafe extern "C" fn hailo_identify(
    device: hailo_device,
    identity: *mut hailo_device_identity_t,
) -> hailo_status {
    call("hailo_identify", || {
        let device = DEVICES.get(device)?;
        device.link.check()?;
        let mut out = hailo_device_identity_t::zeroed();
        let (major, minor, revision) = version::simulated().numbers();
        out.protocol_version = 2;
        out.fw_version = hailo_firmware_version_t { major, minor, revision };
        out.is_release = true;
        let chip = host::chip();
        out.device_architecture = chip.architecture;
        out.board_name_length = length_of(&mut out.board_name, chip.board);
        out.serial_number_length =
            length_of(&mut out.serial_number, &format!("SIM{}", device.id.replace([':', '.'], "")));
        out.part_number_length = length_of(&mut out.part_number, "SIMULATED");
        out.product_name_length = length_of(&mut out.product_name, chip.product);
        // SAFETY: the caller's pointer, see `Api`.
        unsafe { pointers::write(identity, out) }
    })
}

fn length_of(array: &mut [std::ffi::c_char], value: &str) -> u8 {
    set_text(array, value);
    u8::try_from(value.len().min(array.len() - 1)).unwrap_or(u8::MAX)
}

pub(super) unsafe extern "C" fn hailo_get_chip_temperature(
    device: hailo_device,
    info: *mut hailo_chip_temperature_info_t,
) -> hailo_status {
    call("hailo_get_chip_temperature", || {
        DEVICES.get(device)?.link.check()?;
        let celsius = heat::temperature();
        let value = hailo_chip_temperature_info_t {
            ts0_temperature: celsius,
            ts1_temperature: celsius + 0.5,
            sample_count: 1,
        };
        // SAFETY: the caller's pointer, see `Api`.
        unsafe { pointers::write(info, value) }
    })
}

pub(super) unsafe extern "C" fn hailo_reset_device(
    device: hailo_device,
    mode: hailo_reset_device_mode_t,
) -> hailo_status {
    call("hailo_reset_device", || {
        DEVICES.get(device)?.link.check()?;
        if mode > HAILO_RESET_DEVICE_MODE_FORCED_SOFT {
            return Err(HAILO_INVALID_ARGUMENT);
        }
        heat::cool();
        Ok(())
    })
}

fn default_params() -> hailo_vdevice_params_t {
    let mut params = hailo_vdevice_params_t::zeroed();
    params.device_count = HAILO_DEFAULT_DEVICE_COUNT;
    params.scheduling_algorithm = HAILO_SCHEDULING_ALGORITHM_ROUND_ROBIN;
    params.group_id = HAILO_UNIQUE_VDEVICE_GROUP_ID.as_ptr();
    params
}

pub(super) unsafe extern "C" fn hailo_init_vdevice_params(
    params: *mut hailo_vdevice_params_t,
) -> hailo_status {
    // SAFETY: the caller's pointer, see `Api`.
    call("hailo_init_vdevice_params", || unsafe { pointers::write(params, default_params()) })
}

pub(super) unsafe extern "C" fn hailo_create_vdevice(
    params: *mut hailo_vdevice_params_t,
    vdevice: *mut hailo_vdevice,
) -> hailo_status {
    let name = "hailo_create_vdevice";
    call(name, || {
        if vdevice.is_null() {
            return Err(pointers::null());
        }
        // SAFETY: NULL, which means the defaults, or the caller's pointer, see `Api`.
        let params = if params.is_null() { default_params() } else { unsafe { pointers::read(params) }? };
        let count = params.device_count as usize;
        if count == 0 {
            return Err(HAILO_INVALID_ARGUMENT);
        }
        let ids = if params.device_ids.is_null() {
            None
        } else {
            // SAFETY: the caller's array of `device_count` ids, see `Api`.
            let ids = unsafe { pointers::slice(params.device_ids.cast_const(), count) }?;
            let ids: Vec<String> = ids.iter().map(|id| text(&id.id)).collect();
            if ids.iter().any(|id| kind_of(id).is_none()) {
                return Err(HAILO_INVALID_ARGUMENT);
            }
            Some(ids)
        };
        if params.multi_process_service {
            log(name, "there is no service");
            return Err(HAILO_INVALID_OPERATION);
        }
        let known = scan()?;
        let as_known =
            |id: &String| known.iter().find(|k| is_same(k, id)).cloned().unwrap_or_else(|| id.clone());
        let ids = ids.map(|ids| ids.iter().map(as_known).collect::<Vec<_>>());
        // SAFETY: the caller's string, see `Api`. NULL is a name as any other.
        let group = unsafe { pointers::string(params.group_id) }.unwrap_or_default();
        let scheduled = params.scheduling_algorithm != HAILO_SCHEDULING_ALGORITHM_NONE;
        let made = claim(name, count, ids.as_deref(), &group, scheduled)?;
        // The library looks at this last, and not at all for what is shared.
        if params.scheduling_algorithm > HAILO_SCHEDULING_ALGORITHM_ROUND_ROBIN
            && Arc::strong_count(&made) == 1
        {
            end(String::new(), made);
            return Err(HAILO_INVALID_ARGUMENT);
        }
        // SAFETY: the caller's pointer, see `Api`.
        unsafe { pointers::write(vdevice, VDEVICES.insert(made)) }
    })
}

/// Takes devices into use.
pub(super) fn claim(
    name: &str,
    count: usize,
    ids: Option<&[String]>,
    group: &str,
    scheduled: bool,
) -> Result<Arc<VDevice>, hailo_status> {
    scan()?;
    host::claim(count, ids, group, scheduled).map_err(|why| match why {
        ClaimError::UnknownId => HAILO_INVALID_ARGUMENT,
        ClaimError::OutOfDevices => HAILO_OUT_OF_PHYSICAL_DEVICES,
        ClaimError::InUse => HAILO_DEVICE_IN_USE,
        ClaimError::NotTogether | ClaimError::SharedOtherwise => HAILO_INVALID_OPERATION,
        ClaimError::Driver(why) => {
            log(name, &why);
            HAILO_DRIVER_OPERATION_FAILED
        }
    })
}

/// Ends a virtual device, unless others share it, and all that belongs to it.
pub(super) fn end(object: String, vdevice: Arc<VDevice>) {
    let address = Arc::as_ptr(&vdevice).addr();
    let Some(last) = host::release(vdevice) else {
        return; // Others of the same group still hold it.
    };
    let of_it = |group: &Arc<_>| last.iter().any(|g| Arc::ptr_eq(g, group));
    let left = OUTPUTS.remove_where(|v| of_it(v.port().0)) + INPUTS.remove_where(|v| of_it(v.port().0));
    if left > 0 {
        misuse::note(object, Wrong::ReleasedTooEarly { vstreams: left });
    }
    INPUT_STREAMS.remove_where(|s| of_it(s.group()));
    OUTPUT_STREAMS.remove_where(|s| of_it(s.group()));
    ACTIVATED.remove_where(|a| of_it(&a.group));
    GROUPS.remove_where(|group| last.iter().any(|g| std::ptr::eq(&raw const **g, group)));
    DEVICES.remove_where(|device| device.owner == Some(address));
}

pub(super) unsafe extern "C" fn hailo_release_vdevice(vdevice: hailo_vdevice) -> hailo_status {
    special("hailo_release_vdevice", |special| {
        let made = VDEVICES.get_to_release(vdevice)?;
        made.made_by.check(&VDEVICES.name(vdevice));
        match special {
            Special::WaitForShutDown => {
                hang::hang_until_any_shutdown();
                return Err(HAILO_STREAM_ABORT);
            }
            Special::HangIfSignalled if made.was_interrupted() => {
                hang::hang_after_interrupted_interrupt_thread();
            }
            _ => {}
        }
        // Nobody else may hold it: who releases has to find itself the last.
        drop(made);
        let object = VDEVICES.name(vdevice);
        buffers::forget(vdevice.addr());
        let vdevice = VDEVICES.remove(vdevice)?;
        end(object, vdevice);
        Ok(())
    })
}

pub(super) unsafe extern "C" fn hailo_vdevice_get_physical_devices_ids(
    vdevice: hailo_vdevice,
    ids: *mut hailo_device_id_t,
    count: *mut usize,
) -> hailo_status {
    call("hailo_vdevice_get_physical_devices_ids", || {
        let vdevice = VDEVICES.get(vdevice)?;
        // SAFETY: the caller's array, see `Api`.
        unsafe { pointers::fill(ids, count, vdevice.ids().iter().map(|id| device_id(id)).collect()) }
    })
}
