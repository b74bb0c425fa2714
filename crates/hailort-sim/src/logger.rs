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
use std::sync::{Mutex, Once, PoisonError};

/// The variable that names the folder of the log.
const PATH_VARIABLE: &str = "HAILORT_LOGGER_PATH";
/// Its value for no log.
const NONE: &str = "NONE";
const FILE: &str = "hailort.log";

static FILES: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// Does what the library does on load, once. A file that cannot be opened is said on standard error, and is no reason to
/// fail.
pub fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        let opened = folders(std::env::var_os(PATH_VARIABLE).as_deref(), std::env::home_dir().as_deref());
        FILES.lock().unwrap_or_else(PoisonError::into_inner).extend(opened.iter().filter_map(|f| open(f)));
        // It has nothing to do here: each line is written at once. A system without threads left goes without.
        let _ = std::thread::Builder::new().name("hailort-log".into()).spawn(|| {
            loop {
                std::thread::park();
            }
        });
    });
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
    let opened = std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::OpenOptions::new().append(true).create(true).open(&path));
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
