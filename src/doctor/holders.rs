//! Who holds the devices, and which nobody can use.

use super::check::Check;
use super::examination::Asked;
use crate::device::lease::{LockFolder, Queue, Wedged};
use crate::device::process::descends;
use crate::device::{Found, Holders, Node, discovery};
use crate::text::printable::line;

const NAME: &str = "holders";
/// How the names of simulated devices begin, among those who queue.
const SIMULATED: &str = "sim-";

/// Looks at the devices that the library lists, else at those that the driver lists.
pub(super) fn look(asked: &Asked, folder: Option<&LockFolder>) -> Check {
    let devices = match asked {
        Asked::Answered { survey } => survey.devices.clone(),
        Asked::Refused { .. } => discovery::real(),
    };
    let nodes: Vec<Node> = devices.iter().flat_map(|d| d.nodes.clone()).collect();
    let holders = Holders::look(&nodes, &[std::process::id()]);
    // What fell off the bus is listed by nobody: its mark tells of it.
    let simulated = |m: &Wedged| m.device.starts_with(SIMULATED);
    let counts = |m: &Wedged| !simulated(m) || devices.iter().any(|d| d.lease == m.device);
    if let Some(mark) = folder.and_then(|f| Wedged::all(f).into_iter().find(counts)) {
        let found = format!("{} is marked as wedged: {mark}", line(&mark.device));
        return Check::failed(NAME, found, "hailo-harness devices --reset");
    }
    if let Some(pid) = holders.service {
        let found = format!("the HailoRT service runs (process {pid}) and may hold devices for others");
        return Check::warning(NAME, found, "sudo systemctl disable --now hailort");
    }
    told(&devices, folder.and_then(|f| Queue::read(f).ok()).as_ref(), &holders)
}

fn told(devices: &[Found], queue: Option<&Queue>, holders: &Holders) -> Check {
    let owners: Vec<_> = devices.iter().filter_map(|d| Some((d, queue?.owner(&d.lease)?))).collect();
    let leased = |pid: u32| owners.iter().any(|(_, owner)| descends(pid, owner.pid));
    if let Some(holder) = holders.found.iter().find(|h| !leased(h.pid)) {
        let found = format!(
            "process {} ({}) of user {} has {} open without asking for the lease",
            holder.pid,
            line(&holder.program),
            holder.uid,
            holder.node
        );
        let mend =
            format!("kill {}    # or run it so that others queue: hailo-harness hold -- PROGRAM", holder.pid);
        return Check::warning(NAME, found, mend);
    }
    if owners.is_empty() {
        return Check::ok(NAME, "nobody holds a device");
    }
    // Whoever queues gets it: nothing to mend.
    let list: Vec<String> = owners.iter().map(|(d, owner)| format!("{}: {owner}", line(&d.id))).collect();
    Check::ok(NAME, list.join("; "))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::super::check::State;
    use super::*;
    use crate::device::lease::{DeviceLease, LeaseOptions};

    #[test]
    fn whoever_uses_a_device_without_the_lease_is_named_with_how_to_end_it() {
        let folder = tempfile::tempdir().unwrap();
        let node = folder.path().canonicalize().unwrap().join("hailo0");
        std::fs::write(&node, "").unwrap();
        let device = Found {
            id: "0000:01:00.0".into(),
            lease: "0000:01:00.0".into(),
            nodes: vec![Node::File(node.clone())],
        };
        let free = told(std::slice::from_ref(&device), None, &Holders::look(&device.nodes, &[]));
        assert_eq!(free, Check::ok(NAME, "nobody holds a device"));
        let stdin = Stdio::from(std::fs::File::open(&node).unwrap());
        let mut child = Command::new("sleep").arg("1000").stdin(stdin).spawn().unwrap();
        let check = told(std::slice::from_ref(&device), None, &Holders::look(&device.nodes, &[]));
        let pid = child.id();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(check.state, State::Warning);
        assert!(check.found.contains(&format!("process {pid} ")), "{}", check.found);
        assert!(check.mend.unwrap().starts_with(&format!("kill {pid} ")));
    }

    #[test]
    fn whoever_holds_the_lease_is_named_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let locks = LockFolder::at(folder.path()).unwrap();
        let device = Found { id: "sim-doctor".into(), lease: "sim-doctor".into(), nodes: Vec::new() };
        let options = LeaseOptions::in_folder(locks.clone());
        let lease = DeviceLease::acquire(std::slice::from_ref(&device.lease), &options).unwrap();
        let check =
            told(std::slice::from_ref(&device), Some(&Queue::read(&locks).unwrap()), &Holders::default());
        drop(lease);
        assert_eq!(check.state, State::Ok);
        assert!(check.found.contains(&std::process::id().to_string()), "{}", check.found);
    }
}
