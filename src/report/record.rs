//! What can happen in a run, and the line that it becomes.
//!
//! A line is a JSON object that begins with `{"v":1,` and ends with a line end. The begin is exactly this, without
//! blanks: inside of a JSON text its quotes would be escaped, so that it is nowhere else, and a reader can find records
//! behind a torn one. Fields that are added later do not change the version; a reader passes over those that it does
//! not know.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize, Serializer};

use super::cut::cut;
use super::process;

/// How every line begins.
pub const BEGIN: &str = r#"{"v":1,"#;
/// The longest line, its end included.
pub const LONGEST: usize = 64 * 1024;

/// The longest name of a test, a phase, a device, a thread. Cut whether or not the line is too long, so that the begin
/// and the end of a test have the same one.
const LONGEST_NAME: usize = 1024;
/// The longest name in a list, and how many names it has.
const LONGEST_KEY: usize = 64;
const MOST_KEYS: usize = 64;
/// What the phases that are too many are called.
const OTHERS: &str = "(others)";

/// Something that happened in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Record {
    /// A test begins.
    Start(Start),
    /// A test has ended by itself.
    End(End),
    /// A process did not answer in time.
    Hang(Hang),
    /// Something outlived what it belonged to.
    Leak(Leak),
    /// Nobody can use a device.
    Wedged(Wedged),
    /// Something else worth reading.
    Note(Note),
}

/// A test begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// Its name.
    pub test: String,
    /// The program that it is in: nextest's binary id, else the name of the executable without cargo's hash.
    pub binary: String,
    /// The process.
    pub pid: u32,
    /// When the process started, in ticks since the machine was.
    pub start_ticks: u64,
    /// The boot of the machine that pid and ticks belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<String>,
    /// The namespace that the pid is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<u64>,
    /// When, in seconds since 1970.
    #[serde(serialize_with = "finite")]
    pub at: f64,
    /// Which attempt at it, from 1.
    pub attempt: u32,
    /// The runtime: a device, the simulator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// The model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

impl Start {
    /// A test of this process begins now. The attempt is nextest's.
    pub fn now(test: impl Into<String>) -> Self {
        Self {
            test: test.into(),
            binary: binary(),
            pid: std::process::id(),
            start_ticks: process::own_start(),
            boot: process::boot().map(str::to_owned),
            namespace: process::namespace(),
            at: now(),
            attempt: attempt(|name| std::env::var(name).ok()),
            runtime: None,
            model: None,
            device: None,
        }
    }
}

/// A test has ended by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// Its name.
    pub test: String,
    /// The process.
    pub pid: u32,
    /// When the process started, in ticks since the machine was.
    pub start_ticks: u64,
    /// How.
    pub outcome: Outcome,
    /// How long it took.
    #[serde(serialize_with = "finite")]
    pub seconds: f64,
    /// What took how many seconds of it, such as `open` or `infer`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", serialize_with = "all_finite")]
    pub phases: BTreeMap<String, f64>,
}

impl End {
    /// A test of this process ends.
    pub fn now(test: impl Into<String>, outcome: Outcome, seconds: f64) -> Self {
        Self {
            test: test.into(),
            pid: std::process::id(),
            start_ticks: process::own_start(),
            outcome,
            seconds,
            phases: BTreeMap::new(),
        }
    }

    /// With the seconds of a phase; several of one name are added up.
    pub fn phase(mut self, name: impl Into<String>, seconds: f64) -> Self {
        *self.phases.entry(name.into()).or_default() += seconds;
        self
    }
}

/// How a test ended that ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// It passed.
    Passed,
    /// It failed.
    Failed,
    /// It passed, and what it used could not be given back as it should.
    TeardownFailed,
}

