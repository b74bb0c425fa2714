//! What callers did wrong.
//!
//! In the real library a stale handle is undefined behaviour, and a wrong order a use after free or a hang. Here each
//! mistake is an answer, one line on standard error the first time, and a record that programs can read:
//!
//! ```text
//! hailort-sim: misuse: hailo_release_hef: HEF 0x1020: released before
//! ```

use std::cell::Cell;
use std::fmt::{Display, Formatter, Result as FmtResult};
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most different mistakes that are kept apart; further ones are counted in the last.
const MOST: usize = 1000;

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wrong {
    /// NULL stands where something has to be.
    Null,
    /// No handle that was ever given out.
    NoHandle,
    /// A handle of something else.
    OtherKind {
        /// What it is.
        is: &'static str,
    },
    /// A second release.
    ReleasedBefore,
    /// Use after release, or after the release of what it belongs to.
    UsedAfterRelease,
    /// A release while another thread is in a call for the same object.
    ReleasedInUse,
    /// A release before that of what belongs to it: a use after free in the real library.
    ReleasedTooEarly {
        /// How many vstreams were left.
        vstreams: usize,
    },
    /// An input released with frames that wait for somebody to read outputs, without a shutdown of its network group:
    /// the real library waits the timeout of the vstream for each.
    UnreadFrames {
        /// How many of its frames.
        frames: u64,
    },
    /// A buffer of another size than the frame.
    Size {
        /// Bytes of the buffer.
        given: usize,
        /// Bytes of the frame.
        wanted: usize,
    },
    /// A release of what belongs to something else, and goes with it.
    NotTheCallers,
    /// A child made by plain fork uses what its parent made: the threads of the library are not there.
    Forked {
        /// The process that made it.
        made_by: u32,
    },
}

impl Display for Wrong {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        match self {
            Self::Null => f.write_str("is NULL"),
            Self::NoHandle => f.write_str("was never given out"),
            Self::OtherKind { is } => write!(f, "is a handle of another kind: {is}"),
            Self::ReleasedBefore => f.write_str("released before"),
            Self::UsedAfterRelease => f.write_str("used after its release"),
            Self::ReleasedInUse => f.write_str("released while another thread is in a call for it"),
            Self::ReleasedTooEarly { vstreams } => {
                write!(f, "released before {vstreams} vstreams of its network groups")
            }
            Self::UnreadFrames { frames } => write!(
                f,
                "released with {frames} frames that wait for outputs to be read, its network group not shut down"
            ),
            Self::Size { given, wanted } => write!(f, "a buffer of {given} bytes for a frame of {wanted}"),
            Self::NotTheCallers => {
                f.write_str("goes with what it belongs to, and is not the caller's to release")
            }
            Self::Forked { made_by } => {
                write!(f, "made by process {made_by}, of which this one is a plain fork: exec instead")
            }
        }
    }
}

/// One mistake, and how often it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misuse {
    /// The call.
    pub call: &'static str,
    /// What it was made with: a kind and a handle, the name of a stream, or "an argument".
    pub object: String,
    /// What is wrong.
    pub wrong: Wrong,
    /// How often.
    pub times: u64,
}

impl Display for Misuse {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        // Streams have the names that a file gives them.
        write!(f, "hailort-sim: misuse: {}: {}: {}", self.call, self.object.escape_debug(), self.wrong)
    }
}

static SEEN: Mutex<Vec<Misuse>> = Mutex::new(Vec::new());

fn lock() -> MutexGuard<'static, Vec<Misuse>> {
    // Each change is a single step.
    SEEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The mistakes of this process so far, in the order in which each was made first.
pub fn seen() -> Vec<Misuse> {
    lock().clone()
}

/// How many mistakes were made in this process, repeated ones included.
pub fn count() -> u64 {
    lock().iter().map(|misuse| misuse.times).sum()
}

/// Forgets them, and answers what there were.
pub fn take() -> Vec<Misuse> {
    std::mem::take(&mut *lock())
}

thread_local! {
    static CALL: Cell<&'static str> = const { Cell::new("outside a call") };
}

/// Runs the body as that of the call `name`, which mistakes are reported with.
pub(crate) fn within<T>(name: &'static str, body: impl FnOnce() -> T) -> T {
    /// Puts the name back, also when the body panics.
    struct Outer(&'static str);
    impl Drop for Outer {
        fn drop(&mut self) {
            CALL.set(self.0);
        }
    }
    let _outer = Outer(CALL.replace(name));
    body()
}

/// Records a mistake of the current call.
pub(crate) fn note(object: impl Into<String>, wrong: Wrong) {
    let misuse = Misuse { call: CALL.get(), object: object.into(), wrong, times: 1 };
    let line = format!("{misuse}\n");
    let mut seen = lock();
    let same = |m: &Misuse| m.call == misuse.call && m.object == misuse.object && m.wrong == misuse.wrong;
    if let Some(known) = seen.iter_mut().find(|m| same(m)) {
        known.times += 1;
    } else if seen.len() == MOST {
        seen[MOST - 1].times += 1;
    } else {
        seen.push(misuse);
        drop(seen);
        // A program may have closed its standard error.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_kept_apart_counted_and_bounded() {
        take();
        within("hailo_release_hef", || {
            note("HEF 0x1000", Wrong::ReleasedBefore);
            note("HEF 0x1000", Wrong::ReleasedBefore);
            within("hailo_identify", || note("device", Wrong::Null));
            note("a\nname", Wrong::Size { given: 1, wanted: 2 });
        });
        let lines: Vec<String> = seen().iter().map(|m| format!("{m} ({})", m.times)).collect();
        assert_eq!(
            lines,
            [
                "hailort-sim: misuse: hailo_release_hef: HEF 0x1000: released before (2)",
                "hailort-sim: misuse: hailo_identify: device: is NULL (1)",
                "hailort-sim: misuse: hailo_release_hef: a\\nname: a buffer of 1 bytes for a frame of 2 (1)",
            ]
        );
        assert_eq!(count(), 4);
        (0..2 * MOST).for_each(|i| note(format!("HEF {i}"), Wrong::NoHandle));
        assert_eq!((seen().len(), count()), (MOST, 4 + 2 * MOST as u64));
        assert_eq!(take().len(), MOST);
        assert_eq!(count(), 0);
    }
}
