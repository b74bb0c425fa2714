//! The user's cache of model files, named by their hash: a file is in it whole and checked, or not at all.
//!
//! Files are written beside, checked, flushed to the disk and then renamed. One process writes at a time (flock); one
//! that is killed leaves a `.part-…` that the next one removes.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags};
use sha2::{Digest, Sha256};

use super::catalogue::{Model, Pin};
use super::error::ModelError;
use super::hash;

/// How names of unfinished files begin.
const PART: &str = ".part-";
/// The file that is locked while something is fetched.
const LOCK: &str = ".lock";

/// What is known of a file in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileState {
    /// It is not there.
    Missing,
    /// It is there; whether its bytes are right is only known after [`Store::verify`].
    Present,
    /// It is there, and wrong: what is wrong with it.
    Altered(String),
}

/// A folder of files named by their sha256.
#[derive(Clone, Debug)]
pub struct Store {
    directory: PathBuf,
}

/// The right to write into a [`Store`]; it ends with this value, and with the process.
#[derive(Debug)]
pub struct FetchLock(#[expect(dead_code, reason = "closing the file unlocks it")] File);

impl Store {
    /// The user's cache: `$HAILO_CACHE_DIR/sha256`, else `hailo-harness/sha256` in `$XDG_CACHE_HOME` or `~/.cache`.
    pub fn user() -> Self {
        Self::at(hailort_sim::weights::store_directory())
    }

    /// Another folder.
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// The folder.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where a file is, or would be.
    pub fn path(&self, pin: &Pin) -> PathBuf {
        self.directory.join(&pin.sha256)
    }

    /// Looks for a file without reading it.
    pub fn state(&self, pin: &Pin) -> FileState {
        match std::fs::metadata(self.path(pin)) {
            Err(_) => FileState::Missing,
            Ok(m) if !m.is_file() => FileState::Altered("not a file".into()),
            Ok(m) if m.len() < pin.bytes => {
                FileState::Altered(format!("truncated ({} of {} bytes)", m.len(), pin.bytes))
            }
            Ok(m) if m.len() > pin.bytes => {
                FileState::Altered(format!("altered ({} bytes instead of {})", m.len(), pin.bytes))
            }
            Ok(_) => FileState::Present,
        }
    }

    /// Looks for a file and checks all of its bytes.
    pub fn verify(&self, pin: &Pin) -> FileState {
        let state = self.state(pin);
        if state != FileState::Present {
            return state;
        }
        match File::open(self.path(pin)).and_then(hash::of_reader) {
            Ok(hash) if hash == pin.sha256 => state,
            Ok(hash) => FileState::Altered(format!("altered (its sha256 is {hash})")),
            Err(e) => FileState::Altered(format!("unreadable ({e})")),
        }
    }

    /// The bytes of a small file, checked.
    ///
    /// # Errors
    /// When it is missing, truncated or altered.
    pub fn read(&self, pin: &Pin) -> Result<Vec<u8>, ModelError> {
        let path = self.path(pin);
        let mut bytes = Vec::new();
        File::open(&path)
            .and_then(|file| file.take(pin.bytes + 1).read_to_end(&mut bytes))
            .map_err(|source| ModelError::Cache { action: "read", path: path.clone(), source })?;
        if hash::of_bytes(&bytes) == pin.sha256 {
            Ok(bytes)
        } else {
            let what = match self.state(pin) {
                FileState::Altered(what) => what,
                _ => "altered".into(),
            };
            Err(ModelError::Altered { path, what })
        }
    }

    /// Whether all files of a model are there.
    ///
    /// # Errors
    /// When one is there and has not its length.
    pub fn has(&self, model: &Model) -> Result<bool, ModelError> {
        let mut all = true;
        for pin in model.pins() {
            match self.state(pin) {
                FileState::Present => {}
                FileState::Missing => all = false,
                FileState::Altered(what) => return Err(ModelError::Altered { path: self.path(pin), what }),
            }
        }
        Ok(all)
    }

    /// Waits until no other process fetches; `waiting` is called once if one does.
    ///
    /// # Errors
    /// When the folder cannot be made or the lock's file not be opened.
    pub fn lock(&self, waiting: impl FnOnce()) -> Result<FetchLock, ModelError> {
        let fail = |action| {
            let path = self.directory.join(LOCK);
            move |source: std::io::Error| ModelError::Cache { action, path, source }
        };
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(&self.directory)
            .map_err(fail("make the folder of"))?;
        // Never through a link: where the folder is shared, somebody may have put one there.
        let flags = (OFlags::NOFOLLOW | OFlags::CLOEXEC).bits() as i32;
        let path = self.directory.join(LOCK);
        // Opening an existing file with O_CREAT is refused in some shared folders, even to root: see
        // fs.protected_regular in proc(5).
        let open = |create| {
            File::options().read(true).write(true).create(create).mode(0o666).custom_flags(flags).open(&path)
        };
        let file = open(false).or_else(|_| open(true)).map_err(fail("open"))?;
        if rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            waiting();
            rustix::io::retry_on_intr(|| rustix::fs::flock(&file, FlockOperation::LockExclusive))
                .map_err(|e| fail("lock")(e.into()))?;
        }
        // Whoever wrote these was killed: it would hold the lock otherwise.
        for entry in std::fs::read_dir(&self.directory).map_err(fail("list the folder of"))?.flatten() {
            if entry.file_name().to_string_lossy().starts_with(PART) {
                let path = entry.path();
                let _ = if entry.file_type().is_ok_and(|t| t.is_dir()) {
                    std::fs::remove_dir_all(path)
                } else {
                    std::fs::remove_file(path)
                };
            }
        }
        Ok(FetchLock(file))
    }

    /// A folder for unfinished things, on the same disk as the cache; it is removed with the value.
    pub(super) fn scratch(&self, _lock: &FetchLock) -> Result<tempfile::TempDir, ModelError> {
        tempfile::Builder::new()
            .prefix(PART)
            .tempdir_in(&self.directory)
            .map_err(|source| ModelError::Cache { action: "write to", path: self.directory.clone(), source })
    }

    /// Takes a file in, if it is the right one.
    ///
    /// # Errors
    /// [`ReceiveError::Cache`] when it cannot be written, [`ReceiveError::Source`] when it cannot be read or is not
    /// the right one. Nothing is left of it then.
    pub(super) fn receive(
        &self,
        lock: &FetchLock,
        pin: &Pin,
        from: impl Read,
        progress: impl FnMut(u64),
    ) -> Result<(), ReceiveError> {
        let part = self.receive_part(lock, &pin.name, pin.bytes, from, progress)?;
        if part.bytes < pin.bytes {
            return Err(ReceiveError::Source(format!(
                "{} ended after {} of {} bytes",
                pin.name, part.bytes, pin.bytes
            )));
        }
        if part.sha256 != pin.sha256 {
            return Err(ReceiveError::Source(format!("{} has the wrong sha256: {}", pin.name, part.sha256)));
        }
        self.keep(part).map_err(ReceiveError::Cache)
    }

    /// Takes a file in as an unfinished one, whatever is in it; `most` is the most that it may have.
    ///
    /// # Errors
    /// As [`Store::receive`].
    pub(super) fn receive_part(
        &self,
        _lock: &FetchLock,
        name: &str,
        most: u64,
        mut from: impl Read,
        mut progress: impl FnMut(u64),
    ) -> Result<Part, ReceiveError> {
        let cache = |action| {
            let path = self.directory.join(name);
            move |source| ReceiveError::Cache(ModelError::Cache { action, path, source })
        };
        let mut part = tempfile::Builder::new()
            .prefix(PART)
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .tempfile_in(&self.directory)
            .map_err(cache("write"))?;
        let (mut hash, mut length) = (Sha256::new(), 0);
        let mut buffer = vec![0; 1 << 18];
        loop {
            let n = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(ReceiveError::Source(format!("{name}: {e}"))),
            };
            length += n as u64;
            if length > most {
                return Err(ReceiveError::Source(format!("{name} is longer than {most} bytes")));
            }
            hash.update(&buffer[..n]);
            part.write_all(&buffer[..n]).map_err(cache("write"))?;
            progress(length);
        }
        Ok(Part { file: part, bytes: length, sha256: hash::hex(hash) })
    }

    /// Gives an unfinished file its name.
    ///
    /// # Errors
    /// When it cannot be written. Nothing is left of it then.
    pub(super) fn keep(&self, part: Part) -> Result<(), ModelError> {
        let path = self.directory.join(&part.sha256);
        let cache = |action| {
            let path = path.clone();
            move |source| ModelError::Cache { action, path, source }
        };
        part.file.as_file().sync_all().map_err(cache("write"))?;
        if path.is_dir() {
            std::fs::remove_dir_all(&path).map_err(cache("replace"))?;
        }
        part.file.persist(&path).map_err(|e| cache("write")(e.error))?;
        File::open(&self.directory).and_then(|d| d.sync_all()).map_err(cache("write"))
    }
}

