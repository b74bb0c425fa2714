//! [`force_exit`].

use std::io::Write;
use std::sync::atomic::{AtomicI32, Ordering};

use super::registry::{CleanupRegistry, ExitInHandler};
use crate::text::printable::say;

/// The status that was asked for first.
static STATUS: AtomicI32 = AtomicI32::new(NONE);
const NONE: i32 = i32::MIN;

/// Runs all cleanup handlers, each in its time, and ends the process with this status, whatever threads still run or
/// hang.
///
/// Exit handlers of C libraries do not run: they are where processes hang. What was written to standard output is
/// flushed. Called in a handler, it ends that handler; the others run, and the process ends with the status. While a
/// test's fixture is in use, status 0 becomes 101: a test that ends its process in the middle has not passed.
pub fn force_exit(status: i32) -> ! {
    let _ = STATUS.compare_exchange(NONE, status, Ordering::SeqCst, Ordering::SeqCst);
    if CleanupRegistry::in_handler() {
        // The thread that runs the handlers goes on to the others; see `end`.
        if let Err(error) = std::thread::Builder::new().name("hailo-exit".into()).spawn(end) {
            say(format_args!("hailo-harness: cannot exit from within a handler: {error}"));
        }
        std::panic::resume_unwind(Box::new(ExitInHandler));
    }
    end()
}

/// Waits until all handlers have run, or runs them, and ends the process.
fn end() -> ! {
    CleanupRegistry::run_all();
    let status = match STATUS.load(Ordering::SeqCst) {
        0 if in_test() => {
            eprintln!(
                "hailo-harness: force_exit(0) while a test's fixture is in use: the test has not passed"
            );
            101
        }
        status => status,
    };
    let _ = std::io::stdout().flush();
    // SAFETY: what C libraries have in their buffers is not lost; then the process ends at once.
    unsafe {
        libc::fflush(std::ptr::null_mut());
        libc::_exit(status)
    }
}

#[cfg(feature = "fixtures")]
fn in_test() -> bool {
    crate::fixtures::outcome::in_use()
}

#[cfg(not(feature = "fixtures"))]
fn in_test() -> bool {
    false
}
