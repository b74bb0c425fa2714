//! Calls for physical devices besides identification: names, features, throttling, those of a virtual device.

use std::ffi::{CStr, c_char};
use std::sync::Arc;

use hailort_sys::status::*;
use hailort_sys::types::*;

use super::devices::{device_id, kind_of, scan};
use super::handles::{DEVICES, Device, VDEVICES};
use super::{Answer, call, log, pointers};
use crate::runtime::bus;
use crate::version;

/// Clock of the neural core in hertz.
const CLOCK: u32 = 400_000_000;

/// Names of all statuses, ended by NUL, for [`hailo_get_status_message`].
fn messages() -> &'static [&'static CStr] {
    static MESSAGES: std::sync::OnceLock<Vec<&'static CStr>> = std::sync::OnceLock::new();
    MESSAGES.get_or_init(|| {
        (0..)
            .map_while(hailort_sys::status_name)
            .map(|name| {
                let owned = std::ffi::CString::new(name).unwrap_or_default();
                // Callers keep the pointers for good.
                let leaked: &'static CStr = Box::leak(owned.into_boxed_c_str());
                leaked
            })
            .collect()
    })
}

pub(super) unsafe extern "C" fn hailo_get_status_message(status: hailo_status) -> *const c_char {
    let known = version::current().map_or(&[][..], |v| &messages()[..=v.highest_status() as usize]);
    known.get(status as usize).map_or(std::ptr::null(), |name| name.as_ptr())
}

/// The numbers of an address such as `0000:01:00.0`; without a domain it is any, which is `u32::MAX`.
pub(super) fn parse(address: &str) -> Option<hailo_pcie_device_info_t> {
    let mut long = Scanner(address);
    let with_domain = || -> Option<hailo_pcie_device_info_t> {
        let domain = long.number()?;
        let bus = long.then(':')?.number()?;
        let device = long.then(':')?.number()?;
        Some(hailo_pcie_device_info_t { domain, bus, device, func: long.then('.')?.number()? })
    }();
    let mut short = Scanner(address);
    let mut without = || -> Option<hailo_pcie_device_info_t> {
        let bus = short.number()?;
        let device = short.then(':')?.number()?;
        Some(hailo_pcie_device_info_t { domain: u32::MAX, bus, device, func: short.then('.')?.number()? })
    };
    with_domain.or_else(&mut without)
}

/// Reads as C's `sscanf` does with `%x`: what follows the last number is nobody's.
struct Scanner<'a>(&'a str);

impl Scanner<'_> {
    fn number(&mut self) -> Option<u32> {
        let text = self.0.trim_start();
        let text = text.strip_prefix("0x").unwrap_or(text);
        let end = text.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(text.len());
        let number = u32::from_str_radix(&text[..end], 16).ok()?;
        self.0 = &text[end..];
        Some(number)
    }

    fn then(&mut self, mark: char) -> Option<&mut Self> {
        self.0 = self.0.strip_prefix(mark)?;
        Some(self)
    }
}

pub(super) unsafe extern "C" fn hailo_scan_pcie_devices(
    infos: *mut hailo_pcie_device_info_t,
    capacity: usize,
    count: *mut usize,
) -> hailo_status {
    call("hailo_scan_pcie_devices", || {
        let all = scan()?.iter().filter_map(|id| parse(id)).collect();
        // SAFETY: the caller's array, see `FurtherApi`.
        unsafe { pointers::fill_all(infos, capacity, count, all) }
    })
}

pub(super) unsafe extern "C" fn hailo_parse_pcie_device_info(
    text: *const c_char,
    info: *mut hailo_pcie_device_info_t,
) -> hailo_status {
    call("hailo_parse_pcie_device_info", || {
        // SAFETY: the caller's string, see `FurtherApi`.
        let text = unsafe { pointers::string(text) }.ok_or_else(pointers::null)?;
        if info.is_null() {
            return Err(pointers::null());
        }
        let parsed = parse(&text).ok_or(HAILO_INVALID_ARGUMENT)?;
        // SAFETY: the caller's pointer, see `FurtherApi`.
        unsafe { pointers::write(info, parsed) }
    })
}

