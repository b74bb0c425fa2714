//! The runner, over the program of a test.
#![allow(dead_code, reason = "each test uses some of it")]

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use serde_json::json;

/// `cargo nextest run`; see [`nested_by`].
pub fn nested(folder: &Path, names: &[&str]) -> Command {
    nested_by(&cargo(), folder, names)
}

fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// `nextest run` by this program (cargo, or the runner itself), over this test's own program, which is said to be each of these test programs of a package in
/// this folder. Nothing is built, and nothing is known of the runner that runs this test.
pub fn nested_by(runner: &OsStr, folder: &Path, names: &[&str]) -> Command {
    let write = |name: &str, text: &[u8]| {
        std::fs::write(folder.join(name), text).unwrap();
        folder.join(name)
    };
    // A package without code and dependencies, to which the program is said to belong.
    let mut manifest =
        "[package]\nname = \"victim\"\nedition = \"2024\"\n[lib]\npath = \"lib.rs\"\n[workspace]\n"
            .to_owned();
    for name in names {
        manifest += &format!("[[test]]\nname = \"{name}\"\npath = \"lib.rs\"\n");
    }
    write("Cargo.toml", manifest.as_bytes());
    write("lib.rs", b"");
    let metadata = Command::new(cargo())
        .args(["metadata", "--format-version", "1", "--offline"])
        .env_remove("CARGO_TARGET_DIR")
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let about: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    // What `cargo nextest list --message-format json` says.
    let program = |name: &&str| {
        let it = json!({
            "binary-id": name,
            "binary-name": name,
            "package-id": about["packages"][0]["id"],
            "kind": "test",
            "binary-path": std::env::current_exe().unwrap(),
            "build-platform": "target",
        });
        ((*name).to_owned(), it)
    };
    let programs: serde_json::Map<_, _> = names.iter().map(program).collect();
    let binaries = json!({
        "rust-build-meta": {
            "target-directory": folder,
            "base-output-directories": [],
            "non-test-binaries": {},
            "linked-paths": [],
        },
        "rust-binaries": programs,
    });
    let mut command = Command::new(runner);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("NEXTEST") {
            command.env_remove(name);
        }
    }
    command
        .args(["nextest", "run", "--retries", "0"])
        .arg("--cargo-metadata")
        .arg(write("cargo.json", &metadata.stdout))
        .arg("--binaries-metadata")
        .arg(write("binaries.json", binaries.to_string().as_bytes()))
        .current_dir(folder);
    command
}
