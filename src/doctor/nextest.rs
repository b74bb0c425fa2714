//! The runner of tests, and what the project tells it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::check::Check;

const NAME: &str = "nextest";
const CONFIGURATION: &str = "nextest config";
/// The page that tells what each setting is for.
const GUIDE: &str = "docs/sharing-a-device.md of hailo-harness";

/// Whether it is installed.
pub(super) fn installed() -> Check {
    version_of(
        Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into())).args(["nextest", "--version"]),
    )
}

fn version_of(command: &mut Command) -> Check {
    let mend = "cargo install --locked cargo-nextest";
    let why = match command.output() {
        Ok(output) if output.status.success() => {
            let said = String::from_utf8_lossy(&output.stdout);
            return Check::ok(NAME, said.lines().next().unwrap_or("of an unknown version").to_owned());
        }
        Ok(_) => "cargo has no nextest: with `cargo test`, a test that hangs cannot be ended".to_owned(),
        Err(error) => format!("cargo cannot be run ({error})"),
    };
    Check::warning(NAME, why, mend)
}

/// Whether the project's configuration ends tests that hang, and lets one test use the device at a time.
pub(super) fn configuration(project: &Path) -> Check {
    let Some(file) = find(project) else {
        let what = "this folder belongs to no project with a .config/nextest.toml: tests are never ended";
        return Check::warning(CONFIGURATION, what, format!("write one as {GUIDE} shows"));
    };
    let shown = file.display();
    let read = std::fs::read_to_string(&file).map_err(|e| e.to_string());
    let parsed = read.and_then(|text| text.parse::<toml::Table>().map_err(|e| e.to_string()));
    let table = match parsed {
        Ok(table) => table,
        Err(why) => {
            return Check::failed(
                CONFIGURATION,
                format!("{shown}: {why}"),
                "cargo nextest show-config version",
            );
        }
    };
    let lacks = lacks(&table);
    if lacks.is_empty() {
        return Check::ok(CONFIGURATION, shown.to_string());
    }
    Check::warning(
        CONFIGURATION,
        format!("{shown}: {}", lacks.join("; ")),
        format!("add it as {GUIDE} shows"),
    )
}

fn find(project: &Path) -> Option<PathBuf> {
    project.ancestors().map(|folder| folder.join(".config/nextest.toml")).find(|file| file.is_file())
}

fn lacks(table: &toml::Table) -> Vec<String> {
    let profile = |name: &str| table.get("profile")?.get(name);
    let setting = |name: &str, key: &str| profile(name)?.get(key);
    let ends = |name: &str| setting(name, "slow-timeout").and_then(|s| s.get("terminate-after")).is_some();
    let mut lacks = Vec::new();
    if !ends("default") && !ends("hailo") {
        lacks.push("no slow-timeout with terminate-after: a test that hangs is never ended".into());
    }
    if profile("hailo").is_none() {
        lacks.push("no profile hailo: tests cannot be sent to a device".into());
        return lacks;
    }
    // A runner that kills at once leaves no time to let go of the device. Its default is 10 s.
    let grace = setting("hailo", "slow-timeout").and_then(|s| s.get("grace-period"));
    if grace.and_then(|g| g.as_str()).is_some_and(|g| g.trim().starts_with("0")) {
        lacks.push(
            "profile hailo has a grace-period of 0: a test that is killed may leave the device unusable"
                .into(),
        );
    }
    let overrides = setting("hailo", "overrides").and_then(|o| o.as_array());
    let groups: Vec<&str> =
        overrides.into_iter().flatten().filter_map(|o| o.get("test-group")?.as_str()).collect();
    let limited =
        |group: &&str| table.get("test-groups").and_then(|g| g.get(*group)?.get("max-threads")).is_some();
    let single = setting("hailo", "test-threads").and_then(|t| t.as_integer()) == Some(1);
    if !single && !groups.iter().any(limited) {
        lacks.push("profile hailo has no test group: tests wait for the device inside their time".into());
    }
    lacks
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::*;

    fn project(configuration: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join(".config")).unwrap();
        std::fs::create_dir_all(folder.path().join("src/deep")).unwrap();
        std::fs::write(folder.path().join(".config/nextest.toml"), configuration).unwrap();
        folder
    }

    #[test]
    fn this_projects_own_configuration_is_good_from_any_of_its_folders() {
        let folder = project(include_str!("../../.config/nextest.toml"));
        let check = configuration(&folder.path().join("src/deep"));
        assert_eq!(check.state, State::Ok, "{}", check.found);
    }

    #[test]
    fn what_is_missing_is_named() {
        let folder = project("[profile.default]\nretries = 2\n");
        let check = configuration(folder.path());
        assert_eq!(check.state, State::Warning);
        assert!(
            check.found.contains("terminate-after") && check.found.contains("profile hailo"),
            "{}",
            check.found
        );
        let folder = project(
            "[profile.hailo]\nslow-timeout = { period = '60s', terminate-after = 2, grace-period = '0s' }\n",
        );
        let found = configuration(folder.path()).found;
        assert!(found.contains("grace-period of 0") && found.contains("test group"), "{found}");
    }

    #[test]
    fn a_configuration_that_cannot_be_read_is_a_failure() {
        let folder = project("[profile.default\n");
        assert_eq!(configuration(folder.path()).state, State::Failed);
    }

    #[test]
    fn a_cargo_without_nextest_is_told_how_to_get_it() {
        let check = version_of(&mut Command::new("false"));
        assert_eq!(check.state, State::Warning);
        assert!(check.mend.unwrap().contains("cargo install"));
        let mut there = Command::new("echo");
        assert_eq!(version_of(there.arg("cargo-nextest 0.9.99")), Check::ok(NAME, "cargo-nextest 0.9.99"));
    }
}
