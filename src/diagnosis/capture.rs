//! What is taken from a process while it lives.

use std::cell::OnceCell;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::blame;
use super::diagnosis::Diagnosis;
use super::limits::Limits;
use super::modules::Modules;
use super::proc::{self, Facts};
use super::sources::{Code, Source};
use super::symbolise::Symboliser;
use super::thread::{Stack, State, Thread};
use super::tracer::{self, Seen, Snapshot};
use super::unwind::{Addresses, Unwinding};

/// How much longer than its bound the tracing thread is waited for before it is left alone.
const GRACE: Duration = Duration::from_millis(80);
/// How long the kernel may take to let go of threads that did not stop, once the tracing thread has ended.
const LET_GO: Duration = Duration::from_millis(15);

/// Registers and stacks of a process's threads, and the files to make sense of them. It needs the process no more.
#[derive(Debug)]
pub struct Capture {
    pid: u32,
    program: String,
    threads: Vec<Taken>,
    code: Vec<Code>,
    sources: Vec<Source>,
    notes: Vec<String>,
    /// Threads that the tracing thread could not let go.
    attached: Vec<u32>,
    took: Duration,
    limits: Limits,
}

#[derive(Debug)]
struct Taken {
    facts: Facts,
    stack: Result<Snapshot, String>,
}

/// Looks at all threads of another process: each is stopped, copied and let go, which takes about a tenth of a
/// millisecond.
///
/// Whatever happens to the process meanwhile, this returns within [`Limits::total`] and a tenth of a second. It must be
/// allowed to trace the process: a child mostly may be; another needs `PR_SET_PTRACER` where the kernel asks for that.
///
/// The process runs on as before. A few system calls that wait do not go on by themselves after a stop, and fail with
/// `EINTR` then, as after `SIGCONT`: `epoll_wait`, `semtimedop`, `sigtimedwait`, `io_getevents` and those on sockets that
/// have a timeout, see signal(7).
///
/// A thread that does not stop in time, as one in state [`Uninterruptible`](super::State::Uninterruptible), cannot be let
/// go by the tracer. The kernel does it when the tracing thread has ended, which is waited for. Where the kernel does not
/// even answer the tracing thread, as while it changes the memory map of the process and hangs, that thread is left to
/// itself: it ends when the process does.
///
/// While this runs, other threads of this process must not wait for this very process, not even with
/// [`Child::try_wait`](std::process::Child::try_wait), nor for any child: the kernel shows them the stop of a traced
/// thread as if it had been asked for, and they take it for the process's end. A `poll` on its pidfd sees its end only,
/// and after that waiting is safe. Each stop sends `SIGCHLD` to this process, where it has a handler without
/// `SA_NOCLDSTOP`.
pub fn capture(pid: u32, limits: &Limits) -> Capture {
    let start = Instant::now();
    let program = proc::program(pid);
    let (sender, receiver) = channel();
    let until = start + limits.total;
    let bounds = limits.clone();
    let look = move || {
        // Nobody listens any more: then there is nothing left to do.
        let _ = tracer::look(pid, &bounds, start, &sender);
    };
    let mut capture = Capture {
        pid,
        program,
        threads: Vec::new(),
        code: Vec::new(),
        sources: Vec::new(),
        notes: Vec::new(),
        attached: Vec::new(),
        took: Duration::ZERO,
        limits: limits.clone(),
    };
    match std::thread::Builder::new().name("hailo-tracer".into()).spawn(look) {
        Ok(tracing) => {
            if capture.listen(&receiver, until + GRACE) {
                let _ = tracing.join();
                capture.wait_for_release();
            }
        }
        Err(error) => {
            capture.notes.push(format!("the thread that looks at it could not be started: {error}"))
        }
    }
    capture.took = start.elapsed();
    capture
}

impl Capture {
    /// Whether any thread could be stopped and copied.
    pub fn saw_stacks(&self) -> bool {
        self.threads.iter().any(|t| t.stack.is_ok())
    }

    /// Finds the callers of each thread's function and names them, which can take some time: the files are read.
    pub fn resolve(self) -> Diagnosis {
        self.resolve_telling(None)
    }

    /// As [`Capture::resolve`]; `early` gets the same with functions only, as soon as these are known. Lines and inlined
    /// functions take much longer: for them all debug information of the files is read.
    pub(super) fn resolve_telling(self, early: Option<&mut dyn FnMut(Diagnosis)>) -> Diagnosis {
        let until = Instant::now() + self.limits.resolve;
        let debug: Vec<_> = self.sources.iter().map(|_| OnceCell::new()).collect();
        let modules = Modules::new(&self.code, &self.sources, until);
        let mut unwinding = Unwinding::new(&modules);
        // All stacks first: the unwind tables are small, and without them there are no stacks at all.
        let unwind = |Taken { facts, stack }| {
            let stack = stack.map(|snapshot| unwinding.unwind(&snapshot, self.limits.frames));
            (facts, stack)
        };
        let unwound: Vec<_> = self.threads.into_iter().map(unwind).collect();
        let named = |mut symboliser: Symboliser<'_, '_>| {
            let threads: Vec<Thread> =
                unwound.iter().map(|(facts, stack)| named(facts, stack, &mut symboliser)).collect();
            let mut notes = self.notes.clone();
            notes.extend(blame::mutex_note(&threads));
            notes.extend(symboliser.notes(self.limits.resolve));
            Diagnosis {
                pid: self.pid,
                program: self.program.clone(),
                threads,
                took_seconds: self.took.as_secs_f64(),
                notes,
            }
        };
        if let Some(early) = early {
            early(named(Symboliser::new(&modules, None)));
        }
        named(Symboliser::new(&modules, Some(&debug)))
    }