/// A process did not answer in time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hang {
    /// The test that waited for it.
    pub test: String,
    /// The process of the test.
    pub pid: u32,
    /// What it was to do.
    pub phase: String,
    /// The call that it was in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// All of it in a line.
    pub summary: String,
    /// What was tried, in this order.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// Whether the process is gone now.
    pub gone: bool,
    /// What became of the device: `free`, `wedged`, `not-checked`.
    pub device: String,
    /// The file with the diagnosis, from the folder of the runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// Something that was tried to end a hang.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What.
    pub name: String,
    /// How long it took.
    #[serde(serialize_with = "finite")]
    pub seconds: f64,
    /// Whether it did what it was for.
    pub helped: bool,
}

/// Something outlived what it belonged to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leak {
    /// The test.
    pub test: String,
    /// The process of the test.
    pub pid: u32,
    /// In which process it was.
    #[serde(rename = "where")]
    pub side: Side,
    /// Of which kind it is: `thread`, `file`, `memory`, `process`, …
    pub leak_kind: String,
    /// Its name, the same each time, so that leaks can be counted by it.
    pub what: String,
    /// More about it, as the continuation of a sentence: `sits in hang_forever`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What it means for the test.
    pub verdict: Verdict,
    /// Why it means that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The process that something leaked in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The worker that uses the device.
    Worker,
    /// The test's own.
    Test,
}

/// What a leak means for the test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The test fails.
    Fail,
    /// It is said.
    Warn,
    /// It is known, and nothing follows.
    Ignored,
}

/// Nobody can use a device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wedged {
    /// The device.
    pub device: String,
    /// What is known of it.
    pub why: String,
}

/// Something else worth reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// What.
    pub text: String,
}

impl Record {
    /// The line, its end included, of at most [`LONGEST`] bytes. Longer texts are cut and say so; of lists, what is too
    /// much is added up as `(others)` or counted.
    pub fn line(&self) -> Vec<u8> {
        let named = self.with_short_names();
        let line = named.encode();
        if line.len() <= LONGEST {
            return line;
        }
        let mut cut = named.into_owned();
        // A byte becomes six at most (\u0001), and there are few texts: the last round always fits.
        let mut limit = LONGEST / 2;
        loop {
            cut.cut_texts(limit);
            let line = cut.encode();
            if line.len() <= LONGEST || limit <= 64 {
                return line;
            }
            limit /= 2;
        }
    }

    /// The record in a line, its end not included.
    ///
    /// # Errors
    /// When it is none: its begin is not [`BEGIN`], it is torn, or of a kind or with a value of a later version.
    pub fn parse(line: &[u8]) -> Result<Self, serde_json::Error> {
        if !line.starts_with(BEGIN.as_bytes()) {
            return Err(serde::de::Error::custom(format!("a record begins with {BEGIN}")));
        }
        // Written here, the kind comes first. Where it is known, serde need not put the object aside to look for it,
        // which takes a third less time.
        let is = |kind: &str| line[BEGIN.len()..].starts_with(kind.as_bytes());
        if is(r#""kind":"start","#) {
            serde_json::from_slice(line).map(Self::Start)
        } else if is(r#""kind":"end","#) {
            serde_json::from_slice(line).map(Self::End)
        } else if is(r#""kind":"leak","#) {
            serde_json::from_slice(line).map(Self::Leak)
        } else {
            serde_json::from_slice(line)
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut line = BEGIN.as_bytes().to_vec();
        // Texts, numbers and maps with texts as keys: nothing that JSON cannot say.
        let object = serde_json::to_vec(self).unwrap_or_default();
        line.extend_from_slice(object.get(1..).unwrap_or(b"}"));
        line.push(b'\n');
        line
    }

    /// With names of bounded length. Nearly always they are short already.
    fn with_short_names(&self) -> Cow<'_, Self> {
        let mut copy = Cow::Borrowed(self);
        if self.names().any(|name| name.len() > LONGEST_NAME) {
            copy.to_mut().cut_names();
        }
        match self {
            Self::End(end)
                if end.phases.len() > MOST_KEYS || end.phases.keys().any(|k| k.len() > LONGEST_KEY) =>
            {
                if let Self::End(end) = copy.to_mut() {
                    end.phases = few(std::mem::take(&mut end.phases));
                }
            }
            Self::Hang(hang) if hang.steps.len() > MOST_KEYS => {
                if let Self::Hang(hang) = copy.to_mut() {
                    let more = hang.steps.len() - (MOST_KEYS - 1);
                    let seconds = hang.steps.drain(MOST_KEYS - 1..).map(|s| s.seconds).sum();
                    hang.steps.push(Step { name: format!("({more} others)"), seconds, helped: false });
                }
            }
            _ => {}
        }
        copy
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let (names, optional): (Vec<&str>, Vec<&Option<String>>) = match self {
            Self::Start(s) => (vec![&s.test, &s.binary], vec![&s.boot, &s.runtime, &s.model, &s.device]),
            Self::End(e) => (vec![&e.test], vec![]),
            Self::Hang(h) => (
                [&h.test, &h.phase, &h.device]
                    .into_iter()
                    .chain(h.steps.iter().map(|s| &s.name))
                    .map(|s| &**s)
                    .collect(),
                vec![&h.call, &h.file],
            ),
            Self::Leak(l) => (vec![&l.test, &l.leak_kind, &l.what], vec![]),
            Self::Wedged(w) => (vec![&w.device], vec![]),
            Self::Note(_) => (vec![], vec![]),
        };
        names.into_iter().chain(optional.into_iter().filter_map(Option::as_deref))
    }

