//! Network groups: configuration, the scheduler's settings, activation, parameters of vstreams.

use std::ptr::{null, null_mut};

use hailort_sys::types::*;

use super::{Area, Needs};
use crate::lab::{Lab, Net, ask, c_string, more, must, say};

/// A network without vstreams.
fn bare(lab: &Lab) -> Result<Net<'_>, String> {
    let mut net = lab.net(1000, 2)?;
    must("releasing outputs", net.release_outputs())?;
    must("releasing inputs", net.release_inputs())?;
    Ok(net)
}

pub fn area() -> Area {
    let mut area = Area::new("groups");
    area.add("configured-twice", Needs::Network, |lab| {
        let (_, hef) = lab.hef(&lab.network()?);
        let (_, vdevice) = lab.vdevice(|_| {});
        let (one, first) = lab.configure(vdevice, hef);
        let (two, second) = lab.configure(vdevice, hef);
        let differ = first != second;
        Ok(format!("{}, {}, handles differ: {differ}, release {}", say(one), say(two), lab.release(vdevice)))
    });
    area.add("no-room-for-groups", Needs::Network, |lab| {
        let (_, hef) = lab.hef(&lab.network()?);
        let (_, vdevice) = lab.vdevice(|_| {});
        let (mut groups, mut count) = ([null_mut(); 8], 0);
        let status =
            ask!(lab, hailo_configure_vdevice(vdevice, hef, null_mut(), groups.as_mut_ptr(), &raw mut count));
        Ok(format!("{}, count {count}, release {}", say(status), lab.release(vdevice)))
    });
    area.add("each-pointer-alone", Needs::Network, |lab| {
        let (_, hef) = lab.hef(&lab.network()?);
        let (_, vdevice) = lab.vdevice(|_| {});
        let (mut groups, mut count) = ([null_mut(); 8], 8);
        let to = groups.as_mut_ptr();
        let statuses = [
            ask!(lab, hailo_configure_vdevice(null_mut(), hef, null_mut(), to, &raw mut count)),
            ask!(lab, hailo_configure_vdevice(vdevice, null_mut(), null_mut(), to, &raw mut count)),
            ask!(lab, hailo_configure_vdevice(vdevice, hef, null_mut(), null_mut(), &raw mut count)),
            ask!(lab, hailo_configure_vdevice(vdevice, hef, null_mut(), to, null_mut())),
        ];
        Ok(format!("{}, release {}", statuses.map(say).join(", "), lab.release(vdevice)))
    });
    area.add("with-parameters", Needs::Network, |lab| {
        let (_, hef) = lab.hef(&lab.network()?);
        let (_, vdevice) = lab.vdevice(|_| {});
        let mut params = Box::new(hailo_configure_params_t::zeroed());
        let made = more!(lab, hailo_init_configure_params_by_vdevice(hef, vdevice, &raw mut *params));
        let mut told = vec![say(made)];
        for name in ["as made", "other"] {
            if name == "other" {
                set_text(&mut params.network_group_params[0].name, name);
            }
            let (mut groups, mut count) = ([null_mut(); 8], 8);
            let to = groups.as_mut_ptr();
            let status =
                ask!(lab, hailo_configure_vdevice(vdevice, hef, &raw mut *params, to, &raw mut count));
            told.push(format!("{name} {} {count}", say(status)));
        }
        Ok(format!("{}, release {}", told.join(", "), lab.release(vdevice)))
    });
    settings(&mut area);
    activation(&mut area);
    arrays(&mut area);
    vstreams(&mut area);
    area
}

