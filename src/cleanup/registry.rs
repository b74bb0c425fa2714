//! What has to be done before the process ends.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::bounded::say;
use super::handler::{self, Handler, Outcome, Place};
use super::{exit, running_test, signals, status};

/// How long a handler may take, unless it says otherwise.
pub const BUDGET: Duration = Duration::from_secs(2);
/// How long all of them may take together: what is left for them then is skipped.
pub const TOTAL: Duration = Duration::from_secs(10);
/// How long to wait for somebody else who runs them: a little longer than they may take.
pub(super) const OTHERS: Duration = Duration::from_secs(12);

/// The process's list of handlers.
///
/// Each runs exactly once, last in first out, on a thread of its own. One that panics or does not return in its time is
/// reported on standard error, and stops neither the others nor the exit. A handler may register another, which then
/// runs next. One that calls [`super::force_exit`] or `exit` ends there; the others run before the process ends.
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
    handler: Handler,
}

struct State {
    next: u64,
    entries: Vec<Entry>,
    /// Whether handlers run just now.
    running: bool,
    /// Whether one of those that run asked for the end of the process, which then is the runner's business.
    end_wanted: bool,
    /// Until when they may run, where the process is about to end: then there is one total for all rounds.
    until: Option<Instant>,
    /// Whether [`at_exit`] will be called.
    watched: bool,
}

static STATE: Mutex<State> = Mutex::new(State {
    next: 0,
    entries: Vec::new(),
    running: false,
    end_wanted: false,
    until: None,
    watched: false,
});
static FINISHED: Condvar = Condvar::new();
/// The process that the handlers belong to: a child made by fork has a copy of the list, and no right to it.
static OWNER: AtomicU32 = AtomicU32::new(0);

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the handlers are those of the process from which this one was made by fork.
pub(super) fn is_foreign() -> bool {
    ![0, std::process::id()].contains(&OWNER.load(Ordering::SeqCst))
}

/// Has [`at_exit`] called at the end of this process.
pub(super) fn watch_exit() {
    let _ = OWNER.compare_exchange(0, std::process::id(), Ordering::SeqCst, Ordering::SeqCst);
    watch(&mut state());
}

fn watch(state: &mut State) {
    // After the time, nothing would be run anyway, and an exit must not go on for ever.
    let late = state.until.is_some_and(|until| until <= Instant::now());
    if !is_foreign() && !state.watched && !late {
        state.watched = true;
        exit::on_exit(at_exit);
    }
}

impl CleanupRegistry {
    /// Registers a handler with the usual budget of 2 s.
    pub fn register(name: impl Into<String>, handler: impl FnOnce() + Send + 'static) -> CleanupGuard {
        Self::register_within(name, BUDGET, handler)
    }

    /// Registers a handler that may take so long, but no longer than what is left of the 10 s for all of them.
    pub fn register_within(
        name: impl Into<String>,
        budget: Duration,
        handler: impl FnOnce() + Send + 'static,
    ) -> CleanupGuard {
        let (name, handler) = (name.into(), Box::new(handler));
        let _ = OWNER.compare_exchange(0, std::process::id(), Ordering::SeqCst, Ordering::SeqCst);
        let mut state = state();
        state.next += 1;
        let number = state.next;
        state.entries.push(Entry { number, name, budget, handler });
        // Also by a handler of the C library's own exit, when ours has been called already.
        watch(&mut state);
        CleanupGuard(number)
    }

    /// Runs all handlers now, and says what became of those that this call ran. Where they are running already, on
    /// another thread, this waits until they are done. In a handler, or in a child made by fork, it does nothing.
    ///
    /// Where one of them asked for the end of the process, this does not return.
    pub fn run_all() -> Vec<HandlerReport> {
        let (reports, end_wanted) = round();
        if end_wanted {
            exit::end()
        }
        reports
    }
}

/// As [`CleanupRegistry::run_all`], but says whether the process should end instead of ending it.
pub(super) fn round() -> (Vec<HandlerReport>, bool) {
    if is_foreign() || handler::place() != Place::Nowhere {
        // A handler that asks for all handlers: the rest come after it anyway.
        return (Vec::new(), false);
    }
    let patience = Instant::now() + OTHERS;
    let mut state = state();
    while state.running {
        let left = patience.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return (Vec::new(), false);
        }
        state = FINISHED.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
    }
    state.running = true;
    drop(state);
    drain()
}

/// Runs the handlers until there are none, as the one who does; then nobody does.
fn drain() -> (Vec<HandlerReport>, bool) {
    let own = Instant::now() + TOTAL;
    let mut reports = Vec::new();
    // Taken one by one: a handler may register another, which then is the last in.
    loop {
        let mut state = state();
        let until = state.until.map_or(own, |until| until.min(own));
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || state.entries.is_empty() {
            let skipped = std::mem::take(&mut state.entries);
            state.running = false;
            let end_wanted = std::mem::take(&mut state.end_wanted);
            drop(state);
            FINISHED.notify_all();
            reports.extend(skipped.into_iter().rev().map(skip));
            return (reports, end_wanted);
        }
        let Some(entry) = state.entries.pop() else { continue };
        drop(state);
        let outcome = handler::run(entry.handler, entry.budget.min(left));
        reports.push(report(entry.name, outcome));
    }
}

fn skip(entry: Entry) -> HandlerReport {
    std::mem::forget(entry.handler);
    report(entry.name, Outcome::Skipped)
}

fn report(name: String, outcome: Outcome) -> HandlerReport {
    if outcome != Outcome::Done {
        say(format_args!("hailo-harness: cleanup {name:?}: {outcome}"));
    }
    HandlerReport { name, outcome }
}

/// The process is about to end: the time for all handlers begins.
pub(super) fn begin_end() {
    state().until.get_or_insert_with(|| Instant::now() + TOTAL);
}

/// The process did not end after all.
pub(super) fn cancel_end() {
    state().until = None;
}

/// Where this is called in a handler that wants to end the process, and somebody runs the handlers: leaves that to
/// them, and says so. The handler must end now.
pub(super) fn leave_to_runner() -> bool {
    match handler::place() {
        Place::Nowhere => false,
        Place::Own => {
            let mut state = state();
            if state.running {
                state.end_wanted = true;
            } else {
                // Nobody waited for it any more.
                handler::forget_place();
            }
            state.running
        }
        Place::Inline => {
            // The runner is this thread, further down. It is not coming back: its work is done here.
            handler::forget_place();
            drain();
            false
        }
    }
}

impl CleanupGuard {
    /// Takes the handler back: it will not run. `false` where it ran already, or runs.
    pub fn unregister(self) -> bool {
        let mut state = state();
        let removed: Option<Entry> =
            state.entries.iter().position(|e| e.number == self.0).map(|at| state.entries.remove(at));
        // What the handler holds may do anything when it is dropped, also register another.
        drop(state);
        removed.is_some()
    }
}

/// Called by the C library at its exit, on the thread that asked for it.
fn at_exit(asked: Option<i32>) {
    if is_foreign() {
        return;
    }
    {
        let mut state = state();
        state.watched = false;
        if state.running || !state.entries.is_empty() {
            // Called again where a handler calls exit itself: the C library calls each function once, and that exit
            // would overtake this one.
            watch(&mut state);
        }
    }
    begin_end();
    if let Some(asked) = running_test::correct(asked) {
        status::ask(asked, status::By::Exit);
    }
    if leave_to_runner() {
        handler::park();
    }
    CleanupRegistry::run_all();
    signals::give_way();
    if status::asked().is_some_and(|(_, by)| by == status::By::Force) {
        // It came first, and its status counts.
        exit::end()
    }
}
