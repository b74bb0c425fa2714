//! Which call of HailoRT each thread is in, and since when, to be read by another process.
//!
//! A call that hangs tells nobody anything, and what a process keeps in its own memory goes with it. So each call is
//! written down before it is made, in a memory file that the parent has open, too: there it can be read while the
//! process hangs, when it has crashed, and after it was killed. Entries are written and read with system calls; no
//! memory is shared, and nothing that the other side does can fault.

use std::cell::Cell;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::text::printable;

/// Threads that are written down; those that come later are not.
const THREADS: u64 = 64;
/// Bytes of an entry: thread, whether it is in a call, since when, call, object, checksum.
const ENTRY: usize = 128;
const SINCE: usize = 8;
const CALL: usize = 16;
const OBJECT: usize = 64;
const CHECKSUM: usize = ENTRY - 8;
/// How often an entry is read that is being written just then.
const TRIES: usize = 20;

/// A call of HailoRT that a thread is in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallInProgress {
    /// The thread's id.
    pub tid: u32,
    /// The call.
    pub call: String,
    /// What it is about: a file, a vstream; may be empty.
    pub object: String,
    /// For how many seconds it has been in the call.
    pub seconds: f64,
}

impl std::fmt::Display for CallInProgress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.call)?;
        if !self.object.is_empty() {
            write!(f, " ({})", self.object)?;
        }
        write!(f, " since {:.2} s, on thread {}", self.seconds, self.tid)
    }
}

/// The file in which calls are written down.
#[derive(Debug)]
pub struct Board(File);

