//! SIGINT, SIGTERM, SIGHUP and SIGQUIT run the handlers, and then do what they did before.
//!
//! In the signal's own context only its number is noted and a thread is woken, which does the rest. After the handlers,
//! the action that the signal had is put back and the signal is raised again: a program without a handler of its own
//! dies by the signal, as its caller expects; one with a handler gets it called now, and lives on without this
//! module's handling until the next [`install`]. A signal that was ignored stays ignored.
//!
//! From a signal's arrival on, the process dies by it, also where `main` returns or somebody calls `exit` or
//! [`super::force_exit`] meanwhile: they wait. A second signal while the handlers run ends the program at once. SIGTERM
//! or SIGHUP again within 0.5 s is the same request: `timeout` and closing terminals send them twice.
//!
//! Process 1 of a container cannot die by a signal of its own: it leaves with 128 and the signal's number.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicI32, AtomicI64, AtomicU8, AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::{exit, registry, status};

/// The signals that are handled.
const SIGNALS: [i32; 4] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];
/// Within how many milliseconds a SIGTERM or SIGHUP after another is the same request.
const SAME: i64 = 500;

/// Why signals cannot be handled.
#[derive(Debug, thiserror::Error)]
#[error("cannot handle signals: {0}")]
pub struct SignalsError(#[from] std::io::Error);

/// The process that installed the handler: a child made by fork has it, too, and no thread that does the rest.
static OWNER: AtomicU32 = AtomicU32::new(0);
/// No signal came yet.
const IDLE: u8 = 0;
/// One came, and is not through.
const HANDLING: u8 = 1;
/// One came, and was raised again.
const RAISED: u8 = 2;
static PHASE: AtomicU8 = AtomicU8::new(IDLE);
/// The signal that came, and when.
static SIGNAL: AtomicI32 = AtomicI32::new(0);
static SINCE: AtomicI64 = AtomicI64::new(0);

/// What wakes the thread: unlike a pipe, nothing that a program that closes all its files could close.
struct Bell(UnsafeCell<MaybeUninit<libc::sem_t>>);

// SAFETY: a semaphore is made to be used by several threads.
unsafe impl Sync for Bell {}

static BELL: Bell = Bell(UnsafeCell::new(MaybeUninit::zeroed()));

/// What the signals did before, for signal context, where no lock can be taken.
struct Before([UnsafeCell<MaybeUninit<libc::sigaction>>; 4]);

// SAFETY: written under the lock of `INSTALLED` before the handler that reads it is in force, and read without it only
// by a child made by fork, which has a copy of its own.
unsafe impl Sync for Before {}

static BEFORE: Before = Before([const { UnsafeCell::new(MaybeUninit::zeroed()) }; 4]);

struct Installed {
    /// The process whose thread waits for signals.
    owner: u32,
    /// Who asked for it and has not gone.
    users: usize,
    /// Whether our handler was put in force, and not taken back.
    in_force: bool,
    /// Of which signals it is known what they did before.
    known: [bool; 4],
}

static INSTALLED: Mutex<Installed> =
    Mutex::new(Installed { owner: 0, users: 0, in_force: false, known: [false; 4] });
static THROUGH: Condvar = Condvar::new();

fn installed() -> MutexGuard<'static, Installed> {
    INSTALLED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Handles the signals from now on, until [`uninstall`] was called as often, or until a signal came that the program
/// survived.
///
/// # Errors
/// When there is no thread to be had.
pub fn install() -> Result<(), SignalsError> {
    let mut installed = installed();
    let process = std::process::id();
    if installed.owner != process {
        // SAFETY: nobody waits for it yet: the thread that did belongs to another process.
        unsafe { libc::sem_init(BELL.0.get().cast(), 0, 0) };
        std::thread::Builder::new().name("hailo-signals".into()).spawn(wait)?;
        (installed.owner, installed.users) = (process, 0);
        // What a child made by fork has of its parent's signals is no business of it.
        installed.in_force = false;
        PHASE.store(IDLE, Ordering::SeqCst);
        OWNER.store(process, Ordering::SeqCst);
    }
    registry::watch_exit();
    installed.users += 1;
    if !installed.in_force {
        put_in_force(&mut installed);
    }
    Ok(())
}

/// Puts back what the signals did before, when called as often as [`install`]. Whoever has replaced our handler since
/// keeps theirs.
pub fn uninstall() {
    let mut installed = installed();
    installed.users = installed.users.saturating_sub(1);
    if installed.users == 0 {
        restore(&mut installed);
    }
}

/// Whether a signal came that ends this process.
pub(crate) fn has_come() -> bool {
    PHASE.load(Ordering::SeqCst) != IDLE
}

fn ours() -> usize {
    on_signal as *const () as usize
}

/// What is in force for a signal.
fn action(signal: i32) -> libc::sigaction {
    // SAFETY: zeroes are a valid sigaction, and the pointer to it is valid.
    unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut now);
        now
    }
}

fn put_in_force(installed: &mut Installed) {
    let _ = PHASE.compare_exchange(RAISED, IDLE, Ordering::SeqCst, Ordering::SeqCst);
    installed.in_force = true;
    for (i, signal) in SIGNALS.into_iter().enumerate() {
        let before = action(signal);
        if before.sa_sigaction == libc::SIG_IGN || before.sa_sigaction == ours() {
            continue;
        }
        installed.known[i] = true;
        // SAFETY: see `Before`; all pointers are valid; the handler does only what a handler may.
        unsafe {
            (*BEFORE.0[i].get()).write(before);
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = ours();
            action.sa_flags = libc::SA_RESTART;
            // A handler of ours that another one of ours interrupts would see half of what it does.
            libc::sigemptyset(&raw mut action.sa_mask);
            for other in SIGNALS {
                libc::sigaddset(&raw mut action.sa_mask, other);
            }
            libc::sigaction(signal, &raw const action, std::ptr::null_mut());
        }
    }
}

