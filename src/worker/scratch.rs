//! The folder for temporary files that each worker has for itself, so that what it leaves there is known to be its own.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::device::process;

/// How the names of such folders begin; the process that made it follows, its time of start, and something random.
const PREFIX: &str = "hailo-worker-";
/// The variable that names the folder for temporary files.
pub(super) const VARIABLE: &str = "TMPDIR";

/// A worker's folder for temporary files. It is removed with all that is in it when this is dropped.
#[derive(Debug)]
pub(super) struct Scratch(tempfile::TempDir);

impl Scratch {
    /// Makes one, and removes those of processes that were killed before they could.
    pub(super) fn make() -> std::io::Result<Self> {
        let folder = std::env::temp_dir();
        remove_abandoned(&folder);
        let own = std::process::id();
        let start = process::start(own).map_or(0, |(start, _)| start);
        tempfile::Builder::new().prefix(&format!("{PREFIX}{own}-{start}-")).tempdir_in(folder).map(Self)
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }
}

fn remove_abandoned(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(owner) = name.to_str().and_then(owner) else { continue };
        let lives = process::start(owner.0).is_some_and(|(start, state)| start == owner.1 && state != 'Z');
        // Never through a link, and nobody else's.
        let is_ours =
            entry.metadata().is_ok_and(|m| m.is_dir() && m.uid() == rustix::process::geteuid().as_raw());
        if !lives && is_ours {
            let _ = std::fs::remove_dir_all(entry.path());
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
        remove_abandoned(folder.path());
        for (name, stays) in &names {
            assert_eq!(folder.path().join(name).exists(), *stays, "{name}");
        }
        assert!(folder.path().join(format!("hailo-worker-{own}-1-l")).symlink_metadata().is_ok());
    }
}
