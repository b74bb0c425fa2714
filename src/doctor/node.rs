//! The device's file in `/dev`, and whether this user may use it.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::Access;

use super::check::Check;
use super::need::Need;
use super::place::Place;

const NAME: &str = "node";
const NODES: &str = "/dev";

pub(super) fn look(place: &Place, need: Need) -> Check {
    let is_node = |name: &String| {
        name.strip_prefix("hailo").is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    let nodes: Vec<String> = place.names(NODES).into_iter().filter(is_node).collect();
    if nodes.is_empty() {
        let mend = "sudo modprobe hailo_pci && ls -l /dev/hailo*    # in a container: --device /dev/hailo0";
        return need.lacks(NAME, "no /dev/hailo0: the driver found no device", mend);
    }
    for node in &nodes {
        let path = place.path(NODES).join(node);
        if let Err(error) = rustix::fs::access(&path, Access::READ_OK | Access::WRITE_OK) {
            let found = format!("/dev/{node} cannot be used by this user: {error}{}", owners(place, &path));
            return Check::failed(NAME, found, permit(place, &path));
        }
    }
    let list: Vec<String> = nodes.iter().map(|n| format!("/dev/{n}")).collect();
    Check::ok(NAME, format!("{}, which this user may use", list.join(", ")))
}

/// Whose it is, and what they may.
fn owners(place: &Place, path: &Path) -> String {
    let Ok(stat) = path.metadata() else { return String::new() };
    let group = group_name(place, stat.gid()).unwrap_or_else(|| stat.gid().to_string());
    format!(" (user {}, group {group}, mode {:o})", stat.uid(), stat.mode() & 0o777)
}

/// What lets this user use it: joining its group where that would do, else a rule for the device.
fn permit(place: &Place, path: &Path) -> String {
    let stat = path.metadata().ok().filter(|s| s.mode() & 0o060 == 0o060 && s.gid() != 0);
    match stat.and_then(|s| group_name(place, s.gid())) {
        Some(group) => format!("sudo usermod -aG {group} $USER    # and log in again"),
        None => "echo 'SUBSYSTEM==\"hailo_chardev\", MODE=\"0660\", GROUP=\"hailo\"' | sudo tee \
                 /etc/udev/rules.d/90-hailo.rules && sudo groupadd -f hailo && sudo usermod -aG hailo $USER && \
                 sudo udevadm control --reload && sudo udevadm trigger    # and log in again"
            .into(),
    }
}

fn group_name(place: &Place, gid: u32) -> Option<String> {
    let groups = std::fs::read_to_string(place.path("/etc/group")).ok()?;
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(gid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::*;

    fn machine() -> (tempfile::TempDir, Place) {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("dev")).unwrap();
        std::fs::create_dir_all(root.path().join("etc")).unwrap();
        let place = Place::at(root.path(), root.path());
        (root, place)
    }

    #[test]
    fn its_absence_is_told() {
        let (root, place) = machine();
        std::fs::write(root.path().join("dev/hailort"), "").unwrap();
        assert_eq!(look(&place, Need::Optional).state, State::Warning);
        assert_eq!(look(&place, Need::Required).state, State::Failed);
    }

    #[test]
    fn those_that_may_be_used_are_listed() {
        let (root, place) = machine();
        for name in ["hailo0", "hailo1"] {
            std::fs::write(root.path().join("dev").join(name), "").unwrap();
        }
        let check = look(&place, Need::Required);
        assert_eq!(
            (check.state, check.found.as_str()),
            (State::Ok, "/dev/hailo0, /dev/hailo1, which this user may use")
        );
    }

    #[test]
    fn whoever_may_not_use_it_is_told_which_group_to_join_or_which_rule_to_write() {
        let (root, place) = machine();
        let node = root.path().join("dev/hailo0");
        std::fs::write(&node, "").unwrap();
        std::fs::write(root.path().join("etc/group"), "root:x:0:\nhailo:x:4711:\n").unwrap();
        assert_eq!(group_name(&place, 4711).as_deref(), Some("hailo"));
        assert_eq!(group_name(&place, 4712), None);
        // Of a group that may not write.
        std::fs::set_permissions(&node, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        assert!(permit(&place, &node).contains("/etc/udev/rules.d"), "{}", permit(&place, &node));
        assert!(owners(&place, &node).contains("mode 600"), "{}", owners(&place, &node));
    }
}
