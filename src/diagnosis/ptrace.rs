//! Stopping a thread of another process and reading its registers, without a signal: `PTRACE_SEIZE` and
//! `PTRACE_INTERRUPT`.
//!
//! Nothing here waits with `wait`: it could take the exit status of the process from its parent, which may be another
//! thread of this process. Whether a thread has stopped is seen from whether the kernel answers
//! `PTRACE_GETSIGINFO`, which it does for stopped threads only.

use std::io::Error;
use std::marker::PhantomData;
use std::mem::{MaybeUninit, size_of};
use std::ptr::null_mut;

use libc::{c_int, c_void, pid_t};

/// What is needed to find the callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Registers {
    /// The next instruction.
    pub(super) pc: u64,
    /// The stack pointer.
    pub(super) sp: u64,
    /// The frame pointer.
    pub(super) fp: u64,
    /// The link register, which x86-64 does not have.
    #[cfg_attr(target_arch = "x86_64", allow(dead_code))]
    pub(super) lr: u64,
}

/// A thread that this thread traces. Every call must come from the same thread, so it cannot be sent to another.
///
/// Dropped, it lets the thread go on. One that has not stopped cannot be let go: the kernel does it when the tracing
/// thread ends, and until then the tracee runs as before, or stops as soon as it can.
#[derive(Debug)]
pub(super) struct Tracee {
    tid: pid_t,
    /// Once it has stopped: the signal that it is about to get, or 0.
    signal: Option<c_int>,
    _of_this_thread: PhantomData<*const ()>,
}

impl Tracee {
    /// Starts to trace a thread, which runs on.
    ///
    /// # Errors
    /// `EPERM` where it is not allowed, another process traces it already or it has ended; `ESRCH` where there is none.
    pub(super) fn seize(tid: u32) -> Result<Self, Error> {
        let tid = pid_t::try_from(tid).map_err(|_| Error::from_raw_os_error(libc::ESRCH))?;
        // SAFETY: takes numbers only; the options are none.
        done(unsafe {
            libc::ptrace(libc::PTRACE_SEIZE as _, tid, null_mut::<c_void>(), null_mut::<c_void>())
        })?;
        Ok(Self { tid, signal: None, _of_this_thread: PhantomData })
    }

    /// Asks it to stop.
    pub(super) fn interrupt(&self) -> Result<(), Error> {
        // SAFETY: takes numbers only.
        done(unsafe {
            libc::ptrace(libc::PTRACE_INTERRUPT as _, self.tid, null_mut::<c_void>(), null_mut::<c_void>())
        })
    }

    /// Whether it has stopped by now, for whatever reason.
    ///
    /// # Errors
    /// Only those that say that it will never: `ESRCH`, which a thread that has not stopped gives too, is `Ok(false)`.
    pub(super) fn has_stopped(&mut self) -> Result<bool, Error> {
        let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
        // SAFETY: the kernel writes at most a siginfo_t to the place, which is one.
        let result = done(unsafe {
            libc::ptrace(libc::PTRACE_GETSIGINFO as _, self.tid, null_mut::<c_void>(), info.as_mut_ptr())
        });
        self.signal = match result {
            Ok(()) => {
                // SAFETY: all of it was zero, which is valid, and the kernel has written what it has.
                let info = unsafe { info.assume_init() };
                Some(signal_to_deliver(info.si_signo, info.si_code))
            }
            // Stopped, with no signal at all.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Some(0),
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => None,
            Err(error) => return Err(error),
        };
        Ok(self.signal.is_some())
    }

    /// The registers of a stopped thread.
    ///
    /// # Errors
    /// When it was killed meanwhile, or runs 32-bit code (`ENOEXEC`).
    pub(super) fn registers(&self) -> Result<Registers, Error> {
        let mut registers = MaybeUninit::<libc::user_regs_struct>::zeroed();
        let size = size_of::<libc::user_regs_struct>();
        let mut place = libc::iovec { iov_base: registers.as_mut_ptr().cast(), iov_len: size };
        // SAFETY: the kernel writes at most iov_len bytes to iov_base, which has as many.
        done(unsafe {
            let set = libc::NT_PRSTATUS as usize as *mut c_void;
            libc::ptrace(libc::PTRACE_GETREGSET as _, self.tid, set, (&raw mut place).cast::<c_void>())
        })?;
        if place.iov_len != size {
            return Err(Error::from_raw_os_error(libc::ENOEXEC));
        }
        // SAFETY: plain numbers, all zero first and then written by the kernel.
        Ok(Registers::from(unsafe { registers.assume_init() }))
    }

    /// Lets it go on: with the signal it was about to get, and stopped where a signal has stopped it before.
    ///
    /// # Errors
    /// `ESRCH` where it has not stopped or was killed.
    pub(super) fn detach(&mut self) -> Result<(), Error> {
        let signal = self.signal.take().unwrap_or(0) as usize as *mut c_void;
        // SAFETY: takes numbers only.
        done(unsafe { libc::ptrace(libc::PTRACE_DETACH as _, self.tid, null_mut::<c_void>(), signal) })
    }
}

impl Drop for Tracee {
    fn drop(&mut self) {
        if self.signal.is_some() {
            // Where this fails it has been killed.
            let _ = self.detach();
        }
    }
}

/// Which signal a stopped thread was about to get. In all other stops the kernel says what kind of stop it is in the
/// second byte of the code.
fn signal_to_deliver(signal: c_int, code: c_int) -> c_int {
    if code >> 8 == libc::PTRACE_EVENT_STOP { 0 } else { signal }
}

fn done(result: libc::c_long) -> Result<(), Error> {
    if result == -1 { Err(Error::last_os_error()) } else { Ok(()) }
}

#[cfg(target_arch = "x86_64")]
impl From<libc::user_regs_struct> for Registers {
    fn from(r: libc::user_regs_struct) -> Self {
        Self { pc: r.rip, sp: r.rsp, fp: r.rbp, lr: 0 }
    }
}

#[cfg(target_arch = "aarch64")]
impl From<libc::user_regs_struct> for Registers {
    fn from(r: libc::user_regs_struct) -> Self {
        Self { pc: r.pc, sp: r.sp, fp: r.regs[29], lr: r.regs[30] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_signal_on_its_way_is_delivered() {
        let event = |signal| signal | (libc::PTRACE_EVENT_STOP << 8);
        assert_eq!(signal_to_deliver(libc::SIGTRAP, event(libc::SIGTRAP)), 0, "asked to stop");
        assert_eq!(signal_to_deliver(libc::SIGSTOP, event(libc::SIGSTOP)), 0, "stopped by a signal before");
        assert_eq!(signal_to_deliver(libc::SIGUSR1, libc::SI_USER), libc::SIGUSR1);
        assert_eq!(signal_to_deliver(40, libc::SI_QUEUE), 40, "a real-time signal");
    }

    #[test]
    fn a_thread_that_is_not_there_is_an_error() {
        let error = Tracee::seize(u32::MAX).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ESRCH));
        // A thread cannot trace its own process.
        let error = Tracee::seize(std::process::id()).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EPERM));
    }
}