/// A file that came and has no name yet; it is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Part {
    file: tempfile::NamedTempFile,
    /// Its length.
    pub(super) bytes: u64,
    /// Its hash.
    pub(super) sha256: String,
}

impl Part {
    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }
}

/// Why a file was not taken in.
#[derive(Debug)]
pub(super) enum ReceiveError {
    /// The source's fault: another one may serve.
    Source(String),
    /// The cache's: no source will help.
    Cache(ModelError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(bytes: &[u8]) -> Pin {
        Pin { name: "f".into(), bytes: bytes.len() as u64, sha256: hash::of_bytes(bytes) }
    }

    fn names(store: &Store) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(store.directory())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .filter(|n| n != LOCK)
            .collect();
        names.sort();
        names
    }

    #[test]
    fn only_the_right_bytes_get_in() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().join("sha256"));
        let good = pin(b"the right bytes");
        assert_eq!(store.state(&good), FileState::Missing);
        let lock = store.lock(|| panic!("nobody holds it")).unwrap();
        for (bad, why) in [
            (&b"the right byte"[..], "ended"),
            (b"the right bytes and more", "longer"),
            (b"the wrong bytes", "sha256"),
        ] {
            let Err(ReceiveError::Source(e)) = store.receive(&lock, &good, bad, |_| {}) else {
                panic!("taken in")
            };
            assert!(e.contains(why), "{e}");
        }
        assert!(names(&store).is_empty(), "{:?}", names(&store));
        store.receive(&lock, &good, &b"the right bytes"[..], |_| {}).unwrap();
        assert_eq!(names(&store), [good.sha256.as_str()]);
        assert_eq!(store.verify(&good), FileState::Present);
        assert_eq!(store.read(&good).unwrap(), b"the right bytes");
    }

    #[test]
    fn what_was_truncated_or_altered_later_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        let good = pin(b"the right bytes");
        for (bytes, why, quick) in [
            (&b"the right"[..], "truncated", true),
            (b"the right bytes!", "altered", true),
            (b"the wrong bytes", "altered", false),
        ] {
            std::fs::write(store.path(&good), bytes).unwrap();
            assert_eq!(store.state(&good) != FileState::Present, quick);
            assert!(matches!(store.verify(&good), FileState::Altered(what) if what.contains(why)));
            let e = store.read(&good).unwrap_err();
            assert!(e.to_string().contains(why) && e.to_string().contains("models fetch"), "{e}");
        }
    }

    #[test]
    fn what_a_killed_process_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        std::fs::write(folder.path().join(".part-abc"), b"half").unwrap();
        std::fs::create_dir(folder.path().join(".part-def")).unwrap();
        std::fs::write(folder.path().join("kept"), b"").unwrap();
        let _lock = store.lock(|| ()).unwrap();
        assert_eq!(names(&store), ["kept"]);
    }

    #[test]
    fn the_lock_is_no_link_to_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = folder.path().join("elsewhere");
        let store = Store::at(folder.path().join("sha256"));
        std::fs::create_dir(store.directory()).unwrap();
        std::os::unix::fs::symlink(&elsewhere, store.directory().join(LOCK)).unwrap();
        assert!(store.lock(|| ()).is_err());
        assert!(!elsewhere.exists());
    }
}
