//! What became of a run, as numbers and lists.

use std::collections::HashMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::line::Skipped;
use super::process::{self, Process};
use super::record::{Hang, Note, Outcome, Side, Start, Step, Verdict, Wedged};
use super::run::{Attempt, Run};

/// The version of the JSON form.
const VERSION: u32 = 1;
/// How many of the slowest tests are listed.
const SLOWEST: usize = 10;

/// What became of a run. Its JSON form is that of the fields; more can be added, none changes within a version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The version of this form: 1.
    pub version: u32,
    /// The run's id.
    pub run: String,
    /// When the first test began, in seconds since 1970.
    pub began: Option<f64>,
    /// From then until the last test that has ended did.
    pub seconds: Option<f64>,
    /// How many tests.
    pub counts: Counts,
    /// The tests that did not pass, in the order in which they began.
    pub troubled: Vec<TestResult>,
    /// The tests that passed after they had not.
    pub flaky: Vec<TestResult>,
    /// The hangs.
    pub hangs: Vec<HangSeen>,
    /// The leaks, those that are alike as one: what fails a test first, then those that occur most.
    pub leaks: Vec<LeakGroup>,
    /// The ten tests that took longest, the slowest first.
    pub slowest: Vec<TestResult>,
    /// What took how long, in the order of the names.
    pub phases: Vec<PhaseTotal>,
    /// The devices that nobody can use.
    pub wedged: Vec<Wedged>,
    /// The notes.
    pub notes: Vec<Note>,
    /// What could not be read.
    pub skipped: Skipped,
}

/// How many tests; a test with several attempts is one, and counts as its last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All.
    pub tests: u64,
    /// Those that passed.
    pub passed: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that passed, and whose teardown failed.
    pub teardown_failed: u64,
    /// Those that have no end, and whose process is gone: the runner killed it, or it crashed.
    pub killed: u64,
    /// Those that have no end, and whose process lives.
    pub running: u64,
    /// Those that have no end, and whose process cannot be looked up from here.
    pub unknown: u64,
    /// Of those that passed, those that had not at first.
    pub flaky: u64,
    /// Attempts after the first.
    pub retries: u64,
    /// Attempts in which something hung.
    pub hung: u64,
    /// Attempts in which something leaked that is not ignored.
    pub leaking: u64,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum State {
    /// It passed.
    Passed,
    /// It failed.
    Failed,
    /// It passed, and its teardown failed.
    TeardownFailed,
    /// It has no end, and its process is gone.
    Killed,
    /// It has no end, and its process lives.
    Running,
    /// It has no end, and its process is of another namespace.
    Unknown,
}

/// A test, with all of its attempts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestResult {
    /// Its name.
    pub test: String,
    /// The program that it is in; empty where only the end was written.
    pub binary: String,
    /// What became of the last attempt.
    pub state: State,
    /// How long that took, where it has ended.
    pub seconds: Option<f64>,
    /// The process of the last attempt.
    pub pid: u32,
    /// What became of each attempt.
    pub attempts: Vec<State>,
    /// The runtime, the model and the device.
    pub runtime: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The device.
    pub device: Option<String>,
}

/// A hang.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HangSeen {
    /// The test.
    pub test: String,
    /// Its process.
    pub pid: u32,
    /// What the process that hung was to do.
    pub phase: String,
    /// The call that it was in.
    pub call: Option<String>,
    /// All of it in a line.
    pub summary: String,
    /// What was tried.
    pub steps: Vec<Step>,
    /// The name of the step that ended it.
    pub helped: Option<String>,
    /// Whether the process is gone.
    pub gone: bool,
    /// What became of the device.
    pub device: String,
    /// The file with the diagnosis, whether or not it is still there.
    pub diagnosis: Option<PathBuf>,
}

/// Whether a step is one that ends the process: the others look at it, or at the device.
fn ends(step: &str) -> bool {
    !["diagnose", "device"].contains(&step)
}

/// Leaks that are alike: of a kind, a name, a verdict and a side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeakGroup {
    /// The kind.
    pub leak_kind: String,
    /// The name.
    pub what: String,
    /// What it means for a test.
    pub verdict: Verdict,
    /// In which process it was.
    #[serde(rename = "where")]
    pub side: Side,
    /// How often.
    pub count: u64,
    /// In which tests, by name.
    pub tests: Vec<String>,
    /// More about the first one that has it.
    pub place: Option<String>,
    /// More about each, with its test: those that differ, and some of them where there are many.
    #[serde(default)]
    pub places: Vec<(String, String)>,
    /// Why the verdict, of the first one that has it.
    pub reason: Option<String>,
}

