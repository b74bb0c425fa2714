//! Calls in any order, with handles that are in use, released, or none: each is answered, never a crash or a hang, and
//! what is released in the end leaves nothing.
//!
//! ```sh
//! HAILO_FUZZ_EXECUTIONS=1000000 cargo nextest run -p hailo-harness-sim --test fuzz_calls some_
//! HAILO_FUZZ_SEED=7 HAILO_FUZZ_ONLY=123 cargo nextest run -p hailo-harness-sim --test fuzz_calls some_   # that one again
//! ```

mod fuzz;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use fuzz::driver::{Notes, few, run, soak};
use fuzz::random::Random;
use fuzz::world::{World, prepare, steps};
use hailort_sim::capi::handles;

/// Most steps of an execution.
const STEPS: usize = 40;
/// Executions after which the threads are counted.
const ROUND: u64 = 200;

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, |entries| entries.count())
}

fn one(random: &mut Random, notes: &Notes, made: &mut BTreeMap<&'static str, u64>) {
    let (mut world, steps) = (World::default(), steps());
    if !random.once_in(3) {
        world.open(random, notes);
    }
    for _ in 0..=random.below(STEPS) {
        match random.below(24) {
            0 => world.open(random, notes),
            1..5 => world.transfer(random, notes),
            5 => world.race(random, notes),
            6 => world.read(random, notes),
            _ => {
                let (name, step) = *random.of_all(&steps);
                step(&mut world, random, notes);
                *made.entry(name).or_default() += 1;
            }
        }
    }
    notes.add("lets everything go");
    world.end();
    let left: Vec<_> = handles::in_use().into_iter().filter(|(_, count)| *count > 0).collect();
    assert!(left.is_empty(), "handles are left: {left:?}");
    hailort_sim::misuse::take();
}

fn fuzz(test: &str, count: u64) {
    hailort_sim::runtime::host::own();
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    // SAFETY: no other thread of this process reads or sets variables now.
    unsafe {
        std::env::set_var("HAILO_SIM_THREADS", "1");
        std::env::set_var("HAILO_SIM_DEVICES", "3");
    }
    let mut made = BTreeMap::new();
    let mut threads_before = 0;
    run(test, count, |number, random, notes| {
        if number == 0 {
            threads_before = threads();
        }
        one(random, notes, &mut made);
        if number % ROUND == ROUND - 1 && threads_before > 0 {
            notes.add("waits until its threads are gone");
            let deadline = Instant::now() + Duration::from_secs(20);
            while threads() > threads_before {
                assert!(Instant::now() < deadline, "{} threads, {threads_before} before", threads());
                std::thread::yield_now();
            }
        }
    });
    let calls: u64 = made.values().sum();
    println!("{test}: {calls} calls of {} kinds", made.len());
    assert!(count < 500 || made.len() == steps().len(), "calls that were never made");
}

#[test]
fn some_calls_in_any_order_are_answered() {
    fuzz("some_calls_in_any_order_are_answered", few(1500));
}

/// Most of their time is spent in calls that wait: four processes are four times as fast.
macro_rules! quarters {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            fuzz(stringify!($name), soak().div_ceil(4));
        })*
    };
}

quarters! {
    soak_calls_in_any_order_1
    soak_calls_in_any_order_2
    soak_calls_in_any_order_3
    soak_calls_in_any_order_4
}

/// Runs the test above with a fault that is planted: how its process ends, and what it says.
fn planted(fault: &str, variables: &[(&str, &str)]) -> (std::process::ExitStatus, String) {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "some_calls_in_any_order_are_answered", "--nocapture"]);
    command.env("HAILO_SIM_FAULTS", fault).env("HAILO_FUZZ_SEED", "7").env("HAILO_FUZZ_EXECUTIONS", "40");
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let told = [output.stdout, output.stderr].concat();
    (output.status, String::from_utf8_lossy(&told).into_owned())
}

#[test]
fn a_hang_is_seen_with_what_it_did_and_how_to_see_it_again() {
    let (status, told) =
        planted("hailo_get_input_vstream_frame_size@5=hang", &[("HAILO_FUZZ_DEADLINE", "2")]);
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(libc::SIGABRT), "{told}");
    for wanted in
        ["a hang of 2 s", "writes and reads", "opens a network", "HAILO_FUZZ_SEED=7", "HAILO_FUZZ_ONLY="]
    {
        assert!(told.contains(wanted), "lacks {wanted:?}: {told}");
    }
    // Which thread waits is said, too.
    assert!(told.contains("some_calls"), "{told}");
}

#[test]
fn a_crash_ends_it() {
    let (status, told) = planted("hailo_get_input_vstream_frame_size@5=segfault", &[]);
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(libc::SIGSEGV), "{told}");
    assert!(told.contains("40 executions with HAILO_FUZZ_SEED=7"), "{told}");
}

/// The release that is answered and not done leaves a handle.
#[test]
fn what_is_left_behind_is_seen() {
    let (status, told) = planted("hailo_release_hef=status:0", &[]);
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(libc::SIGABRT), "{told}");
    assert!(
        told.contains("handles are left") && told.contains("HEF") && told.contains("HAILO_FUZZ_ONLY="),
        "{told}"
    );
}

#[test]
fn the_same_seed_makes_the_same_calls() {
    let calls = |seed| {
        let (status, told) = planted("", &[("HAILO_FUZZ_SEED", seed)]);
        assert!(status.success(), "{told}");
        told.lines().find(|line| line.contains(" calls of ")).expect("the number of calls").to_owned()
    };
    assert_eq!(calls("7"), calls("7"));
    assert_ne!(calls("7"), calls("8"));
}
