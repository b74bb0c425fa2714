//! Failures of the device that may go away: tried again, with a pipeline that holds nothing of the failed inference.

use std::time::{Duration, Instant};

use hailo_harness::HailoContext;
use hailo_harness::context::{ContextBuilder, ContextError, Finding};
use hailo_harness::device::RuntimeChoice;
use hailo_harness::stt::{Deadlines, Repairs, RetryPolicy, SttErrorKind, SttModel};
use hailo_harness::watchdog::Phase;
use hailo_harness::whisper::Audio;

#[path = "common/host.rs"]
mod own;
use own::host;

fn canned() -> ContextBuilder {
    HailoContext::builder()
        .runtime(RuntimeChoice::Sim)
        .model(SttModel::Canned)
        .worker_variable("HAILO_SIM_HOST", host())
}

fn tone() -> Audio {
    let samples: Vec<f32> = (0..16_000 * 2).map(|i| 0.3 * (i as f32 * 0.2).sin()).collect();
    Audio::from_f32(&samples, 16_000, 1).unwrap()
}

#[test]
fn what_never_goes_away_is_an_error_with_status_and_attempts() {
    // No frame comes in no time.
    let context = canned().frame_timeout(Duration::ZERO).start().unwrap();
    let first = context.stt().worker_id();
    let error = context.hear(tone()).unwrap_err();
    assert_eq!((error.kind(), error.hailo_status(), error.attempts()), (SttErrorKind::Device, Some(4), 3));
    assert!(
        error.to_string().starts_with("after 3 attempts") && error.to_string().contains("TIMEOUT"),
        "{error}"
    );
    // Built again after the first failure; after two in a row the worker itself was replaced.
    assert_eq!(context.stt().repairs(), Repairs { retries: 2, reopened: 1, replaced: 1 });
    assert!(context.stt().is_available() && context.stt().worker_id() != first);
    assert!(context.close().is_clean());
}

#[test]
fn what_is_not_tried_again_still_leaves_nothing_behind() {
    let context = canned().frame_timeout(Duration::ZERO).retry(RetryPolicy::never()).start().unwrap();
    for round in 0..3 {
        let error = context.hear(tone()).unwrap_err();
        assert_eq!((error.hailo_status(), error.attempts()), (Some(4), 1), "{round}: {error}");
    }
    let repairs = context.stt().repairs();
    assert_eq!((repairs.retries, repairs.reopened + repairs.replaced), (0, 2), "before each further one");
    assert!(context.close().is_clean());
}

