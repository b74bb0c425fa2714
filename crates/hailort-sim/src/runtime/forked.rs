//! Children made by plain fork, which have the library's memory and none of its threads.
//!
//! In the real library such a child hangs for ever when it releases a virtual device, and when it exits while there is
//! one. So it does here.

use std::sync::Once;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use crate::faults::hang;
use crate::misuse::{self, Wrong};

/// The process that made the last virtual device.
static MADE_BY: AtomicU32 = AtomicU32::new(0);
/// Virtual devices that are there.
static THERE: AtomicUsize = AtomicUsize::new(0);

/// Proof of which process made something with threads.
#[derive(Debug)]
pub struct MadeBy(u32);

impl MadeBy {
    /// This process.
    pub fn this_process() -> Self {
        Self(std::process::id())
    }

    /// Never returns in a child made by fork since. `object` is what it was about to release.
    pub fn check(&self, object: &str) {
        if self.0 != std::process::id() {
            misuse::note(object, Wrong::Forked { made_by: self.0 });
            hang::hang_in_forked_child();
        }
    }
}

/// A virtual device is there, until this is dropped.
#[derive(Debug)]
pub(super) struct Presence(());

impl Presence {
    pub(super) fn new() -> Self {
        static REGISTERED: Once = Once::new();
        // SAFETY: the function is there for as long as the program.
        REGISTERED.call_once(|| _ = unsafe { libc::atexit(at_exit) });
        MADE_BY.store(std::process::id(), Ordering::SeqCst);
        THERE.fetch_add(1, Ordering::SeqCst);
        Self(())
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        THERE.fetch_sub(1, Ordering::SeqCst);
    }
}

extern "C" fn at_exit() {
    let made_by = MADE_BY.load(Ordering::SeqCst);
    if made_by != std::process::id() && THERE.load(Ordering::SeqCst) > 0 {
        misuse::within("exit", || misuse::note("virtual device", Wrong::Forked { made_by }));
        hang::hang_in_forked_child();
    }
}
