//! What is heard with files that were fetched for a device is what the simulator hears.

use std::ffi::OsString;
use std::path::Path;

use hailo_harness::HailoContext;
use hailo_harness::hailort::VDevice;
use hailo_harness::models::{LockFile, Model, Store, Variant};
use hailo_harness::stt::{HefChoice, SttModel};
use hailo_harness::text::Language;
use hailo_harness::whisper::Pipeline;
use hailo_harness::whisper::assets::{BiasBy, WhisperAssets};
use hailo_harness::whisper::pipeline::FRAME_TIMEOUT;
use hailort_sim::hef::whisper::{BASE, Positions};
use hailort_sim::weights::WeightsFile;

use super::http::Server;
use super::published::{Set, compiled};
use super::support::{Tiny, context, is_again, model, tone};

/// The transcript in a snapshot of the simulator.
fn expected(root: &Path, clip: &str) -> String {
    let file = root.join(format!("tests/snapshots/corpus__{clip}@sim-whisper-base.snap"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let line = text.lines().find_map(|line| line.strip_prefix("transcript: ")).expect("a transcript");
    if line.starts_with('"') { serde_json::from_str(line).expect("a quoted text") } else { line.to_owned() }
}

/// Base with 5 s, over the real weights: the device is asked what it is, Hailo's files for that are fetched from a server,
/// and three clips are heard as the linked simulator hears them.
fn base_is_heard_as_the_simulator_hears_it(name: &str, architecture: &str, positions: Positions) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = tempfile::tempdir().unwrap();
    let mut variables: Vec<(&str, OsString)> = Vec::new();
    let server;
    if std::env::var_os("HAILO_TEST_DEVICE_AGAIN").is_none() {
        let (weights, tokenizer) = base();
        let cache = folder.path().join("cache");
        let store = Store::at(cache.join("sha256"));
        std::fs::create_dir_all(store.directory()).unwrap();
        // Where the simulator looks for them.
        let held = Model::named("whisper-base").unwrap();
        std::os::unix::fs::symlink(&weights, store.path(&held.files.weights)).unwrap();
        std::os::unix::fs::symlink(&tokenizer, store.path(&held.files.tokenizer)).unwrap();
        let file = WeightsFile::open(&weights).unwrap();
        let set = Set::of(&file, &held.files.weights.sha256, &compiled(BASE, architecture, positions));
        server = Server::start(set.answers(model(architecture, Variant::Base)));
        variables.push(("HAILO_CACHE_DIR", cache.into()));
        variables.push(("HAILO_PUBLISHED_URL", (&server.url).into()));
        // The simulator as a library would else use what is generated.
        variables.push(("HAILO_HEFS", "published".into()));
        variables.push(("HAILO_SIM_ARCH", architecture.into()));
    }
    if !is_again(name, &variables, folder.path()) {
        return;
    }
    let context = HailoContext::builder().enable_intent(false).start().unwrap();
    let opened = context.stt().opened().unwrap();
    assert_eq!((opened.runtime.name(), opened.model.as_str()), ("device-api-on-sim", "whisper-base"));
    assert_eq!(opened.window_seconds, 5.0);
    for clip in ["monte-volume", "stop", "minuteur-quinze"] {
        let transcript = context.stt().transcribe(root.join(format!("audio-corpus/{clip}.flac"))).unwrap();
        assert_eq!(transcript.text, expected(&root, clip), "{clip}");
    }
    let report = context.close();
    assert!(report.is_clean(), "{report}");
    let locked = LockFile::from_environment(&Store::user()).read().unwrap();
    let files: Vec<&str> = locked.iter().map(|l| l.file.rsplit('/').next().unwrap()).collect();
    let suffix = if architecture == "hailo8" { "" } else { "_h8l" };
    let encoder = format!("base-whisper-encoder-5s{suffix}.hef");
    assert!(files.len() == 4 && files.contains(&encoder.as_str()), "{files:?}");
}

/// Weights and tokenizer of Whisper base.
fn base() -> (std::path::PathBuf, std::path::PathBuf) {
    let (held, store) = (Model::named("whisper-base").unwrap(), Store::user());
    let options = hailo_harness::models::FetchOptions::from_environment();
    store.ensure(&held, &options, &mut |_| {}).unwrap_or_else(|e| panic!("{e}"));
    (store.path(&held.files.weights), store.path(&held.files.tokenizer))
}

#[test]
fn base_on_a_hailo_8l_whose_decoder_leaves_the_positions_to_the_host() {
    let name = "transcripts::base_on_a_hailo_8l_whose_decoder_leaves_the_positions_to_the_host";
    base_is_heard_as_the_simulator_hears_it(name, "hailo8l", Positions::Host);
}

#[test]
fn base_on_a_hailo_8_whose_decoder_knows_the_positions() {
    let name = "transcripts::base_on_a_hailo_8_whose_decoder_knows_the_positions";
    base_is_heard_as_the_simulator_hears_it(name, "hailo8", Positions::Decoder);
}

/// Tiny with 10 s, over random weights, on each architecture.
#[test]
fn tiny_is_heard_as_the_simulator_hears_it() {
    hailort_sim::runtime::host::own();
    for architecture in ["hailo8l", "hailo8r", "hailo8"] {
        let tiny = Tiny::new(architecture);
        let context = tiny.context().worker_variable("HAILO_SIM_ARCH", architecture).start().unwrap();
        let opened = context.stt().opened().unwrap();
        assert_eq!((opened.model.as_str(), opened.window_seconds), ("whisper-tiny", 10.0));
        let heard = context.stt().transcribe(tone(12.0)).unwrap();
        let report = context.close();
        assert!(report.is_clean(), "{report}");
        // The same files on the simulator that is linked in, found by nobody's names.
        let files = hailo_harness::models::DeviceFiles::in_folder(
            &tiny.files(),
            Variant::Tiny,
            None,
            &Store::at("/nonexistent"),
            &hailo_harness::models::FetchOptions::from_environment(),
            &mut |_| {},
        )
        .unwrap();
        let weights = std::fs::read_dir(tiny.cache().join("sha256")).unwrap().next().unwrap().unwrap();
        hailort_sim::weights::give(&std::fs::read(weights.path()).unwrap()).unwrap();
        let vdevice = match VDevice::open(hailort_sim::api(), None) {
            Ok(vdevice) => vdevice,
            Err(error) => panic!("{error}"),
        };
        if architecture == "hailo8" {
            // The linked simulator is a Hailo-8L here, and refuses them.
            let assets = WhisperAssets::of_device(&files, BiasBy::Auto).unwrap();
            let error = Pipeline::load(&vdevice, assets, FRAME_TIMEOUT).unwrap_err().to_string();
            assert!(error.contains("93") && error.contains("tiny-whisper-encoder-10s_15dB.hef"), "{error}");
            continue;
        }
        let assets = WhisperAssets::of_device(&files, BiasBy::Host).unwrap();
        let mut pipeline = Pipeline::load(&vdevice, assets, FRAME_TIMEOUT).unwrap();
        let expected = pipeline.transcribe(&tone(12.0), Language::FRENCH, |_| {}).unwrap();
        assert_eq!((&heard.text, &heard.tokens), (&expected.text, &expected.tokens), "{architecture}");
        assert!(heard.tokens.len() > 2, "{heard:?}");
    }
}

/// Without HEFs that are named, the simulator in the form of a library is the simulator.
#[test]
fn the_canned_model_needs_no_files() {
    let context = context().model(SttModel::Canned).hefs(HefChoice::ByRuntime).start().unwrap();
    assert_eq!(context.stt().opened().unwrap().model, "canned");
    context.stt().transcribe(tone(1.0)).unwrap();
    assert!(context.close().is_clean());
}
