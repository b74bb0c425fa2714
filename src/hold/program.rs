//! Starts a program under a lease, passes signals on, ends it when its time is over, and says how it ended.

use std::ffi::OsString;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::group::{BUDGETS, Group};
use super::terminal::{self, Terminal};
use crate::cleanup::bounded::say;
use crate::device::DeviceLease;
use crate::diagnosis::{Capture, Thread};
use crate::leaks::Family;
use crate::watchdog::escalation;
use crate::watchdog::{Budgets, DeviceState, Hang, Phase, Step};

/// Signals that are passed on to the program.
const PASSED_ON: [i32; 6] =
    [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGUSR1, libc::SIGUSR2];

/// Why a program was not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HoldError {
    /// It cannot be started.
    #[error("cannot run {program}: {source}")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The signals cannot be passed on.
    #[error("cannot pass signals on: {0}")]
    Signals(std::io::Error),
    /// It has ended, and nobody knows how: this process ignores SIGCHLD, or reaps children elsewhere.
    #[error("the program has ended, and how is not known: {0}")]
    Status(std::io::Error),
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// By itself, or by a signal.
    Ended(ExitStatus),
    /// Its time was over: it and its process group were ended.
    TimedOut(Box<Hang>),
    /// It has ended, and something that it left running cannot be killed.
    Stuck,
}

/// Runs a program while the device is held, and gives the device back when it has ended.
///
/// The program gets a process group of its own, the terminal where this process has it, and the variable that lets
/// programs of this project use the device that is held for them. It has copies of the lease's files, so that the device
/// is not free while it or what it started lives on, even where this process is killed; then the program is killed, too.
/// What it leaves running is ended when it ends, wherever it has gone: it could touch the device. Only what has neither
/// its process group nor its environment is not found; where it has the lease's files, it keeps the device, and is named.
///
/// # Errors
/// When it cannot be started.
pub fn run(
    program: &OsString,
    arguments: &[OsString],
    mut lease: DeviceLease,
    deadline: Option<Duration>,
) -> Result<Outcome, HoldError> {
    // One that is too far to be told is none.
    let until = deadline.and_then(|d| Instant::now().checked_add(d));
    let signals = Signals::block().map_err(HoldError::Signals)?;
    let terminal = Terminal::of_standard_input();
    let (variable, value) = lease.nested();
    let family = Family::begin(variable, &value);
    let started = start(program, arguments, &lease, terminal.as_ref(), &signals);
    let fail = |source| HoldError::Start { program: program.to_string_lossy().into_owned(), source };
    let mut child = started.map_err(fail)?;
    // However this goes on, what runs has the device until it ends.
    lease.share();
    let leader = Pid::from_child(&child);
    let mut group = Group { leader, family };
    let begun = Instant::now();
    let timed_out = !watch(&group, until, &signals, terminal.as_ref());
    let members = group.members();
    let looked = timed_out.then(|| look(child.id(), &members));
    // What there is to say comes after: nobody may read it.
    let steps = if members.is_empty() { Vec::new() } else { group.end() };
    let all_ended = steps.last().is_none_or(|s| s.helped);
    let hang = looked.map(|(step, captures)| {
        let mut captures = captures.into_iter().map(|(name, capture)| (name, capture.resolve()));
        let diagnosis = captures.next().map(|(_, mut diagnosis)| {
            for (name, other) in captures {
                let of = |thread: Thread| Thread { name: format!("{name}: {}", thread.name), ..thread };
                diagnosis.threads.extend(other.threads.into_iter().map(of));
                diagnosis.notes.extend(other.notes.into_iter().map(|note| format!("{name}: {note}")));
            }
            diagnosis
        });
        Box::new(Hang {
            phase: Phase::Program,
            program: program.to_string_lossy().into_owned(),
            pid: child.id(),
            deadline: deadline.unwrap_or_default(),
            elapsed: begun.elapsed(),
            calls: Vec::new(),
            steps: std::iter::once(step).chain(steps).collect(),
            gone: all_ended,
            status: None,
            device: DeviceState::NotChecked,
            diagnosis,
            log: Vec::new(),
        })
    });
    let named: Vec<String> = members.into_iter().map(|(pid, name)| format!("{name} ({pid})")).collect();
    let named = named.join(", ");
    if timed_out {
        let time = deadline.unwrap_or_default().as_secs_f64();
        let named = if named.is_empty() { "it" } else { &named };
        say(format_args!("hailo-harness: the program has not ended within {time} s: ended {named}"));
    } else if !named.is_empty() {
        say(format_args!("hailo-harness: the program left {named} running: ended"));
    }
    if !all_ended {
        say(format_args!(
            "hailo-harness: some of {named} cannot be killed within {} s: they sit in the kernel",
            (BUDGETS.term + BUDGETS.kill).as_secs()
        ));
        // They may touch the device: it stays theirs until they end.
        return Ok(hang.map_or(Outcome::Stuck, Outcome::TimedOut));
    }
    let status = child.wait();
    drop(terminal);
    for holder in lease.leave_to_copies() {
        say(format_args!(
            "hailo-harness: process {} ({}), which left the program's process group, has the device until it ends",
            holder.pid, holder.program
        ));
    }
    match hang {
        Some(mut hang) => {
            hang.status = status.ok().map(|s| s.to_string());
            Ok(Outcome::TimedOut(hang))
        }
        None => status.map(Outcome::Ended).map_err(HoldError::Status),
    }
}

/// Processes besides the program that are looked at where its time is over.
const LOOKED_AT: usize = 7;

