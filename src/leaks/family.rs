//! Processes that carry a mark in their environment: what a process started, wherever it has gone.
//!
//! Who calls `setsid` and whose parent ends is no descendant of anybody any more, and in no process group that is known.
//! But the environment is inherited, and the kernel shows what a process was started with.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::{directory, stat};

/// How long those may take that were killed already.
const MOMENT: Duration = Duration::from_millis(50);
/// How long those may take that are killed here.
const UNTIL_GONE: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(1);
/// Bytes of an environment that are read: the mark may be anywhere.
const MOST: usize = 2 << 20;

/// A mark, and the processes that were there before it.
#[derive(Clone, Debug)]
pub struct Family {
    /// `NAME=value`.
    mark: String,
    /// Those that cannot have it; sorted.
    before: Vec<u32>,
}

/// A process that carries the mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its process id.
    pub pid: u32,
    /// Its name.
    pub name: String,
}

impl Family {
    /// Those that are started from now on with this variable in their environment.
    pub fn begin(name: &str, value: &str) -> Self {
        let before = proc().and_then(|proc| all(proc.as_fd())).unwrap_or_default();
        Self { mark: format!("{name}={value}"), before }
    }

    /// The mark's value.
    pub(crate) fn value(&self) -> &str {
        self.mark.split_once('=').map_or("", |(_, value)| value)
    }

    /// `NAME=value`.
    pub(super) fn mark(&self) -> &str {
        &self.mark
    }

    /// Those that live, but for the processes of these ids.
    pub fn members(&self, but: &[u32]) -> Vec<Member> {
        let Ok(proc) = proc() else { return Vec::new() };
        let (mut buffer, mut members) = (Vec::new(), Vec::new());
        for pid in all(proc.as_fd()).unwrap_or_default() {
            if self.before.binary_search(&pid).is_err() && !but.contains(&pid) {
                members.extend(self.member(&proc, pid, &mut buffer));
            }
        }
        members
    }

    fn member(&self, proc: &OwnedFd, pid: u32, buffer: &mut Vec<u8>) -> Option<Member> {
        if !carries(proc.as_fd(), pid, &self.mark, buffer) {
            return None;
        }
        let stat = stat::read(proc.as_fd(), pid, buffer).filter(|s| !s.is_zombie)?;
        Some(Member { pid, name: stat.name })
    }

    /// Kills those that live, and answers who they were. Those that are on their way out, as after their process group
    /// was killed, are given a moment.
    pub fn end(&self) -> Vec<Member> {
        let members = self.left_after(MOMENT);
        if !members.is_empty() {
            self.send(&members, Signal::KILL);
            self.left_after(UNTIL_GONE);
        }
        members
    }

    /// Sends a signal to those that live.
    pub(crate) fn signal(&self, signal: Signal) {
        self.send(&self.members(&[]), signal);
    }

    fn send(&self, members: &[Member], signal: Signal) {
        let (Ok(proc), mut buffer) = (proc(), Vec::new()) else { return };
        for member in members {
            let Some(pid) = Pid::from_raw(member.pid as i32) else { continue };
            let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty()) else { continue };
            // Now that the number cannot be given to another: is it the one that was seen?
            if self.member(&proc, member.pid, &mut buffer).is_some() {
                let _ = pidfd_send_signal(&pidfd, signal);
            }
        }
    }

    /// Those that live on for so long.
    fn left_after(&self, patience: Duration) -> Vec<Member> {
        let until = Instant::now() + patience;
        loop {
            let members = self.members(&[]);
            if members.is_empty() || Instant::now() > until {
                return members;
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// Whether a process was started with this in its environment. What belongs to another user cannot be read.
pub(super) fn carries(proc: BorrowedFd<'_>, pid: u32, mark: &str, buffer: &mut Vec<u8>) -> bool {
    let environment = directory::read(proc, &format!("{pid}/environ"), buffer, MOST);
    environment.is_ok_and(|e| e.split(|&b| b == 0).any(|variable| variable == mark.as_bytes()))
}

/// `/proc`, open.
pub(super) fn proc() -> Result<OwnedFd, Errno> {
    rustix::fs::open("/proc", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// All process ids, sorted.
pub(super) fn all(proc: BorrowedFd<'_>) -> Result<Vec<u32>, Errno> {
    let mut pids = directory::numbers(proc)?;
    pids.sort_unstable();
    Ok(pids)
}
