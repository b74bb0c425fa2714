//! Model files, runtime and pipeline, ready to transcribe.

use std::time::{Duration, Instant};

use clap::Args;

use super::progress::{self, FetchProgress};
use crate::device::{Runtime, RuntimeChoice, RuntimeKind};
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
}

/// A pipeline, and how it came to be.
pub struct Listener {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// What it runs on.
    pub kind: RuntimeKind,
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
        let start = Instant::now();
        let tokenizer = store.read(&model.files.tokenizer)?;
        let weights = &model.files.weights;
        let assets = WhisperAssets::simulated_base(&store.path(weights), &weights.sha256, &tokenizer)?;
        let vdevice = VDevice::open(runtime.api, None)?;
        let pipeline = Pipeline::load(&vdevice, assets, FRAME_TIMEOUT)?;
        let load = start.elapsed();
        progress::say(format_args!(
            "{} on the runtime {}, loaded in {} ms",
            pipeline.model_name(),
            runtime.kind,
            load.as_millis()
        ));
        Ok(Self { pipeline, kind: runtime.kind, load })
    }
}
