//! The path of a device in full: the library is loaded as the installed one would be, and hears the whole corpus as the
//! simulator that is linked in does.

use std::path::{Path, PathBuf};

use hailo_harness::HailoContext;
use hailo_harness::corpus::Manifest;
use hailo_harness::device::RuntimeChoice;

fn library() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let deps = here.parent().unwrap();
    let places = [deps.join("libhailort.so"), deps.parent().unwrap().join("libhailort.so")];
    places.into_iter().find(|file| file.exists()).expect("the library, which cargo builds with this test")
}

/// The transcript in a snapshot of the simulator.
fn expected(root: &Path, clip: &str) -> String {
    let file = root.join(format!("tests/snapshots/corpus__{clip}@sim-whisper-base.snap"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let line = text.lines().find_map(|line| line.strip_prefix("transcript: ")).expect("a transcript");
    if line.starts_with('"') { serde_json::from_str(line).expect("a quoted text") } else { line.to_owned() }
}

#[test]
fn the_whole_corpus_is_heard_through_the_library() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let context = HailoContext::builder()
        .runtime(RuntimeChoice::Device)
        .worker_variable("HAILORT_LIBRARY", library())
        .worker_variable("HAILORT_LOGGER_PATH", "NONE")
        .worker_variable("HAILO_SIM_HOST", format!("c-corpus-{}", std::process::id()))
        .start()
        .unwrap();
    assert_eq!(context.stt().opened().unwrap().runtime.name(), "device-api-on-sim");
    let corpus = Manifest::load(root.join("audio-corpus"), context.intents().unwrap().intents()).unwrap();
    for clip in corpus.clips() {
        let transcript = context.stt().transcribe(&clip.path).unwrap();
        assert_eq!(transcript.text, expected(&root, &clip.id), "{}", clip.id);
    }
    assert!(corpus.clips().len() >= 83, "{} clips", corpus.clips().len());
    let report = context.close();
    assert!(report.is_clean(), "{report}");
}
