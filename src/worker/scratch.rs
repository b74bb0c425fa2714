//! The folder for temporary files that each worker has for itself, so that what it leaves there is known to be its own.

use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags};

use crate::device::process;

/// How the names of such folders begin; the process that made it follows, its time of start, and something random.
const PREFIX: &str = "hailo-worker-";
/// The variable that names the folder for temporary files.
pub(super) const VARIABLE: &str = "TMPDIR";

/// A worker's folder for temporary files. It is removed with all that is in it when this is dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    folder: tempfile::TempDir,
    /// Locked as long as it is in use: who looks from another namespace of processes cannot tell by the process.
    _lock: Option<OwnedFd>,
}

/// How old a folder is before it can be abandoned: one that was made just now is not locked yet.
const YOUNG: Duration = Duration::from_secs(10);

impl Scratch {
    /// Makes one, and removes those of processes that were killed before they could.
    pub(super) fn make() -> std::io::Result<Self> {
        let folder = std::env::temp_dir();
        remove_abandoned(&folder, YOUNG);
        let own = std::process::id();
        let start = process::start(own).map_or(0, |(start, _)| start);
        let folder =
            tempfile::Builder::new().prefix(&format!("{PREFIX}{own}-{start}-")).tempdir_in(folder)?;
        let lock = lock(folder.path());
        Ok(Self { folder, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// The lock of a folder, unless somebody else has it.
fn lock(folder: &Path) -> Option<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let fd = rustix::fs::open(folder, flags, Mode::empty()).ok()?;
    rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive).ok()?;
    Some(fd)
}

fn remove_abandoned(folder: &Path, young: Duration) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(owner) = name.to_str().and_then(owner) else { continue };
        let lives = process::start(owner.0).is_some_and(|(start, state)| start == owner.1 && state != 'Z');
        // Never through a link, and nobody else's.
        let is_ours =
            entry.metadata().is_ok_and(|m| m.is_dir() && m.uid() == rustix::process::geteuid().as_raw());
        let age = entry.metadata().and_then(|m| m.modified()).map(|m| m.elapsed().unwrap_or_default());
        let is_old = age.is_ok_and(|age| age >= young);
        if !lives && is_ours && is_old {
            // While it is locked here, nobody else removes it.
            if let Some(_lock) = lock(&entry.path()) {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// The process that made the folder of this name, and its time of start.
fn owner(name: &str) -> Option<(u32, u64)> {
    let mut parts = name.strip_prefix(PREFIX)?.splitn(3, '-');
    let owner = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().map(|_| owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_of_processes_that_have_ended_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let own = std::process::id();
        let start = process::start(own).unwrap().0;
        let names = [
            (format!("hailo-worker-{own}-{start}-abc"), true),
            (format!("hailo-worker-{own}-{}-abc", start + 1), false),
            // Another namespace's, perhaps.
            (format!("hailo-worker-{own}-{}-locked", start + 1), true),
            ("hailo-worker-x-1-abc".into(), true),
            ("hailo-worker-1".into(), true),
            ("something".into(), true),
        ];
        for (name, _) in &names {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            std::fs::write(folder.path().join(name).join("file"), "").unwrap();
        }
        std::os::unix::fs::symlink("something", folder.path().join(format!("hailo-worker-{own}-1-l")))
            .unwrap();
        let locked = lock(&folder.path().join(format!("hailo-worker-{own}-{}-locked", start + 1)));
        remove_abandoned(folder.path(), Duration::from_secs(60));
        assert!(folder.path().join(&names[1].0).exists(), "it is young");
        remove_abandoned(folder.path(), Duration::ZERO);
        assert!(locked.is_some());
        for (name, stays) in &names {
            assert_eq!(folder.path().join(name).exists(), *stays, "{name}");
        }
        assert!(folder.path().join(format!("hailo-worker-{own}-1-l")).symlink_metadata().is_ok());
    }
}
