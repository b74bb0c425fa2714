//! Naming functions while something else is done, as far as there is time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::capture::Capture;
use super::diagnosis::Diagnosis;

/// How much longer than its time a diagnosis is waited for that has no names at all yet.
const WITHOUT_NAMES: Duration = Duration::from_secs(2);

/// How many threads are naming.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// A capture that is being resolved on a thread of its own.
#[derive(Debug)]
pub struct Naming(Receiver<Diagnosis>);

impl Naming {
    /// Begins.
    pub fn begin(capture: Capture) -> Self {
        let (sender, receiver) = channel();
        RUNNING.fetch_add(1, Ordering::SeqCst);
        let running = Running;
        let resolve = move || {
            let _running = running;
            // Nobody listens any more: then there is nothing left to do.
            let mut early = |diagnosis| drop(sender.send(diagnosis));
            let diagnosis = capture.resolve_telling(Some(&mut early));
            let _ = sender.send(diagnosis);
        };
        // Without a thread to be had there is no diagnosis.
        let _ = std::thread::Builder::new().name("hailo-names".into()).spawn(resolve);
        Self(receiver)
    }

    /// What is known at this time: everything, or functions without lines and without those that are inlined. `None` where
    /// no thread was to be had, or the machine is too busy for anything.
    pub fn take(self, until: Instant) -> Option<Diagnosis> {
        let left = || until.saturating_duration_since(Instant::now());
        let mut early = self.0.recv_timeout(left() + WITHOUT_NAMES).ok()?;
        self.0.recv_timeout(left()).ok().or_else(|| {
            early.notes.push("there was no time to look up lines and inlined functions".into());
            Some(early)
        })
    }
}

/// Counts down where the thread ends, or none was to be had.
struct Running;

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits until nothing is being named any more, at most so long: such a thread is no leak of anybody.
pub(crate) fn finish(patience: Duration) {
    let until = Instant::now() + patience;
    while RUNNING.load(Ordering::SeqCst) > 0 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Limits, capture};

    #[test]
    fn what_is_known_in_time_is_taken() {
        let notes = |naming: Naming, patience| naming.take(Instant::now() + patience).map(|d| d.notes);
        let diagnosis = |note: &str| Diagnosis { notes: vec![note.into()], ..Diagnosis::default() };
        let (sender, receiver) = channel();
        sender.send(diagnosis("functions")).unwrap();
        let late = notes(Naming(receiver), Duration::ZERO).unwrap();
        assert!(late[0] == "functions" && late[1].contains("no time to look up lines"), "{late:?}");
        let (sender, receiver) = channel();
        sender.send(diagnosis("functions")).unwrap();
        sender.send(diagnosis("lines")).unwrap();
        assert_eq!(notes(Naming(receiver), Duration::from_secs(60)).unwrap(), ["lines"]);
        let (_, receiver) = channel();
        assert_eq!(notes(Naming(receiver), Duration::from_secs(60)), None);
    }

    #[test]
    fn a_process_is_named_and_the_thread_that_did_it_ends() {
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        let naming = Naming::begin(capture(child.id(), &Limits::default()));
        let diagnosis = naming.take(Instant::now() + Duration::from_secs(60)).unwrap();
        assert_eq!(diagnosis.threads.len(), 1, "{diagnosis}");
        finish(Duration::from_secs(60));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
