//! Why there is no lease.

use std::path::PathBuf;
use std::time::Duration;

use super::owner::{Owner, seconds};
use super::wedged::Wedged;

/// Why there is no lease.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LeaseError {
    /// Nobody gave the device back in time.
    #[error(
        "no device was free within {}: {}{}; wait longer (HAILO_DEVICE_DEADLINE=SECONDS, or `hold --wait`), \
         or see `hailo-harness devices`",
        seconds(*waited), held(holders), ahead(*before)
    )]
    Timeout {
        /// How long was waited.
        waited: Duration,
        /// The devices, and who holds them.
        holders: Vec<(String, Option<Owner>)>,
        /// How many were before this one in the queue.
        before: usize,
    },
    /// Somebody uses the device, and nobody wants to wait.
    #[error("no device is free: {}{}; see `hailo-harness devices`", held(holders), ahead(*before))]
    Busy {
        /// The devices, and who holds them.
        holders: Vec<(String, Option<Owner>)>,
        /// How many wait already.
        before: usize,
    },
    /// The devices are marked: nobody can use them.
    #[error(
        "{}; `hailo-harness devices --reset` tries to get {} back",
        wedged(marks), if marks.len() == 1 { "it" } else { "them" }
    )]
    Wedged {
        /// The devices, and what is known of each.
        marks: Vec<(String, Wedged)>,
    },
    /// The thread that asks holds all devices already: it would wait for itself.
    #[error(
        "this thread holds {} already, and would wait for itself: close or drop the first context (or lease) \
         before the second one, or start the second one on another thread",
        devices.join(", ")
    )]
    SameThread {
        /// The devices.
        devices: Vec<String>,
    },
    /// The waiting was ended, since the program ends.
    #[error("the waiting for a device was ended, since the program ends")]
    Cancelled,
    /// There is no device to be had.
    #[error("there is no device to wait for")]
    NoDevice,
    /// There is no such device.
    #[error("there is no device {name:?}; the devices are {}", listed(known))]
    UnknownDevice {
        /// What was asked for.
        name: String,
        /// The devices there are.
        known: Vec<String>,
    },
    /// `HAILO_DEVICE_DEADLINE` says something that is no time.
    #[error(
        "HAILO_DEVICE_DEADLINE={value}: give the time to wait for a device in seconds, such as 600 or 2.5; \
         0 never waits"
    )]
    Deadline {
        /// What it says.
        value: String,
    },
    /// The folder of the locks cannot be used.
    #[error("cannot use the folder of the device locks {}: {why}; {hint}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        why: String,
        /// What to do.
        hint: &'static str,
    },
    /// A file in the folder cannot be used.
    #[error("cannot use the device lock {}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

pub(super) fn held(holders: &[(String, Option<Owner>)]) -> String {
    let one = |(device, owner): &(String, Option<Owner>)| match owner {
        Some(owner) => format!("{device} is held {owner}"),
        None => format!("{device} is held by somebody who left no name"),
    };
    holders.iter().map(one).collect::<Vec<_>>().join(", ")
}

pub(super) fn ahead(count: usize) -> String {
    if count == 0 { String::new() } else { format!(", and {count} came before") }
}

fn wedged(marks: &[(String, Wedged)]) -> String {
    marks.iter().map(|(device, mark)| format!("{device} is wedged: {mark}")).collect::<Vec<_>>().join(", ")
}

fn listed(names: &[String]) -> String {
    let of = |(i, name): (usize, &String)| format!("{i} ({name})");
    if names.is_empty() {
        "none".into()
    } else {
        names.iter().enumerate().map(of).collect::<Vec<_>>().join(", ")
    }
}
