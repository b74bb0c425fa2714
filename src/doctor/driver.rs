//! The accelerator on the PCIe bus, and its driver.

use super::check::Check;
use super::examination::Asked;
use super::need::Need;
use super::place::{Place, first_line};

const PCIE: &str = "pcie";
const DRIVER: &str = "driver";
const BUS: &str = "/sys/bus/pci/devices";
const MODULE: &str = "/sys/module/hailo_pci";
/// Hailo's vendor number, and its products' (drivers' `pcie/src/pcie.c`).
const VENDOR: &str = "0x1e60";
const HAILO_8: &str = "0x2864";
const HAILO_10H: &str = "0x45c4";

/// What is on the bus: a device, or a kind that the C API cannot serve.
pub(super) fn bus(place: &Place, need: Need) -> Check {
    let mut found = Vec::new();
    for address in place.names(BUS) {
        let file = |name: &str| first_line(&place.path(BUS).join(&address).join(name));
        if file("vendor").as_deref() == Some(VENDOR) {
            found.push((address.clone(), file("device").unwrap_or_default(), file("current_link_speed")));
        }
    }
    if let Some((address, ..)) = found.iter().find(|(_, device, _)| device == HAILO_10H) {
        let what = format!("{address} is a Hailo-10H, which HailoRT's C API cannot run inference on");
        return Check::failed(
            PCIE,
            what,
            "use a Hailo-8, Hailo-8L or Hailo-8R, or the simulator: HAILO_RUNTIME=sim",
        );
    }
    let known: Vec<String> = found
        .iter()
        .map(|(address, device, speed)| {
            let kind = if device == HAILO_8 { "Hailo-8 family" } else { "Hailo, of a kind unknown here" };
            let speed = speed.as_ref().map_or(String::new(), |s| format!(", {s}"));
            format!("{address} ({kind}{speed})")
        })
        .collect();
    match found.as_slice() {
        [] => need.lacks(
            PCIE,
            "no Hailo accelerator on the PCIe bus",
            "lspci -d 1e60:    # nothing there: seat the board and its cable, add dtparam=pciex1 to \
             /boot/firmware/config.txt, reboot",
        ),
        // Generation 2 halves what the bus carries; a Pi 5 begins with it.
        [(_, _, Some(speed)), ..] if speed.starts_with("5.0 GT") || speed.starts_with("2.5 GT") => {
            Check::warning(
                PCIE,
                format!("{}: half of what the link can carry", known.join(", ")),
                "echo dtparam=pciex1_gen=3 | sudo tee -a /boot/firmware/config.txt && sudo reboot",
            )
        }
        _ => Check::ok(PCIE, known.join(", ")),
    }
}

/// Whether the driver is loaded, and of the library's version.
pub(super) fn driver(place: &Place, asked: &Asked, need: Need) -> Check {
    let loaded = place.path(MODULE).exists();
    let on_bus = place
        .names(BUS)
        .iter()
        .any(|address| first_line(&place.path(BUS).join(address).join("vendor")).as_deref() == Some(VENDOR));
    if !loaded {
        let mend = "sudo modprobe hailo_pci    # not found: sudo apt install hailo-all && sudo reboot";
        let what = "the driver hailo_pci is not loaded";
        // With the accelerator in its slot, somebody wants to use it.
        return if on_bus { Check::failed(DRIVER, what, mend) } else { need.lacks(DRIVER, what, mend) };
    }
    let Some(version) = place.line(&format!("{MODULE}/version")) else {
        return Check::ok(DRIVER, "hailo_pci, of a version that it does not tell");
    };
    match asked.library() {
        Some(library) if library != version => Check::failed(
            DRIVER,
            format!("hailo_pci {version}, but the library is {library}: they have to be the same"),
            "sudo apt install --reinstall hailo-all && sudo reboot",
        ),
        _ => Check::ok(DRIVER, format!("hailo_pci {version}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::*;

    /// A machine with a device on its bus.
    fn machine(device: &str, speed: &str) -> (tempfile::TempDir, Place) {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("sys/bus/pci/devices/0000:01:00.0");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("vendor"), "0x1e60\n").unwrap();
        std::fs::write(folder.join("device"), format!("{device}\n")).unwrap();
        std::fs::write(folder.join("current_link_speed"), format!("{speed}\n")).unwrap();
        let place = Place::at(root.path(), root.path());
        (root, place)
    }

    fn no_library() -> Asked {
        Asked::Refused { library: false, why: "none".into() }
    }

    #[test]
    fn an_empty_bus_is_a_failure_only_where_a_device_is_needed() {
        let root = tempfile::tempdir().unwrap();
        let place = Place::at(root.path(), root.path());
        assert_eq!(bus(&place, Need::Optional).state, State::Warning);
        assert_eq!(bus(&place, Need::Required).state, State::Failed);
        assert_eq!(driver(&place, &no_library(), Need::Optional).state, State::Warning);
    }

    #[test]
    fn what_is_on_the_bus_is_named_with_the_speed_of_its_link() {
        let (_root, place) = machine(HAILO_8, "8.0 GT/s PCIe");
        let check = bus(&place, Need::Required);
        assert_eq!(
            (check.state, check.found.as_str()),
            (State::Ok, "0000:01:00.0 (Hailo-8 family, 8.0 GT/s PCIe)")
        );
        let (_root, place) = machine(HAILO_8, "5.0 GT/s PCIe");
        let check = bus(&place, Need::Required);
        assert_eq!(check.state, State::Warning);
        assert!(check.mend.unwrap().contains("pciex1_gen=3"));
    }

    #[test]
    fn a_hailo_10h_is_refused_by_name() {
        let (_root, place) = machine(HAILO_10H, "8.0 GT/s PCIe");
        let check = bus(&place, Need::Optional);
        assert_eq!(check.state, State::Failed);
        assert!(check.found.contains("Hailo-10H"), "{}", check.found);
    }

    #[test]
    fn a_device_without_a_driver_and_a_driver_of_another_version_are_failures() {
        let (root, place) = machine(HAILO_8, "8.0 GT/s PCIe");
        let check = driver(&place, &no_library(), Need::Optional);
        assert_eq!(check.state, State::Failed);
        assert!(check.mend.unwrap().contains("modprobe hailo_pci"));
        let module = root.path().join("sys/module/hailo_pci");
        std::fs::create_dir_all(&module).unwrap();
        std::fs::write(module.join("version"), "4.20.0\n").unwrap();
        assert_eq!(driver(&place, &no_library(), Need::Required), Check::ok(DRIVER, "hailo_pci 4.20.0"));
        let check = driver(&place, &Asked::answered_by("4.23.0"), Need::Required);
        assert_eq!(check.state, State::Failed);
        assert!(check.found.contains("4.20.0") && check.found.contains("4.23.0"), "{}", check.found);
        assert_eq!(driver(&place, &Asked::answered_by("4.20.0"), Need::Required).state, State::Ok);
    }
}
