//! How a process ends, with handlers that run meanwhile: each way in a copy of this program, which then is a program
//! with a main thread of its own and no test.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitCode, ExitStatus};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Trial};
use programs::{Program, VARIABLE};

mod program;
#[path = "../programs/mod.rs"]
mod programs;

fn main() -> ExitCode {
    if let Ok(what) = std::env::var(VARIABLE) {
        // SAFETY: a copy that hangs is ended.
        unsafe { libc::alarm(60) };
        return program::program(&what);
    }
    let mut arguments = Arguments::from_args();
    // On a single processor it would run tests on its main thread.
    arguments.test_threads.get_or_insert(2);
    let tests: &[(&str, fn())] = &[
        ("whoever_exits_while_a_signal_is_handled_the_program_dies_by_it", meanwhile),
        ("a_signal_that_is_through_but_for_its_raise_still_wins", nearly_through),
        ("a_program_that_survives_its_signal_exits_as_it_asked", survives),
        ("the_first_status_wins", first_status),
        ("a_panic_of_main_runs_handlers_and_one_of_another_thread_does_not", panics),
        ("all_together_they_take_no_longer_than_the_total", total),
        ("nobody_reads_what_is_written_and_the_exit_does_not_hang", full),
        ("all_files_are_closed_and_a_signal_still_cleans_up", closed),
        ("without_threads_handlers_run_all_the_same", no_threads),
        ("handlers_run_on_a_thread_of_their_own_never_in_signal_context", interrupted),
        ("signals_that_are_blocked_meanwhile_still_end_the_program", blocked),
        ("handlers_of_the_program_are_put_back_as_they_were", own_handlers),
        ("installed_as_often_as_uninstalled", twice),
        ("sent_twice_by_timeout_is_one_request", twice_sent),
        ("handlers_registered_late_run_and_unregistered_ones_do_not", late),
        ("a_child_made_by_fork_runs_no_handlers_however_it_ends", forks),
        ("a_shell_s_loop_stops_and_shows_130_and_143", shells),
        ("exactly_once_whoever_races", races),
    ];
    let trials = tests.iter().map(|&(name, test)| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// How a program ended, the names of the handlers that ran, and what it wrote to both of its outputs.
fn ends(what: &str) -> (ExitStatus, Vec<String>, String) {
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" 2>&1"]).arg(std::env::current_exe().unwrap());
    Program::spawn(command.env(VARIABLE, what).env("RUST_BACKTRACE", "0")).end()
}

const WAYS: [&str; 10] = [
    "return",
    "uninstall and return",
    "panic",
    "exit",
    "exit on a thread",
    "force_exit",
    "force_exit on a thread",
    "handler force_exit",
    "handler exit",
    "handler C exit",
];

fn meanwhile() {
    for how in WAYS {
        let (status, handlers, said) = ends(&format!("meanwhile: {how}"));
        assert_eq!(
            (status.signal(), status.into_raw()),
            (Some(libc::SIGTERM), libc::SIGTERM),
            "{how}: {said}"
        );
        assert!(!said.contains("did not return"), "{how}: {said}");
        let all: &[&str] = if how.starts_with("handler") { &["first"] } else { &["second", "first"] };
        assert_eq!(handlers, all, "{how}: {said}");
    }
}

fn nearly_through() {
    for how in ["exit", "force_exit", "return"].repeat(30) {
        let (status, _, said) = ends(&format!("nearly through: {how}"));
        assert_eq!(status.signal(), Some(libc::SIGTERM), "{how}: {said}");
    }
}

fn survives() {
    for how in WAYS {
        let (status, handlers, said) = ends(&format!("survives: {how}"));
        assert_eq!(status.code(), Some(if how == "panic" { 101 } else { 3 }), "{how}: {said}");
        assert!(handlers.contains(&"first".into()), "{how}: {said}");
        // It may be on its way on another thread when the process ends.
        assert!(said.matches("own handler").count() <= 1, "{how}: {said}");
    }
}

