//! Who holds what, who waits, in order of arrival.

use super::error::LeaseError;
use super::folder::LockFolder;
use super::owner::{Owner, shown};
use super::ticket::{Entry, State};
use super::{lock, nested};
use crate::device::{Holders, Node};

/// The queue at one moment: the tickets of all who live.
#[derive(Clone, Debug)]
pub struct Queue {
    /// In order of arrival.
    entries: Vec<Entry>,
    folder: LockFolder,
}

impl Queue {
    /// Reads the queue, and removes tickets of the dead.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn read(folder: &LockFolder) -> Result<Self, LeaseError> {
        let names = folder.names()?;
        let mut entries: Vec<Entry> =
            names.iter().filter_map(|name| Entry::read(folder, name.to_str()?)).collect();
        entries.sort_by(|a, b| a.stem.cmp(&b.stem));
        let queue = Self { entries, folder: folder.clone() };
        // Locks that were made under a lease which has ended.
        let names: Vec<&str> = names.iter().filter_map(|n| n.to_str()).collect();
        let has_ticket =
            |stem: &str| names.iter().any(|n| n.strip_prefix(stem).is_some_and(|r| r.starts_with('.')));
        for name in &names {
            if nested::holder(name).is_some_and(|stem| !has_ticket(stem)) && lock::is_free(folder, name) {
                folder.remove(name);
            }
        }
        Ok(queue)
    }

    /// Who holds this device, where somebody does. Whoever holds its lock without a ticket (a script with a plain
    /// `flock`) is known by process id at most.
    pub fn owner(&self, device: &str) -> Option<Owner> {
        let entry =
            self.entries.iter().find(|e| e.holds().is_some_and(|held| nested::is_within(held, device)));
        entry.map(|e| self.with_left(e)).or_else(|| {
            let pid = lock::holder(&self.folder, device)??;
            Some(Owner {
                pid,
                uid: owner_of_process(pid)?,
                program: program_of(pid),
                test: None,
                seconds: None,
                stopped: false,
                orphaned: false,
                left: Vec::new(),
            })
        })
    }

    /// The owner; where the program has ended, with those that have copies of its ticket.
    fn with_left(&self, entry: &Entry) -> Owner {
        let mut owner = entry.owner.clone();
        if owner.orphaned {
            let ticket = Node::File(self.folder.path().join(entry.name()));
            let holders = Holders::look(&[ticket], &[]).found;
            owner.left = holders.iter().map(|h| format!("{} ({})", shown(&h.program), h.pid)).collect();
        }
        owner
    }

    /// Those who wait for this device, among others perhaps, in order of arrival.
    pub fn waiting(&self, device: &str) -> Vec<Owner> {
        let wants = |e: &&Entry| e.state == State::Waiting && e.devices.iter().any(|d| d == device);
        self.entries.iter().filter(wants).map(|e| e.owner.clone()).collect()
    }

    /// Who came before this ticket, waits for this device, and can take it: one that is stopped cannot.
    pub(super) fn before(&self, stem: &str, device: &str) -> usize {
        let comes_first = |e: &&Entry| {
            e.state == State::Waiting
                && e.stem.as_str() < stem
                && !e.owner.stopped
                && !e.owner.orphaned
                && e.devices.iter().any(|d| d == device)
        };
        self.entries.iter().filter(comes_first).count()
    }

    /// Whether somebody's ticket holds this device, or something runs under a lease of it.
    pub(super) fn is_held(&self, device: &str) -> bool {
        self.entries.iter().any(|e| e.holds().is_some_and(|held| nested::is_within(held, device)))
    }

    /// The process that the ticket of this stem names, where it holds this device.
    pub(super) fn holder(&self, stem: &str, device: &str) -> Option<u32> {
        let entry = self.entries.iter().find(|e| e.stem == stem && e.holds() == Some(device));
        entry.map(|e| e.owner.pid)
    }

    /// The folder that it was read from.
    pub(super) fn folder(&self) -> &LockFolder {
        &self.folder
    }
}

fn owner_of_process(pid: u32) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(format!("/proc/{pid}")).ok().map(|m| m.uid())
}

fn program_of(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim_end().to_owned()
}