/// How long a phase took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseTotal {
    /// Its name.
    pub phase: String,
    /// How often.
    pub count: u64,
    /// In all, in seconds.
    pub total: f64,
    /// The median.
    pub median: f64,
    /// So long or shorter in 95 of 100 cases (nearest rank).
    pub p95: f64,
}

impl Summary {
    /// Whether everything passed, and nothing hung or leaked.
    pub fn is_good(&self) -> bool {
        let c = &self.counts;
        c.passed == c.tests && c.hung == 0 && c.leaking == 0 && self.wedged.is_empty()
    }
}

impl Run {
    /// What became of the run, as of now: whether the process of a test that has not ended lives is looked up.
    pub fn summary(&self) -> Summary {
        let mut known: HashMap<u32, Option<u64>> = HashMap::new();
        let (boot, namespace) = (process::boot(), process::namespace());
        self.summary_with(|start| {
            if start.boot.is_none() || boot.is_none() {
                return State::Unknown;
            }
            if start.boot.as_deref() != boot {
                return State::Killed;
            }
            if start.namespace.is_none() || start.namespace != namespace {
                return State::Unknown;
            }
            let living = |pid: &u32| Process::read(*pid).filter(Process::lives).map(|p| p.start);
            let now = *known.entry(start.pid).or_insert_with_key(living);
            if now == Some(start.start_ticks) { State::Running } else { State::Killed }
        })
    }

    /// With what becomes of those that have not ended.
    fn summary_with(&self, mut unfinished: impl FnMut(&Start) -> State) -> Summary {
        let states: Vec<State> =
            self.attempts.iter().map(|attempt| state(attempt, &mut unfinished)).collect();
        let mut counts =
            Counts { hung: self.hung.len() as u64, leaking: self.leaking.len() as u64, ..Counts::default() };
        let (mut troubled, mut flaky) = (Vec::new(), Vec::new());
        let mut slow: Vec<(f64, usize)> = Vec::new();
        for (test, attempts) in self.tests.iter().enumerate() {
            let Some(last) = attempts.last() else { continue };
            let is_flaky = states[*last] == State::Passed && attempts.len() > 1;
            counts.tests += 1;
            counts.retries += attempts.len() as u64 - 1;
            counts.flaky += u64::from(is_flaky);
            *counts.of(states[*last]) += 1;
            if is_flaky {
                flaky.push(self.result(test, &states));
            } else if states[*last] != State::Passed {
                troubled.push(self.result(test, &states));
            }
            slow.extend(self.attempts[*last].end.map(|(_, seconds)| (seconds, test)));
        }
        slow.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let slowest = slow.iter().take(SLOWEST).map(|(_, test)| self.result(*test, &states)).collect();
        let (began, seconds) = self.times();
        Summary {
            version: VERSION,
            run: self.id.clone(),
            began,
            seconds,
            counts,
            troubled,
            flaky,
            hangs: self.hangs.iter().map(|hang| self.hang(hang)).collect(),
            leaks: self.leak_groups(),
            slowest,
            phases: self.phases.iter().map(|(name, seconds)| total(name, seconds)).collect(),
            wedged: self.wedged.clone(),
            notes: self.notes.clone(),
            skipped: self.skipped,
        }
    }

    fn result(&self, test: usize, states: &[State]) -> TestResult {
        let attempts = &self.tests[test];
        let index = attempts[attempts.len() - 1];
        let last = &self.attempts[index];
        let start = last.start.as_ref();
        TestResult {
            test: last.test.clone(),
            binary: start.map_or_else(String::new, |s| s.binary.clone()),
            state: states[index],
            seconds: last.end.map(|(_, seconds)| seconds),
            pid: last.pid,
            attempts: attempts.iter().map(|i| states[*i]).collect(),
            runtime: start.and_then(|s| s.runtime.clone()),
            model: start.and_then(|s| s.model.clone()),
            device: start.and_then(|s| s.device.clone()),
        }
    }

