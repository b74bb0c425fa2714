//! A plan: which calls misbehave, and how.

use std::time::Duration;

use hailort_sys::types::hailo_status;

use super::grammar::{self, PlanError, Problem};
use super::signal::Signal;
use super::{active, suggest};
use crate::random::SplitMix64;

/// The call whose answer can be corrupted.
pub(super) const READ: &str = "hailo_vstream_read_raw_buffer";
/// What the calls that release something begin with.
pub(super) const RELEASE: &str = "hailo_release_";
/// Most things that one fault leaks.
pub(super) const MOST: u32 = 1000;
/// A chance of one, in millionths.
pub(super) const CERTAIN: u32 = 1_000_000;
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
    /// Each with this chance; the same seed picks the same numbers.
    Chance {
        /// The chance in millionths, 1 to 1,000,000.
        millionths: u32,
        /// Picks which.
        seed: u64,
    },
}

impl Which {
    /// Whether it is the call of this number.
    pub fn is(self, number: u64) -> bool {
        match self {
            Self::Every => true,
            Self::Nth(n) => number == n,
            Self::Between(first, last) => (first..=last).contains(&number),
            Self::From(first) => number >= first,
            Self::Chance { millionths, seed } => {
                SplitMix64::of(seed, number).bits() % u64::from(CERTAIN) < u64::from(millionths)
            }
        }
    }

    pub(super) fn is_possible(self) -> bool {
        match self {
            Self::Every => true,
            Self::Nth(n) | Self::From(n) => n >= 1,
            Self::Between(first, last) => 1 <= first && first <= last,
            Self::Chance { millionths, .. } => (1..=CERTAIN).contains(&millionths),
        }
    }
}

/// What kind of file is left open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FdKind {
    /// A device node.
    #[default]
    Device,
    /// The program's own file.
    File,
    /// A socket without a name.
    Socket,
    /// Both ends of a pipe: two descriptors.
    Pipe,
}

/// What becomes of a frame that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corruption {
    /// Every value is no number.
    Nan,
    /// Every value is zero.
    Zeros,
    /// One bit of one value is the other way round. Which one, the seed and the number of the call say.
    Flip,
    /// Random bits, of the seed and the number of the call: among them infinities and what is no number.
    Garbage,
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
    /// It returns `HAILO_STREAM_ABORT` when the network group is shut down; a call that moves no frame, when any network
    /// group of the process is.
    HangUntilShutdown,
    /// The release of a virtual device never returns if a signal handler has run in the thread that waits for its
    /// interrupts.
    HangIfSignalled,
    /// It never returns and keeps a processor busy.
    Spin,
    /// The process ends by SIGABRT.
    Abort,
    /// The process ends by SIGSEGV.
    Segfault,
    /// The process ends by SIGKILL, as the kernel does it when memory runs out.
    Kill,
    /// The process exits with this code.
    Exit(u8),
    /// It changes the frame that is read.
    Corrupt(Corruption),
    /// It starts a thread that never ends.
    LeakThread,
    /// It opens something that is never closed.
    LeakFd(FdKind),
    /// It leaves a file in the folder for temporary files.
    LeakFile,
    /// It maps a file and never unmaps it.
    LeakMap,
    /// It starts a program and never waits for it.
    LeakChild,
    /// It starts a program that starts another.
    LeakGrandchild,
    /// It starts a program that ends at once, and never waits for it.
    LeakZombie,
    /// It starts a program in a session of its own, child of nobody, that keeps the devices of the process marked.
    LeakDaemon,
    /// A release answers success and releases nothing.
    LeakHandle,
    /// It installs a handler for this signal.
    ChangeSignal(Signal),
    /// It makes `/` the working directory.
    ChangeDirectory,
    /// It makes the process ignore SIGTERM.
    IgnoreSigterm,
    /// From then on each inference takes this many times as long, and the chip is warm.
    Throttle(u32),
    /// The chip overheats: all network groups stop.
    Overheat,
    /// The device is lost: for this process for good, or for all until so many opens have failed.
    DropOffBus(Option<u32>),
}

impl What {
    /// Whether the call goes on afterwards.
    pub(super) fn goes_on(self) -> bool {
        matches!(self, Self::Delay(_)) || self.is_event() && !self.ends_the_process()
    }

