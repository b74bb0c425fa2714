//! Which files a worker loads: known when it is known what it runs on.

use std::ffi::OsString;
use std::path::PathBuf;

use super::error::SttError;
use super::options::{SttModel, SttOptions};
use crate::device::{Details, Found, RuntimeChoice, RuntimeKind, Survey, runtime};
use crate::models::architecture::ArchitectureError;
use crate::models::{
    Architecture, DeviceFiles, FetchEvent, FetchOptions, Model, ModelError, PublishedModel, PublishedOptions,
    Store, Variant,
};
use crate::text::printable::say;
use crate::whisper::assets::BiasBy;
use crate::worker::ModelSource;

/// The variable that says where HEFs are from.
const VARIABLE: &str = "HAILO_HEFS";
/// Its value for the HEFs that Hailo publishes.
const PUBLISHED: &str = "published";

/// Where HEFs, token embeddings and positional bias are from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum HefChoice {
    /// Those that Hailo publishes for a device; for the simulator they are generated.
    #[default]
    ByRuntime,
    /// Those that were fetched for the device's architecture, for the simulator, too: where simulated ones stand for them.
    Published,
    /// A folder; see [`DeviceFiles::in_folder`].
    Folder(PathBuf),
}

impl HefChoice {
    /// What `HAILO_HEFS` says: `published`, or a folder; nothing where it is not set.
    pub fn from_environment() -> Self {
        match std::env::var_os(VARIABLE).filter(|v| !v.is_empty()) {
            None => Self::ByRuntime,
            Some(value) if value == PUBLISHED => Self::Published,
            Some(folder) => Self::Folder(folder.into()),
        }
    }
}

/// Why it is not known what a worker has to load.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilesError {
    /// There is no such model for a device.
    #[error(
        "the model canned is the simulator's alone: for a device there are whisper-base and whisper-tiny (HAILO_MODEL); \
         HAILO_RUNTIME=sim uses the simulator"
    )]
    SimulatorOnly,
    /// There is no such model for the simulator.
    #[error(
        "there are no weights of whisper-tiny for the simulator: use whisper-base (HAILO_MODEL=whisper-base), a device \
         (HAILO_RUNTIME=device), or name a folder with HEFs for it (HAILO_HEFS=DIR)"
    )]
    DeviceOnly,
    /// A device does not say what it is.
    #[error(
        "the device {device} does not say what it is: {why}\n`hailo-harness devices` asks all of them; HAILO_ARCH=hailo8l \
         (or hailo8, hailo8r) says it in its place"
    )]
    Unidentified {
        /// Its address.
        device: String,
        /// Why not.
        why: String,
    },
    /// It is one that there are no models for.
    #[error("{device}: {source}")]
    Architecture {
        /// The device, or where the architecture was named.
        device: String,
        /// Why not.
        source: ArchitectureError,
    },
    /// A variable makes no sense.
    #[error("{0}")]
    Setting(String),
}

/// What has to be loaded, as far as it is known before there is a runtime.
#[derive(Debug)]
pub(super) struct Files {
    model: SttModel,
    hefs: HefChoice,
    architecture: Option<Architecture>,
    bias_by: BiasBy,
    debug: bool,
    /// What the simulator loads, where nothing else can be meant.
    simulated: Option<ModelSource>,
}

impl Files {
    /// Reads the choices. Where only the simulator can be meant, its files are fetched: nothing is started if they cannot
    /// be had.
    pub(super) fn of(options: &SttOptions, runtime: RuntimeChoice) -> Result<Self, SttError> {
        let architecture = match options.architecture {
            Some(architecture) => Some(architecture),
            None => Architecture::from_environment()
                .map_err(|source| FilesError::Architecture { device: "HAILO_ARCH".into(), source })?,
        };
        let bias_by = match std::env::var_os(BiasBy::VARIABLE).filter(|v| !v.is_empty()) {
            None => BiasBy::default(),
            Some(value) => value.to_string_lossy().parse().map_err(FilesError::Setting)?,
        };
        let mut files = Self {
            model: options.model.map_or_else(SttModel::from_environment, Ok)?,
            hefs: options.hefs.clone().unwrap_or_else(HefChoice::from_environment),
            architecture,
            bias_by,
            debug: options.debug,
            simulated: None,
        };
        if files.hefs == HefChoice::ByRuntime && !may_be_a_device(runtime, &options.variables) {
            files.simulated = Some(files.for_simulator()?);
        }
        Ok(files)
    }

    /// Whether devices have to be asked what they are.
    pub(super) fn need_identity(&self) -> bool {
        self.simulated.is_none() && self.architecture.is_none()
    }

