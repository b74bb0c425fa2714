//! Which files a process has mapped, and where.

use std::fs::File;
use std::io::Read;

/// Bytes of the list that are read: more than the kernel's default bound of mappings makes.
const LONGEST: u64 = 16 << 20;

/// A mapping of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mapping {
    pub(super) start: u64,
    pub(super) end: u64,
    /// Whether it can be run.
    pub(super) code: bool,
    /// Where in the file it starts.
    pub(super) offset: u64,
    /// The device, as the list has it, and the inode on it: 0 where there is no file.
    pub(super) file: (String, u64),
    /// The file's path, or a name in brackets.
    pub(super) path: String,
}

impl Mapping {
    pub(super) fn holds(&self, address: u64) -> bool {
        (self.start..self.end).contains(&address)
    }
}

/// Reads the mappings of a process, in order of their addresses.
///
/// The kernel gives them only while nobody changes them: where a thread hangs in the kernel in the middle of that, this
/// hangs too until the process is killed.
///
/// # Errors
/// When it is not allowed, or the process has gone.
pub(super) fn read(pid: u32) -> std::io::Result<Vec<Mapping>> {
    let mut bytes = Vec::new();
    File::open(format!("/proc/{pid}/maps"))?.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).lines().filter_map(parse).collect())
}

/// The mapping that holds an address.
pub(super) fn find(mappings: &[Mapping], address: u64) -> Option<&Mapping> {
    let after = mappings.partition_point(|m| m.start <= address);
    mappings[..after].last().filter(|m| m.holds(address))
}

fn parse(line: &str) -> Option<Mapping> {
    // start-end permissions offset device inode path
    let mut fields = line.splitn(6, ' ');
    let (start, end) = fields.next()?.split_once('-')?;
    let (start, end) = (u64::from_str_radix(start, 16).ok()?, u64::from_str_radix(end, 16).ok()?);
    let code = fields.next()?.as_bytes().get(2) == Some(&b'x');
    let offset = u64::from_str_radix(fields.next()?, 16).ok()?;
    let device = fields.next()?.to_owned();
    let inode = fields.next()?.parse().ok()?;
    let path = fields.next().unwrap_or_default().trim_start_matches(' ').to_owned();
    (start < end).then_some(Mapping { start, end, code, offset, file: (device, inode), path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_can_hold_spaces_or_be_missing() {
        let line = "7f00-7f80 r-xp 00001000 fe:01 77                     /lib/a b (deleted)";
        let mapping = parse(line).unwrap();
        let expected = Mapping {
            start: 0x7f00,
            end: 0x7f80,
            code: true,
            offset: 0x1000,
            file: ("fe:01".into(), 77),
            path: "/lib/a b (deleted)".into(),
        };
        assert_eq!(mapping, expected);
        let anonymous = parse("1000-2000 rw-p 00000000 00:00 0 ").unwrap();
        assert_eq!((anonymous.path.as_str(), anonymous.code), ("", false));
        for bad in ["", "1000", "2000-1000 r-xp 0 0:0 0 ", "x-y r-xp 0 0:0 0", "1000-2000 r-xp 0 0:0"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn finds_the_mapping_of_an_address() {
        let mappings = read(std::process::id()).unwrap();
        let here = finds_the_mapping_of_an_address as fn() as usize as u64;
        assert!(find(&mappings, here).unwrap().code);
        let local = 0u8;
        assert!(!find(&mappings, (&raw const local) as u64).unwrap().code);
        assert_eq!(find(&mappings, 0), None);
        assert_eq!(find(&[], 1), None);
    }
}
