//! The library of a device, or the simulator.

use std::ffi::OsString;
use std::path::Path;
use std::str::FromStr;

use hailort_sys::{Api, LoadError};
use serde::{Deserialize, Serialize};

use super::required::{RequiredError, required};
use crate::hailort::signals::Blocked;

/// The variable by which nextest tells a test its profile, and the profile of those who have a device.
const PROFILE_VARIABLE: &str = "NEXTEST_PROFILE";
const PROFILE: &str = "hailo";

/// Which runtime is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RuntimeChoice {
    /// A device where there is one that can be used, else the simulator.
    #[default]
    Auto,
    /// The simulator.
    Sim,
    /// A device.
    Device,
}

/// Which runtime is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RuntimeKind {
    /// The simulator that is linked in.
    Sim,
    /// A device, through the installed library.
    Device,
    /// The simulator in the form of a library, loaded as the installed one would be.
    DeviceApiOnSim,
}

impl RuntimeChoice {
    /// Its name: `auto`, `sim` or `device`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Sim => "sim",
            Self::Device => "device",
        }
    }

    /// What `HAILO_RUNTIME` says; where it is not set, a device where `HAILO_REQUIRED` says so, or `otherwise`.
    ///
    /// # Errors
    /// When it says something that is no runtime: a typing error must not decide what a test runs on. When
    /// `HAILO_REQUIRED` makes no sense, or contradicts it.
    pub fn from_environment(otherwise: Self) -> Result<Self, RuntimeError> {
        Self::said(std::env::var_os("HAILO_RUNTIME"), otherwise, required()?)
    }

    /// What tests run on unless they say otherwise: what `HAILO_RUNTIME` says; where it is not set, [`Self::Device`]
    /// where `HAILO_REQUIRED` is 1, [`Self::Auto`] in nextest's profile `hailo`, and else [`Self::Sim`]. Plugging a
    /// device in changes nobody's tests.
    ///
    /// # Errors
    /// As [`RuntimeChoice::from_environment`].
    pub fn of_tests() -> Result<Self, RuntimeError> {
        let otherwise = Self::of_profile(std::env::var_os(PROFILE_VARIABLE));
        Self::said(std::env::var_os("HAILO_RUNTIME"), otherwise, required()?)
    }

    fn of_profile(profile: Option<OsString>) -> Self {
        if profile.is_some_and(|p| p == PROFILE) { Self::Auto } else { Self::Sim }
    }

    fn said(value: Option<OsString>, otherwise: Self, required: bool) -> Result<Self, RuntimeError> {
        let choice = match value.filter(|v| !v.is_empty()) {
            None if required => Self::Device,
            None => otherwise,
            Some(value) => {
                let value = value.to_string_lossy().into_owned();
                value.parse().map_err(|_| RuntimeError::Unknown { value })?
            }
        };
        if required && choice == Self::Sim { Err(RequiredError::Contradiction.into()) } else { Ok(choice) }
    }
}

impl RuntimeKind {
    /// Its name in reports: `sim`, `device` or `device-api-on-sim`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sim => "sim",
            Self::Device => "device",
            Self::DeviceApiOnSim => "device-api-on-sim",
        }
    }
}

impl std::fmt::Display for RuntimeKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for RuntimeChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "sim" => Ok(Self::Sim),
            "device" => Ok(Self::Device),
            _ => Err("the runtimes are auto, sim and device".into()),
        }
    }
}

/// Why a runtime cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// The library cannot be used.
    #[error("{0}; without a device, use the runtime sim")]
    Library(#[from] LoadError),
    /// `HAILO_RUNTIME` says something that is no runtime.
    #[error("HAILO_RUNTIME={value}: the runtimes are auto, sim and device")]
    Unknown {
        /// What it says.
        value: String,
    },
    /// A device is required, and cannot be had.
    #[error(transparent)]
    Required(#[from] RequiredError),
}

/// A library that was loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    /// Its file, or the name by which the linker found it.
    pub file: String,
    /// Its version, such as `4.23.0`.
    pub version: String,
}

/// HailoRT, real or simulated.
#[derive(Clone, Debug)]
pub struct Runtime {
    /// Its calls.
    pub api: Api,
    /// Which one it is.
    pub kind: RuntimeKind,
    /// The library, where one was loaded.
    pub library: Option<Library>,
    /// Something that people should know about the choice.
    pub notice: Option<String>,
}

