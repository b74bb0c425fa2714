//! What a process has at one moment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;

use rustix::io::Errno;

use super::children::Process;
use super::family::{self, Family};
use super::fds::Fd;
use super::stat;
use super::status::Signals;
use super::threads::Thread;
use super::{children, directory, environment, fds, files, maps, status, threads};

/// What a census covers.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// A folder that is the process's own: what is in it are its files.
    pub folder: Option<PathBuf>,
    /// What it started carries this mark.
    pub family: Option<Family>,
    /// Processes that are no leaks: workers.
    pub but: Vec<u32>,
    /// Files that it was given, by device and inode: to have them open is no leak.
    pub given: Vec<(u64, u64)>,
}

/// Why there is no census.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CensusError {
    /// The process has ended.
    #[error("process {pid} has ended")]
    Gone {
        /// Its process id.
        pid: u32,
    },
    /// It cannot be looked at.
    #[error("process {pid} cannot be looked at: {why}")]
    Unreadable {
        /// Its process id.
        pid: u32,
        /// What the system said.
        why: String,
    },
}

/// What a process has at one moment.
#[derive(Clone, Debug)]
pub struct Census {
    scope: Scope,
    pid: u32,
    /// When it was taken, in ticks since the machine was started.
    at: u64,
    /// All processes of the host, sorted.
    pids: Vec<u32>,
    /// All its threads, sorted.
    tids: Vec<u32>,
    /// Threads that were not there at the census before.
    pub(super) threads: Vec<Thread>,
    pub(super) fds: Vec<Fd>,
    /// Device and inode of those that are files: of all at first, then of those that were not there before.
    pub(super) file_ids: BTreeMap<u32, (u64, u64)>,
    /// What it started since the census before.
    pub(super) children: Vec<Process>,
    pub(super) maps: BTreeMap<String, u32>,
    pub(super) signals: Signals,
    /// Of this process alone.
    pub(super) environment: Option<BTreeMap<OsString, u64>>,
    pub(super) directory: String,
    pub(super) directory_id: Option<(u64, u64)>,
    pub(super) files: Vec<String>,
}

impl Census {
    /// Takes the first census of a process; of this one, with the names of its environment.
    ///
    /// # Errors
    /// When it has ended, or is another user's.
    pub fn of(pid: u32, scope: Scope) -> Result<Self, CensusError> {
        Self::take(pid, scope, None).map_err(|e| error(pid, e))
    }

    /// Takes another census of the same process, to be compared with this one.
    ///
    /// # Errors
    /// When it has ended.
    pub fn again(&self) -> Result<Self, CensusError> {
        Self::take(self.pid, self.scope.clone(), Some(self)).map_err(|e| error(self.pid, e))
    }

    /// From now on, to have these files open is no leak.
    ///
    /// # Errors
    /// When they are no open files.
    pub fn give(&mut self, files: &[BorrowedFd<'_>]) -> std::io::Result<()> {
        for file in files {
            let stat = rustix::fs::fstat(file)?;
            self.scope.given.push((stat.st_dev, stat.st_ino));
        }
        Ok(())
    }

    fn take(pid: u32, scope: Scope, before: Option<&Self>) -> Result<Self, Errno> {
        let (own, at) = (pid == std::process::id(), stat::now());
        let mut buffer = Vec::new();
        // Closed before the open files are counted, but for the process's own folder, which is left out.
        let proc = family::proc()?;
        let process = directory::open(&proc, &pid.to_string())?;
        let pids = family::all(proc.as_fd())?;
        let children = before.map_or_else(Vec::new, |before| {
            let is_new = |p: &u32| before.pids.binary_search(p).is_err() && !scope.but.contains(p);
            let new: Vec<u32> = pids.iter().copied().filter(is_new).collect();
            let mark = scope.family.as_ref().map(Family::mark);
            children::among(proc.as_fd(), &new, pid, mark, &mut buffer)
        });
        drop(proc);
        let mut fds = fds::list(process.as_fd(), own)?;
        if let Some(before) = before {
            fds::leave_out(&mut fds, process.as_fd(), &before.fds, &scope.given);
        }
        let old = before.map_or(&[][..], |b| &b.fds);
        let file_ids = fds::ids(&fds, process.as_fd(), old);
        let known = before.map(|b| (b.tids.as_slice(), b.at));
        let (tids, threads) = threads::list(process.as_fd(), known, &mut buffer)?;
        Ok(Self {
            pid,
            at,
            pids,
            tids,
            threads,
            fds,
            file_ids,
            children,
            maps: maps::list(process.as_fd(), &mut buffer)?,
            signals: status::signals(process.as_fd(), &mut buffer)?,
            environment: own.then(environment::list),
            directory_id: fds::id(process.as_fd(), "cwd"),
            directory: rustix::fs::readlinkat(&process, "cwd", Vec::new())?.to_string_lossy().into_owned(),
            files: scope.folder.as_deref().map(files::list).unwrap_or_default(),
            scope,
        })
    }
}

fn error(pid: u32, error: Errno) -> CensusError {
    match error {
        Errno::NOENT | Errno::SRCH => CensusError::Gone { pid },
        error => CensusError::Unreadable { pid, why: error.to_string() },
    }
}
