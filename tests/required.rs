//! `HAILO_REQUIRED`: what goes on with the simulator where there is no device fails where a device is required. Shown
//! by fixtures and the command themselves, without a library that could be loaded.

mod common;

use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;
use hailo_harness::device::RuntimeChoice;
use hailo_harness::fixtures::hailo_context;
use hailo_harness::stt::SttModel;

/// What no machine has.
const NO_LIBRARY: &str = "/nonexistent/libhailort.so";

/// The tests that the ones below run. Without the variable nothing happens.
mod victims {
    use super::*;

    fn wanted() -> bool {
        std::env::var_os("HAILO_TEST_VICTIM").is_some()
    }

    /// As a fixture without arguments, but for the model, which needs no download here.
    #[test]
    fn hears() {
        if wanted() {
            let runtime = RuntimeChoice::of_tests().unwrap_or_else(|e| panic!("{e}"));
            let context = hailo_context::partial_4("fr", 35, runtime, SttModel::Canned);
            println!("ran on {}", context.stt().opened().unwrap().runtime.name());
        }
    }

    #[test]
    fn asks_for_the_simulator() {
        if wanted() {
            drop(hailo_context::partial_4("fr", 35, RuntimeChoice::Sim, SttModel::Canned));
        }
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Nothing of the caller's choices, and a library that cannot be loaded.
fn plain(mut command: Command, variables: &[(&str, &str)]) -> Output {
    for variable in ["HAILO_RUNTIME", "HAILO_REQUIRED", "NEXTEST_PROFILE", "NEXTEST_TEST_NAME"] {
        command.env_remove(variable);
    }
    let (name, host) = common::host::own_host();
    command.env(name, host).env("HAILORT_LIBRARY", NO_LIBRARY).env("HAILO_MODEL", "canned");
    command.envs(variables.iter().copied()).output().unwrap()
}

/// A victim in nextest's profile `hailo`, as the runner would start it. Whether it passed, and what it said.
fn victim(name: &str, variables: &[(&str, &str)]) -> (bool, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("victims::{name}"), "--nocapture"]).env("HAILO_TEST_VICTIM", "1");
    let output = plain(command, &[&[("NEXTEST_PROFILE", "hailo")], variables].concat());
    let said = said(&output);
    assert!(said.contains("running 1 test"), "{said}");
    (output.status.success(), said)
}

#[track_caller]
fn fails(variables: &[(&str, &str)], parts: &[&str]) {
    let (passed, said) = victim("hears", variables);
    assert!(!passed && !said.contains("ran on"), "{said}");
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
}

#[test]
fn without_it_a_fixture_goes_on_with_the_simulator_and_says_why() {
    for variables in [&[][..], &[("HAILO_REQUIRED", "0")], &[("HAILO_REQUIRED", "")]] {
        let (passed, said) = victim("hears", variables);
        assert!(passed && said.contains("ran on sim") && said.contains("no device is used"), "{said}");
    }
}

#[test]
fn with_it_a_missing_library_fails_the_test_in_every_profile() {
    let parts = ["HAILO_REQUIRED=1, and no device can be used", NO_LIBRARY, "hailo-harness doctor"];
    for profile in ["hailo", "default"] {
        fails(&[("HAILO_REQUIRED", "1"), ("NEXTEST_PROFILE", profile)], &parts);
    }
    fails(&[("HAILO_REQUIRED", "1"), ("HAILO_RUNTIME", "auto")], &parts);
    fails(&[("HAILO_REQUIRED", "1"), ("HAILO_RUNTIME", "device")], &parts);
}

#[test]
fn a_test_that_names_the_simulator_in_its_code_gets_it() {
    let (passed, said) = victim("asks_for_the_simulator", &[("HAILO_REQUIRED", "1")]);
    assert!(passed, "{said}");
}

#[test]
fn the_simulator_asked_for_by_variable_is_a_contradiction() {
    fails(&[("HAILO_REQUIRED", "1"), ("HAILO_RUNTIME", "sim")], &["HAILO_RUNTIME=sim", "unset one of them"]);
}

#[test]
fn another_value_is_refused_with_the_valid_ones() {
    for value in ["yes", "true", "2"] {
        let parts = [&format!("HAILO_REQUIRED={value}"), "1 makes it a failure", "0 does not"];
        fails(&[("HAILO_REQUIRED", value)], &parts);
    }
}

#[test]
fn the_commands_fail_too() {
    let clip = common::corpus().join("monte-volume.flac");
    let command = |arguments: &[&str], required: &str| {
        let mut command = Command::new(cargo_bin!("hailo-harness"));
        command.args(arguments);
        plain(command, &[("HAILO_REQUIRED", required)])
    };
    for arguments in [&["transcribe", clip.to_str().unwrap()][..], &["devices"], &["hold", "--", "true"]] {
        let output = command(arguments, "1");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains("HAILO_REQUIRED=1"), "{arguments:?}: {}", said(&output));
        let output = command(arguments, "0");
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    }
    // What was asked for by name on the command line is no fall-back.
    let output = command(&["devices", "--runtime", "sim"], "1");
    assert!(output.status.success(), "{}", said(&output));
}
