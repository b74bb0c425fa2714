//! Every handle that was made and not released: what it is, and where it was made.
//!
//! The library does not tell which handles are open, and one that is forgotten keeps the device. So each is entered
//! when it is made and taken out when its release succeeded; what is left has leaked.

use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

use serde::{Deserialize, Serialize};

use super::error::HailoError;

/// A handle that was made and not released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenHandle {
    /// `vdevice`, `device`, `hef`, `input vstream` or `output vstream`.
    pub kind: String,
    /// What it is of: an address, a file, a vstream's name.
    pub of: String,
    /// Where it was made: file and line.
    pub made_at: String,
    /// What its release answered, where it was tried.
    pub release: Option<String>,
}

struct Entry {
    kind: &'static str,
    of: String,
    made_at: &'static Location<'static>,
    /// The thread that made it.
    thread: ThreadId,
    release: Option<String>,
}

/// Numbers are never used again: whoever remembers one means that handle.
static NEXT: AtomicU64 = AtomicU64::new(0);
static OPEN: Mutex<BTreeMap<u64, Entry>> = Mutex::new(BTreeMap::new());

fn open() -> MutexGuard<'static, BTreeMap<u64, Entry>> {
    // Each change is a single step: a panic elsewhere leaves a valid list.
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The handles that were made and not released, in the order in which they were made.
pub fn open_handles() -> Vec<OpenHandle> {
    open().values().map(Entry::shown).collect()
}

/// The numbers of the handles that are open.
pub(crate) fn numbers() -> Vec<u64> {
    open().keys().copied().collect()
}

/// The handles that are open and have none of these numbers; where it is asked for, only those that this thread made.
pub(crate) fn open_handles_but(numbers: &[u64], of_this_thread: bool) -> Vec<OpenHandle> {
    let this = std::thread::current().id();
    let open = open();
    let new = open.iter().filter(|(number, _)| !numbers.contains(number));
    new.filter(|(_, entry)| !of_this_thread || entry.thread == this).map(|(_, entry)| entry.shown()).collect()
}

impl Entry {
    fn shown(&self) -> OpenHandle {
        OpenHandle {
            kind: self.kind.into(),
            of: self.of.clone(),
            made_at: format!("{}:{}", self.made_at.file(), self.made_at.line()),
            release: self.release.clone(),
        }
    }
}

/// A handle's place in the list. Dropping it leaves the handle there.
#[derive(Debug)]
pub(super) struct Made(u64);

/// A handle was made.
pub(super) fn made(kind: &'static str, of: &str, made_at: &'static Location<'static>) -> Made {
    let mut open = open();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    open.insert(
        number,
        Entry { kind, of: of.into(), made_at, thread: std::thread::current().id(), release: None },
    );
    Made(number)
}

impl Made {
    /// Its release was tried: it is gone, or stays with what the library said.
    pub(super) fn released(&self, result: &Result<(), HailoError>) {
        let mut open = open();
        match result {
            Ok(()) => _ = open.remove(&self.0),
            Err(error) => {
                if let Some(entry) = open.get_mut(&self.0) {
                    entry.release = Some(error.to_string());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_and_not_released_stays_with_its_place() {
        let of = |name: &str| open_handles().into_iter().filter(|h| h.of == name).collect::<Vec<_>>();
        let first = made("hef", "ledger-test-a", Location::caller());
        let second = made("device", "ledger-test-b", Location::caller());
        assert!(of("ledger-test-a")[0].made_at.contains("ledger.rs:"), "{:?}", of("ledger-test-a"));
        first.released(&Ok(()));
        assert_eq!(of("ledger-test-a"), []);
        second.released(&HailoError::check("hailo_release_device", "", 8));
        let left = of("ledger-test-b");
        assert!(left[0].release.as_ref().unwrap().contains("hailo_release_device"), "{left:?}");
        second.released(&Ok(()));
        assert_eq!(of("ledger-test-b"), []);
    }
}
