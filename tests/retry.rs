//! Failures of the device that may go away: tried again, with a pipeline that holds nothing of the failed inference.

use std::time::{Duration, Instant};

use hailo_harness::HailoContext;
use hailo_harness::context::ContextBuilder;
use hailo_harness::device::RuntimeChoice;
use hailo_harness::stt::{Repairs, RetryPolicy, SttErrorKind, SttModel};
use hailo_harness::whisper::Audio;

fn canned() -> ContextBuilder {
    HailoContext::builder().runtime(RuntimeChoice::Sim).model(SttModel::Canned)
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
    let deadlines = hailo_harness::stt::Deadlines { infer: day * 2, ..Default::default() };
    let context = canned().frame_timeout(Duration::ZERO).retry(policy).deadlines(deadlines).start().unwrap();
    let start = Instant::now();
    std::thread::scope(|scope| {
        let user = scope.spawn(|| context.hear(tone()));
        context.stt().abandon();
        assert_eq!(user.join().unwrap().unwrap_err().kind(), SttErrorKind::Cancelled);
    });
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}