#[test]
fn somebody_who_waits_for_the_next_attempt_can_be_given_up() {
    let day = Duration::from_secs(86_400);
    let policy = RetryPolicy { first_delay: day, longest_delay: day, ..RetryPolicy::inference() };
    let deadlines = Deadlines { infer: day * 2, ..Default::default() };
    let context = canned().frame_timeout(Duration::ZERO).retry(policy).deadlines(deadlines).start().unwrap();
    let start = Instant::now();
    std::thread::scope(|scope| {
        let user = scope.spawn(|| context.hear(tone()));
        context.stt().abandon();
        assert_eq!(user.join().unwrap().unwrap_err().kind(), SttErrorKind::Cancelled);
    });
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

/// A canned context whose device misbehaves.
fn faulty(plan: &str) -> ContextBuilder {
    canned().worker_variable("HAILO_SIM_FAULTS", plan)
}

fn undisturbed() -> String {
    let context = canned().start().unwrap();
    let text = context.hear(tone()).unwrap().transcript.text;
    assert!(!text.is_empty() && context.stt().repairs() == Repairs::default());
    text
}

const READ: &str = "hailo_vstream_read_raw_buffer";

#[test]
fn a_status_that_goes_away_leaves_the_same_text() {
    let expected = undisturbed();
    for status in RetryPolicy::inference().statuses {
        for call in [READ, "hailo_vstream_write_raw_buffer"] {
            // In the middle of a window: frames of it stay in the queues.
            for which in [1, 2, 5] {
                let plan = format!("{call}@{which}=status:{status}");
                let context = faulty(&plan).start().unwrap();
                assert_eq!(context.hear(tone()).unwrap().transcript.text, expected, "{plan}");
                let repairs = Repairs { retries: 1, reopened: 1, replaced: 0 };
                assert_eq!(context.stt().repairs(), repairs, "{plan}");
                assert_eq!(context.hear(tone()).unwrap().transcript.text, expected, "{plan}: again");
                assert!(context.close().is_clean(), "{plan}");
            }
        }
    }
}

#[test]
fn progress_is_never_told_twice() {
    // Late enough that windows were done before.
    let context = faulty(&format!("{READ}@20=status:HAILO_STREAM_ABORT")).start().unwrap();
    let audio = Audio::from_f32(&[0.5f32, -0.5].repeat(16_000 * 4), 16_000, 1).unwrap();
    let mut told = Vec::new();
    context.stt().transcribe_with(&audio, |seconds| told.push(seconds)).unwrap();
    assert!(told.is_sorted_by(|a, b| a < b) && told.last() == Some(&8.0), "{told:?}");
    assert_eq!(context.stt().repairs().retries, 1);
}

#[test]
fn a_status_that_stays_is_an_error_with_the_number_of_attempts() {
    let context = faulty(&format!("{READ}=status:HAILO_STREAM_ABORT")).start().unwrap();
    let error = context.hear(tone()).unwrap_err();
    assert_eq!((error.kind(), error.hailo_status(), error.attempts()), (SttErrorKind::Device, Some(63), 3));
    assert!(error.to_string().contains("after 3 attempts") && error.to_string().contains(READ), "{error}");
    assert!(context.close().is_clean());
}

#[test]
fn a_status_that_never_goes_away_by_itself_is_not_tried_again() {
    let expected = undisturbed();
    for status in [2, 3, 6, 8, 36, 64, 76] {
        let context = faulty(&format!("{READ}@3=status:{status}")).start().unwrap();
        let error = context.hear(tone()).unwrap_err();
        assert_eq!((error.hailo_status(), error.attempts()), (Some(status), 1), "{error}");
        assert_eq!(context.stt().repairs(), Repairs::default());
        // What the failed inference left behind is no answer to the next one.
        assert_eq!(context.hear(tone()).unwrap().transcript.text, expected, "{status}");
        assert_eq!(context.stt().repairs(), Repairs { retries: 0, reopened: 1, replaced: 0 });
        assert!(context.close().is_clean());
    }
}

#[test]
fn twice_in_a_row_the_pipeline_is_built_again_twice() {
    let expected = undisturbed();
    let policy = RetryPolicy { rebuild_after: 0, ..RetryPolicy::inference() };
    let context = faulty(&format!("{READ}@3-4=status:HAILO_TIMEOUT")).retry(policy).start().unwrap();
    let worker = context.stt().worker_id();
    assert_eq!(context.hear(tone()).unwrap().transcript.text, expected);
    assert_eq!(context.stt().repairs(), Repairs { retries: 2, reopened: 2, replaced: 0 });
    assert_eq!(context.stt().worker_id(), worker);
    assert!(context.close().is_clean());
}

#[test]
fn a_worker_that_fails_again_and_again_is_replaced() {
    let expected = undisturbed();
    // A worker that answers so many reads and then none any more: enough for one text.
    let lasts = |reads: u32| {
        let plan = format!("{READ}@{}-=status:HAILO_DRIVER_TIMEOUT", reads + 1);
        faulty(&plan).start().unwrap()
    };
    let enough = |reads: u32| {
        let plan = format!("{READ}@{}-=status:HAILO_DRIVER_TIMEOUT", reads + 1);
        faulty(&plan).retry(RetryPolicy::never()).start().unwrap().hear(tone()).is_ok()
    };
    let (mut few, mut many) = (0_u32, 1 << 12);
    while few + 1 < many {
        let middle = few.midpoint(many);
        if enough(middle) { many = middle } else { few = middle }
    }
    let context = lasts(many);
    let worker = context.stt().worker_id();
    assert_eq!(context.hear(tone()).unwrap().transcript.text, expected);
    assert_eq!(context.stt().worker_id(), worker);
    assert_eq!(context.hear(tone()).unwrap().transcript.text, expected);
    assert_eq!(context.stt().repairs(), Repairs { retries: 2, reopened: 1, replaced: 1 });
    assert_ne!(context.stt().worker_id(), worker);
    assert!(context.close().is_clean());
}

#[test]
fn a_device_that_is_not_let_go_yet_is_waited_for_unless_nobody_wants_to() {
    for status in [73, 74] {
        let plan = format!("hailo_create_vdevice@1-3=status:{status}");
        let start = Instant::now();
        let context = faulty(&plan).start().unwrap();
        assert!(start.elapsed() >= Duration::from_millis(700), "three delays: {:?}", start.elapsed());
        assert!(context.close().is_clean());
        let ContextError::Stt(error) = faulty(&plan).try_start().unwrap_err() else { panic!("{plan}") };
        assert_eq!((error.hailo_status(), error.attempts()), (Some(status), 1), "{error}");
    }
    let ContextError::Stt(error) = faulty("hailo_create_vdevice@1=status:87").start().unwrap_err() else {
        panic!("a dead firmware")
    };
    assert_eq!((error.hailo_status(), error.attempts()), (Some(87), 1), "{error}");
}

#[test]
fn a_pipeline_that_cannot_be_built_again_is_an_error() {
    let plan = format!("{READ}@3=status:HAILO_TIMEOUT; hailo_configure_vdevice@3-=status:93");
    let context = faulty(&plan).start().unwrap();
    let error = context.hear(tone()).unwrap_err();
    assert_eq!((error.hailo_status(), error.attempts()), (Some(93), 2), "{error}");
    assert_eq!(context.hear(tone()).unwrap_err().hailo_status(), Some(93), "and stays one");
    context.stt().reload().unwrap();
    assert!(context.close().is_clean());
}

#[test]
fn hangs_in_each_phase_cost_their_deadline_and_are_not_tried_again() {
    let moment = Duration::from_millis(300);
    let deadlines = Deadlines::from(moment);
    let start = Instant::now();
    let error = faulty("hailo_create_vdevice=hang").deadlines(deadlines).start().unwrap_err();
    let ContextError::Stt(error) = error else { panic!("{error}") };
    assert_eq!((error.kind(), error.attempts()), (SttErrorKind::Hang, 1), "{error}");
    let hang = error.hang().unwrap();
    assert_eq!((hang.phase, hang.calls[0].call.as_str()), (Phase::Open, "hailo_create_vdevice"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());

    let deadlines = Deadlines { infer: moment, release: moment, ..Deadlines::default() };
    let context = faulty(&format!("{READ}@3=hang")).deadlines(deadlines).start().unwrap();
    let error = context.hear(tone()).unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (SttErrorKind::Hang, 1), "{error}");
    assert!(!context.close().is_clean());

    let context = faulty("hailo_release_vdevice=hang").deadlines(deadlines).start().unwrap();
    let report = context.close();
    let [Finding::Hang(hang)] = report.findings.as_slice() else { panic!("{report}") };
    assert_eq!(
        (hang.phase, hang.calls[0].call.as_str()),
        (Phase::Release, "hailo_release_vdevice"),
        "{report}"
    );
}
