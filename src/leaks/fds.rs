//! The open files of a process.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use rustix::io::Errno;

use super::directory;

/// So many links take longer to read than a thread takes to start.
const WORTH_A_THREAD: usize = 96;

/// An open file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fd {
    /// What it is of, as the kernel names it.
    pub(super) target: String,
    pub(super) number: u32,
}

/// The open files, but those that this function has open itself. Sorted by what they are of.
pub(super) fn list(process: BorrowedFd<'_>, own: bool) -> Result<Vec<Fd>, Errno> {
    let folder = directory::open(process, "fd")?;
    let ours = [process.as_raw_fd() as u32, folder.as_raw_fd() as u32];
    let mut numbers = directory::numbers(folder.as_fd())?;
    numbers.retain(|n| !(own && ours.contains(n)));
    // A link costs the kernel 4 µs, nearly all of a census. In this process another thread would be seen itself.
    let half = if own || numbers.len() < WORTH_A_THREAD { 0 } else { numbers.len() / 2 };
    let (first, second) = numbers.split_at(half);
    let mut fds = std::thread::scope(|scope| {
        let other = (half > 0).then(|| {
            let read = || read(folder.as_fd(), first);
            std::thread::Builder::new().name("hailo-census".into()).spawn_scoped(scope, read)
        });
        let mut fds = read(folder.as_fd(), second);
        fds.extend(match other {
            // Nothing in there panics.
            Some(Ok(other)) => other.join().unwrap_or_default(),
            Some(Err(_)) => read(folder.as_fd(), first),
            None => Vec::new(),
        });
        fds
    });
    fds.sort_unstable();
    Ok(fds)
}

/// What these open files are of.
fn read(folder: BorrowedFd<'_>, numbers: &[u32]) -> Vec<Fd> {
    let (mut fds, mut name, mut buffer) = (Vec::new(), String::new(), Vec::new());
    for &number in numbers {
        name.clear();
        let _ = std::fmt::Write::write_fmt(&mut name, format_args!("{number}"));
        // One that cannot be read was closed meanwhile.
        if let Ok(link) = rustix::fs::readlinkat(folder, &*name, std::mem::take(&mut buffer)) {
            fds.push(Fd { target: link.to_string_lossy().into_owned(), number });
            buffer = link.into_bytes();
        }
    }
    fds
}

/// Device and inode of those that are files with a name, and were not there before.
pub(super) fn ids(fds: &[Fd], process: BorrowedFd<'_>, before: &[Fd]) -> BTreeMap<u32, (u64, u64)> {
    let is_file = |fd: &&Fd| fd.target.starts_with('/') && !fd.target.starts_with("/dev/");
    let new = fds.iter().filter(is_file).filter(|fd| before.binary_search(fd).is_err());
    new.filter_map(|fd| Some((fd.number, id(process, &format!("fd/{}", fd.number))?))).collect()
}

/// Device and inode behind a link of a process's folder.
pub(super) fn id(process: BorrowedFd<'_>, link: &str) -> Option<(u64, u64)> {
    let stat = rustix::fs::statat(process, link, rustix::fs::AtFlags::empty()).ok()?;
    Some((stat.st_dev, stat.st_ino))
}

/// Leaves out those that are of given files, and were not there before.
pub(super) fn leave_out(fds: &mut Vec<Fd>, process: BorrowedFd<'_>, before: &[Fd], given: &[(u64, u64)]) {
    if given.is_empty() {
        return;
    }
    let is_given = |fd: &Fd| id(process, &format!("fd/{}", fd.number)).is_some_and(|id| given.contains(&id));
    fds.retain(|fd| before.binary_search(fd).is_ok() || !is_given(fd));
}

/// What an open file is called in reports: the same in every run. Numbers of sockets and pipes are not.
pub(super) fn name(target: &str) -> String {
    let kinds = [("socket:[", "socket"), ("pipe:[", "pipe"), ("anon_inode:", ""), ("/memfd:", "memfd ")];
    for (prefix, name) in kinds {
        if let Some(rest) = target.strip_prefix(prefix) {
            return match prefix {
                "anon_inode:" => rest.trim_matches(['[', ']']).to_owned(),
                "/memfd:" => format!("{name}{}", rest.trim_end_matches(" (deleted)")),
                _ => name.into(),
            };
        }
    }
    if target.starts_with("/dev/") { format!("device {target}") } else { target.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_every_run() {
        for (target, wanted) in [
            ("socket:[123]", "socket"),
            ("pipe:[9]", "pipe"),
            ("anon_inode:[eventpoll]", "eventpoll"),
            ("anon_inode:inotify", "inotify"),
            ("/memfd:hailo-calls (deleted)", "memfd hailo-calls"),
            ("/dev/hailo0", "device /dev/hailo0"),
            ("/tmp/x (deleted)", "/tmp/x (deleted)"),
        ] {
            assert_eq!(name(target), wanted);
        }
    }
}
