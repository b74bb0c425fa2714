//! One rung after the other, until the device can be opened.

use super::rung::{Outcome, Rung, Tried};
use super::system::System;

/// What the ladder needs to know of a device, and how it is opened and reset.
pub struct Ladder<'a> {
    /// Its PCIe address.
    pub device: &'a str,
    /// Whether the simulator has it: then it has no driver and is on no bus.
    pub is_simulated: bool,
    /// The host.
    pub system: &'a System,
    /// Opens the device and closes it again.
    pub open: &'a mut dyn FnMut() -> Result<(), String>,
    /// Has the library reset it.
    pub reset: &'a mut dyn FnMut() -> Result<(), String>,
    /// Is told of each rung when it was tried.
    pub told: &'a mut dyn FnMut(&Tried),
}

impl std::fmt::Debug for Ladder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ladder").field("device", &self.device).finish_non_exhaustive()
    }
}

/// Climbs until the device can be opened. The last one of what was tried is [`Outcome::Free`] where it can.
pub fn climb(mut ladder: Ladder<'_>) -> Vec<Tried> {
    let mut all = Vec::new();
    for rung in Rung::ALL {
        let outcome = match ladder.step(rung) {
            Step::Done => match (ladder.open)() {
                Ok(()) => Outcome::Free,
                Err(why) => Outcome::Wedged(why),
            },
            Step::Not(outcome) => outcome,
        };
        let tried = Tried { rung, outcome };
        (ladder.told)(&tried);
        let is_free = tried.outcome == Outcome::Free;
        all.push(tried);
        if is_free {
            break;
        }
    }
    all
}

/// Whether a rung was done.
enum Step {
    Done,
    Not(Outcome),
}

impl Ladder<'_> {
    fn step(&mut self, rung: Rung) -> Step {
        let done = |result: Result<(), String>| match result {
            Ok(()) => Step::Done,
            Err(why) => Step::Not(Outcome::Failed(why)),
        };
        let (system, device) = (self.system, self.device);
        match rung {
            Rung::Clear => Step::Done,
            Rung::Library => done((self.reset)()),
            _ if self.is_simulated => Step::Not(Outcome::Nothing(
                "the device is simulated: it is free when the processes that have it open have ended".into(),
            )),
            Rung::Driver => {
                let driver = system.driver(device);
                if system.has_rights {
                    done(system.reload_driver(&driver))
                } else {
                    Step::Not(Outcome::Told(format!(
                        "as root: sudo modprobe -r {driver} && sudo modprobe {driver}"
                    )))
                }
            }
            Rung::Pcie if system.has_rights => done(system.remove_and_rescan(device)),
            Rung::Pcie => Step::Not(Outcome::Told(format!(
                "as root: echo 1 | sudo tee /sys/bus/pci/devices/{device}/remove, then \
                 echo 1 | sudo tee /sys/bus/pci/rescan"
            ))),
            Rung::Power => Step::Not(Outcome::Told(
                "shut the machine down, take its power away for ten seconds, and start it again; \
                 a reboot alone may not reset the device"
                    .into(),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// A host with a device on its bus, whose driver is loaded by a script that notes what it was asked for.
    fn host(folder: &Path, has_rights: bool) -> System {
        let device = folder.join("bus/pci/devices/0000:01:00.0");
        std::fs::create_dir_all(device.join("driver")).unwrap();
        std::os::unix::fs::symlink("../../../module/hailo_pci_test", device.join("driver/module")).unwrap();
        for file in [device.join("remove"), folder.join("bus/pci/rescan")] {
            std::fs::write(file, "").unwrap();
        }
        let script = folder.join("modprobe");
        let log = folder.join("log");
        std::fs::write(&script, format!("#!/bin/sh\necho \"$*\" >> {}\n", log.display())).unwrap();
        std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        System { sys: folder.into(), modprobe: script, has_rights }
    }

    /// Climbs; the device can be opened at the attempt of this number.
    fn climbed(system: &System, is_simulated: bool, opens_at: u32) -> Vec<Tried> {
        let (mut attempts, mut heard) = (0, Vec::new());
        let tried = climb(Ladder {
            device: "0000:01:00.0",
            is_simulated,
            system,
            open: &mut || {
                attempts += 1;
                if attempts >= opens_at { Ok(()) } else { Err("73".into()) }
            },
            reset: &mut || Ok(()),
            told: &mut |t| heard.push(t.clone()),
        });
        assert_eq!(tried, heard);
        tried
    }

    #[test]
    fn each_rung_is_confirmed_by_opening_the_device() {
        let folder = tempfile::tempdir().unwrap();
        let system = host(folder.path(), true);
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
        for (opens_at, rung) in [(1, Rung::Clear), (2, Rung::Library), (3, Rung::Driver), (4, Rung::Pcie)] {
            let tried = climbed(&system, false, opens_at);
            assert_eq!(tried.last(), Some(&Tried { rung, outcome: Outcome::Free }));
            let before = &tried[..tried.len() - 1];
            assert!(before.iter().all(|t| matches!(t.outcome, Outcome::Wedged(_))), "{tried:?}");
        }
        assert!(read("log").starts_with("-r hailo_pci_test\nhailo_pci_test\n"), "{}", read("log"));
        assert_eq!(
            (read("bus/pci/devices/0000:01:00.0/remove"), read("bus/pci/rescan")),
            ("1".into(), "1".into())
        );
        let tried = climbed(&system, false, 99);
        assert!(matches!(&tried[4].outcome, Outcome::Told(what) if what.contains("power")), "{tried:?}");
    }

    #[test]
    fn without_the_rights_it_is_told_and_not_done() {
        let folder = tempfile::tempdir().unwrap();
        let tried = climbed(&host(folder.path(), false), false, 99);
        let told: Vec<Rung> =
            tried.iter().filter(|t| matches!(t.outcome, Outcome::Told(_))).map(|t| t.rung).collect();
        assert_eq!(told, [Rung::Driver, Rung::Pcie, Rung::Power]);
        assert!(tried[2].to_string().contains("sudo modprobe -r hailo_pci_test"), "{}", tried[2]);
        assert!(!folder.path().join("log").exists(), "nothing was done");
    }

    #[test]
    fn a_simulated_device_has_no_driver() {
        let folder = tempfile::tempdir().unwrap();
        let tried = climbed(&host(folder.path(), true), true, 99);
        assert!(tried[2..].iter().all(|t| matches!(t.outcome, Outcome::Nothing(_))), "{tried:?}");
        assert!(!folder.path().join("log").exists(), "nothing was done");
    }
}
