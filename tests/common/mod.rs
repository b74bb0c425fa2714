//! What several tests need.
#![allow(dead_code, reason = "each test uses some of it")]

pub mod host;
pub mod http;
pub mod nextest;
pub mod published;

use std::path::{Path, PathBuf};

use hailo_harness::hailort::VDevice;
use hailo_harness::models::{FetchOptions, Model, Store};
use hailo_harness::whisper::Pipeline;
use hailo_harness::whisper::assets::WhisperAssets;
use hailo_harness::whisper::pipeline::FRAME_TIMEOUT;

/// The project's corpus.
pub fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("audio-corpus")
}

/// Whisper base in the user's cache; it is fetched where it is missing, by one test while the others wait.
pub fn whisper_base() -> (Model, Store) {
    let (model, store) = (Model::named("whisper-base").unwrap(), Store::user());
    store
        .ensure(&model, &FetchOptions::from_environment(), &mut |event| eprintln!("{event:?}"))
        .unwrap_or_else(|e| panic!("{e}"));
    (model, store)
}

/// What a pipeline over the simulator is made of.
pub fn assets() -> WhisperAssets {
    let (model, store) = whisper_base();
    let (weights, tokenizer) = (&model.files.weights, store.read(&model.files.tokenizer).unwrap());
    WhisperAssets::simulated_base(&store.path(weights), &weights.sha256, &tokenizer).unwrap()
}

/// A pipeline over the simulator, on a device of this process's own.
pub fn pipeline() -> Pipeline {
    hailort_sim::runtime::host::own();
    let vdevice = VDevice::open(hailort_sim::api(), None).unwrap();
    Pipeline::load(&vdevice, assets(), FRAME_TIMEOUT).unwrap()
}
