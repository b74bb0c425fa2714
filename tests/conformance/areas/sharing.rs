//! Exclusive use: within one process and between two, and virtual devices that are shared.

use std::ptr::null_mut;
use std::time::{Duration, Instant};

use hailort_sys::types::*;

use super::{Area, Needs};
use crate::lab::{Lab, Net, ask, c_string, must, report, say};

/// Creates a virtual device: over any device, or over the first, by its name.
fn claim(lab: &Lab, named: bool, group: Option<&str>) -> (hailo_status, hailo_vdevice) {
    let mut ids = lab.devices();
    let (_group, group) = c_string(Some(group.unwrap_or("UNIQUE")));
    lab.vdevice(|p| {
        p.group_id = group;
        if named {
            p.device_ids = ids.as_mut_ptr();
        }
    })
}

/// What a part does: takes all devices, says with which status, and lets them go when it is told to.
pub fn part(name: &str, lab: &Lab) {
    let named = name.contains("named");
    let group = name.split_once("group:").map(|(_, group)| group);
    if name.starts_with("looks") {
        return report(&looks(lab));
    }
    let (status, vdevice) = claim(lab, named, group);
    report(&say(status));
    if status == 0 {
        report(&lab.release(vdevice));
    }
}

/// What is allowed to others than the holder.
fn looks(lab: &Lab) -> String {
    let Some(first) = lab.devices().first().copied() else { return "no devices".into() };
    let mut device = null_mut();
    let mut identity = hailo_device_identity_t::zeroed();
    let mut heat = hailo_chip_temperature_info_t::zeroed();
    let statuses = [
        ask!(lab, hailo_create_device_by_id(&raw const first, &raw mut device)),
        ask!(lab, hailo_identify(device, &raw mut identity)),
        ask!(lab, hailo_get_chip_temperature(device, &raw mut heat)),
        ask!(lab, hailo_release_device(device)),
    ];
    statuses.map(say).join(", ")
}

pub fn area() -> Area {
    let mut area = Area::new("sharing");
    within(&mut area);
    between(&mut area);
    area
}

/// All devices but the first are taken by virtual devices of their own, so that there is one to be shared or refused.
fn alone(lab: &Lab) {
    for id in lab.devices().iter().skip(1) {
        let mut ids = [*id];
        lab.vdevice(|p| p.device_ids = ids.as_mut_ptr());
    }
}

fn within(area: &mut Area) {
    for (name, first, second, named) in [
        ("unique-and-unique", None, None, false),
        ("unique-and-named", None, None, true),
        ("unique-and-a-group", None, Some("a"), false),
        ("a-group-and-unique", Some("a"), None, false),
        ("a-group-and-the-same", Some("a"), Some("a"), false),
        ("a-group-and-the-same-named", Some("a"), Some("a"), true),
        ("a-group-and-another", Some("a"), Some("b"), false),
    ] {
        area.add(name, Needs::Devices(1), move |lab| {
            alone(lab);
            let (one, held) = claim(lab, false, first);
            let (two, shared) = claim(lab, named, second);
            let mut told = vec![say(one), say(two)];
            if two == 0 {
                told.push(format!("handles differ: {}", held != shared));
                told.push(lab.release(shared));
            }
            told.push(lab.release(held));
            let (again, vdevice) = claim(lab, false, None);
            told.push(format!("then {}", say(again)));
            if again == 0 {
                lab.release(vdevice);
            }
            Ok(told.join(", "))
        });
    }
    area.add("a-group-of-another-number", Needs::Devices(1), |lab| {
        let (one, held) = claim(lab, false, Some("a"));
        let (_group, group) = c_string(Some("a"));
        let (two, _) = lab.vdevice(|p| {
            p.group_id = group;
            p.device_count = 2;
        });
        Ok(format!("{}, {}, release {}", say(one), say(two), lab.release(held)))
    });
    area.add("a-group-of-another-device", Needs::Devices(2), |lab| {
        let (one, held) = claim(lab, true, Some("a"));
        let (_group, group) = c_string(Some("a"));
        let mut ids = [lab.devices()[1]];
        let (two, _) = lab.vdevice(|p| {
            p.group_id = group;
            p.device_ids = ids.as_mut_ptr();
        });
        Ok(format!("{}, {}, release {}", say(one), say(two), lab.release(held)))
    });
    area.add("a-group-of-another-scheduling", Needs::Devices(1), |lab| {
        let (one, held) = claim(lab, false, Some("a"));
        let (_group, group) = c_string(Some("a"));
        let told = [0, 99].map(|algorithm| {
            let (two, shared) = lab.vdevice(|p| {
                p.group_id = group;
                p.scheduling_algorithm = algorithm;
            });
            let release = if two == 0 { lab.release(shared) } else { "-".into() };
            format!("{algorithm}: {} {release}", say(two))
        });
        Ok(format!("{}, {}, release {}", say(one), told.join(", "), lab.release(held)))
    });
    area.add("groups-without-a-name", Needs::Devices(1), |lab| {
        alone(lab);
        let (one, held) = lab.vdevice(|p| p.group_id = std::ptr::null());
        let (_empty, empty) = c_string(Some(""));
        let (two, shared) = lab.vdevice(|p| p.group_id = empty);
        let release = if two == 0 { lab.release(shared) } else { "-".into() };
        Ok(format!("{}, {} {release}, release {}", say(one), say(two), lab.release(held)))
    });
    area.add("a-group-outlives-its-first-owner", Needs::Network, |lab| {
        alone(lab);
        let (one, held) = claim(lab, false, Some("a"));
        let (two, shared) = claim(lab, false, Some("a"));
        let first = lab.release(held);
        let (_, hef) = lab.hef(&lab.network()?);
        let (status, groups) = lab.configure(shared, hef);
        let others = say(claim(lab, false, None).0);
        Ok(format!(
            "{}, {}, release {first}, configure {} {}, others {others}, release {}",
            say(one),
            say(two),
            say(status),
            groups.len(),
            lab.release(shared)
        ))
    });
    area.add("one-of-several-devices-is-free", Needs::Devices(2), |lab| {
        let (one, held) = lab.vdevice(|_| {});
        let (two, other) = lab.vdevice(|_| {});
        let mut taken = [hailo_device_id_t::zeroed(); 4];
        let mut count = taken.len();
        ask!(lab, hailo_vdevice_get_physical_devices_ids(held, taken.as_mut_ptr(), &raw mut count));
        let (three, _) = lab.vdevice(|p| p.device_ids = taken.as_mut_ptr());
        Ok(format!(
            "{}, {}, the first by name {}, release {}, {}",
            say(one),
            say(two),
            say(three),
            lab.release(other),
            lab.release(held)
        ))
    });
    area.add("a-device-that-is-open-can-be-taken", Needs::Devices(1), |lab| {
        let (mut device, first) = (null_mut(), lab.devices()[0]);
        let opened = ask!(lab, hailo_create_device_by_id(&raw const first, &raw mut device));
        let (status, vdevice) = claim(lab, true, None);
        let looked = looks(lab);
        let close = say(ask!(lab, hailo_release_device(device)));
        Ok(format!(
            "{}, {}, another look {looked}, close {close}, release {}",
            say(opened),
            say(status),
            lab.release(vdevice)
        ))
    });
    area.add("over-and-over", Needs::Devices(1), |lab| {
        alone(lab);
        for _ in 0..20 {
            let (status, vdevice) = claim(lab, false, None);
            must("creating", status)?;
            must("releasing", ask!(lab, hailo_release_vdevice(vdevice)))?;
        }
        Ok("20 times".into())
    });
}

