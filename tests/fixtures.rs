//! The fixtures, as another crate would use them.

use std::process::{Command, Output};

use hailo_harness::TestResult;
use hailo_harness::device::RuntimeChoice;
use hailo_harness::fixtures::{HailoGuard, SttGuard, hailo_context, stt_only};
use hailo_harness::stt::SttModel;
use hailo_harness::text::Language;
use hailo_harness::whisper::Audio;
use rstest::rstest;

fn tone() -> Audio {
    let samples: Vec<f32> = (0..16_000).map(|i| 0.3 * (i as f32 * 0.2).sin()).collect();
    Audio::from_f32(&samples, 16_000, 1).unwrap()
}

#[rstest]
fn the_defaults_hear_french_and_find_intents(hailo_context: HailoGuard) -> TestResult {
    let heard = hailo_context.hear("audio-corpus/monte-volume.flac")?;
    assert_eq!(heard.transcript.text, "monte le volume");
    assert_eq!(heard.intent.map(|i| i.name).as_deref(), Some("volume_up"));
    // In the profile of those who have a device it may be theirs.
    assert!(heard.runtime == "sim" || std::env::var_os("NEXTEST_PROFILE").is_some_and(|p| p == "hailo"));
    Ok(())
}

#[rstest]
fn stt_alone(stt_only: SttGuard) -> TestResult {
    assert_eq!(stt_only.transcribe("audio-corpus/stop.flac")?.text, "Stop !");
    Ok(())
}

#[rstest]
fn everything_can_be_chosen_for_a_context(
    #[with("fr", 90, RuntimeChoice::Sim, SttModel::Canned)] hailo_context: HailoGuard,
) -> TestResult {
    assert_eq!(hailo_context.stt().language(), Language::FRENCH);
    assert_eq!(hailo_context.hear(tone())?.model, "canned");
    Ok(())
}

#[rstest]
fn everything_can_be_chosen_for_speech_to_text(
    #[with("en", RuntimeChoice::Sim, SttModel::Canned)] stt_only: SttGuard,
) -> TestResult {
    assert_eq!(stt_only.language(), Language::ENGLISH);
    assert_eq!(stt_only.transcribe(tone())?.language, "en");
    Ok(())
}

#[rstest]
#[case("Monte le volume.", Some("volume_up"))]
#[case("Il fait beau.", None)]
fn cases_share_the_fixture(
    #[with("fr", 35, RuntimeChoice::Sim, SttModel::Canned)] hailo_context: HailoGuard,
    #[case] text: &str,
    #[case] intent: Option<&str>,
) {
    assert_eq!(hailo_context.classify(text).map(|i| i.name).as_deref(), intent);
}

#[rstest]
#[should_panic(expected = "cannot start")]
fn what_cannot_start_fails_the_test_with_the_reason(
    #[with("de", 35, RuntimeChoice::Sim, SttModel::Canned)] hailo_context: HailoGuard,
) {
    drop(hailo_context);
}

#[test]
fn closing_by_hand_says_what_was_found_and_fails_nothing() {
    let guard = start();
    // SAFETY: a signal to a worker of this test.
    unsafe { libc::kill(guard.stt().worker_id().unwrap() as i32, libc::SIGKILL) };
    while guard.stt().is_available() {}
    let report = guard.close();
    assert!(!report.is_clean(), "{report}");
}

fn start() -> HailoGuard {
    hailo_context::partial_4("fr", 35, RuntimeChoice::Sim, SttModel::Canned)
}

/// A guard whose worker was killed behind its back: its teardown finds that.
fn doomed() -> HailoGuard {
    let guard = start();
    // SAFETY: a signal to a worker of this test.
    unsafe { libc::kill(guard.stt().worker_id().unwrap() as i32, libc::SIGKILL) };
    guard
}

/// The tests that the ones below run, each in a process of its own.
mod victims {
    use super::*;

