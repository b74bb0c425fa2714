//! What happened is told: a stable line on standard error, and a record in the ledger of the run.
//!
//! Only tests do, and programs for which `HAILO_LEDGER` is set: a program that uses a device in earnest writes no files
//! that nobody asked for.

use super::ledger::Ledger;
use super::notice;
use super::place::VARIABLE;
use super::record::{self, End, Outcome, Record, Start};
use crate::cleanup::bounded::say;
use crate::cleanup::running_test;
use crate::leaks::{self, Judged};
use crate::watchdog::{self, DeviceState};

/// The test that runs on this thread, else the thread, else the program.
pub fn test() -> String {
    let program = || {
        let executable = std::env::current_exe().ok()?;
        Some(executable.file_name()?.to_string_lossy().into_owned())
    };
    let thread =
        || std::thread::current().name().filter(|n| *n != "main").map(str::to_owned).or_else(program);
    std::env::var("NEXTEST_TEST_NAME").ok().or_else(thread).unwrap_or_else(|| "a test".into())
}

/// The ledger, where this process tells.
fn ledger() -> Option<&'static Ledger> {
    let told_to = || std::env::var_os(VARIABLE).is_some_and(|v| !v.is_empty());
    if running_test::is_this() || told_to() { Ledger::shared() } else { None }
}

/// A test begins to use a device.
pub(crate) fn begin(test: &str, runtime: Option<&str>, model: Option<&str>, device: Option<&str>) {
    if let Some(ledger) = ledger() {
        let text = |t: Option<&str>| t.map(str::to_owned);
        let start =
            Start { runtime: text(runtime), model: text(model), device: text(device), ..Start::now(test) };
        ledger.append(&Record::Start(start));
    }
}

/// A test has let go of its device.
pub(crate) fn end(test: &str, outcome: Outcome, seconds: f64, phases: &[(&str, f64)]) {
    if let Some(ledger) = ledger() {
        let end = End::now(test, outcome, seconds);
        let end = phases.iter().fold(end, |end, (name, seconds)| end.phase(*name, *seconds));
        ledger.append(&Record::End(end));
    }
}

/// A process did not answer in time.
pub(crate) fn hang(hang: &watchdog::Hang) {
    if !running_test::is_this() && ledger().is_none() {
        return;
    }
    let test = test();
    let call = hang.calls.first().map(|c| c.call.clone());
    say(notice::hang_line(&test, hang.phase.name(), call.as_deref(), &hang.summary()));
    let Some(ledger) = ledger() else { return };
    let device = match &hang.device {
        DeviceState::Free => "free",
        DeviceState::Wedged(_) => "wedged",
        DeviceState::NotChecked => "not-checked",
    };
    let steps = hang.steps.iter().map(|s| record::Step {
        name: s.kind.name().into(),
        seconds: s.took.as_secs_f64(),
        helped: s.helped,
    });
    let record = record::Hang {
        test,
        pid: std::process::id(),
        phase: hang.phase.name().into(),
        call,
        summary: hang.summary(),
        steps: steps.collect(),
        gone: hang.gone,
        device: device.into(),
        file: None,
    };
    match serde_json::to_vec_pretty(hang) {
        Ok(diagnosis) => _ = ledger.append_hang(record, &diagnosis),
        Err(_) => ledger.append(&Record::Hang(record)),
    }
}

/// A device was marked as wedged.
pub(crate) fn wedged(device: &str, why: &str) {
    if let Some(ledger) = ledger() {
        ledger.append(&Record::Wedged(record::Wedged { device: device.into(), why: why.into() }));
    }
}

/// Something was left behind.
pub(crate) fn leaks(judged: &Judged) {
    let failing = judged.failing.iter().map(|l| (l, record::Verdict::Fail, None));
    let warned = judged.warned.iter().map(|l| (l, record::Verdict::Warn, None));
    let ignored = judged.ignored.iter().map(|(l, why)| (l, record::Verdict::Ignored, Some(why.clone())));
    for (leak, verdict, reason) in failing.chain(warned).chain(ignored) {
        if !running_test::is_this() && ledger().is_none() {
            return;
        }
        let record = record::Leak {
            test: test(),
            pid: std::process::id(),
            side: match leak.side {
                leaks::Side::Worker => record::Side::Worker,
                leaks::Side::Test => record::Side::Test,
            },
            leak_kind: leak.kind.name().into(),
            what: leak.what.clone(),
            place: leak.place.clone().or_else(|| Some(leak.detail.clone()).filter(|d| !d.is_empty())),
            verdict,
            reason,
        };
        if verdict != record::Verdict::Ignored {
            say(notice::leak_line(&record));
        }
        if let Some(ledger) = ledger() {
            ledger.append(&Record::Leak(record));
        }
    }
}
