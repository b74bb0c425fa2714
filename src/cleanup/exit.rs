//! [`force_exit`].

use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::bounded::{say, within};
use super::status::{self, By};
use super::{handler, registry, running_test, signals};

/// How long what was written may take to be flushed.
const FLUSH: Duration = Duration::from_secs(2);
/// The exit status of a test run that failed.
pub(crate) const FAILED: i32 = 101;

/// Runs all cleanup handlers, each in its time, and ends the process with this status, whatever threads still run or
/// hang.
///
/// Exit handlers of C libraries do not run: they are where processes hang. What was written to standard output is
/// flushed, for 2 s at most; what nobody reads by then is lost. Called in a handler, it ends that handler; the others
/// run, and the process ends with the status.
///
/// Where several threads ask for a status, by this or by `exit`, the first wins. While a signal is handled (see
/// [`super::signals`]) none does: the process dies by the signal. Inside a running test, status 0 becomes 101: a test
/// that ends its process in the middle has not passed. In a child made by fork nothing runs and nothing is flushed.
pub fn force_exit(status: i32) -> ! {
    if registry::is_foreign() {
        // SAFETY: ends the process at once. Its threads, locks and buffers are copies of its parent's.
        unsafe { libc::_exit(status) }
    }
    status::ask(status, By::Force);
    if registry::leave_to_runner() {
        handler::unwind();
    }
    end()
}

/// Runs all handlers, or waits until they have run, and ends the process as it was asked to first.
pub(super) fn end() -> ! {
    clean_up();
    let status = match status::asked() {
        Some((0, By::Force)) if running_test::is_this() => {
            say("hailo-harness: force_exit(0) inside a running test: the test has not passed");
            FAILED
        }
        Some((status, _)) => status,
        // A handler called an `exit` that does not tell its status. A failure must not become a success.
        None => FAILED,
    };
    leave(status)
}

/// Ends the process, whose tests failed whatever else it was asked, after all handlers have run.
pub(crate) fn fail() -> ! {
    clean_up();
    leave(FAILED)
}

fn clean_up() {
    registry::begin_end();
    registry::CleanupRegistry::run_all();
    signals::give_way();
}

/// Flushes what was written, within bounds, and ends the process.
pub(super) fn leave(status: i32) -> ! {
    let flush_rust = || {
        let _ = std::io::stdout().flush();
    };
    let flush_c = || {
        // SAFETY: no stream stands for all.
        unsafe { libc::fflush(std::ptr::null_mut()) };
    };
    within(FLUSH, vec![Box::new(flush_rust), Box::new(flush_c)]);
    // SAFETY: ends the process at once.
    unsafe { libc::_exit(status) }
}

/// What is called at the exit of the C library, with its status where that is known.
pub(crate) type AtExit = fn(Option<i32>);

/// Has a function called at the exit of the C library, last in first out like all of them.
pub(crate) fn on_exit(function: AtExit) {
    // In a shared object, which may be unloaded, only `atexit` is safe: it then calls the function at that time.
    #[cfg(target_env = "gnu")]
    if crate::worker::image::in_executable() {
        unsafe extern "C" {
            fn on_exit(
                function: extern "C" fn(libc::c_int, *mut libc::c_void),
                argument: *mut libc::c_void,
            ) -> libc::c_int;
        }
        extern "C" fn call(status: libc::c_int, function: *mut libc::c_void) {
            // SAFETY: the argument is the function that was registered.
            let function: AtExit = unsafe { std::mem::transmute(function) };
            function(Some(status));
        }
        // SAFETY: `call` has the type that is called, may run at any exit, and stays in memory until then.
        unsafe { on_exit(call, function as *mut libc::c_void) };
        return;
    }
    /// The functions to be called, in the order in which they were registered.
    static REGISTERED: Mutex<Vec<AtExit>> = Mutex::new(Vec::new());
    extern "C" fn call() {
        let last = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner).pop();
        last.into_iter().for_each(|function| function(None));
    }
    REGISTERED.lock().unwrap_or_else(PoisonError::into_inner).push(function);
    // SAFETY: the function has the type that is called, and may run at any exit.
    unsafe { libc::atexit(call) };
}
