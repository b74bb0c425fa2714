//! Threads and open files in each state.

use std::ptr::null_mut;

use hailort_sim::hef::shortcut::{Shortcut, write};

use super::{Area, Needs};
use crate::lab::{Census, Lab, ask, must, say};

pub fn area() -> Area {
    let mut area = Area::new("resources");
    area.add("of-the-load", Needs::Library, |lab| Ok(Census::settled().since(lab.before)));
    let load =
        area.add("of-the-load-with-log-files", Needs::Library, |lab| Ok(Census::settled().since(lab.before)));
    load.variables.push(("HAILORT_LOGGER_PATH", String::new()));
    area.add("of-a-scan", Needs::Library, |lab| {
        let before = Census::settled();
        lab.devices();
        Ok(Census::settled().since(before))
    });
    area.add("of-a-hef", Needs::Library, |lab| {
        let before = Census::settled();
        let path = lab.file("a.hef", &write(&Shortcut { arch: 0, ..Default::default() }))?;
        let mut hef = null_mut();
        must("creating the HEF", ask!(lab, hailo_create_hef_file(&raw mut hef, path.as_ptr())))?;
        let with = Census::settled();
        must("releasing the HEF", ask!(lab, hailo_release_hef(hef)))?;
        Ok(format!("{}, after its release {}", with.since(before), Census::settled().since(before)))
    });
    area.add("of-a-hef-that-is-refused", Needs::Library, |lab| {
        let before = Census::settled();
        let path = lab.file("a.hef", b"no HEF at all, but some bytes of text")?;
        let mut hef = null_mut();
        let status = ask!(lab, hailo_create_hef_file(&raw mut hef, path.as_ptr()));
        Ok(format!("{}, {}", say(status), Census::settled().since(before)))
    });
    area.add("of-a-vdevice-that-is-refused", Needs::Library, |lab| {
        let before = Census::settled();
        let (status, _) = lab.vdevice(|p| p.device_count = 1000);
        Ok(format!("{}, {}", say(status), Census::settled().since(before)))
    });
    area.add("of-a-device", Needs::Devices(1), |lab| {
        let before = Census::settled();
        let (mut device, first) = (null_mut(), lab.devices()[0]);
        must("opening", ask!(lab, hailo_create_device_by_id(&raw const first, &raw mut device)))?;
        let with = Census::settled();
        must("closing", ask!(lab, hailo_release_device(device)))?;
        Ok(format!("{}, after its release {}", with.since(before), Census::settled().since(before)))
    });
    area.add("of-a-vdevice", Needs::Devices(1), |lab| {
        let before = Census::settled();
        let (status, vdevice) = lab.vdevice(|_| {});
        must("creating", status)?;
        let with = Census::settled();
        lab.release(vdevice);
        Ok(format!("{}, after its release {}", with.since(before), Census::settled().since(before)))
    });
    let several = area.add("of-a-vdevice-of-2-devices", Needs::Devices(2), |lab| {
        let before = Census::settled();
        let (status, vdevice) = lab.vdevice(|p| p.device_count = 2);
        must("creating", status)?;
        let with = Census::settled();
        lab.release(vdevice);
        Ok(format!("{}, after its release {}", with.since(before), Census::settled().since(before)))
    });
    several.variables.push(("HAILO_SIM_ARCH", "hailo8".into()));
    area.add("of-each-state", Needs::Network, states);
    area.add("of-ten-rounds", Needs::Network, |lab| {
        let before = Census::settled();
        for _ in 0..10 {
            let net = lab.net(10_000, 2)?;
            must("writing", net.write_all())?;
            must("reading", net.read_all())?;
            net.end();
        }
        Ok(Census::settled().since(before))
    });
    area
}

fn states(lab: &Lab) -> Result<String, String> {
    let mut told = Vec::new();
    let mut last = Census::settled();
    let start = last;
    let mut state = |what: &str| {
        let now = Census::settled();
        told.push(format!("{what} {}", now.since(last)));
        last = now;
    };
    let (status, vdevice) = lab.vdevice(|_| {});
    must("creating", status)?;
    state("vdevice");
    let (_, hef) = lab.hef(&lab.network()?);
    state("HEF");
    let (status, _) = lab.configure(vdevice, hef);
    must("configuring", status)?;
    state("configured");
    let (status, groups) = lab.configure(vdevice, hef);
    must("configuring again", status)?;
    state("configured again");
    let mut net = crate::lab::Net {
        lab,
        vdevice,
        hef,
        group: *groups.first().ok_or("no group")?,
        inputs: Vec::new(),
        outputs: Vec::new(),
        input_bytes: Vec::new(),
        output_bytes: Vec::new(),
    };
    let (inputs, outputs) = net.params()?;
    net.inputs = vec![null_mut(); inputs.len()];
    net.outputs = vec![null_mut(); outputs.len()];
    let to = net.inputs.as_mut_ptr();
    must("inputs", ask!(lab, hailo_create_input_vstreams(net.group, inputs.as_ptr(), inputs.len(), to)))?;
    state(&format!("{} inputs", inputs.len()));
    let to = net.outputs.as_mut_ptr();
    must("outputs", ask!(lab, hailo_create_output_vstreams(net.group, outputs.as_ptr(), outputs.len(), to)))?;
    state(&format!("{} outputs", outputs.len()));
    must("shutting down", net.shut_down())?;
    state("shut down");
    must("releasing outputs", net.release_outputs())?;
    state("outputs released");
    must("releasing inputs", net.release_inputs())?;
    state("inputs released");
    must("releasing the HEF", ask!(lab, hailo_release_hef(hef)))?;
    state("HEF released");
    lab.release(vdevice);
    state("vdevice released");
    Ok(format!("{}; in all {}", told.join("; "), Census::settled().since(start)))
}
