//! Contexts: what they hear, refuse and survive.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use hailo_harness::HailoContext;
use hailo_harness::context::{ContextError, Finding};
use hailo_harness::device::RuntimeChoice;
use hailo_harness::stt::{Deadlines, HailoStt, SttErrorKind, SttModel, SttOptions};
use hailo_harness::text::Language;
use hailo_harness::watchdog::{Phase, StepKind};
use hailo_harness::whisper::Audio;

#[path = "common/host.rs"]
mod host;

fn on_own_host(builder: hailo_harness::context::ContextBuilder) -> hailo_harness::context::ContextBuilder {
    let (name, value) = host::own_host();
    builder.worker_variable(&name, value)
}

fn canned() -> hailo_harness::context::ContextBuilder {
    on_own_host(HailoContext::builder().runtime(RuntimeChoice::Sim).model(SttModel::Canned))
}

fn tone() -> Audio {
    let samples: Vec<f32> = (0..16_000).map(|i| 0.3 * (i as f32 * 0.2).sin()).collect();
    Audio::from_f32(&samples, 16_000, 1).unwrap()
}

fn kill(pid: u32, signal: i32) {
    // SAFETY: a signal to a worker of this test.
    assert_eq!(unsafe { libc::kill(pid as i32, signal) }, 0);
}

#[test]
fn hears_a_text_and_its_intent() {
    let context = canned().start().unwrap();
    let heard = context.hear(tone()).unwrap();
    assert_eq!((heard.model.as_str(), heard.runtime), ("canned", "sim"));
    assert!(!heard.transcript.text.is_empty());
    assert_eq!(context.classify("Monte le volume.").unwrap().name, "volume_up");
    assert_eq!(context.stt().language(), Language::FRENCH);
    assert!(context.stt().is_available());
    let stt = context.stt().clone();
    let report = context.close();
    assert!(report.is_clean(), "{report}");
    assert!(!stt.is_available());
    assert_eq!(stt.transcribe(tone()).unwrap_err().kind(), SttErrorKind::Unavailable);
}

#[test]
fn choices_are_kept() {
    let context = canned().enable_intent(false).language(Language::ENGLISH).start().unwrap();
    assert!(context.intents().is_none() && context.classify("Stop.").is_none());
    assert_eq!(context.stt().language(), Language::ENGLISH);
    assert_eq!(context.hear(tone()).unwrap().transcript.language, "en");
    // One after the other: a device belongs to one.
    assert!(context.close().is_clean());
    let strict = canned().fuzzy_threshold(100).start().unwrap();
    assert!(strict.classify("xyzzy").is_none());
}

#[test]
fn intents_alone_have_no_worker_and_say_how_to_get_one() {
    let context = hailo_harness::intents_only(Language::FRENCH).unwrap();
    assert_eq!(context.classify("Monte le volume.").unwrap().name, "volume_up");
    assert!(!context.stt().is_enabled() && !context.stt().is_available());
    assert!(context.stt().worker_id().is_none() && context.stt().opened().is_none());
    let empty = Audio::from_f32(&[], 16_000, 1).unwrap();
    for error in [
        context.hear(tone()).unwrap_err(),
        context.hear("/nonexistent.wav").unwrap_err(),
        context.stt().transcribe(&empty).unwrap_err(),
        context.stt().begin().unwrap_err(),
        context.stt().reload().unwrap_err(),
    ] {
        assert_eq!(error.kind(), SttErrorKind::NotEnabled);
        assert!(
            error.to_string().contains("not enabled") && error.to_string().contains("enable_stt"),
            "{error}"
        );
    }
    assert!(context.stt().close().is_none());
    assert!(context.close().is_clean());
}

#[test]
fn nothing_enabled_is_an_error() {
    let error = canned().enable_stt(false).enable_intent(false).start().unwrap_err();
    assert!(matches!(error, ContextError::NothingEnabled), "{error}");
    assert!(
        error.to_string().contains("enable_stt") && error.to_string().contains("enable_intent"),
        "{error}"
    );
}

#[test]
fn a_device_is_chosen_and_an_unknown_one_refused() {
    let two = || canned().worker_variable("HAILO_SIM_DEVICES", "2");
    for device in ["0000:02:00.0", "1"] {
        let context = two().device(device).try_start().unwrap();
        assert_eq!(context.stt().opened().unwrap().devices, ["0000:02:00.0"]);
        assert!(!context.hear(tone()).unwrap().transcript.text.is_empty());
        context.stt().reload().unwrap();
        assert_eq!(context.stt().opened().unwrap().devices, ["0000:02:00.0"], "the same again");
        assert!(context.close().is_clean());
    }
    let error = two().device("0000:07:00.0").start().unwrap_err();
    let ContextError::Stt(error) = error else { panic!("{error}") };
    assert_eq!((error.kind(), error.attempts()), (SttErrorKind::Device, 1));
    assert!(
        error.to_string().contains("0000:07:00.0") && error.to_string().contains("0000:02:00.0"),
        "{error}"
    );
}

