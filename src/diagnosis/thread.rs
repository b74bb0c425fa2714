//! A thread of the other process: what it does, and its stack.

use serde::{Deserialize, Serialize};

/// What the scheduler says of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum State {
    /// Runs, or waits for a processor.
    Running,
    /// Waits for something, and a signal would wake it.
    Sleeping,
    /// Waits in the kernel, and no signal wakes it, mostly for a driver or a disk: `D`.
    Uninterruptible,
    /// Stopped by a signal, as by `SIGSTOP`.
    Stopped,
    /// Held by a debugger.
    Traced,
    /// Has ended, and its parent has not asked for its status yet.
    Zombie,
    /// A thread of the kernel that waits for work.
    Idle,
    /// No longer there.
    Gone,
    /// Anything else.
    Other,
}

impl State {
    /// From the letter in `/proc/PID/stat`.
    pub(super) fn of_letter(letter: char) -> Self {
        match letter {
            'R' => Self::Running,
            'S' => Self::Sleeping,
            'D' => Self::Uninterruptible,
            'T' => Self::Stopped,
            't' => Self::Traced,
            'Z' => Self::Zombie,
            'I' => Self::Idle,
            'X' | 'x' => Self::Gone,
            _ => Self::Other,
        }
    }

    /// What the thread does, as a verb.
    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Running => "runs",
            Self::Sleeping => "sleeps",
            Self::Uninterruptible => "sleeps uninterruptibly",
            Self::Stopped => "is stopped",
            Self::Traced => "is held by a debugger",
            Self::Zombie => "has ended, and is not reaped yet",
            Self::Idle => "is idle",
            Self::Gone => "has gone",
            Self::Other => "is in an unknown state",
        }
    }
}

/// A thread, as it was when it was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thread {
    /// Its thread id.
    pub tid: u32,
    /// Its name, as the process set it: not fit for a terminal as it is.
    pub name: String,
    /// What the scheduler said of it before it was stopped to be looked at.
    pub state: State,
    /// Processor time that it has used, in seconds, to a hundredth.
    pub cpu_seconds: f64,
    /// The function of the kernel that it waits in, where the kernel tells.
    pub wait_channel: Option<String>,
    /// The system call that it is in, where the kernel tells.
    pub syscall: Option<String>,
    /// Where it is in the program.
    pub stack: Stack,
}

/// The functions that a thread is in, the innermost first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stack {
    /// The frames.
    pub frames: Vec<Frame>,
    /// Why there are no frames, or no more of them. `None` where the last frame is the thread's first function.
    pub why_short: Option<String>,
}

/// A function that a thread is in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Frame {
    /// Where in the process's memory the thread is: the next instruction of the innermost frame, the return address of
    /// the others.
    pub address: u64,
    /// The function, as people write it, where a symbol or debug information tells.
    pub function: Option<String>,
    /// The file name of the program or library.
    pub module: Option<String>,
    /// The address in the module's own terms, as `addr2line` takes it.
    pub offset: Option<u64>,
    /// The source file, where debug information tells.
    pub file: Option<String>,
    /// The line in it.
    pub line: Option<u32>,
    /// Whether the compiler put the function into the one of the next frame that is not inlined.
    pub inlined: bool,
}
