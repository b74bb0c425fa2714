//! A plan: which calls misbehave, and how.

use std::time::Duration;

use hailort_sys::types::hailo_status;

use super::grammar::{self, PlanError, Problem};
use super::{active, suggest};

/// The calls that wait for a network group, and can so be made to wait for its end.
pub(super) const TRANSFERS: [&str; 2] = ["hailo_vstream_write_raw_buffer", "hailo_vstream_read_raw_buffer"];
/// Stands for every call.
pub(super) const ANY: &str = "*";

/// Which of the calls of a name, in the order in which they begin, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Every one.
    Every,
    /// This one alone.
    Nth(u64),
    /// From the first of these to the last.
    Between(u64, u64),
    /// This one and all later ones.
    From(u64),
}

impl Which {
    /// Whether it is the call of this number.
    pub fn is(self, number: u64) -> bool {
        match self {
            Self::Every => true,
            Self::Nth(n) => number == n,
            Self::Between(first, last) => (first..=last).contains(&number),
            Self::From(first) => number >= first,
        }
    }

    pub(super) fn is_possible(self) -> bool {
        match self {
            Self::Every => true,
            Self::Nth(n) | Self::From(n) => n >= 1,
            Self::Between(first, last) => 1 <= first && first <= last,
        }
    }
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It does nothing and answers this.
    Status(hailo_status),
    /// It waits first.
    Delay(Duration),
    /// It never returns, without using the processor.
    Hang,
    /// It returns when the network group is shut down, with `HAILO_STREAM_ABORT`; for frames written and read only.
    HangUntilShutdown,
    /// It never returns and keeps a processor busy.
    Spin,
    /// The process ends by SIGABRT.
    Abort,
    /// The process exits with this code.
    Exit(u8),
    /// It starts a thread that never ends.
    LeakThread,
    /// It opens a file that is never closed.
    LeakFd,
}

impl What {
    /// Whether the call goes on afterwards.
    pub(super) fn goes_on(self) -> bool {
        matches!(self, Self::Delay(_) | Self::LeakThread | Self::LeakFd)
    }
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// One of [`hailort_sys::Api::SYMBOLS`], or [`ANY`].
    pub(super) call: &'static str,
    pub(super) which: Which,
    pub(super) what: What,
}

impl Entry {
    pub(super) fn new(call: &str, which: Which, what: What) -> Result<Self, Problem> {
        let symbols = || hailort_sys::Api::SYMBOLS.iter().copied();
        let call = symbols().chain([ANY]).find(|known| *known == call).ok_or_else(|| {
            Problem::UnknownCall { call: call.into(), close: suggest::close_to(call, symbols()) }
        })?;
        if !which.is_possible() {
            return Err(Problem::ImpossibleWhich);
        }
        if what == What::HangUntilShutdown && !TRANSFERS.contains(&call) {
            return Err(Problem::NoTransfer);
        }
        Ok(Self { call, which, what })
    }
}

/// Which calls misbehave, and how.
///
/// ```
/// use hailort_sim::faults::{Plan, What, Which};
///
/// let plan = Plan::new()
///     .on("hailo_create_vdevice", Which::Between(1, 2), What::Status(73))?
///     .on("hailo_vstream_read_raw_buffer", Which::Nth(3), What::Hang)?;
/// let text = "hailo_create_vdevice@1-2=status:73; hailo_vstream_read_raw_buffer@3=hang";
/// assert_eq!(plan, text.parse()?);
/// assert_eq!(plan.to_string(), text);
/// # Ok::<(), hailort_sim::faults::PlanError>(())
/// ```
///
/// As text (see [`super`] for the grammar) it is what the variable `HAILO_SIM_FAULTS` of another process may hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub(super) entries: Vec<Entry>,
}

impl Plan {
    /// A plan without faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fault: `call` is the symbol of a call, or `*` for every one.
    ///
    /// # Errors
    /// For an unknown call, for numbers of calls that there are none of, and for [`What::HangUntilShutdown`] where no
    /// frame is written or read.
    pub fn on(mut self, call: &str, which: Which, what: What) -> Result<Self, PlanError> {
        let entry = Entry::new(call, which, what)
            .map_err(|problem| PlanError::new(&grammar::entry_text(call, which, what), problem))?;
        self.entries.push(entry);
        Ok(self)
    }

    /// Whether it holds no fault.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Makes this the plan of the process, in place of the one that there was, and counts calls from here. The empty
    /// plan ends all faults; calls that hang already go on hanging.
    ///
    /// # Errors
    /// When the variable `HAILO_SIM_FAULTS` is malformed: every call answers an error then, whatever is installed.
    pub fn install(self) -> Result<(), PlanError> {
        active::install(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_calls() {
        for (which, wanted) in [
            (Which::Every, [true; 5]),
            (Which::Nth(2), [false, true, false, false, false]),
            (Which::Between(2, 4), [false, true, true, true, false]),
            (Which::From(3), [false, false, true, true, true]),
        ] {
            assert_eq!([1, 2, 3, 4, 5].map(|n| which.is(n)), wanted, "{which:?}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_when_it_is_planned() {
        let plan = |call, which, what| Plan::new().on(call, which, what).map(|_| ()).unwrap_err().to_string();
        assert!(plan("hailo_identity", Which::Every, What::Hang).contains("hailo_identify"));
        for which in [Which::Nth(0), Which::From(0), Which::Between(0, 1), Which::Between(3, 2)] {
            assert!(plan("*", which, What::Hang).contains("from 1"), "{which:?}");
        }
        for call in ["*", "hailo_identify"] {
            assert!(plan(call, Which::Every, What::HangUntilShutdown).contains(TRANSFERS[1]), "{call}");
        }
    }
}