#[test]
fn it_is_prepared_begun_closed_and_given_up() {
    let options = SttOptions {
        variables: vec![host::own_host()],
        model: Some(SttModel::Canned),
        runtime: Some(RuntimeChoice::Sim),
        ..SttOptions::default()
    };
    let stt = HailoStt::prepare(options.clone());
    assert!(stt.opened().is_none() && stt.worker_id().is_none() && stt.close().is_none());
    let error = stt.transcribe(tone()).unwrap_err();
    assert_eq!(error.kind(), SttErrorKind::Unavailable, "{error}");
    stt.begin().unwrap();
    let worker = stt.worker_id();
    stt.begin().unwrap();
    assert!(worker.is_some() && stt.worker_id() == worker, "there was one");
    assert!(stt.close().unwrap().is_clean() && stt.worker_id().is_none());
    stt.reload().unwrap();
    let flag = stt.cancel_flag();
    assert!(!flag.load(Ordering::SeqCst));
    stt.abandon();
    assert!(flag.load(Ordering::SeqCst) && !stt.is_available() && stt.worker_id().is_none());
    for error in [stt.transcribe(tone()).unwrap_err(), stt.begin().unwrap_err(), stt.reload().unwrap_err()] {
        assert_eq!(error.kind(), SttErrorKind::Cancelled, "{error}");
    }
    stt.abandon();
    // Before it began.
    let stt = HailoStt::prepare(options);
    stt.abandon();
    assert_eq!(stt.begin().unwrap_err().kind(), SttErrorKind::Cancelled);
}

#[test]
fn giving_it_up_waits_for_nobody_and_ends_what_runs() {
    let context = canned().start().unwrap();
    let stt = context.stt().clone();
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let (to, begun) = std::sync::mpsc::channel();
    let user = std::thread::spawn(move || {
        let audio = Audio::from_f32(&vec![0.5; 16_000 * 60], 16_000, 1).unwrap();
        stt.transcribe_with(audio, |_| {
            let _ = to.send(());
            // Waits for whoever gives it up, who must not wait for this.
            let _ = held.recv();
        })
    });
    begun.recv().unwrap();
    let start = Instant::now();
    context.stt().abandon();
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    drop(hold);
    assert_eq!(user.join().unwrap().unwrap_err().kind(), SttErrorKind::Cancelled);
    assert!(!context.stt().is_available());
    assert!(!context.close().is_clean(), "its worker was killed");
}

#[test]
fn empty_audio_is_an_empty_text_and_no_business_of_the_device() {
    let context = canned().start().unwrap();
    // A worker that stands still cannot be asked anything.
    kill(context.stt().worker_id().unwrap(), libc::SIGSTOP);
    let empty = Audio::from_f32(&[], 16_000, 1).unwrap();
    assert_eq!(context.stt().transcribe(&empty).unwrap().text, "");
    kill(context.stt().worker_id().unwrap(), libc::SIGCONT);
    assert!(context.close().is_clean());
}

