//! What the kernel says of a process or thread in one line.

use std::os::fd::BorrowedFd;

use super::directory;

/// What the kernel says of a process or thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) name: String,
    /// Whether it has ended, and was not waited for.
    pub(super) is_zombie: bool,
    pub(super) parent: u32,
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
    let parent = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
    (state != b"X").then(|| Stat { name, is_zombie: state == b"Z", parent })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_hold_anything() {
        let line = "7 (a) (b\n) S 42 2 3";
        let stat = Stat { name: "a) (b\n".into(), is_zombie: false, parent: 42 };
        assert_eq!(parse(line.as_bytes()), Some(stat.clone()));
        assert_eq!(parse(line.replace(") S", ") Z").as_bytes()), Some(Stat { is_zombie: true, ..stat }));
        for garbage in ["", "7 (x", "7 (x) S", "7 )x( S", "7 (x) S x"] {
            assert_eq!(parse(garbage.as_bytes()), None, "{garbage}");
        }
    }
}
