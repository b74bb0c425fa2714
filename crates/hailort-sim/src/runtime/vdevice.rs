//! A virtual device: its threads, the marks of its devices, its network groups.

use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::activation::Activation;
use super::bus::Link;
use super::forked::{MadeBy, Presence};
use super::group::Group;
use super::mark::Mark;
use super::queue::Queue;
use super::scheduler::Scheduler;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use crate::hef::Hef;
use crate::network::build::{self, BuildError};

/// Spawns a named thread of the library.
///
/// # Panics
/// When the system has no thread left.
pub(super) fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    std::thread::Builder::new()
        .name(name.into())
        .spawn(body)
        .unwrap_or_else(|why| panic!("cannot start the thread {name}: {why}"))
}

/// A virtual device over one or more simulated devices.
///
/// As in the real library it has a thread, the scheduler, and for each device two threads for notifications and an open
/// file, which holds the exclusive mark. All are gone when it is dropped.
pub struct VDevice {
    host: String,
    ids: Vec<String>,
    group_id: String,
    scheduler: Scheduler,
    notifications: Arc<Queue<()>>,
    notifiers: Vec<JoinHandle<()>>,
    interrupted: Arc<AtomicBool>,
    /// Whether a scheduler decides which group runs.
    scheduled: bool,
    /// Whether a group runs that somebody has activated.
    taken: Arc<AtomicBool>,
    /// Whether its devices are still there.
    pub link: Link,
    /// The process that has its threads.
    pub made_by: MadeBy,
    _presence: Presence,
    /// Fields are dropped in their order: the devices are free when the threads are gone.
    marks: Arc<Vec<Mark>>,
}

/// Waits for the devices, as the real library's thread waits for their interrupts: until they hang up. A signal handler
/// that runs in this thread ends such a wait, and the real library does not wait again.
fn wait_for_interrupts(marks: &[Mark], interrupted: &AtomicBool) {
    let mut files: Vec<PollFd<'_>> =
        marks.iter().map(|mark| PollFd::from_borrowed_fd(mark.file(), PollFlags::empty())).collect();
    loop {
        match poll(&mut files, None) {
            Err(Errno::INTR) => interrupted.store(true, Ordering::SeqCst),
            // Nothing else than the end is waited for.
            _ => return,
        }
    }
}

impl VDevice {
    pub(super) fn start(host: &str, marks: Vec<Mark>, group_id: &str, scheduled: bool) -> Self {
        let presence = Presence::new();
        let (notifications, marks) = (Arc::new(Queue::new(16)), Arc::new(marks));
        let interrupted = Arc::new(AtomicBool::new(false));
        let mut notifiers = Vec::new();
        for device in 0..marks.len() {
            let (of_all, was) = (Arc::clone(&marks), Arc::clone(&interrupted));
            let wait = move || wait_for_interrupts(&of_all[device..=device], &was);
            notifiers.push(spawn("hailort-events", wait));
            let queue = Arc::clone(&notifications);
            notifiers.push(spawn("hailort-notify", move || while queue.pop(None).is_ok() {}));
        }
        Self {
            host: host.into(),
            ids: marks.iter().map(|mark| mark.id().into()).collect(),
            group_id: group_id.into(),
            scheduler: Scheduler::start(),
            notifications,
            notifiers,
            interrupted,
            scheduled,
            taken: Arc::default(),
            link: Link::new(),
            made_by: MadeBy::this_process(),
            _presence: presence,
            marks,
        }
    }

    /// Names of the devices that it uses.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The simulated host whose devices they are.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The group that shares it, or [`super::host::UNIQUE`].
    pub fn group_id(&self) -> &str {
        &self.group_id
    }

    /// Whether a scheduler decides which group runs.
    pub fn is_scheduled(&self) -> bool {
        self.scheduled
    }

    /// Configures all network groups of a HEF; `measures_latency` says for which the latency is measured.
    ///
    /// # Errors
    /// When the HEF is for another architecture, or when what it computes cannot be had.
    pub fn configure(
        &self,
        hef: &Hef,
        measures_latency: impl Fn(&str) -> bool,
    ) -> Result<Vec<Arc<Group>>, BuildError> {
        let networks = build::networks(hef)?;
        let groups: Vec<Arc<Group>> = hef
            .network_groups
            .iter()
            .zip(networks)
            .map(|(group, network)| {
                let activation = Activation::new(self.scheduled, &self.taken);
                let wake = Arc::clone(self.scheduler.wake());
                Arc::new(Group::new(group.clone(), network, wake, activation, measures_latency(&group.name)))
            })
            .collect();
        for group in &groups {
            self.scheduler.add(Arc::clone(group));
        }
        Ok(groups)
    }

    /// Whether a signal handler has run in the thread that waits for interrupts.
    pub fn was_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst)
    }

    /// The open files that mark its devices.
    pub(super) fn files(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.marks.iter().map(Mark::file)
    }

    /// All configured groups.
    pub fn groups(&self) -> Vec<Arc<Group>> {
        self.scheduler.groups()
    }
}

impl Drop for VDevice {
    fn drop(&mut self) {
        for group in self.scheduler.groups() {
            group.shut_down();
        }
        self.notifications.close();
        self.marks.iter().for_each(Mark::hang_up);
        for thread in self.notifiers.drain(..) {
            let _ = thread.join();
        }
    }
}
