//! What names a process for good, and whether it lives.
//!
//! A pid is used again; with the time of its start it is not, as long as the machine runs, whose boot id says so. A pid
//! means something in its own namespace only: a container's processes cannot be looked up from outside.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::sync::OnceLock;

/// The longest `stat` that is read; the kernel's is shorter.
const LONGEST: u64 = 4096;

/// What the kernel says of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    /// Its name, at most 15 bytes, of any kind.
    pub name: Vec<u8>,
    /// `R`, `S`, `T`, `Z`, …
    pub state: char,
    pub parent: u32,
    /// When it started, in ticks since the machine was.
    pub start: u64,
}

impl Process {
    /// Whether it runs, and does not only wait to be reaped.
    pub fn lives(&self) -> bool {
        !matches!(self.state, 'Z' | 'X' | 'x')
    }

    /// A process, where it is there and this user may see it.
    pub fn read(pid: u32) -> Option<Self> {
        let mut stat = Vec::new();
        File::open(format!("/proc/{pid}/stat")).ok()?.take(LONGEST).read_to_end(&mut stat).ok()?;
        Self::parse(&stat)
    }

    fn parse(stat: &[u8]) -> Option<Self> {
        // The name may hold anything, parentheses, blanks and line ends included; nothing that follows does.
        let (open, close) = (stat.iter().position(|b| *b == b'(')?, stat.iter().rposition(|b| *b == b')')?);
        let name = stat.get(open + 1..close)?.to_vec();
        let mut fields = std::str::from_utf8(&stat[close + 1..]).ok()?.split_ascii_whitespace();
        let state = fields.next()?.chars().next()?;
        let parent = fields.next()?.parse().ok()?;
        let start = fields.nth(17)?.parse().ok()?;
        Some(Self { name, state, parent, start })
    }
}

/// When this process started, in ticks since the machine was; 0 where the kernel does not say.
pub(super) fn own_start() -> u64 {
    Process::read(std::process::id()).map_or(0, |p| p.start)
}

/// The boot of the machine: as long as it is the same, a pid and a start name one process.
pub(super) fn boot() -> Option<&'static str> {
    static BOOT: OnceLock<Option<String>> = OnceLock::new();
    BOOT.get_or_init(|| {
        let mut text = String::new();
        File::open("/proc/sys/kernel/random/boot_id").ok()?.take(64).read_to_string(&mut text).ok()?;
        let text = text.trim();
        let is_id = !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        is_id.then(|| text.to_owned())
    })
    .as_deref()
}

/// The namespace that this process's pids are of.
pub(super) fn namespace() -> Option<u64> {
    std::fs::metadata("/proc/self/ns/pid").ok().map(|m| m.ino())
}

/// The nearest ancestor with this name.
pub(super) fn ancestor(name: &[u8]) -> Option<(u32, Process)> {
    let mut pid = Process::read(std::process::id())?.parent;
    // Deeper than trees of processes are.
    for _ in 0..64 {
        if pid == 0 {
            return None;
        }
        let process = Process::read(pid)?;
        if process.name == name {
            return Some((pid, process));
        }
        pid = process.parent;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_change_nothing() {
        let stat = b"7 (a) R 1\n\xff(b) S 3 7 7 0 -1 4 1 0 0 0 0 0 0 0 20 0 1 0 4242 9 9";
        let process = Process::parse(stat).unwrap();
        assert_eq!(process.name, b"a) R 1\n\xff(b");
        assert_eq!((process.state, process.parent, process.start), ('S', 3, 4242));
        for bad in
            [&b""[..], b"7", b"7 (a", b"7 )a(", b"7 (a) S", b"7 (a) S 1 2", b"7 (a) S x 2", b"\xff(\xff)\xff"]
        {
            assert_eq!(Process::parse(bad), None);
        }
    }

    #[test]
    fn a_process_that_was_not_reaped_does_not_live() {
        let own = Process::read(std::process::id()).unwrap();
        assert!(own.lives() && own.start == own_start() && own.start > 0);
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        assert!(Process::read(child.id()).unwrap().lives());
        child.kill().unwrap();
        // Waits for the end, and leaves the process to be reaped.
        let id = rustix::process::WaitId::Pid(rustix::process::Pid::from_child(&child));
        let options = rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOWAIT;
        rustix::process::waitid(id, options).unwrap();
        assert!(!Process::read(child.id()).unwrap().lives());
        child.wait().unwrap();
        assert_eq!(Process::read(child.id()), None);
    }

    #[test]
    fn the_machine_says_who_it_is() {
        assert_eq!(boot().unwrap().len(), 36);
        assert!(namespace().is_some());
    }
}