    fn cut_names(&mut self) {
        let one = |name: &mut String| shorten(name, LONGEST_NAME);
        let each = |names: Vec<&mut Option<String>>| names.into_iter().flatten().for_each(one);
        match self {
            Self::Start(s) => {
                [&mut s.test, &mut s.binary].into_iter().for_each(one);
                each(vec![&mut s.boot, &mut s.runtime, &mut s.model, &mut s.device]);
            }
            Self::End(e) => one(&mut e.test),
            Self::Hang(h) => {
                [&mut h.test, &mut h.phase, &mut h.device].into_iter().for_each(one);
                h.steps.iter_mut().for_each(|s| shorten(&mut s.name, LONGEST_KEY));
                each(vec![&mut h.call, &mut h.file]);
            }
            Self::Leak(l) => [&mut l.test, &mut l.leak_kind, &mut l.what].into_iter().for_each(one),
            Self::Wedged(w) => one(&mut w.device),
            Self::Note(_) => {}
        }
    }

    /// Cuts what is read by people only.
    fn cut_texts(&mut self, limit: usize) {
        match self {
            Self::Start(_) | Self::End(_) => {}
            Self::Hang(h) => {
                shorten(&mut h.summary, limit);
                let name = limit.min(LONGEST_NAME);
                h.call.iter_mut().for_each(|c| shorten(c, name));
                h.steps.iter_mut().for_each(|s| shorten(&mut s.name, name));
            }
            Self::Leak(l) => {
                [&mut l.place, &mut l.reason].into_iter().flatten().for_each(|t| shorten(t, limit))
            }
            Self::Wedged(w) => shorten(&mut w.why, limit),
            Self::Note(n) => shorten(&mut n.text, limit),
        }
    }
}

fn shorten(text: &mut String, limit: usize) {
    if text.len() > limit {
        *text = cut(text, limit);
    }
}

/// The phases with short names; those that are too many as one.
fn few(phases: BTreeMap<String, f64>) -> BTreeMap<String, f64> {
    let mut out = BTreeMap::new();
    for (name, seconds) in phases {
        let name = if out.len() < MOST_KEYS - 1 { cut(&name, LONGEST_KEY) } else { OTHERS.into() };
        *out.entry(name).or_default() += seconds;
    }
    out
}

/// JSON has no word for infinity: what is none of its numbers becomes 0.
fn finite<S: Serializer>(number: &f64, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(if number.is_finite() { *number } else { 0.0 })
}

