//! nextest over this test's own program: it runs one test, the victim, and is ended.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::nested::nested_by;
use crate::program::PHASE;

/// Says that the victim is wanted, and nothing else.
pub const VARIABLE: &str = "HAILO_TEST_VICTIM";

/// The runner, over the victim in this phase; `timeout` ends the victim after a second.
pub fn command(folder: &Path, phase: &str, timeout: bool) -> Command {
    let slow = "slow-timeout = { period = \"1s\", terminate-after = 1, grace-period = \"10s\" }\n";
    let config = folder.join("nextest.toml");
    std::fs::write(&config, format!("[profile.default]\n{}", if timeout { slow } else { "" })).unwrap();
    // The runner itself, not cargo in between: it is what is killed.
    let mut command = nested_by(program().as_os_str(), folder, &["victim"]);
    command
        .args(["--no-capture", "--config-file"])
        .arg(config)
        .env(VARIABLE, "1")
        .env(PHASE, phase)
        .stdin(Stdio::null());
    command
}

/// The program `cargo-nextest`: beside cargo, or on the path.
fn program() -> std::path::PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let home = std::env::var_os("CARGO_HOME").map(std::path::PathBuf::from);
    let folders = home.into_iter().map(|h| h.join("bin")).chain(std::env::split_paths(&path));
    let found = folders.map(|f| f.join("cargo-nextest")).find(|p| p.is_file());
    found.expect("cargo-nextest is needed: cargo install --locked cargo-nextest")
}
