//! Devices and virtual devices: what is scanned, what is refused, what a device tells.

use std::ffi::{c_char, c_void};
use std::ptr::{null, null_mut};

use hailort_sys::types::*;

use super::{Area, Needs};
use crate::lab::{Lab, ask, c_string, more, say};

/// Names of no device.
const NAMES: [(&str, &str); 6] = [
    ("unknown", "ffff:ff:1f.7"),
    ("word", "hailo0"),
    ("empty", ""),
    ("short", "01:00.0"),
    ("integrated", "[integrated]"),
    ("ethernet", "192.168.0.1"),
];

fn id(name: &str) -> hailo_device_id_t {
    let mut id = hailo_device_id_t::zeroed();
    set_text(&mut id.id, name);
    id
}

fn release_device(lab: &Lab, device: hailo_device) -> String {
    say(ask!(lab, hailo_release_device(device)))
}

/// What came of creating a virtual device, which is released again.
fn vdevice(lab: &Lab, change: impl FnOnce(&mut hailo_vdevice_params_t)) -> String {
    let (status, vdevice) = lab.vdevice(change);
    if status != 0 {
        return format!("create {}{}", say(status), if vdevice.is_null() { "" } else { ", with a handle" });
    }
    format!("create {}, release {}", say(status), lab.release(vdevice))
}

pub fn area() -> Area {
    let mut area = Area::new("devices");
    area.add("scan", Needs::Library, |lab| {
        let mut ids = [hailo_device_id_t::zeroed(); 32];
        let mut count = ids.len();
        let status = ask!(lab, hailo_scan_devices(null_mut(), ids.as_mut_ptr(), &raw mut count));
        let found = if count == ids.len() {
            "the count as it was"
        } else if count > 0 {
            "some"
        } else {
            "none"
        };
        Ok(format!("{}, {found}", say(status)))
    });
    area.add("scan-with-parameters", Needs::Library, |lab| {
        let mut ids = [hailo_device_id_t::zeroed(); 32];
        let (mut count, mut params) = (ids.len(), 0u64);
        let params = (&raw mut params).cast::<hailo_scan_devices_params_t>();
        Ok(say(ask!(lab, hailo_scan_devices(params, ids.as_mut_ptr(), &raw mut count))))
    });
    area.add("scan-without-a-count", Needs::Library, |lab| {
        let mut ids = [hailo_device_id_t::zeroed(); 32];
        Ok(say(ask!(lab, hailo_scan_devices(null_mut(), ids.as_mut_ptr(), null_mut()))))
    });
    area.add("scan-without-an-array", Needs::Library, |lab| {
        let mut count = 0;
        Ok(say(ask!(lab, hailo_scan_devices(null_mut(), null_mut(), &raw mut count))))
    });
    area.add("scan-into-no-room", Needs::Devices(1), |lab| {
        let mut ids = [hailo_device_id_t::zeroed(); 1];
        let mut count = 0;
        let status = ask!(lab, hailo_scan_devices(null_mut(), ids.as_mut_ptr(), &raw mut count));
        Ok(format!("{}, the count is that of all: {}", say(status), count == lab.devices().len()))
    });
    area.add("scan-pcie", Needs::Library, |lab| {
        let mut infos = [hailo_pcie_device_info_t::zeroed(); 32];
        let mut count = 99;
        let status = more!(lab, hailo_scan_pcie_devices(infos.as_mut_ptr(), infos.len(), &raw mut count));
        let found = if count == 99 {
            "the count as it was"
        } else if count > 0 {
            "some"
        } else {
            "none"
        };
        Ok(format!("{}, {found}", say(status)))
    });
    addresses(&mut area);
    opens(&mut area);
    vdevices(&mut area);
    tells(&mut area);
    area
}

fn addresses(area: &mut Area) {
    for (name, text) in [
        ("full", "0000:01:00.0"),
        ("no-domain", "01:00.0"),
        ("large", "ffff:ff:1f.7"),
        ("upper-case", "00FF:0A:1F.1"),
        ("word", "hailo"),
        ("empty", ""),
        ("no-function", "0000:01:00"),
        ("more-behind", "0000:01:00.0 x"),
        ("too-many", "0:0:0:0.0"),
        ("no-hexadecimal", "0000:0g:00.0"),
    ] {
        area.add(&format!("pcie-address-{name}"), Needs::Library, move |lab| {
            let mut info = hailo_pcie_device_info_t::zeroed();
            let (_text, pointer) = c_string(Some(text));
            let status = more!(lab, hailo_parse_pcie_device_info(pointer, &raw mut info));
            if status != 0 {
                return Ok(say(status));
            }
            Ok(format!("{}, {:x}:{:x}:{:x}.{:x}", say(status), info.domain, info.bus, info.device, info.func))
        });
    }
    for (name, text) in [("full", "0000:01:00.0")].into_iter().chain(NAMES) {
        area.add(&format!("type-of-{name}"), Needs::Library, move |lab| {
            let mut kind = 99;
            let id = id(text);
            let status = more!(lab, hailo_device_get_type_by_device_id(&raw const id, &raw mut kind));
            Ok(if status == 0 { format!("{}, type {kind}", say(status)) } else { say(status) })
        });
    }
}

