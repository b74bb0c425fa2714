//! What can be said of a worker while somebody else talks to it.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::log::Lines;
use crate::diagnosis::Capture;
use crate::hailort::recorder::Board;
use crate::watchdog::hang::indented;
use crate::watchdog::{Budgets, Phase, escalation};

/// What a worker is doing, as far as it can be seen from outside.
#[derive(Debug)]
pub(super) struct Witness {
    pub(super) board: Board,
    log: Lines,
    /// What it was asked, and since when; `None` while it is idle.
    doing: Mutex<Option<(Phase, Instant)>>,
}

impl Witness {
    pub(super) fn new(board: Board, log: Lines) -> Self {
        Self { board, log, doing: Mutex::new(None) }
    }

    /// It was asked something, or nothing any more.
    pub(super) fn set(&self, phase: Option<Phase>) {
        *self.doing.lock().unwrap_or_else(PoisonError::into_inner) = phase.map(|p| (p, Instant::now()));
    }

    /// What it does, where it does anything.
    pub(super) fn testify(&self, pid: u32) -> Option<Testimony> {
        let (phase, since) = (*self.doing.lock().unwrap_or_else(PoisonError::into_inner))?;
        let call = self.board.calls().first().map(ToString::to_string);
        let (_, capture) = escalation::look(pid, &Budgets::DEVICE);
        Some(Testimony {
            pid,
            phase,
            seconds: since.elapsed().as_secs_f64(),
            call,
            log: self.log.last(),
            capture,
        })
    }
}

/// What a worker did when it was looked at. The names of functions are looked up when this is shown: first the worker can
/// be killed.
#[derive(Debug)]
pub struct Testimony {
    pid: u32,
    phase: Phase,
    /// How long ago it was asked.
    seconds: f64,
    call: Option<String>,
    log: Vec<String>,
    capture: Capture,
}

impl Testimony {
    /// All of it, in many lines.
    pub fn text(self) -> String {
        let Self { pid, phase, seconds, call, log, capture } = self;
        let call = call.unwrap_or_else(|| "no call of HailoRT".into());
        let mut text =
            format!("the worker ({pid}) was asked to {} {seconds:.1} s ago, and was in {call}", phase.task());
        if !log.is_empty() {
            text.push_str("\n  its last lines:");
            log.iter().for_each(|line| text.push_str(&format!("\n    {line}")));
        }
        text + &indented("what its threads did:", &capture.resolve())
    }
}
