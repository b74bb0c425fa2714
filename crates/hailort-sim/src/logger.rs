//! What the real library does when it is loaded: it starts a thread and opens log files, before any call.
//!
//! Programs meet both: a thread that they have not started, and files in the working directory and under the home
//! directory. Where the simulator is linked in there is neither; `libhailort.so` does both.
//!
//! `HAILORT_LOGGER_PATH` names the folder of the first file, in place of the working directory; `NONE` means no files.
//! The thread starts in any case.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, Once, PoisonError};

use crate::faults::hang;
use crate::misuse::{self, Wrong};

/// The variable that names the folder of the log.
const PATH_VARIABLE: &str = "HAILORT_LOGGER_PATH";
/// Its value for no log.
const NONE: &str = "NONE";
const FILE: &str = "hailort.log";

/// The process that the thread is in.
static STARTED_BY: AtomicU32 = AtomicU32::new(0);

static FILES: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// Does what the library does on load, once. A file that cannot be opened is said on standard error, and is no reason to
/// fail.
pub fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        let opened = folders(std::env::var_os(PATH_VARIABLE).as_deref(), std::env::home_dir().as_deref());
        FILES.lock().unwrap_or_else(PoisonError::into_inner).extend(opened.iter().filter_map(|f| open(f)));
        STARTED_BY.store(std::process::id(), Ordering::SeqCst);
        // SAFETY: the function is there for as long as the program: the library is never closed.
        unsafe { libc::atexit(at_exit) };
        // It has nothing to do here: each line is written at once. A system without threads left goes without.
        let _ = std::thread::Builder::new().name("hailort-log".into()).spawn(|| {
            loop {
                std::thread::park();
            }
        });
    });
}

/// The real library waits for its thread when the process ends. A child made by fork has no such thread.
extern "C" fn at_exit() {
    let started_by = STARTED_BY.load(Ordering::SeqCst);
    if started_by != std::process::id() {
        misuse::within("exit", || misuse::note("log", Wrong::Forked { made_by: started_by }));
        hang::hang_in_forked_child();
    }
}

/// The folders of the log files for a value of the variable.
fn folders(value: Option<&OsStr>, home: Option<&Path>) -> Vec<PathBuf> {
    let value = value.unwrap_or_default();
    if value == NONE {
        return Vec::new();
    }
    let local = if value.is_empty() { PathBuf::from(".") } else { PathBuf::from(value) };
    home.map(|home| home.join(".hailo/hailort")).into_iter().chain([local]).collect()
}

fn open(folder: &Path) -> Option<File> {
    let path = folder.join(FILE);
    // As the library: a folder and the one above it are made, not what these are in.
    for new in [folder.parent(), Some(folder)].into_iter().flatten() {
        let _ = std::fs::create_dir(new);
    }
    let opened = std::fs::OpenOptions::new().append(true).create(true).open(&path);
    opened
        .map_err(|why| {
            let line = format!("HailoRT warning: Cannot create log file {}: {why}\n", path.display());
            let _ = std::io::stderr().write_all(line.as_bytes());
        })
        .ok()
}

/// Writes a line to each log file. A full disk is no reason to fail.
pub(crate) fn write(line: &[u8]) {
    for file in &mut *FILES.lock().unwrap_or_else(PoisonError::into_inner) {
        let _ = file.write_all(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_are_in_two_folders_or_nowhere() {
        let folders = |value: Option<&str>| folders(value.map(OsStr::new), Some(Path::new("/home/me")));
        let home = PathBuf::from("/home/me/.hailo/hailort");
        assert_eq!(folders(None), [home.clone(), ".".into()]);
        assert_eq!(folders(Some("")), [home.clone(), ".".into()]);
        assert_eq!(folders(Some("/var/log")), [home, "/var/log".into()]);
        assert_eq!(folders(Some("NONE")), [""; 0].map(PathBuf::from));
    }
}
