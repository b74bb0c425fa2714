//! The workflow files: nobody but those who may write to the repository gets a job onto a machine with a device, and
//! what the files call is there.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

const HOSTED: &str = include_str!("../.github/workflows/tests.yml");
const DEVICE: &str = include_str!("../.github/workflows/hailo.yml");

/// What starts a workflow with the repository's rights over what a stranger has written.
const UNTRUSTED: [&str; 6] =
    ["pull_request", "pull_request_target", "workflow_run", "issue_comment", "issues", "discussion"];
/// Values of expressions that no stranger chooses.
const TRUSTED: [&str; 6] = ["matrix.", "strategy.", "inputs.architecture", "vars.", "github.ref", "runner."];

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect()
}

fn jobs(workflow: &Value) -> impl Iterator<Item = (&String, &Value)> {
    workflow["jobs"].as_object().unwrap().iter()
}

fn steps(job: &Value) -> &[Value] {
    job["steps"].as_array().unwrap()
}

/// All texts below a value, by where they are.
fn texts<'a>(value: &'a Value, at: &str, found: &mut Vec<(String, &'a str)>) {
    match value {
        Value::String(text) => found.push((at.to_owned(), text)),
        Value::Array(items) => items.iter().for_each(|item| texts(item, at, found)),
        Value::Object(items) => {
            items.iter().for_each(|(key, item)| texts(item, &format!("{at}/{key}"), found))
        }
        _ => {}
    }
}

/// What is between `${{` and `}}`.
fn expressions(text: &str) -> impl Iterator<Item = &str> {
    text.split("${{").skip(1).map(|rest| rest.split("}}").next().unwrap().trim())
}

/// What is wrong with a workflow; `device` for the one whose jobs get a device.
fn complaints(text: &str, device: bool) -> BTreeSet<String> {
    let workflow: Value = serde_saphyr::from_str(text).unwrap();
    let mut wrong = BTreeSet::new();
    let mut complain = |what: String| _ = wrong.insert(what);
    triggers(&workflow["on"], device, &mut complain);
    if workflow["permissions"] != serde_json::json!({"contents": "read"}) {
        complain(format!("permissions {}", workflow["permissions"]));
    }
    if workflow["concurrency"]["group"].as_str().is_none_or(str::is_empty) {
        complain("no concurrency".into());
    }
    if device && workflow["concurrency"]["cancel-in-progress"] != Value::Bool(false) {
        complain("a run with a device can be cancelled by the next one".into());
    }
    for (name, job) in jobs(&workflow) {
        if !job["permissions"].is_null() {
            complain(format!("{name}: permissions of its own"));
        }
        if job["timeout-minutes"].as_u64().is_none_or(|m| m == 0 || m > 90) {
            complain(format!("{name}: no timeout"));
        }
        for step in steps(job) {
            action(name, step, &mut complain);
            commands(name, step, &mut complain);
        }
        if job["runs-on"].to_string().contains("self-hosted") {
            with_device(name, job, &mut complain);
        }
    }
    let mut all = Vec::new();
    texts(&workflow, "", &mut all);
    for (at, text) in all {
        if text.contains("secrets.") || text.contains("github.token") {
            complain(format!("{at}: a secret"));
        }
        for expression in expressions(text) {
            let names = expression.split(['|', '(', ')', '!', '=', '&', ' ', ',']).map(str::trim);
            let strange = |n: &&str| {
                n.contains('.')
                    && !n.starts_with('\'')
                    && !TRUSTED.iter().any(|trusted| n.starts_with(trusted))
            };
            if let Some(name) = names.into_iter().find(strange) {
                complain(format!("{at}: the expression {name}"));
            }
        }
    }
    wrong
}

fn triggers(on: &Value, device: bool, complain: &mut impl FnMut(String)) {
    let events = keys(on);
    if events.is_empty() {
        complain("no triggers".into());
    }
    for event in &events {
        // A pull request of a fork may have the hosted machines: its token can read, and there is no secret.
        let hosted = !device && *event == "pull_request";
        if UNTRUSTED.contains(event) && !hosted {
            complain(format!("the trigger {event}"));
        } else if !hosted && !["push", "workflow_dispatch"].contains(event) {
            complain(format!("the unknown trigger {event}"));
        }
    }
    if on["push"]["branches"] != serde_json::json!(["main"]) {
        complain("pushes to other branches than main".into());
    }
}

