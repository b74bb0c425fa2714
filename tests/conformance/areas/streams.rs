//! Streams: frames as the device has them, and conversions without a device.

use std::ptr::null_mut;

use hailort_sys::types::*;

use super::{Area, Needs};
use crate::lab::{Lab, ask, c_string, more, must, say};

pub fn area() -> Area {
    let mut area = Area::new("streams");
    area.add("by-name", Needs::Network, |lab| {
        let net = lab.net(1000, 2)?;
        let (mut input, mut output) = (null_mut(), null_mut());
        let (_name, other) = c_string(Some("other"));
        let statuses = [
            more!(lab, hailo_get_input_stream(net.group, other, &raw mut input)),
            more!(lab, hailo_get_output_stream(net.group, other, &raw mut output)),
            more!(lab, hailo_get_input_stream(net.group, std::ptr::null(), &raw mut input)),
        ];
        Ok(format!("{}, end {}", statuses.map(say).join(", "), net.end()))
    });
    area.add("before-activation", Needs::Network, |lab| {
        let (_, hef) = lab.hef(&lab.network()?);
        let (_, vdevice) = lab.vdevice(|p| p.scheduling_algorithm = HAILO_SCHEDULING_ALGORITHM_NONE);
        let (status, groups) = lab.configure(vdevice, hef);
        must("configuring", status)?;
        let group = *groups.first().ok_or("no group")?;
        let mut infos = [hailo_stream_info_t::zeroed(); 40];
        let mut count = 0;
        let all =
            more!(lab, hailo_network_group_get_input_stream_infos(group, infos.as_mut_ptr(), 40, &raw mut count));
        let mut input = null_mut();
        let got = more!(lab, hailo_get_input_stream(group, infos[0].name.as_ptr(), &raw mut input));
        let size = more!(lab, hailo_get_input_stream_frame_size(input));
        let frame = vec![0_u8; size];
        let write = more!(lab, hailo_stream_write_raw_buffer(input, frame.as_ptr().cast(), size));
        let short = more!(lab, hailo_stream_write_raw_buffer(input, frame.as_ptr().cast(), size - 1));
        let known = size == infos[0].hw_frame_size as usize;
        Ok(format!(
            "infos {}, stream {}, its size is that of the infos: {known}, write {}, a byte less {}, release {}",
            say(all),
            say(got),
            say(write),
            say(short),
            lab.release(vdevice)
        ))
    });
    conversions(&mut area);
    memory(&mut area);
    area
}

fn format(type_: u32, order: u32) -> hailo_format_t {
    hailo_format_t { type_, order, flags: 0 }
}

fn conversions(area: &mut Area) {
    area.add("conversion-needed", Needs::Library, |lab| {
        let shape = hailo_3d_image_shape_t { height: 2, width: 8, features: 3 };
        let padded = hailo_3d_image_shape_t { height: 2, width: 16, features: 3 };
        let quant = hailo_quant_info_t { qp_zp: 0.0, qp_scale: 1.0, limvals_min: 0.0, limvals_max: 255.0 };
        let mut told = Vec::new();
        for (to, of) in
            [(format(1, 1), shape), (format(3, 1), shape), (format(1, 2), shape), (format(1, 1), padded)]
        {
            let (mut input, mut output) = (false, false);
            let from = format(1, 1);
            let one = more!(
                lab,
                hailo_is_input_transformation_required2(
                    &raw const shape,
                    &raw const from,
                    &raw const of,
                    &raw const to,
                    &raw const quant,
                    1,
                    &raw mut input
                )
            );
            let two = more!(
                lab,
                hailo_is_output_transformation_required2(
                    &raw const shape,
                    &raw const from,
                    &raw const of,
                    &raw const to,
                    &raw const quant,
                    1,
                    &raw mut output
                )
            );
            told.push(format!("{} {input} {} {output}", say(one), say(two)));
        }
        Ok(told.join(", "))
    });
    for (name, scale, zp) in [("good", 0.5, 3.0), ("scale-0", 0.0, 0.0), ("not-a-number", f32::NAN, f32::NAN)]
    {
        area.add(&format!("quantisation-{name}"), Needs::Library, move |lab| {
            let quant = hailo_quant_info_t { qp_zp: zp, qp_scale: scale, limvals_min: 0.0, limvals_max: 1.0 };
            let mut valid = false;
            let status = more!(lab, hailo_is_qp_valid(quant, &raw mut valid));
            Ok(format!("{}, {valid}", say(status)))
        });
    }
    area.add("frame-sizes", Needs::Library, |lab| {
        let mut info = hailo_vstream_info_t::zeroed();
        info.format = format(1, 1);
        info.shape.shape = hailo_3d_image_shape_t { height: 3, width: 5, features: 7 };
        let mut told = Vec::new();
        for type_ in 0..5 {
            for order in [0, 1, 2, 3, 5, 99] {
                let (mut wanted, mut size) = (format(type_, order), 0);
                let status =
                    more!(lab, hailo_get_vstream_frame_size(&raw mut info, &raw mut wanted, &raw mut size));
                told.push(format!("{type_}.{order}: {status} {size}"));
            }
        }
        Ok(told.join(", "))
    });
}

fn memory(area: &mut Area) {
    area.add("memory", Needs::Library, |lab| {
        let params = hailo_buffer_parameters_t::zeroed();
        let mut told = Vec::new();
        for size in [0, 1, 4096, 1 << 20] {
            let mut memory = null_mut();
            let status = more!(lab, hailo_allocate_buffer(size, &raw const params, &raw mut memory));
            let free = if status == 0 { say(more!(lab, hailo_free_buffer(memory))) } else { "-".into() };
            told.push(format!("{size}: {}, free {free}", say(status)));
        }
        Ok(told.join("; "))
    });
    area.add("memory-of-the-device", Needs::Devices(1), |lab| {
        let (status, vdevice) = lab.vdevice(|_| {});
        must("creating", status)?;
        let params = hailo_buffer_parameters_t::zeroed();
        let mut memory = null_mut();
        must("allocating", more!(lab, hailo_allocate_buffer(8192, &raw const params, &raw mut memory)))?;
        let statuses = [
            more!(lab, hailo_vdevice_dma_map_buffer(vdevice, memory, 8192, 0)),
            more!(lab, hailo_vdevice_dma_map_buffer(vdevice, memory, 8192, 0)),
            more!(lab, hailo_vdevice_dma_unmap_buffer(vdevice, memory, 8192, 0)),
            more!(lab, hailo_vdevice_dma_unmap_buffer(vdevice, memory, 8192, 0)),
            more!(lab, hailo_vdevice_dma_map_buffer(vdevice, memory, 0, 0)),
        ];
        Ok(format!("{}, release {}", statuses.map(say).join(", "), lab.release(vdevice)))
    });
    area.add("released-with-their-group", Needs::Network, |lab: &Lab| {
        let (_, hef) = lab.hef(&lab.network()?);
        let (_, vdevice) = lab.vdevice(|_| {});
        let (status, _) = lab.configure(vdevice, hef);
        must("configuring", status)?;
        Ok(format!("HEF first {}, {}", say(ask!(lab, hailo_release_hef(hef))), lab.release(vdevice)))
    });
}
