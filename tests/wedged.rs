//! Devices that nobody can use: marked, told, and got back.

use std::process::Command;
use std::time::{Duration, Instant};

use hailo_harness::context::ContextError;
use hailo_harness::device::DeviceLease;
use hailo_harness::device::lease::{LeaseError, LeaseOptions, LockFolder, Wait};
use hailo_harness::stt::SttErrorKind;
use hailo_harness::watchdog::DeviceState;
use serde_json::Value;

#[path = "common/faults.rs"]
mod faults;
#[path = "common/host.rs"]
mod host;
use faults::{context, tone};
use host::host;

/// A device that stays busy: a program that the library has started and sent away keeps it, and hides where it came
/// from. Answers that program's process id.
fn wedge(devices: &str) -> i32 {
    let plan = "hailo_configure_vdevice@1=leak-daemon; hailo_vstream_read_raw_buffer@3=hang";
    let context = context()
        .deadlines("infer=0.4".parse().unwrap())
        .worker_variable("HAILO_SIM_DEVICES", devices)
        .worker_variable("HAILO_HARNESS_FAMILY", "hidden")
        .worker_variable("HAILO_SIM_FAULTS", plan);
    let context = context.start().unwrap();
    let error = context.hear(tone()).unwrap_err();
    let hang = error.hang().unwrap_or_else(|| panic!("{error}"));
    let DeviceState::Wedged(why) = &hang.device else { panic!("{error}") };
    let daemon = hang.log.iter().find_map(|l| l.split_once("leak-daemon: process ")?.1.parse().ok()).unwrap();
    assert!(why.contains(&format!("process {daemon} (")), "it names who has it: {why}");
    assert!(error.to_string().contains("devices --reset"), "{error}");
    daemon
}

/// Clears the marks of this test's devices at its end, however it ends: other tests have the same simulated host.
struct Unmarked;

impl Drop for Unmarked {
    fn drop(&mut self) {
        let folder = LockFolder::usual().unwrap();
        let ours = format!("sim-{}-", host());
        for name in std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()) {
            let name = name.to_string_lossy();
            if name.starts_with(&ours) && name.ends_with(".wedged") {
                let _ = std::fs::remove_file(folder.path().join(&*name));
            }
        }
    }
}

