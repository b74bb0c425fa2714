//! The lock of a device: a `flock` on a file that is never written, truncated or removed.

use std::os::fd::OwnedFd;

use rustix::fs::{FlockOperation, fstat};
use rustix::io::Errno;

use super::error::LeaseError;
use super::folder::LockFolder;

/// How often a lock file may vanish under the one who opens it.
const PATIENCE: usize = 100;

/// The name of a device's lock file. What has no place in a file name is written as `%` and two digits.
pub(super) fn file_name(device: &str) -> String {
    let mut name = String::new();
    for byte in device.bytes() {
        if byte.is_ascii_alphanumeric() || b":._-@".contains(&byte) {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02x}"));
        }
    }
    name + ".lock"
}

/// The lock file of a device, open; not locked.
#[derive(Debug)]
pub(super) struct LockFile {
    name: String,
    fd: OwnedFd,
}

impl LockFile {
    /// Opens it, or makes it.
    pub(super) fn open(folder: &LockFolder, device: &str) -> Result<Self, LeaseError> {
        Self::open_named(folder, file_name(device))
    }

    fn open_named(folder: &LockFolder, name: String) -> Result<Self, LeaseError> {
        for _ in 0..PATIENCE {
            // Without O_CREAT first: where fs.protected_regular is on, it would fail for a file of another user.
            // For reading only: that is all that a lock needs, and the file of another user may give no more.
            match folder.open_file(&name) {
                Ok(fd) => return Ok(Self { name, fd }),
                Err(Errno::NOENT) => match folder.create_file(&name) {
                    Ok(_) | Err(Errno::EXIST) => {}
                    Err(error) => return Err(folder.file_error(&name, error)),
                },
                Err(Errno::INVAL | Errno::LOOP | Errno::NXIO) => {
                    return Err(folder.file_error(&name, "it is no plain file with one name; remove it"));
                }
                Err(error) => return Err(folder.file_error(&name, error)),
            }
        }
        Err(folder.file_error(&name, "somebody removes it again and again"))
    }

    /// Takes the lock where it is free. `Ok(false)` where it is not.
    pub(super) fn try_lock(&mut self, folder: &LockFolder) -> Result<bool, LeaseError> {
        for _ in 0..PATIENCE {
            match rustix::io::retry_on_intr(|| {
                rustix::fs::flock(&self.fd, FlockOperation::NonBlockingLockExclusive)
            }) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => return Ok(false),
                Err(error) => return Err(folder.file_error(&self.name, error)),
            }
            // A lock on a file that was removed since is no lock: the others lock the new one.
            let ours = fstat(&self.fd).map_err(|e| folder.file_error(&self.name, e))?;
            match folder.stat(&self.name) {
                Ok(now) if (now.st_dev, now.st_ino) == (ours.st_dev, ours.st_ino) => return Ok(true),
                Ok(_) | Err(Errno::NOENT) => {
                    *self = Self::open_named(folder, std::mem::take(&mut self.name))?;
                }
                Err(error) => return Err(folder.file_error(&self.name, error)),
            }
        }
        Err(folder.file_error(&self.name, "somebody replaces it again and again"))
    }

    pub(super) fn fd(&self) -> &OwnedFd {
        &self.fd
    }

    /// Lets go, also where copies of the open file are in other processes.
    pub(super) fn unlock(&self) {
        let _ = rustix::fs::flock(&self.fd, FlockOperation::Unlock);
    }
}

/// Whether nobody has this lock file locked; no for what is none.
pub(super) fn is_free(folder: &LockFolder, name: &str) -> bool {
    folder
        .open_file(name)
        .is_ok_and(|fd| rustix::fs::flock(&fd, FlockOperation::NonBlockingLockShared).is_ok())
}

/// Whether somebody holds the lock just now, and who, as far as the kernel tells.
pub(super) fn holder(folder: &LockFolder, device: &str) -> Option<Option<u32>> {
    let fd = folder.open_file(&file_name(device)).ok()?;
    match rustix::fs::flock(&fd, FlockOperation::NonBlockingLockShared) {
        Err(Errno::WOULDBLOCK) => Some(fstat(&fd).ok().and_then(|s| locker(s.st_dev, s.st_ino))),
        _ => None,
    }
}

/// The process that took a `flock` on this file, as `/proc/locks` has it.
fn locker(device: u64, inode: u64) -> Option<u32> {
    let text = std::fs::read_to_string("/proc/locks").ok()?;
    let file = format!("{:02x}:{:02x}:{inode}", rustix::fs::major(device), rustix::fs::minor(device));
    text.lines().find_map(|line| {
        // 1: FLOCK  ADVISORY  WRITE 4242 00:1b:5678 0 EOF
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, "FLOCK", _, "WRITE", pid, place, ..] = fields[..] else { return None };
        if place == file { pid.parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_devices_are_names_of_files() {
        assert_eq!(file_name("0000:01:00.0"), "0000:01:00.0.lock");
        assert_eq!(file_name("../a b/é"), "..%2fa%20b%2f%c3%a9.lock");
    }

    #[test]
    fn one_holds_it_and_a_removed_file_is_no_lock() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = LockFolder::at(temporary.path()).unwrap();
        let open = || LockFile::open(&folder, "d").unwrap();
        let (mut first, mut second) = (open(), open());
        assert!(first.try_lock(&folder).unwrap());
        assert!(!second.try_lock(&folder).unwrap());
        assert_eq!(holder(&folder, "d"), Some(Some(std::process::id())));
        first.unlock();
        assert_eq!(holder(&folder, "d"), None);
        assert!(second.try_lock(&folder).unwrap());
        // Somebody removes the file: the next one locks a new one, and the old opener finds that out.
        std::fs::remove_file(temporary.path().join("d.lock")).unwrap();
        let mut third = open();
        assert!(third.try_lock(&folder).unwrap());
        assert!(!first.try_lock(&folder).unwrap(), "the old file is free, but it is not the lock any more");
    }
}
