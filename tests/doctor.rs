//! `hailo-harness doctor`, run as a user runs it.

mod common;

use std::process::Command;

use serde_json::Value;

/// The command on a simulated host of its own, in an empty cache.
fn doctor(variables: &[(&str, &str)]) -> (Option<i32>, Value, String) {
    let cache = tempfile::tempdir().unwrap();
    let locks = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hailo-harness"));
        command.arg("doctor").args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
        for name in ["HAILO_RUNTIME", "HAILO_REQUIRED", "HAILO_MODEL", "HAILORT_LIBRARY", "HAILO_WORKER"] {
            command.env_remove(name);
        }
        command.env("HAILO_CACHE_DIR", cache.path()).env("HAILO_LOCK_DIR", locks.path());
        command.env("HAILO_SIM_HOST", format!("doctor-{}", std::process::id()));
        command.envs(variables.iter().copied());
        command.output().unwrap()
    };
    let json = run(&["--json"]);
    let report = serde_json::from_slice(&json.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&json.stderr)));
    let table = run(&[]);
    assert_eq!(table.status.code(), json.status.code());
    (json.status.code(), report, String::from_utf8(table.stdout).unwrap())
}

fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|c| c["name"] == name).unwrap_or_else(|| panic!("no check {name}: {report}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn without_a_device_everything_is_told_and_nothing_has_failed() {
    let (code, report, table) = doctor(&[]);
    let failed: Vec<_> =
        report["checks"].as_array().unwrap().iter().filter(|c| c["state"] == "failed").collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!((code, &report["ok"], &report["device_required"]), (Some(0), &true.into(), &false.into()));
    for name in [
        "runtime",
        "library",
        "pcie",
        "driver",
        "node",
        "firmware",
        "holders",
        "locks",
        "models",
        "cache",
        "nextest",
        "nextest config",
        "clock",
        "throttling",
        "stacks",
    ] {
        let check = check(&report, name);
        let mends = !check["mend"].is_null();
        assert_eq!(mends, check["state"] != "ok", "{check}");
        assert!(!text(&check["found"]).is_empty() && table.contains(name), "{check}\n{table}");
    }
    assert_eq!(check(&report, "models")["mend"], "hailo-harness models fetch whisper-base");
    assert!(table.contains("hailo-harness models fetch whisper-base"), "{table}");
}

#[test]
fn where_a_device_is_required_its_absence_has_failed() {
    for variables in [[("HAILO_REQUIRED", "1")], [("HAILO_RUNTIME", "device")]] {
        let (code, report, _) = doctor(&variables);
        // On a machine with a device this test would look elsewhere.
        assert!(!std::path::Path::new("/dev/hailo0").exists());
        assert_eq!((code, &report["ok"], &report["device_required"]), (Some(1), &false.into(), &true.into()));
        for name in ["library", "pcie", "driver", "node", "firmware"] {
            assert_eq!(check(&report, name)["state"], "failed", "{name}: {report}");
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_what_to_unset() {
    for (variables, mend) in [
        (vec![("HAILO_RUNTIME", "npu")], "unset HAILO_RUNTIME"),
        (vec![("HAILO_REQUIRED", "1"), ("HAILO_RUNTIME", "sim")], "unset HAILO_RUNTIME"),
        (vec![("HAILO_REQUIRED", "yes")], "export HAILO_REQUIRED=1"),
    ] {
        let (code, report, _) = doctor(&variables);
        let check = check(&report, "runtime");
        assert_eq!((code, text(&check["state"]), text(&check["mend"])), (Some(1), "failed", mend), "{check}");
    }
    let (code, report, _) = doctor(&[("HAILO_MODEL", "large")]);
    assert_eq!((code, text(&check(&report, "models")["mend"])), (Some(1), "unset HAILO_MODEL"));
}

#[test]
fn a_library_that_cannot_be_loaded_is_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("libhailort.so");
    std::fs::write(&file, "no library").unwrap();
    let (_, report, _) = doctor(&[("HAILORT_LIBRARY", file.to_str().unwrap())]);
    let check = check(&report, "library");
    assert!(text(&check["found"]).contains(file.to_str().unwrap()), "{check}");
    assert!(text(&check["found"]).contains("too short"), "{check}");
    assert!(text(&check["mend"]).contains("unset HAILORT_LIBRARY"), "{check}");
}
