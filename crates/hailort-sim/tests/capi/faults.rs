//! Faults on demand: each action as a program meets it. What ends or hangs a process happens in a process of its own.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hailort_sim::faults::{Plan, What, Which};
use hailort_sim::runtime::host;
use hailort_sys::status::*;

use crate::child::{Child, obey, report};
use crate::support::*;

const READ: &str = "hailo_vstream_read_raw_buffer";

/// The child: makes calls and reports what they answer.
pub fn play() {
    report(std::fs::read_link("/proc/thread-self").unwrap().to_str().unwrap());
    obey(|order| match order {
        "version" => report(&version().to_string()),
        "scan" => report(&scan().map_or_else(|status| status, |_| 0).to_string()),
        "take" => report(&create_vdevice(&[], None).map_or_else(|status| status, |_| 0).to_string()),
        "release nobody" => report(&release_vdevice(0x10).to_string()),
        "lead" => {
            // SAFETY: makes this process the leader of a process group.
            assert_eq!(unsafe { libc::setpgid(0, 0) }, 0);
            report("leads");
        }
        "install" => report(&format!("{:?}", Plan::new().install().map_err(|why| why.to_string()))),
        other => panic!("no order {other:?}"),
    });
}

/// A process with this plan, and the name in `/proc` of the thread that makes its calls.
pub fn child(plan: impl AsRef<OsStr>) -> (Child, PathBuf) {
    let host = OsStr::new(host::own());
    // Own files and those of a child are the same host's memory.
    let state = std::env::var_os("HAILO_SIM_STATE").unwrap_or_default();
    let variables =
        [("HAILO_SIM_HOST", host), ("HAILO_SIM_FAULTS", plan.as_ref()), ("HAILO_SIM_STATE", &*state)];
    let mut child = Child::start("faults", &variables);
    let task = PathBuf::from(child.heard());
    (child, task)
}