fn opens(area: &mut Area) {
    area.add("open-any", Needs::Library, |lab| {
        let mut device = null_mut();
        let status = ask!(lab, hailo_create_device_by_id(null(), &raw mut device));
        Ok(if status == 0 {
            format!("{}, release {}", say(status), release_device(lab, device))
        } else {
            say(status)
        })
    });
    area.add("open-any-of-pcie", Needs::Library, |lab| {
        let mut device = null_mut();
        let status = more!(lab, hailo_create_pcie_device(null_mut(), &raw mut device));
        Ok(if status == 0 {
            format!("{}, release {}", say(status), release_device(lab, device))
        } else {
            say(status)
        })
    });
    area.add("open-unknown-of-pcie", Needs::Library, |lab| {
        let mut device = null_mut();
        let mut info = hailo_pcie_device_info_t { domain: 0xffff, bus: 0xff, device: 0x1f, func: 7 };
        Ok(say(more!(lab, hailo_create_pcie_device(&raw mut info, &raw mut device))))
    });
    // One of a network would be asked for on that network.
    for (name, text) in NAMES.into_iter().filter(|(name, _)| *name != "ethernet") {
        area.add(&format!("open-{name}"), Needs::Library, move |lab| {
            let (mut device, id) = (null_mut(), id(text));
            Ok(say(ask!(lab, hailo_create_device_by_id(&raw const id, &raw mut device))))
        });
    }
    area.add("open-the-first", Needs::Devices(1), |lab| {
        let mut device = null_mut();
        let first = lab.devices()[0];
        let status = ask!(lab, hailo_create_device_by_id(&raw const first, &raw mut device));
        let mut own = hailo_device_id_t::zeroed();
        let told = more!(lab, hailo_get_device_id(device, &raw mut own));
        let same = text(&own.id) == text(&first.id);
        let end = release_device(lab, device);
        Ok(format!("{}, id {} as scanned: {same}, release {end}", say(status), say(told)))
    });
    area.add("open-one-twice", Needs::Devices(1), |lab| {
        let (mut one, mut two) = (null_mut(), null_mut());
        let first = lab.devices()[0];
        let statuses = [
            ask!(lab, hailo_create_device_by_id(&raw const first, &raw mut one)),
            ask!(lab, hailo_create_device_by_id(&raw const first, &raw mut two)),
        ];
        Ok(statuses.map(say).join(", "))
    });
}

fn vdevices(area: &mut Area) {
    area.add("vdevice-defaults", Needs::Library, |lab| {
        let mut p = hailo_vdevice_params_t::zeroed();
        let status = ask!(lab, hailo_init_vdevice_params(&raw mut p));
        // SAFETY: the library's string, if it is one.
        let group = if p.group_id.is_null() { "NULL".into() } else { unsafe { string(p.group_id) } };
        Ok(format!(
            "{}, devices {}, ids {}, scheduling {}, group {group}, service {}",
            say(status),
            p.device_count,
            if p.device_ids.is_null() { "NULL" } else { "given" },
            p.scheduling_algorithm,
            p.multi_process_service
        ))
    });
    area.add("vdevice-of-defaults", Needs::Library, |lab| Ok(vdevice(lab, |_| {})));
    area.add("vdevice-of-no-parameters", Needs::Library, |lab| {
        let mut made = null_mut();
        let status = ask!(lab, hailo_create_vdevice(null_mut(), &raw mut made));
        Ok(if status == 0 { format!("{}, release {}", say(status), lab.release(made)) } else { say(status) })
    });
    for count in [0, 17, 1000, u32::MAX] {
        area.add(&format!("vdevice-of-{count}-devices"), Needs::Library, move |lab| {
            Ok(vdevice(lab, |p| p.device_count = count))
        });
    }
    area.add("vdevice-of-2-hailo8l", Needs::Devices(2), |lab| Ok(vdevice(lab, |p| p.device_count = 2)));
    let several =
        area.add("vdevice-of-2-hailo8", Needs::Devices(2), |lab| Ok(vdevice(lab, |p| p.device_count = 2)));
    several.variables.push(("HAILO_SIM_ARCH", "hailo8".into()));
    let several =
        area.add("vdevice-of-17-hailo8", Needs::Devices(1), |lab| Ok(vdevice(lab, |p| p.device_count = 17)));
    several.variables.push(("HAILO_SIM_ARCH", "hailo8".into()));
    for algorithm in [0, 2, 99] {
        area.add(&format!("vdevice-with-scheduling-{algorithm}"), Needs::Library, move |lab| {
            Ok(vdevice(lab, |p| p.scheduling_algorithm = algorithm))
        });
    }
    area.add("vdevice-of-a-service", Needs::Library, |lab| {
        Ok(vdevice(lab, |p| p.multi_process_service = true))
    });
    area.add("vdevice-of-a-service-of-no-devices", Needs::Library, |lab| {
        Ok(vdevice(lab, |p| {
            p.multi_process_service = true;
            p.device_count = 0;
        }))
    });
    for (name, group) in [("empty", Some("")), ("NULL", None), ("own", Some("mine"))] {
        area.add(&format!("vdevice-of-group-{name}"), Needs::Library, move |lab| {
            let (_text, pointer) = c_string(group);
            Ok(vdevice(lab, |p| p.group_id = pointer))
        });
    }
    for (name, text) in NAMES {
        area.add(&format!("vdevice-of-{name}"), Needs::Library, move |lab| {
            let mut ids = [id(text)];
            Ok(vdevice(lab, |p| p.device_ids = ids.as_mut_ptr()))
        });
    }
    area.add("vdevice-of-the-first-without-its-domain", Needs::Devices(1), |lab| {
        let mut ids = [id(text(&lab.devices()[0].id).split_once(':').map_or("", |(_, rest)| rest))];
        Ok(vdevice(lab, |p| p.device_ids = ids.as_mut_ptr()))
    });
    area.add("vdevice-of-the-first", Needs::Devices(1), |lab| {
        let mut ids = lab.devices();
        Ok(vdevice(lab, |p| p.device_ids = ids.as_mut_ptr()))
    });
    area.add("vdevice-of-one-device-twice", Needs::Devices(1), |lab| {
        let first = lab.devices()[0];
        let mut ids = [first, first];
        Ok(vdevice(lab, |p| {
            p.device_ids = ids.as_mut_ptr();
            p.device_count = 2;
        }))
    });
}

