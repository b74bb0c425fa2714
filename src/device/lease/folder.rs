//! The folder that all contenders share, and opening files in it that may be anybody's.
//!
//! Everything in the folder may have been put there by somebody hostile: a link to another file, a pipe that blocks
//! whoever opens it, a hard link to a file that matters. So nothing is opened through a link, nothing but plain files
//! with one name is used, nothing is truncated, and only files that were made here by this process are written.

use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::error::LeaseError;

/// The variable that names the folder.
pub const VARIABLE: &str = "HAILO_LOCK_DIR";
/// The usual folders: the first that is there, or else the first that can be made.
const USUAL: [&str; 2] = ["/run/lock/hailo-harness", "/tmp/hailo-harness-lock"];
/// What to do when there is none.
const HINT: &str =
    "let root make /run/lock/hailo-harness with mode 1777, or name another folder with HAILO_LOCK_DIR";

/// The folder in which the locks of devices are. All that use a device have to agree on it.
#[derive(Clone, Debug)]
pub struct LockFolder {
    path: PathBuf,
    fd: Arc<OwnedFd>,
}

impl LockFolder {
    /// The folder that `HAILO_LOCK_DIR` names, or else the first that is there of `/run/lock/hailo-harness` and
    /// `/tmp/hailo-harness-lock`. Where neither is, the first that can be made is made, for all users.
    ///
    /// # Errors
    /// When there is no such folder, or anybody could replace the files of others in it.
    pub fn usual() -> Result<Self, LeaseError> {
        if let Some(path) = std::env::var_os(VARIABLE).filter(|v| !v.is_empty()) {
            let path = Path::new(&path);
            if path.is_relative() {
                let why = "the path is relative: whoever starts elsewhere would use another folder".into();
                return Err(LeaseError::Folder { path: path.into(), why, hint: HINT });
            }
            return Self::at(path);
        }
        // One that is there goes before one that could be made: where only root can make the first, others may have the
        // second in use already, and root would use the device besides them.
        for path in USUAL {
            match Self::open(Path::new(path), None) {
                Ok(folder) => return Ok(folder),
                // Root's folder that this user may not use: whoever takes another one uses the device besides root.
                Err(error) if path == USUAL[0] && Path::new(path).symlink_metadata().is_ok() => {
                    return Err(error);
                }
                Err(_) => {}
            }
        }
        let mut failed = None;
        for path in USUAL {
            match Self::open(Path::new(path), Some(Mode::from_raw_mode(0o1777))) {
                Ok(folder) => return Ok(folder),
                // The first one is the one that root should make.
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        Err(failed.unwrap_or(LeaseError::NoDevice))
    }

    /// This folder. It is made where it is missing, for those whom the umask allows.
    ///
    /// # Errors
    /// As [`LockFolder::usual`].
    pub fn at(path: &Path) -> Result<Self, LeaseError> {
        Self::open(path, Some(Mode::from_raw_mode(0o777)))
    }

    /// Opens it. Where it is missing and there is a mode for it, it is made.
    fn open(path: &Path, mode: Option<Mode>) -> Result<Self, LeaseError> {
        let fail = |why: String| LeaseError::Folder { path: path.into(), why, hint: HINT };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = match (rustix::fs::open(path, flags, Mode::empty()), mode) {
            (Err(Errno::NOENT), Some(mode)) => {
                let made = rustix::fs::mkdir(path, mode);
                let opened = rustix::fs::open(path, flags, Mode::empty());
                if let (Ok(()), Ok(folder), true) = (made, &opened, mode.contains(Mode::SVTX)) {
                    // What the umask took away: the folder is for all users.
                    let _ = rustix::fs::fchmod(folder, mode);
                }
                made.err().filter(|e| *e != Errno::EXIST).map_or(opened, Err)
            }
            (opened, _) => opened,
        };
        let fd = opened.map_err(|e| match e {
            Errno::LOOP | Errno::NOTDIR => fail("it is no folder, or a link to one".into()),
            e => fail(e.to_string()),
        })?;
        let stat = rustix::fs::fstat(&fd).map_err(|e| fail(e.to_string()))?;
        if stat.st_mode & 0o1002 == 0o0002 {
            return Err(fail("anybody may replace the files of others in it (chmod +t helps)".into()));
        }
        Ok(Self { path: path.into(), fd: Arc::new(fd) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file whose `flock` is the lock of a device, by its name among those who queue for it.
    pub fn lock_of(&self, device: &str) -> PathBuf {
        self.path.join(super::lock::file_name(device))
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    pub(super) fn file_error(&self, name: &str, why: impl ToString) -> LeaseError {
        LeaseError::File { path: self.path.join(name), why: why.to_string() }
    }

    /// Names of everything in it.
    pub(super) fn names(&self) -> Result<Vec<OsString>, LeaseError> {
        use std::os::unix::ffi::OsStrExt;
        let fail = |e: Errno| LeaseError::Folder { path: self.path.clone(), why: e.to_string(), hint: HINT };
        let mut names = Vec::new();
        for entry in Dir::read_from(&*self.fd).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            names.push(std::ffi::OsStr::from_bytes(entry.file_name().to_bytes()).to_owned());
        }
        Ok(names)
    }

    /// Opens a plain file that is there, for reading.
    pub(super) fn open_file(&self, name: &str) -> Result<OwnedFd, Errno> {
        // A pipe must not block whoever opens it.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        let fd = rustix::fs::openat(&*self.fd, name, flags, Mode::empty())?;
        if is_plain(&rustix::fs::fstat(&fd)?) { Ok(fd) } else { Err(Errno::INVAL) }
    }

    /// Makes a file that is not there yet, for writing, readable by all.
    pub(super) fn create_file(&self, name: &str) -> Result<OwnedFd, Errno> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&*self.fd, name, flags, Mode::from_raw_mode(0o644))?;
        // What the umask took away.
        let _ = rustix::fs::fchmod(&fd, Mode::from_raw_mode(0o644));
        Ok(fd)
    }

    /// What the name stands for now.
    pub(super) fn stat(&self, name: &str) -> Result<Stat, Errno> {
        rustix::fs::statat(&*self.fd, name, AtFlags::SYMLINK_NOFOLLOW)
    }

    /// Removes a file, where that is allowed.
    pub(super) fn remove(&self, name: &str) {
        let _ = rustix::fs::unlinkat(&*self.fd, name, AtFlags::empty());
    }
}

/// Whether this is a plain file with one name: no pipe, no device, no second name of a file that is elsewhere.
fn is_plain(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile && stat.st_nlink == 1
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_no_plain_file_with_one_name_is_not_opened() {
        let temporary = tempfile::tempdir().unwrap();
        let at = |name: &str| temporary.path().join(name);
        let folder = LockFolder::at(temporary.path()).unwrap();
        std::fs::write(at("plain"), "").unwrap();
        assert!(folder.open_file("plain").is_ok());
        std::os::unix::fs::symlink(at("plain"), at("link")).unwrap();
        assert_eq!(folder.open_file("link").unwrap_err(), Errno::LOOP);
        std::fs::hard_link(at("plain"), at("second")).unwrap();
        assert_eq!(folder.open_file("plain").unwrap_err(), Errno::INVAL);
        rustix::fs::mkfifoat(folder.fd(), "pipe", Mode::from_raw_mode(0o666)).unwrap();
        assert_eq!(folder.open_file("pipe").unwrap_err(), Errno::INVAL);
        std::fs::create_dir(at("folder")).unwrap();
        assert_eq!(folder.open_file("folder").unwrap_err(), Errno::INVAL);
    }

    #[test]
    fn a_folder_in_which_anybody_may_replace_files_is_refused_and_a_link_to_one_too() {
        let temporary = tempfile::tempdir().unwrap();
        let open = temporary.path().join("open");
        std::fs::create_dir(&open).unwrap();
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o777)).unwrap();
        let error = LockFolder::at(&open).unwrap_err().to_string();
        assert!(error.contains("replace the files of others") && error.contains("HAILO_LOCK_DIR"), "{error}");
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o1777)).unwrap();
        assert!(LockFolder::at(&open).is_ok());
        let link = temporary.path().join("link");
        std::os::unix::fs::symlink(&open, &link).unwrap();
        let error = LockFolder::at(&link).unwrap_err().to_string();
        assert!(error.contains("link"), "{error}");
        assert!(LockFolder::at(&temporary.path().join("a/b")).is_err());
        let made = LockFolder::at(&temporary.path().join("made")).unwrap();
        assert!(made.path().is_dir());
    }
}