    fn hang(&self, hang: &Hang) -> HangSeen {
        HangSeen {
            test: hang.test.clone(),
            pid: hang.pid,
            phase: hang.phase.clone(),
            call: hang.call.clone(),
            summary: hang.summary.clone(),
            steps: hang.steps.clone(),
            helped: hang
                .steps
                .iter()
                .find(|step| step.helped && ends(&step.name))
                .map(|step| step.name.clone()),
            gone: hang.gone,
            device: hang.device.clone(),
            diagnosis: self.diagnosis(hang),
        }
    }

    fn leak_groups(&self) -> Vec<LeakGroup> {
        let group =
            |((leak_kind, what, verdict, side), seen): (&super::run::LeakKey, &super::run::LeakSeen)| {
                LeakGroup {
                    leak_kind: leak_kind.clone(),
                    what: what.clone(),
                    verdict: *verdict,
                    side: *side,
                    count: seen.count,
                    tests: seen.tests.iter().cloned().collect(),
                    place: seen.places.first().map(|(_, place)| place.clone()),
                    places: seen.places.clone(),
                    reason: seen.reason.clone(),
                }
            };
        let mut groups: Vec<LeakGroup> = self.leaks.iter().map(group).collect();
        groups.sort_by(|a, b| a.verdict.cmp(&b.verdict).then(b.count.cmp(&a.count)));
        groups
    }

    /// When the first test began, and how long it was from then until the last one ended.
    fn times(&self) -> (Option<f64>, Option<f64>) {
        let starts = || self.attempts.iter().filter_map(|a| Some((a.start.as_ref()?.at, a.end)));
        let began = starts().map(|(at, _)| at).min_by(f64::total_cmp);
        let ended = starts().filter_map(|(at, end)| Some(at + end?.1)).max_by(f64::total_cmp);
        (began, began.zip(ended).map(|(began, ended)| ended - began))
    }
}

impl Counts {
    fn of(&mut self, state: State) -> &mut u64 {
        match state {
            State::Passed => &mut self.passed,
            State::Failed => &mut self.failed,
            State::TeardownFailed => &mut self.teardown_failed,
            State::Killed => &mut self.killed,
            State::Running => &mut self.running,
            State::Unknown => &mut self.unknown,
        }
    }
}

fn state(attempt: &Attempt, unfinished: &mut impl FnMut(&Start) -> State) -> State {
    match (&attempt.end, &attempt.start) {
        (Some((Outcome::Passed, _)), _) => State::Passed,
        (Some((Outcome::Failed, _)), _) => State::Failed,
        (Some((Outcome::TeardownFailed, _)), _) => State::TeardownFailed,
        (None, Some(start)) => unfinished(start),
        (None, None) => State::Unknown,
    }
}