    /// Waits until the kernel has let go of the threads that did not stop: the tracing thread has ended for whoever
    /// joins it shortly before the kernel does that.
    fn wait_for_release(&mut self) {
        let until = Instant::now() + LET_GO;
        let this = Some(std::process::id());
        let pid = self.pid;
        while self.attached.iter().any(|&tid| proc::tracer(pid, tid) == this) && Instant::now() < until {
            std::thread::sleep(Duration::from_micros(100));
        }
    }

    /// Takes what the tracing thread finds out. Whether it has come to its end.
    fn listen(&mut self, seen: &Receiver<Seen>, until: Instant) -> bool {
        loop {
            match seen.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(seen) => self.take(seen),
                Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => {
                    let note = "not all was seen in time: a thread of the process may hang in the kernel while it \
                                changes the memory map, or the machine is very busy";
                    self.notes.push(note.to_owned());
                    return false;
                }
            }
        }
    }

    fn take(&mut self, seen: Seen) {
        match seen {
            Seen::Threads(threads, more) => {
                let why = || Err("it was not looked at in time".to_owned());
                self.threads = threads.into_iter().map(|facts| Taken { facts, stack: why() }).collect();
                if more > 0 {
                    self.notes.push(format!("{more} more threads were not looked at"));
                }
            }
            Seen::Code(code, sources) => (self.code, self.sources) = (code, sources),
            Seen::Again(index, facts) => {
                // What has gone by now is still known by its name.
                let known = &mut self.threads[index].facts;
                if facts.state == Some(State::Gone) {
                    known.state = facts.state;
                } else {
                    *known = facts;
                }
            }
            Seen::Stack(index, stack) => self.threads[index].stack = stack,
            Seen::Attached(tids) => self.attached = tids,
            Seen::Note(note) => self.notes.push(note),
        }
    }
}

fn named(facts: &Facts, stack: &Result<Addresses, String>, symboliser: &mut Symboliser<'_, '_>) -> Thread {
    let stack = match stack {
        Ok(Addresses { frames, why_short }) => Stack {
            frames: frames.iter().flat_map(|a| symboliser.frames(*a)).collect(),
            why_short: why_short.clone(),
        },
        Err(why) => Stack { frames: Vec::new(), why_short: Some(why.clone()) },
    };
    let Facts { tid, name, state, cpu_seconds, wait_channel, syscall } = facts.clone();
    let state = state.unwrap_or(State::Other);
    Thread { tid, name, state, cpu_seconds, wait_channel, syscall, stack }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> Capture {
        Capture {
            pid: 1,
            program: String::new(),
            threads: Vec::new(),
            code: Vec::new(),
            sources: Vec::new(),
            notes: Vec::new(),
            attached: Vec::new(),
            took: Duration::ZERO,
            limits: Limits::default(),
        }
    }

    #[test]
    fn a_tracing_thread_that_hangs_is_left_with_what_it_has_sent() {
        let (sender, receiver) = channel();
        let facts = Facts::read(std::process::id(), std::process::id());
        sender.send(Seen::Threads(vec![facts.clone()], 4)).unwrap();
        let mut capture = empty();
        let start = Instant::now();
        assert!(!capture.listen(&receiver, start + Duration::from_millis(20)));
        assert!(start.elapsed() >= Duration::from_millis(20));
        let diagnosis = capture.resolve();
        assert_eq!(diagnosis.threads[0].name, facts.name);
        let why = diagnosis.threads[0].stack.why_short.as_deref();
        assert_eq!(why, Some("it was not looked at in time"));
        assert!(diagnosis.notes[0].contains("4 more threads") && diagnosis.notes[1].contains("memory map"));
        drop(sender);
        assert!(empty().listen(&receiver, Instant::now() + Duration::from_secs(60)));
    }

    #[test]
    fn what_has_gone_keeps_its_name() {
        let (sender, receiver) = channel();
        let facts =
            Facts { state: Some(State::Sleeping), ..Facts::read(std::process::id(), std::process::id()) };
        let gone = Facts { state: Some(State::Gone), ..Facts::unknown(facts.tid) };
        sender.send(Seen::Threads(vec![facts.clone()], 0)).unwrap();
        sender.send(Seen::Again(0, gone)).unwrap();
        drop(sender);
        let mut capture = empty();
        assert!(capture.listen(&receiver, Instant::now() + Duration::from_secs(60)));
        assert_eq!(capture.threads[0].facts, Facts { state: Some(State::Gone), ..facts });
    }
}
