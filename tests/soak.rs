//! Workers that are killed, stopped and dropped at random, again and again. In profile soak: 500 rounds; the variable
//! `HAILO_SOAK_PERCENT` makes it fewer, `HAILO_SOAK_SEED` other ones. The seed is printed.

use std::time::{Duration, Instant};

use hailo_harness::HailoContext;
use hailo_harness::device::RuntimeChoice;
use hailo_harness::stt::{Deadlines, SttErrorKind, SttModel};
use hailo_harness::whisper::Audio;

const ROUNDS: u64 = 500;

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|v| v.parse().unwrap_or_else(|_| panic!("{name}={v:?} is no number")))
}

#[path = "common/host.rs"]
mod own;
use own::host;

#[path = "common/random.rs"]
mod random;
use random::Random;

/// Children of this process, zombies included.
fn children() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let lists = tasks.filter_map(|t| std::fs::read_to_string(t.path().join("children")).ok());
    lists.flat_map(|l| l.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn whatever_happens_to_a_worker_its_user_hears_of_it_and_nothing_stays() {
    let rounds = ROUNDS * variable("HAILO_SOAK_PERCENT").unwrap_or(100) / 100;
    let seed = variable("HAILO_SOAK_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    println!("{rounds} rounds, HAILO_SOAK_SEED={seed}");
    let mut random = Random(seed);
    let samples: Vec<f32> = (0..16_000 * 20).map(|i| 0.3 * (i as f32 * 0.2).sin()).collect();
    let audio = Audio::from_f32(&samples, 16_000, 1).unwrap();
    let deadlines = Deadlines {
        open: Duration::from_secs(20),
        configure: Duration::from_secs(20),
        infer: Duration::from_millis(500),
        release: Duration::from_millis(500),
    };
    let mut expected = None;
    for round in 0..rounds {
        let builder = HailoContext::builder()
            .runtime(RuntimeChoice::Sim)
            .model(SttModel::Canned)
            .worker_variable("HAILO_SIM_HOST", host());
        let context = builder.deadlines(deadlines).start().unwrap();
        let pid = context.stt().worker_id().unwrap() as i32;
        let (signal, delay) = match random.below(4) {
            0 => (None, 0),
            1 => (Some(libc::SIGKILL), random.below(80)),
            2 => (Some(libc::SIGTERM), random.below(80)),
            _ => (Some(libc::SIGSTOP), random.below(80)),
        };
        let start = Instant::now();
        let stt = context.stt().clone();
        let heard = std::thread::scope(|scope| {
            scope.spawn(move || {
                if let Some(signal) = signal {
                    std::thread::sleep(Duration::from_millis(delay));
                    // SAFETY: a signal to a worker that is not reaped while this scope holds its context. It may have
                    // ended by itself.
                    unsafe { libc::kill(pid, signal) };
                }
            });
            stt.transcribe(&audio)
        });
        let elapsed = start.elapsed();
        let what = format!("round {round}: {signal:?} after {delay} ms: {heard:?} after {elapsed:?}");
        assert!(elapsed < Duration::from_secs(5), "{what}");
        match heard {
            Ok(transcript) => {
                let expected = expected.get_or_insert_with(|| transcript.text.clone());
                assert_eq!(*expected, transcript.text, "{what}");
            }
            Err(error) => {
                assert!(signal.is_some(), "{what}");
                assert!(matches!(error.kind(), SttErrorKind::Worker | SttErrorKind::Hang), "{what}");
                assert!(!stt.is_available(), "{what}");
                if random.below(2) == 0 {
                    stt.reload().unwrap();
                    assert_eq!(
                        Some(stt.transcribe(&audio).unwrap().text),
                        expected.clone().or_else(|| stt.transcribe(&audio).ok().map(|t| t.text))
                    );
                }
            }
        }
        let clean = context.close().is_clean();
        assert!(clean || signal.is_some(), "round {round}: teardown found something where nothing was done");
        assert_eq!(children(), Vec::<String>::new(), "round {round}");
    }
}
