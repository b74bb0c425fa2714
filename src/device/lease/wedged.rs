//! Devices that nobody can use: marked, so that the next users are told at once, by whom, when and why.
//!
//! The mark is a file beside the lock, `<device>.wedged`. It is written whole under another name and renamed. Like
//! everything in the folder it may be anybody's: what it says is bounded and shown, and nothing depends on it but that
//! the device is not waited for. Whoever may write it may take the device's lock as well. It holds until the machine is
//! started again, which resets the device, or until somebody has opened the device and takes the mark away.

use std::sync::Once;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{FileType, fstat};
use serde::{Deserialize, Serialize};

use super::error::LeaseError;
use super::folder::LockFolder;
use super::lock;
use super::owner::{seconds, shown};
use super::ticket::{namespace, test_name};
use crate::device::process;
use crate::text::printable::say;

/// How the names of marks end.
const SUFFIX: &str = ".wedged";
/// The longest content that is read.
const LONGEST: u64 = 8192;

/// What is known of a device that nobody can use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wedged {
    /// The device, by its name among those who queue for it.
    #[serde(default)]
    pub device: String,
    /// Why: what was tried, and what was found.
    pub why: String,
    /// The process that could not be killed, where there is one.
    pub stuck: Option<u32>,
    /// When that process started, in ticks since the machine was: with its id, it names a process for good.
    stuck_start: Option<u64>,
    /// The process that marked the device.
    pub pid: u32,
    /// Its program.
    pub program: String,
    /// Its test, where it was one.
    pub test: Option<String>,
    /// When, in seconds since 1970.
    pub since: u64,
    /// The namespace that the process ids are of.
    namespace: u64,
    /// Which start of the machine it is of.
    boot: String,
    /// The user whose file it is; the kernel says it.
    #[serde(default)]
    pub uid: u32,
}

impl Wedged {
    /// Marks a device as of now. `stuck` is the process that could not be killed.
    ///
    /// # Errors
    /// When the mark cannot be written.
    pub fn mark(
        folder: &LockFolder,
        device: &str,
        program: &str,
        why: &str,
        stuck: Option<u32>,
    ) -> Result<(), LeaseError> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        let mark = Self {
            device: device.into(),
            why: bounded(why),
            stuck,
            stuck_start: stuck.and_then(process::start).map(|(start, _)| start),
            pid: std::process::id(),
            program: shown(program),
            test: test_name().map(|t| shown(&t)),
            since,
            namespace: namespace(),
            boot: boot(),
            uid: 0,
        };
        let bytes = serde_json::to_vec(&mark).map_err(|e| folder.file_error("", e))?;
        let (name, new) = (name(device), format!("{}.{}", name(device), std::process::id()));
        folder.remove(&new);
        let fd = folder.create_file(&new).map_err(|e| folder.file_error(&new, e))?;
        let written = rustix::io::retry_on_intr(|| rustix::io::write(&fd, &bytes));
        let renamed = match written {
            Ok(length) if length == bytes.len() => {
                rustix::fs::renameat(folder.fd(), &*new, folder.fd(), &*name)
            }
            Ok(_) => Err(rustix::io::Errno::NOSPC),
            Err(error) => Err(error),
        };
        renamed.map_err(|error| {
            folder.remove(&new);
            folder.file_error(&name, error)
        })
    }

    /// The mark of a device; `None` where there is none, it cannot be read, or it is of an earlier start of the machine.
    pub fn read(folder: &LockFolder, device: &str) -> Option<Self> {
        let name = name(device);
        let read = folder.open_file(&name).and_then(|fd| {
            let mut bytes = vec![0; LONGEST as usize];
            let length = rustix::io::pread(&fd, &mut bytes, 0)?;
            bytes.truncate(length);
            Ok((fstat(&fd)?, bytes))
        });
        let (stat, bytes) = match read {
            Ok(read) => read,
            Err(rustix::io::Errno::NOENT) => return None,
            Err(error) => return unreadable(folder, &name, &error),
        };
        let mut mark: Self = match serde_json::from_slice(&bytes) {
            Ok(mark) => mark,
            Err(error) => return unreadable(folder, &name, &error),
        };
        if mark.boot != boot() {
            folder.remove(&name);
            return None;
        }
        (mark.why, mark.program) = (bounded(&mark.why), shown(&mark.program));
        mark.test = mark.test.as_deref().map(shown);
        mark.uid = stat.st_uid;
        Some(mark)
    }

    /// The marks of all devices.
    pub fn all(folder: &LockFolder) -> Vec<Self> {
        let names = folder.names().unwrap_or_default();
        let marks = names.iter().filter_map(|file| {
            let device = device_of(file.to_str()?.strip_suffix(SUFFIX)?)?;
            // Anybody may have written it: it counts for the device whose file it is.
            Self::read(folder, &device).map(|mark| Self { device, ..mark })
        });
        marks.collect()
    }

    /// Takes the mark of a device away: it was opened.
    ///
    /// # Errors
    /// When the mark is another user's.
    pub fn clear(folder: &LockFolder, device: &str) -> Result<(), LeaseError> {
        let name = name(device);
        folder.remove(&name);
        match folder.stat(&name) {
            Err(rustix::io::Errno::NOENT) => Ok(()),
            Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Directory => {
                Err(folder.file_error(&name, "it is a folder, and no mark: remove it"))
            }
            Ok(stat) => Err(folder.file_error(
                &name,
                format!("the mark is of user {}: ask them, or root, to reset the device", stat.st_uid),
            )),
            Err(error) => Err(folder.file_error(&name, error)),
        }
    }

    /// Whether the process that could not be killed is there still.
    pub fn is_held(&self) -> bool {
        self.namespace == namespace()
            && self.stuck.is_some_and(|pid| {
                process::start(pid)
                    .is_some_and(|(start, state)| Some(start) == self.stuck_start && state != 'Z')
            })
    }
}