impl Runtime {
    /// Takes the runtime that is asked for.
    ///
    /// # Errors
    /// When a device is asked for or required, and its library cannot be had.
    pub fn open(choice: RuntimeChoice) -> Result<Self, RuntimeError> {
        match choice {
            RuntimeChoice::Sim => Ok(Self::simulated(None)),
            RuntimeChoice::Device => Self::device(),
            RuntimeChoice::Auto if required()? => Self::device(),
            // Loading the library starts a thread and opens files: only where it may be of use.
            RuntimeChoice::Auto if may_be_a_device() => match Self::device() {
                Ok(runtime) => Ok(runtime),
                Err(error) => Ok(Self::simulated(Some(format!("no device is used: {error}")))),
            },
            RuntimeChoice::Auto => Ok(Self::simulated(None)),
        }
    }

    fn simulated(notice: Option<String>) -> Self {
        Self { api: hailort_sim::api(), kind: RuntimeKind::Sim, library: None, notice }
    }

    fn device() -> Result<Self, RuntimeError> {
        // Its logger's thread starts here.
        let _threads_get_no_signals = Blocked::now();
        // SAFETY: a library of that name and version is taken to be HailoRT, as by every program that uses it.
        let loaded = match (unsafe { hailort_sys::load(None) }, required()?) {
            (Err(error), true) => return Err(RequiredError::Library(error).into()),
            (Ok(loaded), true) if loaded.is_simulator => {
                return Err(RequiredError::Simulator { library: loaded.library }.into());
            }
            (loaded, _) => loaded?,
        };
        let kind = if loaded.is_simulator { RuntimeKind::DeviceApiOnSim } else { RuntimeKind::Device };
        let (major, minor, revision) = loaded.version;
        let library = Library { file: loaded.library, version: format!("{major}.{minor}.{revision}") };
        Ok(Self { api: loaded.api, kind, library: Some(library), notice: None })
    }
}

/// Whether a library is named, or there is a device: then [`RuntimeChoice::Auto`] looks for more.
pub(crate) fn may_be_a_device() -> bool {
    let named = std::env::var_os(hailort_sys::load::LIBRARY_VARIABLE).is_some_and(|v| !v.is_empty());
    named || Path::new("/dev/hailo0").exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_others_are_refused_with_the_valid_ones() {
        assert_eq!("auto".parse(), Ok(RuntimeChoice::Auto));
        assert_eq!("device".parse(), Ok(RuntimeChoice::Device));
        assert!(RuntimeChoice::from_str("npu").unwrap_err().contains("auto, sim and device"));
    }

    #[test]
    fn tests_are_simulated_unless_profile_or_variable_say_otherwise() {
        let of = |profile: Option<&str>, said: Option<&str>| {
            let otherwise = RuntimeChoice::of_profile(profile.map(Into::into));
            RuntimeChoice::said(said.map(Into::into), otherwise, false)
        };
        for profile in [None, Some("default"), Some("ci"), Some("")] {
            assert_eq!(of(profile, None).unwrap(), RuntimeChoice::Sim, "{profile:?}");
        }
        assert_eq!(of(Some("hailo"), None).unwrap(), RuntimeChoice::Auto);
        assert_eq!(of(Some("hailo"), Some("")).unwrap(), RuntimeChoice::Auto);
        assert_eq!(of(Some("hailo"), Some("sim")).unwrap(), RuntimeChoice::Sim);
        assert_eq!(of(None, Some("device")).unwrap(), RuntimeChoice::Device);
        assert!(of(Some("hailo"), Some("npu")).unwrap_err().to_string().contains("HAILO_RUNTIME=npu"));
    }
    #[test]
    fn a_required_device_outranks_the_profile_and_contradicts_the_simulator() {
        let of = |said: Option<&str>| RuntimeChoice::said(said.map(Into::into), RuntimeChoice::Sim, true);
        assert_eq!(of(None).unwrap(), RuntimeChoice::Device);
        assert_eq!(of(Some("auto")).unwrap(), RuntimeChoice::Auto);
        assert_eq!(of(Some("device")).unwrap(), RuntimeChoice::Device);
        let error = of(Some("sim")).unwrap_err().to_string();
        assert!(error.contains("HAILO_REQUIRED=1") && error.contains("HAILO_RUNTIME=sim"), "{error}");
    }
}
