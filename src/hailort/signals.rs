//! Threads that the library starts get no signals.
//!
//! They inherit the mask of the thread that has them started. A handler that runs in the library's thread for interrupts
//! ends its wait, and the next release of the device then waits for that thread for ever.

use std::marker::PhantomData;
use std::mem::MaybeUninit;

/// Signals that a thread raises by what it does itself. Blocked, the process ends without a word.
const OWN_FAULTS: [libc::c_int; 7] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP, libc::SIGSYS, libc::SIGABRT];

/// As long as this lives, this thread and the threads that it starts get no signals but those of their own faults.
#[derive(Debug)]
pub(crate) struct Blocked {
    before: libc::sigset_t,
    /// The mask is this thread's: it is put back here, too.
    _this_thread: PhantomData<*const ()>,
}

impl Blocked {
    /// Blocks signals. Those that come meanwhile are delivered afterwards, or to another thread.
    pub(crate) fn now() -> Self {
        let mut all = MaybeUninit::uninit();
        let mut before = MaybeUninit::zeroed();
        // SAFETY: sigfillset fills the set that sigdelset and pthread_sigmask then use; all pointers are valid for the
        // calls. The earlier mask is written by the last one, which cannot fail for a valid operation; were it not
        // written, it is an empty set.
        unsafe {
            libc::sigfillset(all.as_mut_ptr());
            for fault in OWN_FAULTS {
                libc::sigdelset(all.as_mut_ptr(), fault);
            }
            libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), before.as_mut_ptr());
            Self { before: before.assume_init(), _this_thread: PhantomData }
        }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        // SAFETY: the mask is the one that this thread had.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, std::ptr::null_mut()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `SigBlk` of this thread.
    fn mask() -> u64 {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let line = status.lines().find_map(|l| l.strip_prefix("SigBlk:")).unwrap();
        u64::from_str_radix(line.trim(), 16).unwrap()
    }

    fn has(mask: u64, signal: libc::c_int) -> bool {
        mask >> (signal - 1) & 1 == 1
    }

    #[test]
    fn a_thread_that_is_started_meanwhile_gets_none_and_this_one_gets_them_again() {
        let before = mask();
        let blocked = Blocked::now();
        let inherited = std::thread::spawn(mask).join().unwrap();
        for signal in
            [libc::SIGTERM, libc::SIGINT, libc::SIGCHLD, libc::SIGPROF, libc::SIGUSR1, libc::SIGRTMIN()]
        {
            assert!(has(inherited, signal) && has(mask(), signal), "{signal}");
        }
        for signal in OWN_FAULTS {
            assert!(!has(inherited, signal), "{signal}");
        }
        // Inner ones put back what the outer one has done.
        drop(Blocked::now());
        assert!(has(mask(), libc::SIGTERM));
        drop(blocked);
        assert_eq!(mask(), before);
    }
}