/// # Safety
/// A string ended by NUL.
unsafe fn string(text: *const c_char) -> String {
    // SAFETY: by this function's contract.
    unsafe { std::ffi::CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

fn tells(area: &mut Area) {
    area.add("what-a-device-tells", Needs::Devices(1), |lab| {
        let mut device = null_mut();
        let first = lab.devices()[0];
        let opened = ask!(lab, hailo_create_device_by_id(&raw const first, &raw mut device));
        let mut identity = hailo_device_identity_t::zeroed();
        let mut core = hailo_core_information_t::zeroed();
        let mut extended = hailo_extended_device_information_t::zeroed();
        let mut heat = hailo_chip_temperature_info_t::zeroed();
        let mut throttles = false;
        let statuses = [
            ("identify", ask!(lab, hailo_identify(device, &raw mut identity))),
            ("core", more!(lab, hailo_core_identify(device, &raw mut core))),
            ("extended", more!(lab, hailo_get_extended_device_information(device, &raw mut extended))),
            ("temperature", ask!(lab, hailo_get_chip_temperature(device, &raw mut heat))),
            ("throttling", more!(lab, hailo_get_throttling_state(device, &raw mut throttles))),
        ];
        let told: Vec<String> = statuses.iter().map(|(what, s)| format!("{what} {}", say(*s))).collect();
        let mut version = hailo_version_t::zeroed();
        ask!(lab, hailo_get_library_version(&raw mut version));
        let fits = (version.major, version.minor) == (identity.fw_version.major, identity.fw_version.minor);
        let release = release_device(lab, device);
        Ok(format!(
            "open {}, {}, the firmware has the library's version: {fits}, release {release}",
            say(opened),
            told.join(", ")
        ))
    });
    area.add("devices-of-a-vdevice", Needs::Devices(1), |lab| {
        let (status, vdevice) = lab.vdevice(|_| {});
        let mut ids = [hailo_device_id_t::zeroed(); 4];
        let mut count = ids.len();
        let named =
            ask!(lab, hailo_vdevice_get_physical_devices_ids(vdevice, ids.as_mut_ptr(), &raw mut count));
        let mut none = 0;
        let no_room =
            ask!(lab, hailo_vdevice_get_physical_devices_ids(vdevice, ids.as_mut_ptr(), &raw mut none));
        let mut devices = [null_mut(); 4];
        let mut number = devices.len();
        let opened = more!(lab, hailo_get_physical_devices(vdevice, devices.as_mut_ptr(), &raw mut number));
        let mut heat = hailo_chip_temperature_info_t::zeroed();
        let asked = ask!(lab, hailo_get_chip_temperature(devices[0], &raw mut heat));
        Ok(format!(
            "create {}, ids {} {count}, no room {} {none}, devices {} {number}, temperature {}, release {}",
            say(status),
            say(named),
            say(no_room),
            say(opened),
            say(asked),
            lab.release(vdevice)
        ))
    });
    area.add("no-such-notification", Needs::Devices(1), |lab| {
        let mut device = null_mut();
        let first = lab.devices()[0];
        ask!(lab, hailo_create_device_by_id(&raw const first, &raw mut device));
        unsafe extern "C" fn ignore(_: hailo_device, _: *const hailo_notification_t, _: *mut c_void) {}
        let set = more!(lab, hailo_set_notification_callback(device, Some(ignore), 999, null_mut()));
        let remove = more!(lab, hailo_remove_notification_callback(device, 999));
        Ok(format!("set {}, remove {}", say(set), say(remove)))
    });
}
