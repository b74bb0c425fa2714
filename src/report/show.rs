//! A summary as text: the first line is stable, the rest is for people.

use std::fmt::{self, Display, Formatter};

use super::cut::shown_within;
use super::notice::{side, verdict};
use super::summary::{HangSeen, LeakGroup, State, Summary, TestResult};

/// How long a name can be.
const NAME: usize = 200;
/// How long a sentence can be.
const SENTENCE: usize = 1000;
/// How many are listed of each; the JSON form has all.
const MOST: usize = 50;
/// How many tests are named for a leak.
const TESTS: usize = 3;
/// How many attempts of a test are named.
const ATTEMPTS: usize = 8;

impl Display for State {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::TeardownFailed => "teardown-failed",
            Self::Killed => "killed",
            Self::Running => "running",
            Self::Unknown => "unknown",
        })
    }
}

/// The first line does not change within a version of the ledger, and has all numbers, whether or not they are 0:
///
/// `run <id>: <n> tests, <n> passed, <n> failed, <n> teardown-failed, <n> killed, <n> running, <n> unknown, <n> flaky,
/// <n> hung, <n> leaking`
impl Display for Summary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let c = &self.counts;
        writeln!(
            f,
            "run {}: {} tests, {} passed, {} failed, {} teardown-failed, {} killed, {} running, {} unknown, {} flaky, \
             {} hung, {} leaking",
            shown_within(&self.run, NAME),
            c.tests,
            c.passed,
            c.failed,
            c.teardown_failed,
            c.killed,
            c.running,
            c.unknown,
            c.flaky,
            c.hung,
            c.leaking
        )?;
        if let Some(began) = self.began {
            write!(f, "began {}", utc(began))?;
            match self.seconds {
                Some(seconds) => writeln!(f, ", took {}", duration(seconds))?,
                None => writeln!(f)?,
            }
        }
        section(f, "not passed", &self.troubled, test)?;
        section(f, "passed after a retry", &self.flaky, test)?;
        section(f, "hangs", &self.hangs, hang)?;
        section(f, "leaks", &self.leaks, leak)?;
        section(f, "wedged devices", &self.wedged, |f, wedged| {
            writeln!(f, "  {}: {}", shown_within(&wedged.device, NAME), shown_within(&wedged.why, SENTENCE))
        })?;
        section(f, "slowest", &self.slowest, |f, test| {
            let seconds = test.seconds.map_or_else(String::new, duration);
            writeln!(f, "  {seconds:>10}  {}", shown_within(&test.test, NAME))
        })?;
        let width = self.phases.iter().map(|p| shown_within(&p.phase, 30).chars().count()).max().unwrap_or(0);
        section(f, "phases", &self.phases, |f, phase| {
            let name = shown_within(&phase.phase, 30);
            let (count, total) = (phase.count, duration(phase.total));
            let (median, p95) = (duration(phase.median), duration(phase.p95));
            writeln!(
                f,
                "  {name:width$}  {count:>6} times  {total:>10} in all  median {median:>10}  p95 {p95:>10}"
            )
        })?;
        section(f, "notes", &self.notes, |f, note| writeln!(f, "  {}", shown_within(&note.text, SENTENCE)))?;
        let s = &self.skipped;
        if !s.is_none() {
            writeln!(
                f,
                "\nnot read: {} torn lines, {} lines that are too long, {} records of a later version, {} bytes at the \
                 end",
                s.torn, s.long, s.unknown, s.unread
            )?;
        }
        Ok(())
    }
}

