//! A plan as text, and what is wrong with one. The grammar is described in [`super`].

use std::fmt::{Display, Formatter, Result as FmtResult};
use std::str::FromStr;
use std::time::Duration;

use hailort_sys::types::hailo_status;
use hailort_sys::{Api, status_name};

use super::plan::{CERTAIN, Corruption, Entry, Fault, FdKind, Plan, What, Which};
use super::signal::Signal;
use super::suggest;

/// Above the highest status that has a name.
const STATUSES: std::ops::Range<hailo_status> = 0..256;
/// Most characters of an entry that an error repeats.
const MOST_REPEATED: usize = 120;
/// Units of durations in nanoseconds, the longest first.
const UNITS: [(&str, u128); 5] =
    [("min", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1000), ("ns", 1)];

/// Every action as it is written, for messages and suggestions.
pub(super) const ACTIONS: &[&str] = &[
    "status:NUMBER",
    "status:NAME",
    "delay:DURATION",
    "hang",
    "hang-until-shutdown",
    "hang-if-signalled",
    "spin",
    "abort",
    "segfault",
    "kill",
    "exit:CODE",
    "corrupt:nan",
    "corrupt:zeros",
    "corrupt:flip",
    "corrupt:garbage",
    "leak-thread",
    "leak-fd[:device|file|socket|pipe]",
    "leak-file",
    "leak-map",
    "leak-child",
    "leak-grandchild",
    "leak-zombie",
    "leak-daemon",
    "leak-handle",
    "change-signal[:SIGNAL]",
    "change-directory",
    "ignore-sigterm",
    "throttle:FACTOR",
    "overheat",
    "drop-off-bus[:OPENS]",
];

/// Every option as it is written.
pub(super) const OPTIONS: &[&str] = &["after=DURATION", "for=DURATION", "seed=NUMBER", "once-per-host"];

/// Actions or options that are close to a mistyped one.
fn close(text: &str, all: &'static [&'static str]) -> Vec<&'static str> {
    let mut names: Vec<&str> =
        all.iter().map(|word| word.split([':', '[', '=']).next().unwrap_or(word)).collect();
    names.dedup();
    suggest::close_to(text, names)
}

/// What is wrong with an entry of a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{entry:?}: {problem}")]
pub struct PlanError {
    entry: String,
    problem: Problem,
}

impl PlanError {
    pub(super) fn new(entry: &str, problem: Problem) -> Self {
        let mut text: String = entry.chars().take(MOST_REPEATED).collect();
        if text.len() < entry.len() {
            text.push('…');
        }
        Self { entry: text, problem }
    }

    /// What kind of mistake it is.
    pub fn kind(&self) -> &Problem {
        &self.problem
    }
}

/// The kinds of mistakes in an entry of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// It is no text.
    NotUtf8,
    /// There is no `=`.
    NoAction,
    /// There is no such call.
    UnknownCall {
        /// What stands there.
        call: String,
        /// Calls with a similar name.
        close: Vec<&'static str>,
    },
    /// Numbers of calls that there are none of, or no numbers.
    ImpossibleWhich,
    /// There is no such action.
    UnknownAction {
        /// Actions with a similar name.
        close: Vec<&'static str>,
    },
    /// There is no such option behind an action.
    UnknownOption {
        /// Options with a similar name.
        close: Vec<&'static str>,
    },
    /// There is no such status.
    UnknownStatus {
        /// Statuses with a similar name.
        close: Vec<&'static str>,
    },
    /// There is no such signal, or none that a program can handle.
    UnknownSignal,
    /// It is no duration.
    BadDuration,
    /// It is no exit code.
    BadExitCode,
    /// It is no number.
    BadNumber,
    /// It cannot happen to this call, or not in this way.
    DoesNotFit {
        /// What can.
        valid: &'static str,
    },
}

