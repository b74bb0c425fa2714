//! Appending what happened to the file of the run.
//!
//! Each record opens the file anew, in some 10 µs: no descriptor stays that a test would count as leaked or that a child
//! would inherit, and a ledger that was removed meanwhile is made again.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Once, OnceLock};
use std::time::SystemTime;

use super::cut::shown_within;
use super::error::LedgerError;
use super::folder::Folder;
use super::record::{Hang, Record};
use super::{place, retention, run_id};

/// The folder of the runs, in the root.
pub const RUNS: &str = "runs";
/// How the file of a run ends.
pub const SUFFIX: &str = ".jsonl";
/// How the file of a diagnosis ends.
pub const DIAGNOSIS: &str = ".hang.json";
/// How names of unfinished files begin.
pub(super) const PART: &str = ".part-";
/// The longest diagnosis that is kept, in bytes.
pub const LONGEST_DIAGNOSIS: usize = 16 * 1024 * 1024;
/// The longest name of a test in a file's name.
const LONGEST_NAME: usize = 100;
/// How many runs an error lists.
const LISTED: usize = 5;

/// Where the records of a run go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    root: PathBuf,
    run: String,
}

/// A run that is in the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct RunInfo {
    /// Its id.
    pub id: String,
    /// Its file.
    pub path: PathBuf,
    /// How long the file is.
    pub bytes: u64,
    /// When its last record was written.
    pub modified: SystemTime,
}

impl Ledger {
    /// The ledger of the run that this process belongs to; `None` where `HAILO_LEDGER` is `off` or `0`. Nothing is made
    /// or opened yet.
    ///
    /// # Errors
    /// [`LedgerError::Relative`] when `HAILO_LEDGER` is no absolute path, and [`LedgerError::NoTarget`] when the program
    /// is in no target folder and no folder is named.
    pub fn of_environment() -> Result<Option<Self>, LedgerError> {
        let root = place::for_writing()?;
        Ok(root.map(|root| Self { root, run: run_id::of_environment().into() }))
    }

