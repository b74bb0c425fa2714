//! Every fault in every phase is called by its name, costs its deadline, and leaves the device to the next user.

use std::time::Duration;

use hailo_harness::watchdog::{DeviceState, Phase, StepKind};

#[path = "common/faults.rs"]
mod faults;
#[path = "common/host.rs"]
mod host;
use faults::{Ends, Expected, FAULTS, PHASES, check, context, tone};

/// Longer than a phase takes that does not hang, on a machine that is busy.
const DEADLINE: Duration = Duration::from_millis(1500);

/// The phase of this name with all faults.
fn all_faults(wanted: Phase) {
    for (phase, call) in PHASES {
        for (fault, expected) in FAULTS {
            if phase == wanted {
                let mut rounds = (0..3).map(|_| check(fault, expected, phase, call, DEADLINE));
                let outcome =
                    rounds.find(|o| o.was_seen).expect("the thread was seen in none of three rounds");
                // The figures are another test's; here it is whether they are of this kind at all.
                assert!(
                    outcome.took < outcome.bound + Duration::from_secs(5),
                    "{fault} in {phase}: {outcome:?}"
                );
            }
        }
    }
}

#[test]
fn listing() {
    all_faults(Phase::List);
}

#[test]
fn opening() {
    all_faults(Phase::Open);
}

#[test]
fn loading_the_model() {
    all_faults(Phase::Configure);
}

#[test]
fn inference() {
    all_faults(Phase::Infer);
}

#[test]
fn letting_go() {
    all_faults(Phase::Release);
}

#[test]
fn a_read_that_a_shutdown_ends_needs_no_signal() {
    let expected = Expected::Hang(Some(Ends::Asking));
    for (phase, call) in [
        (Phase::Infer, "hailo_vstream_read_raw_buffer@3"),
        (Phase::Infer, "hailo_vstream_write_raw_buffer@3"),
    ] {
        check("hang-until-shutdown", expected, phase, call, DEADLINE);
    }
}

#[test]
fn one_that_ignores_sigterm_is_killed() {
    let plan = "hailo_create_vdevice=ignore-sigterm; hailo_vstream_read_raw_buffer@3=hang";
    let deadlines = "infer=0.3".parse().unwrap();
    let context = context().deadlines(deadlines).worker_variable("HAILO_SIM_FAULTS", plan).start().unwrap();
    let error = context.hear(tone()).unwrap_err();
    let hang = error.hang().unwrap();
    assert_eq!(hang.helped(), Some(StepKind::Kill), "{error}");
    let kinds: Vec<StepKind> = hang.steps.iter().map(|s| s.kind).collect();
    use StepKind::{Device, Diagnose, Kill, Polite, Term};
    assert_eq!(kinds, [Diagnose, Polite, Term, Kill, Device], "{error}");
    assert_eq!(hang.device, DeviceState::Free, "{error}");
}

#[test]
fn the_known_hangs_of_the_library() {
    // A release that waits for a thread which a signal has interrupted: no signal reaches it here.
    let plan = "hailo_release_vdevice=hang-if-signalled";
    let context = context().worker_variable("HAILO_SIM_FAULTS", plan).start().unwrap();
    context.hear(tone()).unwrap();
    let report = context.close();
    assert!(report.is_clean(), "{report}");
}

#[test]
fn heat_and_a_lost_device_are_statuses() {
    for (fault, status) in [("overheat", 63), ("drop-off-bus", 36)] {
        let (phase, call) = PHASES[3];
        check(fault, Expected::Status(status), phase, call, DEADLINE);
    }
}

#[test]
fn a_slow_device_passes_or_costs_its_deadline() {
    let slow = |factor: &str, infer: &str| {
        let plan = format!("hailo_vstream_read_raw_buffer@1=throttle:{factor}");
        let deadlines = format!("infer={infer}").parse().unwrap();
        let context = context().deadlines(deadlines).worker_variable("HAILO_SIM_FAULTS", plan.as_str());
        let context = context.start().unwrap();
        context.hear(tone()).map(|_| ()).map_err(|e| e.hang().map(|h| h.phase))
    };
    assert_eq!(slow("2", "60"), Ok(()));
    assert_eq!(slow("100000", "0.3"), Err(Some(Phase::Infer)));
}

#[test]
fn deadlines_come_from_the_variable_where_the_code_says_none() {
    // SAFETY: nothing else runs in this process that reads or writes the environment: it is one test, and has one thread.
    unsafe { std::env::set_var("HAILO_DEADLINES", "infer=300ms") };
    let plan = "hailo_vstream_read_raw_buffer@3=hang";
    let context = context().worker_variable("HAILO_SIM_FAULTS", plan).start().unwrap();
    let error = context.hear(tone()).unwrap_err();
    assert_eq!(error.hang().unwrap().deadline, Duration::from_millis(300), "{error}");
    // SAFETY: as above.
    unsafe { std::env::set_var("HAILO_DEADLINES", "infer=soon") };
    let error = faults::context().start().unwrap_err().to_string();
    assert!(error.contains("HAILO_DEADLINES") && error.contains("infer=soon"), "{error}");
}
