//! Opening files in a folder where links and pipes may be.
//!
//! The root of the ledger may be a link: whoever runs the tests chose it. What lies in it is only used where it is a
//! plain file, or a folder, of this name: nothing is written through a link, and no pipe blocks whoever opens it.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat};
use rustix::io::Errno;

use super::error::LedgerError;

/// A pipe must not block whoever opens it.
const FILE: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC).union(OFlags::NOCTTY);
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// For whoever runs the tests.
const PRIVATE: Mode = Mode::from_raw_mode(0o600);
/// More names than these are not looked at.
const MOST_NAMES: usize = 65_536;

/// A folder that is open.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    fd: OwnedFd,
}

impl Folder {
    /// A folder in a root that may be a link.
    pub fn open(root: &Path, name: &str) -> io::Result<Self> {
        let root = rustix::fs::open(root, FOLDER, Mode::empty()).map(|fd| Self { path: root.into(), fd })?;
        Ok(root.child(name)?)
    }

    /// As [`Folder::open`]; makes what is missing.
    pub fn make(root: &Path, name: &str) -> Result<Self, LedgerError> {
        let path = root.join(name);
        let fail = |source| LedgerError::Write { action: "make the folder", path: path.clone(), source };
        match Self::open(root, name) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                std::fs::DirBuilder::new().recursive(true).mode(0o777).create(&path).map_err(fail)?;
                Self::open(root, name).map_err(fail)
            }
            opened => opened.map_err(fail),
        }
    }

    /// A folder in this one, and no link to one.
    pub fn child(&self, name: &str) -> Result<Self, Errno> {
        let fd = openat(&self.fd, name, FOLDER | OFlags::NOFOLLOW, Mode::empty())?;
        Ok(Self { path: self.path.join(name), fd })
    }

    /// As [`Folder::child`]; makes it where it is missing.
    pub fn make_child(&self, name: &str) -> Result<Self, LedgerError> {
        match rustix::fs::mkdirat(&self.fd, name, Mode::from_raw_mode(0o777)) {
            Ok(()) | Err(Errno::EXIST) => self.child(name),
            Err(e) => Err(e),
        }
        .map_err(|e| self.write_error("make the folder", name, e))
    }

    /// A plain file at whose end is written, and whether it was made now.
    pub fn append(&self, name: &str) -> Result<(OwnedFd, bool), LedgerError> {
        let flags = FILE | OFlags::WRONLY | OFlags::APPEND;
        let fail = |e| self.write_error("open", name, e);
        // Opening an existing file with O_CREAT is refused in some shared folders, even to root: see
        // fs.protected_regular in proc(5). A file can come and go between the two.
        for _ in 0..100 {
            match openat(&self.fd, name, flags, Mode::empty()) {
                // A pipe that nobody reads.
                Err(Errno::NXIO) => return Err(self.not_plain(name, "a pipe")),
                Err(Errno::LOOP) => return Err(self.not_plain(name, "a link")),
                Err(Errno::NOENT) => {}
                opened => {
                    let fd = opened.map_err(fail)?;
                    let stat = rustix::fs::fstat(&fd).map_err(fail)?;
                    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
                        return Err(self.not_plain(name, "neither a file nor a link"));
                    }
                    match stat.st_nlink {
                        // It was removed meanwhile.
                        0 => continue,
                        1 => return Ok((fd, false)),
                        _ => return Err(self.not_plain(name, "it has a second name elsewhere")),
                    }
                }
            }
            match openat(&self.fd, name, flags | OFlags::CREATE | OFlags::EXCL, PRIVATE) {
                Err(Errno::EXIST) => {}
                opened => return opened.map(|fd| (fd, true)).map_err(fail),
            }
        }
        Err(fail(Errno::AGAIN))
    }

    /// A file with this content, there whole or not at all.
    pub fn write_whole(&self, part: &str, name: &str, content: &[u8]) -> Result<(), LedgerError> {
        let flags = FILE | OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        // One that a killed process with the same pid left.
        self.remove(part);
        let written = openat(&self.fd, part, flags, PRIVATE)
            .map_err(io::Error::from)
            .and_then(|fd| io::Write::write_all(&mut File::from(fd), content))
            .and_then(|()| Ok(rustix::fs::renameat(&self.fd, part, &self.fd, name)?));
        written.map_err(|source| {
            self.remove(part);
            LedgerError::Write { action: "write", path: self.path.join(name), source }
        })
    }

    /// Whether there is something of this name.
    pub fn has(&self, name: &str) -> bool {
        rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }

    /// Names of what is in it, those that are text.
    pub fn names(&self) -> Result<Vec<String>, Errno> {
        let names = Dir::read_from(&self.fd)?.map_while(Result::ok);
        let texts = names.filter_map(|entry| entry.file_name().to_str().ok().map(str::to_owned));
        Ok(texts.take(MOST_NAMES).collect())
    }

    /// Removes a file, where that is allowed; a link itself, and nothing that it leads to.
    pub fn remove(&self, name: &str) {
        let _ = rustix::fs::unlinkat(&self.fd, name, AtFlags::empty());
    }

    /// Removes an empty folder, where that is allowed.
    pub fn remove_folder(&self, name: &str) {
        let _ = rustix::fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR);
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn not_plain(&self, name: &str, what: &'static str) -> LedgerError {
        LedgerError::NotPlain { path: self.path.join(name), what }
    }

    fn write_error(&self, action: &'static str, name: &str, source: Errno) -> LedgerError {
        LedgerError::Write { action, path: self.path.join(name), source: source.into() }
    }
}