fn first_status() {
    for how in [
        "force_exit, force_exit",
        "exit, force_exit",
        "force_exit, exit",
        "force_exit, return",
        "exit, force_exit in a handler",
        "exit, C exit in a handler",
        "exit in a handler of run_all",
        "force_exit in a handler of run_all",
        "force_exit in a handler that nobody waits for",
    ] {
        let start = Instant::now();
        let (status, handlers, said) = ends(&format!("first status: {how}"));
        assert_eq!(status.into_raw(), 5 << 8, "{how}: {said}");
        assert!(handlers.ends_with(&["first".into()]) || handlers == ["first", "second"], "{how}: {said}");
        assert!(start.elapsed() < Duration::from_secs(10), "{how}: {:?}", start.elapsed());
    }
}

fn panics() {
    let (status, _, said) = ends("panics");
    assert_eq!(status.code(), Some(101), "{said}");
    let at = |part| said.find(part).unwrap_or_else(|| panic!("no {part}: {said}"));
    let order = ["on a thread", "the program lives on", "on main", "handler first"].map(at);
    assert!(order.is_sorted(), "{said}");
}

fn total() {
    let start = Instant::now();
    let (status, handlers, said) = ends("total");
    assert_eq!(status.code(), Some(4), "{said}");
    assert!(handlers.is_empty(), "{said}");
    assert_eq!(said.matches("did not return").count() + said.matches("skipped").count(), 15, "{said}");
    let took = start.elapsed();
    assert!(took > Duration::from_secs(9) && took < Duration::from_secs(14), "{took:?}");
}

fn full() {
    let start = Instant::now();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .env(VARIABLE, "full")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let (out, err) = (child.stdout.take(), child.stderr.take());
    // Not read, and not closed.
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(4));
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    drop((out, err));
}

fn closed() {
    let mut program = Program::start("closed");
    program.until("ready");
    program.signal(libc::SIGTERM);
    let (status, handlers, said) = program.end();
    assert_eq!((status.signal(), handlers), (Some(libc::SIGTERM), vec!["first".into()]), "{said}");
}

fn no_threads() {
    for how in ["nothing", "force_exit", "exit"] {
        let (status, handlers, said) = ends(&format!("no threads: {how}"));
        assert_eq!(status.code(), Some(5), "{how}: {said}");
        assert_eq!(handlers, ["last", "first"], "{how}: {said}");
    }
}

fn interrupted() {
    for _ in 0..20 {
        let mut program = Program::start("interrupted");
        program.until("ready");
        let start = Instant::now();
        program.signal(libc::SIGINT);
        let (status, handlers, said) = program.end();
        assert_eq!(status.signal(), Some(libc::SIGINT));
        assert!(handlers.len() == 1 && handlers[0].starts_with("on hailo-cleanup"), "{said}");
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
}

fn blocked() {
    let mut program = Program::start("blocked");
    program.until("ready");
    program.signal(libc::SIGTERM);
    let (status, handlers, said) = program.end();
    assert_eq!(status.signal(), Some(libc::SIGTERM), "{said}");
    assert_eq!(handlers, ["second", "first"]);
}

fn own_handlers() {
    for (how, cleans_up, lives) in [
        ("plain", true, true),
        ("information", true, false),
        ("replaced", false, true),
        ("uninstalled", false, true),
    ] {
        let mut program = Program::start(&format!("own: {how}"));
        program.until("ready");
        program.signal(libc::SIGTERM);
        program.until("own handler");
        let ran = program.said.iter().any(|l| l == "handler first");
        assert_eq!(ran, cleans_up, "{how}: before the program's own");
        program.signal(libc::SIGTERM);
        if lives {
            program.until("own handler");
            program.signal(libc::SIGKILL);
        }
        let (status, _, said) = program.end();
        let death = if lives { libc::SIGKILL } else { libc::SIGTERM };
        assert_eq!(status.signal(), Some(death), "{how}: a handler for one time is for one time: {said}");
    }
}

fn twice() {
    for (how, cleans_up) in [
        ("1 0 0", true),
        ("2 1 0", true),
        ("2 2 0", false),
        ("1 3 0", false),
        ("1 2 1", true),
        ("0 1 1", true),
    ] {
        let mut program = Program::start(&format!("twice: {how}"));
        program.until("ready");
        program.signal(libc::SIGTERM);
        let (status, handlers, said) = program.end();
        assert_eq!(
            (status.signal(), !handlers.is_empty()),
            (Some(libc::SIGTERM), cleans_up),
            "{how}: {said}"
        );
    }
}

fn twice_sent() {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        assert!(Instant::now() < deadline, "this machine is too busy to do two things within 0.5 s");
        let (status, handlers, said) = ends("twice sent");
        assert_eq!(status.signal(), Some(libc::SIGTERM));
        if handlers == ["second", "first"] {
            return;
        }
        // Too long after each other they are two.
        let after = said.split("after ").nth(1).and_then(|n| n.lines().next()?.parse().ok());
        assert!(after.is_none_or(|n: u32| n >= 400), "{said}");
    }
}

