//! How a worker notices that its parent has gone.

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::hailort::shutdown;

/// How long the serving thread has to notice the end of the socket by itself and let go of the device in order.
const GRACE: Duration = Duration::from_secs(2);
/// Exit status of a worker whose parent has gone.
const ORPHANED: i32 = 71;

/// A write to a parent that has gone is an error, not a death in the middle of an inference.
pub(super) fn ignore_broken_pipes() {
    // SAFETY: no handler is installed, and nothing else of this process cares for the signal.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}

/// Ends the process when its parent does, or when the socket has ended and `GRACE` has passed since. When the socket
/// has ended, inference that runs is ended, so that the serving thread can let go.
///
/// # Errors
/// When the thread cannot be started.
pub(super) fn watch(socket: &UnixStream, parent: Pid) -> std::io::Result<()> {
    let socket = socket.try_clone()?;
    // Without pidfds (before Linux 5.3) the socket and the kernel's signal remain.
    let pidfd = pidfd_open(parent, PidfdFlags::empty()).ok();
    std::thread::Builder::new().name("hailo-parent".into()).spawn(move || {
        let mut fds = vec![PollFd::new(&socket, PollFlags::RDHUP)];
        fds.extend(pidfd.as_ref().map(|p| PollFd::from_borrowed_fd(p.as_fd(), PollFlags::IN)));
        while rustix::io::retry_on_intr(|| poll(&mut fds, None)).is_err() {}
        let parent_lives = fds.get(1).is_some_and(|p| p.revents().is_empty());
        if parent_lives {
            // The parent closed the socket on purpose. What waits for the device is told to come back, on a thread of
            // its own: the library may hang in that call, too.
            let ended =
                std::thread::Builder::new().name("hailo-shutdown".into()).spawn(shutdown::shut_down_all);
            if let Err(error) = ended {
                eprintln!("cannot end what waits for the device: {error}");
            }
            std::thread::sleep(GRACE);
        }
        // SAFETY: ends the process at once. The device's own release may be what hangs.
        unsafe { libc::_exit(ORPHANED) }
    })?;
    Ok(())
}
