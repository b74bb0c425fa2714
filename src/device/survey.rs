//! What a runtime lists, and what its devices say of themselves.

use serde::{Deserialize, Serialize};

use super::discovery::{self, Found};
use super::runtime::{Library, Runtime, RuntimeKind};
use crate::hailort::{Device, HailoError, Identity, VDevice};

/// What a device says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Details {
    /// What it is.
    pub identity: Identity,
    /// The temperature of its hotter sensor in degrees Celsius, where it tells.
    pub temperature: Option<f32>,
}

/// What a runtime lists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Survey {
    /// The runtime.
    pub runtime: RuntimeKind,
    /// The library, where one was loaded.
    pub library: Option<Library>,
    /// What the names of its devices begin with, among those who queue.
    pub prefix: String,
    /// Something that people should know about the choice of runtime.
    pub notice: Option<String>,
    /// Its devices, in use or not.
    pub devices: Vec<Found>,
    /// What each says of itself, or why it does not; empty where that was not asked for.
    pub details: Vec<Result<Details, String>>,
}

impl Survey {
    /// Lists the devices of a runtime; with `details`, opens each to ask what it is, which is allowed beside whoever
    /// uses it.
    ///
    /// # Errors
    /// When the library cannot list them, as without a driver (64).
    pub fn of(runtime: &Runtime, details: bool) -> Result<Self, HailoError> {
        let devices = discovery::of_ids(runtime.kind, VDevice::scan(runtime.api)?);
        let ask = |device: &Found| {
            let device = Device::open(runtime.api, &device.id).map_err(|e| e.to_string())?;
            let identity = device.identity().map_err(|e| e.to_string())?;
            Ok(Details { identity, temperature: device.temperature().ok() })
        };
        let details = if details { devices.iter().map(ask).collect() } else { Vec::new() };
        let (prefix, notice) = (discovery::prefix(runtime.kind), runtime.notice.clone());
        Ok(Self { runtime: runtime.kind, library: runtime.library.clone(), prefix, notice, devices, details })
    }
}
