//! The folder in which users of a device queue.

use super::check::Check;
use crate::device::lease::{LeaseError, LockFolder, Queue};

const NAME: &str = "locks";
const MEND: &str =
    "sudo install -d -m 1777 /run/lock/hailo-harness    # or name another folder with HAILO_LOCK_DIR";

pub(super) fn look(folder: &Result<LockFolder, LeaseError>) -> Check {
    let folder = match folder {
        Ok(folder) => folder,
        Err(error) => return Check::failed(NAME, error.to_string(), MEND),
    };
    match Queue::read(folder) {
        Ok(_) => Check::ok(NAME, folder.path().display().to_string()),
        Err(error) => Check::failed(NAME, error.to_string(), MEND),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::check::State;
    use super::*;

    #[test]
    fn a_folder_in_which_anybody_may_replace_files_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(look(&LockFolder::at(folder.path())).state, State::Ok);
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).unwrap();
        let check = look(&LockFolder::at(folder.path()));
        assert_eq!(check.state, State::Failed);
        assert!(check.mend.unwrap().contains("1777"));
    }
}
