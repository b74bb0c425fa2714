//! `HAILO_REQUIRED=1` over a library that loads: the simulator's is refused by its marker, and one without a device.

use std::path::{Path, PathBuf};

use hailo_harness::HailoContext;
use hailo_harness::device::RuntimeChoice;
use hailo_harness::stt::SttModel;

/// What tells the simulator from a real library.
const MARKER: &[u8] = b"hailort_sim_marker";

fn library() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let deps = here.parent().unwrap();
    let places = [deps.join("libhailort.so"), deps.parent().unwrap().join("libhailort.so")];
    places.into_iter().find(|file| file.exists()).expect("the library, which cargo builds with this test")
}

/// The library under another name for its marker: what nothing tells from a real one.
fn without_marker(folder: &Path) -> PathBuf {
    let mut bytes = std::fs::read(library()).unwrap();
    let mut found = 0;
    for i in 0..bytes.len() - MARKER.len() {
        if bytes[i..].starts_with(MARKER) {
            bytes[i + MARKER.len() - 1] = b'_';
            found += 1;
        }
    }
    assert!(found > 0, "the library exports its marker");
    let file = folder.join("libhailort.so");
    std::fs::write(&file, bytes).unwrap();
    file
}

/// What becomes of a context over a library with so many devices.
fn start(library: &Path, devices: &str, required: &str) -> Result<String, String> {
    let context = HailoContext::builder()
        .runtime(RuntimeChoice::Auto)
        // The canned model is known to the simulator that is linked in, and to no library.
        .model(SttModel::WhisperBase)
        .worker_variable("HAILORT_LIBRARY", library)
        .worker_variable("HAILO_SIM_DEVICES", devices)
        .worker_variable("HAILO_SIM_HOST", format!("c-required-{}", std::process::id()))
        .worker_variable("HAILO_REQUIRED", required)
        .start()
        .map_err(|e| e.to_string())?;
    let runtime = context.stt().opened().unwrap().runtime.name().to_owned();
    let report = context.close();
    if report.is_clean() { Ok(runtime) } else { Err(report.to_string()) }
}

#[test]
fn the_simulator_as_a_library_serves_nobody_who_requires_a_device() {
    let library = library();
    assert_eq!(start(&library, "1", "0").as_deref(), Ok("device-api-on-sim"));
    let error = start(&library, "1", "1").unwrap_err();
    for part in ["HAILO_REQUIRED=1", "device-api-on-sim", &*library.to_string_lossy(), "HAILORT_LIBRARY"] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

/// What the one below runs in a process of its own, since the variables of this one say that a device is required.
#[test]
fn victim() {
    if let Some(library) = std::env::var_os("HAILO_TEST_VICTIM") {
        println!("came to {:?}", start(Path::new(&library), "0", "1"));
    }
}

#[test]
fn a_library_without_a_device_fails_and_names_what_looks_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "victim", "--nocapture"])
        .env("HAILO_TEST_VICTIM", without_marker(folder.path()))
        .env("HAILO_REQUIRED", "1")
        .env_remove("HAILO_RUNTIME")
        .env_remove("NEXTEST_TEST_NAME")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    for part in ["came to Err", "HAILO_REQUIRED=1, and there is no device", "hailo-harness doctor"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}