fn action(job: &str, step: &Value, complain: &mut impl FnMut(String)) {
    let Some(uses) = step["uses"].as_str() else { return };
    let commit = uses.split_once('@').map(|(_, commit)| commit).unwrap_or_default();
    if commit.len() != 40 || !commit.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        complain(format!("{job}: {uses} is not pinned"));
    }
    if !uses.starts_with("actions/") {
        complain(format!("{job}: {uses} is not the platform's own"));
    }
    if uses.starts_with("actions/checkout@") && step["with"]["persist-credentials"] != Value::Bool(false) {
        complain(format!("{job}: the checkout keeps its token"));
    }
}

fn commands(job: &str, step: &Value, complain: &mut impl FnMut(String)) {
    let Some(run) = step["run"].as_str() else { return };
    if run.contains("${{") {
        complain(format!("{job}: an expression in a script"));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for word in run.split_whitespace().map(|w| w.trim_matches('"')).filter(|w| w.starts_with(".ci/")) {
        use std::os::unix::fs::PermissionsExt;
        let executable =
            root.join(word).metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o100 != 0);
        if !executable {
            complain(format!("{job}: there is no command {word}"));
        }
    }
}

/// What holds for a job on a machine with a device.
fn with_device(name: &str, job: &Value, complain: &mut impl FnMut(String)) {
    let labels = job["runs-on"].to_string();
    for label in ["self-hosted", "linux", "ARM64", "hailo8l"] {
        if !labels.contains(label) {
            complain(format!("{name}: no label {label}"));
        }
    }
    if job["environment"].as_str() != Some("hailo") {
        complain(format!("{name}: no environment that can ask for an approval"));
    }
    if job["env"]["HAILO_REQUIRED"].as_str() != Some("1") {
        complain(format!("{name}: passes without a device"));
    }
    let of = |command: &str| steps(job).iter().position(|s| s["run"].as_str() == Some(command));
    let gate = of(".ci/hailo-gate.sh");
    let first = steps(job).iter().position(|s| s["run"].is_string());
    if gate.is_none() || gate != first {
        complain(format!("{name}: the gate is not the first command"));
    }
    let tests =
        steps(job).iter().position(|s| s["run"].as_str().is_some_and(|r| r.starts_with(".ci/hailo-tests ")));
    let (before, after) = (of(".ci/hailo-tidy before"), of(".ci/hailo-tidy after"));
    if !(before.is_some() && before < tests && tests < after) {
        complain(format!("{name}: the tests are not between before and after"));
    }
    let always = |step: Option<usize>| step.is_some_and(|i| steps(job)[i]["if"].as_str() == Some("always()"));
    if !always(after) {
        complain(format!("{name}: nothing tidies up after a failure"));
    }
    let upload =
        steps(job).iter().position(|s| s["uses"].as_str().is_some_and(|u| u.contains("upload-artifact")));
    if !always(upload) {
        complain(format!("{name}: a failure leaves no results"));
    }
}

#[test]
fn the_files_are_as_they_should_be() {
    assert_eq!(complaints(HOSTED, false), BTreeSet::new());
    assert_eq!(complaints(DEVICE, true), BTreeSet::new());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/workflows");
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["hailo.yml", "tests.yml"], "each workflow is looked at here");
}