#[test]
fn every_failure_is_typed_and_names_the_file() {
    let context = canned().start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.wav");
    std::fs::write(&text, "Joue la chanson.").unwrap();
    for path in [Path::new("/nonexistent.wav"), &text] {
        let error = context.hear(path).unwrap_err();
        assert_eq!(error.kind(), SttErrorKind::Audio);
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
    assert!(context.stt().is_available(), "bad audio is no fault of the device");
    assert!(context.close().is_clean());
}

#[test]
fn what_cannot_start_says_why() {
    let error = canned().worker_variable("HAILO_SIM_DEVICES", "0").start().unwrap_err();
    let ContextError::Stt(error) = error else { panic!("{error}") };
    assert_eq!((error.kind(), error.hailo_status()), (SttErrorKind::Device, Some(74)));
    assert_eq!(error.attempts(), 5, "a killed holder may need a second to let go");
    assert!(error.to_string().starts_with("after 5 attempts in 1."), "{error}");
    let start = Instant::now();
    let error = canned().worker_variable("HAILO_SIM_DEVICES", "0").try_start().unwrap_err();
    let ContextError::Stt(error) = error else { panic!("{error}") };
    assert_eq!((error.hailo_status(), error.attempts()), (Some(74), 1), "it never waits: {error}");
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    let error = canned().dictionary("/nonexistent.toml").start().unwrap_err();
    assert!(
        matches!(error, ContextError::Intent(_)) && error.to_string().contains("/nonexistent.toml"),
        "{error}"
    );
    let error = canned().language("de".parse().unwrap()).start().unwrap_err().to_string();
    assert!(error.contains("de"), "{error}");
}

#[test]
fn after_a_death_it_is_unavailable_until_it_is_reloaded() {
    let context = canned().start().unwrap();
    let text = context.hear(tone()).unwrap().transcript.text;
    let first = context.stt().worker_id().unwrap();
    kill(first, libc::SIGKILL);
    let start = Instant::now();
    while context.stt().is_available() {
        assert!(start.elapsed() < Duration::from_secs(5), "its death is noticed");
    }
    assert_eq!(context.stt().transcribe(tone()).unwrap_err().kind(), SttErrorKind::Worker);
    let error = context.stt().transcribe(tone()).unwrap_err();
    assert_eq!(error.kind(), SttErrorKind::Unavailable);
    assert!(error.to_string().contains("died") && error.to_string().contains("reload"), "{error}");
    context.stt().reload().unwrap();
    assert!(context.stt().is_available() && context.stt().worker_id() != Some(first));
    assert_eq!(context.hear(tone()).unwrap().transcript.text, text);
    assert!(context.close().is_clean());
}

#[test]
fn a_hang_costs_its_deadline_and_is_found_at_teardown() {
    let deadlines = Deadlines { infer: Duration::from_millis(200), ..Deadlines::default() };
    let context = canned().deadlines(deadlines).start().unwrap();
    kill(context.stt().worker_id().unwrap(), libc::SIGSTOP);
    let start = Instant::now();
    let error = context.hear(tone()).unwrap_err();
    assert_eq!(error.kind(), SttErrorKind::Hang);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    let report = context.close();
    assert!(matches!(report.findings.as_slice(), [Finding::Died(why)] if why.contains("hung")), "{report}");
}

#[test]
fn a_worker_that_does_not_let_go_is_found_at_teardown() {
    let deadlines = Deadlines { release: Duration::from_millis(100), ..Deadlines::default() };
    let context = canned().deadlines(deadlines).start().unwrap();
    kill(context.stt().worker_id().unwrap(), libc::SIGSTOP);
    let report = context.close();
    let [Finding::Hang(hang)] = report.findings.as_slice() else { panic!("{report}") };
    assert_eq!((hang.phase, hang.gone), (Phase::Release, true), "{report}");
    // On a busy machine it may not die of SIGTERM in the time that it has.
    assert!(matches!(hang.helped(), Some(StepKind::Term | StepKind::Kill)), "{report}");
    assert_eq!(hang.calls, [], "it was stopped, and is in no call");
}

#[test]
fn a_context_lives_in_a_static_and_outlives_the_thread_that_made_it() {
    static STT: Mutex<Option<HailoStt>> = Mutex::new(None);
    std::thread::spawn(|| {
        let context = canned().start().unwrap();
        *STT.lock().unwrap() = Some(context.stt().clone());
        // The context itself is forgotten: its worker goes with the process.
        std::mem::forget(context);
    })
    .join()
    .unwrap();
    let stt = STT.lock().unwrap().clone().unwrap();
    assert!(!stt.transcribe(tone()).unwrap().text.is_empty());
    assert!(stt.close().unwrap().is_clean());
}

#[test]
fn threads_share_a_worker_and_take_turns() {
    let context = canned().start().unwrap();
    let text = context.hear(tone()).unwrap().transcript.text;
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(context.hear(tone()).unwrap().transcript.text, text));
        }
    });
    assert!(context.close().is_clean());
}

#[test]
fn a_context_is_handed_to_the_thread_of_an_orchestrator() {
    let context = canned().start().unwrap();
    let beside = context.stt().clone();
    let (to, jobs) = std::sync::mpsc::channel::<Audio>();
    let (answer, answers) = std::sync::mpsc::channel();
    let worker = std::thread::spawn(move || {
        for job in jobs {
            answer.send(context.hear(job).map(|h| h.transcript.text)).unwrap();
        }
        context.close()
    });
    let expected = beside.transcribe(tone()).unwrap().text;
    for _ in 0..3 {
        to.send(tone()).unwrap();
        assert_eq!(answers.recv().unwrap().unwrap(), expected);
    }
    drop(to);
    assert!(worker.join().unwrap().is_clean());
    assert_eq!(beside.transcribe(tone()).unwrap_err().kind(), SttErrorKind::Unavailable);
}

/// tokio ends the threads of `spawn_blocking` after 10 s of idleness: a worker whose parent thread was one of them would
/// be killed by the kernel then.
#[test]
fn a_context_survives_the_idle_threads_of_tokio() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (context, after) = runtime.block_on(async {
        let context = tokio::task::spawn_blocking(|| canned().start().unwrap()).await.unwrap();
        // The wait is what is tested: 10 s, and some.
        tokio::time::sleep(Duration::from_secs(15)).await;
        let shared = std::sync::Arc::new(context);
        let inner = std::sync::Arc::clone(&shared);
        let heard =
            tokio::task::spawn_blocking(move || inner.hear(tone()).map(|h| h.transcript.text)).await.unwrap();
        (shared, heard)
    });
    assert!(!after.unwrap().is_empty());
    assert!(std::sync::Arc::into_inner(context).unwrap().close().is_clean());
}
