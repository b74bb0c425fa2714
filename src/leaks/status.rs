//! Which signals a process handles and ignores.

use std::os::fd::BorrowedFd;

use rustix::io::Errno;

use super::directory;

/// Signals by their bits; the lowest is 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Signals {
    pub(super) caught: u64,
    pub(super) ignored: u64,
}

/// Those that the C library uses for itself.
const OF_LIBC: u64 = (1 << 31) | (1 << 32);

pub(super) fn signals(process: BorrowedFd<'_>, buffer: &mut Vec<u8>) -> Result<Signals, Errno> {
    let text = directory::read(process, "status", buffer, 1 << 16)?;
    let field = |name: &[u8]| {
        let line = text.split(|&b| b == b'\n').find_map(|l| l.strip_prefix(name))?;
        u64::from_str_radix(std::str::from_utf8(line).ok()?.trim(), 16).ok()
    };
    Ok(Signals {
        caught: field(b"SigCgt:").unwrap_or(0) & !OF_LIBC,
        ignored: field(b"SigIgn:").unwrap_or(0) & !OF_LIBC,
    })
}

/// The name of a signal.
pub(super) fn name(signal: u32) -> String {
    const NAMES: [&str; 31] = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
        "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
        "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];
    match NAMES.get((signal as usize).wrapping_sub(1)) {
        Some(name) => format!("SIG{name}"),
        None => format!("SIGRTMIN+{}", signal.saturating_sub(34)),
    }
}
