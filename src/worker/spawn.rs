//! The thread from which all workers are started.
//!
//! The kernel's "die with your parent" fires when the *thread* that made the child ends, and threads of tests end
//! early. So one thread, which lives as long as the process, makes them all.

use std::ffi::OsString;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};

use super::entry;
use crate::hailort::recorder::Board;

/// What is executed: `HAILO_WORKER`, an installed `hailo-harness` of the same version, or else this program again.
pub(super) fn program(own: bool) -> OsString {
    let named = std::env::var_os("HAILO_WORKER").filter(|v| !v.is_empty() && !own);
    named.unwrap_or_else(|| "/proc/self/exe".into())
}

/// Which worker is wanted.
#[derive(Debug)]
pub(super) struct Job {
    /// Whether it has to run this program.
    pub(super) own_program: bool,
    /// Variables that are added to its environment.
    pub(super) variables: Vec<(String, OsString)>,
}

/// A worker that was started.
#[derive(Debug)]
pub(super) struct Spawned {
    pub(super) child: Child,
    pub(super) socket: UnixStream,
    pub(super) output: std::io::PipeReader,
    pub(super) board: Board,
}

/// What is asked of the thread, and where the answer goes.
type Question = (Job, Sender<std::io::Result<Spawned>>);

/// Starts a worker.
pub(super) fn spawn(job: Job) -> std::io::Result<Spawned> {
    let (to, answer) = channel();
    let gone = || std::io::Error::other("the thread that starts workers has ended");
    thread()?.send((job, to)).map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())?
}

/// The thread, which is started where there is none.
pub(super) fn thread() -> std::io::Result<Sender<Question>> {
    /// The thread, and the process that it belongs to: a child made by fork has a copy of this, and no such thread.
    static SPAWNER: Mutex<Option<(u32, Sender<Question>)>> = Mutex::new(None);
    let mut spawner = SPAWNER.lock().unwrap_or_else(PoisonError::into_inner);
    match &*spawner {
        Some((process, jobs)) if *process == std::process::id() => Ok(jobs.clone()),
        _ => {
            let jobs = begin()?;
            *spawner = Some((std::process::id(), jobs.clone()));
            Ok(jobs)
        }
    }
}

/// Starts the thread.
fn begin() -> std::io::Result<Sender<Question>> {
    let (to, jobs) = channel::<Question>();
    std::thread::Builder::new().name("hailo-spawner".into()).spawn(move || {
        for (job, answer) in jobs {
            // Whoever asked may have gone; the worker then ends with its socket.
            let _ = answer.send(start(job));
        }
    })?;
    Ok(to)
}

fn start(job: Job) -> std::io::Result<Spawned> {
    let (ours, theirs) = UnixStream::pair()?;
    let (output, input) = std::io::pipe()?;
    let mut command = Command::new(program(job.own_program));
    // Above the standard ones, which the child gets other files for, where the program has closed its own.
    let theirs: OwnedFd = rustix::io::fcntl_dupfd_cloexec(&theirs, 3)?;
    let board = Board::new()?;
    let shown: OwnedFd = rustix::io::fcntl_dupfd_cloexec(board.file(), 3)?;
    let passed = [theirs.as_raw_fd(), shown.as_raw_fd()];
    command
        .env(entry::VARIABLE, entry::value(passed[0], passed[1]))
        .envs(job.variables)
        .arg0("hailo-worker")
        .stdin(Stdio::null())
        .stdout(input.try_clone()?)
        .stderr(input)
        .process_group(0);
    // SAFETY: between fork and exec only system calls are made, which allocate nothing and take no lock.
    unsafe {
        command.pre_exec(move || {
            // Everything that the program left open for its children to inherit is none of the worker's business.
            // Where the kernel does not know the call (before 5.11), they are inherited.
            libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC);
            // The socket and the board alone pass.
            for file in passed {
                if libc::fcntl(file, libc::F_SETFD, 0) == -1 {
                    return Err(std::io::Error::last_os_error());
                }
            }
            // From its first moment on it dies with its parent, whatever program it is. Whoever gets here after the
            // parent has gone finds that out by its socket.
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            // Signals that the program blocks would stay blocked across exec.
            let mut none = std::mem::zeroed();
            libc::sigemptyset(&raw mut none);
            libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
            Ok(())
        });
    }
    let child = command.spawn()?;
    drop((theirs, shown));
    Ok(Spawned { child, socket: ours, output, board })
}
