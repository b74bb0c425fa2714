//! What a run of tests leaves for those who read it: lines that reach nextest's JUnit, and the ledger that survives
//! kills. Shown by the runner itself, over this test's own program.

mod common;

use std::path::Path;
use std::process::Command;

use hailo_harness::fixtures::HailoGuard;
use hailo_harness::report::{Ledger, Run, Summary};
use hailo_harness::stt::SttModel;
use hailo_harness::whisper::Audio;
use hailo_harness::{HailoContext, assert_no_leaks};

const VARIABLE: &str = "HAILO_TEST_VICTIM";
/// A name that no other run of victims has.
const HOST: &str = "HAILO_TEST_RUN";

/// The tests that the ones below have run. Without the variable nothing happens.
mod victims {
    use super::*;

    fn wanted(name: &str) -> bool {
        std::env::var(VARIABLE).is_ok_and(|v| v.split(',').any(|n| n == name))
    }

    fn guard(plan: &str, deadlines: &str) -> HailoGuard {
        let builder = HailoContext::builder()
            .runtime(hailo_harness::device::RuntimeChoice::Sim)
            .model(SttModel::Canned)
            .deadlines(deadlines.parse().unwrap())
            // Nobody else's: whoever waits for a device would be ended by its runner.
            .worker_variable(
                "HAILO_SIM_HOST",
                format!("{}-{}", std::env::var(HOST).unwrap(), common::host::host()),
            )
            .worker_variable("HAILO_SIM_FAULTS", plan);
        HailoGuard::start(builder)
    }

    fn tone() -> Audio {
        let samples: Vec<f32> = (0..16_000).map(|i| 0.3 * (i as f32 * 0.2).sin()).collect();
        Audio::from_f32(&samples, 16_000, 1).unwrap()
    }

    #[test]
    fn passes() {
        if wanted("passes") {
            guard("", "").hear(tone()).unwrap();
        }
    }

    #[test]
    fn hangs() {
        if wanted("hangs") {
            guard("hailo_vstream_read_raw_buffer@3=hang", "infer=0.5").hear(tone()).unwrap();
        }
    }

    #[test]
    fn leaks_in_the_worker() {
        if wanted("leaks_in_the_worker") {
            guard("hailo_release_vdevice=leak-thread", "").hear(tone()).unwrap();
        }
    }

    #[test]
    fn leaks_itself() {
        if wanted("leaks_itself") {
            let _guard = guard("", "");
            std::thread::Builder::new().name("forgotten".into()).spawn(never_ends).unwrap();
            std::mem::forget(std::fs::File::open("/dev/zero").unwrap());
        }
    }

    #[inline(never)]
    fn never_ends() {
        loop {
            std::thread::park();
        }
    }

    #[test]
    fn leaks_and_fails() {
        if wanted("leaks_and_fails") {
            let _guard = guard("hailo_release_vdevice=leak-thread", "");
            panic!("the test's own failure");
        }
    }

    /// Until its runner ends it.
    #[test]
    fn takes_too_long() {
        if wanted("takes_too_long") {
            guard("hailo_vstream_read_raw_buffer@3=hang", "infer=1000").hear(tone()).unwrap();
        }
    }

    #[test]
    fn blocks() {
        if wanted("blocks") {
            assert_no_leaks!({ std::mem::forget(std::fs::File::open("/dev/zero").unwrap()) });
        }
    }
}

struct Ran {
    passed: bool,
    said: String,
    junit: String,
    summary: Summary,
}

/// Runs victims as tests of nextest, with a ledger and a JUnit file.
fn nextest(victims: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger");
    std::fs::create_dir(folder.path().join(".config")).unwrap();
    let config = "[profile.default]\nslow-timeout = { period = \"3s\", terminate-after = 1, grace-period = \"20s\" }\n\
                  fail-fast = false\n[profile.default.junit]\npath = \"junit.xml\"\n";
    std::fs::write(folder.path().join(".config/nextest.toml"), config).unwrap();
    let filter: Vec<String> = victims.iter().map(|v| format!("test(=victims::{v})")).collect();
    let mut command: Command = common::nextest::nested(folder.path(), &["victims"]);
    let output = command
        .args(["-E", &filter.join(" | ")])
        .env(VARIABLE, victims.join(","))
        .env("HAILO_LEDGER", &ledger)
        .env(HOST, format!("ledger-{}", std::process::id()))
        .env_remove("HAILO_DEADLINES")
        .env_remove("HAILO_LEAKS")
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let junit = find(folder.path(), "junit.xml").unwrap_or_else(|| panic!("{said}"));
    let run = Ledger::find(&ledger, None).unwrap_or_else(|e| panic!("{e}\n{said}"));
    let summary = Run::read(&run.path).unwrap().summary();
    // What a person would see.
    let report = Command::new(env!("CARGO_BIN_EXE_hailo-harness"))
        .args(["report", "--json"])
        .env("HAILO_LEDGER", &ledger)
        .output()
        .unwrap();
    let shown: Summary = serde_json::from_slice(&report.stdout).unwrap();
    assert_eq!(shown.counts, summary.counts);
    Ran { passed: output.status.success(), said, junit, summary }
}

