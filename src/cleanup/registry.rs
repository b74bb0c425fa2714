//! What has to be done before the process ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use crate::text::printable::say;

/// How long a handler may take, unless it says otherwise.
pub const BUDGET: Duration = Duration::from_secs(2);
/// How long all of them may take together.
pub const TOTAL: Duration = Duration::from_secs(10);

/// The process's list of handlers.
///
/// Each runs exactly once, last in first out, on a thread of its own. One that panics or does not return in its time is
/// reported on standard error, and stops neither the others nor the exit. A handler may register another, which then
/// runs next.
///
/// ```
/// use hailo_harness::cleanup::CleanupRegistry;
///
/// let guard = CleanupRegistry::register("put the lights out", || println!("dark"));
/// // Done by hand: the handler is not needed any more.
/// guard.unregister();
/// ```
#[derive(Debug)]
pub enum CleanupRegistry {}

/// The right to take a handler back. Dropping it leaves the handler registered.
#[derive(Debug)]
#[must_use = "the handler stays registered; `let _guard` says that this is meant"]
pub struct CleanupGuard(u64);

/// How a handler ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It returned.
    Done,
    /// It panicked, with this message.
    Panicked(String),
    /// It did not return in its time.
    TimedOut(Duration),
    /// There was no time left for it.
    Skipped,
}

/// What became of a handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandlerReport {
    /// Its name.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
}

struct Entry {
    number: u64,
    name: String,
    budget: Duration,
    handler: Box<dyn FnOnce() + Send>,
}

struct State {
    next: u64,
    entries: Vec<Entry>,
    /// Whether handlers run just now.
    running: bool,
    /// The threads that run handlers.
    threads: Vec<ThreadId>,
}

static STATE: Mutex<State> =
    Mutex::new(State { next: 0, entries: Vec::new(), running: false, threads: Vec::new() });
static FINISHED: Condvar = Condvar::new();
/// The process that the handlers belong to: a child made by fork has a copy of the list, and no right to it.
static OWNER: AtomicU32 = AtomicU32::new(0);

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the handlers are this process's own.
pub(super) fn is_owner() -> bool {
    OWNER.load(Ordering::SeqCst) == std::process::id()
}

/// What [`super::force_exit`] in a handler unwinds with.
pub(super) struct ExitInHandler;

impl CleanupRegistry {
    /// Registers a handler with the usual budget of 2 s.
    pub fn register(name: impl Into<String>, handler: impl FnOnce() + Send + 'static) -> CleanupGuard {
        Self::register_within(name, BUDGET, handler)
    }

    /// Registers a handler that may take so long.
    pub fn register_within(
        name: impl Into<String>,
        budget: Duration,
        handler: impl FnOnce() + Send + 'static,
    ) -> CleanupGuard {
        static INSTALL: Once = Once::new();
        INSTALL.call_once(|| {
            OWNER.store(std::process::id(), Ordering::SeqCst);
            // SAFETY: the function has the type that is called, and may run at any exit.
            unsafe { libc::atexit(at_exit) };
        });
        let mut state = state();
        state.next += 1;
        let number = state.next;
        state.entries.push(Entry { number, name: name.into(), budget, handler: Box::new(handler) });
        CleanupGuard(number)
    }

    /// Runs all handlers now, and says what became of them. Where they are running already, on another thread, this
    /// waits until they are done and answers nothing.
    pub fn run_all() -> Vec<HandlerReport> {
        {
            let mut state = state();
            if state.threads.contains(&std::thread::current().id()) {
                // A handler that asks for all handlers: the rest come after it anyway.
                return Vec::new();
            }
            if state.running {
                while state.running {
                    state = FINISHED.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                return Vec::new();
            }
            state.running = true;
        }
        let until = Instant::now() + TOTAL;
        let mut reports = Vec::new();
        // Taken one by one: a handler may register another, which then is the last in.
        loop {
            let Some(entry) = state().entries.pop() else { break };
            let left = until.saturating_duration_since(Instant::now());
            let (name, budget) = (entry.name.clone(), entry.budget.min(left));
            let outcome = if left.is_zero() { Outcome::Skipped } else { run(entry.handler, budget) };
            if outcome != Outcome::Done {
                say(format_args!("hailo-harness: cleanup {name:?}: {outcome}"));
            }
            reports.push(HandlerReport { name, outcome });
        }
        state().running = false;
        FINISHED.notify_all();
        reports
    }

    /// Whether the current thread runs a handler.
    pub(super) fn in_handler() -> bool {
        state().threads.contains(&std::thread::current().id())
    }
}

impl CleanupGuard {
    /// Takes the handler back: it will not run. `false` where it ran already, or runs.
    pub fn unregister(self) -> bool {
        let mut state = state();
        let before = state.entries.len();
        let removed: Vec<Entry> = state.entries.extract_if(.., |e| e.number == self.0).collect();
        let found = state.entries.len() < before;
        // What the handler holds may do anything when it is dropped, also register another.
        drop(state);
        drop(removed);
        found
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Panicked(message) => write!(f, "panicked: {message}"),
            Self::TimedOut(budget) => write!(f, "did not return within {:.1} s", budget.as_secs_f64()),
            Self::Skipped => f.write_str("skipped: there was no time left"),
        }
    }
}

fn run(handler: Box<dyn FnOnce() + Send>, budget: Duration) -> Outcome {
    let (to, result) = channel();
    let started = std::thread::Builder::new().name("hailo-cleanup".into()).spawn(move || {
        state().threads.push(std::thread::current().id());
        let ended = catch_unwind(AssertUnwindSafe(handler));
        let _ = to.send(match ended {
            Ok(()) => Outcome::Done,
            Err(panic) if panic.is::<ExitInHandler>() => Outcome::Done,
            Err(panic) => {
                let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
                Outcome::Panicked(
                    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default(),
                )
            }
        });
    });
    if let Err(error) = started {
        return Outcome::Panicked(format!("no thread could be started for it: {error}"));
    }
    match result.recv_timeout(budget) {
        Ok(outcome) => outcome,
        Err(RecvTimeoutError::Timeout) => Outcome::TimedOut(budget),
        Err(RecvTimeoutError::Disconnected) => Outcome::Panicked("its thread ended".into()),
    }
}

extern "C" fn at_exit() {
    if is_owner() {
        CleanupRegistry::run_all();
    }
}
