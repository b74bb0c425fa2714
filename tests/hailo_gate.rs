//! `.ci/hailo-gate.sh`: whose jobs get a device.

use std::path::Path;
use std::process::Command;

const PUSH: &str = r#"{"ref": "refs/heads/main", "repository": {"full_name": "owner/harness"}}"#;

/// Runs the gate as a job of these variables and this payload would. Its exit status, and what it said.
fn gate(variables: &[(&str, &str)], payload: Option<&str>) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let event = folder.path().join("event.json");
    if let Some(payload) = payload {
        std::fs::write(&event, payload).unwrap();
    }
    let usual = [
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_REF", "refs/heads/main"),
        ("GITHUB_REPOSITORY", "owner/harness"),
        ("GITHUB_EVENT_PATH", event.to_str().unwrap()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
    ];
    let output = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/hailo-gate.sh"))
        .env_clear()
        .envs(usual)
        .envs(variables.iter().copied())
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), said)
}

#[track_caller]
fn passes(variables: &[(&str, &str)], payload: &str) {
    let (code, said) = gate(variables, Some(payload));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("hailo-gate: trusted: "), "{said}");
}

#[track_caller]
fn refused(variables: &[(&str, &str)], payload: Option<&str>, why: &str) {
    let (code, said) = gate(variables, payload);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("hailo-gate: refused: ") && said.contains(why), "{why}: {said}");
    assert!(!said.contains("hailo-gate: trusted: ") && said.contains("docs/hailo-runner.md"), "{said}");
}

#[test]
fn pushes_to_main_and_runs_by_hand_pass() {
    passes(&[], PUSH);
    let by_hand = [("GITHUB_EVENT_NAME", "workflow_dispatch"), ("GITHUB_REF", "refs/heads/fix")];
    for said in ["refs/heads/fix", "fix"] {
        passes(&by_hand, &PUSH.replace("refs/heads/main", said));
    }
    passes(&[("HAILO_GATE_REPOSITORY", "owner/harness")], PUSH);
    let release = [("HAILO_GATE_BRANCHES", "main release"), ("GITHUB_REF", "refs/heads/release")];
    passes(&release, &PUSH.replace("heads/main", "heads/release"));
}

#[test]
fn events_that_strangers_cause_are_refused() {
    for event in
        ["pull_request", "pull_request_target", "workflow_run", "issue_comment", "schedule", "Push", "*", ""]
    {
        refused(
            &[("GITHUB_EVENT_NAME", event)],
            Some(PUSH),
            if event.is_empty() { "not set" } else { event },
        );
    }
}

#[test]
fn refs_and_branches_that_are_not_allowed_are_refused() {
    for reference in ["refs/pull/7/merge", "refs/tags/v1", "", "main"] {
        refused(&[("GITHUB_REF", reference)], Some(PUSH), "only branches");
    }
    for branch in ["fix", "mai", "main/x", "main release"] {
        let reference = format!("refs/heads/{branch}");
        let payload = PUSH.replace("refs/heads/main", &reference);
        refused(&[("GITHUB_REF", &reference)], Some(&payload), "the push is to");
    }
}

#[test]
fn a_payload_that_says_otherwise_is_refused() {
    let about = PUSH.replacen('{', r#"{"pull_request": {"head": {"repo": {"fork": true}}}, "#, 1);
    refused(&[], Some(&about), "about a pull_request");
    refused(&[("GITHUB_EVENT_NAME", "workflow_dispatch")], Some(&about), "about a pull_request");
    refused(&[], Some(&PUSH.replace("owner/", "stranger/")), "stranger/harness");
    refused(&[], Some(&PUSH.replace("heads/main", "heads/other")), "refs/heads/other");
    refused(&[("HAILO_GATE_REPOSITORY", "owner/other")], Some(PUSH), "serves 'owner/other' only");
}

#[test]
fn what_cannot_be_read_is_refused() {
    refused(&[], None, "cannot be read");
    for payload in [
        "",
        "{",
        "[]",
        "null",
        r#"{"ref": "refs/heads/main"}"#,
        r#"{"repository": {"full_name": "owner/harness"}}"#,
    ] {
        refused(&[], Some(payload), "payload");
    }
    refused(&[("GITHUB_REPOSITORY", "")], Some(PUSH), "OWNER/NAME");
}

#[test]
fn nothing_of_the_work_folder_is_imported() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("json.py"), "raise SystemExit(0)").unwrap();
    let path = folder.path().to_str().unwrap();
    let about = PUSH.replacen('{', r#"{"pull_request": {}, "#, 1);
    refused(&[("PYTHONPATH", path)], Some(&about), "about a pull_request");
}