fn total(name: &str, seconds: &[f64]) -> PhaseTotal {
    let mut sorted = seconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
    let count = sorted.len();
    PhaseTotal {
        phase: name.into(),
        count: count as u64,
        total: sorted.iter().sum(),
        median: f64::midpoint(at(count.saturating_sub(1) / 2), at(count / 2)),
        p95: at((count * 95).div_ceil(100).saturating_sub(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::ledger::Ledger;
    use super::super::record::{End, Leak, Record};
    use super::*;

    fn read(records: &[Record]) -> Run {
        let temporary = tempfile::tempdir().unwrap();
        let ledger = Ledger::at(temporary.path(), "run");
        records.iter().for_each(|record| ledger.try_append(record).unwrap());
        Run::read(&ledger.path()).unwrap()
    }

    fn start(test: &str, attempt: u32) -> Start {
        Start { attempt, binary: "bin".into(), at: 1000.0, ..Start::now(test) }
    }

    fn end(test: &str, outcome: Outcome, seconds: f64) -> Record {
        Record::End(End::now(test, outcome, seconds))
    }

    #[test]
    fn what_has_no_end_is_running_killed_or_unknown() {
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        let ticks = Process::read(child.id()).unwrap().start;
        let of = |test: &str, start_ticks| Start { pid: child.id(), start_ticks, ..start(test, 1) };
        let run = read(&[
            Record::Start(start("own", 1)),
            Record::Start(of("child", ticks)),
            Record::Start(of("pid used again", ticks - 1)),
            Record::Start(Start { boot: Some("another".into()), ..of("before the boot", ticks) }),
            Record::Start(Start { namespace: Some(1), ..of("in a container", ticks) }),
            Record::Start(Start { boot: None, ..of("no proc", ticks) }),
        ]);
        let states = |summary: Summary| {
            summary.troubled.into_iter().map(|t| (t.test, t.state)).collect::<HashMap<_, _>>()
        };
        let before = states(run.summary());
        assert_eq!(before["own"], State::Running);
        assert_eq!(before["child"], State::Running);
        assert_eq!(before["pid used again"], State::Killed);
        assert_eq!(before["before the boot"], State::Killed);
        assert_eq!(before["in a container"], State::Unknown);
        assert_eq!(before["no proc"], State::Unknown);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(states(run.summary())["child"], State::Killed);
    }

    #[test]
    fn attempts_make_a_test_flaky_or_not() {
        let run = read(&[
            Record::Start(start("flaky", 1)),
            end("flaky", Outcome::Failed, 1.0),
            Record::Start(start("flaky", 2)),
            end("flaky", Outcome::Passed, 2.0),
            Record::Start(start("failed", 1)),
            end("failed", Outcome::Failed, 3.0),
            Record::Start(start("failed", 2)),
            end("failed", Outcome::TeardownFailed, 4.0),
            Record::Start(start("passed", 1)),
            end("passed", Outcome::Passed, 5.0),
        ]);
        let summary = run.summary();
        let counts =
            Counts { tests: 3, passed: 2, teardown_failed: 1, flaky: 1, retries: 2, ..Counts::default() };
        assert_eq!(summary.counts, counts);
        assert_eq!(summary.flaky[0].attempts, [State::Failed, State::Passed]);
        assert_eq!(summary.troubled[0].attempts, [State::Failed, State::TeardownFailed]);
        let slowest: Vec<&str> = summary.slowest.iter().map(|t| &*t.test).collect();
        assert_eq!(slowest, ["passed", "failed", "flaky"]);
        assert_eq!((summary.began, summary.seconds), (Some(1000.0), Some(5.0)));
        assert!(!summary.is_good());
    }

    #[test]
    fn leaks_that_are_alike_are_one() {
        let leak = |test: &str, what: &str, verdict| {
            Record::Leak(Leak {
                test: test.into(),
                pid: 1,
                side: Side::Worker,
                leak_kind: "thread".into(),
                what: what.into(),
                place: (test == "b").then(|| "sits in x".into()),
                verdict,
                reason: None,
            })
        };
        let summary = read(&[
            leak("a", "many", Verdict::Warn),
            leak("b", "many", Verdict::Warn),
            leak("b", "many", Verdict::Warn),
            leak("a", "one", Verdict::Fail),
            leak("c", "known", Verdict::Ignored),
        ])
        .summary();
        let groups: Vec<(&str, u64, usize)> =
            summary.leaks.iter().map(|l| (&*l.what, l.count, l.tests.len())).collect();
        assert_eq!(groups, [("one", 1, 1), ("many", 3, 2), ("known", 1, 1)]);
        assert_eq!(summary.leaks[1].place.as_deref(), Some("sits in x"));
        assert_eq!(summary.counts.leaking, 2);
    }

    #[test]
    fn phases_have_their_median_and_95th_percentile() {
        let ends: Vec<Record> = (1..=100u32)
            .map(|i| Record::End(End::now("a", Outcome::Passed, 1.0).phase("open", f64::from(i))))
            .collect();
        let summary = read(&ends).summary();
        let open = &summary.phases[0];
        assert_eq!((open.count, open.total, open.median, open.p95), (100, 5050.0, 50.5, 95.0));
        assert_eq!(total("x", &[3.0]).p95, 3.0);
        assert_eq!(total("x", &[]).count, 0);
        assert_eq!(total("x", &[3.0, 1.0, 2.0]).median, 2.0);
    }

    #[test]
    fn its_json_form_is_read_back() {
        let mut summary = read(&[
            Record::Start(start("a", 1)),
            Record::Wedged(Wedged { device: "d".into(), why: "w".into() }),
        ])
        .summary();
        summary.counts.hung = 3;
        let json = serde_json::to_string(&summary).unwrap();
        assert!(json.starts_with(r#"{"version":1,"run":"run","began":1000.0,"#), "{json}");
        assert_eq!(serde_json::from_str::<Summary>(&json).unwrap(), summary);
        // Whatever numbers somebody wrote, the sums are numbers.
        let huge = End::now("a", Outcome::Passed, 1e308).phase("open", 1e308);
        let json =
            serde_json::to_string(&read(&[Record::End(huge.clone()), Record::End(huge)]).summary()).unwrap();
        assert!(serde_json::from_str::<Summary>(&json).is_ok(), "{json}");
    }
}
