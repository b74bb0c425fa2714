//! Ending all transfers from another thread: the only thing that unblocks one that waits for the device.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hailort_sys::Api;
use hailort_sys::types::hailo_configured_network_group;

use super::call::call;

/// A network group that is in use.
struct Live {
    api: Api,
    group: hailo_configured_network_group,
    name: String,
}

// SAFETY: HailoRT's call to shut a group down may come from any thread.
unsafe impl Send for Live {}

static LIVE: Mutex<Vec<Live>> = Mutex::new(Vec::new());

fn live() -> MutexGuard<'static, Vec<Live>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A network group can be shut down from now on.
pub(super) fn enter(api: Api, group: hailo_configured_network_group, name: &str) {
    live().push(Live { api, group, name: name.into() });
}

/// A network group is about to be released. Waits while it is being shut down.
pub(super) fn leave(group: hailo_configured_network_group) {
    live().retain(|l| l.group != group);
}

/// Shuts all network groups of this process down, for good. Transfers that wait answer 63 in their threads.
///
/// It may hang where the library does: call it on a thread of its own.
pub(crate) fn shut_down_all() {
    // Held meanwhile, so that no group is released under the call.
    for Live { api, group, name } in live().iter() {
        // SAFETY: the group is in use: it is taken off the list before it is released.
        if let Err(error) = unsafe { call!(api, name, hailo_shutdown_network_group(*group)) } {
            eprintln!("{error}");
        }
    }
}
