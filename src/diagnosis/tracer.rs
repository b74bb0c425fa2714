//! Stops the threads of a process one by one, copies what is needed to find their callers, and lets them go on.
//!
//! All of it runs on one thread, as the kernel knows tracers by thread, and each result is sent as soon as it is there:
//! whoever waits for it gets what there is, also where the kernel does not answer.

use std::fs::File;
use std::io::{Error, ErrorKind};
use std::os::unix::fs::FileExt;
use std::sync::mpsc::{SendError, Sender};
use std::time::{Duration, Instant};

use super::limits::Limits;
use super::maps::{self, Mapping};
use super::proc::{self, Facts};
use super::ptrace::{Registers, Tracee};
use super::sources::{self, Code, Source};
use super::thread::State;

/// The first pause between two looks whether a thread has stopped, which it mostly has by then.
const SHORTEST_PAUSE: Duration = Duration::from_micros(50);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_millis(1);
/// How much longer than its bound it may take to read what `/proc` says of the threads that there was no time for.
const FACTS: Duration = Duration::from_millis(25);
/// Bytes of all stacks that are kept.
const ALL_STACKS: usize = 64 << 20;

/// Registers and stack of a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    pub(super) registers: Registers,
    /// The memory from the stack pointer on.
    pub(super) stack: Vec<u8>,
    /// Whether the stack goes on after that.
    pub(super) cut: bool,
}

/// What has been found out.
#[derive(Debug)]
pub(super) enum Seen {
    /// All threads that are looked at, and how many others there are.
    Threads(Vec<Facts>, usize),
    /// The code of the process.
    Code(Vec<Code>, Vec<Source>),
    /// The thread at this place in the list, again, right before it was stopped.
    Again(usize, Facts),
    /// Its stack, or why there is none.
    Stack(usize, Result<Snapshot, String>),
    /// Threads that could not be let go, as they did not stop.
    Attached(Vec<u32>),
    /// Anything else that is to be said.
    Note(String),
}

type Sent = Result<(), SendError<Seen>>;

/// Looks at a process. The time is counted from the start that is given.
///
/// # Errors
/// When nobody listens any more.
pub(super) fn look(pid: u32, limits: &Limits, start: Instant, seen: &Sender<Seen>) -> Sent {
    let until = start + limits.total;
    let tids = match proc::threads(pid) {
        Ok(tids) => tids,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return seen.send(Seen::Note(format!("process {pid} has gone")));
        }
        Err(error) => return seen.send(Seen::Note(format!("process {pid} cannot be looked at: {error}"))),
    };
    let looked_at = tids.len().min(limits.threads);
    // What needs no lock of the process comes first: it can be had however the process hangs. With very many threads,
    // that is not to take the time of all else.
    let first = start + limits.total / 4;
    let in_time =
        |&tid: &u32| if Instant::now() < first { Facts::read(pid, tid) } else { Facts::unknown(tid) };
    let facts: Vec<Facts> = tids[..looked_at].iter().map(in_time).collect();
    let states: Vec<Option<State>> = facts.iter().map(|f| f.state).collect();
    seen.send(Seen::Threads(facts, tids.len() - looked_at))?;
    // A main thread that has ended before the others has no memory any more, so another one is asked for it.
    let ended = |state: &Option<State>| matches!(state, Some(State::Zombie | State::Gone));
    let alive = states.iter().position(|state| !ended(state)).map_or(pid, |index| tids[index]);
    if let Some(why) = foreign(alive) {
        return (0..looked_at).try_for_each(|index| seen.send(Seen::Stack(index, Err(why.clone()))));
    }
    // This waits for whoever changes the mappings, so it comes before anything is stopped.
    let mappings = maps::read(alive).unwrap_or_default();
    let memory = File::open(format!("/proc/{alive}/mem")).ok();
    let (code, sources) = sources::open(alive, memory.as_ref(), &mappings);
    seen.send(Seen::Code(code, sources))?;

    let mut room = ALL_STACKS;
    let mut late = Vec::new();
    // Those that may not stop come last, so that the others have their time.
    let mut order: Vec<usize> = (0..looked_at).collect();
    order.sort_by_key(|&index| states[index] == Some(State::Uninterruptible));
    for index in order {
        let tid = tids[index];
        let now = Instant::now();
        if now >= until {
            if states[index].is_none() && now < until + FACTS {
                seen.send(Seen::Again(index, Facts::read(pid, tid)))?;
            }
            seen.send(Seen::Stack(index, Err(no_time(limits))))?;
            continue;
        }
        let again = Facts::read(pid, tid);
        let state = again.state;
        seen.send(Seen::Again(index, again))?;
        let copy = |registers| copy(registers, memory.as_ref(), &mappings, limits.stack_bytes.min(room));
        let result = match Tracee::seize(tid) {
            Err(error) => Err(refused(pid, tid, state, &error)),
            Ok(mut tracee) => match stop(&mut tracee, until.min(now + limits.thread)) {
                Ok(true) => {
                    let copied = tracee.registers().and_then(copy).map_err(|error| not_read(&error));
                    // Fails only where it was killed.
                    let _ = tracee.detach();
                    copied
                }
                Ok(false) => {
                    late.push((index, tracee));
                    let took = now.elapsed();
                    Err(if took < limits.thread { no_time(limits) } else { did_not_stop(pid, tid, took) })
                }
                Err(error) => Err(not_read(&error)),
            },
        };
        room -= result.as_ref().map_or(0, |snapshot| snapshot.stack.len());
        seen.send(Seen::Stack(index, result))?;
    }
    // What has stopped meanwhile is let go here, what has not by the kernel at the end of this thread.
    late.retain_mut(|(_, tracee)| !tracee.has_stopped().unwrap_or(true));
    let attached: Vec<u32> = late.iter().map(|&(index, _)| tids[index]).collect();
    if attached.is_empty() { Ok(()) } else { seen.send(Seen::Attached(attached)) }
}

