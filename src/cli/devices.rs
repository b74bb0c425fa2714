//! Devices, what they are, and who uses them.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use super::{Outcome, progress, reset};
use crate::device::lease::{LockFolder, Owner, Queue, Wedged};
use crate::device::process::descends;
use crate::device::{
    Details, Found, Holder, Holders, RequiredError, RuntimeChoice, RuntimeKind, Survey, discovery, required,
};
use crate::text::printable::line;
use crate::worker::{Worker, WorkerOptions};

/// How long the library may take to list its devices and ask each what it is.
const DEADLINE: Duration = Duration::from_secs(20);
/// How long it may take to let go.
const RELEASE: Duration = Duration::from_secs(2);

/// List devices: architecture, firmware, temperature, and who uses them.
///
/// The library is asked in a process of its own, so that a device that hangs does not hang this command. Programs that
/// use a device without asking for the lease are found by the files that they have open; those of other users are seen
/// by root only.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Whose devices: auto (real ones where there are any, else simulated ones; the default), sim, or device
    #[arg(long, value_name = "RUNTIME")]
    runtime: Option<RuntimeChoice>,
    /// Get a device back that is marked as wedged: its number, from 0, or its PCIe address (default: all that are marked)
    ///
    /// One thing after the other is tried, until the device can be opened: looking whether it came back, a reset by the
    /// library, reloading the driver, and removing it from the PCIe bus and scanning again. The last two need root.
    #[arg(long, value_name = "DEVICE", num_args = 0..=1)]
    reset: Option<Option<String>>,
    /// Write one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// All of it, as it is written with `--json`.
#[derive(Debug, Serialize)]
struct Report {
    runtime: &'static str,
    /// Why the library could not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    devices: Vec<Row>,
    /// The process of a running HailoRT service, which holds devices for others.
    service: Option<u32>,
    /// Process ids of those whose open files could not be looked at.
    unreadable: Vec<u32>,
    /// Where the locks are.
    lock_dir: String,
}