pub(super) unsafe extern "C" fn hailo_create_pcie_device(
    info: *mut hailo_pcie_device_info_t,
    device: *mut hailo_device,
) -> hailo_status {
    call("hailo_create_pcie_device", || {
        if device.is_null() {
            return Err(pointers::null());
        }
        let ids = if bus::open_fails() { Vec::new() } else { scan()? };
        let id = if info.is_null() {
            ids.into_iter().next().ok_or(HAILO_INVALID_OPERATION)?
        } else {
            // SAFETY: the caller's pointer, see `FurtherApi`.
            let wanted = unsafe { pointers::read(info.cast_const()) }?;
            let is_it = |id: &String| {
                parse(id).is_some_and(|i| {
                    (i.bus, i.device, i.func) == (wanted.bus, wanted.device, wanted.func)
                        && [i.domain, u32::MAX].contains(&wanted.domain)
                })
            };
            ids.into_iter().find(is_it).ok_or(HAILO_INVALID_ARGUMENT)?
        };
        // SAFETY: the caller's pointer, see `FurtherApi`.
        unsafe { pointers::write(device, DEVICES.insert(Arc::new(Device::new(id, None)))) }
    })
}

pub(super) unsafe extern "C" fn hailo_device_get_type_by_device_id(
    id: *const hailo_device_id_t,
    kind: *mut hailo_device_type_t,
) -> hailo_status {
    call("hailo_device_get_type_by_device_id", || {
        // SAFETY: the caller's pointer, see `FurtherApi`.
        let id = text(&unsafe { pointers::read(id) }?.id);
        let known = kind_of(&id).ok_or(HAILO_INVALID_ARGUMENT)?;
        // SAFETY: the caller's pointer, see `FurtherApi`.
        unsafe { pointers::write(kind, known) }
    })
}

pub(super) unsafe extern "C" fn hailo_get_device_id(
    device: hailo_device,
    id: *mut hailo_device_id_t,
) -> hailo_status {
    call("hailo_get_device_id", || {
        let device = DEVICES.get(device)?;
        // SAFETY: the caller's pointer, see `FurtherApi`.
        unsafe { pointers::write(id, device_id(&device.id)) }
    })
}

/// Runs the body with a device that is there.
fn with_device(name: &'static str, device: hailo_device, body: impl FnOnce() -> Answer) -> hailo_status {
    call(name, || {
        DEVICES.get(device)?.link.check()?;
        body()
    })
}

pub(super) unsafe extern "C" fn hailo_core_identify(
    device: hailo_device,
    info: *mut hailo_core_information_t,
) -> hailo_status {
    with_device("hailo_core_identify", device, || {
        let (major, minor, revision) = version::simulated().numbers();
        let mut out = hailo_core_information_t::zeroed();
        out.is_release = true;
        out.fw_version = hailo_firmware_version_t { major, minor, revision };
        // SAFETY: the caller's pointer, see `FurtherApi`.
        unsafe { pointers::write(info, out) }
    })
}

pub(super) unsafe extern "C" fn hailo_get_extended_device_information(
    device: hailo_device,
    info: *mut hailo_extended_device_information_t,
) -> hailo_status {
    with_device("hailo_get_extended_device_information", device, || {
        let mut out = hailo_extended_device_information_t::zeroed();
        out.neural_network_core_clock_rate = CLOCK;
        out.supported_features.pcie = true;
        out.supported_features.current_monitoring = true;
        out.boot_source = HAILO_DEVICE_BOOT_SOURCE_PCIE;
        // SAFETY: the caller's pointer, see `FurtherApi`.
        unsafe { pointers::write(info, out) }
    })
}

static THROTTLING: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(true);

pub(super) unsafe extern "C" fn hailo_set_throttling_state(device: hailo_device, on: bool) -> hailo_status {
    with_device("hailo_set_throttling_state", device, || {
        THROTTLING.store(on, std::sync::atomic::Ordering::SeqCst);
        Ok(())
    })
}

pub(super) unsafe extern "C" fn hailo_get_throttling_state(
    device: hailo_device,
    on: *mut bool,
) -> hailo_status {
    with_device("hailo_get_throttling_state", device, || {
        // SAFETY: the caller's pointer, see `FurtherApi`.
        unsafe { pointers::write(on, THROTTLING.load(std::sync::atomic::Ordering::SeqCst)) }
    })
}

pub(super) unsafe extern "C" fn hailo_get_physical_devices(
    vdevice: hailo_vdevice,
    devices: *mut hailo_device,
    count: *mut usize,
) -> hailo_status {
    let name = "hailo_get_physical_devices";
    call(name, || {
        let vdevice = VDEVICES.get(vdevice)?;
        let owner = Arc::as_ptr(&vdevice).addr();
        let known: Vec<hailo_device> = DEVICES.handles_where(|device| device.owner == Some(owner));
        let all = if known.is_empty() {
            let open = |id: &String| DEVICES.insert(Arc::new(Device::new(id.clone(), Some(owner))));
            vdevice.ids().iter().map(open).collect()
        } else {
            known
        };
        // SAFETY: the caller's array, see `FurtherApi`.
        let answer = unsafe { pointers::fill(devices, count, all) };
        if answer.is_err() {
            log(name, "the array has no room for all devices");
        }
        answer
    })
}
