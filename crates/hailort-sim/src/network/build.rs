//! From what a simulated HEF names to networks that compute.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::Network;
use super::whisper::{Decoder, Encoder};
use crate::hef::{Hef, NetworkGroup, SimulatedNetwork};
use crate::weights::{self, FormatError, StoreError, WeightsFile};

/// Why a HEF cannot be configured.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The HEF was compiled for a device and has no simulated network.
    #[error("the HEF names no simulated network: files compiled for a device cannot be run by the simulator")]
    NotSimulated,
    /// The kind of network is unknown.
    #[error("the HEF names the simulated network {0:?}; known are whisper-encoder and whisper-decoder")]
    UnknownKind(String),
    /// Shapes of the HEF and of the weights do not fit together.
    #[error("the HEF's {what} is {found}, the weights want {wanted}")]
    Shape {
        /// Which input or output.
        what: String,
        /// What the HEF says.
        found: String,
        /// What the network needs.
        wanted: String,
    },
    /// The weights cannot be had.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The weights cannot be used.
    #[error(transparent)]
    Format(#[from] FormatError),
}

/// Weights in use, so that two HEFs over the same file map and check it once.
static SHARED: Mutex<BTreeMap<String, Weak<WeightsFile>>> = Mutex::new(BTreeMap::new());

fn shared(sha256: &str) -> Result<Arc<WeightsFile>, StoreError> {
    let mut files = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    files.retain(|_, file| file.strong_count() > 0);
    if let Some(file) = files.get(sha256).and_then(Weak::upgrade) {
        return Ok(file);
    }
    let file = Arc::new(weights::open(&weights::store_directory(), sha256)?);
    files.insert(sha256.into(), Arc::downgrade(&file));
    Ok(file)
}
