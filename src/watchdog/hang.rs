//! What is known of a process that did not answer in time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::escalation::{Step, StepKind};
use super::phase::Phase;
use crate::diagnosis::Diagnosis;
use crate::hailort::recorder::CallInProgress;

/// How the device was found after a hang.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeviceState {
    /// It was not looked at: the process had none, or nobody holds the right to open it.
    #[default]
    NotChecked,
    /// It was opened and closed again.
    Free,
    /// It could not be opened: it is marked as wedged.
    Wedged(String),
}

/// A process that did not answer in time: in what it hung, what was tried, and what helped.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Hang {
    /// What it was to do.
    pub phase: Phase,
    /// What hung: `the worker`, or a program.
    pub program: String,
    /// Its process id.
    pub pid: u32,
    /// How long it had.
    #[serde(rename = "deadline_seconds", with = "super::seconds")]
    pub deadline: Duration,
    /// How long it took from the question until it had ended.
    #[serde(rename = "seconds", with = "super::seconds")]
    pub elapsed: Duration,
    /// The calls of HailoRT that its threads were in when the deadline passed, those that took longest first.
    pub calls: Vec<CallInProgress>,
    /// What was tried, in this order.
    pub steps: Vec<Step>,
    /// Whether it has ended. One that has not, though it was killed, sits in the kernel.
    pub gone: bool,
    /// How it ended, where that is known.
    pub status: Option<String>,
    /// How the device was found afterwards.
    pub device: DeviceState,
    /// What each of its threads did when the deadline passed.
    pub diagnosis: Option<Diagnosis>,
    /// Its last lines.
    pub log: Vec<String>,
}

/// As [`Display`](std::fmt::Display): it is what `unwrap` shows of an error, and for people.
impl std::fmt::Debug for Hang {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl Hang {
    /// The step that ended it.
    pub fn helped(&self) -> Option<StepKind> {
        let ends =
            |s: &&Step| s.helped && matches!(s.kind, StepKind::Polite | StepKind::Term | StepKind::Kill);
        self.steps.iter().find(ends).map(|s| s.kind)
    }

    /// In one line: the phase, the call it was in, and how it was ended.
    pub fn summary(&self) -> String {
        let call = self.calls.first().map(|c| format!(" in {c}")).unwrap_or_default();
        let end = match (self.gone, self.helped()) {
            (false, _) => "it could not be killed: it sits in the kernel".to_owned(),
            (true, Some(StepKind::Polite)) => "it let go when it was asked to".into(),
            (true, Some(StepKind::Term)) => "SIGTERM ended it".into(),
            (true, _) => "it was killed".into(),
        };
        format!(
            "{} ({}) hung: asked to {}, no answer within {:.1} s{call}; {end}",
            self.program,
            self.pid,
            self.phase.task(),
            self.deadline.as_secs_f64()
        )
    }
}

impl std::fmt::Display for Hang {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.summary())?;
        let steps: Vec<String> = self.steps.iter().map(ToString::to_string).collect();
        write!(f, "\n  after {:.2} s in all: {}", self.elapsed.as_secs_f64(), steps.join("; "))?;
        if let Some(status) = &self.status {
            write!(f, "; {status}")?;
        }
        match &self.device {
            DeviceState::NotChecked => {}
            DeviceState::Free => f.write_str("\n  the device is free")?,
            DeviceState::Wedged(why) => write!(
                f,
                "\n  the device is wedged: {why}; `hailo-harness devices --reset` tries to get it back"
            )?,
        }
        if !self.log.is_empty() {
            f.write_str("\n  its last lines:")?;
            for line in &self.log {
                write!(f, "\n    {line}")?;
            }
        }
        if let Some(diagnosis) = &self.diagnosis {
            f.write_str(&indented("what its threads did:", diagnosis))?;
        }
        Ok(())
    }
}

impl std::error::Error for Hang {}

/// A diagnosis in brief, below a heading.
pub(crate) fn indented(heading: &str, diagnosis: &Diagnosis) -> String {
    let lines: String = diagnosis.brief().lines().map(|line| format!("\n    {line}")).collect();
    format!("\n  {heading}{lines}")
}