/// Processor time of a thread so far, in clock ticks.
fn ticks(task: &Path) -> u64 {
    let stat = std::fs::read_to_string(Path::new("/proc").join(task).join("stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn a_status_is_the_answer_and_nothing_is_done() {
    plan("hailo_create_vdevice@1=status:HAILO_DEVICE_IN_USE; hailo_create_vdevice@3=status:87");
    assert_eq!(create_vdevice(&[], None), Err(HAILO_DEVICE_IN_USE));
    let vdevice = create_vdevice(&[], None).unwrap();
    assert_eq!(create_vdevice(&[], None), Err(HAILO_DRIVER_TIMEOUT));
    assert_eq!(create_vdevice(&[], None), Err(HAILO_OUT_OF_PHYSICAL_DEVICES));
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
    assert_nothing_in_use();
}

#[test]
fn every_call_can_be_made_to_fail() {
    api();
    plan("*=status:8");
    assert_eq!((version(), scan()), (HAILO_INTERNAL_FAILURE, Err(HAILO_INTERNAL_FAILURE)));
    for status in [release_vdevice(0), release_hef(0), shut_down(0), write(0, &[]), read(0, &mut [])] {
        assert_eq!(status, HAILO_INTERNAL_FAILURE);
    }
    let null = std::ptr::null();
    // SAFETY: nothing is done with what is passed.
    let priority = unsafe { (api().hailo_set_scheduler_priority)(std::ptr::null_mut(), 99, null) };
    assert_eq!(priority, HAILO_INTERNAL_FAILURE);
}

#[test]
fn a_success_that_is_planned_does_nothing_either() {
    let vdevice = create_vdevice(&[], None).unwrap();
    plan("hailo_release_vdevice@1=status:0");
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
    assert_eq!(create_vdevice(&[], None), Err(HAILO_OUT_OF_PHYSICAL_DEVICES));
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
    assert_nothing_in_use();
}

#[test]
fn a_delayed_call_goes_on() {
    plan("hailo_get_library_version@2=delay:50ms");
    assert_eq!(version(), HAILO_SUCCESS);
    let start = Instant::now();
    assert_eq!(version(), HAILO_SUCCESS);
    assert!(start.elapsed() >= Duration::from_millis(50));
}

#[test]
fn a_plan_that_is_installed_replaces_another_and_counts_anew() {
    let always = |status| Plan::new().on("*", Which::Nth(1), What::Status(status)).unwrap();
    always(4).install().unwrap();
    assert_eq!((version(), version()), (HAILO_TIMEOUT, HAILO_SUCCESS));
    always(8).install().unwrap();
    assert_eq!((version(), version()), (HAILO_INTERNAL_FAILURE, HAILO_SUCCESS));
    always(8).install().unwrap();
    Plan::new().install().unwrap();
    assert_eq!(version(), HAILO_SUCCESS);
}

#[test]
fn the_variable_is_read_once() {
    set_variable("HAILO_SIM_FAULTS", "hailo_scan_devices=status:4");
    assert_eq!((version(), scan()), (HAILO_SUCCESS, Err(HAILO_TIMEOUT)));
    set_variable("HAILO_SIM_FAULTS", "nonsense");
    assert_eq!((version(), scan()), (HAILO_SUCCESS, Err(HAILO_TIMEOUT)));
}

#[test]
fn threads_and_files_leak_as_planned() {
    api();
    plan("hailo_get_library_version@1-2=leak-thread; hailo_get_library_version@2-=leak-fd");
    let (threads_before, files_before) = (threads(), files());
    for (threads_more, files_more) in [(1, 0), (2, 1), (2, 2)] {
        assert_eq!(version(), HAILO_SUCCESS);
        assert_eq!((threads() - threads_before, files() - files_before), (threads_more, files_more));
    }
    assert_eq!(scan(), Ok(1));
    assert_eq!((threads() - threads_before, files() - files_before), (2, 2));
}

#[test]
fn a_hanging_call_waits_without_using_a_processor() {
    let (mut child, task) = child("hailo_scan_devices@2=hang");
    assert_eq!((child.ask("scan"), child.ask("version")), ("0".into(), "0".into()));
    let calm = |task: &Path| is_asleep(task) && in_futex(task);
    child.order("scan");
    wait_until("the call hangs", || calm(&task));
    let before = ticks(&task);
    assert!(child.is_silent_for(Duration::from_millis(200)));
    assert!(ticks(&task) <= before + 2, "it uses a processor");
    child.kill();
    assert_eq!(child.end().signal(), Some(libc::SIGKILL));
}

#[test]
fn a_spinning_call_keeps_a_processor_busy() {
    let (mut child, task) = child("hailo_scan_devices=spin");
    child.order("scan");
    let before = ticks(&task);
    wait_until("it uses a processor", || ticks(&task) >= before + 5);
    assert!(child.is_silent_for(Duration::ZERO));
    child.kill();
    assert_eq!(child.end().signal(), Some(libc::SIGKILL));
}

#[test]
fn a_process_aborts_or_exits_as_planned() {
    let (mut aborts, _) = child("hailo_scan_devices=abort");
    aborts.order("scan");
    assert_eq!(aborts.end().signal(), Some(libc::SIGABRT));
    assert!(aborts.errors().contains("hailo_scan_devices: fault as planned, in call 1: abort"));
    for code in [0, 42, 255] {
        let (mut exits, _) = child(format!("hailo_scan_devices=exit:{code}"));
        exits.order("scan");
        assert_eq!(exits.end().code(), Some(code));
    }
}

#[test]
fn a_call_that_hangs_until_shutdown_ends_then_whatever_its_timeout() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    for name in [READ, "hailo_vstream_write_raw_buffer"] {
        let loaded = Loaded::new(vdevice, &installed.model.encoder, 2, 1);
        let (input, output, frame) = (loaded.inputs[0], loaded.outputs[0], loaded.frame(0, 1));
        let mut answer = vec![0.0; output_info(output).1 / 4];
        Plan::new().on(name, Which::Every, What::HangUntilShutdown).unwrap().install().unwrap();
        std::thread::scope(|scope| {
            let (started, task) = std::sync::mpsc::channel();
            let thread = scope.spawn(move || {
                started.send(this_task()).unwrap();
                if name == READ { read(output, &mut answer) } else { write(input, &frame) }
            });
            let task = task.recv().unwrap();
            wait_until("the call hangs", || is_asleep(&task) && in_futex(&task));
            assert!(!thread.is_finished());
            promptly("the end of the call", || {
                assert_eq!(shut_down(loaded.group), HAILO_SUCCESS);
                assert_eq!(thread.join().unwrap(), HAILO_STREAM_ABORT);
            });
        });
        // A wrong size is refused as ever, and after the shutdown nothing is waited for.
        assert_eq!(write(input, &[0.0]), HAILO_INVALID_ARGUMENT);
        assert_eq!(write(input, &loaded.frame(0, 1)), HAILO_STREAM_ABORT);
        loaded.release();
    }
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn a_plan_that_cannot_be_read_makes_every_call_fail_and_is_reported_once() {
    let malformed: [(&[u8], &str); 4] = [
        (b"hailo_scan_device=hang", "did you mean hailo_scan_devices"),
        (b"hailo_scan_devices@99=status:4; hailo_scan_devices=freeze", "what happens is one of"),
        (b"hailo_scan_devices=hang\xff", "is not UTF-8"),
        (b"\x1b[31m", "CALL[@WHICH]=WHAT"),
    ];
    for (value, said) in malformed {
        let (mut child, _) = child(OsStr::from_bytes(value));
        for order in ["scan", "version", "scan"] {
            assert_eq!(child.ask(order), HAILO_INVALID_ARGUMENT.to_string());
        }
        // The program cannot plan over it.
        assert!(child.ask("install").contains(said));
        assert_eq!(child.ask("version"), HAILO_INVALID_ARGUMENT.to_string());
        let errors = child.errors();
        let lines: Vec<&str> = errors.lines().filter(|line| line.contains("HAILO_SIM_FAULTS")).collect();
        assert!(matches!(lines[..], [line] if line.contains(said)), "{errors}");
        assert!(!errors.contains('\x1b'), "{errors}");
    }
}

#[test]
fn an_empty_plan_is_none() {
    for value in ["", " ", ";"] {
        let (mut child, _) = child(value);
        assert_eq!((child.ask("scan"), child.ask("version")), ("0".into(), "0".into()));
        assert_eq!(child.errors(), "");
    }
}

#[test]
fn a_call_without_frames_hangs_until_any_group_is_shut_down() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
    plan("hailo_scan_devices=hang-until-shutdown");
    std::thread::scope(|scope| {
        let (started, task) = std::sync::mpsc::channel();
        let thread = scope.spawn(move || {
            started.send(this_task()).unwrap();
            scan()
        });
        let task = task.recv().unwrap();
        wait_until("the call hangs", || is_asleep(&task) && in_futex(&task));
        promptly("the end of the call", || {
            assert_eq!(shut_down(loaded.group), HAILO_SUCCESS);
            assert_eq!(thread.join().unwrap(), Err(HAILO_STREAM_ABORT));
        });
    });
    loaded.release();
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn a_process_crashes_as_planned_or_some_time_later() {
    for (plan, signal) in [("segfault", libc::SIGSEGV), ("kill", libc::SIGKILL)] {
        let (mut crashes, _) = child(format!("hailo_scan_devices={plan}"));
        crashes.order("scan");
        assert_eq!(crashes.end().signal(), Some(signal));
    }
    let (mut exits, _) = child("hailo_scan_devices=exit:7,after=30ms");
    assert_eq!(exits.ask("scan"), "0");
    assert_eq!(exits.end().code(), Some(7));
}

#[test]
fn a_chance_picks_the_calls_of_its_seed() {
    let which = Which::Chance { millionths: 400_000, seed: 5 };
    Plan::new().on("hailo_get_library_version", which, What::Status(4)).unwrap().install().unwrap();
    let answers: Vec<bool> = (1..=50).map(|_| version() == HAILO_TIMEOUT).collect();
    assert_eq!(answers, (1..=50).map(|n| which.is(n)).collect::<Vec<_>>());
    assert!(answers.contains(&true) && answers.contains(&false));
}

#[test]
fn once_per_host_spares_the_process_that_is_started_anew() {
    let state = tempfile::tempdir().unwrap();
    set_variable("HAILO_SIM_STATE", state.path());
    let plan = "hailo_scan_devices@2=abort,once-per-host";
    let (mut first, _) = child(plan);
    assert_eq!(first.ask("scan"), "0");
    first.order("scan");
    assert_eq!(first.end().signal(), Some(libc::SIGABRT));
    let (mut second, _) = child(plan);
    assert_eq!([second.ask("scan"), second.ask("scan"), second.ask("scan")], ["0", "0", "0"]);
    // Another fault, and the same one after the host has forgotten all.
    let (mut third, _) = child("hailo_scan_devices@1=abort,once-per-host");
    third.order("scan");
    assert_eq!(third.end().signal(), Some(libc::SIGABRT));
    hailort_sim::runtime::state::forget().unwrap();
    let (mut fourth, _) = child(plan);
    assert_eq!(fourth.ask("scan"), "0");
    fourth.order("scan");
    assert_eq!(fourth.end().signal(), Some(libc::SIGABRT));
}

#[test]
fn what_cannot_be_remembered_is_a_failure_of_the_call() {
    api();
    set_variable("HAILO_SIM_STATE", "/dev/null/nowhere");
    plan("hailo_get_library_version=status:4,once-per-host; hailo_scan_devices=drop-off-bus:1");
    assert_eq!((version(), scan()), (HAILO_INTERNAL_FAILURE, Err(HAILO_INTERNAL_FAILURE)));
}

#[test]
fn frames_are_corrupted_as_planned() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
    let intact = loaded.infer(1).remove(0);
    let bits = |frame: Vec<f32>| frame.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    let corrupted = |how: &str| {
        plan(&format!("{READ}@1={how}"));
        let frame = loaded.infer(1).remove(0);
        assert!(loaded.infer(1)[0] == intact, "only the first is corrupted");
        frame
    };
    assert!(corrupted("corrupt:nan").iter().all(|x| x.is_nan()));
    assert!(corrupted("corrupt:zeros").iter().all(|x| *x == 0.0));
    let changed = bits(corrupted("corrupt:flip,seed=3")).into_iter().zip(bits(intact.clone()));
    let changed: Vec<u32> = changed.map(|(a, b)| (a ^ b).count_ones()).filter(|n| *n > 0).collect();
    assert_eq!(changed, [1]);
    let garbage =
        ["seed=1", "seed=1", "seed=2"].map(|seed| bits(corrupted(&format!("corrupt:garbage,{seed}"))));
    assert!(garbage[0] == garbage[1] && garbage[0] != garbage[2]);
    loaded.release();
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}
