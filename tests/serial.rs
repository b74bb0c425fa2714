//! serial_test beside the fixtures: in which order the attributes stand decides everything.
//!
//! Below `#[rstest]`, `#[file_serial]` holds its lock from before the fixtures start until after they are dropped.
//! Above it, the arguments are dropped without a word: no fixture runs, and the argument's name means the fixture's
//! function. Put it below.

use std::fs::File;

use hailo_harness::device::RuntimeChoice;
use hailo_harness::fixtures::{SttGuard, stt_only};
use hailo_harness::stt::SttModel;
use rstest::{fixture, rstest};
use rustix::fs::{FlockOperation, flock};
use serial_test::file_serial;

/// Looks whether the lock is held when it is made and when it is dropped.
struct Probe;

/// Whether somebody, on another open file, holds the lock.
fn lock_is_held(key: &str) -> bool {
    let path = std::env::temp_dir().join(format!("serial-test-{key}"));
    let Ok(file) = File::options().read(true).write(true).open(&path) else { return false };
    flock(&file, FlockOperation::NonBlockingLockExclusive).is_err()
}

impl Drop for Probe {
    fn drop(&mut self) {
        assert!(
            std::thread::panicking() || lock_is_held("hailo_below"),
            "let go before the fixture was dropped"
        );
    }
}

#[fixture]
fn probe() -> Probe {
    assert!(lock_is_held("hailo_below"), "not held yet when the fixture starts");
    Probe
}

#[rstest]
#[file_serial(hailo_below)]
fn below_it_holds_around_the_fixtures(
    probe: Probe,
    #[with("fr", RuntimeChoice::Sim, SttModel::Canned)] stt_only: SttGuard,
) {
    assert!(lock_is_held("hailo_below") && stt_only.is_available());
    let _until_the_end = &probe;
}

#[file_serial(hailo_above)]
#[rstest]
fn above_it_drops_the_fixtures(#[with("fr", RuntimeChoice::Sim, SttModel::Canned)] stt_only: SttGuard) {
    assert!(lock_is_held("hailo_above"));
    // The argument is gone; this is the function that the fixture was written as.
    let what = std::any::type_name_of_val(&stt_only);
    assert!(what.ends_with("::stt_only") && !what.contains("SttGuard"), "{what}");
}
