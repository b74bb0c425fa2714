//! Faults in each phase, and what a user of the harness has to hear of each.
#![allow(dead_code, reason = "each test uses some of it")]

use std::time::{Duration, Instant};

use hailo_harness::HailoContext;
use hailo_harness::context::{ContextBuilder, ContextError, Finding, TeardownReport};
use hailo_harness::device::RuntimeChoice;
use hailo_harness::stt::{Deadlines, RetryPolicy, SttError, SttErrorKind, SttModel};
use hailo_harness::watchdog::{DeviceState, Hang, Phase, StepKind};
use hailo_harness::whisper::Audio;

use super::host::host;

/// How long phases may take that are not meant to hang, on a machine that is busy.
const LONG: Duration = Duration::from_secs(60);
/// What the watchdog may take besides deadline and budgets.
pub const SLACK: Duration = Duration::from_millis(150);

/// The phases, and a call of each.
pub const PHASES: [(Phase, &str); 5] = [
    (Phase::List, "hailo_scan_devices"),
    (Phase::Open, "hailo_create_vdevice"),
    (Phase::Configure, "hailo_configure_vdevice"),
    (Phase::Infer, "hailo_vstream_read_raw_buffer@3"),
    (Phase::Release, "hailo_release_vdevice"),
];

/// What a fault has to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A hang, and what ends it, where that can be told.
    Hang(Option<Ends>),
    /// The status that the device answered.
    Status(u32),
    /// The worker's death.
    Death,
}

/// What ends a hang.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// Shutting its network groups down.
    Asking,
    /// SIGTERM, or SIGKILL where the machine is so busy that the worker has not died of that in its time.
    Signal,
}

/// All faults that a user has to hear of in the phase that they are in.
pub const FAULTS: [(&str, Expected); 9] = [
    ("hang", Expected::Hang(Some(Ends::Signal))),
    ("hang-until-shutdown", Expected::Hang(None)),
    ("spin", Expected::Hang(Some(Ends::Signal))),
    ("delay:60min", Expected::Hang(Some(Ends::Signal))),
    ("status:8", Expected::Status(8)),
    ("abort", Expected::Death),
    ("segfault", Expected::Death),
    ("kill", Expected::Death),
    ("exit:3", Expected::Death),
];

/// What came of a fault.
#[derive(Debug)]
pub struct Outcome {
    /// How long it took from the begin of the phase.
    pub took: Duration,
    /// How long it may take: the deadline and the budgets of the steps that were taken.
    pub bound: Duration,
    /// Whether the thread that hangs was seen: on a busy machine it may not stop in the time that one thread has.
    pub was_seen: bool,
}

impl Outcome {
    fn other(took: Duration) -> Self {
        Self { took, bound: LONG, was_seen: true }
    }
}

pub fn context() -> ContextBuilder {
    HailoContext::builder()
        .runtime(RuntimeChoice::Sim)
        .model(SttModel::Canned)
        .worker_variable("HAILO_SIM_HOST", host())
        // What failed once is to be seen, not to be tried again.
        .retry(RetryPolicy::never())
        .retry_open(RetryPolicy::never())
}

pub fn tone() -> Audio {
    let samples: Vec<f32> = (0..16_000).map(|i| 0.3 * (i as f32 * 0.2).sin()).collect();
    Audio::from_f32(&samples, 16_000, 1).unwrap()
}

fn deadlines(phase: Phase, deadline: Duration) -> Deadlines {
    let mut deadlines = Deadlines::from(LONG);
    match phase {
        Phase::List | Phase::Open => deadlines.open = deadline,
        Phase::Configure => deadlines.configure = deadline,
        Phase::Infer => deadlines.infer = deadline,
        _ => deadlines.release = deadline,
    }
    deadlines
}

/// Plants a fault in a phase, uses the device until something is heard of it, and looks whether that is what it has to
/// be; then, whether the next user of the same device has what it needs.
pub fn check(fault: &str, expected: Expected, phase: Phase, call: &str, deadline: Duration) -> Outcome {
    let plan = format!("{call}={fault}");
    let builder =
        context().deadlines(deadlines(phase, deadline)).worker_variable("HAILO_SIM_FAULTS", plan.as_str());
    let mut start = Instant::now();
    let outcome = match builder.start() {
        Err(ContextError::Stt(error)) if matches!(phase, Phase::List | Phase::Open | Phase::Configure) => {
            judge_error(&plan, &error, expected, phase, deadline, start.elapsed())
        }
        Err(error) => panic!("{plan}: {error}"),
        Ok(context) => {
            assert!(matches!(phase, Phase::Infer | Phase::Release), "{plan}: nothing was heard of it");
            start = Instant::now();
            let heard = context.hear(tone());
            if phase == Phase::Infer {
                let took = start.elapsed();
                let outcome = judge_error(&plan, &heard.unwrap_err(), expected, phase, deadline, took);
                drop(context);
                outcome
            } else {
                heard.unwrap_or_else(|e| panic!("{plan}: {e}"));
                start = Instant::now();
                let report = context.close();
                judge_teardown(&plan, &report, expected, deadline, start.elapsed())
            }
        }
    };
    assert_eq!(children(), Vec::<String>::new(), "{plan}: left in the tree of processes");
    // The next user of the same device.
    let next = context().device("0").start().unwrap_or_else(|e| panic!("after {plan}: {e}"));
    next.hear(tone()).unwrap_or_else(|e| panic!("after {plan}: {e}"));
    let report = next.close();
    assert!(report.is_clean(), "after {plan}: {report}");
    outcome
}

