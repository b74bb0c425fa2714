//! One handler, in its time, on a thread of its own.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How a handler ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It returned.
    Done,
    /// It panicked, with this message.
    Panicked(String),
    /// It did not return in its time.
    TimedOut(Duration),
    /// There was no time left for it. What it holds is not dropped either: that may take time, too.
    Skipped,
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

/// What has to be done.
pub(super) type Handler = Box<dyn FnOnce() + Send>;

/// Where the current thread runs a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It runs none.
    Nowhere,
    /// The thread is the handler's own, and somebody waits for it.
    Own,
    /// On the thread that runs all of them, as there was no other to be had.
    Inline,
}

thread_local! {
    static PLACE: Cell<Place> = const { Cell::new(Place::Nowhere) };
    /// Who waits for it. Nothing that has to be dropped: `exit` drops what a thread holds before anything else.
    static WAITING: Cell<*const Sender<Outcome>> = const { Cell::new(std::ptr::null()) };
}

/// What unwinds a handler that asked for the end of the process.
struct Left;

/// Where the current thread runs a handler.
pub(super) fn place() -> Place {
    PLACE.try_with(Cell::get).unwrap_or(Place::Nowhere)
}

/// From now on the current thread counts as any other.
pub(super) fn forget_place() {
    let _ = PLACE.try_with(|p| p.set(Place::Nowhere));
}

/// Ends the current handler, whose thread is its own, by unwinding it, so that what it holds is let go.
pub(super) fn unwind() -> ! {
    if cfg!(panic = "abort") {
        park();
    }
    std::panic::resume_unwind(Box::new(Left))
}

/// Ends the current handler, whose thread is its own, where it stands.
pub(super) fn park() -> ! {
    // SAFETY: it is null, or on this thread's stack further down, as long as the handler runs.
    if let Some(waiting) = unsafe { WAITING.get().as_ref() } {
        let _ = waiting.send(Outcome::Done);
    }
    loop {
        std::thread::park();
    }
}

/// Runs a handler, and waits for it no longer than this.
pub(super) fn run(handler: Handler, budget: Duration) -> Outcome {
    let (to, result) = channel();
    // Left here where no thread can be started.
    let slot = Arc::new(Mutex::new(Some(handler)));
    let take = |slot: &Mutex<Option<Handler>>| slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    let shared = Arc::clone(&slot);
    let started = std::thread::Builder::new().name("hailo-cleanup".into()).spawn(move || {
        PLACE.set(Place::Own);
        WAITING.set(&raw const to);
        let outcome = take(&shared).map_or(Outcome::Done, call);
        WAITING.set(std::ptr::null());
        let _ = to.send(outcome);
    });
    if started.is_err() {
        PLACE.set(Place::Inline);
        let outcome = take(&slot).map_or(Outcome::Done, call);
        PLACE.set(Place::Nowhere);
        return outcome;
    }
    match result.recv_timeout(budget) {
        Ok(outcome) => outcome,
        Err(RecvTimeoutError::Timeout) => Outcome::TimedOut(budget),
        Err(RecvTimeoutError::Disconnected) => Outcome::Panicked("its thread ended".into()),
    }
}

fn call(handler: Handler) -> Outcome {
    let Err(panic) = catch_unwind(AssertUnwindSafe(handler)) else { return Outcome::Done };
    if panic.is::<Left>() {
        return Outcome::Done;
    }
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    // A panic's payload may panic when it is dropped.
    std::mem::forget(panic);
    Outcome::Panicked(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    /// Panics when it is dropped.
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("the bomb");
        }
    }

    #[test]
    fn what_it_holds_and_what_it_panics_with_may_panic_when_dropped() {
        let held = Bomb;
        assert_eq!(run(Box::new(move || drop(held)), LONG), Outcome::Panicked("the bomb".into()));
        let payload = || std::panic::panic_any(Bomb);
        assert_eq!(run(Box::new(payload), LONG), Outcome::Panicked(String::new()));
    }

    #[test]
    fn a_handler_that_leaves_is_done_at_once() {
        assert_eq!(run(Box::new(|| park()), LONG), Outcome::Done);
        let (to, dropped) = channel::<()>();
        let leave = move || {
            let _held = to;
            unwind()
        };
        assert_eq!(run(Box::new(leave), LONG), Outcome::Done);
        assert_eq!(dropped.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected), "what it held is let go");
    }

    #[test]
    fn its_thread_knows_its_place_and_has_a_name() {
        assert_eq!(place(), Place::Nowhere);
        let check = || {
            assert_eq!(place(), Place::Own);
            assert_eq!(std::thread::current().name(), Some("hailo-cleanup"));
        };
        assert_eq!(run(Box::new(check), LONG), Outcome::Done);
    }
}