impl std::fmt::Display for Wedged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        let age = Duration::from_secs(now.saturating_sub(self.since));
        write!(f, "{}; marked {} ago by process {} ({}", self.why, seconds(age), self.pid, self.program)?;
        if let Some(test) = &self.test {
            write!(f, ", test {test}")?;
        }
        f.write_str(")")
    }
}

/// What it says is not known, and so it keeps nobody away; that is said once.
fn unreadable<T>(folder: &LockFolder, name: &str, why: &dyn std::fmt::Display) -> Option<T> {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        let place = folder.path().join(name);
        say(format_args!(
            "hailo-harness: the mark {} cannot be read, and means nothing: {why}",
            place.display()
        ));
    });
    None
}

/// A device's mark.
fn name(device: &str) -> String {
    let lock = lock::file_name(device);
    format!("{}{SUFFIX}", lock.strip_suffix(".lock").unwrap_or(&lock))
}

/// The device of a file's name without its end: the way back of [`lock::file_name`].
fn device_of(name: &str) -> Option<String> {
    let mut parts = name.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).ok()
}

/// A reason that can be shown.
fn bounded(why: &str) -> String {
    let line = crate::text::printable::line(why);
    match line.char_indices().nth(1000) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Which start of the machine this is.
fn boot() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_says_who_when_and_why_until_it_is_taken_away() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = LockFolder::at(temporary.path()).unwrap();
        assert_eq!(Wedged::read(&folder, "sim-0000:01:00.0"), None);
        let mark = |why: &str| Wedged::mark(&folder, "sim-0000:01:00.0", "program", why, None).unwrap();
        mark("first");
        mark(&format!("it hangs\n\x1b[2J{}", "x".repeat(5000)));
        let read = Wedged::read(&folder, "sim-0000:01:00.0").unwrap();
        assert_eq!((read.pid, read.program.as_str()), (std::process::id(), "program"));
        let text = read.to_string();
        assert!(text.starts_with("it hangs\\n\\u{1b}[2J") && text.len() < 1300, "{text}");
        assert!(!read.is_held());
        mark_of_other(&folder);
        let all: Vec<String> = Wedged::all(&folder).into_iter().map(|m| m.device).collect();
        assert_eq!(all.len(), 2);
        assert!(all.contains(&"sim-0000:01:00.0".into()) && all.contains(&"a/b%".into()), "{all:?}");
        Wedged::clear(&folder, "a/b%").unwrap();
        let files = std::fs::read_dir(temporary.path()).unwrap();
        let names: Vec<_> = files.map(|f| f.unwrap().file_name()).collect();
        assert_eq!(names, ["sim-0000:01:00.0.wedged"], "nothing half-written");
        Wedged::clear(&folder, "sim-0000:01:00.0").unwrap();
        Wedged::clear(&folder, "sim-0000:01:00.0").unwrap();
        assert_eq!(Wedged::read(&folder, "sim-0000:01:00.0"), None);
    }

    fn mark_of_other(folder: &LockFolder) {
        Wedged::mark(folder, "a/b%", "program", "why", None).unwrap();
    }

    #[test]
    fn a_holder_is_there_until_it_has_ended() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = LockFolder::at(temporary.path()).unwrap();
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        Wedged::mark(&folder, "d", "program", "why", Some(child.id())).unwrap();
        assert!(Wedged::read(&folder, "d").unwrap().is_held());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!Wedged::read(&folder, "d").unwrap().is_held());
    }

    #[test]
    fn garbage_links_and_marks_of_an_earlier_start_are_none() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = LockFolder::at(temporary.path()).unwrap();
        let at = temporary.path().join("d.wedged");
        Wedged::mark(&folder, "d", "program", "why", None).unwrap();
        let text = std::fs::read_to_string(&at).unwrap();
        std::fs::write(&at, text.replace(&boot(), "another")).unwrap();
        assert_eq!(Wedged::read(&folder, "d"), None);
        assert!(!at.exists(), "it is of no use");
        for garbage in ["", "{}", "[1", &"x".repeat(100_000)] {
            std::fs::write(&at, garbage).unwrap();
            assert_eq!(Wedged::read(&folder, "d"), None);
        }
        std::fs::remove_file(&at).unwrap();
        std::fs::write(temporary.path().join("elsewhere"), text).unwrap();
        std::os::unix::fs::symlink("elsewhere", &at).unwrap();
        assert_eq!(Wedged::read(&folder, "d"), None);
    }
}