/// Waits until a thread has stopped: whether it has.
fn stop(tracee: &mut Tracee, until: Instant) -> Result<bool, Error> {
    tracee.interrupt()?;
    let mut pause = SHORTEST_PAUSE;
    loop {
        if tracee.has_stopped()? {
            return Ok(true);
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        std::thread::sleep(pause.min(left));
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Copies the used part of a stopped thread's stack.
fn copy(
    registers: Registers,
    memory: Option<&File>,
    mappings: &[Mapping],
    most: usize,
) -> Result<Snapshot, Error> {
    let memory = memory.ok_or_else(|| Error::from(ErrorKind::PermissionDenied))?;
    // The stack of a thread that started after the list was read is not in it: the kernel says where it ends.
    let end = maps::find(mappings, registers.sp).map_or(u64::MAX, |mapping| mapping.end);
    let used = end - registers.sp;
    let size = usize::try_from(used).unwrap_or(usize::MAX).min(most);
    let mut stack = vec![0; size];
    let mut filled = 0;
    while filled < size {
        match memory.read_at(&mut stack[filled..], registers.sp.wrapping_add(filled as u64)) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // The registers are worth a frame without any stack.
            Err(_) => break,
        }
    }
    stack.truncate(filled);
    stack.shrink_to_fit();
    Ok(Snapshot { registers, stack, cut: filled == size && size as u64 != used })
}

/// Why this program has no stacks that could be read, where it is for another processor.
fn foreign(pid: u32) -> Option<String> {
    let mut header = [0; 20];
    let file = match File::open(format!("/proc/{pid}/exe")) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Some("it is a part of the kernel, or has ended: it runs no program".to_owned());
        }
        // What may not be read may still be traced.
        Err(_) => return None,
    };
    file.read_exact_at(&mut header, 0).ok()?;
    foreign_header(&header)
}

fn foreign_header(header: &[u8; 20]) -> Option<String> {
    const MACHINE: u16 = if cfg!(target_arch = "aarch64") { 183 } else { 62 };
    let [0x7f, b'E', b'L', b'F', class, order, ..] = header else { return None };
    let machine = u16::from_le_bytes([header[18], header[19]]);
    match (class, order) {
        (1, _) => Some("it is a 32-bit program: only 64-bit stacks are read".to_owned()),
        (2, 1) if machine == MACHINE => None,
        _ => Some(format!("it is a program for another processor (ELF machine {machine})")),
    }
}

