//! The hangs of the real library: what a caller did that leads there, and what a stack shows.

use std::ffi::{OsStr, c_int};
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use hailort_sim::misuse::{self, Wrong};
use hailort_sim::runtime::host;
use hailort_sys::status::*;

use crate::child::{Child, obey, report};
use crate::support::*;

/// Reports the stack of the thread that it runs in.
extern "C" fn report_stack(_signal: c_int) {
    report(&std::backtrace::Backtrace::force_capture().to_string().replace('\n', " "));
}

/// Does nothing.
extern "C" fn ignore(_signal: c_int) {}

fn handle(signal: c_int, handler: extern "C" fn(c_int)) {
    // SAFETY: the handlers above may run where the tests send their signals.
    let before = unsafe { libc::signal(signal, handler as *const () as libc::sighandler_t) };
    assert_ne!(before, libc::SIG_ERR);
}

/// The thread of this name in this process, as soon as it has its name.
fn thread_named(name: &str) -> c_int {
    let is_it =
        |path: &Path| std::fs::read_to_string(path.join("comm")).is_ok_and(|comm| comm.trim() == name);
    let mut found = None;
    wait_until("the thread", || {
        let mut tasks = std::fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
        found = tasks.find(|path| is_it(path));
        found.is_some()
    });
    found.unwrap().file_name().unwrap().to_str().unwrap().parse().unwrap()
}

fn send(process: c_int, thread: c_int, signal: c_int) {
    // SAFETY: numbers alone.
    let sent = unsafe { libc::syscall(libc::SYS_tgkill, process, thread, signal) };
    assert_eq!(sent, 0);
}

/// The child.
pub fn play() {
    handle(libc::SIGUSR1, report_stack);
    handle(libc::SIGUSR2, ignore);
    report(this_task().to_str().unwrap());
    let mut vdevice = 0;
    obey(|order| match order {
        "take" => {
            vdevice = create_vdevice(&[], None).unwrap();
            report("taken");
        }
        "signal" => {
            let thread = thread_named("hailort-events");
            let task: PathBuf = format!("self/task/{thread}").into();
            wait_until("it waits for interrupts", || is_asleep(&task));
            send(me(), thread, libc::SIGUSR2);
            // Delivered, and waiting again.
            let pending = || {
                let status = std::fs::read_to_string(format!("/proc/self/task/{thread}/status")).unwrap();
                status.lines().any(|line| line.starts_with("SigPnd") && !line.ends_with("0000000000000000"))
            };
            wait_until("the handler has run", || !pending() && is_asleep(&task));
            report("signalled");
        }
        "release" => report(&release_vdevice(vdevice).to_string()),
        "fork and release" | "fork and exit" => {
            // SAFETY: what a caller should not do.
            let child = unsafe { libc::fork() };
            if child == 0 {
                if order == "fork and release" {
                    release_vdevice(vdevice);
                    // SAFETY: ends this process at once.
                    unsafe { libc::_exit(1) };
                }
                // SAFETY: as a program does.
                unsafe { libc::exit(0) };
            }
            report(&child.to_string());
        }
        "wait" => {
            let mut status = 0;
            // SAFETY: a place for the answer.
            assert!(unsafe { libc::wait(&raw mut status) } > 0);
            report(&status.to_string());
        }
        "scan" => report(&format!("{:?}", scan())),
        other => panic!("no order {other:?}"),
    });
}

/// A process with this plan, and its thread that makes calls.
fn child(plan: &str) -> (Child, PathBuf) {
    let host = OsStr::new(host::own());
    let mut child =
        Child::start("hangs", &[("HAILO_SIM_HOST", host), ("HAILO_SIM_FAULTS", OsStr::new(plan))]);
    let task = PathBuf::from(child.heard());
    (child, task)
}

