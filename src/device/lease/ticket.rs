//! A place in the queue: a file that says who waits or holds, alive as long as it is locked.
//!
//! The name is `<arrival>-<pid>-<number>.<state>`: nanoseconds since the machine was started, which all processes of a
//! host read from one clock, and what makes it unique. The state is `new` while the file is written, then `waiting`,
//! then `held<i>` for the i-th device of its list. The content never changes. The lock is on the open file, so that it
//! lasts as long as somebody has a copy of it, the worker included, and does not depend on process ids.

use std::os::fd::OwnedFd;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::fs::{FlockOperation, Stat, fstat};
use rustix::io::Errno;
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use super::error::LeaseError;
use super::folder::LockFolder;
use super::owner::{Owner, shown};
use crate::device::process;

/// The longest content that is read.
const LONGEST: u64 = 4096;
/// A ticket that is still being written after this long is not.
const UNFINISHED: Duration = Duration::from_secs(10);

/// What a contender writes of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Content {
    pid: u32,
    /// When the process started, in ticks since the machine was: with the pid, it names a process for good.
    start: u64,
    /// The namespace that the pid is of.
    namespace: u64,
    program: String,
    test: Option<String>,
    /// The devices that it can use.
    devices: Vec<String>,
}

/// Waiting, or holding the device of this index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Waiting,
    Held(usize),
}

impl State {
    fn suffix(self) -> String {
        match self {
            Self::Waiting => "waiting".into(),
            Self::Held(index) => format!("held{index}"),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("held") {
            None => (text == "waiting").then_some(Self::Waiting),
            Some(index) => index.parse().ok().map(Self::Held),
        }
    }
}

/// Nanoseconds since the machine was started.
fn now() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

/// A ticket of this process. It is gone when this is dropped.
#[derive(Debug)]
pub(super) struct Ticket {
    folder: LockFolder,
    stem: String,
    state: State,
    fd: OwnedFd,
    /// The process that took it: a child made by fork has a copy of this, and no right to it.
    process: u32,
    /// Whether the file stays.
    is_left: bool,
}

impl Ticket {
    /// Takes a place at the end of the queue for any of these devices.
    pub(super) fn take(folder: &LockFolder, devices: &[String], program: &str) -> Result<Self, LeaseError> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let process = std::process::id();
        let content = Content {
            pid: process,
            start: process::start(process).map_or(0, |(start, _)| start),
            namespace: namespace(),
            program: shown(program),
            test: test_name().map(|t| shown(&t)),
            devices: devices.to_vec(),
        };
        let bytes = serde_json::to_vec(&content).map_err(|e| folder.file_error("", e))?;
        let stem = format!("{:020}-{process}-{}", now(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let new = format!("{stem}.new");
        let fail = |e: Errno| {
            folder.remove(&new);
            folder.file_error(&new, e)
        };
        let fd = folder.create_file(&new).map_err(|e| folder.file_error(&new, e))?;
        // Nobody looks at a ticket before it has its final name, locked and whole.
        rustix::io::retry_on_intr(|| rustix::fs::flock(&fd, FlockOperation::LockExclusive)).map_err(fail)?;
        let mut left = &bytes[..];
        while !left.is_empty() {
            let written = rustix::io::retry_on_intr(|| rustix::io::write(&fd, left)).map_err(fail)?;
            left = &left[written..];
        }
        let ticket =
            Self { folder: folder.clone(), stem, state: State::Waiting, fd, process, is_left: false };
        rustix::fs::renameat(folder.fd(), &*new, folder.fd(), &*ticket.name()).map_err(fail)?;
        Ok(ticket)
    }

    /// Says that the device of this index is held now.
    pub(super) fn hold(&mut self, index: usize) -> Result<(), LeaseError> {
        let before = self.name();
        let state = std::mem::replace(&mut self.state, State::Held(index));
        rustix::fs::renameat(self.folder.fd(), &*before, self.folder.fd(), &*self.name()).map_err(|e| {
            self.state = state;
            self.folder.file_error(&before, e)
        })
    }

    pub(super) fn stem(&self) -> &str {
        &self.stem
    }

    pub(super) fn fd(&self) -> &OwnedFd {
        &self.fd
    }

    /// Removes the file before the device is given back: whoever is told that it went finds nobody's name.
    pub(super) fn withdraw(&mut self) {
        if self.process == std::process::id() && !self.is_left {
            self.folder.remove(&self.name());
            self.is_left = true;
        }
    }

    /// Leaves the file to those that have copies of it: it is not removed with this.
    pub(super) fn leave(&mut self) {
        self.is_left = true;
    }

    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.stem, self.state.suffix())
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.withdraw();
    }
}

/// The ticket of somebody who lives.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) stem: String,
    pub(super) state: State,
    pub(super) devices: Vec<String>,
    pub(super) owner: Owner,
}