fn section<T>(
    f: &mut Formatter<'_>,
    title: &str,
    all: &[T],
    one: impl Fn(&mut Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    if all.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{title}:")?;
    all.iter().take(MOST).try_for_each(|item| one(f, item))?;
    match all.len().saturating_sub(MOST) {
        0 => Ok(()),
        more => writeln!(f, "  … and {more} more, see --json"),
    }
}

fn test(f: &mut Formatter<'_>, test: &TestResult) -> fmt::Result {
    write!(f, "  {:15}  {}", test.state, shown_within(&test.test, NAME))?;
    let mut more = Vec::new();
    if !test.binary.is_empty() {
        more.push(shown_within(&test.binary, NAME));
    }
    more.extend(test.seconds.map(duration));
    if matches!(test.state, State::Running | State::Killed | State::Unknown) {
        more.push(format!("pid {}", test.pid));
    }
    let about = [&test.runtime, &test.model, &test.device];
    more.extend(about.into_iter().flatten().map(|text| shown_within(text, NAME)));
    if test.attempts.len() > 1 {
        let first: Vec<String> = test.attempts.iter().take(ATTEMPTS).map(State::to_string).collect();
        more.push(format!("{} attempts: {}", test.attempts.len(), first.join(", ")));
    }
    writeln!(f, " ({})", more.join(", "))
}

fn hang(f: &mut Formatter<'_>, hang: &HangSeen) -> fmt::Result {
    write!(f, "  {}: {}", shown_within(&hang.test, NAME), shown_within(&hang.phase, NAME))?;
    if let Some(call) = &hang.call {
        write!(f, " in {}", shown_within(call, NAME))?;
    }
    writeln!(f, ": {}", shown_within(&hang.summary, SENTENCE))?;
    let helped = match &hang.helped {
        Some(step) => format!("{} helped", shown_within(step, NAME)),
        None => "nothing helped".into(),
    };
    let gone = if hang.gone { "the process is gone" } else { "the process is still there" };
    writeln!(f, "    {helped}, {gone}, device {}", shown_within(&hang.device, NAME))?;
    match &hang.diagnosis {
        Some(path) => writeln!(f, "    {}", shown_within(&path.to_string_lossy(), SENTENCE)),
        None => Ok(()),
    }
}

fn leak(f: &mut Formatter<'_>, leak: &LeakGroup) -> fmt::Result {
    write!(
        f,
        "  {} \"{}\" in {}, {}",
        shown_within(&leak.leak_kind, NAME),
        shown_within(&leak.what, NAME),
        side(leak.side),
        verdict(leak.verdict)
    )?;
    if let Some(reason) = &leak.reason {
        write!(f, " ({})", shown_within(reason, SENTENCE))?;
    }
    let mut named: Vec<String> = leak.tests.iter().take(TESTS).map(|test| shown_within(test, NAME)).collect();
    if leak.tests.len() > TESTS {
        named.push("…".into());
    }
    writeln!(f, ": {} times in {} tests: {}", leak.count, leak.tests.len(), named.join(", "))?;
    for (test, place) in &leak.places {
        let place = shown_within(place, SENTENCE);
        if leak.tests.len() > 1 {
            writeln!(f, "    {}: {place}", shown_within(test, NAME))?;
        } else {
            writeln!(f, "    {place}")?;
        }
    }
    Ok(())
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 0.9995 => format!("{:.0} ms", s * 1e3),
        s if s < 600.0 => format!("{s:.2} s"),
        s => format!("{:.1} min", s / 60.0),
    }
}

