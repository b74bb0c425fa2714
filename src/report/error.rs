//! Why there is no ledger, or none that can be read.

use std::path::PathBuf;

/// Why there is no ledger, or none that can be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// `HAILO_LEDGER` is no absolute path.
    #[error(
        "HAILO_LEDGER={value:?} is relative: each process would use a folder of its own; \
         give an absolute folder, such as HAILO_LEDGER=$PWD/ledger, or `off`"
    )]
    Relative {
        /// What it says.
        value: String,
    },
    /// The program lies in no target folder of cargo, and nobody named a folder.
    #[error(
        "{} is in no target folder of cargo (no CACHEDIR.TAG above it), so that there is no place for the run ledger; \
         name one: HAILO_LEDGER=/a/folder",
        executable.display()
    )]
    NoTarget {
        /// The program.
        executable: PathBuf,
    },
    /// No folder with runs was found.
    #[error(
        "no run ledger was found: neither target/hailo-harness here or above, nor beside this program; \
         run tests first, or name the folder: HAILO_LEDGER=/a/folder"
    )]
    NoLedger,
    /// There is a ledger, and no run in it.
    #[error("there are no runs yet in {}: run tests first", root.display())]
    Empty {
        /// The root of the ledger.
        root: PathBuf,
    },
    /// It is turned off.
    #[error(
        "HAILO_LEDGER is off: nothing is written, and there is nothing to read; unset it, or name a folder"
    )]
    Off,
    /// There is no such run.
    #[error("there is no run {name:?} in {}; the newest are {}", root.display(), runs.join(", "))]
    UnknownRun {
        /// What was asked for.
        name: String,
        /// The root of the ledger.
        root: PathBuf,
        /// The newest runs.
        runs: Vec<String>,
    },
    /// Several runs begin so.
    #[error("{name:?} is the begin of several runs: {}; give more of it", runs.join(", "))]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// The runs, the newest first.
        runs: Vec<String>,
    },
    /// It cannot be written.
    #[error("cannot {action} {}: {source}", path.display())]
    Write {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It cannot be read.
    #[error("cannot read {}: {source}; see the runs with `hailo-harness report --list`", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It is a link, a pipe, a folder, or a file with a second name elsewhere.
    #[error("{} is no plain file ({what}), and is left alone; remove it", path.display())]
    NotPlain {
        /// What was to be a file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// A diagnosis is too long to be kept.
    #[error("the diagnosis of {test} has {bytes} bytes, and more than {limit} are not kept")]
    LongDiagnosis {
        /// The test.
        test: String,
        /// Its length.
        bytes: usize,
        /// The most that is kept.
        limit: usize,
    },
}
