//! `HAILO_REQUIRED=1` over a library that loads: the simulator's is refused by its marker, and one without a device.

use std::ffi::OsStr;
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

/// What becomes of a context over a library with so many devices, or over the one that is found.
fn start(library: Option<&OsStr>, devices: &str, required: &str) -> Result<String, String> {
    let mut builder = HailoContext::builder();
    if let Some(library) = library {
        builder = builder.worker_variable("HAILORT_LIBRARY", library);
    }
    let context = builder
        .runtime(RuntimeChoice::Device)
        // The canned model is known to the simulator that is linked in, and to no library.
        .model(SttModel::WhisperBase)
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
    assert_eq!(start(Some(library.as_os_str()), "1", "0").as_deref(), Ok("device-api-on-sim"));
    let error = start(Some(library.as_os_str()), "1", "1").unwrap_err();
    for part in ["HAILO_REQUIRED=1", "device-api-on-sim", &*library.to_string_lossy(), "HAILORT_LIBRARY"] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

/// What the ones below run in a process of its own, since the variables of this one say that a device is required.
#[test]
fn victim() {
    if std::env::var_os("HAILO_TEST_VICTIM").is_some() {
        println!("came to {:?}", start(std::env::var_os("HAILO_TEST_LIBRARY").as_deref(), "0", "1"));
    }
}

/// What the victim came to, with a library, or where the linker looks in these folders for one.
fn came_to(library: Option<&Path>, folders: &[&Path]) -> String {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "victim", "--nocapture"])
        .env("HAILO_TEST_VICTIM", "1")
        .envs(library.map(|library| ("HAILO_TEST_LIBRARY", library)))
        .env("LD_LIBRARY_PATH", std::env::join_paths(folders).unwrap())
        .env("HAILO_REQUIRED", "1")
        .env_remove("HAILORT_LIBRARY")
        .env_remove("HAILO_RUNTIME")
        .env_remove("NEXTEST_TEST_NAME")
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_library_without_a_device_fails_and_names_what_looks_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let said = came_to(Some(&without_marker(folder.path())), &[]);
    for part in ["came to Err", "HAILO_REQUIRED=1, and there is no device", "hailo-harness doctor"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn the_simulators_library_is_not_taken_for_the_installed_one() {
    // As the runner of tests says it: the folder of what was built comes first on the linker's path.
    let simulator = library();
    let said = came_to(None, &[simulator.parent().unwrap()]);
    assert!(said.contains("came to") && !said.contains("device-api-on-sim"), "{said}");
}
