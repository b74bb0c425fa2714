//! The lease of a program that runs under `hailo-harness hold`.
//!
//! The command holds the device for the program, which would wait for it for ever. So the command says in a variable
//! what it holds, and within the program the device has a lock of its own, `<device>@<ticket of the command>`, for which
//! the program's threads and children queue among themselves. Whoever has that one is a holder of the device to all
//! others, also when the command has ended.

use std::os::unix::fs::MetadataExt;

use super::queue::Queue;
use super::ticket;
use crate::device::process;

/// The variable that says what is held: `<ticket>:<device>`, and more of them after commas where several devices are
/// held. Within what runs under a lease, the device is called `<device>@<ticket>`, and so on, however deep.
pub const VARIABLE: &str = "HAILO_LEASE";

/// A device that is held for this program.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// The device.
    pub(super) device: String,
    /// Its name within the program.
    pub(super) name: String,
    /// The ticket that holds it, and what it is called there.
    stem: String,
    outer: String,
}

impl Held {
    /// Whether it is still held.
    pub(super) fn lasts(&self, queue: &Queue) -> bool {
        queue.holder(&self.stem, &self.outer).is_some()
    }
}

/// The variable's value for what runs under this lease, besides what this process runs under.
pub(super) fn value(stem: &str, device: &str) -> String {
    let own = format!("{stem}:{device}");
    let before = std::env::var(VARIABLE).unwrap_or_default();
    let others = before
        .split(',')
        .filter(|entry| entry.split_once(':').is_some_and(|(_, other)| shown(other) != shown(device)));
    std::iter::once(own.as_str()).chain(others).collect::<Vec<_>>().join(",")
}

/// The first of these devices that is held for this program. `None` where none is, or not any more, or for somebody
/// else: the variable may have been copied or made up.
pub(super) fn held(queue: &Queue, devices: &[String]) -> Option<Held> {
    let value = std::env::var(VARIABLE).ok()?;
    value.split(',').find_map(|entry| {
        let (stem, outer) = entry.split_once(':')?;
        let device = shown(outer);
        let pid = queue.holder(stem, outer)?;
        let is_ours = process::descends(std::process::id(), pid) || has_open(queue, stem);
        (devices.iter().any(|d| d == device) && is_ours).then(|| Held {
            device: device.into(),
            name: name(stem, outer),
            stem: stem.into(),
            outer: outer.into(),
        })
    })
}

/// Whether this process has a copy of the ticket's file: then it was given the device, also where whoever gave it has
/// ended.
fn has_open(queue: &Queue, stem: &str) -> bool {
    let of =
        |name: &std::ffi::OsString| name.to_str()?.strip_prefix(stem)?.starts_with('.').then(|| name.clone());
    let names = queue.folder().names().unwrap_or_default();
    let Some(ticket) = names.iter().find_map(of) else { return false };
    let Some(ticket) = ticket.to_str().and_then(|name| queue.folder().stat(name).ok()) else { return false };
    let files = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    files
        .filter_map(|f| std::fs::metadata(f.path()).ok())
        .any(|m| (m.dev(), m.ino()) == (ticket.st_dev, ticket.st_ino))
}

/// The device's name within what runs under this lease.
pub(super) fn name(stem: &str, device: &str) -> String {
    format!("{device}@{stem}")
}

/// Whether a name stands for this device, or for it within what runs under a lease of it.
pub(super) fn is_within(name: &str, device: &str) -> bool {
    name.strip_prefix(device).is_some_and(|rest| rest.is_empty() || rest.starts_with('@'))
}

/// The ticket that a lock file was made under.
pub(super) fn holder(file: &str) -> Option<&str> {
    let stem = file.strip_suffix(".lock")?.rsplit_once('@')?.1;
    ticket::arrival(stem).map(|_| stem)
}

/// The device without what is only of use here.
pub(super) fn shown(device: &str) -> &str {
    device.split_once('@').map_or(device, |(device, _)| device)
}
