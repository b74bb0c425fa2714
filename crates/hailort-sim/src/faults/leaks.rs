//! What stays behind in the process: threads, descriptors, files, mappings.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use memmap2::Mmap;

use super::plan::FdKind;
use super::{hang, later};

/// Bytes of a leaked file.
const SIZE: usize = 4096;

/// Keeps a thing for ever, or ends it after a time.
pub(super) fn keep<T: Send + 'static>(
    thing: T,
    lasts: Option<Duration>,
    end: impl FnOnce(T) + Send + 'static,
) -> io::Result<()> {
    match lasts {
        None => {
            std::mem::forget(thing);
            Ok(())
        }
        Some(time) => later::after(time, move || end(thing)),
    }
}

pub(super) fn thread(lasts: Option<Duration>) -> io::Result<()> {
    let thread = std::thread::Builder::new().name("hailort-leaked".into());
    thread
        .spawn(move || match lasts {
            None => hang::hang_forever(),
            Some(time) => hang::linger(time),
        })
        .map(drop)
}

pub(super) fn descriptor(kind: FdKind, lasts: Option<Duration>) -> io::Result<()> {
    match kind {
        FdKind::Device => keep(File::open("/dev/null")?, lasts, drop),
        FdKind::File => keep(File::open("/proc/self/exe")?, lasts, drop),
        FdKind::Socket => keep(UnixDatagram::unbound()?, lasts, drop),
        FdKind::Pipe => keep(io::pipe()?, lasts, drop),
    }
}

/// Makes a file with a name that no other has.
fn new_file(what: &str) -> io::Result<(PathBuf, File)> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("hailort-sim-{what}-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        match File::options().read(true).write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(&[0; SIZE])?;
                return Ok((path, file));
            }
            // Of an earlier process with this number.
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {}
            Err(why) => return Err(why),
        }
    }
}

pub(super) fn file(lasts: Option<Duration>) -> io::Result<()> {
    let (path, _) = new_file("leaked")?;
    keep(path, lasts, |path| _ = std::fs::remove_file(path))
}

pub(super) fn map(lasts: Option<Duration>) -> io::Result<()> {
    let (path, file) = new_file("leaked-map")?;
    // SAFETY: nobody else has the file, which has no name any more.
    let map = unsafe { Mmap::map(&file) };
    std::fs::remove_file(path)?;
    keep(map?, lasts, drop)
}