/// Opens a plain file for reading, and no link to one.
pub(super) fn open_plain(path: &Path) -> Result<File, LedgerError> {
    let fail = |e: Errno| LedgerError::Read { path: path.into(), source: e.into() };
    let not_plain = |what| LedgerError::NotPlain { path: path.into(), what };
    let fd = match rustix::fs::open(path, FILE | OFlags::RDONLY, Mode::empty()) {
        Err(Errno::LOOP) => return Err(not_plain("a link")),
        opened => opened.map_err(fail)?,
    };
    let stat = rustix::fs::fstat(&fd).map_err(fail)?;
    if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile {
        Ok(File::from(fd))
    } else {
        Err(not_plain("neither a file nor a link"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_files_with_one_name_are_written() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::make(temporary.path(), "runs").unwrap();
        let at = |name: &str| folder.path().join(name);
        assert!(folder.append("plain").unwrap().1);
        assert!(!folder.append("plain").unwrap().1);
        std::os::unix::fs::symlink(at("elsewhere"), at("link")).unwrap();
        rustix::fs::mkfifoat(&folder.fd, "pipe", Mode::from_raw_mode(0o600)).unwrap();
        std::fs::write(at("one"), "").unwrap();
        std::fs::hard_link(at("one"), at("two")).unwrap();
        for (name, why) in [("link", "a link"), ("pipe", "a pipe"), ("one", "second name")] {
            let error = folder.append(name).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(why), "{error}");
        }
        std::fs::create_dir(at("folder")).unwrap();
        assert!(folder.append("folder").is_err());
        assert!(!at("elsewhere").exists());
        for name in ["link", "pipe", "folder"] {
            assert!(matches!(open_plain(&at(name)), Err(LedgerError::NotPlain { .. })), "{name}");
        }
        assert!(open_plain(&at("plain")).is_ok());
    }

    #[test]
    fn the_root_may_be_a_link_and_what_is_in_it_not() {
        let temporary = tempfile::tempdir().unwrap();
        let real = temporary.path().join("real");
        std::fs::create_dir(&real).unwrap();
        let root = temporary.path().join("root");
        std::os::unix::fs::symlink(&real, &root).unwrap();
        assert!(Folder::make(&root, "runs").is_ok());
        std::os::unix::fs::symlink(&real, real.join("linked")).unwrap();
        assert!(Folder::make(&root, "linked").is_err());
        assert!(Folder::open(&root, "linked").is_err());
    }
}
