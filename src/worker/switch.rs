//! Kills a worker, whoever talks to it just then.

use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::witness::{Testimony, Witness};
use crate::leaks::family::{Family, Member};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process_group, pidfd_open, waitid,
};

/// Kills a worker and its process group from any thread, without waiting for the one that talks to it.
///
/// It never hits a stranger that got the worker's number later: the number is forgotten when the worker is reaped.
#[derive(Clone, Debug)]
pub struct KillSwitch(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// `None` once it was reaped. Locked for system calls only that do not wait.
    group: Mutex<Option<Pid>>,
    /// Tells its end without a handler for SIGCHLD, which belongs to the program. `None` where it had ended before, and
    /// before Linux 5.3.
    pidfd: Option<OwnedFd>,
    /// What it does.
    witness: Witness,
    /// What it started, wherever that has gone.
    family: Family,
    /// The process that started it: a child made by fork has a copy of this, and no right to the worker.
    owner: u32,
}

impl KillSwitch {
    pub(super) fn of(child: &Child, family: Family, witness: Witness) -> Self {
        let pid = Pid::from_raw(child.id() as i32);
        let pidfd = pid.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        Self(Arc::new(Inner { group: Mutex::new(pid), pidfd, witness, family, owner: std::process::id() }))
    }

    /// The worker's process id; `None` once it has ended and was reaped.
    pub fn id(&self) -> Option<u32> {
        let group = self.0.group.lock().unwrap_or_else(PoisonError::into_inner);
        group.map(|pid| pid.as_raw_nonzero().get() as u32)
    }

    /// Kills the worker and everything in its process group, and waits so long for its end. Whether it has ended.
    pub fn kill(&self, patience: Duration) -> bool {
        self.signal(Signal::KILL);
        let ended = self.wait(patience);
        self.end_family();
        ended
    }

    /// What the worker does just now: what it was asked, the call that it is in, and its threads; `None` where it is idle,
    /// or has ended.
    pub fn testify(&self) -> Option<Testimony> {
        let pid = self.id().filter(|_| self.is_owner())?;
        self.0.witness.testify(pid)
    }

    /// What it does.
    pub(super) fn witness(&self) -> &Witness {
        &self.0.witness
    }

    /// What it started carries this mark.
    pub(super) fn family(&self) -> &Family {
        &self.0.family
    }

    /// Kills what it started and what lives on, once it has ended, and answers what that was.
    pub(super) fn end_family(&self) -> Vec<Member> {
        if self.is_owner() { self.0.family.end() } else { Vec::new() }
    }

    /// Whether this process started it.
    pub(super) fn is_owner(&self) -> bool {
        self.0.owner == std::process::id()
    }

    /// Sends a signal to the process group, where it was not reaped yet.
    pub(super) fn signal(&self, signal: Signal) {
        let group = self.0.group.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(group) = group.filter(|_| self.is_owner()) {
            // It may have gone already.
            let _ = kill_process_group(group, signal);
        }
    }

    /// Looks whether it has ended, without waiting: `None` while it lives, else how it ended, where that is known.
    pub(super) fn reap(&self, child: &mut Child) -> Option<Option<ExitStatus>> {
        let mut group = self.0.group.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(leader) = group.filter(|&g| self.is_owner() && has_ended(g)) {
            // What it started may live on. Before it is reaped the group's number cannot be another's.
            let _ = kill_process_group(leader, Signal::KILL);
        }
        // Not asked before: while a diagnosis is taken, a stop of a traced child would be taken for its end.
        if group.is_some_and(|g| !has_gone(g)) {
            return None;
        }
        let ended = match child.try_wait() {
            Ok(None) => return None,
            Ok(status) => status,
            // Somebody else has reaped it, or the kernel did, as the program ignores SIGCHLD.
            Err(_) => None,
        };
        *group = None;
        Some(ended)
    }

    /// Waits at most so long for its end, without reaping it. Whether it has ended.
    pub(super) fn wait(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Some(pidfd) = &self.0.pidfd else {
                let group = *self.0.group.lock().unwrap_or_else(PoisonError::into_inner);
                if group.is_none_or(has_gone) {
                    return true;
                }
                if left.is_zero() {
                    return false;
                }
                std::thread::sleep(left.min(Duration::from_millis(1)));
                continue;
            };
            let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
            match poll(&mut [PollFd::new(pidfd, PollFlags::IN)], Some(&timeout)) {
                Ok(ready) => return ready > 0,
                Err(Errno::INTR) => {}
                Err(_) => return false,
            }
        }
    }
}

/// Whether this child has ended and is there to be reaped.
fn has_ended(child: Pid) -> bool {
    matches!(look(child), Ok(true))
}

/// Whether this child has ended, be it reaped or not.
fn has_gone(child: Pid) -> bool {
    !matches!(look(child), Ok(false))
}

fn look(child: Pid) -> Result<bool, Errno> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let status = rustix::io::retry_on_intr(|| waitid(WaitId::Pid(child), options))?;
    // A stop is seen as well, where it is traced.
    Ok(status.is_some_and(|s| s.exited() || s.killed() || s.dumped()))
}