fn judge_error(
    plan: &str,
    error: &SttError,
    expected: Expected,
    phase: Phase,
    deadline: Duration,
    took: Duration,
) -> Outcome {
    match expected {
        Expected::Hang(ends) => {
            assert_eq!(error.kind(), SttErrorKind::Hang, "{plan}: {error}");
            judge_hang(plan, error.hang().unwrap(), ends, phase, deadline, took)
        }
        Expected::Status(status) => {
            assert_eq!(error.hailo_status(), Some(status), "{plan}: {error}");
            Outcome::other(took)
        }
        Expected::Death => {
            assert_eq!(error.kind(), SttErrorKind::Worker, "{plan}: {error}");
            assert!(error.to_string().contains(phase.task()), "{plan}: {error}");
            Outcome::other(took)
        }
    }
}

fn judge_teardown(
    plan: &str,
    report: &TeardownReport,
    expected: Expected,
    deadline: Duration,
    took: Duration,
) -> Outcome {
    match (expected, report.findings.as_slice()) {
        (Expected::Hang(ends), [Finding::Hang(hang)]) => {
            judge_hang(plan, hang, ends, Phase::Release, deadline, took)
        }
        // A release that fails leaves its handle, and all that hangs on it.
        (Expected::Status(status), [Finding::Leak(leak), ..]) => {
            assert!(
                leak.what.starts_with("vdevice") && leak.detail.contains(&status.to_string()),
                "{plan}: {leak}"
            );
            Outcome::other(took)
        }
        (Expected::Death, [Finding::Status(_)]) => Outcome::other(took),
        _ => panic!("{plan}: {report}"),
    }
}

fn judge_hang(
    plan: &str,
    hang: &Hang,
    ends: Option<Ends>,
    phase: Phase,
    deadline: Duration,
    took: Duration,
) -> Outcome {
    assert_eq!((hang.phase, hang.gone), (phase, true), "{plan}: {hang}");
    let call = plan.split(['@', '=']).next().unwrap();
    assert_eq!(hang.calls[0].call, call, "{plan}: {hang}");
    let expected: &[StepKind] = match ends {
        None => &[StepKind::Polite, StepKind::Term, StepKind::Kill],
        Some(Ends::Asking) => &[StepKind::Polite],
        Some(Ends::Signal) => &[StepKind::Term, StepKind::Kill],
    };
    assert!(hang.helped().is_some_and(|step| expected.contains(&step)), "{plan}: {hang}");
    // Listing needs no device, and nobody else may be kept from opening one.
    let state = if phase == Phase::List { DeviceState::NotChecked } else { DeviceState::Free };
    assert_eq!(hang.device, state, "{plan}: {hang}");
    // The stack names the function that hangs, and the call that it is in.
    let diagnosis = hang.diagnosis.as_ref().unwrap().to_string();
    let function = match plan.split_once('=').unwrap().1 {
        "hang" => "hang_forever",
        "spin" => "spin_forever",
        "delay:60min" => "sleep",
        // A transfer waits in the queue of its frames, as it does for a device that is slow.
        _ if call.starts_with("hailo_vstream") => "Queue",
        _ => "hang_until",
    };
    let was_seen = diagnosis.contains(function) && diagnosis.contains(call);
    assert!(was_seen || diagnosis.contains("it did not stop within"), "{plan}: {hang}");
    assert!(hang.to_string().lines().count() < 300, "{plan}: {hang}");
    let budgets: Duration = hang.steps.iter().map(|s| s.budget).sum();
    Outcome { took, bound: deadline + budgets + SLACK, was_seen }
}

/// Children of this process, zombies included.
pub fn children() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let lists = tasks.filter_map(|t| std::fs::read_to_string(t.path().join("children")).ok());
    lists.flat_map(|l| l.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}
