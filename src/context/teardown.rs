//! What was found at the end of a context.

use std::time::Duration;

use crate::leaks::{Judged, Leak, Side};
use crate::report::tell;
use crate::watchdog::Hang;
use crate::worker::Ended;

/// Something that was not as it should be at the end.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// The worker did not let go of the device in time, and was ended.
    Hang(Box<Hang>),
    /// The worker let go of the device, did not end, and was killed.
    Killed,
    /// The worker had died before.
    Died(String),
    /// The worker left with something else than 0.
    Status(String),
    /// It could not be reaped: it sits in the kernel.
    Stuck,
    /// Something was left behind.
    Leak(Leak),
    /// The context was never closed.
    NeverClosed,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Hang(hang) => hang.fmt(f),
            Self::Killed => f.write_str("the worker let go of the device, did not end, and was killed"),
            Self::Died(why) => write!(f, "there was no worker any more: {why}"),
            Self::Status(status) => write!(f, "the worker ended with {status}"),
            Self::Stuck => f.write_str("the worker could not be killed: it sits in the kernel"),
            Self::Leak(leak) => {
                let side = if leak.side == Side::Test { "of this process" } else { "of the worker" };
                write!(f, "leak {side}: {leak}; {}", leak.next)
            }
            Self::NeverClosed => f.write_str("the context was never closed"),
        }
    }
}

/// What was found at the end of a context.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TeardownReport {
    /// Everything that was not as it should be.
    pub findings: Vec<Finding>,
    /// What was left behind, is told, and fails nothing.
    pub warned: Vec<Leak>,
    /// What was left behind and is ignored, with the reason.
    pub ignored: Vec<(Leak, String)>,
    /// The last lines that the worker wrote.
    pub log: Vec<String>,
    /// How long it took.
    pub elapsed: Duration,
}

impl TeardownReport {
    /// What was left behind elsewhere.
    #[cfg_attr(not(feature = "fixtures"), allow(dead_code, reason = "fixtures look further"))]
    pub(crate) fn add(&mut self, leaks: Judged) {
        self.findings.extend(leaks.failing.into_iter().map(Finding::Leak));
        self.warned.extend(leaks.warned);
        self.ignored.extend(leaks.ignored);
    }

    /// Whether everything was as it should be.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    pub(super) fn of(ended: Result<Option<Ended>, String>, leaks: Judged, elapsed: Duration) -> Self {
        let (mut findings, log) = match ended {
            Err(why) => (vec![Finding::Died(why)], Vec::new()),
            Ok(None) => (Vec::new(), Vec::new()),
            Ok(Some(Ended { hang: Some(hang), log, .. })) => (vec![Finding::Hang(hang)], log),
            Ok(Some(ended)) => {
                let finding = match ended.status {
                    _ if ended.is_regular() => None,
                    _ if !ended.gone => Some(Finding::Stuck),
                    _ if ended.killed => Some(Finding::Killed),
                    Some(status) => Some(Finding::Status(status.to_string())),
                    None => Some(Finding::Status("an unknown status".into())),
                };
                (finding.into_iter().collect(), ended.log)
            }
        };
        tell::leaks(&leaks);
        findings.extend(leaks.failing.into_iter().map(Finding::Leak));
        Self { findings, warned: leaks.warned, ignored: leaks.ignored, log, elapsed }
    }
}

impl std::fmt::Display for TeardownReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_clean() {
            write!(f, "clean after {} ms", self.elapsed.as_millis())?;
            return self.warned.iter().try_for_each(|leak| write!(f, "; warning: leak: {leak}"));
        }
        for (i, finding) in self.findings.iter().enumerate() {
            write!(f, "{}{finding}", if i > 0 { "; " } else { "" })?;
        }
        for line in &self.log {
            write!(f, "\n    [worker] {line}")?;
        }
        Ok(())
    }
}