    /// What has to be loaded for each of these devices of the survey; what is missing is fetched.
    pub(super) fn for_devices(
        &self,
        survey: &Survey,
        devices: &[&Found],
    ) -> Result<Vec<(String, ModelSource)>, SttError> {
        let mut known: Vec<(Option<Architecture>, ModelSource)> = Vec::new();
        let mut all = Vec::new();
        for device in devices {
            let (architecture, source) = match (&self.hefs, survey.runtime) {
                (HefChoice::ByRuntime, RuntimeKind::Sim | RuntimeKind::DeviceApiOnSim) => {
                    let source = known.first().map(|(_, s)| Ok(s.clone()));
                    (None, source.unwrap_or_else(|| self.for_simulator())?)
                }
                _ => {
                    let architecture = match self.architecture_of(survey, device) {
                        // Files of a folder are found without.
                        Err(FilesError::Unidentified { .. }) if matches!(self.hefs, HefChoice::Folder(_)) => {
                            None
                        }
                        found => Some(found?),
                    };
                    let source = known.iter().find(|(a, _)| *a == architecture).map(|(_, s)| Ok(s.clone()));
                    (architecture, source.unwrap_or_else(|| self.for_architecture(architecture))?)
                }
            };
            known.push((architecture, source.clone()));
            all.push((device.lease.clone(), source));
        }
        Ok(all)
    }

    /// What has to be loaded where there is no device: only for the simulator is that known.
    pub(super) fn without_device(&self, survey: &Survey) -> Result<Option<ModelSource>, SttError> {
        match (&self.hefs, survey.runtime) {
            (HefChoice::ByRuntime, RuntimeKind::Sim | RuntimeKind::DeviceApiOnSim) => {
                self.for_simulator().map(Some)
            }
            _ => Ok(None),
        }
    }

    /// What the device is: what was said, or what it says.
    fn architecture_of(&self, survey: &Survey, device: &Found) -> Result<Architecture, FilesError> {
        if let Some(architecture) = self.architecture {
            return Ok(architecture);
        }
        let at = survey.devices.iter().position(|d| d.lease == device.lease);
        let unidentified =
            |why: &str| FilesError::Unidentified { device: device.id.clone(), why: why.into() };
        match at.and_then(|at| survey.details.get(at)) {
            Some(Ok(Details { identity, .. })) => {
                let board = format!("{} {}", identity.board, identity.product);
                Architecture::of_device(&identity.architecture, &board)
                    .map_err(|source| FilesError::Architecture { device: device.id.clone(), source })
            }
            Some(Err(why)) => Err(unidentified(why)),
            None => Err(unidentified("it was not asked")),
        }
    }

    fn for_architecture(&self, architecture: Option<Architecture>) -> Result<ModelSource, SttError> {
        let variant = match self.model {
            SttModel::WhisperBase => Variant::Base,
            SttModel::WhisperTiny => Variant::Tiny,
            SttModel::Canned => return Err(FilesError::SimulatorOnly.into()),
        };
        let store = Store::user();
        let options = PublishedOptions::from_environment(&store);
        let mut events = |event| self.tell(&event);
        let files = match (&self.hefs, architecture) {
            (HefChoice::Folder(folder), architecture) => {
                DeviceFiles::in_folder(folder, variant, architecture, &store, &options.fetch, &mut events)
            }
            (_, Some(architecture)) => {
                let model = PublishedModel { architecture, variant };
                DeviceFiles::published(model, &store, &options, &mut events)
            }
            (_, None) => return Err(FilesError::Setting("the architecture is not known".into()).into()),
        }?;
        Ok(ModelSource::Device { files: Box::new(files), bias_by: self.bias_by })
    }

    /// What the simulator loads.
    fn for_simulator(&self) -> Result<ModelSource, SttError> {
        if let Some(source) = &self.simulated {
            return Ok(source.clone());
        }
        match self.model {
            SttModel::Canned => Ok(ModelSource::Canned),
            SttModel::WhisperTiny => Err(FilesError::DeviceOnly.into()),
            SttModel::WhisperBase => Ok(self.base()?),
        }
    }

    fn base(&self) -> Result<ModelSource, ModelError> {
        let (model, store) = (Model::named(Variant::Base.model())?, Store::user());
        store.ensure(&model, &FetchOptions::from_environment(), &mut |event| self.tell(&event))?;
        let weights = &model.files.weights;
        Ok(ModelSource::Base {
            weights: store.path(weights),
            sha256: weights.sha256.clone(),
            tokenizer: store.path(&model.files.tokenizer),
        })
    }

    fn tell(&self, event: &FetchEvent) {
        use FetchEvent::{Asking, Recorded, Waiting};
        if self.debug || matches!(event, Asking { .. } | Waiting | Recorded { .. }) {
            say(format_args!("hailo-harness: model files: {event:?}"));
        }
    }
}

/// Whether something else than the linked simulator may be used, here or in a worker with these variables.
fn may_be_a_device(choice: RuntimeChoice, variables: &[(String, OsString)]) -> bool {
    let names_library = || {
        let library = hailort_sys::load::LIBRARY_VARIABLE;
        variables.iter().any(|(name, value)| name == library && !value.is_empty())
    };
    match choice {
        RuntimeChoice::Sim => false,
        RuntimeChoice::Device => true,
        RuntimeChoice::Auto => runtime::may_be_a_device() || names_library(),
    }
}
