//! What the copies of this program do: come into a phase, say so, and end as they are told.

use std::io::BufRead;
use std::process::ExitCode;

use hailo_harness::HailoContext;
use hailo_harness::context::ContextBuilder;
use hailo_harness::device::RuntimeChoice;
use hailo_harness::fixtures::HailoGuard;
use hailo_harness::stt::{Deadlines, RetryPolicy, SttModel};
use hailo_harness::whisper::Audio;

use crate::DEADLINE;

/// The way in which a copy ends.
pub const VARIABLE: &str = "HAILO_TEST_ENDING";
/// The phase in which it does.
pub const PHASE: &str = "HAILO_TEST_PHASE";
/// How long the phase lasts, in milliseconds.
pub const MILLISECONDS: &str = "HAILO_TEST_LASTS";
/// Ends with this status, where it does so on purpose.
pub const STATUS: i32 = 3;

/// The call of HailoRT that is slow, so that the phase lasts.
fn slow_call(phase: &str) -> Option<&'static str> {
    match phase {
        "Opening" => Some("hailo_configure_vdevice@1"),
        "Inference" => Some("hailo_vstream_read_raw_buffer@3"),
        "Teardown" => Some("hailo_release_vdevice@1"),
        _ => None,
    }
}

fn builder(phase: &str) -> ContextBuilder {
    let deadlines = Deadlines::from(DEADLINE);
    let builder = HailoContext::builder()
        .runtime(RuntimeChoice::Sim)
        .model(SttModel::Canned)
        .deadlines(deadlines)
        .retry(RetryPolicy::never())
        // What the worker says of its slow call tells that the phase has begun.
        .debug(true);
    match slow_call(phase) {
        Some(call) => builder.worker_variable(
            "HAILO_SIM_FAULTS",
            format!("{call}=delay:{}ms", std::env::var(MILLISECONDS).unwrap()),
        ),
        None => builder,
    }
}

fn tone() -> Audio {
    let samples: Vec<f32> = (0..16_000).map(|i| 0.3 * (i as f32 * 0.2).sin()).collect();
    Audio::from_f32(&samples, 16_000, 1).unwrap()
}

/// Goes through all phases, and says what became of it. Failures are told, not panicked about.
fn live(phase: &str) {
    let context = match builder(phase).handle_signals(true).start() {
        Ok(context) => context,
        Err(error) => return eprintln!("not started: {error}"),
    };
    if let Err(error) = context.stt().transcribe(tone()) {
        eprintln!("not heard: {error}");
    }
    eprintln!("closed: {}", context.close());
}

/// The test that a runner runs: the same with the guard of a fixture.
pub fn victim(phase: &str) {
    let guard = HailoGuard::start(builder(phase));
    let _ = guard.stt().transcribe(tone());
    drop(guard);
    // Ended while it was in its phase, or the test of the test is wrong.
    eprintln!("the victim came to its end");
}

/// Ends as it is told, as soon as a line comes, while another thread is in the phase.
pub fn program(way: &str) -> ExitCode {
    let phase = std::env::var(PHASE).unwrap();
    let in_phase = std::thread::spawn(move || live(&phase));
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).unwrap();
    match way {
        "return" => ExitCode::SUCCESS,
        "Err" => ExitCode::FAILURE,
        "panic" => panic!("on purpose"),
        "panic in another thread" => {
            std::thread::spawn(|| panic!("on purpose")).join().unwrap_err();
            in_phase.join().unwrap();
            ExitCode::SUCCESS
        }
        "exit" => std::process::exit(STATUS),
        // SAFETY: ends the process at once.
        "_exit" => unsafe { libc::_exit(STATUS) },
        "abort" => std::process::abort(),
        "stack overflow" => {
            deep(0);
            unreachable!("the stack is not endless")
        }
        "out of file descriptors" => {
            let mut files = Vec::new();
            while let Ok(file) = std::fs::File::open("/dev/null") {
                files.push(file);
            }
            in_phase.join().unwrap();
            ExitCode::SUCCESS
        }
        // Signals, and what happens to the worker: the program goes on.
        _ => {
            in_phase.join().unwrap();
            ExitCode::SUCCESS
        }
    }
}

#[allow(unconditional_recursion, reason = "that is what it is for")]
fn deep(n: u64) -> u64 {
    let here = std::hint::black_box([n; 1024]);
    deep(n + 1) + here[(n % 1024) as usize]
}