fn all_finite<S: Serializer>(numbers: &BTreeMap<String, f64>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(numbers.iter().filter(|(_, n)| n.is_finite()))
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// Which attempt nextest says that this is. Before it said the number, it was at the end of an id: `…#2`.
fn attempt(variable: impl Fn(&str) -> Option<String>) -> u32 {
    let number = variable("NEXTEST_ATTEMPT");
    let in_id = || variable("NEXTEST_ATTEMPT_ID").and_then(|id| Some(id.rsplit_once('#')?.1.to_owned()));
    number.or_else(in_id).and_then(|n| n.parse().ok()).filter(|n| *n > 0).unwrap_or(1)
}

fn binary() -> String {
    if let Ok(id) = std::env::var("NEXTEST_BINARY_ID") {
        return id;
    }
    std::env::current_exe().ok().as_deref().and_then(Path::file_name).map_or_else(String::new, without_hash)
}

/// The name of a program without the hash that cargo appends.
fn without_hash(name: &OsStr) -> String {
    let name = name.to_string_lossy();
    match name.rsplit_once('-') {
        Some((stem, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => stem.into(),
        _ => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &str) -> Step {
        Step { name: name.into(), seconds: 0.5, helped: true }
    }

    /// One of each kind, with this text in every field.
    fn all(text: &str) -> Vec<Record> {
        let some = || Some(text.to_owned());
        let t = || text.to_owned();
        let start = Start {
            binary: t(),
            boot: some(),
            runtime: some(),
            model: some(),
            device: some(),
            ..Start::now(text)
        };
        let steps = vec![step(text); 80];
        let names = |i: usize| format!("{text}{i}");
        let phases = (0..100).map(|i| (names(i), 1.0)).collect();
        let hang = Hang {
            test: t(),
            pid: 1,
            phase: t(),
            call: some(),
            summary: t(),
            steps,
            gone: true,
            device: t(),
            file: some(),
        };
        let leak = Leak {
            test: t(),
            pid: 1,
            side: Side::Worker,
            leak_kind: t(),
            what: t(),
            place: some(),
            verdict: Verdict::Fail,
            reason: some(),
        };
        vec![
            Record::Start(start),
            Record::End(End { phases, ..End::now(text, Outcome::TeardownFailed, 1.5) }),
            Record::Hang(hang),
            Record::Leak(leak),
            Record::Wedged(Wedged { device: t(), why: t() }),
            Record::Note(Note { text: t() }),
        ]
    }

    #[test]
    fn the_format_is_stable() {
        let mut start = Start::now("a::b");
        (start.pid, start.start_ticks, start.at, start.attempt) = (7, 42, 1.5, 1);
        (start.binary, start.boot, start.namespace) = ("b".into(), None, Some(9));
        let mut end = End::now("a::b", Outcome::TeardownFailed, 2.5).phase("open", 0.25).phase("open", 0.25);
        (end.pid, end.start_ticks) = (7, 42);
        let hang = Hang {
            test: "a".into(),
            pid: 7,
            phase: "infer".into(),
            call: None,
            summary: "s".into(),
            steps: vec![step("kill")],
            gone: true,
            device: "free".into(),
            file: None,
        };
        let leak = Leak {
            test: "a".into(),
            pid: 7,
            side: Side::Worker,
            leak_kind: "thread".into(),
            what: "w".into(),
            place: None,
            verdict: Verdict::Ignored,
            reason: Some("r".into()),
        };
        for (record, line) in [
            (
                Record::Start(start),
                r#"{"v":1,"kind":"start","test":"a::b","binary":"b","pid":7,"start_ticks":42,"namespace":9,"at":1.5,"attempt":1}"#,
            ),
            (
                Record::End(end),
                r#"{"v":1,"kind":"end","test":"a::b","pid":7,"start_ticks":42,"outcome":"teardown-failed","seconds":2.5,"phases":{"open":0.5}}"#,
            ),
            (
                Record::Hang(hang),
                r#"{"v":1,"kind":"hang","test":"a","pid":7,"phase":"infer","summary":"s","steps":[{"name":"kill","seconds":0.5,"helped":true}],"gone":true,"device":"free"}"#,
            ),
            (
                Record::Leak(leak),
                r#"{"v":1,"kind":"leak","test":"a","pid":7,"where":"worker","leak_kind":"thread","what":"w","verdict":"ignored","reason":"r"}"#,
            ),
            (
                Record::Wedged(Wedged { device: "d".into(), why: "w".into() }),
                r#"{"v":1,"kind":"wedged","device":"d","why":"w"}"#,
            ),
            (Record::Note(Note { text: "a\nb".into() }), r#"{"v":1,"kind":"note","text":"a\nb"}"#),
        ] {
            assert_eq!(String::from_utf8(record.line()).unwrap(), format!("{line}\n"));
            assert_eq!(Record::parse(line.as_bytes()).unwrap(), record);
            let more = line.replacen(r#""kind""#, r#""later":[1],"kind""#, 1);
            assert_eq!(Record::parse(more.as_bytes()).unwrap(), record);
        }
    }

    #[test]
    fn no_line_is_too_long_and_each_is_one_line() {
        for text in [
            "x".repeat(200_000),
            "\u{1}".repeat(70_000),
            "\u{1}".repeat(1024),
            "\"\\\n".repeat(30_000),
            "é".repeat(100_000),
            r#"{"v":1,"#.repeat(10_000),
        ] {
            for record in all(&text) {
                let line = record.line();
                assert!(line.len() <= LONGEST, "{} bytes", line.len());
                assert_eq!(line.iter().filter(|b| **b == b'\n').count(), 1);
                assert_eq!(line.windows(BEGIN.len()).filter(|w| *w == BEGIN.as_bytes()).count(), 1);
                let again = Record::parse(line.trim_ascii_end()).unwrap();
                assert_eq!(std::mem::discriminant(&again), std::mem::discriminant(&record));
                assert!(text.len() < LONGEST || line.windows(7).any(|w| w == "… (cu".as_bytes()));
            }
        }
    }

    #[test]
    fn begin_and_end_of_a_test_keep_the_same_name() {
        let test = "\u{1}é".repeat(50_000);
        let end = End {
            phases: (0..500).map(|i| (i.to_string(), 2.0)).collect(),
            ..End::now(&*test, Outcome::Passed, 1.0)
        };
        let parse = |record: Record| Record::parse(record.line().trim_ascii_end()).unwrap();
        let (Record::Start(start), Record::End(end)) =
            (parse(Record::Start(Start::now(&*test))), parse(Record::End(end)))
        else {
            panic!("other kinds")
        };
        assert_eq!(start.test, end.test);
        assert_eq!(end.phases.len(), MOST_KEYS);
        assert_eq!(end.phases.values().sum::<f64>(), 1000.0);
    }

    #[test]
    fn numbers_that_json_has_not_do_not_spoil_a_record() {
        let end = End::now("a", Outcome::Passed, f64::NAN).phase("open", f64::INFINITY).phase("infer", 1.0);
        let line = Record::End(end).line();
        let Record::End(end) = Record::parse(line.trim_ascii_end()).unwrap() else { panic!("another kind") };
        assert_eq!((end.seconds, end.phases.len()), (0.0, 1));
    }

    #[test]
    fn who_is_told_by_the_runner() {
        let of = |variable: &'static str, value: &str| {
            let value = value.to_owned();
            attempt(move |name| (name == variable).then(|| value.clone()))
        };
        assert_eq!(attempt(|_| None), 1);
        assert_eq!(of("NEXTEST_ATTEMPT", "3"), 3);
        for odd in ["", "0", "-1", "x", "99999999999"] {
            assert_eq!(of("NEXTEST_ATTEMPT", odd), 1, "{odd}");
        }
        assert_eq!(of("NEXTEST_ATTEMPT_ID", "run:bin$a::b#2"), 2);
        assert_eq!(of("NEXTEST_ATTEMPT_ID", "run:bin$a::b"), 1);
        assert_eq!(without_hash(OsStr::new("corpus-0123456789abcdef")), "corpus");
        assert_eq!(without_hash(OsStr::new("hailo-harness")), "hailo-harness");
    }
}
