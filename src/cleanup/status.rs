//! The status that was asked for first.

use std::sync::atomic::{AtomicI64, Ordering};

const NONE: i64 = i64::MIN;
const FORCE: i64 = 1 << 40;

static ASKED: AtomicI64 = AtomicI64::new(NONE);

/// Who asked for a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// The C library's `exit`, which a return from `main` also is.
    Exit,
    /// [`super::force_exit`].
    Force,
}

/// Asks for a status. Where one was asked for before, that one counts.
pub(super) fn ask(status: i32, by: By) {
    let status = i64::from(status as u32) | if by == By::Force { FORCE } else { 0 };
    let _ = ASKED.compare_exchange(NONE, status, Ordering::SeqCst, Ordering::SeqCst);
}

/// The status that was asked for first, and by whom.
pub(super) fn asked() -> Option<(i32, By)> {
    match ASKED.load(Ordering::SeqCst) {
        NONE => None,
        asked => Some((asked as u32 as i32, if asked & FORCE == 0 { By::Exit } else { By::Force })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_counts() {
        // Where all unit tests share a process, none of them may leave a status of 0 behind by force.
        assert_eq!(asked(), None);
        ask(-3, By::Force);
        ask(4, By::Exit);
        assert_eq!(asked(), Some((-3, By::Force)));
        ASKED.store(NONE, Ordering::SeqCst);
        ask(0, By::Exit);
        assert_eq!(asked(), Some((0, By::Exit)));
        ASKED.store(NONE, Ordering::SeqCst);
    }
}
