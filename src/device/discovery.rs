//! The devices of this host, without opening or asking any of them.

use std::path::Path;

use hailort_sim::runtime::{host, mark};
use serde::{Deserialize, Serialize};

use super::holders::Node;
use super::lease::LeaseError;
use super::runtime::RuntimeKind;

/// Where the driver lists its devices, and where their nodes are.
const CLASS: &str = "/sys/class/hailo_chardev";
const NODES: &str = "/dev";
/// The file with a device's PCIe address.
const ADDRESS: &str = "board_location";

/// A device of this host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Its PCIe address, by which the library knows it.
    pub id: String,
    /// What it is called among those who queue for it: the address, which for a simulated device begins with `sim-`.
    pub lease: String,
    /// What a process has open that uses it.
    pub nodes: Vec<Node>,
}

/// The devices that the driver knows, in the order of their numbers.
pub fn real() -> Vec<Found> {
    listed(Path::new(CLASS), Path::new(NODES))
}

fn listed(class: &Path, nodes: &Path) -> Vec<Found> {
    let names = |folder: &Path| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let names = entries.filter_map(|e| e.file_name().into_string().ok());
        let mut numbered: Vec<(u32, String)> =
            names.filter_map(|n| Some((n.strip_prefix("hailo")?.parse().ok()?, n))).collect();
        numbered.sort();
        numbered.into_iter().map(|(_, name)| name).collect::<Vec<_>>()
    };
    let known = names(class);
    // In a container there may be the node, and nothing of the driver's list: then the node's name has to do.
    let all = if known.is_empty() { names(nodes) } else { known };
    all.iter()
        .map(|name| {
            let address = std::fs::read_to_string(class.join(name).join(ADDRESS)).unwrap_or_default();
            let id = Some(address.trim()).filter(|a| !a.is_empty()).unwrap_or(name).to_owned();
            Found { lease: id.clone(), id, nodes: vec![Node::File(nodes.join(name))] }
        })
        .collect()
}

/// The devices with these addresses, as the library of this runtime listed them.
pub fn of_ids(runtime: RuntimeKind, ids: Vec<String>) -> Vec<Found> {
    let known = if runtime == RuntimeKind::Device { real() } else { Vec::new() };
    let all_nodes: Vec<Node> = known.iter().flat_map(|d| d.nodes.clone()).collect();
    ids.into_iter()
        .map(|id| match runtime {
            RuntimeKind::Device => {
                let nodes = known.iter().find(|d| d.id == id).map_or(all_nodes.clone(), |d| d.nodes.clone());
                Found { lease: id.clone(), id, nodes }
            }
            RuntimeKind::Sim | RuntimeKind::DeviceApiOnSim => simulated(id),
        })
        .collect()
}

/// The simulated devices of this process's simulated host.
pub fn all_simulated() -> Vec<Found> {
    of_ids(RuntimeKind::Sim, host::device_ids())
}

/// What the names of this host's devices begin with, among those who queue.
pub fn prefix(runtime: RuntimeKind) -> String {
    match (runtime, host::name().as_str()) {
        (RuntimeKind::Device, _) => String::new(),
        (_, "default") => "sim-".into(),
        (_, name) => format!("sim-{name}-"),
    }
}

fn simulated(id: String) -> Found {
    let lease = prefix(RuntimeKind::Sim) + &id;
    let nodes = vec![Node::Socket(mark::socket_name(&id))];
    Found { id, lease, nodes }
}

/// Devices with these names among those who queue, which the runtime does not list: off the bus, perhaps. The prefix is
/// that of the host where it listed.
pub fn missing<'a>(
    runtime: RuntimeKind,
    prefix: &str,
    listed: &[Found],
    leases: impl IntoIterator<Item = &'a str>,
) -> Vec<Found> {
    let found = |lease: &str| match runtime {
        RuntimeKind::Device => (!lease.starts_with("sim-")).then(|| Found {
            id: lease.into(),
            lease: lease.into(),
            nodes: Vec::new(),
        }),
        RuntimeKind::Sim | RuntimeKind::DeviceApiOnSim => {
            let id = lease.strip_prefix(prefix).filter(|id| is_address(id))?;
            Some(Found { lease: lease.into(), ..simulated(id.into()) })
        }
    };
    let mut missing: Vec<Found> = leases.into_iter().filter_map(found).collect();
    missing.retain(|d| listed.iter().all(|l| l.lease != d.lease));
    missing
}