fn restore(installed: &mut Installed) {
    installed.in_force = false;
    for (i, signal) in SIGNALS.into_iter().enumerate() {
        if installed.known[i] && action(signal).sa_sigaction == ours() {
            // SAFETY: the action is the one that the system said was in force.
            unsafe { libc::sigaction(signal, (*BEFORE.0[i].get()).as_ptr(), std::ptr::null_mut()) };
        }
    }
}

/// Runs in signal context: only atomics and system calls.
extern "C" fn on_signal(signal: i32) {
    // SAFETY: errno is this thread's own; whoever was interrupted must find it unchanged. The calls are allowed here.
    unsafe {
        let errno = *libc::__errno_location();
        if OWNER.load(Ordering::SeqCst) != libc::getpid() as u32 {
            // A child made by fork does what its parent did before, once this returns.
            if let Some(i) = SIGNALS.iter().position(|&s| s == signal) {
                libc::sigaction(signal, (*BEFORE.0[i].get()).as_ptr(), std::ptr::null_mut());
            }
            libc::raise(signal);
        } else {
            match PHASE.compare_exchange(IDLE, HANDLING, Ordering::SeqCst, Ordering::SeqCst) {
                Ok(_) => {
                    SIGNAL.store(signal, Ordering::SeqCst);
                    SINCE.store(milliseconds(), Ordering::SeqCst);
                    libc::sem_post(BELL.0.get().cast());
                }
                Err(HANDLING) if is_same_request(signal) => {}
                Err(_) => die(signal),
            }
        }
        *libc::__errno_location() = errno;
    }
}

fn milliseconds() -> i64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is valid; the call is allowed in signal context.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    now.tv_sec * 1000 + now.tv_nsec / 1_000_000
}

fn is_same_request(signal: i32) -> bool {
    [libc::SIGTERM, libc::SIGHUP].contains(&signal)
        && signal == SIGNAL.load(Ordering::SeqCst)
        && milliseconds() - SINCE.load(Ordering::SeqCst) < SAME
}

/// Dies by the signal, where it is blocked as soon as it is not. Runs in signal context, too.
fn die(signal: i32) {
    // SAFETY: no handler is involved; all calls are allowed in signal context.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
        if libc::getpid() == 1 {
            // The kernel protects the first process from signals of its own.
            libc::_exit(128 + signal);
        }
    }
}

/// Changes which signals the current thread takes, and answers which it took before.
fn set_mask(how: i32, set: &libc::sigset_t) -> libc::sigset_t {
    // SAFETY: zeroes are a valid set; both pointers are valid.
    unsafe {
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::pthread_sigmask(how, &raw const *set, &raw mut before);
        before
    }
}

fn set_of(signals: &[i32]) -> libc::sigset_t {
    // SAFETY: the pointer is valid.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for &signal in signals {
            libc::sigaddset(&raw mut set, signal);
        }
        set
    }
}

/// Waits for signals, cleans up, and lets them do what they did before.
fn wait() {
    // A handler of the program's own expects the program's threads, not this one.
    let usual = set_mask(libc::SIG_BLOCK, &set_of(&SIGNALS));
    loop {
        // SAFETY: it was initialised before this thread was started.
        while unsafe { libc::sem_wait(BELL.0.get().cast()) } == -1 {}
        let signal = SIGNAL.load(Ordering::SeqCst);
        // Threads inherit the mask, and so do the programs that handlers start.
        set_mask(libc::SIG_SETMASK, &usual);
        registry::begin_end();
        let (_, end_wanted) = registry::round();
        set_mask(libc::SIG_BLOCK, &set_of(&SIGNALS));
        restore(&mut installed());
        raise_again(signal);
        // A program with a handler of its own lives on, unless its end was asked for meanwhile.
        let asked = status::asked();
        if asked.is_none() {
            registry::cancel_end();
        }
        let through = installed();
        PHASE.store(RAISED, Ordering::SeqCst);
        drop(through);
        THROUGH.notify_all();
        if end_wanted || asked.is_some_and(|(_, by)| by == status::By::Force) {
            exit::end();
        }
    }
}

/// Raises the signal that was handled. Comes back where the program has a handler of its own, or ignores it.
fn raise_again(signal: i32) {
    let now = action(signal).sa_sigaction;
    if now == libc::SIG_DFL || now == ours() {
        // On this thread, which lets it in: all others may block it.
        set_mask(libc::SIG_UNBLOCK, &set_of(&[signal]));
        die(signal);
        set_mask(libc::SIG_BLOCK, &set_of(&SIGNALS));
    } else {
        // SAFETY: the process sends itself the signal that it got.
        unsafe { libc::kill(libc::getpid(), signal) };
    }
}

/// Where a signal is being handled: waits for the death of the process by it. Comes back where the process survives
/// it, or does not die in time.
pub(super) fn give_way() {
    if OWNER.load(Ordering::SeqCst) != std::process::id() {
        return;
    }
    let patience = Instant::now() + registry::OTHERS;
    let mut installed = installed();
    while PHASE.load(Ordering::SeqCst) == HANDLING {
        let left = patience.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        installed = THROUGH.wait_timeout(installed, left).unwrap_or_else(PoisonError::into_inner).0;
    }
}
