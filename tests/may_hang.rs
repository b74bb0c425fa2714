//! Functions of a user's own, in a process that can be killed.

use std::time::{Duration, Instant};

use hailo_harness::may_hang;
use hailo_harness::watchdog::{Phase, StepKind};
use hailo_harness::worker::{FailureKind, WorkerError, WorkerErrorKind};

const LONG: Duration = Duration::from_secs(60);

fn lives(pid: u32) -> bool {
    std::path::Path::new(&format!("/proc/{pid}")).exists()
}

#[test]
fn what_is_sent_there_comes_back() {
    let words = vec!["éteins".to_owned(), "la".into(), "musique".into()];
    assert_eq!(may_hang(LONG, words, |words: Vec<String>| words.join(" ")).unwrap(), "éteins la musique");
    let own = std::process::id();
    let other = may_hang(LONG, (), |()| std::process::id()).unwrap();
    assert!(other != own && !lives(other), "{other}");
    fn named(x: u64) -> Option<u64> {
        x.checked_sub(1)
    }
    assert_eq!(may_hang(LONG, 0, named).unwrap(), None);
}

#[test]
#[allow(clippy::zombie_processes, reason = "whoever ends this process ends its child")]
fn one_that_hangs_costs_its_deadline_and_leaves_nothing() {
    let start = Instant::now();
    let error = may_hang(Duration::from_millis(300), (), |()| -> () {
        let _child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        println!("{}", std::process::id());
        loop {
            std::thread::park();
        }
    });
    let WorkerError::Hang(hang) = error.unwrap_err() else { panic!("no hang") };
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!((hang.phase, hang.gone), (Phase::Call, true), "{hang}");
    assert!(hang.steps.iter().any(|s| s.kind == StepKind::Polite), "{hang}");
    assert_eq!(hang.log, [hang.pid.to_string()]);
    assert!(!lives(hang.pid));
    // Nor anything in its process group.
    let group = rustix::process::Pid::from_raw(hang.pid as i32).unwrap();
    let until = Instant::now() + Duration::from_secs(10);
    while rustix::process::test_kill_process_group(group).is_ok() {
        assert!(Instant::now() < until, "its child lives");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn panics_and_deaths_are_told_apart_from_hangs() {
    let error = may_hang(LONG, 7, |x: i32| assert_eq!(x, 8, "on purpose")).unwrap_err();
    assert_eq!(error.kind(), WorkerErrorKind::Failed(FailureKind::Panic), "{error}");
    assert!(error.to_string().contains("on purpose"), "{error}");
    let error = may_hang(LONG, (), |()| -> () { std::process::abort() }).unwrap_err();
    assert_eq!(error.kind(), WorkerErrorKind::Died, "{error}");
    let error = may_hang(LONG, (), |()| -> () { std::process::exit(3) }).unwrap_err();
    assert!(error.kind() == WorkerErrorKind::Died && error.to_string().contains('3'), "{error}");
    // More than a frame may hold.
    let error = may_hang(LONG, 5_000_000, |n: usize| vec![0_u8; n]).unwrap_err();
    assert_ne!(error.kind(), WorkerErrorKind::Hang, "{error}");
}

#[test]
fn a_function_of_a_shared_object_is_refused() {
    // As a pointer of the type that is wanted; it is never called.
    // SAFETY: both are functions; the pointer is looked at, and not called.
    let function = unsafe { std::mem::transmute::<*const (), fn(i32) -> i32>(libc::abs as *const ()) };
    let error = may_hang(LONG, 1, function).unwrap_err();
    assert!(error.kind() == WorkerErrorKind::Spawn && error.to_string().contains("shared object"), "{error}");
}

#[test]
fn what_is_too_large_to_be_sent_is_told_by_its_size() {
    let too_much = 5 << 20;
    let answer = may_hang(LONG, too_much, |bytes: usize| vec![7u8; bytes]).unwrap_err();
    let argument = may_hang(LONG, vec![7u8; too_much], |bytes: Vec<u8>| bytes.len()).unwrap_err();
    for (error, what) in [(answer, "the answer"), (argument, "the argument")] {
        assert_eq!(error.kind(), WorkerErrorKind::Failed(FailureKind::Request), "{error}");
        let text = error.to_string();
        assert!(
            text.contains(what) && text.contains("it has 5242") && text.contains("is the most"),
            "{text}"
        );
    }
}

#[test]
fn a_copy_that_the_function_makes_of_its_process_does_not_answer() {
    for _ in 0..20 {
        // SAFETY: in a process of its own, whose copy returns and makes no more calls than this one.
        let child = may_hang(LONG, (), |()| unsafe { libc::fork() }).unwrap();
        assert!(child > 0);
    }
}

#[test]
fn a_hang_that_is_unwrapped_can_be_read() {
    let error = may_hang(Duration::from_millis(50), (), |()| std::thread::park()).unwrap_err();
    let shown = format!("{error:?}");
    assert!(shown.contains("hung: ") && !shown.contains("Frame {"), "{shown}");
}
