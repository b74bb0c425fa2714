//! Network groups that run without a scheduler: one at a time of each device, from its activation to its deactivation.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::group::Group;

/// Whether a group may run.
#[derive(Debug)]
pub struct Activation {
    scheduled: bool,
    active: Mutex<bool>,
    changed: Condvar,
    /// Whether some group of the device is active.
    taken: Arc<AtomicBool>,
}

impl Activation {
    /// Of a group that a scheduler runs, or of one that somebody has to activate; `taken` is common to all groups of a
    /// device.
    pub fn new(scheduled: bool, taken: &Arc<AtomicBool>) -> Self {
        Self { scheduled, active: Mutex::new(false), changed: Condvar::new(), taken: Arc::clone(taken) }
    }

    /// Whether a scheduler decides.
    pub fn is_scheduled(&self) -> bool {
        self.scheduled
    }

    /// Whether frames may be computed.
    pub fn may_run(&self) -> bool {
        self.scheduled || *self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits so long until somebody activates the group; `None` waits without end. Answers whether it is active.
    pub fn wait(&self, timeout: Option<Duration>) -> bool {
        let active = self.active.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(timeout) = timeout else {
            return *self.changed.wait_while(active, |a| !*a).unwrap_or_else(PoisonError::into_inner);
        };
        let waited = self.changed.wait_timeout_while(active, timeout, |a| !*a);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn set(&self, active: bool) {
        *self.active.lock().unwrap_or_else(PoisonError::into_inner) = active;
        self.changed.notify_all();
    }
}

/// A group that is active; dropping it deactivates the group.
pub struct Activated {
    /// The group.
    pub group: Arc<Group>,
}

impl Activated {
    /// Activates a group; `None` where a scheduler decides, or where a group of its device is active.
    pub fn new(group: &Arc<Group>) -> Option<Self> {
        let activation = &group.activation;
        if activation.scheduled || activation.taken.swap(true, Ordering::SeqCst) {
            return None;
        }
        activation.set(true);
        group.wake.notify();
        Some(Self { group: Arc::clone(group) })
    }
}

impl Drop for Activated {
    fn drop(&mut self) {
        self.group.activation.set(false);
        self.group.activation.taken.store(false, Ordering::SeqCst);
    }
}
