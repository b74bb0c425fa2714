//! The constructor that turns an executed copy into a worker before `main`.
//!
//! It runs in every program that links this library, before `main`: it must be quick and harmless where it is not
//! wanted.

use std::ffi::CStr;
use std::os::fd::{AsFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

use super::frame::VERSION;
use super::image::in_executable;
use super::{parent, serve};
use crate::hailort::recorder;

/// The variable that makes a worker: `<version>:<parent's pid>:<the socket>:<the board of calls>`, the last two by their
/// numbers as open files.
pub(super) const VARIABLE: &str = "HAILO_HARNESS_WORKER_SOCKET";
const VARIABLE_C: &CStr = c"HAILO_HARNESS_WORKER_SOCKET";

/// Exit status of a worker that refuses to serve.
const REFUSED: i32 = 70;
/// Exit status of a worker that panicked.
const PANICKED: i32 = 101;

/// The variable's value for a child of this process.
pub(super) fn value(socket: RawFd, board: RawFd) -> String {
    format!("{VERSION}:{}:{socket}:{board}", std::process::id())
}

#[used]
// SAFETY: the linker's table of functions that run before `main`; the function has the type that is called.
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = before_main;

extern "C" fn before_main() {
    // SAFETY: nothing else runs yet that could change the environment. What is asked first is the cheapest: nearly
    // every program that comes here is no worker.
    let value = unsafe { libc::getenv(VARIABLE_C.as_ptr()) };
    if value.is_null() || !in_executable() {
        return;
    }
    // SAFETY: getenv's answer is a string, which lives until the variable is removed below.
    let value = unsafe { CStr::from_ptr(value) }.to_string_lossy().into_owned();
    // SAFETY: as above. Removed at once, so that nothing that the worker starts becomes a worker.
    unsafe { libc::unsetenv(VARIABLE_C.as_ptr()) };
    // A panic must not run into the C code that called this.
    let code = std::panic::catch_unwind(|| match admit(&value) {
        Ok((socket, parent)) => serve::run(socket, parent),
        Err(why) => {
            eprintln!("not a worker: {why}");
            REFUSED
        }
    })
    .unwrap_or(PANICKED);
    // SAFETY: ends the process at once. Exit handlers of the program must not run: its `main` never did.
    unsafe { libc::_exit(code) }
}

/// Checks that the parent, and nobody else, made this process a worker.
fn admit(value: &str) -> Result<(UnixStream, Pid), String> {
    // SAFETY: getauxval answers a number for any key.
    if unsafe { libc::getauxval(libc::AT_SECURE) } != 0 {
        return Err("the program has rights that its caller has not".into());
    }
    let fields: Vec<i32> = value.split(':').map_while(|f| f.parse().ok()).collect();
    // Another version may say other things after its number.
    if let Some(&version) = fields.first()
        && version != i32::from(VERSION)
    {
        return Err(format!(
            "the caller speaks version {version} of the protocol, this program version {VERSION}"
        ));
    }
    let &[_, parent, socket, board] = fields.as_slice() else {
        return Err(format!("{VARIABLE}={value:?} is not <version>:<pid>:<socket>:<board>"));
    };
    let parent = Pid::from_raw(parent).ok_or("0 is no process")?;
    for file in [socket, board] {
        // SAFETY: fcntl looks at the number only.
        if file < 3 || unsafe { libc::fcntl(file, libc::F_GETFD) } == -1 {
            return Err(format!("the file {file} is not open"));
        }
    }
    if socket == board {
        return Err(format!("{VARIABLE}={value:?} names a file twice"));
    }
    // SAFETY: the number is open, and nothing else in this process knows of it.
    let socket = unsafe { UnixStream::from_raw_fd(socket) };
    let peer =
        rustix::net::sockopt::socket_peercred(&socket).map_err(|e| format!("the file is no socket: {e}"))?;
    if peer.pid != parent {
        return Err(format!("the socket is of process {}, not of {parent:?}", peer.pid.as_raw_nonzero()));
    }
    // SAFETY: the number is open, is not the socket, and nothing else in this process knows of it.
    let board = unsafe { OwnedFd::from_raw_fd(board) };
    for file in [socket.as_fd(), board.as_fd()] {
        rustix::io::fcntl_setfd(file, rustix::io::FdFlags::CLOEXEC).map_err(|e| e.to_string())?;
    }
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|e| e.to_string())?;
    // It may have died before that call, which would then never fire.
    if getppid() != Some(parent) {
        return Err("the parent has gone".into());
    }
    recorder::install(board);
    // Else it is called `exe` among processes and threads.
    let _ = rustix::thread::set_name(c"hailo-worker");
    parent::ignore_broken_pipes();
    Ok((socket, parent))
}