fn settings(area: &mut Area) {
    area.add("scheduler-settings", Needs::Network, |lab| {
        let net = bare(lab)?;
        let statuses = [
            ask!(lab, hailo_set_scheduler_timeout(net.group, 100, null())),
            ask!(lab, hailo_set_scheduler_threshold(net.group, 1, null())),
            ask!(lab, hailo_set_scheduler_priority(net.group, 20, null())),
        ];
        Ok(format!("{}, end {}", statuses.map(say).join(", "), net.end()))
    });
    area.add("scheduler-settings-of-a-network", Needs::Network, |lab| {
        let net = bare(lab)?;
        let (_name, name) = c_string(Some("shortcut_net/shortcut_net"));
        let statuses = [
            ask!(lab, hailo_set_scheduler_timeout(net.group, 100, name)),
            ask!(lab, hailo_set_scheduler_threshold(net.group, 1, name)),
            ask!(lab, hailo_set_scheduler_priority(net.group, 20, name)),
        ];
        Ok(format!("{}, end {}", statuses.map(say).join(", "), net.end()))
    });
    area.add("priorities-beyond", Needs::Network, |lab| {
        let net = bare(lab)?;
        let statuses =
            [0, 31, 32, 255].map(|p| say(ask!(lab, hailo_set_scheduler_priority(net.group, p, null()))));
        Ok(format!("{}, end {}", statuses.join(", "), net.end()))
    });
    area.add("scheduler-settings-without-a-scheduler", Needs::Network, |lab| {
        let (_, hef) = lab.hef(&lab.network()?);
        let (_, vdevice) = lab.vdevice(|p| p.scheduling_algorithm = HAILO_SCHEDULING_ALGORITHM_NONE);
        let (_, groups) = lab.configure(vdevice, hef);
        let group = *groups.first().ok_or("no group")?;
        let statuses = [
            ask!(lab, hailo_set_scheduler_timeout(group, 100, null())),
            ask!(lab, hailo_set_scheduler_threshold(group, 1, null())),
            ask!(lab, hailo_set_scheduler_priority(group, 20, null())),
        ];
        Ok(format!("{}, release {}", statuses.map(say).join(", "), lab.release(vdevice)))
    });
}

fn activation(area: &mut Area) {
    area.add("activated-under-a-scheduler", Needs::Network, |lab| {
        let net = bare(lab)?;
        let mut activated = null_mut();
        let status = more!(lab, hailo_activate_network_group(net.group, null_mut(), &raw mut activated));
        let waited = more!(lab, hailo_wait_for_network_group_activation(net.group, 10));
        Ok(format!("{}, wait {}, end {}", say(status), say(waited), net.end()))
    });
    area.add("activated-by-hand", Needs::Network, |lab| {
        let (_, hef) = lab.hef(&lab.network()?);
        let (_, vdevice) = lab.vdevice(|p| p.scheduling_algorithm = HAILO_SCHEDULING_ALGORITHM_NONE);
        let (status, groups) = lab.configure(vdevice, hef);
        must("configuring", status)?;
        let group = *groups.first().ok_or("no group")?;
        let (mut activated, mut again) = (null_mut(), null_mut());
        let statuses = [
            more!(lab, hailo_wait_for_network_group_activation(group, 10)),
            more!(lab, hailo_activate_network_group(group, null_mut(), &raw mut activated)),
            more!(lab, hailo_wait_for_network_group_activation(group, 1000)),
            more!(lab, hailo_activate_network_group(group, null_mut(), &raw mut again)),
            more!(lab, hailo_deactivate_network_group(activated)),
            more!(lab, hailo_wait_for_network_group_activation(group, 10)),
            ask!(lab, hailo_release_hef(hef)),
        ];
        Ok(format!("{}, release {}", statuses.map(say).join(", "), lab.release(vdevice)))
    });
}

fn arrays(area: &mut Area) {
    area.add("no-room-for-parameters", Needs::Network, |lab| {
        let net = bare(lab)?;
        let mut inputs = vec![hailo_input_vstream_params_by_name_t::zeroed(); 1];
        let mut outputs = vec![hailo_output_vstream_params_by_name_t::zeroed(); 1];
        let (mut some, mut others) = (0, 0);
        let statuses = [
            ask!(
                lab,
                hailo_make_input_vstream_params(net.group, false, 3, inputs.as_mut_ptr(), &raw mut some)
            ),
            ask!(
                lab,
                hailo_make_output_vstream_params(net.group, false, 3, outputs.as_mut_ptr(), &raw mut others)
            ),
        ];
        let all = net.params()?;
        let right = (some, others) == (all.0.len(), all.1.len());
        Ok(format!("{}, counts are those of all: {right}, end {}", statuses.map(say).join(", "), net.end()))
    });
    area.add("parameters-by-default", Needs::Network, |lab| {
        let net = bare(lab)?;
        let (inputs, outputs) = net.params()?;
        let all = inputs.iter().map(|p| p.params).chain(outputs.iter().map(|p| p.params));
        let mut told: Vec<String> = all
            .map(|p| {
                let f = p.user_buffer_format;
                format!(
                    "type {} order {} flags {} timeout {} queue {}",
                    f.type_, f.order, f.flags, p.timeout_ms, p.queue_size
                )
            })
            .collect();
        told.sort();
        told.dedup();
        Ok(format!("{}, end {}", told.join("; "), net.end()))
    });
    area.add("no-room-for-streams", Needs::Network, |lab| {
        let net = bare(lab)?;
        let mut infos = [hailo_stream_info_t::zeroed(); 1];
        let mut count = 99;
        let status = more!(
            lab,
            hailo_network_group_get_all_stream_infos(net.group, infos.as_mut_ptr(), 0, &raw mut count)
        );
        Ok(format!(
            "{}, count {}, end {}",
            say(status),
            if count == 99 { "as it was" } else { "of all" },
            net.end()
        ))
    });
}