impl Display for Problem {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        match self {
            Self::NotUtf8 => f.write_str("is not UTF-8"),
            Self::NoAction => f.write_str(
                "an entry is CALL[@WHICH]=WHAT[*COUNT][,OPTION], such as hailo_vstream_read_raw_buffer@3=hang; entries are separated \
                 by `;`",
            ),
            Self::UnknownCall { call, close } if close.is_empty() => {
                let short: String = call.chars().take(MOST_REPEATED).collect();
                write!(f, "there is no call {short:?}; there are * for every call, {}", Api::SYMBOLS.join(", "))
            }
            Self::UnknownCall { call, close } => {
                write!(f, "there is no call {call:?}; did you mean {}?", close.join(" or "))
            }
            Self::ImpossibleWhich => {
                f.write_str(
                    "which calls is N, N-M or N- (the Nth and all later), counted from 1, or a chance such as 25% or \
                     0.5%/7 with the seed 7",
                )
            }
            Self::UnknownAction { close } if close.is_empty() => {
                write!(f, "what happens is one of {}", ACTIONS.join(", "))
            }
            Self::UnknownAction { close } => {
                let forms = ACTIONS.iter().filter(|form| {
                    close.iter().any(|name| form.strip_prefix(name).is_some_and(|r| !r.starts_with('-')))
                });
                let forms: Vec<&str> = forms.copied().collect();
                write!(f, "there is no such action; did you mean {}?", forms.join(" or "))
            }
            Self::UnknownOption { close } if close.is_empty() => {
                write!(f, "behind what happens, separated by commas, are {}", OPTIONS.join(", "))
            }
            Self::UnknownOption { close } => {
                write!(f, "there is no such option; did you mean {}?", close.join(" or "))
            }
            Self::UnknownStatus { close } if close.is_empty() => {
                f.write_str("a status is a number or a name, such as 4 or HAILO_TIMEOUT")
            }
            Self::UnknownStatus { close } => {
                write!(f, "there is no such status; did you mean {}?", close.join(" or "))
            }
            Self::BadDuration => {
                f.write_str("a duration is a whole number with ns, us, ms, s or min, such as 500ms or 2s")
            }
            Self::BadExitCode => f.write_str("an exit code is a number from 0 to 255"),
            Self::BadNumber => f.write_str("a number is of digits alone, and not as large"),
            Self::UnknownSignal => write!(f, "a signal is one of {}", Signal::names().join(", ")),
            Self::DoesNotFit { valid } => f.write_str(valid),
        }
    }
}

impl FromStr for Plan {
    type Err = PlanError;

    /// Reads a plan; blank entries are nothing.
    fn from_str(text: &str) -> Result<Self, PlanError> {
        let entries = text.split(';').map(str::trim).filter(|entry| !entry.is_empty());
        let read = |entry: &str| parse(entry).map_err(|problem| PlanError::new(entry, problem));
        Ok(Self { entries: entries.map(read).collect::<Result<_, _>>()? })
    }
}

fn parse(entry: &str) -> Result<Entry, Problem> {
    let (calls, what) = entry.split_once('=').ok_or(Problem::NoAction)?;
    let (call, which) = match calls.split_once('@') {
        Some((call, which)) => (call, parse_which(which.trim()).ok_or(Problem::ImpossibleWhich)?),
        None => (calls, Which::Every),
    };
    Entry::new(call.trim(), which, parse_fault(what)?)
}

fn parse_which(text: &str) -> Option<Which> {
    if text.contains('%') {
        return parse_chance(text);
    }
    match text.split_once('-') {
        None => number(text).map(Which::Nth),
        Some((first, "")) => number(first).map(Which::From),
        Some((first, last)) => Some(Which::Between(number(first)?, number(last)?)),
    }
}

/// A number of nothing but digits: `FromStr` of integers also takes a sign.
fn number<T: FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

/// `25%`, `0.5%`, `25%/7`.
fn parse_chance(text: &str) -> Option<Which> {
    let (percent, seed) = text.split_once('%')?;
    let seed = match seed.trim() {
        "" => 0,
        seed => number(seed.strip_prefix('/')?.trim())?,
    };
    let (whole, part) = percent.trim().split_once('.').unwrap_or((percent.trim(), "0"));
    // Ten thousandths of a percent are millionths.
    let part = if part.len() <= 4 { number::<u32>(&format!("{part:0<4}"))? } else { return None };
    let millionths = number::<u32>(whole)?.checked_mul(CERTAIN / 100)?.checked_add(part)?;
    Some(Which::Chance { millionths, seed })
}

