//! Every way in which a program can end, in every phase: each cell of the table in `docs/endings.md` is a test.

use std::process::ExitCode;
use std::time::Duration;

use libtest_mimic::{Arguments, Trial};

mod cell;
#[path = "../common/host.rs"]
mod host;
#[path = "../common/nextest.rs"]
mod nested;
mod program;
mod runner;

/// The phases, in the order of the table's columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Waiting,
    Opening,
    Inference,
    Teardown,
}

const PHASES: [Phase; 4] = [Phase::Waiting, Phase::Opening, Phase::Inference, Phase::Teardown];

/// How long a phase lasts whose program goes on, and one that is ended in it: longer than anybody may take to clean.
const LASTS: Duration = Duration::from_millis(1500);
const ENDLESS: Duration = Duration::from_secs(30);
/// How long it may take.
const DEADLINE: Duration = Duration::from_secs(4);

/// What a cell promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Promise {
    /// Clean within 2 s of the end.
    AtOnce,
    /// Clean within 2 s of the phase's deadline.
    AfterDeadline,
}

/// The ways, in the order of the table's rows.
const WAYS: [&str; 18] = [
    "return",
    "Err",
    "panic",
    "panic in another thread",
    "SIGINT",
    "SIGTERM",
    "SIGHUP",
    "SIGKILL of the program",
    "SIGKILL of the worker",
    "SIGSTOP of the worker",
    "SIGKILL of the runner",
    "the runner's timeout",
    "Ctrl+C in the runner",
    "exit",
    "_exit",
    "abort",
    "stack overflow",
    "out of file descriptors",
];

/// The table: ways, and what their cells promise.
fn table() -> Vec<(String, [Promise; 4])> {
    let text = include_str!("../../docs/endings.md");
    let rows = text.lines().filter(|l| l.starts_with("| ")).skip(2);
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let promise = |i: usize| match cells[i] {
            "at once" => Promise::AtOnce,
            "after the deadline" => Promise::AfterDeadline,
            other => panic!("{row}: {other:?} is not tested here"),
        };
        assert_eq!(cells.len(), 6, "{row}");
        assert!(!cells[5].is_empty(), "{row}: the mechanism is named");
        (cells[0].to_owned(), [1, 2, 3, 4].map(promise))
    })
    .collect()
}

fn main() -> ExitCode {
    if let Ok(way) = std::env::var(program::VARIABLE) {
        // SAFETY: a copy that hangs is ended.
        unsafe { libc::alarm(60) };
        return program::program(&way);
    }
    let mut arguments = Arguments::from_args();
    // A test of the runner's must not run on the main thread, whatever the number of processors.
    arguments.test_threads.get_or_insert(2);
    if let Ok(phase) = std::env::var(program::PHASE)
        && std::env::var_os(runner::VARIABLE).is_some()
    {
        // The test that the runner below runs, and which is ended with it.
        let victim = Trial::test("victim", move || {
            program::victim(&phase);
            Ok(())
        });
        return libtest_mimic::run(&arguments, vec![victim]).exit_code();
    }
    let rows = table();
    let mut trials = vec![Trial::test("the_table_is_whole", {
        let names: Vec<String> = rows.iter().map(|(name, _)| name.clone()).collect();
        move || {
            assert_eq!(names, WAYS);
            Ok(())
        }
    })];
    for (way, promises) in rows {
        for (phase, promise) in PHASES.into_iter().zip(promises) {
            let way = way.clone();
            let name = format!("{}::{phase:?}", way.replace([' ', '\''], "_").replace('+', "_"));
            trials.push(Trial::test(name, move || {
                cell::check(&way, phase, promise);
                Ok(())
            }));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
