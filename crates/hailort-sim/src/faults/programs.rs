//! Programs that a call starts and leaves behind: always by exec, none holds the standard streams.

use std::io::{self, BufRead, BufReader};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{WaitId, WaitIdOptions, waitid};

use super::leaks::keep;
use crate::runtime::host;

/// How long a program runs that nobody ends: longer than any test, and no stray for ever.
const LONGEST: Duration = Duration::from_secs(3600);

fn seconds(lasts: Option<Duration>) -> String {
    format!("{:.3}", lasts.unwrap_or(LONGEST).min(LONGEST).as_secs_f64())
}

fn quiet(program: &str) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
    command
}

fn end(mut child: Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// A program in the process group of this one. Answers what to call it.
pub(super) fn child(lasts: Option<Duration>) -> io::Result<String> {
    let child = quiet("sleep").arg(seconds(None)).spawn()?;
    let name = format!("process {}", child.id());
    keep(child, lasts, end)?;
    Ok(name)
}

/// A program that has ended and is not waited for.
pub(super) fn zombie(lasts: Option<Duration>) -> io::Result<String> {
    let child = quiet("true").spawn()?;
    let pid = rustix::process::Pid::from_child(&child);
    // It is a zombie when the call goes on, not some time later.
    waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)?;
    let name = format!("process {}", child.id());
    keep(child, lasts, end)?;
    Ok(name)
}

/// Runs a script that starts a program and says its number.
fn script(command: &mut Command, text: &str) -> io::Result<(Child, String)> {
    let mut child = command.arg("-c").arg(text).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    if let Some(out) = child.stdout.take() {
        BufReader::new(out).read_line(&mut line)?;
    }
    match line.trim().parse::<u32>() {
        Ok(number) => Ok((child, format!("process {number}"))),
        Err(_) => {
            end(child);
            Err(io::Error::other("sh does not say which process it has started"))
        }
    }
}

/// A program that has started another, both in the process group of this one.
pub(super) fn grandchild(lasts: Option<Duration>) -> io::Result<String> {
    let text = format!("sleep {} >/dev/null & echo $!; wait", seconds(lasts));
    let (child, name) = script(&mut quiet("sh"), &text)?;
    let shell = child.id();
    // The shell ends when what it waits for has; until it is waited for, its number is nobody else's.
    keep(child, lasts, |mut child| _ = child.wait())?;
    Ok(format!("{name} under {shell}"))
}

/// A program in a session of its own whose parent has ended, and which keeps the marks of all devices that this process
/// uses now: they stay in use when the process is killed with its group.
pub(super) fn daemon(lasts: Option<Duration>) -> io::Result<String> {
    let mut command = quiet("sh");
    host::with_marks(|marks| {
        let marks: Vec<i32> = marks.iter().map(AsRawFd::as_raw_fd).collect();
        // SAFETY: between fork and exec it makes system calls, and allocates nothing.
        unsafe {
            command.pre_exec(move || {
                rustix::process::setsid()?;
                for mark in &marks {
                    // SAFETY: the descriptor is open: nobody lets a virtual device go while `with_marks` runs.
                    fcntl_setfd(BorrowedFd::borrow_raw(*mark), FdFlags::empty())?;
                }
                Ok(())
            });
        }
        let text = format!("sleep {} >/dev/null & echo $!", seconds(lasts));
        let (mut shell, name) = script(&mut command, &text)?;
        shell.wait()?;
        Ok(name)
    })
}