fn parse_fault(text: &str) -> Result<Fault, Problem> {
    let mut parts = text.split(',').map(str::trim);
    let what = parts.next().unwrap_or_default();
    let mut fault = match what.split_once('*') {
        Some((what, times)) => {
            Fault::from(parse_what(what.trim())?).times(number(times.trim()).ok_or(Problem::BadNumber)?)
        }
        None => parse_what(what)?.into(),
    };
    for option in parts {
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (option, None),
        };
        fault = match (name, value) {
            ("after", Some(delay)) => fault.after(parse_duration(delay).ok_or(Problem::BadDuration)?),
            ("for", Some(time)) => fault.lasts(parse_duration(time).ok_or(Problem::BadDuration)?),
            ("seed", Some(seed)) => fault.seed(number(seed).ok_or(Problem::BadNumber)?),
            ("once-per-host", None) => fault.once_per_host(),
            _ => return Err(Problem::UnknownOption { close: close(name, OPTIONS) }),
        };
    }
    Ok(fault)
}

fn parse_what(text: &str) -> Result<What, Problem> {
    let (action, argument) = match text.split_once(':') {
        Some((action, argument)) => (action.trim(), Some(argument.trim())),
        None => (text, None),
    };
    Ok(match (action, argument) {
        ("status", Some(status)) => What::Status(parse_status(status)?),
        ("delay", Some(duration)) => What::Delay(parse_duration(duration).ok_or(Problem::BadDuration)?),
        ("hang", None) => What::Hang,
        ("hang-until-shutdown", None) => What::HangUntilShutdown,
        ("hang-if-signalled", None) => What::HangIfSignalled,
        ("spin", None) => What::Spin,
        ("abort", None) => What::Abort,
        ("segfault", None) => What::Segfault,
        ("kill", None) => What::Kill,
        ("exit", Some(code)) => What::Exit(number(code).ok_or(Problem::BadExitCode)?),
        ("corrupt", Some("nan")) => What::Corrupt(Corruption::Nan),
        ("corrupt", Some("zeros")) => What::Corrupt(Corruption::Zeros),
        ("corrupt", Some("flip")) => What::Corrupt(Corruption::Flip),
        ("corrupt", Some("garbage")) => What::Corrupt(Corruption::Garbage),
        ("leak-thread", None) => What::LeakThread,
        ("leak-fd", None | Some("device")) => What::LeakFd(FdKind::Device),
        ("leak-fd", Some("file")) => What::LeakFd(FdKind::File),
        ("leak-fd", Some("socket")) => What::LeakFd(FdKind::Socket),
        ("leak-fd", Some("pipe")) => What::LeakFd(FdKind::Pipe),
        ("leak-file", None) => What::LeakFile,
        ("leak-map", None) => What::LeakMap,
        ("leak-child", None) => What::LeakChild,
        ("leak-grandchild", None) => What::LeakGrandchild,
        ("leak-zombie", None) => What::LeakZombie,
        ("leak-daemon", None) => What::LeakDaemon,
        ("leak-handle", None) => What::LeakHandle,
        ("change-signal", None) => What::ChangeSignal(Signal::default()),
        ("change-signal", Some(name)) => {
            What::ChangeSignal(Signal::of_name(name).ok_or(Problem::UnknownSignal)?)
        }
        ("change-directory", None) => What::ChangeDirectory,
        ("ignore-sigterm", None) => What::IgnoreSigterm,
        ("throttle", Some(factor)) => What::Throttle(number(factor).ok_or(Problem::BadNumber)?),
        ("overheat", None) => What::Overheat,
        ("drop-off-bus", None) => What::DropOffBus(None),
        ("drop-off-bus", Some(opens)) => What::DropOffBus(Some(number(opens).ok_or(Problem::BadNumber)?)),
        _ => return Err(Problem::UnknownAction { close: close(action, ACTIONS) }),
    })
}

fn parse_status(text: &str) -> Result<hailo_status, Problem> {
    // Newer libraries have statuses without a name here: every number will do.
    number(text).or_else(|| STATUSES.into_iter().find(|s| status_name(*s) == Some(text))).ok_or_else(|| {
        Problem::UnknownStatus { close: suggest::close_to(text, STATUSES.filter_map(status_name)) }
    })
}

fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at(digits);
    let (_, unit) = UNITS.iter().find(|(name, _)| *name == unit.trim())?;
    let nanoseconds = number::<u128>(count)?.checked_mul(*unit)?;
    let seconds = u64::try_from(nanoseconds / 1_000_000_000).ok()?;
    Some(Duration::new(seconds, u32::try_from(nanoseconds % 1_000_000_000).ok()?))
}

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        let entries: Vec<String> = self.entries.iter().map(ToString::to_string).collect();
        f.write_str(&entries.join("; "))
    }
}

impl Display for Entry {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        f.write_str(&entry_text(self.call, self.which, self.fault))
    }
}

pub(super) fn entry_text(call: &str, which: Which, fault: Fault) -> String {
    format!("{call}{which}={fault}")
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        write!(f, "{}", self.what)?;
        if self.times != 1 {
            write!(f, "*{}", self.times)?;
        }
        if !self.after.is_zero() {
            write!(f, ",after={}", duration(self.after))?;
        }
        if let Some(time) = self.lasts {
            write!(f, ",for={}", duration(time))?;
        }
        if self.seed != 0 {
            write!(f, ",seed={}", self.seed)?;
        }
        f.write_str(if self.once_per_host { ",once-per-host" } else { "" })
    }
}

fn duration(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    // Minutes read no better than seconds.
    let exact = UNITS[1..].iter().find(|(_, unit)| nanoseconds.is_multiple_of(*unit));
    let (name, unit) = exact.unwrap_or(&("ns", 1));
    format!("{}{name}", nanoseconds / unit)
}

impl Display for Which {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        match self {
            Self::Every => Ok(()),
            Self::Nth(n) => write!(f, "@{n}"),
            Self::Between(first, last) => write!(f, "@{first}-{last}"),
            Self::From(first) => write!(f, "@{first}-"),
            Self::Chance { millionths, seed } => {
                let (whole, part) = (millionths / 10_000, millionths % 10_000);
                let percent = if part == 0 { whole.to_string() } else { format!("{whole}.{part:04}") };
                let percent = if part == 0 { &*percent } else { percent.trim_end_matches('0') };
                if *seed == 0 { write!(f, "@{percent}%") } else { write!(f, "@{percent}%/{seed}") }
            }
        }
    }
}

