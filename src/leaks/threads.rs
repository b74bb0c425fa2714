//! The threads of a process.

use std::os::fd::{AsFd, BorrowedFd};

use rustix::io::Errno;

use super::{directory, stat};

/// A thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Thread {
    pub(super) tid: u32,
    pub(super) name: String,
}

/// The numbers of all threads, sorted, and what those are that are not among the known ones and began since that time.
///
/// A number that was given to another thread since would be taken for the old one: the kernel goes through all its
/// numbers, some millions, before that. Reading each thread's time of start would make a census four times as long.
pub(super) fn list(
    process: BorrowedFd<'_>,
    known: Option<(&[u32], u64)>,
    buffer: &mut Vec<u8>,
) -> Result<(Vec<u32>, Vec<Thread>), Errno> {
    let tasks = directory::open(process, "task")?;
    let mut tids = directory::numbers(tasks.as_fd())?;
    tids.sort_unstable();
    let Some((known, since)) = known else { return Ok((tids, Vec::new())) };
    let new = tids.iter().filter(|tid| known.binary_search(tid).is_err());
    // One that cannot be read has ended meanwhile, as has a zombie.
    let threads = new.filter_map(|&tid| {
        let stat = stat::read(tasks.as_fd(), tid, buffer)?;
        // The list before may have missed one, as it does where another ends just then: what is older was there.
        (!stat.is_zombie && stat.start + 1 >= since).then_some(Thread { tid, name: stat.name })
    });
    let threads = threads.collect();
    Ok((tids, threads))
}