    fn ends_the_process(self) -> bool {
        matches!(self, Self::Abort | Self::Segfault | Self::Kill | Self::Exit(_))
    }

    /// Whether it can happen apart from the call, and so later.
    fn is_event(self) -> bool {
        self.ends_the_process() || self.leaks() || self.can_end() || matches!(self, Self::DropOffBus(_))
    }

    /// Whether several of it can be asked for.
    fn leaks(self) -> bool {
        matches!(
            self,
            Self::LeakThread
                | Self::LeakFd(_)
                | Self::LeakFile
                | Self::LeakMap
                | Self::LeakChild
                | Self::LeakGrandchild
                | Self::LeakZombie
                | Self::LeakDaemon
        )
    }

    /// Whether it can be undone after a time.
    fn can_end(self) -> bool {
        self.leaks()
            || matches!(
                self,
                Self::ChangeSignal(_)
                    | Self::ChangeDirectory
                    | Self::IgnoreSigterm
                    | Self::Throttle(_)
                    | Self::Overheat
            )
    }

    fn is_random(self) -> bool {
        matches!(self, Self::Corrupt(Corruption::Flip | Corruption::Garbage))
    }
}

/// What happens to a call, how often and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    pub(super) what: What,
    pub(super) times: u32,
    pub(super) after: Duration,
    pub(super) lasts: Option<Duration>,
    pub(super) seed: u64,
    pub(super) once_per_host: bool,
}

impl From<What> for Fault {
    fn from(what: What) -> Self {
        Self { what, times: 1, after: Duration::ZERO, lasts: None, seed: 0, once_per_host: false }
    }
}

impl What {
    /// So many of it, 1 to 1000: for leaks.
    pub fn times(self, times: u32) -> Fault {
        Fault::from(self).times(times)
    }

    /// So long after the call, in the background: for all but answers, waits and corruption.
    pub fn after(self, delay: Duration) -> Fault {
        Fault::from(self).after(delay)
    }

    /// Undone after this time: for leaks, changes, throttling and overheating.
    pub fn lasts(self, time: Duration) -> Fault {
        Fault::from(self).lasts(time)
    }

    /// With this seed, else 0: for random corruption.
    pub fn seed(self, seed: u64) -> Fault {
        Fault::from(self).seed(seed)
    }

    /// Only the first time that it is due on the simulated host, whichever process it is.
    pub fn once_per_host(self) -> Fault {
        Fault::from(self).once_per_host()
    }
}

impl Fault {
    /// See [`What::times`].
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }

    /// See [`What::after`].
    pub fn after(self, delay: Duration) -> Self {
        Self { after: delay, ..self }
    }

    /// See [`What::lasts`].
    pub fn lasts(self, time: Duration) -> Self {
        Self { lasts: Some(time), ..self }
    }

    /// See [`What::seed`].
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// See [`What::once_per_host`].
    pub fn once_per_host(self) -> Self {
        Self { once_per_host: true, ..self }
    }

    /// Why this cannot happen to the call, if so.
    fn check(&self, call: &str) -> Result<(), Problem> {
        let what = self.what;
        let only = |fits, valid| if fits { Ok(()) } else { Err(Problem::DoesNotFit { valid }) };
        match what {
            What::Corrupt(_) => only(call == READ, "corrupt is only for hailo_vstream_read_raw_buffer")?,
            What::HangIfSignalled => {
                only(call == "hailo_release_vdevice", "hang-if-signalled is only for hailo_release_vdevice")?;
            }
            What::LeakHandle => {
                only(call.starts_with(RELEASE), "leak-handle is only for hailo_release_ calls")?
            }
            What::Throttle(factor) => only(factor >= 2, "throttle is by a factor from 2")?,
            What::DropOffBus(Some(opens)) => only(opens >= 1, "the opens that fail are at least 1")?,
            _ => {}
        }
        only(self.times == 1 || what.leaks(), "*COUNT is only for leak-thread, leak-fd and the like")?;
        only((1..=MOST).contains(&self.times), "COUNT is 1 to 1000")?;
        only(
            self.after.is_zero() || what.is_event(),
            "after=DURATION is for leaks, changes, the ends of a process and of a device; delay is for calls",
        )?;
        only(
            self.lasts.is_none() || what.can_end(),
            "for=DURATION is for leaks, changes, throttle and overheat",
        )?;
        only(
            self.seed == 0 || what.is_random(),
            "seed=NUMBER is for corrupt:flip and corrupt:garbage; a chance has its own, as in @25%/7",
        )
    }
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// One of [`hailort_sys::Api::SYMBOLS`], or [`ANY`].
    pub(super) call: &'static str,
    pub(super) which: Which,
    pub(super) fault: Fault,
}