/// The processor time that a thread has used, in hundredths of a second.
fn ticks(task: &Path) -> u64 {
    let stat = std::fs::read_to_string(Path::new("/proc").join(task).join("stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse().unwrap()
}

/// The stack of the thread that makes calls.
fn stack(child: &mut Child, task: &Path) -> String {
    let thread = task.file_name().unwrap().to_str().unwrap().parse().unwrap();
    send(child.id().cast_signed(), thread, libc::SIGUSR1);
    child.heard()
}

#[test]
fn the_stack_of_a_hanging_thread_names_the_call_and_the_hang() {
    for (what, function) in [
        ("hang", "hang_forever"),
        ("spin", "spin_forever"),
        ("hang-until-shutdown", "hang_until_any_shutdown"),
    ] {
        let (mut child, task) = child(&format!("hailo_scan_devices={what}"));
        child.order("scan");
        if what == "spin" {
            // Longer than anything else takes: a signal earlier could find it in the middle of anything.
            let begin = ticks(&task);
            wait_until("it spins", || ticks(&task) > begin + 10);
        } else {
            wait_until("it hangs", || is_asleep(&task) && in_futex(&task));
        }
        let stack = stack(&mut child, &task);
        for name in [function, "hailo_scan_devices"] {
            assert!(stack.contains(name), "{what}: no {name} in {stack}");
        }
    }
}

#[test]
fn a_release_hangs_when_a_signal_has_interrupted_the_thread_for_interrupts() {
    let plan = "hailo_release_vdevice=hang-if-signalled";
    let (mut calm, _) = child(plan);
    assert_eq!([calm.ask("take"), calm.ask("release")], ["taken", "0"]);
    let (mut child, task) = child(plan);
    assert_eq!([child.ask("take"), child.ask("signal")], ["taken", "signalled"]);
    child.order("release");
    wait_until("the release hangs", || is_asleep(&task) && in_futex(&task));
    let stack = stack(&mut child, &task);
    for name in ["hang_after_interrupted_interrupt_thread", "hailo_release_vdevice"] {
        assert!(stack.contains(name), "no {name} in {stack}");
    }
    assert!(child.is_silent_for(Duration::from_millis(100)));
}

#[test]
fn without_such_a_plan_a_signal_does_no_harm() {
    let (mut child, _) = child("");
    assert_eq!([child.ask("take"), child.ask("signal"), child.ask("release")], ["taken", "signalled", "0"]);
}

/// Orders a fork, waits until the child hangs, kills it, and answers what was said.
fn forked(order: &str) -> String {
    let (mut child, _) = child("");
    assert_eq!(child.ask("take"), "taken");
    let forked: i32 = child.ask(order).parse().unwrap();
    let task = PathBuf::from(forked.to_string());
    wait_until("the forked child hangs", || is_asleep(&task) && in_futex(&task));
    let process = Process::of(forked).unwrap();
    process.kill();
    assert_eq!(process.parent, child.id().cast_signed());
    // The device is still its parent's, who lets it go as ever.
    assert_eq!([child.ask("wait"), child.ask("release")], [libc::SIGKILL.to_string(), "0".into()]);
    child.errors()
}

#[test]
fn a_forked_child_hangs_in_a_release() {
    let errors = forked("fork and release");
    assert!(errors.contains("hailort-sim: misuse: hailo_release_vdevice: vdevice 0x"), "{errors}");
    assert!(errors.contains("of which this one is a plain fork"), "{errors}");
}

#[test]
fn a_forked_child_hangs_in_its_exit() {
    let errors = forked("fork and exit");
    assert!(errors.contains("hailort-sim: misuse: exit: virtual device: made by process"), "{errors}");
}

#[test]
fn a_forked_child_exits_where_no_virtual_device_is() {
    let (mut child, _) = child("");
    assert_eq!([child.ask("take"), child.ask("release")], ["taken", "0"]);
    child.ask("fork and exit");
    assert_eq!(child.ask("wait"), "0");
}

/// Writes as many frames as fit where nobody reads: with queues of one frame two queues and a thread before the network,
/// three queues and two threads behind it.
fn fill(loaded: &Loaded) {
    let frame = loaded.frame(0, 0);
    for _ in 0..8 {
        wait_until("room for a frame", || write(loaded.inputs[0], &frame) == HAILO_SUCCESS);
    }
}

#[test]
fn releasing_an_input_with_unread_outputs_takes_the_timeout_for_each_frame() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 1, 300);
    fill(&loaded);
    let start = Instant::now();
    assert_eq!(release_inputs(&loaded.inputs), HAILO_SUCCESS);
    assert!(start.elapsed() >= Duration::from_millis(3 * 300), "{:?}", start.elapsed());
    let seen = misuse::take();
    assert!(matches!(seen[..], [ref one] if one.wrong == Wrong::UnreadFrames { frames: 3 }), "{seen:?}");
    assert_eq!(shut_down(loaded.group), HAILO_SUCCESS);
    assert_eq!(release_outputs(&loaded.outputs), HAILO_SUCCESS);
    assert_eq!(release_hef(loaded.hef), HAILO_SUCCESS);
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
    assert_nothing_in_use();
}

#[test]
fn with_an_infinite_timeout_it_takes_until_the_shutdown() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 1, u32::MAX);
    fill(&loaded);
    std::thread::scope(|scope| {
        let (started, task) = channel();
        let inputs = loaded.inputs.clone();
        let releases = scope.spawn(move || {
            started.send(this_task()).unwrap();
            release_inputs(&inputs)
        });
        let task = task.recv().unwrap();
        wait_until("the release waits", || is_asleep(&task) && in_futex(&task));
        assert!(!releases.is_finished());
        promptly("the end of the release", || {
            assert_eq!(shut_down(loaded.group), HAILO_SUCCESS);
            assert_eq!(releases.join().unwrap(), HAILO_SUCCESS);
        });
    });
    // Nothing was given up: the shutdown came first.
    assert_eq!(misuse::count(), 0);
    assert_eq!(release_outputs(&loaded.outputs), HAILO_SUCCESS);
    assert_eq!(release_hef(loaded.hef), HAILO_SUCCESS);
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn a_read_with_an_infinite_timeout_ends_with_the_shutdown_alone() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 1, u32::MAX);
    let output = loaded.outputs[0];
    std::thread::scope(|scope| {
        let (started, task) = channel();
        let reads = scope.spawn(move || {
            let mut frame = vec![0.0; 50 * 128];
            started.send(this_task()).unwrap();
            read(output, &mut frame)
        });
        let task = task.recv().unwrap();
        wait_until("the read waits", || is_asleep(&task) && in_futex(&task));
        promptly("the end of the read", || {
            assert_eq!(shut_down(loaded.group), HAILO_SUCCESS);
            assert_eq!(reads.join().unwrap(), HAILO_STREAM_ABORT);
        });
    });
    loaded.release();
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn an_input_whose_frames_are_taken_is_released_at_once() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
    loaded.infer(1);
    promptly("the release", || assert_eq!(release_inputs(&loaded.inputs), HAILO_SUCCESS));
    assert_eq!(misuse::count(), 0);
    assert_eq!(release_outputs(&loaded.outputs), HAILO_SUCCESS);
    assert_eq!(release_hef(loaded.hef), HAILO_SUCCESS);
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}
