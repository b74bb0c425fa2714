//! A file, read once and put together by test.
//!
//! Nextest starts an attempt after the one before has ended, and counts them from 1: an attempt with a higher number
//! than the last one of the same test continues it, any other one is the test anew, as in a stress run, or where
//! several commands share a run id.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::error::LedgerError;
use super::folder::open_plain;
use super::ledger::{DIAGNOSIS, SUFFIX};
use super::line::{self, Skipped};
use super::record::{End, Hang, Leak, Note, Outcome, Record, Start, Verdict, Wedged};
use super::run_id;

/// What is in the file of a run.
#[derive(Clone, Debug, Default)]
pub struct Run {
    pub(super) id: String,
    pub(super) folder: PathBuf,
    pub(super) attempts: Vec<Attempt>,
    /// The attempts of each time that a test ran, in the order in which they began.
    pub(super) tests: Vec<Vec<usize>>,
    pub(super) hangs: Vec<Hang>,
    pub(super) leaks: BTreeMap<LeakKey, LeakSeen>,
    /// Those that hung, and those with leaks that count: test and pid.
    pub(super) hung: BTreeSet<(String, u32)>,
    pub(super) leaking: BTreeSet<(String, u32)>,
    /// How long each phase took, each time.
    pub(super) phases: BTreeMap<String, Vec<f64>>,
    pub(super) wedged: Vec<Wedged>,
    pub(super) notes: Vec<Note>,
    pub(super) skipped: Skipped,
}

/// One time that a process ran a test.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub test: String,
    pub pid: u32,
    /// What is missing where only the end is there: the run was removed meanwhile.
    pub start: Option<Start>,
    pub end: Option<(Outcome, f64)>,
}

/// By what leaks are put together.
pub(super) type LeakKey = (String, String, Verdict, super::record::Side);

/// Most places of leaks that are alike.
const PLACES: usize = 10;

/// What is known of those that are alike.
#[derive(Clone, Debug, Default)]
pub(super) struct LeakSeen {
    pub count: u64,
    pub tests: BTreeSet<String>,
    /// Test and place: those that differ, and some of them.
    pub places: Vec<(String, String)>,
    pub reason: Option<String>,
}

impl Run {
    /// Reads a run, of a file of 256 MiB at most, and of each line 1 MiB at most.
    ///
    /// # Errors
    /// When it cannot be read, or is no plain file. What the file says is no error: see [`Skipped`].
    pub fn read(path: &Path) -> Result<Self, LedgerError> {
        let file = open_plain(path)?;
        let length = file.metadata().map_or(0, |m| m.len());
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut reader = Reader::default();
        reader.run.id = name.strip_suffix(SUFFIX).unwrap_or(&name).into();
        reader.run.folder = path.parent().unwrap_or(Path::new("")).into();
        let skipped = line::records(file, |record| reader.take(record));
        let mut run = reader.run;
        run.skipped = skipped.map_err(|source| LedgerError::Read { path: path.into(), source })?;
        run.skipped.unread = length.saturating_sub(line::MOST);
        Ok(run)
    }

    /// Its id: the name of the file without its end.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What was passed over.
    pub fn skipped(&self) -> Skipped {
        self.skipped
    }

    /// Where the diagnosis of a hang is, where the record names one in the form that it is written in: nobody is sent to
    /// another place.
    pub(super) fn diagnosis(&self, hang: &Hang) -> Option<PathBuf> {
        let (run, name) = hang.file.as_deref()?.split_once('/')?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let is_own = run_id::is_valid(run)
            && name.ends_with(DIAGNOSIS)
            && !name.starts_with('.')
            && name.len() <= 255
            && name.bytes().all(plain);
        is_own.then(|| self.folder.join(run).join(name))
    }
}

/// What is needed while a file is read.
#[derive(Debug, Default)]
struct Reader {
    run: Run,
    /// Attempts that have not ended, by process and test.
    open: HashMap<(u32, u64), HashMap<String, Vec<usize>>>,
    /// The last time that a test ran, by program and name.
    last: HashMap<String, HashMap<String, usize>>,
}

impl Reader {
    fn take(&mut self, record: Record) {
        match record {
            Record::Start(start) => self.start(start),
            Record::End(end) => self.end(end),
            Record::Hang(hang) => {
                self.run.hung.insert((hang.test.clone(), hang.pid));
                self.run.hangs.push(hang);
            }
            Record::Leak(leak) => self.leak(leak),
            Record::Wedged(wedged) => self.run.wedged.push(wedged),
            Record::Note(note) => self.run.notes.push(note),
        }
    }

    fn start(&mut self, mut start: Start) {
        start.at = bounded(start.at);
        let run = &mut self.run;
        let index = run.attempts.len();
        let before = self.last.get(&start.binary).and_then(|tests| tests.get(&start.test)).copied();
        let attempt_of = |test: usize| {
            let last = run.tests[test].last()?;
            Some(run.attempts.get(*last)?.start.as_ref()?.attempt)
        };
        match before.filter(|test| attempt_of(*test).is_some_and(|last| last < start.attempt)) {
            Some(test) => run.tests[test].push(index),
            None => {
                self.last
                    .entry(start.binary.clone())
                    .or_default()
                    .insert(start.test.clone(), run.tests.len());
                run.tests.push(vec![index]);
            }
        }
        let open = self.open.entry((start.pid, start.start_ticks)).or_default();
        open.entry(start.test.clone()).or_default().push(index);
        run.attempts.push(Attempt {
            test: start.test.clone(),
            pid: start.pid,
            start: Some(start),
            end: None,
        });
    }

