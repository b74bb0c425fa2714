//! What ends speech-to-text from outside, whoever uses it just then.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::error::SttError;
use crate::worker::KillSwitch;
use crate::worker::witness::Testimony;

/// How often somebody who waits looks whether it was given up.
const LOOK: Duration = Duration::from_millis(10);

/// What ends speech-to-text from outside: a flag, and the worker's process group. Its lock is held for moments only.
#[derive(Debug, Default)]
pub(super) struct Control {
    cancelled: Arc<AtomicBool>,
    switch: Mutex<Option<KillSwitch>>,
}

impl Control {
    /// Set once it was given up.
    pub(super) fn flag(&self) -> &Arc<AtomicBool> {
        &self.cancelled
    }

    /// Gives it up: nothing is begun any more.
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
    }

    /// `Ok` where it was not given up.
    pub(super) fn check(&self) -> Result<(), SttError> {
        if self.cancelled.load(Ordering::SeqCst) { Err(SttError::Cancelled) } else { Ok(()) }
    }

    /// Knows a worker from right after its spawn. Whoever cancels comes either after this, and kills it, or before,
    /// and is seen here.
    pub(super) fn watch(&self, switch: KillSwitch) -> Result<(), SttError> {
        *self.switch.lock().unwrap_or_else(PoisonError::into_inner) = Some(switch);
        self.check()
    }

    /// The worker's process id.
    pub(super) fn worker_id(&self) -> Option<u32> {
        self.switch().and_then(|s| s.id())
    }

    /// Kills the worker, where there is one, and waits so long for its end.
    pub(super) fn kill(&self, patience: Duration) {
        if let Some(switch) = self.switch() {
            switch.kill(patience);
        }
    }

    /// What the worker does just now, where it does anything.
    pub(super) fn testify(&self) -> Option<Testimony> {
        self.switch()?.testify()
    }

    /// Waits, unless it is given up.
    pub(super) fn pause(&self, time: Duration) -> Result<(), SttError> {
        let until = Instant::now() + time;
        loop {
            self.check()?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(LOOK));
        }
    }

    fn switch(&self) -> Option<KillSwitch> {
        self.switch.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_ends_when_it_is_given_up() {
        let control = Control::default();
        control.pause(Duration::ZERO).unwrap();
        let start = Instant::now();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| control.pause(Duration::from_secs(60)));
            control.cancel();
            assert!(matches!(waiter.join().unwrap(), Err(SttError::Cancelled)));
        });
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        assert!(control.check().is_err() && control.flag().load(Ordering::SeqCst));
    }
}
