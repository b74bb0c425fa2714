//! A virtual device: its threads, its file descriptor, its network groups.

use std::fs::File;
use std::sync::Arc;
use std::thread::JoinHandle;

use super::group::Group;
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
/// As in the real library it has three threads, two for notifications and the scheduler, and one open file that
/// stands for the driver's node. All are gone when it is dropped.
pub struct VDevice {
    ids: Vec<String>,
    group_id: String,
    scheduler: Scheduler,
    notifications: Arc<Queue<()>>,
    notifiers: Vec<JoinHandle<()>>,
    _node: Option<File>,
}

impl VDevice {
    pub(super) fn start(ids: Vec<String>, group_id: &str) -> Self {
        let notifications = Arc::new(Queue::new(16));
        let notifiers = ["hailort-events", "hailort-notify"]
            .map(|name| {
                let queue = Arc::clone(&notifications);
                spawn(name, move || while queue.pop(None).is_ok() {})
            })
            .into();
        Self {
            ids,
            group_id: group_id.into(),
            scheduler: Scheduler::start(),
            notifications,
            notifiers,
            _node: File::open("/dev/null").ok(),
        }
    }

    /// Names of the devices that it uses.
    pub fn ids(&self) -> &[String] {
        &self.ids
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
