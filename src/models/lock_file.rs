//! `models.lock`: the hashes of files that were first seen when they were first fetched.
//!
//! Hailo publishes its files without hashes. What came the first time is written down, and what comes later has to be the
//! same: for one machine in its cache, for a team in a file that is kept with the code.

use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::catalogue::Pin;
use super::error::ModelError;
use super::store::{FetchLock, Store};

/// The variable that names the lock file.
pub const VARIABLE: &str = "HAILO_MODELS_LOCK";
/// The file's name beside the cache's folder.
const NAME: &str = "models.lock";
/// What is understood.
const VERSION: u32 = 1;
/// Bytes of a lock file at most.
const MOST: u64 = 1 << 20;
/// How it begins, for people.
const HEAD: &str = "# What hailo-harness fetched first, and expects from then on. Keep it with your code to have it\n\
                    # everywhere: HAILO_MODELS_LOCK names it. `models fetch --arch … --update-lock` accepts other files.\n\n";

/// A file that was fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    /// Its path where it is published.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// Its hash, in hexadecimal.
    pub sha256: String,
    /// Where it came from.
    pub from: String,
}

impl Locked {
    /// How the cache knows it.
    pub fn pin(&self) -> Pin {
        let name = self.file.rsplit('/').next().unwrap_or(&self.file);
        Pin { name: name.into(), bytes: self.bytes, sha256: self.sha256.clone() }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    version: u32,
    #[serde(default, rename = "file")]
    files: Vec<Locked>,
}

/// A lock file, which need not be there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockFile(PathBuf);

impl LockFile {
    /// The file at this place.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The one that `HAILO_MODELS_LOCK` names, or else `models.lock` beside the cache's folder of files.
    pub fn from_environment(store: &Store) -> Self {
        let named = std::env::var_os(VARIABLE).filter(|v| !v.is_empty()).map(PathBuf::from);
        Self(named.unwrap_or_else(|| store.directory().parent().unwrap_or(Path::new(".")).join(NAME)))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What it says; nothing where it is not there.
    ///
    /// # Errors
    /// When it cannot be read, or makes no sense: it is never taken for an empty one then.
    pub fn read(&self) -> Result<Vec<Locked>, ModelError> {
        let fail = |why: String| ModelError::Lock { path: self.0.clone(), why };
        let file = match std::fs::File::open(&self.0) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(fail(error.to_string())),
        };
        let mut text = String::new();
        file.take(MOST + 1).read_to_string(&mut text).map_err(|e| fail(e.to_string()))?;
        if text.len() as u64 > MOST {
            return Err(fail(format!("it has more than {MOST} bytes")));
        }
        let contents: Contents = toml::from_str(&text).map_err(|e| fail(e.to_string().trim_end().into()))?;
        if contents.version != VERSION {
            return Err(fail(format!("it is of version {}, understood is {VERSION}", contents.version)));
        }
        for (i, locked) in contents.files.iter().enumerate() {
            let Locked { file, sha256, .. } = locked;
            // It becomes the name of a file.
            if sha256.len() != 64 || !sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
            {
                return Err(fail(format!("{sha256:?} of {file} is no sha256 in hexadecimal")));
            }
            if contents.files[..i].iter().any(|f| f.file == *file) {
                return Err(fail(format!("it names {file} twice")));
            }
        }
        Ok(contents.files)
    }

    /// Writes it beside and renames it, so that it is whole at any moment.
    pub(super) fn write(&self, mut files: Vec<Locked>, _lock: &FetchLock) -> Result<(), ModelError> {
        let fail = |why: String| ModelError::Lock { path: self.0.clone(), why };
        files.sort_by(|a, b| a.file.cmp(&b.file));
        let text = toml::to_string(&Contents { version: VERSION, files }).map_err(|e| fail(e.to_string()))?;
        let folder = self.0.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(folder)?;
            let mut part = tempfile::Builder::new()
                .prefix(".models.lock-")
                .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
                .tempfile_in(folder)?;
            part.write_all(HEAD.as_bytes())?;
            part.write_all(text.as_bytes())?;
            part.as_file().sync_all()?;
            part.persist(&self.0).map_err(|e| e.error)?;
            std::fs::File::open(folder)?.sync_all()
        };
        write().map_err(|e| fail(format!("cannot write it: {e}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(file: &str, byte: &str) -> Locked {
        Locked {
            file: file.into(),
            bytes: 3,
            sha256: byte.repeat(32),
            from: "https://example.org/é \"x\"".into(),
        }
    }

    #[test]
    fn what_is_written_is_read_back_sorted() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().join("sha256"));
        let lock = LockFile::at(folder.path().join("deeper/models.lock"));
        assert_eq!(lock.read().unwrap(), []);
        let held = store.lock(|| ()).unwrap();
        lock.write(vec![locked("b", "b2"), locked("a", "a1")], &held).unwrap();
        assert_eq!(lock.read().unwrap(), [locked("a", "a1"), locked("b", "b2")]);
        let text = std::fs::read_to_string(lock.path()).unwrap();
        assert!(text.starts_with("# What") && text.contains("[[file]]"), "{text}");
        assert_eq!(std::fs::read_dir(folder.path().join("deeper")).unwrap().count(), 1);
    }

    #[test]
    fn one_that_makes_no_sense_is_not_taken_for_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("models.lock");
        let entry =
            |sha: &str| format!("[[file]]\nfile = \"a\"\nbytes = 1\nsha256 = \"{sha}\"\nfrom = \"x\"\n");
        let good = "a1".repeat(32);
        for (text, why) in [
            ("nonsense".to_owned(), "models.lock"),
            (String::new(), "version"),
            ("version = 2".into(), "version 2"),
            (format!("version = 1\n{}", entry("../../etc/passwd")), "no sha256"),
            (format!("version = 1\n{}", entry(&"A1".repeat(32))), "no sha256"),
            (format!("version = 1\n{0}{0}", entry(&good)), "twice"),
            (format!("version = 1\nother = 1\n{}", entry(&good)), "other"),
            ("#".repeat((MOST + 1) as usize), "more than"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = LockFile::at(&path).read().unwrap_err().to_string();
            assert!(error.contains(why) && error.contains("models.lock"), "{why}: {error}");
        }
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(LockFile::at(&path).read().is_err());
    }
}