fn between(area: &mut Area) {
    for (name, part, named, group) in [
        ("two-processes", "holds", false, None),
        ("two-processes-by-name", "holds", true, None),
        ("two-processes-of-one-group", "holds group:a", false, Some("a")),
        ("two-processes-of-one-group-by-name", "holds named group:a", true, Some("a")),
    ] {
        area.add(name, Needs::Devices(1), move |lab| {
            alone(lab);
            let mut part = lab.part(part)?;
            let held = part.hear();
            let (refused, _) = claim(lab, named, group);
            part.tell();
            let released = part.hear();
            let (then, vdevice) = patiently(lab);
            if then == 0 {
                lab.release(vdevice);
            }
            part.tell();
            Ok(format!(
                "the other {held}, this {}, the other releases {released}, then {}, {}",
                say(refused),
                say(then),
                part.end()
            ))
        });
    }
    area.add("another-process-may-look", Needs::Devices(1), |lab| {
        let (status, vdevice) = claim(lab, false, None);
        let mut part = lab.part("looks")?;
        let looked = part.hear();
        part.tell();
        Ok(format!("{}, the other {looked}, {}, release {}", say(status), part.end(), lab.release(vdevice)))
    });
    for (name, signal) in [("killed", libc::SIGKILL), ("terminated", libc::SIGTERM)] {
        area.add(&format!("a-holder-that-is-{name}"), Needs::Devices(1), move |lab| {
            alone(lab);
            let mut part = lab.part("holds")?;
            let held = part.hear();
            let refused = claim(lab, false, None).0;
            part.signal(signal);
            let end = part.end();
            let (then, vdevice) = patiently(lab);
            let release = if then == 0 { lab.release(vdevice) } else { "-".into() };
            Ok(format!(
                "the other {held}, this {}, it {end}, then {}, release {release}",
                say(refused),
                say(then)
            ))
        });
    }
    area.add("a-holder-that-is-stopped", Needs::Devices(1), |lab| {
        alone(lab);
        let mut part = lab.part("holds")?;
        let held = part.hear();
        part.signal(libc::SIGSTOP);
        let refused = claim(lab, false, None).0;
        part.kill();
        let (then, vdevice) = patiently(lab);
        if then == 0 {
            lab.release(vdevice);
        }
        Ok(format!("the other {held}, this {}, after its end {}", say(refused), say(then)))
    });
    area.add("a-network-beside-another-process", Needs::Network, |lab| {
        let net: Net<'_> = lab.net(5000, 2)?;
        let mut part = lab.part("looks")?;
        let looked = part.hear();
        let statuses = [net.write_all(), net.read_all()];
        part.tell();
        Ok(format!("the other {looked}, {}, end {}", statuses.map(say).join(", "), net.end()))
    });
}

/// Opens as one should: the driver may take a second to let go.
fn patiently(lab: &Lab) -> (hailo_status, hailo_vdevice) {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let answer = claim(lab, false, None);
        if answer.0 == 0 || Instant::now() > deadline {
            return answer;
        }
        std::thread::yield_now();
    }
}
