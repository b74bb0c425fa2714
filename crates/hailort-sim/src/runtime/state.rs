//! What a simulated host remembers when the process is gone that did it: a device that is off the bus, a fault that has
//! taken place.
//!
//! It stands in files: in the folder that `HAILO_SIM_STATE` names, else in `hailort-sim-UID` among the temporary files,
//! and there in a folder for each host. Nothing is written before a fault asks for it. Other users of the machine have
//! a memory of their own.

use std::fs::{DirBuilder, File};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::host;

/// The variable that names the folder.
pub const VARIABLE: &str = "HAILO_SIM_STATE";
/// Holds how many opens fail yet.
const ABSENT: &str = "absent";

/// Where the memory of this process's host is, whether there is any or not.
pub fn folder() -> PathBuf {
    base().join(format!("host-{}", host::name()))
}

fn base() -> PathBuf {
    match std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        Some(folder) => folder.into(),
        None => std::env::temp_dir().join(format!("hailort-sim-{}", rustix::process::geteuid().as_raw())),
    }
}

/// Lets this process's host forget everything.
///
/// # Errors
/// When the folder cannot be removed.
pub fn forget() -> io::Result<()> {
    match std::fs::remove_dir_all(folder()) {
        Err(why) if why.kind() != ErrorKind::NotFound => Err(why),
        _ => Ok(()),
    }
}

/// Makes the folder.
fn made() -> io::Result<PathBuf> {
    let folder = folder();
    DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    // Anybody may have made a folder of that name among the temporary files.
    let owner = std::fs::symlink_metadata(base())?.uid();
    if owner == rustix::process::geteuid().as_raw() {
        Ok(folder)
    } else {
        Err(io::Error::new(
            ErrorKind::PermissionDenied,
            format!("{} belongs to user {owner}: set {VARIABLE} to a folder of your own", base().display()),
        ))
    }
}

/// Whether this is the first time for `what` on the host.
///
/// # Errors
/// When that cannot be remembered.
pub(crate) fn is_first(what: &str) -> io::Result<bool> {
    let hex: String = Sha256::digest(what)[..16].iter().map(|b| format!("{b:02x}")).collect();
    match File::options().write(true).create_new(true).open(made()?.join(format!("once-{hex}"))) {
        Ok(mut file) => file.write_all(what.as_bytes()).map(|()| true),
        Err(why) if why.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(why) => Err(why),
    }
}

/// From now on so many opens find no device.
///
/// # Errors
/// When that cannot be remembered.
pub(crate) fn set_absent(opens: u32) -> io::Result<()> {
    let folder = made()?;
    let file = File::options().create(true).truncate(false).write(true).open(folder.join(ABSENT))?;
    file.lock()?;
    write(file, opens)
}

fn write(mut file: File, opens: u32) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(opens.to_string().as_bytes())
}

/// How many opens find no device yet.
pub(crate) fn absent() -> u32 {
    count(&File::options().read(true).open(folder().join(ABSENT))).unwrap_or(0)
}

/// As [`absent`]; this open is one of them.
pub(crate) fn open() -> u32 {
    let Ok(file) = File::options().read(true).write(true).open(folder().join(ABSENT)) else { return 0 };
    if file.lock().is_err() {
        return 0;
    }
    let file = Ok(file);
    let left = count(&file).unwrap_or(0);
    if let (Ok(file), Some(fewer)) = (file, left.checked_sub(1)) {
        let _ = write(file, fewer);
    }
    left
}

fn count(file: &io::Result<File>) -> Option<u32> {
    let mut text = String::new();
    file.as_ref().ok()?.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_are_counted_down_and_first_times_are_remembered_until_all_is_forgotten() {
        let folder_of_all = tempfile::tempdir().unwrap();
        // SAFETY: no other thread of this test reads or sets variables.
        unsafe { std::env::set_var(VARIABLE, folder_of_all.path()) };
        host::own();
        assert_eq!((absent(), open()), (0, 0));
        assert!(!folder().exists());
        set_absent(2).unwrap();
        assert_eq!((absent(), open(), absent(), open(), absent(), open()), (2, 2, 1, 1, 0, 0));
        assert_eq!([is_first("a"), is_first("b"), is_first("a")].map(Result::unwrap), [true, true, false]);
        forget().unwrap();
        forget().unwrap();
        assert!(is_first("a").unwrap());
        std::fs::write(folder().join(ABSENT), "many").unwrap();
        assert_eq!((absent(), open()), (0, 0));
        forget().unwrap();
    }
}
