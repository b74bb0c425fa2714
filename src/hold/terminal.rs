//! The terminal belongs to the program while it runs, and Ctrl+Z stops both.

use std::os::fd::AsRawFd;

/// The terminal that standard input is, where this process's group is in the foreground of one. It is taken back when
/// this is dropped.
#[derive(Debug)]
pub(super) struct Terminal {
    fd: i32,
    ours: i32,
}

impl Terminal {
    /// `None` where there is none, or it belongs to somebody else.
    pub(super) fn of_standard_input() -> Option<Self> {
        let fd = std::io::stdin().as_raw_fd();
        // SAFETY: both ask the kernel for numbers.
        let (foreground, ours) = unsafe { (libc::tcgetpgrp(fd), libc::getpgrp()) };
        (foreground == ours).then_some(Self { fd, ours })
    }

    pub(super) fn fd(&self) -> i32 {
        self.fd
    }

    /// Gives the terminal to this group.
    pub(super) fn give(&self, group: i32) {
        give(self.fd, group);
    }

    /// Takes the terminal back.
    pub(super) fn take_back(&self) {
        give(self.fd, self.ours);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.take_back();
    }
}

/// Makes a group the foreground of a terminal. Only system calls are made: it may be called between fork and exec.
pub(super) fn give(fd: i32, group: i32) {
    // SAFETY: the sets are valid. A group in the background that sets the foreground is stopped by SIGTTOU, unless it
    // blocks that.
    unsafe {
        let (mut block, mut before) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigemptyset(&raw mut block);
        libc::sigaddset(&raw mut block, libc::SIGTTOU);
        libc::sigprocmask(libc::SIG_BLOCK, &raw const block, &raw mut before);
        libc::tcsetpgrp(fd, group);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut());
    }
}
