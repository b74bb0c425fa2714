//! What is inside a HEF.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};
use hailort_sim::hef::layer::StreamInfo;
use hailort_sim::hef::{Direction, Hef, NetworkGroup};
use hailort_sys::status_name;
use hailort_sys::types::*;
use serde::Serialize;

use super::{Outcome, progress};
use crate::text::printable::line;

/// A buffer shorter than this crashes the real library: nobody asks it.
const SHORTEST: usize = 12;
/// Bytes of a float32.
const FLOAT: u64 = 4;

/// Show what is inside a HEF: network groups, inputs and outputs, shapes and quantisation.
///
/// It is read as HailoRT 4.23 reads it, Hailo's own files too, and needs neither library nor device. The exit code is 1
/// where HailoRT refuses the file.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Write JSON: the statuses of hailo_create_hef_file and hailo_create_hef_buffer, and what the library then tells of
    /// the file
    #[arg(long)]
    json: bool,
}

/// What the library answers for a file.
#[derive(Debug, Serialize)]
struct Answers {
    create_hef_file: u32,
    /// Nothing where the library would crash, or there is no file.
    create_hef_buffer: Option<u32>,
    #[serde(flatten)]
    contents: Option<Contents>,
}

#[derive(Debug, Serialize)]
struct Contents {
    network_groups: Vec<Group>,
    vstreams: Vec<VStream>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input0_float32_frame_size: Option<u64>,
    default_timeout_ms: u32,
    default_queue_size: u32,
}

#[derive(Debug, Serialize)]
struct Group {
    name: String,
    is_multi_context: bool,
}

#[derive(Debug, Serialize)]
struct VStream {
    name: String,
    network_name: String,
    direction: u32,
    format_type: u32,
    format_order: u32,
    format_flags: u32,
    height: u32,
    width: u32,
    features: u32,
    #[serde(serialize_with = "as_c_writes_it")]
    qp_zp: f32,
    #[serde(serialize_with = "as_c_writes_it")]
    qp_scale: f32,
}

/// A whole number without a point, as C's `%g` has it.
fn as_c_writes_it<S: serde::Serializer>(number: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    let whole = *number as i32;
    if whole as f32 == *number { serializer.serialize_i32(whole) } else { serializer.serialize_f32(*number) }
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Outcome {
    let file = Hef::from_file(&arguments.file);
    let status =
        |read: &Result<Hef, hailort_sim::hef::HefError>| read.as_ref().err().map_or(0, |e| e.status());
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let bytes = std::fs::read(&arguments.file).ok().filter(|b| b.len() >= SHORTEST);
        let answers = Answers {
            create_hef_file: status(&file),
            create_hef_buffer: bytes.map(|b| status(&Hef::from_bytes(&b))),
            contents: file.as_ref().ok().map(contents),
        };
        serde_json::to_writer(&mut out, &answers)?;
        writeln!(out)?;
    } else if let Ok(hef) = &file {
        write!(out, "{}", described(hef))?;
    }
    out.flush()?;
    let Err(error) = file else { return Ok(ExitCode::SUCCESS) };
    let (file, status) = (line(&arguments.file.display().to_string()), error.status());
    let name = status_name(status).unwrap_or_default();
    progress::say(format_args!("error: {file}: {error}; HailoRT answers {status} {name}"));
    Ok(ExitCode::FAILURE)
}

/// Inputs, then outputs in the order of the original model, of the first group.
fn streams(group: &NetworkGroup) -> Vec<&StreamInfo> {
    let mut streams = group.host_inputs(None);
    streams.extend(group.host_outputs(None).unwrap_or_default());
    streams
}

fn contents(hef: &Hef) -> Contents {
    let mut groups: Vec<&NetworkGroup> = hef.network_groups.iter().collect();
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    let first = hef.network_groups.first();
    let input = first.and_then(|g| g.host_inputs(None).first().copied());
    Contents {
        network_groups: groups
            .iter()
            .map(|g| Group { name: g.name.clone(), is_multi_context: g.is_multi_context() })
            .collect(),
        vstreams: first.map(|g| streams(g).into_iter().map(vstream).collect()).unwrap_or_default(),
        input0_float32_frame_size: input.map(|s| FLOAT * s.elements() as u64),
        default_timeout_ms: HAILO_DEFAULT_VSTREAM_TIMEOUT_MS,
        default_queue_size: HAILO_DEFAULT_VSTREAM_QUEUE_SIZE,
    }
}

