//! Reading a folder of `/proc` relative to an open one, which costs a third of what paths cost.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, RawDir};
use rustix::io::Errno;

/// Opens a folder for reading.
pub(super) fn open(at: impl AsFd, name: &str) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(at, name, flags, Mode::empty())
}

/// The names in a folder that are numbers.
pub(super) fn numbers(folder: BorrowedFd<'_>) -> Result<Vec<u32>, Errno> {
    let mut numbers = Vec::with_capacity(64);
    let mut buffer = [std::mem::MaybeUninit::uninit(); 32 << 10];
    let mut entries = RawDir::new(folder, &mut buffer);
    while let Some(entry) = entries.next() {
        let name = entry?;
        numbers.extend(name.file_name().to_str().ok().and_then(|n| n.parse::<u32>().ok()));
    }
    Ok(numbers)
}

/// Reads a file whole, at most so many bytes of it, into a buffer that is used again.
pub(super) fn read<'a>(
    at: impl AsFd,
    name: &str,
    buffer: &'a mut Vec<u8>,
    most: usize,
) -> Result<&'a [u8], Errno> {
    let file = rustix::fs::openat(at, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let mut length = 0;
    if buffer.len() < 4096 {
        buffer.resize(4096, 0);
    }
    loop {
        let read = rustix::io::retry_on_intr(|| rustix::io::read(&file, &mut buffer[length..]))?;
        length += read;
        if read == 0 || length >= most {
            return Ok(&buffer[..length.min(most)]);
        }
        if length == buffer.len() {
            buffer.resize(2 * buffer.len(), 0);
        }
    }
}