impl Entry {
    pub(super) fn new(call: &str, which: Which, fault: Fault) -> Result<Self, Problem> {
        let symbols = || hailort_sys::Api::SYMBOLS.iter().copied();
        let call = symbols().chain([ANY]).find(|known| *known == call).ok_or_else(|| {
            Problem::UnknownCall { call: call.into(), close: suggest::close_to(call, symbols()) }
        })?;
        if !which.is_possible() {
            return Err(Problem::ImpossibleWhich);
        }
        fault.check(call)?;
        Ok(Self { call, which, fault })
    }
}

/// Which calls misbehave, and how.
///
/// ```
/// use hailort_sim::faults::{Plan, What, Which};
///
/// let plan = Plan::new()
///     .on("hailo_create_vdevice", Which::Between(1, 2), What::Status(73))?
///     .on("hailo_release_hef", Which::Every, What::LeakThread.times(5))?
///     .on("hailo_vstream_read_raw_buffer", Which::Nth(3), What::Hang.once_per_host())?;
/// let text = "hailo_create_vdevice@1-2=status:73; hailo_release_hef=leak-thread*5; \
///             hailo_vstream_read_raw_buffer@3=hang,once-per-host";
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
    /// For an unknown call, for numbers of calls that there are none of, and for what cannot happen to that call or not
    /// in that way.
    pub fn on(mut self, call: &str, which: Which, fault: impl Into<Fault>) -> Result<Self, PlanError> {
        let fault = fault.into();
        let entry = Entry::new(call, which, fault)
            .map_err(|problem| PlanError::new(&grammar::entry_text(call, which, fault), problem))?;
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
    fn a_chance_is_that_of_its_seed() {
        let hits = |which: Which| (1..=10_000).filter(|n| which.is(*n)).collect::<Vec<_>>();
        let chance = |millionths, seed| Which::Chance { millionths, seed };
        assert_eq!(hits(chance(CERTAIN, 3)).len(), 10_000);
        let quarter = hits(chance(CERTAIN / 4, 3));
        assert!((2000..3000).contains(&quarter.len()), "{}", quarter.len());
        assert_eq!(hits(chance(CERTAIN / 4, 3)), quarter);
        assert_ne!(hits(chance(CERTAIN / 4, 4)), quarter);
    }

    #[test]
    fn what_cannot_be_is_refused_when_it_is_planned() {
        let plan = |call, which, fault: Fault| {
            Plan::new().on(call, which, fault).map(|_| ()).unwrap_err().to_string()
        };
        assert!(plan("hailo_identity", Which::Every, What::Hang.into()).contains("hailo_identify"));
        let none = Which::Chance { millionths: 0, seed: 1 };
        for which in [Which::Nth(0), Which::From(0), Which::Between(0, 1), Which::Between(3, 2), none] {
            assert!(plan("*", which, What::Hang.into()).contains("from 1"), "{which:?}");
        }
        let second = Duration::from_secs(1);
        for (fault, said) in [
            (What::Corrupt(Corruption::Nan).into(), READ),
            (What::HangIfSignalled.into(), "hailo_release_vdevice"),
            (What::LeakHandle.into(), RELEASE),
            (What::Throttle(1).into(), "from 2"),
            (What::DropOffBus(Some(0)).into(), "at least 1"),
            (What::Hang.times(2), "*COUNT"),
            (What::LeakThread.times(0), "1 to 1000"),
            (What::LeakThread.times(1001), "1 to 1000"),
            (What::Status(4).after(second), "after="),
            (What::Abort.lasts(second), "for="),
            (What::LeakThread.seed(1), "seed="),
        ] {
            assert!(plan("hailo_identify", Which::Every, fault).contains(said), "{fault:?}");
        }
        assert!(Plan::new().on("*", Which::Every, What::Exit(1).after(second)).is_ok());
    }
}
