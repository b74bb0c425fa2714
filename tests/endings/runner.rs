//! nextest over this test's own program: it runs one test, the victim, and is ended.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::program::PHASE;

/// Says that the victim is wanted, and nothing else.
pub const VARIABLE: &str = "HAILO_TEST_VICTIM";

/// The runner, over the victim in this phase; `timeout` ends the victim after a second.
pub fn command(folder: &Path, phase: &str, timeout: bool) -> Command {
    let write = |name: &str, text: &[u8]| {
        std::fs::write(folder.join(name), text).unwrap();
        folder.join(name)
    };
    // A package without code and dependencies, to which the program is said to belong.
    write(
        "Cargo.toml",
        b"[package]\nname = \"victim\"\nedition = \"2024\"\n[lib]\npath = \"lib.rs\"\n[workspace]\n",
    );
    write("lib.rs", b"");
    let slow = "slow-timeout = { period = \"1s\", terminate-after = 1, grace-period = \"10s\" }\n";
    let config = format!("[profile.default]\n{}", if timeout { slow } else { "" });
    let config = write("nextest.toml", config.as_bytes());
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let metadata = Command::new(&cargo)
        .args(["metadata", "--format-version", "1", "--offline"])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let about: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    // What `cargo nextest list --message-format json` says, for this program alone: nothing is built.
    let binaries = json!({
        "rust-build-meta": {
            "target-directory": folder,
            "base-output-directories": [],
            "non-test-binaries": {},
            "linked-paths": [],
        },
        "rust-binaries": { "victim": {
            "binary-id": "victim",
            "binary-name": "victim",
            "package-id": about["packages"][0]["id"],
            "kind": "test",
            "binary-path": std::env::current_exe().unwrap(),
            "build-platform": "target",
        } },
    });
    // The runner itself, not cargo in between: it is what is killed.
    let mut command = Command::new(nextest());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("NEXTEST") {
            command.env_remove(name);
        }
    }
    command
        .args(["nextest", "run", "--no-capture", "--retries", "0", "--config-file"])
        .arg(config)
        .arg("--cargo-metadata")
        .arg(write("cargo.json", &metadata.stdout))
        .arg("--binaries-metadata")
        .arg(write("binaries.json", binaries.to_string().as_bytes()))
        .env(VARIABLE, "1")
        .env(PHASE, phase)
        .current_dir(folder)
        .stdin(Stdio::null());
    command
}

/// The program `cargo-nextest`: beside cargo, or on the path.
fn nextest() -> std::path::PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let home = std::env::var_os("CARGO_HOME").map(std::path::PathBuf::from);
    let folders = home.into_iter().map(|h| h.join("bin")).chain(std::env::split_paths(&path));
    let found = folders.map(|f| f.join("cargo-nextest")).find(|p| p.is_file());
    found.expect("cargo-nextest is needed: cargo install --locked cargo-nextest")
}