fn refused(pid: u32, tid: u32, state: Option<State>, error: &Error) -> String {
    match (state, error.raw_os_error()) {
        (Some(State::Zombie), _) => "the thread has ended".to_owned(),
        (Some(State::Gone), _) | (_, Some(libc::ESRCH)) => "the thread has gone".to_owned(),
        (_, Some(libc::EPERM)) => match proc::tracer(pid, tid) {
            Some(tracer) => {
                let name = proc::comm(tracer).unwrap_or_default();
                format!("it is already traced by process {tracer} ({name})")
            }
            None if proc::threads(pid).is_err() => "the process has gone".to_owned(),
            None => "tracing it is not allowed: it needs to be a child of this process or to have set PR_SET_PTRACER, \
                     or ask as root; in a container, allow SYS_PTRACE"
                .to_owned(),
        },
        _ => format!("it could not be traced: {error}"),
    }
}

fn no_time(limits: &Limits) -> String {
    format!("there was no time for it: all threads together have {:?}", limits.total)
}

fn did_not_stop(pid: u32, tid: u32, after: Duration) -> String {
    let state = Facts::read(pid, tid).state;
    let what =
        if state == Some(State::Uninterruptible) { "waits in the kernel, uninterruptibly, and " } else { "" };
    format!("it {what}did not stop within {} ms", after.as_millis())
}

fn not_read(error: &Error) -> String {
    match error.raw_os_error() {
        Some(libc::ESRCH) => "it was killed while it was looked at".to_owned(),
        Some(libc::ENOEXEC) => "it runs 32-bit code: only 64-bit stacks are read".to_owned(),
        _ => format!("it could not be looked at: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_for_other_processors_are_known() {
        let header = |class, order, machine: u16| {
            let mut header = [0; 20];
            header[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', class, order]);
            header[18..].copy_from_slice(&machine.to_le_bytes());
            header
        };
        let own = if cfg!(target_arch = "aarch64") { 183 } else { 62 };
        assert_eq!(foreign_header(&header(2, 1, own)), None);
        assert!(foreign_header(&header(1, 1, 40)).unwrap().contains("32-bit"));
        assert!(foreign_header(&header(2, 1, 243)).unwrap().contains("machine 243"));
        assert!(foreign_header(&header(2, 2, own)).is_some(), "the other byte order");
        assert_eq!(foreign(std::process::id()), None);
        // The kernel's own threads have no program.
        assert!(foreign(2).is_none_or(|why| why.contains("kernel")));
    }

    #[test]
    fn what_is_not_there_is_said_and_nothing_else_sent() {
        let (sender, receiver) = std::sync::mpsc::channel();
        look(u32::MAX, &Limits::default(), Instant::now(), &sender).unwrap();
        drop(sender);
        let seen: Vec<Seen> = receiver.iter().collect();
        assert!(matches!(&seen[..], [Seen::Note(note)] if note.ends_with("has gone")), "{seen:?}");
    }

    #[test]
    fn a_stack_is_copied_up_to_its_end_or_the_bound() {
        let memory = File::open("/proc/self/mem").unwrap();
        let data: Vec<u64> = (0..1000).collect();
        let start = data.as_ptr() as u64;
        let registers = Registers { pc: 0, sp: start, fp: 0, lr: 0 };
        let mapping = |end| Mapping {
            start,
            end,
            code: false,
            offset: 0,
            file: (String::new(), 0),
            path: String::new(),
        };
        let whole = copy(registers, Some(&memory), &[mapping(start + 80)], 1000).unwrap();
        assert_eq!((whole.stack.len(), whole.cut), (80, false));
        assert_eq!(whole.stack[8..16], 1u64.to_ne_bytes());
        let cut = copy(registers, Some(&memory), &[mapping(start + 8000)], 1000).unwrap();
        assert_eq!((cut.stack.len(), cut.cut), (1000, true));
        let nowhere = Registers { sp: 0, ..registers };
        let none = copy(nowhere, Some(&memory), &[], 1000).unwrap();
        assert!(none.stack.is_empty() && !none.cut);
    }
}
