//! `hailo-harness devices --reset`: getting devices back that nobody can use.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;

use super::{Outcome, progress};
use crate::device::lease::{DeviceLease, LeaseError, LeaseOptions, Wait, Wedged};
use crate::device::{Found, RuntimeChoice, RuntimeKind, discovery};
use crate::reset::{Ladder, System, Tried, climb};
use crate::watchdog::Budgets;
use crate::worker::probe::probe;
use crate::worker::{Worker, WorkerOptions};

/// How long the library may take to list its devices, or to reset one.
const DEADLINE: Duration = Duration::from_secs(20);
/// How long it may take to let go.
const RELEASE: Duration = Duration::from_secs(2);

/// What was done about a device, as it is written with `--json`.
#[derive(Debug, Serialize)]
struct Report {
    device: String,
    /// Whether it can be used now.
    free: bool,
    /// Why it was marked.
    wedged: Option<Wedged>,
    tried: Vec<Tried>,
}

/// Tries to get one device back, or all that are marked.
pub(super) fn run(choice: RuntimeChoice, wanted: Option<&str>, json: bool) -> Outcome {
    let (kind, mut devices) = listed(choice)?;
    let options = LeaseOptions::usual()?;
    let marks = Wedged::all(&options.folder);
    devices.extend(discovery::missing(
        kind,
        &discovery::prefix(kind),
        &devices,
        marks.iter().map(|m| m.device.as_str()),
    ));
    let chosen: Vec<&Found> = discovery::choose(&devices, wanted)?
        .into_iter()
        .filter(|d| wanted.is_some() || Wedged::read(&options.folder, &d.lease).is_some())
        .collect();
    if chosen.is_empty() {
        progress::say("no device is marked as wedged; name one to reset it all the same");
    }
    let mut reports = Vec::new();
    for device in chosen {
        reports.push(one(choice, kind, device, &options)?);
    }
    if json {
        let mut out = std::io::stdout().lock();
        serde_json::to_writer(&mut out, &reports)?;
        writeln!(out)?;
    }
    Ok(if reports.iter().all(|r| r.free) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The devices; without the library, those that the driver lists.
fn listed(choice: RuntimeChoice) -> Result<(RuntimeKind, Vec<Found>), Box<dyn std::error::Error>> {
    let mut worker = Worker::spawn(&WorkerOptions::default())?;
    let survey = worker.survey(choice, false, DEADLINE);
    worker.close(RELEASE);
    match survey {
        Ok(survey) => Ok((survey.runtime, survey.devices)),
        Err(_) if !discovery::real().is_empty() => Ok((RuntimeKind::Device, discovery::real())),
        Err(error) => Err(error.into()),
    }
}

fn one(
    choice: RuntimeChoice,
    kind: RuntimeKind,
    device: &Found,
    options: &LeaseOptions,
) -> Result<Report, Box<dyn std::error::Error>> {
    let wedged = Wedged::read(&options.folder, &device.lease);
    if let Some(mark) = &wedged {
        progress::say(format_args!("{} is wedged: {mark}", device.id));
    }
    let options = LeaseOptions {
        wedged: true,
        program: "devices --reset".into(),
        ..options.clone().waiting(Wait::Never)
    };
    let lease = match DeviceLease::acquire(std::slice::from_ref(&device.lease), &options) {
        Ok(lease) => Some(lease),
        // Whoever cannot be killed has the lock, too: nobody else can use the device meanwhile.
        Err(LeaseError::Busy { .. }) if wedged.as_ref().is_some_and(Wedged::is_held) => None,
        Err(error) => return Err(error.into()),
    };
    let patience = Budgets::of(kind).device;
    let tried = climb(Ladder {
        device: &device.id,
        is_simulated: kind != RuntimeKind::Device,
        system: &System::default(),
        open: &mut || probe(choice, Some(&device.id), &[], patience),
        reset: &mut || {
            let mut worker = Worker::spawn(&WorkerOptions::default()).map_err(|e| e.to_string())?;
            let reset = worker.reset(choice, &device.id, DEADLINE).map_err(|e| e.to_string());
            worker.close(RELEASE);
            reset
        },
        told: &mut |tried| progress::say(format_args!("{}: {tried}", device.id)),
    });
    let free = tried.last().is_some_and(|t| t.outcome == crate::reset::Outcome::Free);
    if free {
        // It was opened: the mark goes, and not before.
        Wedged::clear(&options.folder, &device.lease)?;
    }
    drop(lease);
    Ok(Report { device: device.id.clone(), free, wedged, tried })
}
