//! A worker that loads our library, and its files.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use hailo_harness::HailoContext;
use hailo_harness::context::ContextBuilder;
use hailo_harness::device::RuntimeChoice;
use hailo_harness::models::{Architecture, PublishedModel, Variant};
use hailo_harness::stt::{HefChoice, SttModel};
use hailo_harness::whisper::Audio;
use hailort_sim::hef::whisper::Positions;

use super::published::{SMALL_TINY, Set, compiled};

/// The library that cargo builds with these tests.
pub fn library() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let deps = here.parent().unwrap();
    let places = [deps.join("libhailort.so"), deps.parent().unwrap().join("libhailort.so")];
    places.into_iter().find(|file| file.exists()).expect("the library, which cargo builds with this test")
}

/// A simulated host that no other test uses.
pub fn host() -> String {
    format!("device-{}-{:?}", std::process::id(), std::thread::current().id())
}

/// A context whose worker loads our library.
pub fn context() -> ContextBuilder {
    HailoContext::builder()
        .runtime(RuntimeChoice::Device)
        .worker_variable("HAILORT_LIBRARY", library())
        .worker_variable("HAILO_SIM_HOST", host())
        .enable_intent(false)
}

/// Whisper tiny's files with random weights, for a Hailo-8L, in a folder, with a tokenizer of as many tokens.
pub struct Tiny {
    pub folder: tempfile::TempDir,
    pub set: Set,
}

impl Tiny {
    pub fn new(architecture: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let compiled = compiled(SMALL_TINY, architecture, Positions::Host);
        let (set, _) = Set::random(3, &compiled, &folder.path().join("cache"));
        let files = folder.path().join("files");
        std::fs::create_dir(&files).unwrap();
        set.put(model(architecture, Variant::Tiny), &files);
        std::fs::write(files.join("tokenizer.json"), tokenizer(51_865)).unwrap();
        Self { folder, set }
    }

    pub fn files(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    pub fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    /// A context over these files.
    pub fn context(&self) -> ContextBuilder {
        context()
            .model(SttModel::WhisperTiny)
            .hefs(HefChoice::Folder(self.files()))
            .worker_variable("HAILO_CACHE_DIR", self.cache())
    }
}

pub fn model(architecture: &str, variant: Variant) -> PublishedModel {
    PublishedModel { architecture: architecture.parse::<Architecture>().unwrap(), variant }
}

/// A tokenizer of so many tokens, with the special ones that are asked for.
fn tokenizer(tokens: u32) -> String {
    let first = 50_257;
    let names =
        ["<|endoftext|>", "<|startoftranscript|>", "<|fr|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>"];
    let special =
        |id: u32| names.get((id - first) as usize).map_or_else(|| format!("<|{id}|>"), |n| (*n).into());
    let vocab: serde_json::Map<_, _> = (0..first).map(|id| (format!("t{id}"), id.into())).collect();
    let added: Vec<_> =
        (first..tokens).map(|id| serde_json::json!({"id": id, "content": special(id)})).collect();
    serde_json::json!({"model": {"vocab": vocab}, "added_tokens": added}).to_string()
}

/// A sound that is no speech.
pub fn tone(seconds: f32) -> Audio {
    let samples: Vec<f32> =
        (0..(seconds * 16_000.0) as usize).map(|i| 0.3 * (i as f32 * 0.05).sin()).collect();
    Audio::from_f32(&samples, 16_000, 1).unwrap()
}

/// Runs a test again in a process of its own, with these variables and in this folder; answers whether this is that
/// process. What a program reads from its environment cannot be given to one test among others.
pub fn is_again(name: &str, variables: &[(&str, OsString)], folder: &Path) -> bool {
    const VARIABLE: &str = "HAILO_TEST_DEVICE_AGAIN";
    if std::env::var_os(VARIABLE).is_some_and(|v| v == name) {
        return true;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    for name in [
        "HAILO_RUNTIME",
        "HAILO_MODEL",
        "HAILO_ARCH",
        "HAILO_HEFS",
        "HAILO_DECODER_BIAS",
        "HAILO_OFFLINE",
        "HAILO_MODELS_LOCK",
        "HAILORT_LOGGER_PATH",
        "NEXTEST_PROFILE",
    ] {
        command.env_remove(name);
    }
    command.args(["--exact", name, "--nocapture"]).env(VARIABLE, name).current_dir(folder);
    command.env("HAILORT_LIBRARY", library()).env("HAILO_RUNTIME", "device").env("HAILO_SIM_HOST", host());
    let output = command.envs(variables.iter().map(|(n, v)| (n, v))).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    println!("{out}\n{err}");
    assert!(output.status.success() && out.contains("1 passed"), "{name}: {:?}\n{out}\n{err}", output.status);
    false
}
