//! What the kernel says of a process or thread in one line.

use std::os::fd::BorrowedFd;

use rustix::time::{ClockId, clock_gettime};

use super::directory;

/// What the kernel says of a process or thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) name: String,
    /// Whether it has ended, and was not waited for.
    pub(super) is_zombie: bool,
    pub(super) parent: u32,
    /// When it started, in ticks since the machine was.
    pub(super) start: u64,
}

/// The time now, in ticks since the machine was started.
pub(super) fn now() -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    let per_second = rustix::param::clock_ticks_per_second();
    let (seconds, nanos) = (u64::try_from(now.tv_sec).unwrap_or(0), u64::try_from(now.tv_nsec).unwrap_or(0));
    seconds * per_second + nanos * per_second / 1_000_000_000
}

/// Reads `<number>/stat` in a folder of `/proc`; `None` where there is none any more.
pub(super) fn read(folder: BorrowedFd<'_>, number: u32, buffer: &mut Vec<u8>) -> Option<Stat> {
    parse(directory::read(folder, &format!("{number}/stat"), buffer, 4096).ok()?)
}

/// `number (name) state parent …`; the name may hold anything, parentheses included.
fn parse(line: &[u8]) -> Option<Stat> {
    let (open, close) = (line.iter().position(|&b| b == b'(')?, line.iter().rposition(|&b| b == b')')?);
    let name = String::from_utf8_lossy(line.get(open + 1..close)?).into_owned();
    let mut fields = line[close + 1..].split(|&b| b == b' ').filter(|f| !f.is_empty());
    let state = fields.next()?;
    let mut number = |nth| std::str::from_utf8(fields.nth(nth)?).ok()?.parse::<u64>().ok();
    let (parent, start) = (u32::try_from(number(0)?).ok()?, number(17)?);
    (state != b"X").then(|| Stat { name, is_zombie: state == b"Z", parent, start })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_hold_anything() {
        let line = "7 (a) (b\n) S 42 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 4242 0";
        let stat = Stat { name: "a) (b\n".into(), is_zombie: false, parent: 42, start: 4242 };
        assert_eq!(parse(line.as_bytes()), Some(stat.clone()));
        assert_eq!(parse(line.replace(") S", ") Z").as_bytes()), Some(Stat { is_zombie: true, ..stat }));
        for garbage in ["", "7 (x", "7 (x) S", "7 )x( S", "7 (x) S x"] {
            assert_eq!(parse(garbage.as_bytes()), None, "{garbage}");
        }
    }
}
