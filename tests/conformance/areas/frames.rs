//! Frames through vstreams: sizes, order, queues and back-pressure, timeouts.

use std::time::{Duration, Instant};

use super::{Area, Needs};
use crate::lab::{Lab, Net, ask, more, must, say, took};

/// How long a transfer may take that is meant to wait in vain.
const SHORT: u32 = 150;

pub fn area() -> Area {
    let mut area = Area::new("frames");
    area.add("come-in-the-order-in-which-they-went", Needs::Network, order);
    area.add("through-each-of-100", Needs::Network, |lab| {
        let net = lab.net(10_000, 2)?;
        for _ in 0..100 {
            must("writing", net.write_all())?;
            must("reading", net.read_all())?;
        }
        Ok(format!("100 frames, end {}", net.end()))
    });
    sizes(&mut area);
    for queue in [1, 2, 4, 16] {
        area.add(&format!("that-nobody-reads-with-queues-of-{queue}"), Needs::Network, move |lab| {
            let net = lab.net(SHORT, queue)?;
            let (went, start) = unread(&net);
            let time = took(start, Duration::from_millis(u64::from(SHORT)));
            Ok(format!("{went} went, then {} {time}, end {}", say(net.write_all()), net.end()))
        });
    }
    area.add("after-back-pressure", Needs::Network, |lab| {
        let net = lab.net(SHORT, 2)?;
        let (went, _) = unread(&net);
        let mut came = 0;
        while net.read_all() == 0 {
            came += 1;
        }
        let all = came == went;
        let again = [net.write_all(), net.read_all()];
        Ok(format!("all came: {all}, then {}, end {}", again.map(say).join(", "), net.end()))
    });
    area.add("read-before-any", Needs::Network, |lab| {
        let net = lab.net(SHORT, 2)?;
        let start = Instant::now();
        let status = net.read_all();
        let time = took(start, Duration::from_millis(u64::from(SHORT)));
        Ok(format!("{} {time}, end {}", say(status), net.end()))
    });
    area.add("after-a-timeout-of-a-read", Needs::Network, |lab| {
        let net = lab.net(SHORT, 2)?;
        let statuses = [net.read_all(), net.write_all(), net.read_all()];
        Ok(format!("{}, end {}", statuses.map(say).join(", "), net.end()))
    });
    area.add("flushed", Needs::Network, |lab| {
        let net = lab.net(5000, 2)?;
        let nothing = more!(lab, hailo_flush_input_vstream(net.inputs[0]));
        must("writing", net.write_all())?;
        let one = more!(lab, hailo_flush_input_vstream(net.inputs[0]));
        must("reading", net.read_all())?;
        Ok(format!("{}, {}, end {}", say(nothing), say(one), net.end()))
    });
    area.add("in-one-call", Needs::Network, infer);
    area
}

fn order(lab: &Lab) -> Result<String, String> {
    let net = lab.net(10_000, 2)?;
    if !lab.is_simulator {
        return Ok(format!("needs a network that changes nothing, end {}", net.end()));
    }
    let mut right = true;
    for number in 0..50_u8 {
        let frame: Vec<u8> =
            (0..net.input_bytes[0] / 4).flat_map(|_| (f32::from(number) / 16.0).to_ne_bytes()).collect();
        must("writing", net.write_bytes(0, &frame))?;
        let (status, back) = net.read(0);
        must("reading", status)?;
        right &= back == frame;
    }
    Ok(format!("{right}, end {}", net.end()))
}

/// Writes until there is no room: frames that went, and when the last write began.
fn unread(net: &Net<'_>) -> (u32, Instant) {
    let mut went = 0;
    loop {
        let start = Instant::now();
        if net.write_all() != 0 || went == 1000 {
            return (went, start);
        }
        went += 1;
    }
}

fn sizes(area: &mut Area) {
    for (name, change) in
        [("one-byte-less", -1_isize), ("one-byte-more", 1), ("twice", 0), ("nothing", isize::MIN)]
    {
        let size = move |right: usize| match change {
            0 => right * 2,
            isize::MIN => 0,
            by => right.saturating_add_signed(by),
        };
        area.add(&format!("of-{name}"), Needs::Network, move |lab| {
            let net = lab.net(SHORT, 2)?;
            let wrong = net.write_bytes(0, &vec![0; size(net.input_bytes[0])]);
            let mut frame = vec![0; size(net.output_bytes[0])];
            let read = net.read_bytes(0, &mut frame);
            // Nothing of it is left.
            let right = [net.write_all(), net.read_all()];
            Ok(format!(
                "write {}, read {}, then {}, end {}",
                say(wrong),
                say(read),
                right.map(say).join(", "),
                net.end()
            ))
        });
    }
    area.add("of-null", Needs::Network, |lab| {
        let net = lab.net(SHORT, 2)?;
        let (input, output) = (net.inputs[0], net.outputs[0]);
        let write = ask!(lab, hailo_vstream_write_raw_buffer(input, std::ptr::null(), net.input_bytes[0]));
        let read =
            ask!(lab, hailo_vstream_read_raw_buffer(output, std::ptr::null_mut(), net.output_bytes[0]));
        Ok(format!("write {}, read {}, end {}", say(write), say(read), net.end()))
    });
}

fn infer(lab: &Lab) -> Result<String, String> {
    use hailort_sys::types::*;
    let mut net = lab.net(5000, 2)?;
    let frames = 3;
    let (mut inputs, mut outputs) = net.params()?;
    must("releasing outputs", net.release_outputs())?;
    must("releasing inputs", net.release_inputs())?;
    let mut memory: Vec<Vec<u8>> =
        net.input_bytes.iter().chain(&net.output_bytes).map(|bytes| vec![0; bytes * frames]).collect();
    let names: Vec<_> = inputs.iter().map(|p| p.name).chain(outputs.iter().map(|p| p.name)).collect();
    let mut buffers: Vec<_> = memory
        .iter_mut()
        .zip(names)
        .map(|(memory, name)| hailo_stream_raw_buffer_by_name_t {
            name,
            raw_buffer: hailo_stream_raw_buffer_t { buffer: memory.as_mut_ptr().cast(), size: memory.len() },
        })
        .collect();
    let (to, from) = buffers.split_at_mut(inputs.len());
    let mut run = |count| {
        say(more!(
            lab,
            hailo_infer(
                net.group,
                inputs.as_mut_ptr(),
                to.as_mut_ptr(),
                to.len(),
                outputs.as_mut_ptr(),
                from.as_mut_ptr(),
                from.len(),
                count
            )
        ))
    };
    let told = [run(frames), run(frames + 1), run(frames)];
    Ok(format!("3 frames {}, memory for too few {}, again {}, end {}", told[0], told[1], told[2], net.end()))
}
