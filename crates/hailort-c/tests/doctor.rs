//! `hailo-harness doctor` and the simulator in the form of a library: it is refused, whoever asks.

use std::path::{Path, PathBuf};

use hailo_harness::doctor::{Place, State, examine};

fn library() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let deps = here.parent().unwrap();
    let places = [deps.join("libhailort.so"), deps.parent().unwrap().join("libhailort.so")];
    places.into_iter().find(|file| file.exists()).expect("the library, which cargo builds with this test")
}

/// Runs in a process of its own under nextest; `cargo test` runs the only test of this program.
#[test]
fn the_simulator_is_no_device() {
    // SAFETY: no other thread of this program reads the environment.
    unsafe {
        std::env::set_var("HAILORT_LIBRARY", library());
        std::env::set_var("HAILO_SIM_HOST", format!("c-doctor-{}", std::process::id()));
        std::env::set_var("HAILO_SIM_ARCH", "hailo8l");
    }
    let examination = examine(&Place::at("/", Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")));
    let check = |name: &str| examination.checks.iter().find(|c| c.name == name).unwrap();
    assert!(!examination.ok);
    let refused = check("library");
    assert_eq!(refused.state, State::Failed);
    assert!(refused.found.contains("4.23.0") && refused.found.contains("simulator"), "{}", refused.found);
    assert_eq!(refused.mend.as_deref(), Some("unset HAILORT_LIBRARY"));
    // What it says is told all the same.
    assert!(check("firmware").found.contains("hailo8l"), "{}", check("firmware").found);
    assert_eq!(check("temperature").state, State::Ok);
}
