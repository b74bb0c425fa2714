//! A virtual device: its threads, the marks of its devices, its network groups.

use std::sync::Arc;
use std::thread::JoinHandle;

use super::group::Group;
use super::mark::Mark;
use super::queue::Queue;
use super::scheduler::Scheduler;
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
/// As in the real library it has three threads, two for notifications and the scheduler, and one open file for each
/// device, which holds the exclusive mark. All are gone when it is dropped.
pub struct VDevice {
    host: String,
    ids: Vec<String>,
    group_id: String,
    scheduler: Scheduler,
    notifications: Arc<Queue<()>>,
    notifiers: Vec<JoinHandle<()>>,
    /// Fields are dropped in their order: the devices are free when the threads are gone.
    _marks: Vec<Mark>,
}

impl VDevice {
    pub(super) fn start(host: &str, marks: Vec<Mark>, group_id: &str) -> Self {
        let notifications = Arc::new(Queue::new(16));
        let notifiers = ["hailort-events", "hailort-notify"]
            .map(|name| {
                let queue = Arc::clone(&notifications);
                spawn(name, move || while queue.pop(None).is_ok() {})
            })
            .into();
        Self {
            host: host.into(),
            ids: marks.iter().map(|mark| mark.id().into()).collect(),
            group_id: group_id.into(),
            scheduler: Scheduler::start(),
            notifications,
            notifiers,
            _marks: marks,
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

    /// Configures all network groups of a HEF.
    ///
    /// # Errors
    /// When the HEF is for another architecture, or when what it computes cannot be had.
    pub fn configure(&self, hef: &Hef) -> Result<Vec<Arc<Group>>, BuildError> {
        let networks = build::networks(hef)?;
        let groups: Vec<Arc<Group>> = hef
            .network_groups
            .iter()
            .zip(networks)
            .map(|(group, network)| {
                Arc::new(Group::new(group.clone(), network, Arc::clone(self.scheduler.wake())))
            })
            .collect();
        for group in &groups {
            self.scheduler.add(Arc::clone(group));
        }
        Ok(groups)
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
        for thread in self.notifiers.drain(..) {
            let _ = thread.join();
        }
    }
}
