//! The lease of a program that runs under `hailo-harness hold`.
//!
//! The command holds the device for the program, which would wait for it for ever. So the command says in a variable
//! what it holds, and within the program the device has a lock of its own, `<device>@<ticket of the command>`, for which
//! the program's threads and children queue among themselves.

use super::queue::Queue;

/// The variable that says what is held: `<ticket>:<device>`. Within what runs under a lease, the device is called
/// `<device>@<ticket>`, and so on, however deep.
pub const VARIABLE: &str = "HAILO_LEASE";

/// The variable's value for what runs under this lease.
pub(super) fn value(stem: &str, device: &str) -> String {
    format!("{stem}:{device}")
}

/// The device that is held for this program, and its name within it. `None` where nothing is held, or not any more.
pub(super) fn held(queue: &Queue) -> Option<(String, String)> {
    let value = std::env::var(VARIABLE).ok()?;
    let (stem, device) = value.split_once(':')?;
    queue.holds(stem, device).then(|| (shown(device).to_owned(), name(stem, device)))
}

/// The device's name within what runs under this lease.
pub(super) fn name(stem: &str, device: &str) -> String {
    format!("{device}@{stem}")
}

/// The ticket that a lock file was made under.
pub(super) fn holder(file: &str) -> Option<&str> {
    Some(file.strip_suffix(".lock")?.rsplit_once('@')?.1)
}

/// The device without what is only of use here.
pub(super) fn shown(device: &str) -> &str {
    device.split_once('@').map_or(device, |(device, _)| device)
}