fn vstreams(area: &mut Area) {
    area.add("vstreams-twice", Needs::Network, |lab| {
        let net = lab.net(1000, 2)?;
        let (inputs, outputs) = net.params()?;
        let (mut some, mut others) = (vec![null_mut(); inputs.len()], vec![null_mut(); outputs.len()]);
        let statuses = [
            ask!(
                lab,
                hailo_create_input_vstreams(net.group, inputs.as_ptr(), inputs.len(), some.as_mut_ptr())
            ),
            ask!(
                lab,
                hailo_create_output_vstreams(net.group, outputs.as_ptr(), outputs.len(), others.as_mut_ptr())
            ),
        ];
        Ok(format!("{}, end {}", statuses.map(say).join(", "), net.end()))
    });
    area.add("vstreams-again-after-their-release", Needs::Network, |lab| {
        let net = bare(lab)?;
        let (inputs, _) = net.params()?;
        let mut some = vec![null_mut(); inputs.len()];
        let made = ask!(
            lab,
            hailo_create_input_vstreams(net.group, inputs.as_ptr(), inputs.len(), some.as_mut_ptr())
        );
        let gone = ask!(lab, hailo_release_input_vstreams(some.as_ptr(), some.len()));
        Ok(format!("{}, {}, end {}", say(made), say(gone), net.end()))
    });
    area.add("vstream-of-another-name", Needs::Network, |lab| {
        let net = bare(lab)?;
        let (mut inputs, _) = net.params()?;
        set_text(&mut inputs[0].name, "other");
        let mut some = vec![null_mut(); inputs.len()];
        let made = ask!(
            lab,
            hailo_create_input_vstreams(net.group, inputs.as_ptr(), inputs.len(), some.as_mut_ptr())
        );
        Ok(format!("{}, end {}", say(made), net.end()))
    });
    area.add("vstreams-of-none", Needs::Network, |lab| {
        let net = bare(lab)?;
        let (inputs, _) = net.params()?;
        let mut some = [null_mut(); 1];
        let made = ask!(lab, hailo_create_input_vstreams(net.group, inputs.as_ptr(), 0, some.as_mut_ptr()));
        Ok(format!("{}, end {}", say(made), net.end()))
    });
    area.add("vstream-with-a-queue-of-0", Needs::Network, |lab| {
        let net = bare(lab)?;
        let (mut inputs, _) = net.params()?;
        inputs[0].params.queue_size = 0;
        let mut some = vec![null_mut(); inputs.len()];
        let made = ask!(
            lab,
            hailo_create_input_vstreams(net.group, inputs.as_ptr(), inputs.len(), some.as_mut_ptr())
        );
        Ok(format!("{}, end {}", say(made), net.end()))
    });
    area.add("vstream-information", Needs::Network, |lab| {
        let net = lab.net(1000, 2)?;
        let (mut info, mut format) = (hailo_vstream_info_t::zeroed(), hailo_format_t::zeroed());
        let mut infos = [hailo_quant_info_t::zeroed(); 4];
        let mut none = 0;
        let statuses = [
            ask!(lab, hailo_get_input_vstream_info(net.inputs[0], &raw mut info)),
            more!(lab, hailo_get_input_vstream_user_format(net.inputs[0], &raw mut format)),
            more!(lab, hailo_get_input_vstream_quant_infos(net.inputs[0], infos.as_mut_ptr(), &raw mut none)),
            ask!(lab, hailo_get_input_vstream_info(net.inputs[0], null_mut())),
            ask!(lab, hailo_get_input_vstream_frame_size(net.inputs[0], null_mut())),
        ];
        let (of_info, of_format) = (info.format.type_, format.type_);
        let told = statuses.map(say).join(", ");
        Ok(format!("{told}, type {of_info} and {of_format}, quantisations {none}, end {}", net.end()))
    });
}