/// Seconds since 1970 as a date: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn utc(seconds: f64) -> String {
    // A year that has four digits.
    let seconds = seconds.clamp(0.0, 253_402_300_799.0) as u64;
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hours, minutes, seconds) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02} {hours:02}:{minutes:02}:{seconds:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::super::record::{End, Hang, Leak, Note, Outcome, Record, Side, Start, Step, Verdict, Wedged};
    use super::super::{Ledger, Run};
    use super::*;

    fn summary(records: &[Record]) -> Summary {
        let temporary = tempfile::tempdir().unwrap();
        let ledger = Ledger::at(temporary.path(), "run");
        records.iter().for_each(|record| ledger.try_append(record).unwrap());
        Run::read(&ledger.path()).unwrap().summary()
    }

    fn all(text: &str) -> Vec<Record> {
        let t = || text.to_owned();
        let start = Start {
            binary: t(),
            at: 1_700_000_000.0,
            model: Some(t()),
            device: Some(t()),
            ..Start::now(t())
        };
        let again = Start { attempt: 2, ..start.clone() };
        vec![
            Record::Start(start),
            Record::End(End::now(t(), Outcome::Failed, 0.25).phase(t(), 0.125)),
            Record::Start(again),
            Record::End(End::now(t(), Outcome::Failed, 2.0).phase(t(), 700.0)),
            Record::Hang(Hang {
                test: t(),
                pid: 1,
                phase: t(),
                call: Some(t()),
                summary: t(),
                steps: vec![Step { name: t(), seconds: 1.0, helped: true }],
                gone: true,
                device: t(),
                file: Some("run/a-1-0.hang.json".into()),
            }),
            Record::Leak(Leak {
                test: t(),
                pid: 1,
                side: Side::Test,
                leak_kind: t(),
                what: t(),
                place: Some(t()),
                verdict: Verdict::Warn,
                reason: Some(t()),
            }),
            Record::Wedged(Wedged { device: t(), why: t() }),
            Record::Note(Note { text: t() }),
        ]
    }

    #[test]
    fn the_first_line_is_stable_and_the_rest_is_complete() {
        let text = summary(&all("x")).to_string();
        let mut lines = text.lines();
        assert_eq!(
            lines.next().unwrap(),
            "run run: 1 tests, 0 passed, 1 failed, 0 teardown-failed, 0 killed, 0 running, 0 unknown, 0 flaky, \
             1 hung, 1 leaking"
        );
        assert_eq!(lines.next().unwrap(), "began 2023-11-14 22:13:20 UTC, took 2.00 s");
        for part in [
            "\nnot passed:\n  failed           x (x, 2.00 s, x, x, 2 attempts: failed, failed)\n",
            "\nhangs:\n  x: x in x: x\n    x helped, the process is gone, device x\n",
            "run/a-1-0.hang.json\n",
            "\nleaks:\n  x \"x\" in test, warning (x): 1 times in 1 tests: x\n    x\n",
            "\nwedged devices:\n  x: x\n",
            "\nslowest:\n      2.00 s  x\n",
            "\nphases:\n  x       2 times    11.7 min in all  median   350.06 s  p95   11.7 min\n",
            "\nnotes:\n  x\n",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
        let empty = summary(&[Record::Note(Note { text: "x".into() })]).to_string();
        assert!(!empty.contains("hangs:") && empty.starts_with("run run: 0 tests, 0 passed"), "{empty}");
    }

    #[test]
    fn a_terminal_obeys_nothing_of_it() {
        let lines = summary(&all("x")).to_string().lines().count();
        for text in ["\u{1b}[2J\n\r\u{9b}1m", "\u{202e}\u{2028}"] {
            let shown = summary(&all(text)).to_string();
            assert!(!shown.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{shown}");
            assert_eq!(shown.lines().count(), lines, "{shown}");
        }
    }

    #[test]
    fn a_long_list_ends() {
        let tests: Vec<Record> = (0..MOST + 7)
            .flat_map(|i| [Record::End(End::now(format!("test {i}"), Outcome::Failed, 1.0))])
            .collect();
        let text = summary(&tests).to_string();
        assert!(text.contains("… and 7 more, see --json"), "{text}");
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        // As `date -u -d @SECONDS` says.
        for (seconds, date) in [
            (0.0, "1970-01-01 00:00:00 UTC"),
            (951_782_400.0, "2000-02-29 00:00:00 UTC"),
            (951_868_799.9, "2000-02-29 23:59:59 UTC"),
            (1_709_251_200.0, "2024-03-01 00:00:00 UTC"),
            (1e12, "9999-12-31 23:59:59 UTC"),
        ] {
            assert_eq!(utc(seconds), date);
        }
        assert_eq!(
            [duration(0.0), duration(0.9996), duration(599.0), duration(6000.0)],
            ["0 ms", "1.00 s", "599.00 s", "100.0 min"]
        );
    }
}