    /// As [`Ledger::of_environment`], once for the process. A wrong `HAILO_LEDGER` is said on standard error; a program
    /// without a target folder, such as an installed one, just has no ledger.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Ledger>> = OnceLock::new();
        let of_environment = || match Self::of_environment() {
            Ok(ledger) => ledger,
            Err(LedgerError::NoTarget { .. }) => None,
            Err(error) => {
                say(&error);
                None
            }
        };
        SHARED.get_or_init(of_environment).as_ref()
    }

    /// The ledger of a run in another root. What cannot be an id is made one.
    pub fn at(root: impl Into<PathBuf>, run: &str) -> Self {
        Self { root: root.into(), run: run_id::sanitised(run) }
    }

    /// The root of the ledger.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The id of the run.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// The file of the run, whether or not there is one.
    pub fn path(&self) -> PathBuf {
        self.root.join(RUNS).join(self.file_name())
    }

    /// Appends a record. Where that is not possible, it is said on standard error, once for the process: nothing fails.
    pub fn append(&self, record: &Record) {
        if let Err(error) = self.try_append(record) {
            say(&error);
        }
    }

    /// As [`Ledger::append`], for those who want to know.
    ///
    /// # Errors
    /// When the file cannot be made, opened or written, or is no plain file.
    pub fn try_append(&self, record: &Record) -> Result<(), LedgerError> {
        let runs = Folder::make(&self.root, RUNS)?;
        let (file, is_new) = runs.append(&self.file_name())?;
        let fail = |source| LedgerError::Write { action: "write", path: self.path(), source };
        let line = record.line();
        let written =
            rustix::io::retry_on_intr(|| rustix::io::write(&file, &line)).map_err(|e| fail(e.into()))?;
        if written < line.len() {
            // The disk is full, most likely. Somebody's record may follow the torn one already; the reader copes with
            // that, and with this.
            let _ = rustix::io::write(&file, b"\n");
            return Err(fail(std::io::ErrorKind::WriteZero.into()));
        }
        if is_new {
            retention::prune(&runs, &self.run, retention::KEPT);
        }
        Ok(())
    }

    /// Appends a hang, and writes the diagnosis to a file beside, which the record then names. A diagnosis that cannot
    /// be kept is said on standard error, as in [`Ledger::append`]. Returns where it is.
    pub fn append_hang(&self, mut hang: Hang, diagnosis: &[u8]) -> Option<PathBuf> {
        let kept = self.keep(&hang.test, diagnosis);
        let path = match kept {
            Ok(name) => {
                let path = self.root.join(RUNS).join(&name);
                hang.file = Some(name);
                Some(path)
            }
            Err(error) => {
                say(&error);
                None
            }
        };
        self.append(&Record::Hang(hang));
        path
    }

    /// Writes a diagnosis, and returns its name, from the folder of the runs on.
    fn keep(&self, test: &str, diagnosis: &[u8]) -> Result<String, LedgerError> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if diagnosis.len() > LONGEST_DIAGNOSIS {
            let test = shown_within(test, LONGEST_NAME);
            return Err(LedgerError::LongDiagnosis {
                test,
                bytes: diagnosis.len(),
                limit: LONGEST_DIAGNOSIS,
            });
        }
        let folder = Folder::make(&self.root, RUNS)?.make_child(&self.run)?;
        let (test, pid) = (run_id::plain(test, LONGEST_NAME), std::process::id());
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let name = format!("{test}-{pid}-{number}{DIAGNOSIS}");
            // Of another process that had the same pid.
            if !folder.has(&name) {
                folder.write_whole(&format!("{PART}{pid}-{number}"), &name, diagnosis)?;
                return Ok(format!("{}/{name}", self.run));
            }
        }
    }

    /// The runs that are there, the newest first; none where there is no ledger.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn runs(root: &Path) -> Result<Vec<RunInfo>, LedgerError> {
        let path = root.join(RUNS);
        let found = match Folder::open(root, RUNS) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            opened => opened.and_then(|runs| retention::found(&runs)),
        };
        let found = found.map_err(|source| LedgerError::Read { path: path.clone(), source })?;
        let info = |run: retention::Found| RunInfo {
            path: path.join(format!("{}{SUFFIX}", run.id)),
            id: run.id,
            bytes: run.bytes,
            modified: run.modified,
        };
        Ok(found.into_iter().map(info).collect())
    }

    /// The run that somebody means: by its id, or the begin of it that no other one has; else the newest.
    ///
    /// # Errors
    /// When there is none, or several.
    pub fn find(root: &Path, name: Option<&str>) -> Result<RunInfo, LedgerError> {
        let runs = Self::runs(root)?;
        if runs.is_empty() {
            return Err(LedgerError::Empty { root: root.into() });
        }
        let asked = name.unwrap_or_default();
        if let Some(run) = runs.iter().find(|run| run.id == asked) {
            return Ok(run.clone());
        }
        let mut begun: Vec<&RunInfo> = runs.iter().filter(|run| run.id.starts_with(asked)).collect();
        if name.is_none() {
            // A program that runs by itself is no run of tests.
            let of_tests = begun.iter().position(|run| !run_id::is_of_one_program(&run.id));
            begun = vec![begun[of_tests.unwrap_or(0)]];
        }
        let listed =
            |runs: &mut dyn Iterator<Item = &RunInfo>| runs.take(LISTED).map(|r| r.id.clone()).collect();
        match *begun {
            [run] => Ok(run.clone()),
            [] => Err(LedgerError::UnknownRun {
                name: shown_within(asked, run_id::LONGEST),
                root: root.into(),
                runs: listed(&mut runs.iter()),
            }),
            _ => Err(LedgerError::Ambiguous { name: asked.into(), runs: listed(&mut begun.into_iter()) }),
        }
    }

    fn file_name(&self) -> String {
        format!("{}{SUFFIX}", self.run)
    }
}

/// Says once that there is no ledger. Where standard error is closed or full, it is lost.
fn say(error: &LedgerError) {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        let why = shown_within(&error.to_string(), 800);
        let text = format!(
            "hailo-harness: the run ledger is incomplete: {why}; tests go on (HAILO_LEDGER=off does without, \
             HAILO_LEDGER=/a/folder uses another place)\n"
        );
        let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
    });
}

#[cfg(test)]
mod tests {
    use super::super::record::Note;
    use super::*;

    fn note(text: &str) -> Record {
        Record::Note(Note { text: text.into() })
    }

    fn hang(test: &str) -> Hang {
        Hang {
            test: test.into(),
            pid: std::process::id(),
            phase: "infer".into(),
            call: None,
            summary: String::new(),
            steps: Vec::new(),
            gone: true,
            device: "free".into(),
            file: None,
        }
    }