impl Display for What {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        match self {
            Self::Status(status) => write!(f, "status:{status}"),
            Self::Delay(time) => write!(f, "delay:{}", duration(*time)),
            Self::Hang => f.write_str("hang"),
            Self::HangUntilShutdown => f.write_str("hang-until-shutdown"),
            Self::HangIfSignalled => f.write_str("hang-if-signalled"),
            Self::Spin => f.write_str("spin"),
            Self::Abort => f.write_str("abort"),
            Self::Segfault => f.write_str("segfault"),
            Self::Kill => f.write_str("kill"),
            Self::Exit(code) => write!(f, "exit:{code}"),
            Self::Corrupt(Corruption::Nan) => f.write_str("corrupt:nan"),
            Self::Corrupt(Corruption::Zeros) => f.write_str("corrupt:zeros"),
            Self::Corrupt(Corruption::Flip) => f.write_str("corrupt:flip"),
            Self::Corrupt(Corruption::Garbage) => f.write_str("corrupt:garbage"),
            Self::LeakThread => f.write_str("leak-thread"),
            Self::LeakFd(FdKind::Device) => f.write_str("leak-fd"),
            Self::LeakFd(FdKind::File) => f.write_str("leak-fd:file"),
            Self::LeakFd(FdKind::Socket) => f.write_str("leak-fd:socket"),
            Self::LeakFd(FdKind::Pipe) => f.write_str("leak-fd:pipe"),
            Self::LeakFile => f.write_str("leak-file"),
            Self::LeakMap => f.write_str("leak-map"),
            Self::LeakChild => f.write_str("leak-child"),
            Self::LeakGrandchild => f.write_str("leak-grandchild"),
            Self::LeakZombie => f.write_str("leak-zombie"),
            Self::LeakDaemon => f.write_str("leak-daemon"),
            Self::LeakHandle => f.write_str("leak-handle"),
            Self::ChangeSignal(signal) => write!(f, "change-signal:{signal}"),
            Self::ChangeDirectory => f.write_str("change-directory"),
            Self::IgnoreSigterm => f.write_str("ignore-sigterm"),
            Self::Throttle(factor) => write!(f, "throttle:{factor}"),
            Self::Overheat => f.write_str("overheat"),
            Self::DropOffBus(None) => f.write_str("drop-off-bus"),
            Self::DropOffBus(Some(opens)) => write!(f, "drop-off-bus:{opens}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: &str = "hailo_vstream_read_raw_buffer";

    fn planned(text: &str) -> Vec<(&'static str, Which, Fault)> {
        let plan: Plan = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
        plan.entries.iter().map(|e| (e.call, e.which, e.fault)).collect()
    }

    fn error(text: &str) -> PlanError {
        text.parse::<Plan>().expect_err(text)
    }

    #[test]
    fn every_action_is_read() {
        for (text, what) in [
            ("status:4", What::Status(4)),
            ("status:HAILO_TIMEOUT", What::Status(4)),
            ("status:0", What::Status(0)),
            ("status:4294967295", What::Status(u32::MAX)),
            ("delay:500ms", What::Delay(Duration::from_millis(500))),
            ("delay:2s", What::Delay(Duration::from_secs(2))),
            ("delay:3min", What::Delay(Duration::from_secs(180))),
            ("delay:7us", What::Delay(Duration::from_micros(7))),
            ("delay:0ms", What::Delay(Duration::ZERO)),
            ("hang", What::Hang),
            ("hang-until-shutdown", What::HangUntilShutdown),
            ("spin", What::Spin),
            ("abort", What::Abort),
            ("exit:0", What::Exit(0)),
            ("exit:255", What::Exit(255)),
            ("leak-thread", What::LeakThread),
            ("hang-until-shutdown", What::HangUntilShutdown),
            ("segfault", What::Segfault),
            ("kill", What::Kill),
            ("corrupt:nan", What::Corrupt(Corruption::Nan)),
            ("corrupt : zeros", What::Corrupt(Corruption::Zeros)),
            ("corrupt:flip", What::Corrupt(Corruption::Flip)),
            ("corrupt:garbage", What::Corrupt(Corruption::Garbage)),
            ("leak-fd", What::LeakFd(FdKind::Device)),
            ("leak-fd:device", What::LeakFd(FdKind::Device)),
            ("leak-fd:file", What::LeakFd(FdKind::File)),
            ("leak-fd:socket", What::LeakFd(FdKind::Socket)),
            ("leak-fd:pipe", What::LeakFd(FdKind::Pipe)),
            ("leak-file", What::LeakFile),
            ("leak-map", What::LeakMap),
            ("leak-child", What::LeakChild),
            ("leak-grandchild", What::LeakGrandchild),
            ("leak-zombie", What::LeakZombie),
            ("leak-daemon", What::LeakDaemon),
            ("change-signal", What::ChangeSignal(Signal::default())),
            ("change-signal:SIGUSR1", What::ChangeSignal(Signal::of_name("SIGUSR1").unwrap())),
            ("change-directory", What::ChangeDirectory),
            ("ignore-sigterm", What::IgnoreSigterm),
            ("throttle:4", What::Throttle(4)),
            ("overheat", What::Overheat),
            ("drop-off-bus", What::DropOffBus(None)),
            ("drop-off-bus:3", What::DropOffBus(Some(3))),
        ] {
            assert_eq!(planned(&format!("{READ}={text}")), [(READ, Which::Every, what.into())]);
        }
    }

    #[test]
    fn every_option_is_read() {
        let ms = Duration::from_millis;
        for (text, fault) in [
            ("leak-thread*5", What::LeakThread.times(5)),
            ("leak-fd:socket * 3 , after = 200ms", What::LeakFd(FdKind::Socket).times(3).after(ms(200))),
            ("leak-child,for=1s,after=20ms", What::LeakChild.after(ms(20)).lasts(ms(1000))),
            ("corrupt:garbage,seed=7", What::Corrupt(Corruption::Garbage).seed(7)),
            ("hang,once-per-host", What::Hang.once_per_host()),
            ("exit:3,after=5ms", What::Exit(3).after(ms(5))),
        ] {
            assert_eq!(planned(&format!("{READ}={text}")), [(READ, Which::Every, fault)], "{text}");
        }
        assert_eq!(planned("hailo_release_hef=leak-handle")[0].2, What::LeakHandle.into());
        assert_eq!(planned("hailo_release_vdevice=hang-if-signalled")[0].2, What::HangIfSignalled.into());
    }

    #[test]
    fn every_way_to_name_calls_is_read() {
        for (text, call, which) in [
            ("hailo_identify", "hailo_identify", Which::Every),
            ("*", "*", Which::Every),
            ("*@1", "*", Which::Nth(1)),
            ("hailo_identify@2-4", "hailo_identify", Which::Between(2, 4)),
            ("hailo_identify@2-2", "hailo_identify", Which::Between(2, 2)),
            ("hailo_identify@3-", "hailo_identify", Which::From(3)),
            ("*@25%", "*", Which::Chance { millionths: 250_000, seed: 0 }),
            ("*@0.5 % / 7", "*", Which::Chance { millionths: 5000, seed: 7 }),
            ("*@0.0001%", "*", Which::Chance { millionths: 1, seed: 0 }),
            ("*@100%", "*", Which::Chance { millionths: CERTAIN, seed: 0 }),
        ] {
            assert_eq!(planned(&format!("{text}=hang")), [(call, which, What::Hang.into())]);
        }
        for symbol in Api::SYMBOLS {
            assert_eq!(planned(&format!("{symbol}=spin")), [(*symbol, Which::Every, What::Spin.into())]);
        }
    }

    #[test]
    fn entries_are_separated_and_blank_ones_are_nothing() {
        assert!(planned("").is_empty() && planned(" ; ;; \n").is_empty());
        let entries = planned(&format!(" {READ} @ 2 = delay : 5 ms ;\n*=leak-fd; ;{READ}@2=status:4;"));
        assert_eq!(
            entries,
            [
                (READ, Which::Nth(2), What::Delay(Duration::from_millis(5)).into()),
                ("*", Which::Every, What::LeakFd(FdKind::Device).into()),
                (READ, Which::Nth(2), What::Status(4).into()),
            ]
        );
    }

    #[test]
    fn every_mistake_is_told_apart() {
        let none = || Problem::UnknownAction { close: vec![] };
        let action = |close: &[&'static str]| Problem::UnknownAction { close: close.to_vec() };
        for (text, wanted) in [
            ("hang", Problem::NoAction),
            (READ, Problem::NoAction),
            ("hailo_identify@=hang", Problem::ImpossibleWhich),
            ("hailo_identify@0=hang", Problem::ImpossibleWhich),
            ("hailo_identify@0-=hang", Problem::ImpossibleWhich),
            ("hailo_identify@3-2=hang", Problem::ImpossibleWhich),
            ("hailo_identify@-2=hang", Problem::ImpossibleWhich),
            ("hailo_identify@+2=hang", Problem::ImpossibleWhich),
            ("hailo_identify@1-2-3=hang", Problem::ImpossibleWhich),
            ("hailo_identify@first=hang", Problem::ImpossibleWhich),
            ("hailo_identify@99999999999999999999=hang", Problem::ImpossibleWhich),
            ("hailo_identify=", none()),
            ("hailo_identify=freeze", none()),
            ("hailo_identify=HANG", action(&["hang"])),
            ("hailo_identify=hang:1s", action(&["hang"])),
            ("hailo_identify=status", action(&["status"])),
            ("hailo_identify=hang=spin", none()),
            ("hailo_identify=status:", Problem::UnknownStatus { close: vec![] }),
            ("hailo_identify=status:-1", Problem::UnknownStatus { close: vec![] }),
            ("hailo_identify=status:4294967296", Problem::UnknownStatus { close: vec![] }),
            ("hailo_identify=status:HAILO_TIMEOUTT", Problem::UnknownStatus { close: vec!["HAILO_TIMEOUT"] }),
            ("hailo_identify=delay:", Problem::BadDuration),
            ("hailo_identify=delay:5", Problem::BadDuration),
            ("hailo_identify=delay:ms", Problem::BadDuration),
            ("hailo_identify=delay:1.5s", Problem::BadDuration),
            ("hailo_identify=delay:-1s", Problem::BadDuration),
            ("hailo_identify=delay:5h", Problem::BadDuration),
            ("hailo_identify=delay:18446744073709551616s", Problem::BadDuration),
            ("hailo_identify=delay:999999999999999999999999999999999999999min", Problem::BadDuration),
            ("hailo_identify=exit:256", Problem::BadExitCode),
            ("hailo_identify=exit:", Problem::BadExitCode),
            ("hailo_identify@%=hang", Problem::ImpossibleWhich),
            ("hailo_identify@0%=hang", Problem::ImpossibleWhich),
            ("hailo_identify@101%=hang", Problem::ImpossibleWhich),
            ("hailo_identify@25%7=hang", Problem::ImpossibleWhich),
            ("hailo_identify@0.00001%=hang", Problem::ImpossibleWhich),
            ("hailo_identify@25%/x=hang", Problem::ImpossibleWhich),
            ("hailo_identify=leak-thread*", Problem::BadNumber),
            ("hailo_identify=leak-thread*-1", Problem::BadNumber),
            ("hailo_identify=throttle:x", Problem::BadNumber),
            ("hailo_identify=drop-off-bus:", Problem::BadNumber),
            ("hailo_identify=leak-child,after=soon", Problem::BadDuration),
            ("hailo_identify=leak-child,for=", Problem::BadDuration),
            ("hailo_identify=hang,", Problem::UnknownOption { close: vec![] }),
            ("hailo_identify=hang,afterr=1s", Problem::UnknownOption { close: vec!["after"] }),
            ("hailo_identify=hang,once-per-hosts", Problem::UnknownOption { close: vec!["once-per-host"] }),
            ("hailo_identify=change-signal:SIGKILL", Problem::UnknownSignal),
            ("hailo_identify=leak-childs", action(&["leak-child"])),
        ] {
            assert_eq!(*error(text).kind(), wanted, "{text}");
            // One good entry does not make up for a bad one.
            assert_eq!(*error(&format!("*=delay:1ms;{text}")).kind(), wanted, "{text}");
        }
    }

    #[test]
    fn errors_say_what_is_valid() {
        for (text, parts) in [
            ("x=hang=", &["x=hang="][..]),
            ("hailo_vstream_read@3=hang", &["hailo_vstream_read_raw_buffer"]),
            ("nonsense=hang", &["* for every call", "hailo_identify", "hailo_set_scheduler_priority"]),
            ("*=freeze", &["status:NUMBER", "delay:", "hang", "spin", "abort", "exit:", "leak-fd"]),
            ("*=status:TIMEOUT", &["HAILO_TIMEOUT", "HAILO_DRIVER_TIMEOUT"]),
            ("*=delay:5", &["500ms"]),
            ("*@0=hang", &["counted from 1"]),
            ("hang", &["CALL[@WHICH]=WHAT"]),
            ("*=corrupt:nan", &["only for hailo_vstream_read_raw_buffer"]),
            ("*=leak-thred", &["did you mean leak-thread"]),
            ("*=throtle:3", &["did you mean throttle:FACTOR"]),
            ("*=hang,forever=1s", &["once-per-host", "after=DURATION"]),
            ("*=change-signal:USR9", &["SIGUSR2"]),
            ("*@200%=hang", &["25%"]),
        ] {
            let message = error(text).to_string();
            assert!(message.starts_with(&format!("{text:?}: ")), "{message}");
            for part in parts {
                assert!(message.contains(part), "{message}");
            }
        }
    }

    #[test]
    fn errors_hold_nothing_that_a_terminal_obeys_and_are_short() {
        let text = format!("\u{1b}[31m{}=hang", "\u{7}x".repeat(100_000));
        let message = error(&text).to_string();
        assert!(!message.contains(char::is_control), "{message}");
        assert!(message.len() < 4000, "{}", message.len());
    }

    #[test]
    fn a_plan_is_read_from_its_own_text() {
        for text in [
            "",
            "*=hang",
            "hailo_identify@1=status:73; hailo_identify@2-3=delay:1500ms; hailo_identify@4-=leak-thread",
            "hailo_vstream_write_raw_buffer=hang-until-shutdown; *=spin; *=abort; *=exit:3; *=leak-fd",
            "*=leak-thread*5,after=200ms,for=1s,once-per-host; *@0.5%/7=drop-off-bus:2; *@25%=change-signal:SIGUSR2",
            "hailo_vstream_read_raw_buffer=corrupt:flip,seed=9; *=leak-fd:pipe; *=throttle:3,for=5ms; *=overheat",
            "*=delay:0s; *=delay:1us; *=delay:18446744073709551615999999999ns",
        ] {
            let plan: Plan = text.parse().unwrap();
            assert_eq!(plan.to_string(), text);
        }
    }
}