/// Looks at the program, and at what it started, within the budget of one.
fn look(pid: u32, members: &[(u32, String)]) -> (Step, Vec<(String, Capture)>) {
    let others: Vec<_> = members.iter().filter(|(p, _)| *p != pid).take(LOOKED_AT).collect();
    let share = BUDGETS.diagnosis / (1 + others.len() as u32);
    let (step, first) = escalation::look(pid, &Budgets { diagnosis: share, ..BUDGETS });
    let start = Instant::now();
    let mut captures = vec![(String::new(), first)];
    for (pid, name) in others {
        let (_, capture) = escalation::look(*pid, &Budgets { diagnosis: share, ..BUDGETS });
        captures.push((format!("{name} ({pid})"), capture));
    }
    (Step { budget: BUDGETS.diagnosis, took: step.took + start.elapsed(), ..step }, captures)
}

fn start(
    program: &OsString,
    arguments: &[OsString],
    lease: &DeviceLease,
    terminal: Option<&Terminal>,
    signals: &Signals,
) -> std::io::Result<std::process::Child> {
    let (variable, value) = lease.nested();
    let files = lease.files().map(|f| f.as_raw_fd());
    let tty = terminal.map(Terminal::fd);
    let (mask, parent) = (signals.before, std::process::id() as libc::pid_t);
    let mut command = Command::new(program);
    command.args(arguments).env(variable, value).process_group(0);
    // SAFETY: between fork and exec only system calls are made, which allocate nothing and take no lock.
    unsafe {
        command.pre_exec(move || {
            // The device is not free while this process lives.
            for file in files {
                check(libc::fcntl(file, libc::F_SETFD, 0))?;
            }
            check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL))?;
            // It may have died before that call, which would then never fire.
            if libc::getppid() != parent {
                return Err(std::io::ErrorKind::BrokenPipe.into());
            }
            if let Some(tty) = tty {
                terminal::give(tty, libc::getpid());
            }
            libc::sigprocmask(libc::SIG_SETMASK, &raw const mask, std::ptr::null_mut());
            Ok(())
        });
    }
    command.spawn()
}

fn check(result: i32) -> std::io::Result<()> {
    if result == -1 { Err(std::io::Error::last_os_error()) } else { Ok(()) }
}

/// Waits for the program's end, without reaping it, and passes signals on. `false` when the time is over.
fn watch(group: &Group, until: Option<Instant>, signals: &Signals, terminal: Option<&Terminal>) -> bool {
    let leader = group.leader;
    loop {
        // An end is left to be seen again; a stop is not.
        let ended = waitid(
            WaitId::Pid(leader),
            WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT,
        );
        if !matches!(ended, Ok(None)) {
            return true;
        }
        if let Ok(Some(_)) = waitid(WaitId::Pid(leader), WaitIdOptions::STOPPED | WaitIdOptions::NOHANG)
            && let Some(terminal) = terminal
        {
            stop_too(terminal, group);
        }
        let left = until.map(|u| u.saturating_duration_since(Instant::now()));
        if left.is_some_and(|l| l.is_zero()) {
            return false;
        }
        for signal in signals.wait(left) {
            group.signal(signal);
        }
    }
}

/// Ctrl+Z stopped the program: this process stops as well, so that the shell has the terminal, until it is continued.
/// Where no shell is there to continue it, the kernel does not stop it, and the program goes on.
fn stop_too(terminal: &Terminal, group: &Group) {
    terminal.take_back();
    // SAFETY: sends this process a signal, and returns when it is continued.
    unsafe { libc::raise(libc::SIGTSTP) };
    terminal.give(group.leader.as_raw_nonzero().get());
    group.signal(libc::SIGCONT);
}

/// Signals as something to read.
struct Signals {
    fd: OwnedFd,
    /// What was blocked before.
    before: libc::sigset_t,
}

impl Signals {
    /// Blocks the signals that are passed on, and the one that tells of children, in this thread: from here on they are
    /// read.
    fn block() -> std::io::Result<Self> {
        // SAFETY: the sets are valid, and the file is this function's own.
        unsafe {
            let (mut set, mut before) = (std::mem::zeroed(), std::mem::zeroed());
            libc::sigemptyset(&raw mut set);
            for signal in PASSED_ON.into_iter().chain([libc::SIGCHLD]) {
                libc::sigaddset(&raw mut set, signal);
            }
            check(libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, &raw mut before))?;
            let fd: RawFd = libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
            check(fd)?;
            Ok(Self { fd: OwnedFd::from_raw_fd(fd), before })
        }
    }

    /// Waits for signals, and answers those that are to be passed on.
    fn wait(&self, longest: Option<Duration>) -> Vec<i32> {
        let timeout =
            longest.map(|l| Timespec { tv_sec: l.as_secs() as i64, tv_nsec: l.subsec_nanos().into() });
        let mut fds = [PollFd::new(&self.fd, PollFlags::IN)];
        // Interrupted or not, what there is is read.
        let _ = poll(&mut fds, timeout.as_ref());
        let mut signals = Vec::new();
        let mut info = [0; size_of::<libc::signalfd_siginfo>()];
        while rustix::io::read(&self.fd, &mut info).is_ok_and(|n| n == info.len()) {
            // The number is the first field.
            let number = u32::from_ne_bytes([info[0], info[1], info[2], info[3]]) as i32;
            if PASSED_ON.contains(&number) {
                signals.push(number);
            }
        }
        signals
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        // SAFETY: the set is the one that the system said was in force.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, std::ptr::null_mut()) };
    }
}
