//! Ending a process that hangs: it is asked, then told, then killed, each step with its own budget.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use super::budgets::Budgets;
use crate::diagnosis::{Capture, Limits, capture};

/// What was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum StepKind {
    /// Its threads were looked at.
    Diagnose,
    /// It was asked to shut its network groups down and let go.
    Polite,
    /// SIGTERM to its process group.
    Term,
    /// SIGKILL to its process group.
    Kill,
    /// Whether the device is free was checked.
    Device,
}

/// A step, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What was tried.
    pub kind: StepKind,
    /// How long it could take.
    #[serde(rename = "budget_seconds", with = "super::seconds")]
    pub budget: Duration,
    /// How long it took.
    #[serde(rename = "seconds", with = "super::seconds")]
    pub took: Duration,
    /// Whether it did what it was for: the process ended, the threads were seen, the device was free.
    pub helped: bool,
}

impl StepKind {
    /// Its name: `diagnose`, `polite`, `term`, `kill` or `device`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Diagnose => "diagnose",
            Self::Polite => "polite",
            Self::Term => "term",
            Self::Kill => "kill",
            Self::Device => "device",
        }
    }

    fn done(self) -> &'static str {
        match self {
            Self::Diagnose => "looked at its threads",
            Self::Polite => "asked it to let go",
            Self::Term => "SIGTERM",
            Self::Kill => "SIGKILL",
            Self::Device => "checked the device",
        }
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let helped = match (self.kind, self.helped) {
            (StepKind::Polite | StepKind::Term | StepKind::Kill, true) => ", and it ended",
            (StepKind::Polite | StepKind::Term | StepKind::Kill, false) => ", which did not help",
            (StepKind::Device, true) => ", which is free",
            (StepKind::Device, false) => ", which is not free",
            (_, true) => "",
            (_, false) => ", which was not possible",
        };
        write!(f, "{} ({} ms{helped})", self.kind.done(), self.took.as_millis())
    }
}

/// A process, or a group of them, that can be ended.
pub(crate) trait Suspect {
    /// Asks it to let go by itself. Whether there is a way to.
    fn ask(&mut self) -> bool;
    /// Sends a signal to all of it. It may have ended.
    fn signal(&self, signal: Signal);
    /// Waits at most so long for its end, and leaves it to be reaped. Whether it has ended.
    fn wait(&self, patience: Duration) -> bool;
}

/// Does a step, and notes how long it took.
pub(crate) fn timed(kind: StepKind, budget: Duration, work: impl FnOnce() -> bool) -> Step {
    let start = Instant::now();
    let helped = work();
    Step { kind, budget, took: start.elapsed(), helped }
}

/// Looks at the threads of a process, within its budget.
pub(crate) fn look(pid: u32, budgets: &Budgets) -> (Step, Capture) {
    let limits = Limits { total: budgets.diagnosis, ..Limits::default() };
    let start = Instant::now();
    let capture = capture(pid, &limits);
    let helped = capture.saw_stacks();
    (Step { kind: StepKind::Diagnose, budget: budgets.diagnosis, took: start.elapsed(), helped }, capture)
}

/// Ends it: asks, SIGTERM, SIGKILL. Answers what was tried; the last step tells whether it has ended.
pub(crate) fn end(suspect: &mut impl Suspect, budgets: &Budgets) -> Vec<Step> {
    let mut steps = Vec::new();
    if suspect.ask() {
        steps.push(timed(StepKind::Polite, budgets.polite, || suspect.wait(budgets.polite)));
    }
    for (kind, signal, budget) in
        [(StepKind::Term, Signal::TERM, budgets.term), (StepKind::Kill, Signal::KILL, budgets.kill)]
    {
        if steps.last().is_some_and(|s| s.helped) {
            break;
        }
        steps.push(timed(kind, budget, || {
            suspect.signal(signal);
            if signal == Signal::TERM {
                // One that is stopped gets it only when it goes on.
                suspect.signal(Signal::CONT);
            }
            suspect.wait(budget)
        }));
    }
    steps
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// Ends after so many attempts.
    struct Stubborn {
        polite: bool,
        attempts: u32,
        seen: RefCell<Vec<String>>,
    }

    impl Suspect for Stubborn {
        fn ask(&mut self) -> bool {
            self.polite
        }
        fn signal(&self, signal: Signal) {
            self.seen.borrow_mut().push(format!("{signal:?}"));
        }
        fn wait(&self, patience: Duration) -> bool {
            let mut seen = self.seen.borrow_mut();
            seen.push(format!("wait {}", patience.as_millis()));
            seen.iter().filter(|s| s.starts_with("wait")).count() as u32 >= self.attempts
        }
    }

    #[test]
    fn each_step_follows_the_one_that_did_not_help() {
        for (polite, attempts, kinds) in [
            (true, 1, vec![StepKind::Polite]),
            (true, 3, vec![StepKind::Polite, StepKind::Term, StepKind::Kill]),
            (false, 1, vec![StepKind::Term]),
            (true, 9, vec![StepKind::Polite, StepKind::Term, StepKind::Kill]),
        ] {
            let mut suspect = Stubborn { polite, attempts, seen: RefCell::default() };
            let steps = end(&mut suspect, &Budgets::DEVICE);
            assert_eq!(steps.iter().map(|s| s.kind).collect::<Vec<_>>(), kinds);
            let helped: Vec<bool> = steps.iter().map(|s| s.helped).collect();
            assert_eq!(helped.iter().filter(|h| **h).count(), usize::from(attempts < 9));
        }
        let mut suspect = Stubborn { polite: true, attempts: 9, seen: RefCell::default() };
        end(&mut suspect, &Budgets::DEVICE);
        assert!(suspect.seen.borrow().contains(&"wait 2000".to_owned()), "{:?}", suspect.seen);
    }
}
