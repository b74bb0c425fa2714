//! The suite sees what it is for: each defect is planted, and the line read.

use libtest_mimic::{Failed, Trial};

use crate::areas::{self, Scenario};
use crate::runner::Run;
use crate::{DEVICES, compare, differences, own_library};

/// Scenarios that misbehave on purpose, and their lines.
const PLANTED: [(&str, &str); 7] = [
    ("selftest/follows-a-null-pointer", "dies of SIGSEGV"),
    ("selftest/raises-sigsegv", "dies of SIGSEGV"),
    ("selftest/aborts", "dies of SIGABRT"),
    ("selftest/waits-for-ever", "hangs"),
    ("selftest/exits-with-3", "exits with 3"),
    ("selftest/panics", "panics: on purpose"),
    ("selftest/answers-and-dies", "an answer; then dies of SIGKILL"),
];

fn scenario(name: &str) -> Result<Scenario, String> {
    areas::all().into_iter().find(|s| s.name == name).ok_or_else(|| format!("there is no scenario {name}"))
}

fn run() -> Run {
    Run::of_simulator(&own_library(), "4.23.0", DEVICES)
}

fn equal(found: &str, wanted: &str) -> Result<(), Failed> {
    if found == wanted { Ok(()) } else { Err(format!("found {found:?}, wanted {wanted:?}").into()) }
}

fn crashes_and_hangs() -> Result<(), Failed> {
    for (name, wanted) in PLANTED {
        equal(&run().line(&scenario(name)?), &format!("{name}: {wanted}"))?;
    }
    Ok(())
}

/// Whoever computes on all processors meanwhile changes nothing.
fn crashes_under_load() -> Result<(), Failed> {
    let scenarios: Vec<Scenario> =
        (0..24).map(|_| scenario("selftest/raises-sigsegv")).collect::<Result<_, _>>()?;
    std::thread::scope(|scope| {
        let lines: Vec<_> = scenarios.iter().map(|s| scope.spawn(move || run().line(s))).collect();
        lines.into_iter().try_for_each(|line| {
            equal(
                &line.join().map_err(|_| "a thread has panicked")?,
                "selftest/raises-sigsegv: dies of SIGSEGV",
            )
        })
    })
}

/// What a scenario leaves behind goes with its group.
fn leftovers() -> Result<(), Failed> {
    let line = run().line(&scenario("selftest/leaves-a-process")?);
    let number: i32 = line.rsplit(' ').next().and_then(|n| n.parse().ok()).ok_or(line)?;
    // It is nobody's child any more: init reaps it.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    // SAFETY: signal 0 only asks whether there is such a process.
    while unsafe { libc::kill(number, 0) } == 0 {
        let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        if stat.contains(") Z ") {
            break; // Dead, and not yet reaped.
        }
        if std::time::Instant::now() > deadline {
            return Err(format!("process {number} is still there").into());
        }
        std::thread::yield_now();
    }
    Ok(())
}

/// A library that answers one status otherwise is told from one that does not.
fn another_status() -> Result<(), Failed> {
    let scenario = scenario("devices/vdevice-of-defaults")?;
    let good = run().line(&scenario);
    equal(&good, "devices/vdevice-of-defaults: create 0 SUCCESS, release 0 SUCCESS")?;
    let mut planted = run();
    planted.variables.push(("HAILO_SIM_FAULTS", "hailo_create_vdevice=status:74".into()));
    let bad = planted.line(&scenario);
    equal(&bad, "devices/vdevice-of-defaults: create 74 OUT_OF_PHYSICAL_DEVICES")?;
    let why =
        compare("good.txt", &good, std::slice::from_ref(&bad)).err().ok_or("the difference was not seen")?;
    let message = why.message().unwrap_or_default();
    for wanted in [format!("- {good}\n+ {bad}"), "good.txt".into(), "-- renew".into()] {
        if !message.contains(&wanted) {
            return Err(format!("{message:?} lacks {wanted:?}").into());
        }
    }
    Ok(())
}

fn lines_are_compared() -> Result<(), Failed> {
    let found = ["a/b: 1".to_owned(), "a/c: 3".to_owned(), "a/e: 5".to_owned()];
    let lines = differences("a/b: 1\na/c: 2\na/d: 4\n", &found);
    equal(&lines.join("|"), "- a/c: 2|+ a/c: 3|- a/d: 4|+ a/e: 5")
}

/// With another version or without a device other lines come out.
fn variables_arrive() -> Result<(), Failed> {
    let scenario = scenario("library/version")?;
    for version in ["4.20.0", "4.21.0", "4.22.0", "4.23.0"] {
        let line = Run::of_simulator(&own_library(), version, 1).line(&scenario);
        equal(&line, &format!("library/version: 0 SUCCESS, {version}"))?;
    }
    let line =
        Run::of_simulator(&own_library(), "4.23.0", 0).line(&self::scenario("sharing/unique-and-unique")?);
    equal(&line, "sharing/unique-and-unique: needs a device")
}

fn names_are_unique() -> Result<(), Failed> {
    let mut names: Vec<String> = areas::all().into_iter().map(|s| s.name).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    if names.len() == count { Ok(()) } else { Err("two scenarios have one name".into()) }
}

type Test = fn() -> Result<(), Failed>;

pub fn trials() -> Vec<Trial> {
    let tests: [(&str, Test); 7] = [
        ("crashes_and_hangs_of_scenarios_are_lines", crashes_and_hangs),
        ("crashes_are_seen_under_load", crashes_under_load),
        ("what_a_scenario_leaves_behind_is_ended", leftovers),
        ("another_status_is_a_difference_with_the_command_that_renews", another_status),
        ("lines_are_compared_by_scenario", lines_are_compared),
        ("versions_and_devices_reach_the_library", variables_arrive),
        ("no_two_scenarios_have_one_name", names_are_unique),
    ];
    tests.into_iter().map(|(name, test)| Trial::test(name, test)).collect()
}
