//! Leaks are planted in the worker, found, and named.

use hailo_harness::HailoContext;
use hailo_harness::context::{ContextBuilder, Finding, TeardownReport};
use hailo_harness::device::RuntimeChoice;
use hailo_harness::leaks::{Kind, Leak};
use hailo_harness::stt::SttModel;
use hailo_harness::whisper::Audio;

mod common;
use common::host::own_host;

fn canned() -> ContextBuilder {
    let (name, value) = own_host();
    HailoContext::builder().runtime(RuntimeChoice::Sim).model(SttModel::Canned).worker_variable(&name, value)
}

fn faulty(plan: &str) -> ContextBuilder {
    canned().worker_variable("HAILO_SIM_FAULTS", plan)
}

fn tone() -> Audio {
    let samples: Vec<f32> = (0..16_000).map(|i| 0.3 * (i as f32 * 0.2).sin()).collect();
    Audio::from_f32(&samples, 16_000, 1).unwrap()
}

/// Uses the device and lets it go.
fn teardown(builder: ContextBuilder) -> TeardownReport {
    let context = builder.start().unwrap();
    context.hear(tone()).unwrap();
    context.close()
}

fn leaks(report: &TeardownReport) -> Vec<Leak> {
    let leak = |finding| match finding {
        Finding::Leak(leak) => leak,
        _ => panic!("{report}"),
    };
    report.findings.iter().cloned().map(leak).collect()
}

#[test]
fn nothing_is_found_where_nothing_leaked() {
    let report = teardown(canned());
    assert!(report.is_clean(), "{report}");
}

#[test]
fn each_kind_is_named() {
    for (plan, kind, what) in [
        ("hailo_release_vdevice=leak-thread", Kind::Thread, "hailort-leaked"),
        ("hailo_release_hef@1=leak-fd", Kind::Fd, "device /dev/null"),
        ("hailo_release_hef@1=leak-fd:socket", Kind::Fd, "socket"),
        ("hailo_release_hef@1=status:8", Kind::Handle, "hef"),
        ("hailo_create_vdevice=leak-child", Kind::Child, "sleep"),
        ("hailo_create_vdevice=leak-zombie", Kind::Child, "true"),
        ("hailo_configure_vdevice@1=leak-daemon", Kind::Child, "sleep"),
        ("hailo_create_vdevice=leak-file", Kind::File, "hailort-sim-leaked-"),
        ("hailo_create_vdevice=leak-map", Kind::Map, "/"),
        ("hailo_create_vdevice=change-signal", Kind::Signal, "SIGUSR2 is handled"),
        ("hailo_create_vdevice=change-directory", Kind::Directory, "/ instead of /"),
    ] {
        let report = teardown(faulty(plan));
        println!("{plan}: {report}");
        let found = leaks(&report);
        assert!(found.iter().any(|l| l.kind == kind && l.what.contains(what)), "{plan}: {report}");
    }
}

#[test]
fn what_a_library_starts_while_it_lists_its_devices_is_seen() {
    for (plan, kind) in [
        ("hailo_scan_devices@1=leak-child", Kind::Child),
        ("hailo_scan_devices@1=leak-zombie", Kind::Child),
        ("hailo_scan_devices@1=leak-file", Kind::File),
    ] {
        let report = teardown(faulty(plan));
        let leaks = leaks(&report);
        assert!(leaks.len() == 1 && leaks[0].kind == kind, "{plan}: {report}");
    }
}

#[test]
fn a_handle_that_is_released_and_kept_all_the_same_is_seen_in_the_simulator() {
    for (call, what) in [("hailo_release_hef@1", "hef"), ("hailo_release_vdevice@1", "vdevice")] {
        let report = teardown(faulty(&format!("{call}=leak-handle")));
        let of_it = |l: &Leak| l.kind == Kind::Handle && l.what == what;
        assert!(leaks(&report).iter().any(of_it), "{call}: {report}");
    }
}
