//! Model files, runtime and pipeline, ready to transcribe.

use std::time::{Duration, Instant};

use clap::Args;

use super::progress::{self, FetchProgress};
use crate::device::lease::LeaseOptions;
use crate::device::{DeviceLease, Runtime, RuntimeChoice, RuntimeKind, Survey, discovery};
use crate::hailort::VDevice;
use crate::models::{FetchOptions, Model, Store};
use crate::whisper::assets::WhisperAssets;
use crate::whisper::pipeline::{FRAME_TIMEOUT, Pipeline};

/// The model that is used.
const MODEL: &str = "whisper-base";

/// Which runtime transcribes.
#[derive(Debug, Args)]
pub struct RuntimeArguments {
    /// What to run on: auto (a device where one can be used, else the simulator; the default), sim, or device
    #[arg(long, value_name = "RUNTIME")]
    runtime: Option<RuntimeChoice>,
    /// The device: its number, from 0, or its PCIe address, as `hailo-harness devices` lists them (default: the first
    /// that is free)
    #[arg(long, value_name = "DEVICE")]
    device: Option<String>,
}

/// A pipeline, and how it came to be.
pub struct Listener {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// What it runs on.
    pub kind: RuntimeKind,
    /// The right to use the device: given back after the pipeline has let go of it.
    _lease: Option<DeviceLease>,
    /// How long weights and networks took to load, once the files were there.
    pub load: Duration,
}

impl Listener {
    /// Fetches the model's files where they are missing, and loads them onto the device.
    pub fn open(arguments: &RuntimeArguments) -> Result<Self, Box<dyn std::error::Error>> {
        let choice = match arguments.runtime {
            Some(choice) => choice,
            None => RuntimeChoice::from_environment(RuntimeChoice::Auto)?,
        };
        let runtime = Runtime::open(choice)?;
        if let Some(notice) = &runtime.notice {
            progress::say(notice);
        }
        let (model, store) = (Model::named(MODEL)?, Store::user());
        let mut shown = FetchProgress::new(&model.name);
        store.ensure(&model, &FetchOptions::from_environment(), &mut |event| shown.show(event))?;
        let lease = take(&runtime, arguments.device.as_deref())?;
        let start = Instant::now();
        let tokenizer = store.read(&model.files.tokenizer)?;
        let weights = &model.files.weights;
        let assets = WhisperAssets::simulated_base(&store.path(weights), &weights.sha256, &tokenizer)?;
        let id = lease.as_ref().map(|(id, _)| id.as_str());
        let vdevice = VDevice::open(runtime.api, id)?;
        let pipeline = Pipeline::load(&vdevice, assets, FRAME_TIMEOUT)?;
        let load = start.elapsed();
        progress::say(format_args!(
            "{} on the runtime {}, loaded in {} ms",
            pipeline.model_name(),
            runtime.kind,
            load.as_millis()
        ));
        Ok(Self { pipeline, kind: runtime.kind, _lease: lease.map(|(_, lease)| lease), load })
    }
}

/// Waits for a device; answers its address, too. `None` where there is none: the library says best what is missing.
fn take(
    runtime: &Runtime,
    wanted: Option<&str>,
) -> Result<Option<(String, DeviceLease)>, Box<dyn std::error::Error>> {
    let found = Survey::of(runtime, false)?.devices;
    if found.is_empty() && wanted.is_none() {
        return Ok(None);
    }
    let devices = discovery::choose(&found, wanted)?;
    let names: Vec<String> = devices.iter().map(|d| d.lease.clone()).collect();
    let lease = DeviceLease::acquire(&names, &LeaseOptions::usual()?)?;
    let id = devices.iter().find(|d| d.lease == lease.device()).map(|d| d.id.clone());
    Ok(id.map(|id| (id, lease)))
}
