//! The processes that a process started, over however many steps, wherever they have gone.
//!
//! Only processes that were not there before can be: so those alone are looked at, and no list of children is needed,
//! which not every kernel has.

use std::collections::BTreeMap;
use std::os::fd::BorrowedFd;

use super::family;
use super::stat::{self, Stat};

/// A process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) name: String,
    /// Whether it has ended, and was not waited for.
    pub(super) is_zombie: bool,
    /// Whether it is a child of nobody that is known: it was sent away.
    pub(super) is_away: bool,
}

/// Those of these processes that descend from this one, or carry its mark.
pub(super) fn among(
    proc: BorrowedFd<'_>,
    new: &[u32],
    ancestor: u32,
    mark: Option<&str>,
    buffer: &mut Vec<u8>,
) -> Vec<Process> {
    let read = |&pid: &u32| Some((pid, stat::read(proc, pid, &mut Vec::new())?));
    let all: BTreeMap<u32, Stat> = new.iter().filter_map(read).collect();
    let descends = |mut pid: u32| {
        // Deeper than trees of processes are.
        for _ in 0..64 {
            match all.get(&pid) {
                Some(stat) if stat.parent == ancestor => return true,
                Some(stat) => pid = stat.parent,
                None => return false,
            }
        }
        false
    };
    let mut found = Vec::new();
    for (&pid, stat) in all.iter().filter(|(pid, _)| **pid != ancestor) {
        let descends = descends(pid);
        let is_away = !descends
            && mark.is_some_and(|m| !stat.is_zombie && family::carries(proc, pid, m, buffer))
            && !mark.is_some_and(|m| is_of_another(proc, &all, stat.parent, ancestor, m, buffer));
        if descends || is_away {
            found.push(Process { pid, name: stat.name.clone(), is_zombie: stat.is_zombie, is_away });
        }
    }
    found
}

/// Whether the first ancestor that is not new has this mark itself, and is not the one that is looked at: a server that
/// was started before.
fn is_of_another(
    proc: BorrowedFd<'_>,
    new: &BTreeMap<u32, Stat>,
    mut parent: u32,
    ancestor: u32,
    mark: &str,
    buffer: &mut Vec<u8>,
) -> bool {
    for _ in 0..64 {
        match new.get(&parent) {
            Some(stat) => parent = stat.parent,
            None => return parent != ancestor && family::carries(proc, parent, mark, buffer),
        }
    }
    false
}