    #[test]
    fn a_link_in_place_of_the_file_is_not_written_through() {
        let temporary = tempfile::tempdir().unwrap();
        let ledger = Ledger::at(temporary.path(), "run");
        let victim = temporary.path().join("victim");
        std::fs::write(&victim, "kept").unwrap();
        std::fs::create_dir(temporary.path().join(RUNS)).unwrap();
        std::os::unix::fs::symlink(&victim, ledger.path()).unwrap();
        let error = ledger.try_append(&note("x")).unwrap_err();
        assert!(matches!(error, LedgerError::NotPlain { what: "a link", .. }), "{error}");
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "kept");
        assert_eq!(Ledger::runs(temporary.path()).unwrap(), []);
    }

    #[test]
    fn a_ledger_that_was_removed_is_made_again_and_no_descriptor_stays() {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().join("a/b");
        let ledger = Ledger::at(&root, "run");
        ledger.try_append(&note("one")).unwrap();
        std::fs::remove_dir_all(&root).unwrap();
        ledger.try_append(&note("two")).unwrap();
        assert_eq!(std::fs::read(ledger.path()).unwrap(), note("two").line());
        let mode = std::os::unix::fs::PermissionsExt::mode(&ledger.path().metadata().unwrap().permissions());
        assert_eq!(mode & 0o177, 0);
        let mut open = std::fs::read_dir("/proc/self/fd").unwrap().flatten().map(|fd| fd.path().read_link());
        assert!(!open.any(|path| path.is_ok_and(|path| path.starts_with(&root))));
    }

    #[test]
    fn a_diagnosis_lies_beside_whatever_the_test_is_called() {
        let temporary = tempfile::tempdir().unwrap();
        let ledger = Ledger::at(temporary.path(), "run");
        let mut paths = Vec::new();
        for test in ["a::b", "a::b", "../../x", ".hidden", "a\n/b", &"x".repeat(5000)] {
            let path = ledger.append_hang(hang(test), b"{}").unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), b"{}");
            assert_eq!(path.parent().unwrap(), temporary.path().join(RUNS).join("run"));
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(name.ends_with(DIAGNOSIS) && !name.starts_with('.') && name.len() < 200, "{name}");
            assert!(!paths.contains(&path));
            paths.push(path);
        }
        assert!(ledger.append_hang(hang("long"), &vec![b' '; LONGEST_DIAGNOSIS + 1]).is_none());
        let text = std::fs::read_to_string(ledger.path()).unwrap();
        let files = text.lines().filter(|line| line.contains(r#""file":"run/"#)).count();
        assert_eq!((files, text.lines().count()), (paths.len(), paths.len() + 1));
    }

    #[test]
    fn a_new_run_removes_the_oldest_ones() {
        let temporary = tempfile::tempdir().unwrap();
        for i in 0..retention::KEPT + 5 {
            Ledger::at(temporary.path(), &format!("run-{i:02}")).try_append(&note("x")).unwrap();
        }
        let runs = Ledger::runs(temporary.path()).unwrap();
        assert_eq!(runs.len(), retention::KEPT);
        assert_eq!(runs[0].id, format!("run-{}", retention::KEPT + 4));
        // Another record in an old run makes it the newest, and removes none.
        for run in &runs {
            let file = std::fs::File::options().append(true).open(&run.path).unwrap();
            file.set_modified(run.modified - std::time::Duration::from_secs(60)).unwrap();
        }
        Ledger::at(temporary.path(), "run-30").try_append(&note("x")).unwrap();
        let runs = Ledger::runs(temporary.path()).unwrap();
        assert_eq!((runs.len(), &*runs[0].id), (retention::KEPT, "run-30"));
    }

    #[test]
    fn a_run_is_found_by_the_begin_of_its_id() {
        let temporary = tempfile::tempdir().unwrap();
        let find = |name| Ledger::find(temporary.path(), name).map(|run| run.id).map_err(|e| e.to_string());
        assert!(find(None).unwrap_err().contains("no runs yet"));
        for id in ["cargo-1", "cargo-12", "uuid"] {
            Ledger::at(temporary.path(), id).try_append(&note("x")).unwrap();
        }
        assert!(find(None).is_ok());
        assert_eq!(find(Some("u")).unwrap(), "uuid");
        assert_eq!(find(Some("cargo-1")).unwrap(), "cargo-1");
        let error = find(Some("cargo")).unwrap_err();
        assert!(error.contains("cargo-1,") || error.contains("cargo-12,"), "{error}");
        let error = find(Some("\u{1b}[2J")).unwrap_err();
        assert!(error.contains("uuid") && !error.contains('\u{1b}'), "{error}");
    }
}