fn find(folder: &Path, name: &str) -> Option<String> {
    std::fs::read_dir(folder).ok()?.flatten().find_map(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => find(&entry.path(), name),
        _ if entry.file_name() == name => std::fs::read_to_string(entry.path()).ok(),
        _ => None,
    })
}

#[test]
fn a_clean_test_passes_and_is_counted() {
    let ran = nextest(&["passes"]);
    assert!(ran.passed, "{}", ran.said);
    assert!(!ran.said.contains("hailo-harness: "), "{}", ran.said);
    let counts = &ran.summary.counts;
    assert_eq!((counts.tests, counts.passed), (1, 1), "{:?}", ran.summary);
    assert!(ran.summary.is_good());
}

#[test]
fn a_hang_is_a_line_in_junit_and_a_record_with_its_diagnosis() {
    let ran = nextest(&["hangs"]);
    assert!(!ran.passed, "{}", ran.said);
    let line =
        "hailo-harness: hang in test victims::hangs, phase infer, call hailo_vstream_read_raw_buffer: ";
    assert!(ran.junit.contains(line), "{}", ran.junit);
    assert!(ran.said.contains("hang_forever"), "the error shows where: {}", ran.said);
    let [hang] = ran.summary.hangs.as_slice() else { panic!("{:?}", ran.summary) };
    assert_eq!(hang.test, "victims::hangs");
    assert!(!ran.summary.is_good());
}

#[test]
fn leaks_are_lines_in_junit_and_fail_their_test() {
    let ran = nextest(&["leaks_in_the_worker", "leaks_itself", "passes", "blocks"]);
    assert!(!ran.passed, "{}", ran.said);
    for line in [
        "hailo-harness: leak thread \"hailort-leaked\" in worker of test victims::leaks_in_the_worker, \
         sits in hailort_sim::faults::hang::hang_forever, fails the test",
        "hailo-harness: leak thread \"forgotten\" in test of test victims::leaks_itself, sits in ",
        "hailo-harness: leak fd \"device /dev/zero\" in test of test victims::leaks_itself, ",
    ] {
        // In XML quotes are as they are, or escaped.
        let escaped = line.replace('"', "&quot;");
        assert!(ran.junit.contains(line) || ran.junit.contains(&escaped), "{line}\n{}", ran.junit);
    }
    assert!(ran.said.contains("run_ledger::victims::never_ends"), "where it sits: {}", ran.said);
    assert!(ran.said.contains("leaks: fd device /dev/zero"), "a block: {}", ran.said);
    let counts = &ran.summary.counts;
    assert_eq!(
        (counts.tests, counts.passed, counts.teardown_failed),
        (3, 1, 2),
        "{:?}\n{}",
        ran.summary,
        ran.said
    );
}

#[test]
fn a_leak_in_a_test_that_fails_is_told_and_hides_nothing() {
    let ran = nextest(&["leaks_and_fails"]);
    assert!(!ran.passed);
    assert!(ran.said.contains("the test's own failure"), "{}", ran.said);
    assert!(ran.said.contains("hailo-harness: leak thread \"hailort-leaked\""), "{}", ran.said);
    assert_eq!(ran.summary.counts.failed, 1, "{:?}", ran.summary);
}

#[test]
fn a_test_that_its_runner_ends_says_what_it_waited_for() {
    let ran = nextest(&["takes_too_long", "passes"]);
    assert!(!ran.passed, "{}", ran.said);
    for part in [
        "takes_too_long was ended while the worker",
        "was asked to transcribe",
        "hailo_vstream_read_raw_buffer",
        "hang_forever",
        "takes_too_long was ended",
        "what its threads did:",
        "run_ledger::victims::takes_too_long",
    ] {
        assert!(ran.said.contains(part), "{part}: {}", ran.said);
    }
    let counts = &ran.summary.counts;
    assert_eq!((counts.passed, counts.killed), (1, 1), "{:?}", ran.summary);
}