    fn end(&mut self, end: End) {
        let run = &mut self.run;
        for (name, seconds) in end.phases {
            run.phases.entry(name).or_default().push(bounded(seconds));
        }
        let how = Some((end.outcome, bounded(end.seconds)));
        let of_process = self.open.get_mut(&(end.pid, end.start_ticks));
        match of_process.and_then(|tests| tests.get_mut(&end.test)).and_then(Vec::pop) {
            Some(index) => run.attempts[index].end = how,
            None => {
                run.tests.push(vec![run.attempts.len()]);
                run.attempts.push(Attempt { test: end.test, pid: end.pid, start: None, end: how });
            }
        }
    }

    fn leak(&mut self, leak: Leak) {
        if leak.verdict != Verdict::Ignored {
            self.run.leaking.insert((leak.test.clone(), leak.pid));
        }
        let seen = self.run.leaks.entry((leak.leak_kind, leak.what, leak.verdict, leak.side)).or_default();
        seen.count += 1;
        seen.tests.insert(leak.test.clone());
        if let Some(place) = leak.place
            && seen.places.len() < PLACES
            && seen.places.iter().all(|(_, known)| *known != place)
        {
            seen.places.push((leak.test, place));
        }
        seen.reason = seen.reason.take().or(leak.reason);
    }
}

/// A time that can be added to others: what somebody wrote may be any number.
fn bounded(seconds: f64) -> f64 {
    seconds.clamp(0.0, 1e12)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn of(records: Vec<Record>) -> Run {
        let mut reader = Reader::default();
        records.into_iter().for_each(|record| reader.take(record));
        reader.run
    }

    fn start(test: &str, pid: u32, attempt: u32) -> Record {
        Record::Start(Start { pid, attempt, ..Start::now(test) })
    }

    #[test]
    fn attempts_of_a_test_belong_together_and_those_of_a_stress_run_do_not() {
        let run = of(vec![start("a", 1, 1), start("b", 2, 1), start("a", 3, 2), start("a", 4, 3)]);
        assert_eq!(run.tests, [vec![0, 2, 3], vec![1]]);
        let run = of(vec![start("a", 1, 1), start("a", 2, 1), start("a", 3, 2)]);
        assert_eq!(run.tests, [vec![0], vec![1, 2]]);
        // The first attempt was killed before it could write.
        let run = of(vec![start("a", 1, 2), start("a", 1, 3)]);
        assert_eq!(run.tests, [[0, 1]]);
    }

    #[test]
    fn an_end_belongs_to_the_process_that_wrote_it() {
        let end =
            |pid, ticks| Record::End(End { pid, start_ticks: ticks, ..End::now("a", Outcome::Passed, 1.0) });
        let begin = |pid, ticks| Record::Start(Start { pid, start_ticks: ticks, ..Start::now("a") });
        let run = of(vec![begin(1, 10), begin(1, 20), end(1, 10)]);
        assert!(run.attempts[0].end.is_some() && run.attempts[1].end.is_none());
        let run = of(vec![end(5, 50), end(5, 50)]);
        assert_eq!((run.attempts.len(), run.tests.len()), (2, 2));
    }

    #[test]
    fn nobody_is_sent_to_files_elsewhere() {
        let run = Run { folder: "/ledger/runs".into(), ..Run::default() };
        let at = |file: &str| {
            let hang = Hang {
                test: String::new(),
                pid: 1,
                phase: String::new(),
                call: None,
                summary: String::new(),
                steps: Vec::new(),
                gone: true,
                device: String::new(),
                file: Some(file.into()),
            };
            run.diagnosis(&hang)
        };
        assert_eq!(at("id/a-1-0.hang.json").unwrap(), Path::new("/ledger/runs/id/a-1-0.hang.json"));
        for odd in [
            "",
            "/etc/passwd",
            "../x.hang.json",
            "../../x/y.hang.json",
            "id/../x.hang.json",
            "id/x",
            "id/.hang.json",
            "id/a\n.hang.json",
        ] {
            assert_eq!(at(odd), None, "{odd}");
        }
    }

    #[test]
    fn what_is_no_plain_file_is_refused() {
        let temporary = tempfile::tempdir().unwrap();
        let at = |name: &str| temporary.path().join(name);
        std::fs::write(at("run.jsonl"), Record::Note(Note { text: "x".into() }).line()).unwrap();
        let run = Run::read(&at("run.jsonl")).unwrap();
        assert_eq!((run.id(), run.notes.len(), run.skipped().is_none()), ("run", 1, true));
        std::os::unix::fs::symlink(at("run.jsonl"), at("link.jsonl")).unwrap();
        let error = Run::read(&at("link.jsonl")).unwrap_err();
        assert!(matches!(error, LedgerError::NotPlain { what: "a link", .. }), "{error}");
        assert!(matches!(Run::read(temporary.path()), Err(LedgerError::NotPlain { .. })));
        assert!(matches!(Run::read(&at("none.jsonl")), Err(LedgerError::Read { .. })));
    }
}