fn late() {
    let (status, handlers, said) = ends("late");
    assert!(status.success(), "{said}");
    assert_eq!(handlers, ["third", "second", "while others run", "first", "of the C library's"]);
}

fn forks() {
    let (status, handlers, said) = ends("forks");
    assert!(status.success() && said.contains("no child did"), "{said}");
    assert_eq!(handlers, ["first"], "once, by the parent: {said}");
}

/// A shell with a script, in a process group of its own, whose `$0` is this program.
fn shell(script: &str, what: &str) -> Program {
    let mut command = Command::new("bash");
    command.args(["-c", script]).arg(std::env::current_exe().unwrap()).env(VARIABLE, what);
    Program::spawn(command.process_group(0))
}

fn shells() {
    let script = "for i in 1 2 3; do \"$0\"; echo \"again after $?\"; done; echo to the end";
    // Ctrl+C: the terminal sends it to the whole group.
    let mut stopped = shell(script, "waits");
    stopped.until("ready");
    stopped.waits_for_its_program();
    stopped.signal(libc::SIGINT);
    let (status, handlers, said) = stopped.end();
    assert_eq!(status.signal(), Some(libc::SIGINT), "the shell does as its program: {said}");
    assert_eq!(handlers, ["first"]);
    assert!(!said.contains("again"), "{said}");

    // A plain status of 130 is the program's own business, and the loop goes on.
    let mut goes_on = shell(script, "leaves with 130");
    for _ in 0..3 {
        goes_on.until("ready");
        goes_on.waits_for_its_program();
        goes_on.signal(libc::SIGINT);
        goes_on.until("again after 130");
    }
    let (status, _, said) = goes_on.end();
    assert!(status.success() && said.contains("to the end"), "{said}");

    for (signal, shown) in [(libc::SIGINT, "130"), (libc::SIGTERM, "143"), (libc::SIGHUP, "129")] {
        for shell in ["sh", "bash"] {
            let mut command = Command::new(shell);
            command.args(["-c", "\"$0\"; echo \"shown $?\""]).arg(std::env::current_exe().unwrap());
            let mut program = Program::spawn(command.env(VARIABLE, "waits"));
            let id: i32 = program.until("ready").split(' ').nth(1).unwrap().parse().unwrap();
            // SAFETY: a signal to a program that the shell waits for.
            unsafe { libc::kill(id, signal) };
            let (_, _, said) = program.end();
            assert!(said.contains(&format!("shown {shown}")), "{shell}: {said}");
        }
    }
}

fn races() {
    let seed = std::env::var("HAILO_TEST_SEED")
        .map_or_else(|_| u64::from(std::process::id()), |s| s.parse().unwrap());
    println!("HAILO_TEST_SEED={seed}");
    for round in 0..40 {
        let (status, handlers, said) = ends(&format!("race: {}", seed.wrapping_add(round)));
        let how = format!("round {round} of HAILO_TEST_SEED={seed}: {status}: {said}");
        let by_signal = status.signal() == Some(libc::SIGTERM);
        assert!(by_signal || status.code().is_some_and(|c| (1..=3).contains(&c)), "{how}");
        let mut sorted = handlers.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), handlers.len(), "once: {how}");
        let plain: Vec<_> = handlers.iter().filter(|h| h.parse::<u32>().is_ok()).collect();
        assert_eq!(plain, ["9", "8", "7", "6", "5", "4", "3", "2", "1", "0"], "all, in their order: {how}");
        for i in 0..10 {
            let ran = handlers.contains(&format!("t{i}"));
            assert!(!(ran && said.lines().any(|l| l == format!("taken t{i}"))), "t{i} was taken back: {how}");
        }
    }
}
