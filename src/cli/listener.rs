//! Speech-to-text in a worker, with progress for people who wait.

use std::time::Duration;

use clap::Args;

use super::progress::{self, FetchProgress};
use crate::HailoContext;
use crate::context::Finding;
use crate::device::RuntimeChoice;
use crate::leaks::{self, Policy};
use crate::models::{FetchOptions, Model, Store};
use crate::stt::{HefChoice, SttError, SttModel};
use crate::text::Language;
use crate::whisper::{Audio, Transcript};
use crate::worker::message::Opened;

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

/// Speech-to-text, and how it came to be.
pub struct Listener {
    context: HailoContext,
    /// The model's name.
    pub model: String,
    /// What it runs on.
    pub runtime: &'static str,
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
        let model = SttModel::from_environment()?;
        // What a device needs is known when it was asked what it is.
        let is_simulated = choice == RuntimeChoice::Sim
            || choice == RuntimeChoice::Auto && !crate::device::runtime::may_be_a_device();
        if model == SttModel::WhisperBase
            && is_simulated
            && HefChoice::from_environment() == HefChoice::ByRuntime
        {
            let (files, store) = (Model::named(model.name())?, Store::user());
            let mut shown = FetchProgress::new(&files.name);
            store.ensure(&files, &FetchOptions::from_environment(), &mut |event| shown.show(event))?;
        }
        let mut builder = HailoContext::builder()
            .runtime(choice)
            .model(model)
            .leaks(leak_policy()?)
            .enable_intent(false)
            .handle_signals(true)
            // What the library says is told nowhere else.
            .debug(true);
        if let Some(device) = &arguments.device {
            builder = builder.device(device);
        }
        let context = builder.start()?;
        let Opened { model, runtime, elapsed, .. } =
            context.stt().opened().ok_or_else(|| SttError::Unavailable("nothing was opened".into()))?;
        progress::say(format_args!("{model} on the runtime {runtime}, loaded in {} ms", elapsed.as_millis()));
        Ok(Self { context, model, runtime: runtime.name(), load: elapsed })
    }

    /// Transcribes. A worker that hung or died costs the audio that it had; the next gets a new one.
    pub fn hear(
        &self,
        audio: &Audio,
        language: Language,
        progress: impl FnMut(f64),
    ) -> Result<Transcript, SttError> {
        let stt = self.context.stt();
        if !stt.is_available() {
            stt.reload()?;
        }
        stt.transcribe_in(language, audio, progress)
    }

    /// The most memory that the worker ever had resident, in KiB; 0 where the kernel does not tell.
    pub fn peak_rss_kib(&self) -> u64 {
        let worker = self.context.stt().worker_id();
        let status = worker.and_then(|w| std::fs::read_to_string(format!("/proc/{w}/status")).ok());
        let line = status.as_deref().and_then(|s| s.lines().find_map(|l| l.strip_prefix("VmHWM:")));
        line.and_then(|l| l.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }

    /// Lets go of the device, and says what was not as it should be. Whether all was.
    pub fn close(self) -> bool {
        let report = self.context.close();
        // The death of a worker was the error of what it was at.
        let is_told = !report.is_clean() && report.findings.iter().all(|f| matches!(f, Finding::Died(_)));
        if !report.is_clean() && !is_told {
            progress::say(format_args!("at the end: {report}"));
        }
        for leak in &report.warned {
            progress::say(format_args!("warning: the worker left behind: {leak}"));
        }
        report.is_clean()
    }
}

/// Leaks are told, and fail nothing: the text is right, and the worker's end has freed what it left. Unless asked to.
fn leak_policy() -> Result<Policy, leaks::PolicyError> {
    Policy::from_environment_or(Policy::warn_only())
}
