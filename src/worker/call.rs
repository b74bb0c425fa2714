//! A function of the user's own, called in a worker: in a process that can be killed.
//!
//! The worker is this executable, executed again, so that a function is at the same place within it. What is sent is
//! where, and the argument; what comes back is the answer.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::client::{Worker, WorkerOptions};
use super::error::WorkerError;
use super::frame;
use super::image;
use super::message::{Failure, FailureKind};
use crate::report::tell;

/// Bytes of an argument or an answer: a frame, less what stands around it.
const MOST: usize = frame::LONGEST as usize - 1024;
/// How long a worker that has answered may take to end.
const RELEASE: Duration = Duration::from_secs(5);

/// Calls a function that may hang in a process of its own, under the watchdog: when its time is over, that process is
/// ended, and the error is a [`Hang`](crate::watchdog::Hang) that says where it hung. The caller lives on.
///
/// The function may be any, or a closure that captures nothing: it runs in another process, so that what it needs and
/// what it answers has to be sent there and back, as [`serde`] can, and 4 MiB at most. Nothing else passes: what it
/// changes in memory or in its environment stays there, and what it prints goes to the error, where there is one. The
/// process begins before `main`, with the working directory, the environment and the user of this one, and none of its
/// open files.
///
/// ```
/// use std::time::Duration;
/// use hailo_harness::may_hang;
///
/// let sum = may_hang(Duration::from_secs(20), (2, 3), |(a, b): (u32, u32)| a + b)?;
/// assert_eq!(sum, 5);
/// let error = may_hang(Duration::from_millis(50), (), |()| std::thread::park()).unwrap_err();
/// assert!(error.hang().is_some_and(|hang| hang.gone));
/// # Ok::<(), hailo_harness::worker::WorkerError>(())
/// ```
///
/// # Errors
/// [`WorkerError::Hang`] when it did not return in time, [`WorkerError::Died`] when the process ended,
/// [`WorkerError::Failed`] when it panicked, or argument or answer cannot be sent; [`WorkerError::Spawn`] where there is
/// no process to be had, or the function is in a shared object.
pub fn may_hang<A, R>(deadline: Duration, argument: A, function: fn(A) -> R) -> Result<R, WorkerError>
where
    A: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned,
{
    let call = Call::of(&argument, function)?;
    let mut worker = Worker::spawn(&WorkerOptions { own_program: true, ..WorkerOptions::default() })?;
    let answer = worker.call(call, deadline).inspect_err(|error| {
        if let Some(hang) = error.hang() {
            tell::hang(hang);
        }
    })?;
    worker.close(RELEASE);
    postcard::from_bytes(&answer).map_err(|e| cannot_be_sent("the answer", &e).into())
}

/// Calls a function with an argument, both as they were sent.
type Trampoline = unsafe fn(*const (), &[u8]) -> Result<Vec<u8>, Failure>;

/// A call of a function of the executable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Call {
    /// Where a function of this module is: it has to be the same on both sides.
    anchor: u64,
    /// Where the [`Trampoline`] for the types of argument and answer is.
    trampoline: u64,
    function: u64,
    argument: Vec<u8>,
}

impl Call {
    fn of<A, R>(argument: &A, function: fn(A) -> R) -> Result<Self, WorkerError>
    where
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        let argument = postcard::to_stdvec(argument).map_err(|e| cannot_be_sent("the argument", &e))?;
        check_size("the argument", argument.len())?;
        let trampoline: Trampoline = call::<A, R>;
        let place = |function: *const ()| {
            image::offset(function).ok_or_else(|| WorkerError::Spawn {
                program: "/proc/self/exe".into(),
                source: std::io::Error::new(
                    std::io::ErrorKind::Unsupported,
                    "the function is in a shared object, and has to be in the executable",
                ),
            })
        };
        Ok(Self {
            anchor: place(anchor())?,
            trampoline: place(trampoline as *const ())?,
            function: place(function as *const ())?,
            argument,
        })
    }

    /// Calls it, in the worker.
    pub(super) fn run(&self) -> Result<Vec<u8>, Failure> {
        let refuse = || Failure {
            kind: FailureKind::Request,
            status: None,
            message: "the function is of another executable than the worker's".into(),
        };
        if image::offset(anchor()) != Some(self.anchor) {
            return Err(refuse());
        }
        let (Some(trampoline), Some(function)) = (image::at(self.trampoline), image::at(self.function))
        else {
            return Err(refuse());
        };
        // SAFETY: the parent, which is the only one that this worker listens to, runs the same executable: it had
        // this one executed again, and the anchor is at the same place. There, at these places, are a `Trampoline` and
        // the function of the types that it was made for.
        unsafe {
            let trampoline = std::mem::transmute::<*const (), Trampoline>(trampoline);
            trampoline(function, &self.argument)
        }
    }
}

fn anchor() -> *const () {
    cannot_be_sent as *const ()
}

/// # Safety
/// `function` is a `fn(A) -> R`.
unsafe fn call<A: DeserializeOwned, R: Serialize>(
    function: *const (),
    argument: &[u8],
) -> Result<Vec<u8>, Failure> {
    // SAFETY: the caller says what it is.
    let function = unsafe { std::mem::transmute::<*const (), fn(A) -> R>(function) };
    let argument = postcard::from_bytes(argument).map_err(|e| cannot_be_sent("the argument", &e))?;
    let answer = postcard::to_stdvec(&function(argument)).map_err(|e| cannot_be_sent("the answer", &e))?;
    check_size("the answer", answer.len())?;
    Ok(answer)
}

fn check_size(what: &str, bytes: usize) -> Result<(), Failure> {
    if bytes <= MOST {
        return Ok(());
    }
    Err(cannot_be_sent(what, &format_args!("it has {bytes} bytes, and {MOST} is the most")))
}

fn cannot_be_sent(what: &str, why: &dyn std::fmt::Display) -> Failure {
    Failure {
        kind: FailureKind::Request,
        status: None,
        message: format!("{what} of the function cannot be sent between processes: {why}"),
    }
}
