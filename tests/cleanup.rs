//! Cleanup, however a program ends: each way in a copy of this test's program.

use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use hailo_harness::cleanup::{CleanupRegistry, Outcome, signals};
use hailo_harness::context::ContextBuilder;
use hailo_harness::device::RuntimeChoice;
use hailo_harness::fixtures::HailoGuard;
use hailo_harness::stt::{Deadlines, SttModel};
use hailo_harness::whisper::Audio;
use hailo_harness::{HailoContext, force_exit};
use programs::Program;

mod programs;

#[path = "common/host.rs"]
mod own;
use own::host;

fn canned() -> ContextBuilder {
    HailoContext::builder()
        .runtime(RuntimeChoice::Sim)
        .model(SttModel::Canned)
        .worker_variable("HAILO_SIM_HOST", host())
}

/// Registers a handler that says its name.
fn says(name: &'static str) {
    let _ = CleanupRegistry::register(name, move || println!("handler {name}"));
}

fn forever() -> ! {
    loop {
        std::thread::park();
    }
}

/// What the copies do. In the tests' own process nothing happens.
#[test]
fn program() {
    let Ok(what) = std::env::var("HAILO_TEST_PROGRAM") else { return };
    match what.as_str() {
        "return" => {
            says("first");
            says("second");
            let third = CleanupRegistry::register("third", || println!("handler third"));
            assert!(third.unregister());
        }
        "exit" => {
            says("first");
            std::process::exit(3)
        }
        "force_exit" => {
            says("first");
            std::thread::spawn(|| forever());
            force_exit(130)
        }
        "unruly" => {
            says("first");
            let _ = CleanupRegistry::register("panics", || panic!("on purpose"));
            let _ = CleanupRegistry::register_within("hangs", Duration::from_millis(100), || forever());
            let _ = CleanupRegistry::register("registers", || says("late"));
            let _ = CleanupRegistry::register("exits", || force_exit(9));
            let reports = CleanupRegistry::run_all();
            let outcomes: Vec<(&str, &Outcome)> =
                reports.iter().map(|r| (r.name.as_str(), &r.outcome)).collect();
            println!("{outcomes:?}");
            forever()
        }
        "wait" => {
            says("first");
            signals::install().unwrap();
            println!("ready");
            forever()
        }
        "hang" => {
            let _ = CleanupRegistry::register("hangs", || {
                println!("hanging");
                forever()
            });
            signals::install().unwrap();
            println!("ready");
            forever()
        }
        "infer" => {
            let context = canned().handle_signals(true).start().unwrap();
            println!("worker {}", context.stt().worker_id().unwrap());
            let samples: Vec<f32> = (0..16_000 * 7_200).map(|i| 0.3 * (i as f32 * 0.2).sin()).collect();
            let audio = Audio::from_f32(&samples, 16_000, 1).unwrap();
            let mut begun = false;
            let _ = context.stt().transcribe_with(&audio, |_| {
                if !std::mem::replace(&mut begun, true) {
                    println!("ready");
                }
            });
            forever()
        }
        "idle" => {
            let context = canned().handle_signals(true).start().unwrap();
            println!("worker {}", context.stt().worker_id().unwrap());
            println!("ready");
            forever()
        }
        "open" => {
            let folder = tempfile::tempdir().unwrap();
            let script = folder.path().join("worker");
            // Never answers, and has a child.
            std::fs::write(&script, "#!/bin/sh\nsleep 600 &\nwait\n").unwrap();
            std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
            // SAFETY: nothing else of this program reads or changes variables yet.
            unsafe { std::env::set_var("HAILO_WORKER", &script) };
            std::thread::spawn(|| {
                println!("worker {}", first_child());
                println!("ready");
            });
            let error = canned().handle_signals(true).start().unwrap_err();
            println!("opening ended: {error}");
            forever()
        }
        "callback" => {
            let context = canned().handle_signals(true).start().unwrap();
            println!("worker {}", context.stt().worker_id().unwrap());
            let samples: Vec<f32> = (0..16_000 * 60).map(|i| 0.3 * (i as f32 * 0.2).sin()).collect();
            let audio = Audio::from_f32(&samples, 16_000, 1).unwrap();
            let _ = context.stt().transcribe_with(&audio, |_| {
                println!("ready");
                forever()
            });
        }
        "close" => {
            let deadlines = Deadlines { release: Duration::from_secs(60), ..Deadlines::default() };
            let context = canned().deadlines(deadlines).handle_signals(true).start().unwrap();
            let stt = context.stt().clone();
            let worker = stt.worker_id().unwrap();
            println!("worker {worker}");
            // SAFETY: a signal to a worker of this program.
            unsafe { libc::kill(worker as i32, libc::SIGSTOP) };
            println!("ready");
            let _ = stt.close();
            forever()
        }
        "guarded" => {
            let _guard = HailoGuard::start(canned());
            force_exit(0)
        }
        "guarded, exits" => {
            drop(HailoGuard::start(canned()));
            std::process::exit(0)
        }
        "guarded, forces its exit later" => {
            drop(HailoGuard::start(canned()));
            force_exit(0)
        }
        "fork" => {
            says("first");
            // SAFETY: the child only exits.
            let child = unsafe { libc::fork() };
            if child == 0 {
                // SAFETY: runs the exit handlers, as a child that ends normally would.
                unsafe { libc::exit(0) }
            }
            let mut status = 0;
            // SAFETY: waits for the child.
            unsafe { libc::waitpid(child, &raw mut status, 0) };
            println!("child {status}");
        }
        "own handler" => {
            extern "C" fn own(_: i32) {
                // SAFETY: write may be called in signal context.
                unsafe { libc::write(1, b"own handler\n".as_ptr().cast(), 12) };
            }
            // SAFETY: the handler does only what a handler may.
            unsafe { libc::signal(libc::SIGTERM, own as *const () as usize) };
            says("first");
            signals::install().unwrap();
            println!("ready");
            forever()
        }
        "ignored" => {
            // SAFETY: no handler is involved.
            unsafe { libc::signal(libc::SIGHUP, libc::SIG_IGN) };
            signals::install().unwrap();
            // SAFETY: as above.
            unsafe { libc::raise(libc::SIGHUP) };
            signals::uninstall();
            // SAFETY: as above; asks what is in force.
            let before = unsafe { libc::signal(libc::SIGHUP, libc::SIG_DFL) };
            println!("ignored before and after: {}", before == libc::SIG_IGN);
        }
        other => panic!("{other}"),
    }
}

