//! Tests that share one device in one process: they are threads of it, as under plain `cargo test`, and have the device
//! one after the other.
//!
//! ```text
//! cargo test --test parallel -- --test-threads=8
//! ```
//!
//! In profile ci this program runs itself in that way.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hailo_harness::device::RuntimeChoice;
use hailo_harness::device::lease::{DeviceLease, LeaseOptions, LockFolder, Wait};
use hailo_harness::fixtures::{SttGuard, stt_only};
use hailo_harness::stt::{Repairs, SttModel};
use hailo_harness::whisper::Audio;
use hailort_sim::runtime::host;
use hailort_sim::runtime::mark::{Mark, MarkError};
use rstest::rstest;

#[path = "common/host.rs"]
mod own;

const DEVICE: &str = "0000:01:00.0";
/// What the canned model takes the tone for.
const TEXT: &str = "mu";
/// How often the eight are run together.
const TIMES: usize = 5;
/// Makes the tests that panic do so.
const PANIC: &str = "HAILO_TEST_PANIC";

/// Whether a test of this process has the device.
static IN_USE: AtomicBool = AtomicBool::new(false);

/// The time that a test has the device.
struct Alone;

impl Alone {
    fn begin() -> Self {
        assert!(!IN_USE.swap(true, Ordering::SeqCst), "two guards at once");
        Self
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        IN_USE.store(false, Ordering::SeqCst);
    }
}

/// Hears something, and sees that nobody else has the device meanwhile.
fn hears_alone(stt: &SttGuard) {
    // Ends before the guard does: another test may have its guard from then on.
    let _alone = Alone::begin();
    let samples: Vec<f32> = (0..16_000).map(|i| 0.3 * (i as f32 * 0.2).sin()).collect();
    let transcript = stt.transcribe(Audio::from_f32(&samples, 16_000, 1).unwrap()).unwrap();
    assert_eq!(transcript.text, TEXT);
    // The simulated device refuses a second opener.
    assert!(matches!(Mark::take(&host::name(), DEVICE), Err(MarkError::Held)));
    assert_eq!(stt.repairs(), Repairs::default());
}

macro_rules! hear {
    ($($name:ident)*) => {$(
        #[rstest]
        fn $name(#[with("fr", RuntimeChoice::Sim, SttModel::Canned)] stt_only: SttGuard) {
            hears_alone(&stt_only);
        }
    )*};
}

hear! { first second third fourth fifth sixth seventh eighth }

/// Two more, which end by a panic while they hold a guard, where that is wanted.
mod panics {
    use super::*;

    fn holds_and_panics() {
        if std::env::var_os(PANIC).is_some() {
            let stt = stt_only::partial_3("fr", RuntimeChoice::Sim, SttModel::Canned);
            hears_alone(&stt);
            panic!("as it was told to, with a guard");
        }
    }

    #[test]
    fn ninth() {
        holds_and_panics();
    }

    #[test]
    fn tenth() {
        holds_and_panics();
    }
}

/// All of the above, as threads of one process.
fn together(folder: &LockFolder, panic: bool) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--test-threads=8", "--skip", "ci_"])
        .env("HAILO_SIM_HOST", own::host())
        .env("HAILO_LOCK_DIR", folder.path())
        .env_remove("HAILO_SIM_DEVICES")
        .env_remove("HAILO_DEVICE_DEADLINE")
        .env_remove(PANIC);
    if panic {
        command.env(PANIC, "1");
    }
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The device is free, and no ticket was left behind.
#[track_caller]
fn is_free(folder: &LockFolder) {
    let host = host::name_of(Some(own::host().as_ref()));
    let device = format!("sim-{host}-{DEVICE}");
    let options = LeaseOptions::in_folder(folder.clone()).waiting(Wait::Never);
    drop(DeviceLease::acquire(std::slice::from_ref(&device), &options).unwrap());
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, [&*format!("{device}.lock")]);
    drop(Mark::take(&host, DEVICE).unwrap());
}

#[test]
fn ci_eight_threads_of_one_process_pass_again_and_again() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = LockFolder::at(temporary.path()).unwrap();
    for time in 0..TIMES {
        let start = std::time::Instant::now();
        let output = together(&folder, false);
        assert!(output.status.success(), "{time}: {}", text(&output));
        assert!(text(&output).contains("10 passed; 0 failed"), "{time}: {}", text(&output));
        assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
        println!("all ten after {:?}", start.elapsed());
        is_free(&folder);
    }
}

#[test]
fn ci_a_panic_with_a_guard_gives_the_device_to_the_next() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = LockFolder::at(temporary.path()).unwrap();
    let output = together(&folder, true);
    assert_eq!(output.status.code(), Some(101), "{}", text(&output));
    let said = text(&output);
    assert!(said.contains("8 passed; 2 failed"), "{said}");
    assert_eq!(said.matches("as it was told to, with a guard").count(), 2, "{said}");
    is_free(&folder);
}
