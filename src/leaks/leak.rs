//! What leaked, where it was made, and what to do next.

use serde::{Deserialize, Serialize};

use crate::diagnosis::Diagnosis;
use crate::text::printable::line;

/// What kind of thing leaked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A thread that did not end.
    Thread,
    /// An open file, socket, pipe or device node.
    Fd,
    /// A handle of HailoRT that was made and not released.
    Handle,
    /// A process that was started, over however many steps, and has not ended, or was not waited for.
    Child,
    /// A file that was left behind.
    File,
    /// A file that is mapped into memory.
    Map,
    /// A signal that is handled or ignored and was not before.
    Signal,
    /// A variable of the environment that was changed. Its value is never told.
    Environment,
    /// The working directory.
    Directory,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Thread,
        Self::Fd,
        Self::Handle,
        Self::Child,
        Self::File,
        Self::Map,
        Self::Signal,
        Self::Environment,
        Self::Directory,
    ];

    /// Its name: `thread`, `fd`, …
    pub fn name(self) -> &'static str {
        match self {
            Self::Thread => "thread",
            Self::Fd => "fd",
            Self::Handle => "handle",
            Self::Child => "child",
            Self::File => "file",
            Self::Map => "map",
            Self::Signal => "signal",
            Self::Environment => "environment",
            Self::Directory => "directory",
        }
    }

    /// How to find out who made it.
    fn next(self) -> &'static str {
        match self {
            Self::Thread => "strace -f -k -e trace=clone,clone3 shows who started it",
            Self::Fd => {
                "strace -f -k -e trace=open,openat,socket,socketpair,pipe2,dup,dup3,fcntl,memfd_create,eventfd2 \
                 shows who opened it"
            }
            Self::Handle => "release it, or drop what owns it, before the device is let go",
            Self::Child => "strace -f -k -e trace=execve,clone,fork,vfork shows who started it",
            Self::File => "strace -f -k -e trace=openat,mkdir,rename shows who made it",
            Self::Map => "strace -f -k -e trace=mmap,munmap shows who mapped it",
            Self::Signal => "strace -f -k -e trace=rt_sigaction shows who changed it",
            Self::Environment => "look for set_var, setenv and putenv",
            Self::Directory => "strace -f -k -e trace=chdir,fchdir shows who changed it",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// The process that something leaked in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The worker that uses the device.
    #[default]
    Worker,
    /// The process of the test, or of whoever looks.
    Test,
}

/// Something that is there and should not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leak {
    /// What kind of thing it is.
    pub kind: Kind,
    /// What it is called: the same in every run, as far as that can be. Policies match it.
    pub what: String,
    /// What tells it from others of its name: numbers, mostly.
    pub detail: String,
    /// Where it was made, or where it sits.
    pub place: Option<String>,
    /// In which process.
    pub side: Side,
    /// How to find out more.
    pub next: String,
    /// The thread, where it is one.
    pub tid: Option<u32>,
    /// The process, where it is one.
    pub pid: Option<u32>,
}

impl Leak {
    pub(super) fn new(kind: Kind, what: &str, detail: String) -> Self {
        let next = kind.next().into();
        Self {
            kind,
            what: line(what),
            detail: line(&detail),
            place: None,
            side: Side::Worker,
            next,
            tid: None,
            pid: None,
        }
    }

    /// A process that outlived the one that it belonged to.
    pub(crate) fn stray(member: &super::family::Member) -> Self {
        let detail = format!("process {}, which outlived the worker and was killed", member.pid);
        Self { pid: Some(member.pid), ..Self::new(Kind::Child, &member.name, detail) }
    }

    /// A handle that was made and not released.
    pub fn handle(kind: &str, of: &str, made_at: &str, release: Option<&str>) -> Self {
        let what = if of.is_empty() { kind.to_owned() } else { format!("{kind} {of}") };
        let detail = release.map_or_else(|| "never released".into(), |r| format!("its release: {r}"));
        Self { place: Some(format!("made at {}", line(made_at))), ..Self::new(Kind::Handle, &what, detail) }
    }
}

/// On one line, without the next command.
impl std::fmt::Display for Leak {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.what)?;
        if !self.detail.is_empty() {
            write!(f, " ({})", self.detail)?;
        }
        if let Some(place) = &self.place {
            write!(f, ", {place}")?;
        }
        Ok(())
    }
}

/// Says of threads that leaked where they sit, by the stacks of their process.
pub fn place_threads(leaks: &mut [Leak], diagnosis: &Diagnosis) {
    for leak in leaks {
        let thread = diagnosis.threads.iter().find(|t| Some(t.tid) == leak.tid);
        if let Some(thread) = thread {
            let place = thread.blamed().map(|frame| format!("sits in {}", frame.place()));
            leak.place = Some(line(&place.unwrap_or_else(|| thread.summary())));
        }
    }
}