/// The first child of this process, as soon as there is one.
fn first_child() -> String {
    loop {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
        let lists = tasks.filter_map(|t| std::fs::read_to_string(t.path().join("children")).ok());
        if let Some(pid) = lists.flat_map(|l| l.split_whitespace().next().map(str::to_owned)).next() {
            return pid;
        }
        std::thread::yield_now();
    }
}

fn lives(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}

#[test]
fn on_return_the_last_in_is_the_first_out() {
    let (status, handlers, _) = Program::start("return").end();
    assert!(status.success());
    assert_eq!(handlers, ["second", "first"]);
}

#[test]
fn exit_and_force_exit_are_plain_statuses() {
    for (what, code) in [("exit", 3), ("force_exit", 130)] {
        let (status, handlers, _) = Program::start(what).end();
        assert_eq!((status.code(), status.into_raw()), (Some(code), code << 8), "{what}");
        assert_eq!(handlers, ["first"], "{what}");
    }
}

#[test]
fn handlers_that_panic_hang_register_or_exit_stop_nobody() {
    let start = Instant::now();
    let (status, handlers, said) = Program::start("unruly").end();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(status.code(), Some(9), "the status that a handler asked for: {said}");
    assert_eq!(handlers, ["late", "first"], "{said}");
}

#[test]
fn after_a_signal_the_program_dies_by_it() {
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT] {
        let mut program = Program::start("wait");
        program.until("ready");
        program.signal(signal);
        let (status, handlers, _) = program.end();
        assert_eq!((status.signal(), status.code()), (Some(signal), None));
        assert_eq!(handlers, ["first"], "{signal}");
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    let mut program = Program::start("hang");
    program.until("ready");
    program.signal(libc::SIGINT);
    // Two that are pending at once are one: the first has to be at work.
    program.until("hanging");
    let start = Instant::now();
    program.signal(libc::SIGINT);
    let (status, _, _) = program.end();
    assert_eq!(status.signal(), Some(libc::SIGINT));
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[test]
fn a_signal_lets_go_of_the_device_in_every_phase() {
    for what in ["idle", "infer", "open", "callback", "close"] {
        for signal in [libc::SIGINT, libc::SIGTERM] {
            let mut program = Program::start(what);
            let worker = program.until("worker ").split("worker ").nth(1).unwrap().trim().to_owned();
            program.until("ready");
            let start = Instant::now();
            program.signal(signal);
            let (status, _, _) = program.end();
            assert_eq!(status.signal(), Some(signal), "{what}");
            // A process that was killed is gone a moment later: on a busy machine it waits for its turn.
            while lives(&worker) && start.elapsed() < Duration::from_secs(10) {
                std::thread::yield_now();
            }
            assert!(start.elapsed() < Duration::from_secs(10), "{what}: {:?}", start.elapsed());
        }
    }
}

/// As under `cargo test`: what is known is that a guard was made.
#[test]
fn exit_0_and_force_exit_0_in_a_test_with_guards_are_no_pass() {
    for what in ["guarded", "guarded, exits", "guarded, forces its exit later"] {
        let (status, _, _) = Program::start(what).end();
        assert_eq!(status.code(), Some(101), "{what}");
    }
}

#[test]
fn a_forked_child_runs_no_handlers() {
    let (status, handlers, said) = Program::start("fork").end();
    assert!(status.success() && said.contains("child 0"), "{said}");
    assert_eq!(handlers, ["first"], "once, by the parent: {said}");
}

#[test]
fn a_handler_that_the_program_had_is_called_after_the_cleanup() {
    let mut program = Program::start("own handler");
    program.until("ready");
    program.signal(libc::SIGTERM);
    program.until("own handler");
    assert!(program.said.iter().any(|l| l == "handler first"), "{:?}", program.said);
    program.signal(libc::SIGKILL);
    program.end();
}

#[test]
fn what_was_ignored_stays_ignored() {
    let (status, _, said) = Program::start("ignored").end();
    assert!(status.success() && said.contains("ignored before and after: true"), "{said}");
}