impl Entry {
    /// Reads the ticket of this name. `None` for what is no ticket, cannot be read, or belongs to nobody any more; that
    /// is removed, where that is allowed.
    pub(super) fn read(folder: &LockFolder, name: &str) -> Option<Self> {
        let (stem, suffix) = name.rsplit_once('.')?;
        let arrival = arrival(stem)?;
        if suffix == "new" {
            // Being written, or left behind by somebody who was killed while writing.
            let fd = folder.open_file(name).ok()?;
            if age(&fstat(&fd).ok()?) > UNFINISHED && is_dead(&fd) {
                folder.remove(name);
            }
            return None;
        }
        let state = State::parse(suffix)?;
        let fd = folder.open_file(name).ok()?;
        if is_dead(&fd) {
            folder.remove(name);
            return None;
        }
        let stat = fstat(&fd).ok()?;
        if u64::try_from(stat.st_size).ok()? > LONGEST {
            return None;
        }
        let mut bytes = vec![0; LONGEST as usize];
        let length = rustix::io::pread(&fd, &mut bytes, 0).ok()?;
        let content: Content = serde_json::from_slice(&bytes[..length]).ok()?;
        let waited = match state {
            State::Waiting => Duration::from_nanos(now().saturating_sub(arrival)),
            // The name changed when the device was taken: the kernel knows when.
            State::Held(_) => age(&stat),
        };
        let (stopped, orphaned) = match process::start(content.pid) {
            // Its pid means nothing here.
            _ if content.namespace != namespace() => (false, false),
            Some((start, state)) if start == content.start => (matches!(state, 'T' | 't'), state == 'Z'),
            _ => (false, true),
        };
        let owner = Owner {
            pid: content.pid,
            uid: stat.st_uid,
            program: shown(&content.program),
            test: content.test.as_deref().map(shown),
            seconds: Some(waited.as_secs_f64()),
            stopped,
            orphaned,
            left: Vec::new(),
        };
        Some(Self { stem: stem.into(), state, devices: content.devices, owner })
    }

    /// Its file's name.
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.stem, self.state.suffix())
    }

    /// The device that it holds.
    pub(super) fn holds(&self) -> Option<&str> {
        match self.state {
            State::Waiting => None,
            State::Held(index) => self.devices.get(index).map(String::as_str),
        }
    }
}

/// The time of arrival in a ticket's name, where it is one.
pub(super) fn arrival(stem: &str) -> Option<u64> {
    let mut parts = stem.split('-');
    let (time, pid, number) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if time.len() != 20 || !digits(time) || !digits(pid) || !digits(number) || parts.next().is_some() {
        return None;
    }
    time.parse().ok()
}

/// Whether nobody holds the ticket's lock.
fn is_dead(fd: &OwnedFd) -> bool {
    // Let go of with the file.
    rustix::fs::flock(fd, FlockOperation::NonBlockingLockShared).is_ok()
}

/// How long ago the file's name, owner or content changed.
fn age(stat: &Stat) -> Duration {
    let now = clock_gettime(ClockId::Realtime);
    let then = Duration::new(
        u64::try_from(stat.st_ctime).unwrap_or(0),
        u32::try_from(stat.st_ctime_nsec).unwrap_or(0),
    );
    let now = Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0));
    now.saturating_sub(then)
}

/// The namespace of this process's pids; 0 where it is not known.
pub(super) fn namespace() -> u64 {
    use std::os::unix::fs::MetadataExt;
    static NAMESPACE: OnceLock<u64> = OnceLock::new();
    *NAMESPACE.get_or_init(|| std::fs::metadata("/proc/self/ns/pid").map_or(0, |m| m.ino()))
}

/// The test that runs on this thread, where it is one.
pub(super) fn test_name() -> Option<String> {
    let thread = std::thread::current().name().filter(|n| *n != "main").map(str::to_owned);
    std::env::var("NEXTEST_TEST_NAME").ok().or(thread)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn devices() -> Vec<String> {
        vec!["a".into(), "b".into()]
    }

    fn names(folder: &LockFolder) -> Vec<String> {
        folder
            .names()
            .unwrap()
            .iter()
            .filter_map(|n| n.to_str())
            .filter(|n| arrival(n.split('.').next().unwrap()).is_some())
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn it_says_who_waits_and_holds_and_is_gone_with_its_owner() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = LockFolder::at(temporary.path()).unwrap();
        let mut ticket = Ticket::take(&folder, &devices(), "program").unwrap();
        let entry = Entry::read(&folder, &ticket.name()).unwrap();
        assert_eq!((entry.state, entry.holds(), &entry.devices), (State::Waiting, None, &devices()));
        assert_eq!((entry.owner.pid, entry.owner.program.as_str()), (std::process::id(), "program"));
        assert!(!entry.owner.orphaned && !entry.owner.stopped && entry.owner.seconds.unwrap() < 60.0);
        ticket.hold(1).unwrap();
        let entry = Entry::read(&folder, &ticket.name()).unwrap();
        assert_eq!(entry.holds(), Some("b"));
        drop(ticket);
        assert_eq!(names(&folder), Vec::<String>::new());
    }

    #[test]
    fn what_a_dead_owner_left_is_removed() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = LockFolder::at(temporary.path()).unwrap();
        let ticket = Ticket::take(&folder, &devices(), "program").unwrap();
        let name = ticket.name();
        // As if the process had been killed: the lock goes, the file stays.
        rustix::fs::flock(&ticket.fd, FlockOperation::Unlock).unwrap();
        std::mem::forget(ticket);
        assert!(Entry::read(&folder, &name).is_none());
        assert_eq!(names(&folder), Vec::<String>::new());
    }

    #[test]
    fn foreign_files_are_no_tickets_and_stay() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = LockFolder::at(temporary.path()).unwrap();
        let good = "00000000000000000001-1-1.waiting";
        for (name, content) in [
            (good, "garbage".to_owned()),
            ("00000000000000000002-1-1.held0", "x".repeat(100_000)),
            ("README.waiting", "{}".into()),
            ("1-1-1.waiting", "{}".into()),
        ] {
            std::fs::write(temporary.path().join(name), &content).unwrap();
            let file = std::fs::File::open(temporary.path().join(name)).unwrap();
            rustix::fs::flock(&file, FlockOperation::LockExclusive).unwrap();
            assert!(Entry::read(&folder, name).is_none(), "{name}");
            assert_eq!(std::fs::read_to_string(temporary.path().join(name)).unwrap(), content);
        }
        assert!(Entry::read(&folder, "nothing").is_none());
    }
}
