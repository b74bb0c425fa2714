//! Driver and PCIe bus of this host, as far as they can bring a device back.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The driver, where the kernel does not tell its name.
const DRIVER: &str = "hailo_pci";
/// How long the driver may take to be unloaded or loaded, and the device to come back. One that sits in the kernel does
/// not come back from it.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(20);

/// Driver and PCIe bus of this host. Where they are can be changed, to try the ladder on a machine without a device.
#[derive(Clone, Debug)]
pub struct System {
    /// The kernel's tree of devices: `/sys`.
    pub sys: PathBuf,
    /// The program that loads and unloads drivers.
    pub modprobe: PathBuf,
    /// Whether this process may change any of it.
    pub has_rights: bool,
}

impl Default for System {
    fn default() -> Self {
        Self {
            sys: "/sys".into(),
            modprobe: "modprobe".into(),
            has_rights: rustix::process::geteuid().is_root(),
        }
    }
}

impl System {
    fn of_device(&self, address: &str) -> Result<PathBuf, String> {
        if is_address(address) {
            Ok(self.sys.join("bus/pci/devices").join(address))
        } else {
            Err(format!("{address:?} is no PCIe address"))
        }
    }

    /// The driver of a device.
    pub fn driver(&self, address: &str) -> String {
        let link = self
            .of_device(address)
            .and_then(|d| std::fs::read_link(d.join("driver/module")).map_err(|e| e.to_string()));
        let name = link.ok().and_then(|l| Some(l.file_name()?.to_str()?.to_owned()));
        name.filter(|n| n.starts_with("hailo")).unwrap_or_else(|| DRIVER.into())
    }

    /// Unloads the driver and loads it again.
    ///
    /// # Errors
    /// What the system said, as where somebody uses a device.
    pub fn reload_driver(&self, driver: &str) -> Result<(), String> {
        self.modprobe(&["-r", driver])?;
        self.modprobe(&[driver])
    }

    fn modprobe(&self, arguments: &[&str]) -> Result<(), String> {
        let what = format!("{} {}", self.modprobe.display(), arguments.join(" "));
        let mut child = Command::new(&self.modprobe)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| format!("{what}: {e}"))?;
        let until = Instant::now() + PATIENCE;
        loop {
            match child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => {
                    let mut said = String::new();
                    if let Some(error) = child.stderr.take() {
                        let mut error = std::io::Read::take(error, 4096);
                        let _ = std::io::Read::read_to_string(&mut error, &mut said);
                    }
                    let said = crate::text::printable::line(said.trim());
                    return Err(format!("{what}: {status} {said}").trim_end().to_owned());
                }
                Ok(None) if Instant::now() < until => std::thread::sleep(LOOK),
                Ok(None) => {
                    let _ = child.kill();
                    return Err(format!("{what}: no end within {} s", PATIENCE.as_secs()));
                }
                Err(error) => return Err(format!("{what}: {error}")),
            }
        }
    }

    /// Takes a device off the bus, has the bus searched again, and waits until the device has its driver.
    ///
    /// # Errors
    /// What the system said; when the device does not come back.
    pub fn remove_and_rescan(&self, address: &str) -> Result<(), String> {
        let device = self.of_device(address)?;
        write(&device.join("remove"))?;
        write(&self.sys.join("bus/pci/rescan"))?;
        let until = Instant::now() + PATIENCE;
        while !device.join("driver").exists() {
            if Instant::now() > until {
                return Err(format!("{address} did not come back within {} s", PATIENCE.as_secs()));
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }
}

fn write(path: &Path) -> Result<(), String> {
    // It is there, or the kernel does not know it: nothing is made here.
    let mut options = std::fs::OpenOptions::new();
    let written =
        options.write(true).open(path).and_then(|mut file| std::io::Write::write_all(&mut file, b"1"));
    written.map_err(|e| format!("{}: {e}", path.display()))
}

/// `0000:01:00.0`: nothing else becomes a part of a path.
fn is_address(text: &str) -> bool {
    let pattern = b"hhhh:hh:hh.h";
    text.len() == pattern.len()
        && text.bytes().zip(pattern).all(|(c, p)| if *p == b'h' { c.is_ascii_hexdigit() } else { c == *p })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_become_paths() {
        assert!(is_address("0000:01:00.0") && is_address("000a:fF:1f.7"));
        for text in ["", "../../../etc", "0000:01:00.0/", "0000:01:00:0", "hailo0", "0000:01:00.é"] {
            assert!(!is_address(text), "{text}");
        }
        assert!(System::default().remove_and_rescan("../x").unwrap_err().contains("no PCIe address"));
    }

    #[test]
    fn a_driver_that_is_in_use_is_an_error_with_what_the_system_said() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("modprobe");
        std::fs::write(&script, "#!/bin/sh\necho \"$1 $2 is in use\" >&2\nexit 1\n").unwrap();
        std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let system = System { sys: folder.path().into(), modprobe: script, has_rights: true };
        assert_eq!(system.driver("0000:01:00.0"), DRIVER);
        let error = system.reload_driver(DRIVER).unwrap_err();
        assert!(error.contains("-r hailo_pci is in use") && error.contains("exit status: 1"), "{error}");
    }
}
