//! The conformance suite: small scenarios, each in a process of its own, against the simulator's `libhailort.so` or, with
//! `HAILORT_LIBRARY`, another one. Each prints one line, the same each time, so that two runs can be compared with diff.
//!
//! ```sh
//! cargo test -p hailo-harness-c --test conformance -- print            # each scenario's line
//! cargo test -p hailo-harness-c --test conformance -- print sharing/   # of those with this in their names
//! cargo test -p hailo-harness-c --test conformance -- list
//! cargo test -p hailo-harness-c --test conformance -- renew            # writes tests/conformance/expected/
//! ```
//!
//! Without one of these words it is a test: what the simulator prints is what is recorded.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use areas::Scenario;
use libtest_mimic::{Arguments, Failed, Trial};
use runner::Run;

mod areas;
mod lab;
mod runner;
mod selftest;

/// Devices of the simulator, where it has any.
const DEVICES: usize = 3;

/// What is recorded: file, version, devices.
const RECORDED: [(&str, &str, usize); 3] = [
    ("simulator", "4.23.0", DEVICES),
    ("simulator-no-device", "4.23.0", 0),
    ("simulator-4.20.0", "4.20.0", DEVICES),
];

/// The simulator's library, which cargo builds with this test.
fn own_library() -> PathBuf {
    let here = std::env::current_exe().expect("this program");
    let deps = here.parent().expect("a folder");
    let places = [deps.join("libhailort.so"), deps.with_file_name("libhailort.so")];
    places.into_iter().find(|file| file.exists()).expect("libhailort.so, which cargo builds with this test")
}

fn recorded(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join("tests/conformance/expected").join(format!("{name}.txt"))
}

/// Lines that differ, as diff shows them.
fn differences(expected: &str, found: &[String]) -> Vec<String> {
    let expected: Vec<&str> = expected.lines().collect();
    let mut lines: Vec<String> =
        expected.iter().filter(|e| !found.iter().any(|f| f == *e)).map(|e| format!("- {e}")).collect();
    lines.extend(found.iter().filter(|f| !expected.contains(&f.as_str())).map(|f| format!("+ {f}")));
    // Beside each other what is of one scenario.
    lines.sort_by(|a, b| a[2..].split(": ").next().cmp(&b[2..].split(": ").next()).then_with(|| b.cmp(a)));
    lines
}

/// Fails unless the lines are those of the record.
fn compare(file: &str, expected: &str, found: &[String]) -> Result<(), Failed> {
    let differences = differences(expected, found);
    if differences.is_empty() {
        return Ok(());
    }
    let lines = differences.join("\n");
    Err(format!(
        "the library answers otherwise than {file} says:\n{lines}\nwhere that is meant: \
         cargo test -p hailo-harness-c --test conformance -- renew"
    )
    .into())
}

fn check(name: &str, version: &str, devices: usize) -> Result<(), Failed> {
    let path = recorded(name);
    let expected = std::fs::read_to_string(&path).map_err(|why| format!("{}: {why}", path.display()))?;
    let found = Run::of_simulator(&own_library(), version, devices).lines(&areas::public());
    compare(&format!("{name}.txt"), &expected, &found)
}

/// Writes the records anew, each beside its place first.
fn renew() -> std::io::Result<()> {
    for (name, version, devices) in RECORDED {
        let lines = Run::of_simulator(&own_library(), version, devices).lines(&areas::public());
        let path = recorded(name);
        let partial = path.with_extension("partial");
        std::fs::write(&partial, lines.join("\n") + "\n")?;
        std::fs::rename(&partial, &path)?;
        println!("{}: {} lines", path.display(), lines.len());
    }
    Ok(())
}

fn chosen(filter: Option<&str>) -> Vec<Scenario> {
    areas::public().into_iter().filter(|s| filter.is_none_or(|f| s.name.contains(f))).collect()
}

fn print(filter: Option<&str>) -> ExitCode {
    let run = match std::env::var_os(hailort_sys::load::LIBRARY_VARIABLE).filter(|v| !v.is_empty()) {
        Some(library) => Run::of_library(Path::new(&library)),
        None => {
            let devices = std::env::var("HAILO_SIM_DEVICES").ok().and_then(|v| v.parse().ok());
            let version = std::env::var("HAILO_SIM_VERSION").unwrap_or_default();
            Run::of_simulator(&own_library(), &version, devices.unwrap_or(DEVICES))
        }
    };
    let scenarios = chosen(filter);
    if scenarios.is_empty() {
        eprintln!("error: no scenario has {:?} in its name; `list` shows all", filter.unwrap_or_default());
        return ExitCode::FAILURE;
    }
    for scenario in scenarios {
        println!("{}", run.line(&scenario));
    }
    ExitCode::SUCCESS
}

fn main() -> ExitCode {
    runner::serve();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let filter = words.get(1).map(String::as_str);
    match words.first().map(String::as_str) {
        Some("print") => return print(filter),
        Some("list") => {
            chosen(filter).iter().for_each(|s| println!("{}", s.name));
            return ExitCode::SUCCESS;
        }
        Some("renew") => {
            return match renew() {
                Ok(()) => ExitCode::SUCCESS,
                Err(why) => {
                    eprintln!("error: cannot write the records: {why}");
                    ExitCode::FAILURE
                }
            };
        }
        _ => {}
    }
    let arguments = Arguments::from_args();
    let records = RECORDED.iter().map(|&(name, version, devices)| {
        Trial::test(format!("{}_answers_as_recorded", name.replace(['-', '.'], "_")), move || {
            check(name, version, devices)
        })
    });
    let trials = records.chain(selftest::trials()).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