    /// Whether this process was started to be one.
    fn wanted() -> bool {
        std::env::var_os("HAILO_TEST_VICTIM").is_some()
    }

    #[test]
    fn plain() {
        if wanted() {
            drop(doomed());
        }
    }

    #[test]
    fn returns_err() -> Result<(), String> {
        if !wanted() {
            return Ok(());
        }
        let _guard = doomed();
        Err("the error of the test".into())
    }

    #[test]
    fn returns_err_through_test_result() -> TestResult {
        if !wanted() {
            return Ok(());
        }
        let _guard = doomed();
        Err("the error of the test")?;
        Ok(())
    }

    #[test]
    #[should_panic]
    fn should_panic() {
        assert!(wanted(), "as it should when nobody wants it");
        let _guard = doomed();
    }

    #[test]
    fn forgets() {
        if wanted() {
            std::mem::forget(start());
        }
    }

    #[test]
    fn keeps_in_a_static() {
        static KEPT: std::sync::Mutex<Option<HailoGuard>> = std::sync::Mutex::new(None);
        if wanted() {
            *KEPT.lock().unwrap() = Some(start());
        }
    }

    #[rstest::fixture]
    #[once]
    fn once() -> Option<HailoGuard> {
        wanted().then(start)
    }

    #[rstest]
    fn keeps_in_a_once_fixture(once: &Option<HailoGuard>) {
        assert_eq!(once.is_some(), wanted());
    }

    #[test]
    fn drops_on_another_thread() {
        if wanted() {
            let guard = doomed();
            // Nobody looks at how it ended.
            let _ = std::thread::spawn(move || drop(guard)).join();
        }
    }

    #[test]
    fn panics_itself() {
        if wanted() {
            let _guard = doomed();
            panic!("the panic of the test");
        }
    }

    #[test]
    fn clean() {
        if wanted() {
            drop(start());
        }
    }
}

fn victim(name: &str) -> (Output, String) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("victims::{name}"), "--nocapture"])
        .env("HAILO_TEST_VICTIM", "1")
        .env_remove("NEXTEST_TEST_NAME")
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("running 1 test"), "{said}");
    (output, said)
}

/// The process fails, and says so with all of these.
#[track_caller]
fn fails(name: &str, parts: &[&str]) -> String {
    let (output, said) = victim(name);
    assert_eq!(output.status.code(), Some(101), "{said}");
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
    said
}

#[test]
fn a_failing_teardown_fails_the_test() {
    fails("plain", &["teardown of victims::plain", "SIGKILL", "test victims::plain ... FAILED"]);
    let (output, said) = victim("clean");
    assert!(output.status.success() && !said.contains("teardown"), "{said}");
}

#[test]
fn lost_in_a_returned_err_it_fails_all_the_same_and_test_result_prints_both() {
    fails("returns_err", &["teardown of", "FAILED"]);
    fails("returns_err_through_test_result", &["the error of the test", "teardown of", "FAILED"]);
}

#[test]
fn lost_in_should_panic_the_process_still_fails() {
    fails("should_panic", &["should panic ... ok", "teardown of victims::should_panic"]);
}

#[test]
fn lost_by_forgetting_the_process_still_fails() {
    fails("forgets", &["forgets ... ok", "teardown of victims::forgets", "never dropped"]);
}

#[test]
fn lost_in_a_static_the_process_still_fails() {
    fails("keeps_in_a_static", &["keeps_in_a_static ... ok", "never dropped"]);
}

#[test]
fn lost_in_a_once_fixture_the_process_still_fails() {
    fails("keeps_in_a_once_fixture", &["keeps_in_a_once_fixture ... ok", "never dropped"]);
}

#[test]
fn lost_on_another_thread_the_process_still_fails() {
    fails("drops_on_another_thread", &["drops_on_another_thread ... ok", "teardown of"]);
}

#[test]
fn a_test_that_panics_itself_shows_both() {
    fails("panics_itself", &["the panic of the test", "teardown of", "FAILED"]);
}
