//! What a call changes of the process: signals, the working directory, its end.

use std::ffi::c_int;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::leaks::keep;
use super::signal::Signal;

/// The handler that is installed. Its name tells whose it is.
extern "C" fn handle_signal_for_the_library(_signal: c_int) {}

/// Sets what a signal does and answers what it did.
fn replace(signal: c_int, action: &libc::sigaction) -> io::Result<libc::sigaction> {
    // SAFETY: all zeros are a valid value: no handler, no flags, no signals.
    let mut before: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: both are valid, and the handler, if any, may run at any time.
    match unsafe { libc::sigaction(signal, action, &raw mut before) } {
        0 => Ok(before),
        _ => Err(io::Error::last_os_error()),
    }
}

fn set(signal: c_int, handler: libc::sighandler_t, lasts: Option<Duration>) -> io::Result<()> {
    // SAFETY: as above.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler;
    action.sa_flags = libc::SA_RESTART;
    let before = replace(signal, &action)?;
    keep(before, lasts, move |before| _ = replace(signal, &before))
}

pub(super) fn change_signal(signal: Signal, lasts: Option<Duration>) -> io::Result<()> {
    let handler: extern "C" fn(c_int) = handle_signal_for_the_library;
    set(signal.number(), handler as *const () as libc::sighandler_t, lasts)
}

pub(super) fn ignore_sigterm(lasts: Option<Duration>) -> io::Result<()> {
    set(libc::SIGTERM, libc::SIG_IGN, lasts)
}

pub(super) fn change_directory(lasts: Option<Duration>) -> io::Result<()> {
    let before = std::env::current_dir()?;
    std::env::set_current_dir(Path::new("/"))?;
    keep(before, lasts, |before| _ = std::env::set_current_dir(before))
}

/// Ends the process by this signal, whatever handlers it has.
pub(super) fn die_by(signal: c_int) -> ! {
    let _ = set(signal, libc::SIG_DFL, None);
    // SAFETY: sends a signal to the calling thread.
    unsafe { libc::raise(signal) };
    // Where the signal is blocked.
    std::process::abort()
}