#[derive(Debug, Serialize)]
struct Row {
    number: usize,
    device: String,
    architecture: Option<String>,
    firmware: Option<String>,
    board: Option<String>,
    serial_number: Option<String>,
    /// Of the hotter sensor, in degrees Celsius.
    temperature: Option<f32>,
    /// Why the device does not say what it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// Who holds the lease.
    owner: Option<Owner>,
    /// Who waits for it, in order of arrival.
    waiting: Vec<Owner>,
    /// Who has the device open without holding the lease.
    others: Vec<Holder>,
    /// Why nobody can use it.
    wedged: Option<Wedged>,
    /// The file to lock for programs of other languages.
    lock: String,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Outcome {
    let choice =
        arguments.runtime.map_or_else(|| RuntimeChoice::from_environment(RuntimeChoice::Auto), Ok)?;
    if let Some(device) = &arguments.reset {
        return reset::run(choice, device.as_deref(), arguments.json);
    }
    let (runtime, devices, details, error) = match survey(choice) {
        Ok(survey) => {
            if let Some(notice) = &survey.notice {
                progress::say(notice);
            }
            (survey.runtime.name(), survey.devices, survey.details, None)
        }
        // Without the library, what the driver lists can be shown.
        Err(why) if !discovery::real().is_empty() => ("device", discovery::real(), Vec::new(), Some(why)),
        Err(why) => return Err(why.into()),
    };
    let folder = LockFolder::usual()?;
    // What fell off the bus is listed by nobody; its mark tells of it.
    let marks = Wedged::all(&folder);
    let kind = if runtime == "device" { RuntimeKind::Device } else { RuntimeKind::Sim };
    let missing =
        discovery::missing(kind, &discovery::prefix(kind), &devices, marks.iter().map(|m| m.device.as_str()));
    let (mut devices, mut details) = (devices, details);
    if !details.is_empty() || devices.is_empty() {
        details.extend(missing.iter().map(|_| Err("it is not listed: it may be off the bus".to_owned())));
    }
    devices.extend(missing);
    let queue = Queue::read(&folder)?;
    let nodes: Vec<_> = devices.iter().flat_map(|d| d.nodes.clone()).collect();
    let holders = Holders::look(&nodes, &[std::process::id()]);
    let rows = devices
        .iter()
        .enumerate()
        .map(|(i, device)| row(i, device, details.get(i), &queue, &holders, &folder));
    let report = Report {
        runtime,
        error,
        devices: rows.collect(),
        service: holders.service,
        unreadable: holders.unreadable.iter().map(|(pid, _)| *pid).collect(),
        lock_dir: folder.path().display().to_string(),
    };
    let mut out = std::io::stdout().lock();
    if arguments.json {
        serde_json::to_writer(&mut out, &report)?;
        writeln!(out)?;
    } else {
        show(&report, &mut out)?;
        if let Some(pid) = report.service {
            progress::say(format_args!(
                "the HailoRT service runs (process {pid}) and holds devices for others: `systemctl stop hailort` ends it"
            ));
        }
        if !holders.unreadable.is_empty() && runtime == "device" {
            let unseen = Holders { found: Vec::new(), service: None, ..holders };
            progress::say(unseen);
        }
    }
    out.flush()?;
    let is_simulated = arguments.runtime == Some(RuntimeChoice::Sim);
    match report.error {
        _ if is_simulated || !required()? => Ok(ExitCode::SUCCESS),
        Some(error) => Err(error.into()),
        None if report.devices.is_empty() => Err(RequiredError::NoDevice.into()),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn survey(choice: RuntimeChoice) -> Result<Survey, String> {
    let mut worker = Worker::spawn(&WorkerOptions::default()).map_err(|e| e.to_string())?;
    let survey = worker.survey(choice, true, DEADLINE).map_err(|e| e.to_string());
    let log = worker.close(RELEASE).log;
    if survey.as_ref().is_ok_and(|s| s.devices.is_empty()) {
        // What the library said may tell why there are none.
        log.iter().for_each(progress::say);
    }
    survey
}

fn row(
    number: usize,
    device: &Found,
    details: Option<&Result<Details, String>>,
    queue: &Queue,
    holders: &Holders,
    folder: &LockFolder,
) -> Row {
    let owner = queue.owner(&device.lease);
    let of_lease = |holder: &&Holder| owner.as_ref().is_some_and(|o| descends(holder.pid, o.pid));
    let mine = |holder: &&Holder| device.nodes.contains(&holder.node);
    let others = holders.found.iter().filter(mine).filter(|h| !of_lease(h)).cloned().collect();
    let known = details.and_then(|d| d.as_ref().ok());
    let text = |of: fn(&Details) -> &str| known.map(|d| of(d).to_owned()).filter(|t| !t.is_empty());
    Row {
        number,
        device: device.id.clone(),
        architecture: text(|d| &d.identity.architecture),
        firmware: text(|d| &d.identity.firmware),
        board: text(|d| &d.identity.board),
        serial_number: text(|d| &d.identity.serial_number),
        temperature: known.and_then(|d| d.temperature),
        error: details.and_then(|d| d.as_ref().err().cloned()),
        waiting: queue.waiting(&device.lease),
        owner,
        others,
        wedged: Wedged::read(folder, &device.lease),
        lock: folder.lock_of(&device.lease).display().to_string(),
    }
}

fn show(report: &Report, out: &mut impl Write) -> std::io::Result<()> {
    if let Some(error) = &report.error {
        progress::say(format_args!("the library cannot be asked: {error}"));
    }
    if report.devices.is_empty() {
        return writeln!(out, "no devices on the runtime {}", report.runtime);
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["", "device", "runtime", "architecture", "firmware", "temperature", "used"]);
    for row in &report.devices {
        let or_unknown = |text: &Option<String>| line(text.as_deref().unwrap_or("?"));
        table.add_row([
            row.number.to_string(),
            line(&row.device),
            report.runtime.to_owned(),
            or_unknown(&row.architecture),
            or_unknown(&row.firmware),
            row.temperature.map_or("?".into(), |t| format!("{t:.0} °C")),
            used(row),
        ]);
        if let Some(error) = &row.error {
            progress::say(format_args!("{}: {error}", row.device));
        }
    }
    for row in table.lines() {
        writeln!(out, "{}", row.trim_end())?;
    }
    Ok(())
}

fn used(row: &Row) -> String {
    let mut parts: Vec<String> = row.owner.iter().map(Owner::to_string).collect();
    parts.extend(
        row.others.iter().map(|h| format!("by process {} ({}), without the lease", h.pid, line(&h.program))),
    );
    if let Some(mark) = &row.wedged {
        parts.push(format!("wedged: {mark}"));
    }
    if parts.is_empty() {
        parts.push("no".into());
    }
    if !row.waiting.is_empty() {
        parts.push(format!("{} waiting", row.waiting.len()));
    }
    parts.join("; ")
}
