//! The choices of a context.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::error::ContextError;
use super::hailo::HailoContext;
use crate::device::RuntimeChoice;
use crate::intent::IntentEngine;
use crate::leaks::{Policy, PolicyError};
use crate::models::Architecture;
use crate::stt::{Deadlines, HailoStt, HefChoice, RetryPolicy, SttModel, SttOptions, Wait};
use crate::text::Language;

/// The choices of a [`HailoContext`]; see [`HailoContext::builder`].
#[derive(Clone, Debug)]
#[must_use = "nothing starts before `start`"]
pub struct ContextBuilder {
    stt: SttOptions,
    fuzzy_threshold: u8,
    enable_stt: bool,
    enable_intent: bool,
    dictionary: Option<PathBuf>,
    handle_signals: bool,
}

impl Default for ContextBuilder {
    fn default() -> Self {
        Self {
            stt: SttOptions::default(),
            fuzzy_threshold: 35,
            enable_stt: true,
            enable_intent: true,
            dictionary: None,
            handle_signals: false,
        }
    }
}

impl ContextBuilder {
    /// The language that is spoken; French unless set.
    pub fn language(mut self, language: Language) -> Self {
        self.stt.language = language;
        self
    }

    /// The fuzzy score, from 0 to 100, under which no intent matches; 35 unless set.
    pub fn fuzzy_threshold(mut self, threshold: u8) -> Self {
        self.fuzzy_threshold = threshold;
        self
    }

    /// Whether speech-to-text is wanted; yes unless set. Without it there is no worker, no device and no download.
    pub fn enable_stt(mut self, enable: bool) -> Self {
        self.enable_stt = enable;
        self
    }

    /// Whether intents are wanted; yes unless set.
    pub fn enable_intent(mut self, enable: bool) -> Self {
        self.enable_intent = enable;
        self
    }

    /// An intent dictionary of your own, in place of the one that is built in for the language.
    pub fn dictionary(mut self, path: impl Into<PathBuf>) -> Self {
        self.dictionary = Some(path.into());
        self
    }

    /// What to run on: unless set, what `HAILO_RUNTIME` says, or else a device where there is one, or the simulator.
    pub fn runtime(mut self, runtime: RuntimeChoice) -> Self {
        self.stt.runtime = Some(runtime);
        self
    }

    /// The model; unless set, what `HAILO_MODEL` says (`whisper-base`, `whisper-tiny` or `canned`), or else Whisper base.
    pub fn model(mut self, model: SttModel) -> Self {
        self.stt.model = Some(model);
        self
    }

    /// Where the HEFs are from; unless set, what `HAILO_HEFS` says (`published`, or a folder), or else those that Hailo
    /// publishes for the device, and generated ones for the simulator.
    pub fn hefs(mut self, hefs: HefChoice) -> Self {
        self.stt.hefs = Some(hefs);
        self
    }

    /// What the device is; unless set, what `HAILO_ARCH` says (`hailo8`, `hailo8l` or `hailo8r`), or else what it says
    /// itself.
    pub fn architecture(mut self, architecture: Architecture) -> Self {
        self.stt.architecture = Some(architecture);
        self
    }

    /// The device: its PCIe address, such as `0000:01:00.0`, or its number in the list of devices, from 0; unless set,
    /// any that is free.
    pub fn device(mut self, device: impl Into<String>) -> Self {
        self.stt.device = Some(device.into());
        self
    }

    /// How long to wait for a device that somebody else uses; unless set, what `HAILO_DEVICE_DEADLINE` says in seconds,
    /// or else 10 minutes. Zero never waits, as [`ContextBuilder::try_start`].
    pub fn device_deadline(mut self, deadline: Duration) -> Self {
        self.stt.wait = Some(deadline.into());
        self
    }

    /// What is tried again in inference; [`RetryPolicy::inference`] unless set.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.stt.retry = policy;
        self
    }

    /// What is tried again when the device is opened; [`RetryPolicy::opening`] unless set.
    pub fn retry_open(mut self, policy: RetryPolicy) -> Self {
        self.stt.retry_open = policy;
        self
    }

    /// How long each phase may take, once the device is free; unless set, what `HAILO_DEADLINES` says, or else 60 s to
    /// open and 60 s to load, 30 s for each window of audio, and 5 s to let go.
    pub fn deadlines(mut self, deadlines: Deadlines) -> Self {
        self.stt.deadlines = Some(deadlines);
        self
    }

    /// What is done about leaks of the worker; unless set, what `HAILO_LEAKS` says, or else each is a finding of the
    /// teardown.
    pub fn leaks(mut self, policy: Policy) -> Self {
        self.stt.leaks = Some(policy);
        self
    }

    /// How long one frame may take to be written to or read from the device; 10 s unless set.
    pub fn frame_timeout(mut self, timeout: Duration) -> Self {
        self.stt.frame_timeout = timeout;
        self
    }

    /// Whether to show what the worker writes; no unless set.
    pub fn debug(mut self, debug: bool) -> Self {
        self.stt.debug = debug;
        self
    }

    /// Adds a variable to the worker's environment.
    pub fn worker_variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.stt.variables.push((name.into(), value.into()));
        self
    }

    /// Whether SIGINT, SIGTERM, SIGHUP and SIGQUIT let go of the device in order before they do what they did before;
    /// no unless set. See [`crate::cleanup::signals`]. The worker dies with this process in any case, but then nothing
    /// is let go in order, and no other cleanup runs.
    pub fn handle_signals(mut self, handle: bool) -> Self {
        self.handle_signals = handle;
        self
    }

    /// What is done about leaks.
    #[cfg_attr(not(feature = "fixtures"), allow(dead_code, reason = "fixtures ask"))]
    pub(crate) fn leak_policy(&self) -> Result<Policy, PolicyError> {
        self.stt.leaks()
    }

    /// The runtime that is asked for.
    #[cfg_attr(not(feature = "fixtures"), allow(dead_code, reason = "fixtures ask"))]
    pub(crate) fn runtime_name(&self) -> Option<&'static str> {
        self.stt.runtime.map(RuntimeChoice::name)
    }

    /// The model that is asked for.
    #[cfg_attr(not(feature = "fixtures"), allow(dead_code, reason = "fixtures ask"))]
    pub(crate) fn model_name(&self) -> Option<&'static str> {
        self.stt.model.map(SttModel::name)
    }

    /// As [`ContextBuilder::start`], and never waits for a device that somebody else uses: that is an error at once.
    ///
    /// # Errors
    /// As [`ContextBuilder::start`].
    pub fn try_start(mut self) -> Result<HailoContext, ContextError> {
        self.stt.wait = Some(Wait::Never);
        self.start()
    }

    /// Starts what was chosen.
    ///
    /// # Errors
    /// When nothing is enabled, the dictionary cannot be used, the model's files cannot be had, the device not be
    /// opened, or the signals not be handled.
    pub fn start(self) -> Result<HailoContext, ContextError> {
        if !self.enable_stt && !self.enable_intent {
            return Err(ContextError::NothingEnabled);
        }
        // The cheap thing first: a typing error in a dictionary must not cost a device.
        let intents = match (self.enable_intent, &self.dictionary) {
            (false, _) => None,
            (true, Some(path)) => Some(IntentEngine::from_path(path)?),
            (true, None) => Some(IntentEngine::new(self.stt.language.code())?),
        };
        let intents = intents.map(|engine| engine.with_threshold(self.fuzzy_threshold));
        let stt =
            if self.enable_stt { HailoStt::prepare(self.stt) } else { HailoStt::disabled(self.stt.language) };
        HailoContext::begin(stt, intents, self.handle_signals)
    }
}