impl Board {
    /// An empty one.
    ///
    /// # Errors
    /// When the system has no memory file to give.
    pub fn new() -> std::io::Result<Self> {
        let file = rustix::fs::memfd_create(c"hailo-calls", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        rustix::fs::ftruncate(&file, THREADS * ENTRY as u64)?;
        // Its size is what both sides rely on.
        rustix::fs::fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        Ok(Self(file.into()))
    }

    /// The open file.
    pub(crate) fn file(&self) -> &File {
        &self.0
    }

    /// The calls that threads are in, those that have been for longest first.
    pub fn calls(&self) -> Vec<CallInProgress> {
        let now = now();
        let mut calls: Vec<CallInProgress> = (0..THREADS)
            .filter_map(|slot| read(&self.0, slot).filter(|e| e.is_in_call)?.shown(now))
            .collect();
        calls.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
        calls
    }
}

/// The file of this process, where it was given one.
static BOARD: OnceLock<File> = OnceLock::new();

/// From now on this process writes its calls down in this file. The first file counts.
pub(crate) fn install(file: OwnedFd) {
    let _ = BOARD.set(file.into());
}

/// A call that is written down as long as this lives.
#[derive(Debug)]
pub(super) struct Recorded(Option<(&'static File, u64)>);

/// This thread begins a call.
pub(super) fn enter(call: &'static str, object: &str) -> Recorded {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static SLOT: Cell<Option<u64>> = const { Cell::new(None) };
    }
    let Some(board) = BOARD.get() else { return Recorded(None) };
    let slot = SLOT.get().unwrap_or_else(|| {
        let slot = NEXT.fetch_add(1, Ordering::Relaxed);
        SLOT.set(Some(slot));
        slot
    });
    if slot >= THREADS {
        return Recorded(None);
    }
    write(board, slot, &entry(true, call, object));
    Recorded(Some((board, slot)))
}

impl Drop for Recorded {
    fn drop(&mut self) {
        if let Some((board, slot)) = self.0 {
            write(board, slot, &entry(false, "", ""));
        }
    }
}

fn entry(is_in_call: bool, call: &str, object: &str) -> [u8; ENTRY] {
    let mut entry = [0; ENTRY];
    let tid = rustix::thread::gettid().as_raw_nonzero().get() as u32;
    entry[..4].copy_from_slice(&tid.to_le_bytes());
    entry[4] = is_in_call.into();
    entry[SINCE..CALL].copy_from_slice(&now().to_le_bytes());
    // The end of what is too long says more than its beginning: a path's file, a vstream's layer.
    let call = &call.as_bytes()[..call.len().min(OBJECT - CALL)];
    let object = &object.as_bytes()[object.len().saturating_sub(CHECKSUM - OBJECT)..];
    entry[CALL..][..call.len()].copy_from_slice(call);
    entry[OBJECT..][..object.len()].copy_from_slice(object);
    let sum = checksum(&entry[..CHECKSUM]).to_le_bytes();
    entry[CHECKSUM..].copy_from_slice(&sum);
    entry
}

fn write(board: &File, slot: u64, entry: &[u8; ENTRY]) {
    // What cannot be written down is missing in a diagnosis; the call goes on.
    let _ = board.write_all_at(entry, slot * ENTRY as u64);
}

/// An entry as it was read.
struct Read {
    is_in_call: bool,
    tid: u32,
    since: u64,
    call: String,
    object: String,
}

fn read(board: &File, slot: u64) -> Option<Read> {
    let mut entry = [0; ENTRY];
    for _ in 0..TRIES {
        board.read_exact_at(&mut entry, slot * ENTRY as u64).ok()?;
        if entry[CHECKSUM..] == checksum(&entry[..CHECKSUM]).to_le_bytes() {
            let text = |bytes: &[u8]| {
                let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
                printable::line(&String::from_utf8_lossy(&bytes[..end]))
            };
            return Some(Read {
                is_in_call: entry[4] == 1,
                tid: u32::from_le_bytes([entry[0], entry[1], entry[2], entry[3]]),
                since: u64::from_le_bytes(entry[SINCE..CALL].try_into().ok()?),
                call: text(&entry[CALL..OBJECT]),
                object: match entry[OBJECT..CHECKSUM].contains(&0) {
                    true => text(&entry[OBJECT..CHECKSUM]),
                    // Its begin is cut off.
                    false => format!("…{}", text(&entry[OBJECT..CHECKSUM])),
                },
            });
        }
        // Nobody has written here yet, or somebody does just now.
        if entry == [0; ENTRY] {
            return None;
        }
    }
    None
}

impl Read {
    fn shown(self, now: u64) -> Option<CallInProgress> {
        let seconds = Duration::from_nanos(now.saturating_sub(self.since)).as_secs_f64();
        Some(CallInProgress { tid: self.tid, call: self.call, object: self.object, seconds })
    }
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo): tells an entry that was half written from a whole one.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// Nanoseconds of the clock that all processes share.
fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    u64::try_from(now.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_in_progress_are_seen_by_whoever_has_the_file() {
        let board = Board::new().unwrap();
        assert_eq!(board.calls(), []);
        let _ = BOARD.set(board.file().try_clone().unwrap());
        let recorded = enter("hailo_vstream_read_raw_buffer", "encoder/output");
        let inner = std::thread::scope(|s| {
            s.spawn(|| {
                let _recorded = enter("hailo_identify", &format!("{}\x1b[2J/é.hef", "x".repeat(100)));
                board.calls()
            })
            .join()
            .unwrap()
        });
        assert_eq!(inner.len(), 2, "{inner:?}");
        assert_eq!(
            (inner[0].call.as_str(), inner[0].object.as_str()),
            ("hailo_vstream_read_raw_buffer", "encoder/output")
        );
        assert!(inner[1].object.ends_with("/é.hef") && !inner[1].object.contains('\x1b'), "{inner:?}");
        assert_eq!(board.calls().len(), 1);
        drop(recorded);
        assert_eq!(board.calls(), []);
    }

    #[test]
    fn what_is_half_written_or_garbage_is_no_call() {
        let board = Board::new().unwrap();
        let mut whole = entry(true, "hailo_identify", "");
        whole[CALL] ^= 1;
        board.file().write_all_at(&whole, 0).unwrap();
        board.file().write_all_at(&[0xff; ENTRY], ENTRY as u64).unwrap();
        assert_eq!(board.calls(), []);
        assert!(board.file().set_len(0).is_err(), "its size is sealed");
    }

    #[test]
    fn entries_that_change_while_they_are_read_are_whole() {
        let board = Board::new().unwrap();
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|s| {
            s.spawn(|| {
                for i in 0..20_000 {
                    let name = if i % 2 == 0 { "hailo_identify" } else { "hailo_vstream_read_raw_buffer" };
                    write(board.file(), 0, &entry(true, name, name));
                }
                done.store(true, Ordering::SeqCst);
            });
            while !done.load(Ordering::SeqCst) {
                for call in board.calls() {
                    assert_eq!(call.call, call.object);
                }
            }
        });
    }
}
