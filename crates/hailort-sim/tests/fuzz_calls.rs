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

#[test]
fn soak_calls_in_any_order_are_answered() {
    fuzz("soak_calls_in_any_order_are_answered", soak());
}
