//! What happens some time after a call.
//!
//! One thread, `hailort-later`, waits for all of it. It is there only while something is due.

use std::io;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

type Job = Box<dyn FnOnce() + Send>;

struct State {
    jobs: Vec<(Instant, Job)>,
    has_thread: bool,
}

static STATE: Mutex<State> = Mutex::new(State { jobs: Vec::new(), has_thread: false });
static CHANGED: Condvar = Condvar::new();

/// Does the job after this time, in another thread.
///
/// # Errors
/// When the system has no thread left.
pub(super) fn after(time: Duration, job: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let Some(due) = Instant::now().checked_add(time) else {
        // Beyond the end of time: what the job holds stays as it is.
        std::mem::forget(job);
        return Ok(());
    };
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    if !state.has_thread {
        std::thread::Builder::new().name("hailort-later".into()).spawn(run)?;
        state.has_thread = true;
    }
    state.jobs.push((due, Box::new(job)));
    CHANGED.notify_one();
    Ok(())
}

fn run() {
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    while let Some(next) = (0..state.jobs.len()).min_by_key(|i| state.jobs[*i].0) {
        let left = state.jobs[next].0.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let (_, job) = state.jobs.swap_remove(next);
            drop(state);
            job();
            state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
        } else {
            state = CHANGED.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
    state.has_thread = false;
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn jobs_are_done_in_the_order_of_their_times() {
        let (sender, done) = channel();
        let start = Instant::now();
        for time in [60, 20, 40] {
            let sender = sender.clone();
            after(Duration::from_millis(time), move || sender.send(time).unwrap()).unwrap();
        }
        after(Duration::MAX, || unreachable!()).unwrap();
        let order: Vec<u64> = (0..3).map(|_| done.recv_timeout(Duration::from_secs(10)).unwrap()).collect();
        assert_eq!(order, [20, 40, 60]);
        assert!(start.elapsed() >= Duration::from_millis(60));
    }
}