#[test]
fn every_way_to_weaken_them_is_seen() {
    let cases = [
        (
            "  workflow_dispatch:\n",
            "  pull_request_target:\n  workflow_dispatch:\n",
            "the trigger pull_request_target",
        ),
        ("  workflow_dispatch:\n", "  pull_request:\n  workflow_dispatch:\n", "the trigger pull_request"),
        ("  workflow_dispatch:\n", "  schedule:\n  workflow_dispatch:\n", "the unknown trigger schedule"),
        ("branches: [main]", "branches: ['**']", "pushes to other branches than main"),
        ("contents: read", "contents: write", "permissions {\"contents\":\"write\"}"),
        (
            "contents: read",
            "contents: read\n  id-token: write",
            "permissions {\"contents\":\"read\",\"id-token\":\"write\"}",
        ),
        ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7", "archive: actions/checkout@v7 is not pinned"),
        ("actions/checkout@", "stranger/checkout@", "is not the platform's own"),
        ("persist-credentials: false", "persist-credentials: true", "archive: the checkout keeps its token"),
        ("run: .ci/hailo-gate.sh", "run: echo ${{ github.ref }}", "device: an expression in a script"),
        (
            "name: Run the tests",
            "name: ${{ github.event.head_commit.message }}",
            "the expression github.event.head_commit.message",
        ),
        ("ARCHITECTURE:", "TOKEN: ${{ secrets.TOKEN }}\n      ARCHITECTURE:", "a secret"),
        (
            "run: .ci/hailo-gate.sh",
            "run: .ci/hailo-gates.sh",
            "device: there is no command .ci/hailo-gates.sh",
        ),
        ("run: .ci/hailo-gate.sh", "run: 'true'", "device: the gate is not the first command"),
        ("cancel-in-progress: false", "cancel-in-progress: true", "a run with a device can be cancelled"),
        ("timeout-minutes: 60", "timeout-minutes: 600", "archive: no timeout"),
        ("environment: hailo", "environment: free", "device: no environment"),
        ("HAILO_REQUIRED: \"1\"", "HAILO_REQUIRED: \"0\"", "device: passes without a device"),
        ("run: .ci/hailo-tidy before", "run: 'true'", "device: the tests are not between"),
        (
            "        if: always()\n        run: .ci/hailo-tidy after",
            "        run: .ci/hailo-tidy after",
            "device: nothing tidies up",
        ),
        (
            "        if: always()\n        uses: actions/upload",
            "        uses: actions/upload",
            "device: a failure leaves no results",
        ),
    ];
    for (from, to, expected) in cases {
        assert!(DEVICE.contains(from), "{from}");
        let wrong = complaints(&DEVICE.replacen(from, to, 1), true);
        assert!(wrong.iter().any(|w| w.contains(expected)), "{from} -> {to}: {wrong:?}");
    }
}

#[test]
fn the_hosted_parts_are_those_of_the_script() {
    let workflow: Value = serde_saphyr::from_str(HOSTED).unwrap();
    let parts: Vec<&str> = workflow["jobs"]["part"]["strategy"]["matrix"]["part"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p.as_str().unwrap())
        .collect();
    let script = include_str!("../.ci/run");
    let all = script.lines().find_map(|l| l.strip_prefix("all=(")?.strip_suffix(')')).unwrap();
    assert_eq!(parts, all.split(' ').collect::<Vec<_>>());
    for part in parts {
        assert!(script.contains(&format!("\n{part}() {{")), "{part}");
    }
}

#[test]
fn an_unknown_part_is_a_usage_error_before_anything_runs() {
    let output = std::process::Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/run"))
        .args(["checks", "soaks"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("'soaks'") && said.contains("checks tests full soak aarch64"), "{said}");
    assert!(output.stdout.is_empty(), "nothing ran");
}

#[test]
fn a_part_that_is_none_and_an_archive_that_is_not_there_are_usage_errors() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, results) = (folder.path().join("archive"), folder.path().join("results"));
    let run = |part: &str| {
        let output =
            std::process::Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/hailo-tests"))
                .arg(&archive)
                .arg(part)
                .arg(&results)
                .output()
                .unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for part in ["", "1", "0/2", "3/2", "1/0", "a/b", "1/2/3"] {
        let (code, said) = run(part);
        assert_eq!(code, Some(2), "{part}: {said}");
        assert!(said.contains("PART/PARTS"), "{part}: {said}");
    }
    let (code, said) = run("1/2");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("tests.tar.zst") && said.contains(".ci/hailo-archive"), "{said}");
    assert!(!results.exists(), "nothing was begun");
}