fn end(daemon: i32) {
    // SAFETY: numbers only.
    unsafe { libc::kill(daemon, libc::SIGKILL) };
    let until = Instant::now() + Duration::from_secs(20);
    let lives = || {
        std::fs::read_to_string(format!("/proc/{daemon}/stat"))
            .is_ok_and(|s| !s.rsplit_once(')').unwrap().1.trim_start().starts_with('Z'))
    };
    while lives() {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn command(arguments: &[&str]) -> (bool, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_hailo-harness"))
        .args(arguments)
        .env("HAILO_SIM_HOST", host())
        .env("HAILO_RUNTIME", "sim")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_next_users_are_told_at_once_and_it_comes_back_by_being_opened() {
    let _unmarked = Unmarked;
    let daemon = wedge("1");
    // The next user.
    let ContextError::Stt(error) = context().start().unwrap_err() else { panic!("another error") };
    assert_eq!(error.kind(), SttErrorKind::Wedged, "{error}");
    let own = format!("process {}", std::process::id());
    let test = "test the_next_users_are_told_at_once_and_it_comes_back_by_being_opened";
    for part in ["is wedged", own.as_str(), test, " ago by ", "devices --reset"] {
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
    // However long it would wait, it is told within 100 ms.
    let device = [format!("sim-{}-0000:01:00.0", host())];
    let options = LeaseOptions::usual().unwrap().waiting(Wait::AtMost(Duration::from_secs(60)));
    let start = Instant::now();
    let error = DeviceLease::acquire(&device, &options).unwrap_err();
    assert!(matches!(error, LeaseError::Wedged { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_millis(100), "{:?}", start.elapsed());
    // It is shown, and stays as long as the device cannot be opened.
    let (_, shown, _) = command(&["devices"]);
    assert!(shown.contains("wedged"), "{shown}");
    let (done, _, said) = command(&["devices", "--reset"]);
    assert!(!done && said.contains("reset by the library") && said.contains("cannot be opened"), "{said}");
    assert!(matches!(DeviceLease::acquire(&device, &options), Err(LeaseError::Wedged { .. })));
    end(daemon);
    let (done, shown, said) = command(&["devices", "--reset", "0", "--json"]);
    assert!(done, "{said}");
    let report: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(
        (&report[0]["free"], &report[0]["tried"][0]["rung"]),
        (&true.into(), &"clear".into()),
        "{report}"
    );
    let next = context().start().unwrap();
    next.hear(tone()).unwrap();
    assert!(next.close().is_clean());
}

#[test]
fn of_several_devices_the_others_are_used() {
    let _unmarked = Unmarked;
    let daemon = wedge("2");
    let next = context().worker_variable("HAILO_SIM_DEVICES", "2").start().unwrap();
    let devices = next.stt().opened().unwrap().devices;
    assert_eq!(devices, ["0000:02:00.0"]);
    assert!(next.close().is_clean());
    end(daemon);
    let (done, _, said) = command(&["devices", "--reset"]);
    assert!(done, "{said}");
}

#[test]
fn one_that_is_not_marked_can_be_reset_all_the_same() {
    let (done, _, said) = command(&["devices", "--reset"]);
    assert!(done && said.contains("no device is marked"), "{said}");
    let (done, _, said) = command(&["devices", "--reset", "0"]);
    assert!(done && said.contains("can be used"), "{said}");
    let (done, _, said) = command(&["devices", "--reset", "nonsense"]);
    assert!(!done && said.contains("nonsense"), "{said}");
}

#[test]
fn somebody_who_waits_is_told_when_the_device_is_marked() {
    let _unmarked = Unmarked;
    let device = [format!("sim-{}-0000:01:00.0", host())];
    let options = LeaseOptions::usual().unwrap();
    let lease = DeviceLease::acquire(&device, &options).unwrap();
    let (to, told) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let error = DeviceLease::acquire(&device, &options).unwrap_err();
            to.send(Instant::now()).unwrap();
            error
        });
        // It is in the queue, or comes later: either way it is told.
        let marked = Instant::now();
        lease.mark_wedged("on purpose", None).unwrap();
        let error = waiter.join().unwrap();
        assert!(error.to_string().contains("on purpose"), "{error}");
        assert!(told.recv().unwrap() - marked < Duration::from_secs(2));
    });
    lease.clear_wedged().unwrap();
}

#[test]
fn one_that_fell_off_the_bus_is_known_by_its_mark() {
    let _unmarked = Unmarked;
    let plan = "hailo_vstream_read_raw_buffer@2=drop-off-bus:1000,once-per-host; \
                hailo_vstream_read_raw_buffer@2=hang";
    let state = tempfile::tempdir().unwrap();
    let builder = || {
        let builder = context().deadlines("infer=0.4".parse().unwrap());
        builder.worker_variable("HAILO_SIM_STATE", state.path())
    };
    let context = builder().worker_variable("HAILO_SIM_FAULTS", plan).start().unwrap();
    let error = context.hear(tone()).unwrap_err();
    assert!(matches!(error.hang().unwrap().device, DeviceState::Wedged(_)), "{error}");
    drop(context);
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_hailo-harness"))
            .args(arguments)
            .env("HAILO_SIM_HOST", host())
            .env("HAILO_SIM_STATE", state.path())
            .env("HAILO_RUNTIME", "sim")
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    let (_, out, _) = run(&["devices", "--json"]);
    let devices: Value = serde_json::from_str(&out).unwrap();
    let row = &devices["devices"][0];
    assert!(row["error"].as_str().unwrap().contains("off the bus") && row["wedged"].is_object(), "{out}");
    // Nobody opens what is not listed.
    let ContextError::Stt(error) = builder().start().unwrap_err() else { panic!("another error") };
    assert_eq!(error.kind(), SttErrorKind::Wedged, "{error}");
    let (free, out, err) = run(&["devices", "--reset", "--json"]);
    let reports: Value = serde_json::from_str(&out).unwrap();
    assert!(!free && reports[0]["free"] == false, "{out}{err}");
}
