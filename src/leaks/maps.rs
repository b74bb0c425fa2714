//! The files that a process has mapped into its memory, libraries left aside.

use std::collections::BTreeMap;
use std::os::fd::BorrowedFd;

use rustix::io::Errno;

use super::directory;

/// Bytes of the list that are read: some hundred thousand mappings.
const MOST: usize = 64 << 20;

/// What libraries map once and keep: separate debug information, once somebody has asked for a backtrace, locales, and
/// tables of character sets.
fn is_kept_by_libraries(path: &[u8]) -> bool {
    let folders: [&[u8]; 3] = [b"/usr/lib/debug/", b"/usr/lib/locale/", b"/usr/share/locale/"];
    let ends: [&[u8]; 3] = [b".debug", b"/gconv-modules.cache", b"/locale-archive"];
    folders.iter().any(|f| path.starts_with(f)) || ends.iter().any(|e| path.ends_with(e))
}

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
    let is_data = |(path, (_, runs)): &(&[u8], (u32, bool))| !runs && !is_kept_by_libraries(path);
    let named = |(path, (count, _)): (&[u8], _)| (String::from_utf8_lossy(path).into_owned(), count);
    Ok(files.into_iter().filter(is_data).map(named).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libraries_keep_is_left_aside() {
        for kept in [
            "/usr/lib/debug/.build-id/93/ac61.debug",
            "/nix/store/x/lib/libc.so.6.debug",
            "/usr/lib/x86_64-linux-gnu/gconv/gconv-modules.cache",
            "/usr/lib/locale/C.utf8/LC_CTYPE",
            "/usr/lib/locale/locale-archive",
        ] {
            assert!(is_kept_by_libraries(kept.as_bytes()), "{kept}");
        }
        for own in ["/dev/hailo0", "/tmp/x", "/home/a/debug/x.bin", "/tmp/locale/x"] {
            assert!(!is_kept_by_libraries(own.as_bytes()), "{own}");
        }
    }
}
