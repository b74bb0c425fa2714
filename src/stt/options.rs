//! How speech-to-text is set up.

use std::ffi::OsString;
use std::str::FromStr;
use std::time::Duration;

use super::files::HefChoice;
use super::retry::RetryPolicy;
use crate::device::RuntimeChoice;
use crate::device::lease::{LeaseError, Wait};
use crate::leaks::{Policy, PolicyError};
use crate::models::Architecture;
use crate::text::Language;
use crate::watchdog::{Deadlines, DeadlinesError};
use crate::whisper::pipeline::FRAME_TIMEOUT;

/// Which model is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SttModel {
    /// Multilingual Whisper base; its files are fetched where they are missing.
    #[default]
    WhisperBase,
    /// Multilingual Whisper tiny, for devices: there are no weights of it for the simulator.
    WhisperTiny,
    /// A tiny model with random weights, which needs no files and takes milliseconds. Its words mean nothing: it is
    /// for tests of everything else. It knows French and English.
    Canned,
}

impl SttModel {
    /// All of them.
    const ALL: [Self; 3] = [Self::WhisperBase, Self::WhisperTiny, Self::Canned];

    /// Its name: `whisper-base`, `whisper-tiny` or `canned`.
    pub fn name(self) -> &'static str {
        match self {
            Self::WhisperBase => "whisper-base",
            Self::WhisperTiny => "whisper-tiny",
            Self::Canned => "canned",
        }
    }

    /// What `HAILO_MODEL` says, or Whisper base where it is not set.
    ///
    /// # Errors
    /// When it says something that is no model.
    pub fn from_environment() -> Result<Self, SttModelError> {
        match std::env::var_os("HAILO_MODEL").filter(|v| !v.is_empty()) {
            None => Ok(Self::default()),
            Some(value) => value.to_string_lossy().parse(),
        }
    }
}

impl FromStr for SttModel {
    type Err = SttModelError;

    fn from_str(text: &str) -> Result<Self, SttModelError> {
        let named = Self::ALL.into_iter().find(|m| m.name() == text);
        named.ok_or_else(|| SttModelError { value: text.into() })
    }
}

/// A name that is no model's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown model {value:?} (is it in HAILO_MODEL?): the models are whisper-base, whisper-tiny and canned"
)]
pub struct SttModelError {
    /// The name.
    pub value: String,
}

/// How speech-to-text is set up.
#[derive(Clone, Debug)]
pub struct SttOptions {
    /// The language that is spoken.
    pub language: Language,
    /// The model; unless set, what `HAILO_MODEL` says, or else Whisper base.
    pub model: Option<SttModel>,
    /// What it runs on; unless set, what `HAILO_RUNTIME` says, or else a device where there is one, or the simulator.
    pub runtime: Option<RuntimeChoice>,
    /// Where the HEFs are from; unless set, what `HAILO_HEFS` says, or else Hailo's for a device, and generated ones for the
    /// simulator.
    pub hefs: Option<HefChoice>,
    /// What the device is; unless set, what `HAILO_ARCH` says, or else what it says itself.
    pub architecture: Option<Architecture>,
    /// The device: its PCIe address, or its number in the list of devices, from 0; unless set, any that is free.
    pub device: Option<String>,
    /// How long to wait for a device that somebody else uses; unless set, what `HAILO_DEVICE_DEADLINE` says in seconds,
    /// or else 10 minutes.
    pub wait: Option<Wait>,
    /// How long each phase may take, once the device is free; unless set, what `HAILO_DEADLINES` says.
    pub deadlines: Option<Deadlines>,
    /// What is done about leaks of the worker; unless set, what `HAILO_LEAKS` says, or else every leak is a finding.
    pub leaks: Option<Policy>,
    /// What is tried again in inference.
    pub retry: RetryPolicy,
    /// What is tried again when a device is opened. Not at all with [`Wait::Never`].
    pub retry_open: RetryPolicy,
    /// How long one frame may take to be written to or read from the device.
    pub frame_timeout: Duration,
    /// Show what the worker writes, and progress.
    pub debug: bool,
    /// Variables that are added to the worker's environment, such as `HAILO_SIM_DEVICES`.
    pub variables: Vec<(String, OsString)>,
}

impl Default for SttOptions {
    fn default() -> Self {
        Self {
            language: Language::FRENCH,
            model: None,
            runtime: None,
            hefs: None,
            architecture: None,
            device: None,
            wait: None,
            deadlines: None,
            leaks: None,
            retry: RetryPolicy::inference(),
            retry_open: RetryPolicy::opening(),
            frame_timeout: FRAME_TIMEOUT,
            debug: false,
            variables: Vec::new(),
        }
    }
}

impl SttOptions {
    /// How long to wait for a device that somebody else uses: what is set, or what the environment says.
    ///
    /// # Errors
    /// As [`Wait::from_environment`].
    pub fn wait(&self) -> Result<Wait, LeaseError> {
        self.wait.map_or_else(Wait::from_environment, Ok)
    }

    /// How long each phase may take: what is set, or what the environment says.
    ///
    /// # Errors
    /// As [`Deadlines::from_environment`].
    pub fn deadlines(&self) -> Result<Deadlines, DeadlinesError> {
        self.deadlines.map_or_else(Deadlines::from_environment, Ok)
    }

    /// What is done about leaks of the worker: what is set, or what the environment says.
    ///
    /// # Errors
    /// As [`Policy::from_environment`].
    pub fn leaks(&self) -> Result<Policy, PolicyError> {
        self.leaks.clone().map_or_else(Policy::from_environment, Ok)
    }

    /// How long letting go of the device may take. Where the environment makes no sense, that was said at the start.
    pub(super) fn release(&self) -> Duration {
        self.deadlines().unwrap_or_default().release
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_named_and_others_are_refused_with_the_valid_ones() {
        for model in SttModel::ALL {
            assert_eq!(model.name().parse(), Ok(model));
        }
        let error = SttModel::from_str("whisper").unwrap_err().to_string();
        assert!(
            error.contains("\"whisper\"") && error.contains("whisper-base, whisper-tiny and canned"),
            "{error}"
        );
    }
}