fn vstream(stream: &StreamInfo) -> VStream {
    VStream {
        name: stream.name.clone(),
        network_name: stream.network_name.clone(),
        direction: u32::from(stream.direction == Direction::DeviceToHost),
        format_type: if stream.nms.is_some() { HAILO_FORMAT_TYPE_FLOAT32 } else { stream.native_type() },
        format_order: stream.host_order(),
        format_flags: if stream.is_transposed { HAILO_FORMAT_FLAGS_TRANSPOSED } else { 0 },
        height: stream.height,
        width: stream.width,
        features: stream.features,
        qp_zp: stream.quantisation.zp,
        qp_scale: stream.quantisation.scale,
    }
}

fn described(hef: &Hef) -> String {
    let compiler = if hef.compiler.is_empty() { "an unknown version" } else { &hef.compiler };
    let mut text = format!(
        "header version {}, for {}, compiler {}\n",
        hef.header_version,
        chip(hef.arch),
        line(compiler)
    );
    if let Some(simulated) = &hef.simulated {
        let weights = simulated.weights_sha256.get(..12).unwrap_or(&simulated.weights_sha256);
        text +=
            &format!("for the simulator: {} with the weights {}…\n", line(&simulated.kind), line(weights));
    }
    for group in &hef.network_groups {
        let parts = if group.is_multi_context() {
            format!("{} contexts", group.contexts)
        } else {
            "one context".into()
        };
        text += &format!("\nnetwork group {}, {parts}\n", line(&group.name));
        if group.networks.len() > 1 {
            text += &format!("networks {}\n", line(&group.networks.join(", ")));
        }
        if !group.host_ops.is_empty() {
            text += &format!("computed on the host behind it: {}\n", line(&group.host_ops.join(", ")));
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(["", "name", "shape", "type", "order", "on the chip", "zero", "step"]);
        for stream in streams(group) {
            let [rows, columns, channels] = stream.hw_shape;
            table.add_row([
                if stream.direction == Direction::DeviceToHost { "out".into() } else { "in".into() },
                line(&stream.name),
                format!("{} × {} × {}", stream.height, stream.width, stream.features),
                if stream.data_bytes == 2 { "uint16".into() } else { "uint8".into() },
                order(stream.host_order()),
                format!("{} {rows} × {columns} × {channels}", order(stream.device_order())),
                quantised(stream, |q| q.zp),
                quantised(stream, |q| q.scale),
            ]);
        }
        for row in table.lines() {
            text += &format!("{}\n", row.trim_end());
        }
    }
    text
}

/// One number, or how many there are where each channel has its own.
fn quantised(stream: &StreamInfo, number: impl Fn(&hailort_sim::hef::Quantisation) -> f32) -> String {
    if stream.by_feature.len() > 1 { "by channel".into() } else { number(&stream.quantisation).to_string() }
}

/// The chip that a file was compiled for.
fn chip(arch: i32) -> String {
    match arch {
        0 => "Hailo-8".into(),
        1 => "Hailo-8P".into(),
        2 => "Hailo-8R".into(),
        3 => "Hailo-8L".into(),
        4 => "Hailo-15M".into(),
        5 => "Hailo-10H".into(),
        6 => "Hailo-15L".into(),
        103 => "Hailo-15H".into(),
        other => format!("the architecture {other}"),
    }
}

/// The name of an order, as the constants of HailoRT have it.
fn order(number: hailo_format_order_t) -> String {
    let is_it =
        |(name, value): &&(&str, u64)| name.starts_with("HAILO_FORMAT_ORDER_") && *value == u64::from(number);
    let name = CONSTANTS.iter().find(is_it).map(|(name, _)| name.trim_start_matches("HAILO_FORMAT_ORDER_"));
    name.map_or_else(|| number.to_string(), |name| name.trim_start_matches("HAILO_").to_owned())
}
