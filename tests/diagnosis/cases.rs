//! Programs that hang are looked at: their functions are named, and they are not disturbed.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use hailo_harness::diagnosis::{Diagnosis, Limits, State, Thread, capture};

/// How long anything may take here that takes no time at all.
const DEADLINE: Duration = Duration::from_secs(60);

struct Program {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Program {
    /// Starts a program and waits until it says that it is ready.
    fn start(arguments: &[&str]) -> Self {
        let mut program = Self::spawn(arguments);
        assert_eq!(program.line(), "ready");
        program
    }

    fn spawn(arguments: &[&str]) -> Self {
        let mut command = super::program();
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, input, output }
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn diagnosis(&self) -> Diagnosis {
        capture(self.pid(), &patient()).resolve()
    }

    /// Looks at it until that is so.
    fn until(&self, is_so: impl Fn(&Diagnosis) -> bool) -> Diagnosis {
        let end = Instant::now() + DEADLINE;
        loop {
            let diagnosis = self.diagnosis();
            if is_so(&diagnosis) {
                return diagnosis;
            }
            assert!(Instant::now() < end, "{diagnosis}");
        }
    }

    fn signal(&self, signal: i32) {
        // SAFETY: takes numbers only; the process is not reaped yet.
        assert_eq!(unsafe { libc::kill(self.pid() as i32, signal) }, 0);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// As many threads as by default, but with time for all on a busy machine.
/// What the kernel calls this program: the begin of its name.
fn comm() -> String {
    std::fs::read_to_string("/proc/self/comm").unwrap().trim_end().to_owned()
}

fn patient() -> Limits {
    Limits { thread: Duration::from_secs(5), total: Duration::from_secs(10), ..Limits::default() }
}

fn is_in(thread: &Thread, function: &str) -> bool {
    thread.stack.frames.iter().any(|f| f.function.as_deref().is_some_and(|f| f.ends_with(function)))
}

fn any_is_in(diagnosis: &Diagnosis, function: &str) -> bool {
    diagnosis.threads.iter().any(|thread| is_in(thread, function))
}

/// Whether the main thread is in that system call for that function.
fn sleeps_in(diagnosis: &Diagnosis, call: &str, function: &str) -> bool {
    let main = &diagnosis.threads[0];
    main.state == State::Sleeping && main.syscall.as_deref() == Some(call) && is_in(main, function)
}

/// The names of a thread's functions, the innermost first.
fn functions(thread: &Thread) -> Vec<&str> {
    thread.stack.frames.iter().filter_map(|frame| frame.function.as_deref()).collect()
}

pub fn a_read_that_never_ends() {
    let program = Program::start(&["read"]);
    let diagnosis =
        program.until(|d| sleeps_in(d, "read", "diagnosis::hangs::waits_for_a_line_that_never_comes"));
    let main = &diagnosis.threads[0];
    assert_eq!((main.tid, main.name.as_str(), main.state), (program.pid(), comm().as_str(), State::Sleeping));
    assert_eq!(main.syscall.as_deref(), Some("read"));
    assert!(main.wait_channel.as_deref().is_none_or(|channel| channel.contains("pipe")), "{main:?}");
    assert!(diagnosis.program.starts_with("diagnosis-"), "{}", diagnosis.program);
    // Up to the very first function.
    assert_eq!(
        (main.stack.why_short.as_deref(), functions(main).last()),
        (None, Some(&"_start")),
        "{diagnosis}"
    );
    let blamed = main.blamed().unwrap();
    assert_eq!(
        blamed.function.as_deref(),
        Some("diagnosis::hangs::waits_for_a_line_that_never_comes"),
        "{diagnosis}"
    );
    assert_eq!(blamed.module.as_ref(), Some(&diagnosis.program));
    if cfg!(debug_assertions) {
        assert!(blamed.file.as_deref().unwrap().ends_with("hangs.rs") && blamed.line.is_some(), "{blamed:?}");
    }
    assert!(main.summary().contains("sleeps in read"), "{}", main.summary());
}

pub fn a_busy_loop_wherever_in_a_function_it_is() {
    let program = Program::start(&["spin"]);
    program.until(|d| any_is_in(d, "diagnosis::hangs::spins_for_ever"));
    // Often at the start or the end of a function without a frame.
    let mut leaves = 0;
    let end = Instant::now() + DEADLINE;
    while leaves < 5 && Instant::now() < end {
        let diagnosis = program.diagnosis();
        let main = &diagnosis.threads[0];
        assert!(
            is_in(main, "diagnosis::hangs::spins_for_ever") && is_in(main, "diagnosis::hangs::main"),
            "{diagnosis}"
        );
        assert_eq!(
            (main.state, main.syscall.as_deref(), main.stack.why_short.as_deref()),
            (State::Running, None, None)
        );
        leaves += usize::from(is_in(main, "diagnosis::hangs::adds_one_without_a_frame"));
    }
    assert_eq!(leaves, 5);
    let used = program.until(|d| d.threads[0].cpu_seconds > 0.0);
    assert!(used.threads[0].summary().contains("runs: "), "{}", used.threads[0].summary());
}

pub fn two_threads_that_wait_for_each_other() {
    let program = Program::start(&["deadlock"]);
    let diagnosis =
        program.until(|d| d.notes.iter().any(|note| note.starts_with("2 threads wait for a mutex: ")));
    let named = |name| diagnosis.threads.iter().find(|thread| thread.name == name).unwrap();
    let (left, right) = (named("left"), named("right"));
    assert!(left.summary().contains("diagnosis::hangs::takes_left_then_right"), "{diagnosis}");
    assert!(right.summary().contains("diagnosis::hangs::takes_right_then_left"), "{diagnosis}");
    let note = &diagnosis.notes[0];
    for part in
        [&left.tid.to_string(), &right.tid.to_string(), "takes_left_then_right", "takes_right_then_left"]
    {
        assert!(note.contains(part), "{part}: {note}");
    }
    // The main thread, which waits for them, waits for no mutex.
    assert_eq!(diagnosis.threads.len(), 3);
    assert!(!note.contains(&format!("{} (", program.pid())), "{note}");
}

pub fn system_calls_that_wait() {
    let folder = std::env::temp_dir().join(format!("diagnosis-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let lock = folder.join("lock");
    for (arguments, function, calls) in [
        (["sleep", ""], "diagnosis::hangs::sleeps_for_an_hour", &["clock_nanosleep", "nanosleep"][..]),
        (["flock", lock.to_str().unwrap()], "diagnosis::hangs::waits_for_the_lock_of_a_file", &["flock"]),
        (["condition", ""], "diagnosis::hangs::waits_for_a_condition", &["futex"]),
        (["c-condition", ""], "diagnosis::hangs::waits_for_a_condition_of_c", &["futex"]),
    ] {
        let program = Program::start(&arguments);
        let diagnosis = program.until(|d| calls.iter().any(|call| sleeps_in(d, call, function)));
        let blamed = diagnosis.threads[0].blamed().unwrap();
        assert_eq!(blamed.function.as_deref(), Some(function), "{diagnosis}");
        assert!(diagnosis.notes.is_empty(), "{diagnosis}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

pub fn through_a_library_that_has_no_frame_pointers() {
    let program = Program::start(&["qsort"]);
    let diagnosis = program.until(|d| any_is_in(d, "diagnosis::hangs::sleeps_for_an_hour"));
    let main = &diagnosis.threads[0];
    assert!(
        is_in(main, "diagnosis::hangs::sorts_by_the_c_library") && is_in(main, "diagnosis::hangs::main"),
        "{diagnosis}"
    );
    assert!(functions(main).iter().any(|function| function.starts_with("qsort")), "{diagnosis}");
    assert_eq!(main.blamed().unwrap().function.as_deref(), Some("diagnosis::hangs::sleeps_for_an_hour"));

    let program = Program::start(&["c-condition"]);
    let diagnosis = program.until(|d| any_is_in(d, "pthread_cond_wait"));
    assert!(is_in(&diagnosis.threads[0], "diagnosis::hangs::waits_for_a_condition_of_c"), "{diagnosis}");
}

pub fn in_a_signal_handler() {
    let program = Program::start(&["signal"]);
    let diagnosis = program.until(|d| any_is_in(d, "diagnosis::hangs::sleeps_for_an_hour"));
    let main = &diagnosis.threads[0];
    assert!(is_in(main, "diagnosis::hangs::handles_a_signal"), "{diagnosis}");
    assert!(
        is_in(main, "diagnosis::hangs::is_interrupted") && is_in(main, "diagnosis::hangs::main"),
        "{diagnosis}"
    );
    assert_eq!(main.stack.why_short, None);
}

pub fn a_thread_that_no_signal_wakes() {
    let folder = std::env::temp_dir().join(format!("diagnosis-d-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let pipe = folder.join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut program = Program::start(&["uninterruptible", pipe.to_str().unwrap()]);
    let limits = Limits::default();
    let end = Instant::now() + DEADLINE;
    let (diagnosis, took) = loop {
        let start = Instant::now();
        let capture = capture(program.pid(), &limits);
        let took = start.elapsed();
        let diagnosis = capture.resolve();
        if diagnosis.threads[0].state == State::Uninterruptible {
            break (diagnosis, took);
        }
        assert!(Instant::now() < end, "{diagnosis}");
    };
    let main = &diagnosis.threads[0];
    assert!(main.stack.frames.is_empty(), "{diagnosis}");
    let why = main.stack.why_short.as_deref().unwrap();
    assert!(why.contains("uninterruptibly") && why.contains("did not stop within"), "{why}");
    assert!(took >= limits.thread && took < limits.total + Duration::from_millis(500), "{took:?}");
    assert!(main.syscall.is_some(), "{main:?}");
    // The kernel has let go of it: it is nobody's tracee, and another may look at it.
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.pid())).unwrap();
    assert!(status.contains("TracerPid:\t0\n"), "{status}");
    assert_eq!(
        capture(program.pid(), &limits).resolve().threads[0]
            .stack
            .why_short
            .as_deref()
            .map(|w| w.contains("traced")),
        Some(false)
    );
    // Once the pipe is opened it goes on to its end, and nothing of the tracing is left to stop it.
    drop(std::fs::File::options().write(true).open(&pipe).unwrap());
    assert_eq!(program.child.wait().unwrap().code(), Some(0));
    std::fs::remove_dir_all(&folder).unwrap();
}

pub fn one_that_is_traced_already() {
    let program = Program::start(&["sleep"]);
    let tracer = Program::start(&["trace", &program.pid().to_string()]);
    let diagnosis = program.diagnosis();
    let why = diagnosis.threads[0].stack.why_short.as_deref().unwrap();
    assert_eq!(why, format!("it is already traced by process {} ({})", tracer.pid(), comm()), "{diagnosis}");
    drop(tracer);
    program.until(|d| any_is_in(d, "diagnosis::hangs::sleeps_for_an_hour"));
}

pub fn one_that_is_stopped_stays_so_and_goes_on_when_told() {
    let mut program = Program::start(&["undisturbed"]);
    program.until(|d| any_is_in(d, "diagnosis::hangs::spins_for_ever"));
    program.signal(libc::SIGSTOP);
    let stopped = |d: &Diagnosis| d.threads.iter().all(|thread| thread.state == State::Stopped);
    let diagnosis = program.until(stopped);
    assert!(diagnosis.threads.iter().all(|thread| !thread.stack.frames.is_empty()), "{diagnosis}");
    assert!(any_is_in(&diagnosis, "diagnosis::hangs::spins_for_ever"), "{diagnosis}");
    for _ in 0..20 {
        drop(capture(program.pid(), &patient()));
    }
    let after = program.diagnosis();
    assert!(stopped(&after), "{after}");
    // A program with a busy thread that had been let go would use time.
    let used = |d: &Diagnosis| d.threads.iter().map(|thread| thread.cpu_seconds).sum::<f64>();
    assert_eq!(used(&diagnosis), used(&after));
    program.signal(libc::SIGCONT);
    program.input.as_mut().unwrap().write_all(b"a").unwrap();
    while !program.line().starts_with("read 97 ") {}
}

pub fn one_that_ends_meanwhile_keeps_its_status_for_its_parent() {
    for round in 0..60u64 {
        let mut program = Program::start(&["exit", "7"]);
        let input = program.input.take();
        let kill = round % 3 == 0;
        let pid = program.pid();
        let looking = std::thread::spawn(move || {
            let start = Instant::now();
            let mut captures = 0;
            // Nothing is to be named here.
            let limits = Limits { resolve: Duration::ZERO, ..Limits::default() };
            while captures < 1000 {
                let diagnosis = capture(pid, &limits).resolve();
                captures += 1;
                // There is no thread list any more, or the main thread has ended.
                if diagnosis.threads.iter().all(|t| matches!(t.state, State::Gone | State::Zombie)) {
                    break;
                }
            }
            (start.elapsed(), captures)
        });
        std::thread::sleep(Duration::from_micros(round * 150));
        if kill {
            program.signal(libc::SIGKILL);
        }
        drop(input);
        let (took, captures) = looking.join().unwrap();
        assert!(took < DEADLINE && captures < 1000, "{took:?}, {captures}");
        let status = program.child.wait().unwrap();
        if kill {
            assert!(status.signal() == Some(libc::SIGKILL) || status.code() == Some(7), "{status}");
        } else {
            assert_eq!(status.code(), Some(7));
        }
    }
}

pub fn a_pidfd_shows_its_end_only() {
    let mut program = Program::start(&["sleep"]);
    // SAFETY: numbers only; the descriptor is closed with the test's process.
    let pidfd = unsafe { libc::syscall(libc::SYS_pidfd_open, program.pid(), 0) } as i32;
    assert!(pidfd >= 0);
    let ended = |milliseconds| {
        let mut fd = libc::pollfd { fd: pidfd, events: libc::POLLIN, revents: 0 };
        // SAFETY: one descriptor that lives on.
        unsafe { libc::poll(&raw mut fd, 1, milliseconds) == 1 }
    };
    let pid = program.pid();
    let looking = std::thread::spawn(move || {
        for _ in 0..300 {
            drop(capture(pid, &patient()));
        }
    });
    while !looking.is_finished() {
        assert!(!ended(1));
    }
    looking.join().unwrap();
    program.signal(libc::SIGKILL);
    assert!(ended(DEADLINE.as_millis() as i32));
    assert_eq!(program.child.wait().unwrap().signal(), Some(libc::SIGKILL));
}

pub fn one_whose_main_thread_has_ended_before_the_others() {
    let program = Program::start(&["main-ends"]);
    let diagnosis = program.until(|d| any_is_in(d, "diagnosis::hangs::sleeps_for_an_hour"));
    assert_eq!((diagnosis.threads[0].tid, diagnosis.threads[0].state), (program.pid(), State::Zombie));
    assert_eq!(diagnosis.threads[0].stack.why_short.as_deref(), Some("the thread has ended"));
}

pub fn threads_that_come_and_go() {
    let mut program = Program::start(&["churn"]);
    for _ in 0..200 {
        drop(capture(program.pid(), &patient()));
    }
    for _ in 0..5 {
        let diagnosis = program.diagnosis();
        assert_eq!(diagnosis.threads[0].tid, program.pid());
        assert!(is_in(&diagnosis.threads[0], "diagnosis::hangs::main"), "{diagnosis}");
    }
    assert!(program.child.try_wait().unwrap().is_none());
}

pub fn a_thousand_threads_in_bounded_time() {
    let program = Program::start(&["threads", "1000"]);
    // All at once, they would fight for the processors with this test.
    let asleep = |t: &Thread| t.state == State::Sleeping;
    let many = Limits { threads: 2000, resolve: Duration::ZERO, ..patient() };
    while !capture(program.pid(), &many).resolve().threads.iter().all(asleep) {}
    let mut best = Duration::MAX;
    let (mut main_is_first, mut some_are_late) = (false, false);
    for total in [60, 500].map(Duration::from_millis) {
        let limits = Limits { total, threads: 2000, ..Limits::default() };
        for _ in 0..5 {
            let start = Instant::now();
            let capture = capture(program.pid(), &limits);
            best = best.min(start.elapsed().saturating_sub(total));
            let diagnosis = capture.resolve();
            assert_eq!(diagnosis.threads.len(), 1000);
            main_is_first |= !diagnosis.threads[0].stack.frames.is_empty();
            let late: Vec<&Thread> = diagnosis.threads.iter().filter(|t| t.stack.frames.is_empty()).collect();
            // The second where the machine is so busy that the tracing thread itself is late.
            let reasons = ["there was no time for it", "it was not looked at in time"];
            for thread in &late {
                let why = thread.stack.why_short.as_deref().unwrap();
                assert!(reasons.iter().any(|reason| why.starts_with(reason)), "{thread:?}");
                assert!(thread.state != State::Gone, "{thread:?}");
            }
            if total.as_millis() == 60 {
                some_are_late |= !late.is_empty();
            }
            let text = diagnosis.to_string();
            assert!(text.lines().count() < 3000 && text.contains("more"), "{text}");
        }
    }
    assert!(best <= Duration::from_millis(100), "{best:?} over");
    assert!(main_is_first && some_are_late);
    let few = Limits { threads: 10, ..patient() };
    let diagnosis = capture(program.pid(), &few).resolve();
    assert_eq!(diagnosis.threads.len(), 10);
    assert!(diagnosis.notes.contains(&"990 more threads were not looked at".to_owned()), "{diagnosis}");
    // Those with the same stack are one block.
    let all = capture(program.pid(), &Limits { threads: 2000, ..patient() }).resolve();
    assert!(all.threads.iter().all(|t| !t.stack.frames.is_empty()));
    assert!(all.to_string().contains("all in the same place"), "{all}");
}

pub fn it_goes_on_undisturbed() {
    let mut program = Program::start(&["undisturbed"]);
    let mut counters: Vec<u64> = Vec::new();
    for round in 0..200u32 {
        let capture = capture(program.pid(), &patient());
        if round % 10 == 0 {
            program.input.as_mut().unwrap().write_all(&[b'a' + (round / 10 % 26) as u8]).unwrap();
        }
        drop(capture);
    }
    let mut failed = std::collections::BTreeMap::<String, usize>::new();
    let mut read = 0;
    while read < 20 {
        let line = program.line();
        match line.strip_prefix("read ") {
            Some(rest) => {
                let (byte, counter) = rest.split_once(' ').unwrap();
                assert_eq!(byte.parse::<usize>().unwrap(), b'a' as usize + read % 26);
                let counter: u64 = counter.parse().unwrap();
                counters.push(counter);
                read += 1;
            }
            None => *failed.entry(line).or_default() += 1,
        }
    }
    assert!(counters.is_sorted() && counters[0] < counters[19], "the busy thread goes on: {counters:?}");
    // Those are named in the documentation.
    for line in failed.keys() {
        let known = ["epoll_wait: ", "sigtimedwait: ", "recv with a timeout: "];
        assert!(
            known.iter().any(|call| line.starts_with(call)) && line.contains("Interrupted"),
            "{failed:?}"
        );
    }
    eprintln!("interrupted: {failed:?}");
    drop(program.input.take());
    assert_eq!(program.child.wait().unwrap().code(), Some(0));
}

pub fn no_signal_is_lost_or_doubled() {
    let mut program = Program::start(&["count-signals"]);
    let sent = 500;
    let pid = program.pid();
    let looking = std::thread::spawn(move || {
        for _ in 0..300 {
            drop(capture(pid, &patient()));
        }
    });
    for round in 0..sent {
        program.signal(libc::SIGRTMIN() + 3);
        if round % 5 == 0 {
            std::thread::sleep(Duration::from_micros(500));
        }
    }
    looking.join().unwrap();
    drop(program.input.take());
    assert_eq!(program.line(), format!("signals {sent}"));
}

pub fn names_that_would_move_the_cursor() {
    for name in ["a) R 1 1 (b", "\u{1b}[2Jgone", "line\nend", "\u{9b}2J"] {
        let program = Program::start(&["name", name]);
        let sleeps = |d: &Diagnosis| d.threads[0].state == State::Sleeping;
        let diagnosis = program.until(|d| any_is_in(d, "diagnosis::hangs::sleeps_for_an_hour") && sleeps(d));
        assert_eq!(diagnosis.threads[0].name, name);
        let text = diagnosis.to_string();
        assert!(text.lines().all(|line| !line.chars().any(char::is_control)), "{text:?}");
        assert!(!text.lines().any(|line| line.starts_with("end")), "{text}");
    }
}

pub fn stacks_that_are_deeper_than_the_bounds() {
    let program = Program::start(&["recursion", "5000"]);
    program.until(|d| any_is_in(d, "diagnosis::hangs::sleeps_for_an_hour"));
    let with = |limits: Limits| capture(program.pid(), &limits).resolve().threads.remove(0).stack;
    let stack = with(Limits { frames: 50, ..patient() });
    assert_eq!(stack.why_short.as_deref(), Some("only 50 frames are looked at"));
    let stack = with(Limits { stack_bytes: 4096, ..patient() });
    assert_eq!(stack.why_short.as_deref(), Some("only 4096 bytes of the stack were copied"), "{stack:?}");
    assert!(stack.frames.len() > 3);
    // Without time for names, frames are places in modules.
    let stack = with(Limits { resolve: Duration::ZERO, ..patient() });
    assert!(stack.frames.iter().all(|frame| frame.function.is_none()));
    assert_eq!(stack.frames[0].module.as_deref().map(|m| m.starts_with("libc")), Some(true), "{stack:?}");
}

pub fn names_are_found_after_the_end_of_the_process_and_of_its_file() {
    let folder = std::env::temp_dir().join(format!("diagnosis-f-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let copy = folder.join("copy of it");
    std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    let mut child = Command::new(&copy).args([super::HANGS, "sleep"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    // Its name is another program's by now.
    std::fs::remove_file(&copy).unwrap();
    std::fs::copy("/bin/true", &copy).unwrap();
    let end = Instant::now() + DEADLINE;
    let captured = loop {
        let captured = capture(child.id(), &patient());
        if any_is_in(&capture(child.id(), &patient()).resolve(), "diagnosis::hangs::sleeps_for_an_hour") {
            break captured;
        }
        assert!(Instant::now() < end);
    };
    child.kill().unwrap();
    child.wait().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let diagnosis = captured.resolve();
    assert!(any_is_in(&diagnosis, "diagnosis::hangs::main"), "{diagnosis}");
    assert!(diagnosis.program.starts_with("copy of it"), "{diagnosis}");
}

#[inline(never)]
fn a_thread_of_the_test_waits(until: &std::sync::mpsc::Receiver<()>) -> bool {
    std::hint::black_box(until.recv().is_ok())
}

pub fn a_process_that_is_not_a_child() {
    // SAFETY: numbers only. It lets the program look at this process, where the kernel asks for that.
    unsafe { libc::prctl(libc::PR_SET_PTRACER, libc::PR_SET_PTRACER_ANY) };
    let (sender, receiver) = std::sync::mpsc::channel();
    let thread = std::thread::Builder::new().name("of the test".into());
    let waiting = thread.spawn(move || a_thread_of_the_test_waits(&receiver)).unwrap();
    let end = Instant::now() + DEADLINE;
    loop {
        let output = super::program().args(["capture", &std::process::id().to_string()]).output().unwrap();
        let diagnosis: Diagnosis = serde_json::from_slice(&output.stdout).unwrap();
        // It sets its name itself.
        let thread = diagnosis.threads.iter().find(|thread| thread.name == "of the test");
        if thread.is_some_and(|thread| is_in(thread, "a_thread_of_the_test_waits")) {
            break;
        }
        assert!(Instant::now() < end, "{diagnosis}");
    }
    sender.send(()).unwrap();
    assert!(waiting.join().unwrap());
}

pub fn one_that_has_gone_and_one_that_is_a_zombie() {
    let mut program = Program::spawn(&["exit", "0"]);
    drop(program.input.take());
    let diagnosis = program.until(|d| d.threads[0].state == State::Zombie);
    let why = diagnosis.threads[0].stack.why_short.as_deref().unwrap();
    assert!(why.contains("ended"), "{why}");
    let pid = program.pid();
    program.child.wait().unwrap();
    let diagnosis = capture(pid, &Limits::default()).resolve();
    assert!(diagnosis.threads.is_empty());
    assert_eq!(diagnosis.notes, [format!("process {pid} has gone")]);
    // This process cannot look at itself.
    let own = capture(std::process::id(), &Limits::default()).resolve();
    assert!(own.threads[0].stack.why_short.as_deref().unwrap().contains("not allowed"), "{own}");
}
