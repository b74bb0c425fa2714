//! The order of releases, as far as it is defined.

use std::ptr::null_mut;
use std::time::{Duration, Instant};

use super::{Area, Needs};
use crate::lab::{Census, ask, must, say, took};

pub fn area() -> Area {
    let mut area = Area::new("release");
    area.add("in-order", Needs::Network, |lab| {
        let net = lab.net(5000, 2)?;
        Ok(net.end())
    });
    area.add("inputs-before-outputs", Needs::Network, |lab| {
        let mut net = lab.net(5000, 2)?;
        let statuses = [net.shut_down(), net.release_inputs(), net.release_outputs()];
        Ok(format!("{}, end {}", statuses.map(say).join(", "), net.end()))
    });
    area.add("without-a-shutdown", Needs::Network, |lab| {
        let mut net = lab.net(5000, 2)?;
        let statuses = [net.write_all(), net.read_all(), net.release_outputs(), net.release_inputs()];
        let hef = say(ask!(lab, hailo_release_hef(net.hef)));
        Ok(format!("{}, HEF {hef}, {}", statuses.map(say).join(", "), lab.release(net.vdevice)))
    });
    area.add("the-hef-first", Needs::Network, |lab| {
        let net = lab.net(5000, 2)?;
        let hef = say(ask!(lab, hailo_release_hef(net.hef)));
        let statuses = [net.write_all(), net.read_all(), net.shut_down()];
        let mut net = net;
        let gone = [net.release_outputs(), net.release_inputs()];
        let (statuses, gone) = (statuses.map(say).join(", "), gone.map(say).join(", "));
        Ok(format!("HEF {hef}, {statuses}, {gone}, {}", lab.release(net.vdevice)))
    });
    area.add("with-unread-frames-after-a-shutdown", Needs::Network, |lab| {
        let mut net = lab.net(2000, 2)?;
        must("writing", net.write_all())?;
        let start = Instant::now();
        let statuses = [net.shut_down(), net.release_outputs(), net.release_inputs()];
        let time = took(start, Duration::from_secs(2));
        Ok(format!("{} {time}, end {}", statuses.map(say).join(", "), net.end()))
    });
    area.add("of-no-vstreams", Needs::Library, |lab| {
        let none = [null_mut(); 1];
        let other = [null_mut(); 1];
        let statuses = [
            ask!(lab, hailo_release_input_vstreams(none.as_ptr(), 0)),
            ask!(lab, hailo_release_output_vstreams(other.as_ptr(), 0)),
        ];
        Ok(statuses.map(say).join(", "))
    });
    area.add("leaves-nothing", Needs::Network, |lab| {
        let before = Census::settled();
        let net = lab.net(5000, 2)?;
        must("writing", net.write_all())?;
        let end = net.end();
        Ok(format!("{end}, {}", Census::settled().since(before)))
    });
    area.add("a-vdevice-beside-another", Needs::Devices(2), |lab| {
        let (_, one) = lab.vdevice(|_| {});
        let (_, two) = lab.vdevice(|_| {});
        let first = lab.release(one);
        let (status, three) = lab.vdevice(|_| {});
        Ok(format!("{first}, {}, {}, {}", say(status), lab.release(three), lab.release(two)))
    });
    area
}
