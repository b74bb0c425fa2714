//! What `/proc` says about a thread.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::thread::State;

/// Units of processor time in a second as `/proc` has them: `USER_HZ`, 100 on all processors that are supported.
const HERTZ: f64 = 100.0;
/// Bytes of a short file that are read.
const SHORT: u64 = 4096;

/// What is known without stopping the thread.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Facts {
    pub(super) tid: u32,
    pub(super) name: String,
    /// `None` where there was no time to look.
    pub(super) state: Option<State>,
    pub(super) cpu_seconds: f64,
    pub(super) wait_channel: Option<String>,
    pub(super) syscall: Option<String>,
}

impl Facts {
    /// Reads them. Of a thread that has gone, nothing is known but that.
    pub(super) fn read(pid: u32, tid: u32) -> Self {
        let folder = PathBuf::from(format!("/proc/{pid}/task/{tid}"));
        let stat = short(&folder.join("stat")).and_then(|bytes| stat(&bytes));
        let (name, state, cpu_seconds) = stat.unwrap_or((String::new(), State::Gone, 0.0));
        let wait_channel = short(&folder.join("wchan")).and_then(|bytes| wait_channel(&bytes));
        let syscall = short(&folder.join("syscall")).and_then(|bytes| syscall(&bytes));
        Self { tid, name, state: Some(state), cpu_seconds, wait_channel, syscall }
    }

    /// Of a thread that there was no time to look at.
    pub(super) fn unknown(tid: u32) -> Self {
        Self { tid, name: String::new(), state: None, cpu_seconds: 0.0, wait_channel: None, syscall: None }
    }
}

/// The ids of a process's threads, the main thread first.
///
/// # Errors
/// When the process has gone.
pub(super) fn threads(pid: u32) -> std::io::Result<Vec<u32>> {
    let names = std::fs::read_dir(format!("/proc/{pid}/task"))?;
    let mut tids: Vec<u32> = names.flatten().filter_map(|n| n.file_name().to_str()?.parse().ok()).collect();
    tids.sort_unstable_by_key(|&tid| (tid != pid, tid));
    Ok(tids)
}

/// The file name of the program, else the name of the process.
pub(super) fn program(pid: u32) -> String {
    let path = std::fs::read_link(format!("/proc/{pid}/exe")).ok();
    let name = path.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    name.or_else(|| comm(pid)).unwrap_or_default()
}

/// The name of a process.
pub(super) fn comm(pid: u32) -> Option<String> {
    let bytes = short(Path::new(&format!("/proc/{pid}/comm")))?;
    let text = String::from_utf8_lossy(&bytes);
    Some(text.strip_suffix('\n').unwrap_or(&text).to_owned())
}

/// The process that traces a thread.
pub(super) fn tracer(pid: u32, tid: u32) -> Option<u32> {
    let status = short(Path::new(&format!("/proc/{pid}/task/{tid}/status")))?;
    let text = String::from_utf8_lossy(&status);
    let tracer = text.lines().find_map(|line| line.strip_prefix("TracerPid:"))?.trim().parse().ok()?;
    (tracer != 0).then_some(tracer)
}

/// Reads a file that must be short.
pub(super) fn short(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(512);
    File::open(path).ok()?.take(SHORT).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Name, state and processor time from a `stat`. The name can hold anything, parentheses and line ends included.
fn stat(bytes: &[u8]) -> Option<(String, State, f64)> {
    let start = bytes.iter().position(|&b| b == b'(')? + 1;
    let end = bytes.iter().rposition(|&b| b == b')').filter(|&end| end >= start)?;
    let name = String::from_utf8_lossy(&bytes[start..end]).into_owned();
    let rest = std::str::from_utf8(&bytes[end + 1..]).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let state = State::of_letter(fields.next()?.chars().next()?);
    // ppid pgrp session tty_nr tpgid flags minflt cminflt majflt cmajflt, then utime and stime.
    let user: u64 = fields.nth(10)?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((name, state, user.saturating_add(system) as f64 / HERTZ))
}

fn wait_channel(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    (!text.is_empty() && text != "0").then(|| text.to_owned())
}

/// The name of a system call from a `syscall`, which is `running`, `-1 …` outside of system calls, or starts with its
/// number.
fn syscall(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let number: usize = text.split_ascii_whitespace().next()?.parse().ok()?;
    Some(
        syscalls::Sysno::new(number)
            .map_or_else(|| format!("system call {number}"), |call| call.name().to_owned()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_hold_anything() {
        for name in ["main", "a) R 1 (b", "line\nend", ") ", "(", ""] {
            let line = format!("12 ({name}) S 1 1 1 0 -1 4194304 1 2 3 4 250 50 7 8 20 0 3 0 1\n");
            assert_eq!(stat(line.as_bytes()), Some((name.to_owned(), State::Sleeping, 3.0)), "{name:?}");
        }
    }

    #[test]
    fn what_is_cut_short_is_not_believed() {
        let whole = b"12 (main) S 1 1 1 0 -1 4194304 1 2 3 4 250 50 ";
        assert!(stat(whole).is_some());
        for end in 0..whole.len() - 4 {
            assert_eq!(stat(&whole[..end]), None, "{end}");
        }
        assert_eq!(stat(b")("), None);
    }

    #[test]
    fn names_system_calls_and_wait_channels() {
        let futex = syscalls::Sysno::futex as usize;
        assert_eq!(syscall(format!("{futex} 0x1 0x2 0x3\n").as_bytes()).as_deref(), Some("futex"));
        assert_eq!(syscall(b"99999 0x1\n").as_deref(), Some("system call 99999"));
        assert_eq!(syscall(b"running\n"), None);
        assert_eq!(syscall(b"-1 0x7ffc 0x7f\n"), None);
        assert_eq!(wait_channel(b"futex_do_wait").as_deref(), Some("futex_do_wait"));
        assert_eq!(wait_channel(b"0"), None);
        assert_eq!(wait_channel(b""), None);
    }

    #[test]
    fn this_process_is_found() {
        let pid = std::process::id();
        assert_eq!(threads(pid).unwrap()[0], pid);
        assert_ne!(Facts::read(pid, pid).state, Some(State::Gone));
        assert_eq!(Facts::read(pid, u32::MAX).state, Some(State::Gone));
        assert_eq!(tracer(pid, pid), None);
        assert!(!program(pid).is_empty());
        assert!(threads(u32::MAX).is_err());
    }
}
