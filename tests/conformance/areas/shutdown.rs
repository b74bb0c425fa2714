//! The only call that unblocks another thread.

use std::time::{Duration, Instant};

use super::{Area, Needs};
use crate::lab::{Net, Shared, ask, more, say, took};

/// A transfer that waits until somebody ends it.
const LONG: u32 = 40_000;
const WITHOUT_END: u32 = u32::MAX;

pub fn area() -> Area {
    let mut area = Area::new("shutdown");
    for (name, timeout) in [("a-read", LONG), ("a-read-without-end", WITHOUT_END)] {
        area.add(&format!("ends-{name}"), Needs::Network, move |lab| {
            let net = lab.net(timeout, 2)?;
            let answer = meanwhile(&net, |net| net.read_all());
            Ok(format!("{answer}, end {}", net.end()))
        });
    }
    for (name, timeout) in [("a-write", LONG), ("a-write-without-end", WITHOUT_END)] {
        area.add(&format!("ends-{name}"), Needs::Network, move |lab| {
            let net = lab.net(timeout, 2)?;
            // Nobody reads: one of these waits for room.
            let answer =
                meanwhile(&net, |net| (0..1000).map(|_| net.write_all()).find(|s| *s != 0).unwrap_or(0));
            Ok(format!("{answer}, end {}", net.end()))
        });
    }
    area.add("ends-a-flush", Needs::Network, |lab| {
        let net = lab.net(300, 2)?;
        while net.write_all() == 0 {}
        let answer = meanwhile(&net, |net| more!(net.lab, hailo_flush_input_vstream(net.inputs[0])));
        Ok(format!("{answer}, end {}", net.end()))
    });
    area.add("holds-for-what-comes-later", Needs::Network, |lab| {
        let net = lab.net(LONG, 2)?;
        let statuses = [net.shut_down(), net.write_all(), net.read_all(), net.write_all()];
        Ok(format!("{}, end {}", statuses.map(say).join(", "), net.end()))
    });
    area.add("can-be-repeated", Needs::Network, |lab| {
        let net = lab.net(LONG, 2)?;
        let statuses = [net.shut_down(), net.shut_down(), net.shut_down()];
        Ok(format!("{}, end {}", statuses.map(say).join(", "), net.end()))
    });
    area.add("loses-what-waits", Needs::Network, |lab| {
        let net = lab.net(LONG, 2)?;
        let statuses = [net.write_all(), net.shut_down(), net.read_all()];
        Ok(format!("{}, end {}", statuses.map(say).join(", "), net.end()))
    });
    area.add("before-vstreams", Needs::Network, |lab| {
        let mut net = lab.net(LONG, 2)?;
        net.release_outputs();
        net.release_inputs();
        let status = net.shut_down();
        let (inputs, _) = net.params()?;
        net.inputs = vec![std::ptr::null_mut(); inputs.len()];
        let to = net.inputs.as_mut_ptr();
        let made = ask!(lab, hailo_create_input_vstreams(net.group, inputs.as_ptr(), inputs.len(), to));
        let write = if made == 0 { say(net.write(0, 0)) } else { "-".into() };
        Ok(format!("{}, vstreams {}, write {write}, end {}", say(status), say(made), net.end()))
    });
    area.add("of-one-group-leaves-the-others", Needs::Network, |lab| {
        let net = lab.net(5000, 2)?;
        let (status, groups) = lab.configure(net.vdevice, net.hef);
        let other = *groups.first().ok_or("no group")?;
        let down = ask!(lab, hailo_shutdown_network_group(other));
        let statuses = [net.write_all(), net.read_all()];
        Ok(format!("{}, {}, {}, end {}", say(status), say(down), statuses.map(say).join(", "), net.end()))
    });
    area
}

/// The answer of a call of another thread that waits until this one shuts the group down.
fn meanwhile(net: &Net<'_>, wait: impl Fn(&Net<'_>) -> u32 + Send) -> String {
    let shared = Shared(net);
    std::thread::scope(|scope| {
        let start = Instant::now();
        let (begun, has_begun) = std::sync::mpsc::channel();
        let waiter = scope.spawn({
            let shared = &shared;
            move || {
                let _ = begun.send(());
                wait(shared.0)
            }
        });
        let _ = has_begun.recv();
        // Long enough to be inside the call on any machine that is not stopped; where it is not, the answer is the same.
        let _ = has_begun.recv_timeout(Duration::from_millis(200));
        let status = net.shut_down();
        let answer = waiter.join().map_or_else(|_| "a panic".into(), say);
        format!("shutdown {}, {answer} {}", say(status), took(start, Duration::from_millis(u64::from(LONG))))
    })
}
