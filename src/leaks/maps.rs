//! The files that a process has mapped into its memory, libraries left aside.

use std::collections::BTreeMap;
use std::os::fd::BorrowedFd;

use rustix::io::Errno;

use super::directory;

/// Bytes of the list that are read: some hundred thousand mappings.
const MOST: usize = 64 << 20;

/// Files that are mapped, and how often; those that have code in them are libraries, which stay when they are loaded.
pub(super) fn list(process: BorrowedFd<'_>, buffer: &mut Vec<u8>) -> Result<BTreeMap<String, u32>, Errno> {
    let text = directory::read(process, "maps", buffer, MOST)?;
    let mut files: BTreeMap<&[u8], (u32, bool)> = BTreeMap::new();
    for line in text.split(|&b| b == b'\n') {
        // 7f0000000000-7f0000001000 r--p 00000000 08:01 1234   /path with blanks
        let Some(at) = line.iter().position(|&b| b == b'/') else { continue };
        let permissions = line.iter().position(|&b| b == b' ').map(|p| &line[p + 1..]);
        let runs = permissions.and_then(|p| p.get(2)) == Some(&b'x');
        let entry = files.entry(&line[at..]).or_default();
        (entry.0, entry.1) = (entry.0 + 1, entry.1 || runs);
    }
    let is_data = |(_, (_, runs)): &(&[u8], (u32, bool))| !runs;
    let named = |(path, (count, _)): (&[u8], _)| (String::from_utf8_lossy(path).into_owned(), count);
    Ok(files.into_iter().filter(is_data).map(named).collect())
}
