//! The folder in which weights are found by the sha256 that a HEF names.
//!
//! A simulated HEF holds no weights. `$HAILO_CACHE_DIR/sha256/<hex>` does, or the same folder `hailo-harness` below
//! the user's cache. Who puts files there is not this crate's business: what counts is the hash, which is checked
//! over the mapped bytes each time that a network is configured.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::ct2::{FormatError, WeightsFile};

/// Why weights named by a HEF could not be had.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such file.
    #[error("no weights with sha256 {sha256} in {directory}: run `hailo-harness models fetch`")]
    Missing {
        /// The hash in hexadecimal.
        sha256: String,
        /// Where it was looked for.
        directory: PathBuf,
    },
    /// The bytes are others than those named.
    #[error(
        "the weights file {path} has sha256 {found}: truncated or altered; run `hailo-harness models fetch`"
    )]
    Altered {
        /// The file.
        path: PathBuf,
        /// Its hash.
        found: String,
    },
    /// The hash that the HEF names is no hash.
    #[error("the HEF names its weights by {0:?}, which is no sha256 in hexadecimal")]
    NoHash(String),
    /// The file cannot be used.
    #[error(transparent)]
    Format(#[from] FormatError),
}

/// The folder that holds weights: `$HAILO_CACHE_DIR/sha256`, else `hailo-harness/sha256` in `$XDG_CACHE_HOME` or `~/.cache`.
pub fn store_directory() -> PathBuf {
    let variable = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let base = variable("HAILO_CACHE_DIR").unwrap_or_else(|| {
        variable("XDG_CACHE_HOME")
            .filter(|p| p.is_absolute())
            .or_else(|| variable("HOME").map(|home| home.join(".cache")))
            .unwrap_or_else(std::env::temp_dir)
            .join("hailo-harness")
    });
    base.join("sha256")
}

/// Files that were given by [`give`], by hash.
static GIVEN: Mutex<BTreeMap<String, File>> = Mutex::new(BTreeMap::new());

fn given() -> MutexGuard<'static, BTreeMap<String, File>> {
    GIVEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn path(file: &File) -> PathBuf {
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

/// Gives this process weights without a folder: the bytes are kept in memory until [`take_back`], and found before all
/// others. Answers their sha256 and a path under which they can be opened.
///
/// # Errors
/// When the memory cannot be had.
pub fn give(bytes: &[u8]) -> std::io::Result<(String, PathBuf)> {
    let sha256: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
    let mut given = given();
    if let Some(file) = given.get(&sha256) {
        return Ok((sha256, path(file)));
    }
    let file = memory(bytes)?;
    let path = path(&file);
    given.insert(sha256.clone(), file);
    Ok((sha256, path))
}

/// Lets go of all weights that were given. What uses them has them mapped, and goes on.
pub fn take_back() {
    given().clear();
}

/// Makes weights, and how they are known.
type Offer = (&'static str, fn() -> Vec<u8>);

/// Weights that are made when they are asked for.
static OFFERED: Mutex<Vec<Offer>> = Mutex::new(Vec::new());

/// Offers weights that can be made: found where no file of this sha256 is there. What is made is kept by whoever asked.
pub fn offer(sha256: &'static str, make: fn() -> Vec<u8>) {
    OFFERED.lock().unwrap_or_else(PoisonError::into_inner).push((sha256, make));
}

/// Weights of this sha256 that can be made, as a file without a name.
fn made(sha256: &str) -> Option<std::io::Result<File>> {
    let offered = OFFERED.lock().unwrap_or_else(PoisonError::into_inner);
    let make = offered.iter().find(|(known, _)| *known == sha256)?.1;
    Some(memory(&make()))
}

/// A file without a name.
fn memory(bytes: &[u8]) -> std::io::Result<File> {
    // SAFETY: the name is a string; the answer is checked.
    let fd = unsafe { libc::memfd_create(c"weights".as_ptr(), libc::MFD_CLOEXEC) };
    if fd == -1 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: the number was just made, and nothing else knows it.
    let mut file = unsafe { File::from_raw_fd(fd) };
    file.write_all(bytes)?;
    Ok(file)
}

/// Opens the weights of this sha256 (64 hexadecimal digits) in `directory` and checks the hash over all bytes.
///
/// # Errors
/// When the file is missing, altered or malformed.
pub fn open(directory: &Path, sha256: &str) -> Result<WeightsFile, StoreError> {
    // The text comes from a HEF: it must not be able to name another folder.
    if sha256.len() != 64 || !sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return Err(StoreError::NoHash(sha256.chars().take(80).collect()));
    }
    let given = given();
    let path = given.get(sha256).map_or_else(|| directory.join(sha256), path);
    let io = |source| StoreError::from(FormatError::Io { path: path.clone(), source });
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => {
            let missing = || StoreError::Missing { sha256: sha256.into(), directory: directory.into() };
            made(sha256).ok_or_else(missing)?.map_err(io)?
        }
        Err(source) => return Err(io(source)),
    };
    drop(given);
    // The hash comes first: a truncated or altered file is called that, whatever its index looks like.
    // SAFETY: as in `WeightsFile::from_file`.
    let bytes = unsafe { memmap2::Mmap::map(&file) }
        .map_err(|source| FormatError::Io { path: path.clone(), source })?;
    let found: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
    if found != sha256 {
        return Err(StoreError::Altered { path, found });
    }
    Ok(WeightsFile::from_file(&path, &file)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_found_in_any_folder() {
        let bytes = crate::canned::Canned::new(7).weights;
        let (sha256, path) = give(&bytes).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        assert!(open(Path::new("/nonexistent"), &sha256).is_ok());
        assert_eq!(give(&bytes).unwrap(), (sha256, path), "once");
    }

    #[test]
    fn what_was_offered_is_made_where_no_file_is_there() {
        let folder = tempfile::tempdir().unwrap();
        assert!(open(folder.path(), crate::canned::SHA256).is_err());
        crate::canned::offer();
        assert!(open(folder.path(), crate::canned::SHA256).is_ok());
        std::fs::write(folder.path().join(crate::canned::SHA256), b"something else").unwrap();
        let altered = open(folder.path(), crate::canned::SHA256).unwrap_err();
        assert!(matches!(altered, StoreError::Altered { .. }), "{altered}");
    }

    #[test]
    fn missing_altered_and_foreign_names_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let hash = "ab".repeat(32);
        let missing = open(folder.path(), &hash).unwrap_err().to_string();
        assert!(missing.contains(&hash) && missing.contains("models fetch"), "{missing}");
        std::fs::write(folder.path().join(&hash), b"something else").unwrap();
        let altered = open(folder.path(), &hash).unwrap_err();
        assert!(matches!(altered, StoreError::Altered { .. }), "{altered}");
        let foreign = open(folder.path(), "../../etc/passwd").unwrap_err();
        assert!(matches!(foreign, StoreError::NoHash(_)), "{foreign}");
    }
}
