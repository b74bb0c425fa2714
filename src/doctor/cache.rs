//! The folder of model files: whether it can be written, and whether there is room.

use std::path::Path;

use rustix::fs::Access;

use super::check::Check;

const NAME: &str = "cache";
/// What Whisper base and what is unpacked on the way take, in bytes.
const ROOM: u64 = 500_000_000;

pub(super) fn look(directory: &Path) -> Check {
    // It is made when it is first needed: until then the nearest folder above it counts.
    let Some(there) = directory.ancestors().find(|d| d.exists()) else {
        return Check::failed(NAME, format!("{} is nowhere", directory.display()), elsewhere());
    };
    let shown = directory.display();
    if !there.is_dir() {
        return Check::failed(NAME, format!("{} is no folder", there.display()), elsewhere());
    }
    if let Err(error) = rustix::fs::access(there, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK) {
        let found = format!("{shown}: {} cannot be written: {error}", there.display());
        return Check::failed(NAME, found, elsewhere());
    }
    match rustix::fs::statvfs(there) {
        Ok(fs) => {
            let free = fs.f_bavail.saturating_mul(fs.f_frsize);
            let found = format!("{shown}, {} MB free", free / 1_000_000);
            if free < ROOM {
                return Check::warning(
                    NAME,
                    found,
                    format!("du -xh {} | sort -h | tail    # and make room", there.display()),
                );
            }
            Check::ok(NAME, found)
        }
        Err(error) => Check::failed(NAME, format!("{shown}: {error}"), elsewhere()),
    }
}

fn elsewhere() -> &'static str {
    "export HAILO_CACHE_DIR=/a/folder/that/can/be/written"
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::*;

    #[test]
    fn one_that_is_not_made_yet_is_looked_for_above() {
        let folder = tempfile::tempdir().unwrap();
        let check = look(&folder.path().join("not/yet"));
        assert_ne!(check.state, State::Failed, "{}", check.found);
        assert!(check.found.contains("MB free"), "{}", check.found);
    }

    #[test]
    fn a_file_in_its_place_and_a_file_system_that_is_read_only_are_failures() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let check = look(&file.join("sha256"));
        assert_eq!(check.state, State::Failed);
        assert!(check.mend.unwrap().contains("HAILO_CACHE_DIR"));
        // Root may write everywhere but here.
        assert_eq!(look(Path::new("/proc/1/cache")).state, State::Failed);
    }
}
