//! The functions in which a thread hangs. Their names tell in a stack why: what was asked for, or what the real library
//! does to such a caller.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::runtime::group::Group;
use crate::runtime::vstream::InputVStream;

/// Never returns, and uses no processor.
#[inline(never)]
pub fn hang_forever() -> ! {
    loop {
        // Returns when somebody unparks the thread, and now and then without that.
        std::thread::park();
        std::hint::black_box(());
    }
}

/// Never returns, and keeps a processor busy.
#[inline(never)]
pub fn spin_forever() -> ! {
    loop {
        std::hint::spin_loop();
    }
}

/// Returns when the group is shut down, whatever the timeout of its vstreams.
#[inline(never)]
pub fn hang_until_shutdown(group: &Group) {
    group.wait_for_shut_down();
}

/// Shutdowns of network groups so far.
static SHUTDOWNS: Mutex<u64> = Mutex::new(0);
static SHUT_DOWN: Condvar = Condvar::new();

/// A network group of the process was shut down.
pub(crate) fn note_shutdown() {
    *SHUTDOWNS.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    SHUT_DOWN.notify_all();
}

/// Returns when any network group of the process is shut down from now on.
#[inline(never)]
pub fn hang_until_any_shutdown() {
    let mut count = SHUTDOWNS.lock().unwrap_or_else(PoisonError::into_inner);
    let before = *count;
    while *count == before {
        count = SHUT_DOWN.wait(count).unwrap_or_else(PoisonError::into_inner);
    }
}

/// Never returns: as the real library's release when a signal has interrupted its interrupt thread.
#[inline(never)]
pub fn hang_after_interrupted_interrupt_thread() -> ! {
    loop {
        std::thread::park();
        std::hint::black_box(1);
    }
}

/// Never returns: as the real library's release, or exit, in a child made by plain fork, where it waits for threads
/// that only the parent has.
#[inline(never)]
pub fn hang_in_forked_child() -> ! {
    loop {
        std::thread::park();
        std::hint::black_box(2);
    }
}

/// Waits, as the real library's release does, for the frames of an input that nobody reads the results of: the timeout
/// of the vstream for each. Answers how many it has given up.
#[inline(never)]
pub fn wait_for_unread_frames(input: &InputVStream) -> u64 {
    input.flush()
}

/// A leaked thread that ends after this time.
#[inline(never)]
pub fn linger(time: Duration) {
    std::thread::sleep(time);
}