/// Whether it looks like a PCIe address: names of simulated hosts may begin alike.
fn is_address(id: &str) -> bool {
    id.bytes().all(|b| b.is_ascii_hexdigit() || b":.".contains(&b))
}

/// Those of these devices that this names: a number in the list, an address, or all where nothing is named.
///
/// # Errors
/// When there is no such device; the error lists those there are.
pub fn choose<'a>(devices: &'a [Found], wanted: Option<&str>) -> Result<Vec<&'a Found>, LeaseError> {
    let Some(name) = wanted else { return Ok(devices.iter().collect()) };
    let digits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
    let number = name.parse::<usize>().ok().filter(|_| digits);
    let found = devices.iter().enumerate().find(|(i, device)| number == Some(*i) || device.id == name);
    let known = || devices.iter().map(|d| d.id.clone()).collect();
    found.map(|(_, d)| vec![d]).ok_or_else(|| LeaseError::UnknownDevice { name: name.into(), known: known() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_come_by_number_with_their_addresses() {
        let folder = tempfile::tempdir().unwrap();
        let (class, nodes) = (folder.path().join("class"), folder.path().join("dev"));
        for (name, address) in
            [("hailo10", "0000:0a:00.0\n"), ("hailo2", "0001:01:00.0"), ("hailo_other", "")]
        {
            std::fs::create_dir_all(class.join(name)).unwrap();
            std::fs::write(class.join(name).join(ADDRESS), address).unwrap();
        }
        let found = listed(&class, &nodes);
        let ids: Vec<&str> = found.iter().map(|d| d.id.as_str()).collect();
        assert_eq!(ids, ["0001:01:00.0", "0000:0a:00.0"]);
        assert_eq!(found[0].nodes, [Node::File(nodes.join("hailo2"))]);
        // A container that has the node alone.
        std::fs::create_dir_all(&nodes).unwrap();
        std::fs::write(nodes.join("hailo0"), "").unwrap();
        let found = listed(&folder.path().join("nothing"), &nodes);
        assert_eq!((found.len(), found[0].id.as_str()), (1, "hailo0"));
        assert!(listed(Path::new("/nonexistent"), Path::new("/nonexistent")).is_empty());
    }

    #[test]
    fn one_is_chosen_by_number_or_address() {
        let devices = of_ids(RuntimeKind::Device, vec!["0000:01:00.0".into(), "0000:02:00.0".into()]);
        for name in ["1", "0000:02:00.0"] {
            assert_eq!(choose(&devices, Some(name)).unwrap()[0].id, "0000:02:00.0");
        }
        assert_eq!(choose(&devices, None).unwrap().len(), 2);
        for name in ["2", "", "-1", "+1", "99999999999999999999999", "0000:03:00.0", "nonsense\n"] {
            let error = choose(&devices, Some(name)).unwrap_err().to_string();
            assert!(error.contains(&format!("{name:?}")) && error.contains("1 (0000:02:00.0)"), "{error}");
        }
    }

    #[test]
    fn simulated_devices_are_told_from_real_ones_and_from_those_of_other_hosts() {
        let one = || of_ids(RuntimeKind::Sim, vec!["0000:01:00.0".into()]).remove(0).lease;
        assert!(one().starts_with("sim-") && one().ends_with("0000:01:00.0"), "{}", one());
        let default = format!("sim-{}", "0000:02:00.0");
        let missing = |leases: &[&str]| {
            super::missing(RuntimeKind::Sim, &prefix(RuntimeKind::Sim), &[], leases.iter().copied())
        };
        assert_eq!(missing(&[&default, "sim-other-0000:02:00.0", "0000:02:00.0"]).len(), 1);
        host::own();
        assert!(one().contains(host::own()), "{}", one());
        let listed = of_ids(RuntimeKind::Sim, vec!["0000:01:00.0".into()]);
        let own = prefix(RuntimeKind::Sim);
        assert_eq!(super::missing(RuntimeKind::Sim, &own, &listed, [one().as_str()]), []);
        let real = super::missing(RuntimeKind::Device, "", &[], [default.as_str(), "0000:02:00.0"]);
        assert_eq!(real[0].id, "0000:02:00.0");
    }
}
