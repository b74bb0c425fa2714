//! Waiting until something changes in the folder.

use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

use super::folder::LockFolder;

/// How often to look, also where nothing is told.
const BETWEEN: Duration = Duration::from_millis(50);
/// The same, where the kernel tells nothing, since there are too many watches.
const BETWEEN_UNWATCHED: Duration = Duration::from_millis(5);
/// The kernel tells that a killed process closed its ticket a moment before it lets go of the lock: so long after a
/// change to look again and again.
const EAGER: Duration = Duration::from_millis(20);
const EAGER_BETWEEN: Duration = Duration::from_micros(500);

/// Tells when tickets come, change, or go, by whichever end of their owners.
///
/// To drop it takes the kernel some milliseconds (seen: 3): do it when nobody waits for that.
#[derive(Debug)]
pub(super) struct Watch {
    inotify: Option<(OwnedFd, i32)>,
    eager_until: Instant,
}

impl Watch {
    pub(super) fn new(folder: &LockFolder) -> Self {
        Self { inotify: watch(folder).ok(), eager_until: Instant::now() }
    }

    /// Does not watch any more, so that the kernel need not remember what happens.
    pub(super) fn stop(&self) {
        if let Some((inotify, watch)) = &self.inotify {
            let _ = inotify::remove_watch(inotify, *watch);
        }
    }

    /// Waits for a change, at most so long; sometimes returns without one.
    pub(super) fn wait(&mut self, longest: Duration) {
        let eager = Instant::now() < self.eager_until;
        let Some((inotify, _)) = &self.inotify else {
            std::thread::sleep(longest.min(BETWEEN_UNWATCHED));
            return;
        };
        let timeout = longest.min(if eager { EAGER_BETWEEN } else { BETWEEN });
        let timeout = Timespec { tv_sec: timeout.as_secs() as i64, tv_nsec: timeout.subsec_nanos().into() };
        let mut fds = [PollFd::new(inotify, PollFlags::IN)];
        // Interrupted or not: the caller looks.
        if poll(&mut fds, Some(&timeout)).is_ok_and(|ready| ready > 0) {
            let mut events = [0; 4096];
            // What changed is looked at by the caller.
            while rustix::io::read(inotify, &mut events).is_ok_and(|n| n == events.len()) {}
            self.eager_until = Instant::now() + EAGER;
        }
    }
}

fn watch(folder: &LockFolder) -> rustix::io::Result<(OwnedFd, i32)> {
    let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
    // A ticket is open for writing in its owner: the end of an owner is a close. Those who only look open for reading.
    let flags = WatchFlags::CLOSE_WRITE | WatchFlags::MOVED_FROM | WatchFlags::MOVED_TO | WatchFlags::DELETE;
    let watch = inotify::add_watch(&inotify, format!("/proc/self/fd/{}", folder.fd().as_raw_fd()), flags)?;
    Ok((inotify, watch))
}
