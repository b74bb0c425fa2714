//! nextest's profile `hailo`: what it changes, and what its report holds. Shown by the runner itself, with the
//! project's configuration, over this test's own program.

mod common;

use hailo_harness::device::RuntimeChoice;

/// The tests that the one below has run. Without the variable nothing happens.
mod victims {
    use super::*;

    fn wanted() -> bool {
        std::env::var_os("HAILO_TEST_VICTIM").is_some()
    }

    #[test]
    fn passes() {
        if wanted() {
            println!("runs on {:?}", RuntimeChoice::of_tests());
            println!("in the group {:?}", std::env::var("NEXTEST_TEST_GROUP"));
        }
    }

    #[test]
    fn fails() {
        assert!(!wanted(), "the reason of a failure");
    }
}

/// Runs the victims in a profile. What was said, and what the report holds, where there is one.
fn run(profile: &str, runtime: Option<&str>) -> (String, Option<String>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".config")).unwrap();
    let configuration = include_str!("../.config/nextest.toml");
    std::fs::write(folder.path().join(".config/nextest.toml"), configuration).unwrap();
    // The runner refuses a configuration that names a program which is not there.
    let mut names: Vec<&str> =
        configuration.split("binary(").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    names.sort();
    names.dedup();
    let mut command = common::nextest::nested(folder.path(), &names);
    command.args([
        "--no-fail-fast",
        "--success-output",
        "final",
        "--profile",
        profile,
        "-E",
        "binary(fixtures) & test(/^victims::/)",
    ]);
    command.env("HAILO_TEST_VICTIM", "1").env_remove("HAILO_RUNTIME");
    let output = command.envs(runtime.map(|r| ("HAILO_RUNTIME", r))).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("2 tests run: 1 passed, 1 failed"), "{said}");
    (said, std::fs::read_to_string(folder.path().join("target/nextest").join(profile).join("junit.xml")).ok())
}

#[test]
fn tests_may_use_the_device_one_at_a_time_and_the_report_holds_what_they_wrote() {
    let (said, report) = run("hailo", None);
    let report = report.expect(&said);
    for part in ["runs on Ok(Auto)", "in the group Ok(\"hailo\")", "the reason of a failure"] {
        // As XML writes quotes, or not.
        let found = report.contains(part) || report.contains(&part.replace('"', "&quot;"));
        assert!(found, "{part}: {report}");
    }
}

#[test]
fn the_variable_outranks_the_profile_and_other_profiles_are_simulated() {
    assert!(run("hailo", Some("sim")).0.contains("runs on Ok(Sim)"));
    let (said, report) = run("default", None);
    assert!(said.contains("runs on Ok(Sim)") && report.is_none(), "{said}");
}
