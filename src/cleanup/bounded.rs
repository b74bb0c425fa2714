//! Work that must not hold up an exit: writing to what nobody reads.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::text::printable;

/// How long a notice may take to be written.
const NOTICE: Duration = Duration::from_millis(500);

/// Does all of this at once, and waits for it so long. `false` where something is not done by then, or no thread can
/// be had.
pub(super) fn within(limit: Duration, works: Vec<Box<dyn FnOnce() + Send>>) -> bool {
    let until = Instant::now() + limit;
    let started: Vec<Option<Receiver<()>>> = works.into_iter().map(start).collect();
    started.into_iter().all(|done| {
        let left = until.saturating_duration_since(Instant::now());
        done.is_some_and(|done| done.recv_timeout(left).is_ok())
    })
}

fn start(work: Box<dyn FnOnce() + Send>) -> Option<Receiver<()>> {
    let (to, done) = channel();
    let thread = std::thread::Builder::new().name("hailo-flush".into());
    thread
        .spawn(move || {
            work();
            let _ = to.send(());
        })
        .ok()
        .map(|_| done)
}

/// Writes a line to standard error, printable. Where that is full, the line is lost, and all that follow.
pub(crate) fn say(line: impl Display) {
    static STUCK: AtomicBool = AtomicBool::new(false);
    if STUCK.load(Ordering::SeqCst) {
        return;
    }
    let line = line.to_string();
    if !within(NOTICE, vec![Box::new(move || printable::say(line))]) {
        STUCK.store(true, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_for_all_and_for_none_too_long() {
        assert!(within(Duration::from_secs(20), vec![Box::new(|| {}), Box::new(|| {})]));
        let start = Instant::now();
        let hang = || loop {
            std::thread::park();
        };
        assert!(!within(Duration::from_millis(50), vec![Box::new(hang), Box::new(|| {}), Box::new(hang)]));
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
}
