//! SIGINT, SIGTERM, SIGHUP and SIGQUIT run the handlers, and then do what they did before.
//!
//! In the signal's own context only its number is written to a pipe; a thread reads it and does the rest. After the
//! handlers, the action that the signal had is put back and the signal is raised again: a program without a handler
//! of its own dies by the signal, as its caller expects; one with a handler gets it called now. A signal that was
//! ignored stays ignored. A second signal while the handlers run ends the program at once.

use std::io::{PipeReader, PipeWriter, Read};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use super::registry::CleanupRegistry;

/// The signals that are handled.
const SIGNALS: [i32; 4] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];

/// Why signals cannot be handled.
#[derive(Debug, thiserror::Error)]
#[error("cannot handle signals: {0}")]
pub struct SignalsError(#[from] std::io::Error);

/// Where the handler writes; -1 where none is installed.
static PIPE: AtomicI32 = AtomicI32::new(-1);
/// The process that installed it.
static OWNER: AtomicU32 = AtomicU32::new(0);
/// Whether a signal came.
static SEEN: AtomicBool = AtomicBool::new(false);

struct Installed {
    /// Who asked for it and has not gone.
    users: usize,
    /// What the signals did before.
    before: Vec<(i32, libc::sigaction)>,
    /// Keeps the pipe open. It is never closed once a handler may write to it.
    _pipe: Option<PipeWriter>,
}

static INSTALLED: Mutex<Installed> = Mutex::new(Installed { users: 0, before: Vec::new(), _pipe: None });

fn installed() -> std::sync::MutexGuard<'static, Installed> {
    INSTALLED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Handles the signals from now on, until [`uninstall`] was called as often.
///
/// # Errors
/// When there is no pipe or no thread to be had.
pub fn install() -> Result<(), SignalsError> {
    let mut installed = installed();
    installed.users += 1;
    if installed.users > 1 {
        return Ok(());
    }
    if installed._pipe.is_none() {
        let prepared = std::io::pipe().and_then(|(from, to)| {
            std::thread::Builder::new().name("hailo-signals".into()).spawn(move || wait(from))?;
            Ok(to)
        });
        match prepared {
            Ok(to) => {
                PIPE.store(to.as_raw_fd(), Ordering::SeqCst);
                installed._pipe = Some(to);
            }
            Err(error) => {
                installed.users -= 1;
                return Err(error.into());
            }
        }
    }
    OWNER.store(std::process::id(), Ordering::SeqCst);
    SEEN.store(false, Ordering::SeqCst);
    for signal in SIGNALS {
        // SAFETY: zeroes are a valid sigaction; both pointers are valid; the handler does only what a handler may.
        unsafe {
            let mut before: libc::sigaction = std::mem::zeroed();
            libc::sigaction(signal, std::ptr::null(), &raw mut before);
            if before.sa_sigaction == libc::SIG_IGN {
                continue;
            }
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_signal as *const () as usize;
            action.sa_flags = libc::SA_RESTART;
            libc::sigemptyset(&raw mut action.sa_mask);
            libc::sigaction(signal, &raw const action, std::ptr::null_mut());
            installed.before.push((signal, before));
        }
    }
    Ok(())
}

/// Puts back what the signals did before, when called as often as [`install`].
pub fn uninstall() {
    let mut installed = installed();
    installed.users = installed.users.saturating_sub(1);
    if installed.users == 0 {
        restore(&mut installed);
    }
}

fn restore(installed: &mut Installed) {
    for (signal, before) in installed.before.drain(..) {
        // SAFETY: the action is the one that the system said was in force. Whoever has replaced ours since keeps
        // theirs.
        unsafe {
            let mut now: libc::sigaction = std::mem::zeroed();
            libc::sigaction(signal, std::ptr::null(), &raw mut now);
            if now.sa_sigaction == on_signal as *const () as usize {
                libc::sigaction(signal, &raw const before, std::ptr::null_mut());
            }
        }
    }
}

/// Runs in signal context: only atomics and system calls.
extern "C" fn on_signal(signal: i32) {
    // SAFETY: errno is this thread's own; whoever was interrupted must find it unchanged. The calls are allowed here.
    unsafe {
        let errno = *libc::__errno_location();
        // A child that was made by fork shares the pipe, and must not make its parent clean up.
        let foreign = OWNER.load(Ordering::SeqCst) != libc::getpid() as u32;
        if foreign || SEEN.swap(true, Ordering::SeqCst) {
            // Delivered when this returns.
            libc::signal(signal, libc::SIG_DFL);
            libc::raise(signal);
        } else {
            let number = signal as u8;
            libc::write(PIPE.load(Ordering::SeqCst), (&raw const number).cast(), 1);
        }
        *libc::__errno_location() = errno;
    }
}

/// Waits for a signal, cleans up, and lets it do what it did before.
fn wait(mut from: PipeReader) {
    let mut number = [0];
    while from.read_exact(&mut number).is_ok() {
        CleanupRegistry::run_all();
        restore(&mut installed());
        // SAFETY: the process sends itself the signal that it got.
        unsafe { libc::kill(libc::getpid(), i32::from(number[0])) };
        // A program with a handler of its own lives on, and may ask again.
        installed().users = 0;
    }
}
