//! All checks, in the order in which a device is reached.

use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::check::{Check, State};
use super::need::Need;
use super::place::Place;
use super::{cache, clock, device, driver, heat, holders, library, locks, models, nextest, node, stacks};
use crate::device::lease::LockFolder;
use crate::device::required::required;
use crate::device::{RuntimeChoice, Survey};
use crate::models::{LockFile, Store};
use crate::stt::SttModel;
use crate::worker::{FailureKind, Worker, WorkerErrorKind, WorkerOptions};

/// How long the library may take to list its devices and ask each what it is.
const DEADLINE: Duration = Duration::from_secs(20);
/// How long it may take to let go.
const RELEASE: Duration = Duration::from_secs(2);

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Examination {
    /// Whether nothing has failed.
    pub ok: bool,
    /// Whether the lack of a device is a failure.
    pub device_required: bool,
    /// Each check, in order.
    pub checks: Vec<Check>,
}

/// What the library answered, asked in a process of its own.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    /// What it lists.
    Answered {
        /// Its devices, and what they say.
        survey: Survey,
    },
    /// It cannot be used, or did not answer.
    Refused {
        /// Whether it was loaded.
        library: bool,
        /// Why.
        why: String,
    },
}

impl Asked {
    /// Asks the library as a device's, whatever the environment would choose: the question is what a device lacks.
    fn now() -> Self {
        let refused = |library, why: String| Self::Refused { library, why };
        let mut worker = match Worker::spawn(&WorkerOptions::default()) {
            Ok(worker) => worker,
            Err(error) => return refused(false, error.to_string()),
        };
        let asked = match worker.survey(RuntimeChoice::Device, true, DEADLINE) {
            Ok(survey) => Self::Answered { survey },
            Err(error) => {
                refused(error.kind() != WorkerErrorKind::Failed(FailureKind::Runtime), error.to_string())
            }
        };
        drop(worker.close(RELEASE));
        asked
    }

    /// The library's version, where it told.
    pub(super) fn library(&self) -> Option<&str> {
        match self {
            Self::Answered { survey } => survey.library.as_ref().map(|l| l.version.as_str()),
            Self::Refused { .. } => None,
        }
    }
}

/// Looks at everything that tests on a device need, and at what they need without one.
pub fn examine(place: &Place) -> Examination {
    let (need, runtime) = runtime();
    let asked = Asked::now();
    let folder = LockFolder::usual();
    let store = Store::user();
    let model = SttModel::from_environment().map_err(|e| e.to_string());
    let mut checks = vec![
        runtime,
        library::look(&asked, need),
        driver::bus(place, need),
        driver::driver(place, &asked, need),
        node::look(place, need),
        device::firmware(&asked, need),
    ];
    checks.extend(device::temperature(&asked));
    checks.extend([
        holders::look(&asked, folder.as_ref().ok()),
        locks::look(&folder),
        models::look(&store, model.clone()),
    ]);
    checks.extend(models::for_devices(&store, &LockFile::from_environment(&store), &asked, &model));
    checks.extend([
        cache::look(store.directory()),
        nextest::installed(),
        nextest::configuration(place.project()),
        clock::look(place, SystemTime::now()),
        heat::look(place),
        stacks::look(place),
    ]);
    let ok = checks.iter().all(|c| c.state != State::Failed);
    Examination { ok, device_required: need == Need::Required, checks }
}

/// What is asked for, and whether it makes sense.
fn runtime() -> (Need, Check) {
    const NAME: &str = "runtime";
    let required = match required() {
        Ok(required) => required,
        Err(error) => {
            return (Need::Required, Check::failed(NAME, error.to_string(), "export HAILO_REQUIRED=1"));
        }
    };
    let need = if required { Need::Required } else { Need::Optional };
    // A contradiction of the two is an error of this, too.
    match RuntimeChoice::from_environment(RuntimeChoice::Auto) {
        Err(error) => (need, Check::failed(NAME, error.to_string(), "unset HAILO_RUNTIME")),
        Ok(_) if required => (need, Check::ok(NAME, "a device is required (HAILO_REQUIRED=1)")),
        Ok(RuntimeChoice::Device) => {
            (Need::Required, Check::ok(NAME, "a device is asked for (HAILO_RUNTIME=device)"))
        }
        Ok(choice) => (need, Check::ok(NAME, format!("{}; a device is not required", choice.name()))),
    }
}

#[cfg(test)]
impl Asked {
    /// A library of this version that lists no device.
    pub(super) fn answered_by(version: &str) -> Self {
        let library = crate::device::Library { file: "libhailort.so".into(), version: version.into() };
        let survey = Survey {
            runtime: crate::device::RuntimeKind::Device,
            library: Some(library),
            prefix: String::new(),
            notice: None,
            devices: Vec::new(),
            details: Vec::new(),
        };
        Self::Answered { survey }
    }

    /// A library of 4.23.0 with a device of this kind.
    pub(super) fn with_device(architecture: &str, firmware: &str, temperature: Option<f32>) -> Self {
        let mut asked = Self::answered_by("4.23.0");
        let Self::Answered { survey } = &mut asked else { unreachable!() };
        let id = "0000:01:00.0".to_owned();
        survey.devices = vec![crate::device::Found { lease: id.clone(), id, nodes: Vec::new() }];
        let identity = crate::hailort::Identity {
            architecture: architecture.into(),
            firmware: firmware.into(),
            board: "Hailo".into(),
            serial_number: String::new(),
            product: String::new(),
        };
        survey.details = vec![Ok(crate::device::Details { identity, temperature })];
        asked
    }
}
