//! A plan as text, and what is wrong with one. The grammar is described in [`super`].

use std::fmt::{Display, Formatter, Result as FmtResult};
use std::str::FromStr;
use std::time::Duration;

use hailort_sys::types::hailo_status;
use hailort_sys::{Api, status_name};

use super::plan::{Entry, Plan, TRANSFERS, What, Which};
use super::suggest;

/// Above the highest status that has a name.
const STATUSES: std::ops::Range<hailo_status> = 0..256;
/// Most characters of an entry that an error repeats.
const MOST_REPEATED: usize = 120;
/// Units of durations in nanoseconds, the longest first.
const UNITS: [(&str, u128); 5] =
    [("min", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1000), ("ns", 1)];

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
    UnknownAction,
    /// There is no such status.
    UnknownStatus {
        /// Statuses with a similar name.
        close: Vec<&'static str>,
    },
    /// It is no duration.
    BadDuration,
    /// It is no exit code.
    BadExitCode,
    /// `hang-until-shutdown` for a call that moves no frame.
    NoTransfer,
}

impl Display for Problem {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        match self {
            Self::NotUtf8 => f.write_str("is not UTF-8"),
            Self::NoAction => f.write_str(
                "an entry is CALL[@WHICH]=WHAT, such as hailo_vstream_read_raw_buffer@3=hang; entries are separated \
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
                f.write_str("which calls is N, N-M or N- (the Nth and all later), counted from 1")
            }
            Self::UnknownAction => f.write_str(
                "what happens is one of status:NUMBER, status:NAME, delay:DURATION, hang, hang-until-shutdown, spin, \
                 abort, exit:CODE, leak-thread, leak-fd",
            ),
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
            Self::NoTransfer => {
                write!(f, "hang-until-shutdown is only for {}; use hang", TRANSFERS.join(" and "))
            }
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
    Entry::new(call.trim(), which, parse_what(what.trim())?)
}

fn parse_which(text: &str) -> Option<Which> {
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
        ("spin", None) => What::Spin,
        ("abort", None) => What::Abort,
        ("exit", Some(code)) => What::Exit(number(code).ok_or(Problem::BadExitCode)?),
        ("leak-thread", None) => What::LeakThread,
        ("leak-fd", None) => What::LeakFd,
        _ => return Err(Problem::UnknownAction),
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
        f.write_str(&entry_text(self.call, self.which, self.what))
    }
}

pub(super) fn entry_text(call: &str, which: Which, what: What) -> String {
    format!("{call}{which}={what}")
}

impl Display for Which {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        match self {
            Self::Every => Ok(()),
            Self::Nth(n) => write!(f, "@{n}"),
            Self::Between(first, last) => write!(f, "@{first}-{last}"),
            Self::From(first) => write!(f, "@{first}-"),
        }
    }
}

impl Display for What {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        match self {
            Self::Status(status) => write!(f, "status:{status}"),
            Self::Delay(duration) => {
                let nanoseconds = duration.as_nanos();
                // Minutes read no better than seconds.
                let exact = UNITS[1..].iter().find(|(_, unit)| nanoseconds.is_multiple_of(*unit));
                let (name, unit) = exact.unwrap_or(&("ns", 1));
                write!(f, "delay:{}{name}", nanoseconds / unit)
            }
            Self::Hang => f.write_str("hang"),
            Self::HangUntilShutdown => f.write_str("hang-until-shutdown"),
            Self::Spin => f.write_str("spin"),
            Self::Abort => f.write_str("abort"),
            Self::Exit(code) => write!(f, "exit:{code}"),
            Self::LeakThread => f.write_str("leak-thread"),
            Self::LeakFd => f.write_str("leak-fd"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: &str = "hailo_vstream_read_raw_buffer";

    fn planned(text: &str) -> Vec<(&'static str, Which, What)> {
        let plan: Plan = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
        plan.entries.iter().map(|e| (e.call, e.which, e.what)).collect()
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
            ("leak-fd", What::LeakFd),
        ] {
            assert_eq!(planned(&format!("{READ}={text}")), [(READ, Which::Every, what)]);
        }
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
        ] {
            assert_eq!(planned(&format!("{text}=hang")), [(call, which, What::Hang)]);
        }
        for symbol in Api::SYMBOLS {
            assert_eq!(planned(&format!("{symbol}=spin")), [(*symbol, Which::Every, What::Spin)]);
        }
    }

    #[test]
    fn entries_are_separated_and_blank_ones_are_nothing() {
        assert!(planned("").is_empty() && planned(" ; ;; \n").is_empty());
        let entries = planned(&format!(" {READ} @ 2 = delay : 5 ms ;\n*=leak-fd; ;{READ}@2=status:4;"));
        assert_eq!(
            entries,
            [
                (READ, Which::Nth(2), What::Delay(Duration::from_millis(5))),
                ("*", Which::Every, What::LeakFd),
                (READ, Which::Nth(2), What::Status(4)),
            ]
        );
    }

    #[test]
    fn every_mistake_is_told_apart() {
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
            ("hailo_identify=", Problem::UnknownAction),
            ("hailo_identify=freeze", Problem::UnknownAction),
            ("hailo_identify=HANG", Problem::UnknownAction),
            ("hailo_identify=hang:1s", Problem::UnknownAction),
            ("hailo_identify=status", Problem::UnknownAction),
            ("hailo_identify=hang=spin", Problem::UnknownAction),
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
            ("hailo_identify=hang-until-shutdown", Problem::NoTransfer),
            ("*=hang-until-shutdown", Problem::NoTransfer),
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
            ("*=hang-until-shutdown", &TRANSFERS),
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
            "*=delay:0s; *=delay:1us; *=delay:18446744073709551615999999999ns",
        ] {
            let plan: Plan = text.parse().unwrap();
            assert_eq!(plan.to_string(), text);
        }
    }
}
