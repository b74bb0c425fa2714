//! `hailo-harness hold` and `devices`: any program under the lease of a device, and who uses which.

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use common::host::host;
use hailort_sim::runtime::mark::Mark;
use serde_json::Value;
use wait_timeout::ChildExt;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// The command, on a simulated host and with locks of this test's own.
struct Place {
    locks: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { locks: tempfile::tempdir().unwrap() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("hailo-harness"));
        for variable in ["HAILO_RUNTIME", "HAILO_SIM_DEVICES", "HAILO_DEVICE_DEADLINE"] {
            command.env_remove(variable);
        }
        command
            .args(arguments)
            .env("HAILO_SIM_HOST", host())
            .env("HAILO_LOCK_DIR", self.locks.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn hold(&self, options: &[&str], program: &[&str]) -> Command {
        self.command(&[&["hold", "--runtime", "sim"], options, &["--"], program].concat())
    }

    /// Starts `hold` with a shell, and waits until the shell says "up".
    fn up(&self, options: &[&str], script: &str) -> Child {
        let mut child = self.hold(options, &["sh", "-c", script]).spawn().unwrap();
        read_line(&mut child, "up");
        child
    }

    fn devices(&self) -> Value {
        let output = self.command(&["devices", "--runtime", "sim", "--json"]).output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// Reads a line of its output, which must be this.
#[track_caller]
fn read_line(child: &mut Child, expected: &str) {
    let out = child.stdout.as_mut().unwrap();
    let (mut line, mut byte) = (Vec::new(), [0]);
    while out.read(&mut byte).unwrap() == 1 && byte[0] != b'\n' {
        line.push(byte[0]);
    }
    assert_eq!(String::from_utf8_lossy(&line), expected);
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn signal(child: &Child, signal: i32) {
    // SAFETY: a signal to a child of this test that was not reaped yet.
    assert_eq!(unsafe { libc::kill(child.id() as i32, signal) }, 0);
}

/// Processes with this in their command line.
fn processes(mark: &str) -> usize {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = all.filter_map(|p| std::fs::read(p.path().join("cmdline")).ok());
    lines.filter(|l| l.split(|b| *b == 0).any(|a| a == mark.as_bytes())).count()
}

#[track_caller]
fn until(what: &str, mut yes: impl FnMut() -> bool) {
    let start = Instant::now();
    while !yes() {
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Processes of a process group.
fn members(group: i32) -> usize {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = all.filter_map(|p| p.file_name().to_str()?.parse().ok());
    // SAFETY: asks the kernel.
    pids.filter(|pid| unsafe { libc::getpgid(*pid) } == group).count()
}

/// Seconds for a `sleep` that can be told from all others.
fn endless() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("1{:06}{:03}", std::process::id() % 1_000_000, NUMBER.fetch_add(1, Ordering::SeqCst))
}

#[test]
fn the_status_of_the_program_is_passed_on() {
    let place = Place::new();
    let output = place.hold(&[], &["sh", "-c", "echo out; exit 7"]).output().unwrap();
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(7), &b"out\n"[..]), "{}", text(&output));
    for number in [libc::SIGTERM, libc::SIGINT, libc::SIGSEGV] {
        let output = place.hold(&[], &["sh", "-c", &format!("kill -{number} $$")]).output().unwrap();
        assert_eq!(output.status.signal(), Some(number), "{}", text(&output));
    }
    let output = place.hold(&[], &["/nonexistent/program"]).output().unwrap();
    assert_eq!(output.status.code(), Some(126));
    assert!(text(&output).contains("cannot run /nonexistent/program"), "{}", text(&output));
    let output = place.hold(&["--device", "3"], &["true"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("no device \"3\"; the devices are 0 (0000:01:00.0)"), "{}", text(&output));
    let output = place.hold(&["--deadline", "soon"], &["true"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    let output = place.command(&["hold"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
}

#[test]
fn one_at_a_time_and_the_other_is_told_who() {
    let place = Place::new();
    let mut first = place.up(&[], "echo up; sleep 1000");
    let output = place.hold(&["--wait", "0"], &["true"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output);
    assert!(said.contains("hold sh") && said.contains(&format!("process {}", first.id())), "{said}");
    let device = &place.devices()["devices"][0];
    assert_eq!(device["owner"]["pid"], first.id(), "{device}");
    assert_eq!(device["owner"]["program"], "hold sh", "{device}");
    let mut second = place.hold(&[], &["true"]).spawn().unwrap();
    until("it waits", || place.devices()["devices"][0]["waiting"].as_array().unwrap().len() == 1);
    signal(&first, libc::SIGTERM);
    assert!(second.wait_timeout(PATIENCE).unwrap().unwrap().success());
    assert!(first.wait_timeout(PATIENCE).unwrap().is_some());
    assert_eq!(place.devices()["devices"][0]["owner"], Value::Null);
}

#[test]
fn after_the_deadline_the_process_group_is_ended() {
    let place = Place::new();
    let (one, two) = (endless(), endless());
    let script = format!("sleep {one} & sleep {two}");
    let start = Instant::now();
    let output = place.hold(&["--deadline", "0.3"], &["sh", "-c", &script]).output().unwrap();
    assert_eq!(output.status.code(), Some(124), "{}", text(&output));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(text(&output).contains("within 0.3 s"), "{}", text(&output));
    assert_eq!((processes(&one), processes(&two)), (0, 0));
    // One that does not want to is killed.
    let script = format!("trap '' TERM; sleep {one} & wait; sleep {two}");
    let output = place.hold(&["--deadline", "0.2"], &["sh", "-c", &script]).output().unwrap();
    assert_eq!(output.status.code(), Some(124), "{}", text(&output));
    assert_eq!((processes(&one), processes(&two)), (0, 0));
    // So is one that is stopped.
    let output = place.hold(&["--deadline", "0.2"], &["sh", "-c", "kill -STOP $$"]).output().unwrap();
    assert_eq!(output.status.code(), Some(124), "{}", text(&output));
    assert_eq!(place.devices()["devices"][0]["owner"], Value::Null);
}

#[test]
fn what_the_program_leaves_running_is_ended() {
    let place = Place::new();
    let seconds = endless();
    let script = format!("sleep {seconds} >/dev/null 2>&1 & exit 3");
    let output = place.hold(&[], &["sh", "-c", &script]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output).contains("the program left "), "{}", text(&output));
    assert_eq!(processes(&seconds), 0);
}

#[test]
fn who_left_the_process_group_is_ended() {
    let place = Place::new();
    let seconds = endless();
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe").display().to_string();
    let script = format!(
        "mkfifo {pipe}; setsid sh -c 'echo up; exec sleep {seconds} >/dev/null 2>&1' >{pipe} 2>/dev/null & read up <{pipe}"
    );
    let output = place.hold(&[], &["sh", "-c", &script]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("the program left "), "{}", text(&output));
    assert_eq!(processes(&seconds), 0);
    let output = place.hold(&["--wait", "0"], &["true"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
}

#[test]
fn who_left_process_group_and_environment_keeps_the_device_and_is_named() {
    let place = Place::new();
    let seconds = endless();
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe").display().to_string();
    // The program ends when the other one has left its process group, not before.
    let script = format!(
        "mkfifo {pipe}; \
         setsid env -i sh -c 'echo up; exec sleep {seconds} >/dev/null 2>&1' >{pipe} 2>/dev/null & read up <{pipe}"
    );
    let output = place.hold(&[], &["sh", "-c", &script]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("which left the program's process group"), "{}", text(&output));
    let output = place.hold(&["--wait", "0"], &["true"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("what it started has not: s"), "{}", text(&output));
    until("it sleeps", || processes(&seconds) == 1);
    Command::new("pkill").args(["-f", &format!("^sleep {seconds}$")]).status().unwrap();
    let output = place.hold(&["--wait", "10"], &["true"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
}

#[test]
fn signals_go_to_the_program() {
    let place = Place::new();
    for (name, number) in
        [("INT", libc::SIGINT), ("TERM", libc::SIGTERM), ("HUP", libc::SIGHUP), ("USR1", libc::SIGUSR1)]
    {
        let mut child =
            place.up(&[], &format!("trap 'exit 5' {name}; echo up; while :; do sleep 0.01; done"));
        signal(&child, number);
        assert_eq!(child.wait_timeout(PATIENCE).unwrap().unwrap().code(), Some(5), "{name}");
    }
}

#[test]
fn when_the_command_is_killed_the_program_dies_and_the_device_is_free_only_then() {
    let place = Place::new();
    let seconds = endless();
    let mut child = place.up(&[], &format!("sleep {seconds} & echo up; wait"));
    signal(&child, libc::SIGKILL);
    child.wait().unwrap();
    // What the program started lives on, with a copy of the lock.
    until("the program is gone", || processes("echo up; wait") == 0);
    let output = place.hold(&["--wait", "0"], &["true"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("has ended"), "{}", text(&output));
    until("it sleeps", || processes(&seconds) == 1);
    Command::new("pkill").args(["-f", &format!("^sleep {seconds}$")]).status().unwrap();
    let output = place.hold(&["--wait", "10"], &["true"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
}

#[test]
fn programs_of_this_project_use_the_device_that_is_held_for_them() {
    let place = Place::new();
    let harness = assert_cmd::cargo::cargo_bin!("hailo-harness").to_str().unwrap().to_owned();
    // Two levels deep, and two at once.
    let script = format!(
        "{harness} hold --runtime sim -- true & {harness} hold --runtime sim -- {harness} hold --runtime sim -- true; wait"
    );
    let output = place.hold(&["--deadline", "15"], &["sh", "-c", &script]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let left: Vec<_> =
        std::fs::read_dir(place.locks.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 1, "the lock of the device alone: {left:?}");
}

#[test]
fn several_devices_are_held_at_once() {
    let place = Place::new();
    let two = |mut command: Command| {
        command.env("HAILO_SIM_DEVICES", "2");
        command
    };
    let mut first =
        two(place.hold(&["--device", "0000:02:00.0"], &["sh", "-c", "echo up; sleep 1000"])).spawn().unwrap();
    read_line(&mut first, "up");
    let output = two(place.hold(&["--wait", "0"], &["true"])).output().unwrap();
    assert!(output.status.success(), "the other one is free: {}", text(&output));
    let output = two(place.hold(&["--wait", "0", "--device", "1"], &["true"])).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    signal(&first, libc::SIGTERM);
    first.wait().unwrap();
}

#[test]
fn devices_are_listed_for_people_and_scripts() {
    let place = Place::new();
    let report = place.devices();
    assert_eq!(report["runtime"], "sim");
    let device = &report["devices"][0];
    assert_eq!(device["device"], "0000:01:00.0");
    assert_eq!((&device["architecture"], &device["firmware"]), (&"hailo8l".into(), &"4.23.0".into()));
    assert!(device["temperature"].as_f64().unwrap() > 0.0, "{device}");
    assert!(device["lock"].as_str().unwrap().starts_with(place.locks.path().to_str().unwrap()), "{device}");
    assert_eq!(
        (&device["owner"], &device["waiting"], &device["others"]),
        (&Value::Null, &Value::Array(vec![]), &Value::Array(vec![]))
    );
    let output = place.command(&["devices"]).output().unwrap();
    let table = text(&output);
    for part in ["architecture", "hailo8l", "4.23.0", "°C", "no"] {
        assert!(table.contains(part), "{part}: {table}");
    }
    let output = place.command(&["devices"]).env("HAILO_SIM_DEVICES", "0").output().unwrap();
    assert!(output.status.success() && text(&output).contains("no devices"), "{}", text(&output));
    let output = place.command(&["devices"]).env("HAILO_SIM_DEVICES", "two").output().unwrap();
    assert!(text(&output).contains("no number of devices"), "{}", text(&output));
    let output = place
        .command(&["devices", "--runtime", "device"])
        .env("HAILORT_LIBRARY", "/nonexistent")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("/nonexistent"), "{}", text(&output));
}

#[test]
fn who_uses_a_device_without_the_lease_is_named() {
    let place = Place::new();
    let _mark = Mark::take(&host(), "0000:01:00.0").unwrap();
    let device = &place.devices()["devices"][0];
    assert_eq!(device["others"][0]["pid"], std::process::id(), "{device}");
    let table = text(&place.command(&["devices"]).output().unwrap());
    assert!(
        table.contains(&format!("process {}", std::process::id())) && table.contains("without the lease"),
        "{table}"
    );
    // And whoever is refused by the library because of it is told, too.
    let error = hailo_harness::HailoContext::builder()
        .runtime(hailo_harness::device::RuntimeChoice::Sim)
        .model(hailo_harness::stt::SttModel::Canned)
        .worker_variable("HAILO_SIM_HOST", host())
        .try_start()
        .unwrap_err()
        .to_string();
    assert!(error.contains("HAILO_DEVICE_IN_USE"), "{error}");
    assert!(error.contains(&format!("process {} (", std::process::id())), "{error}");
}

/// A pseudo-terminal: its two sides.
fn terminal() -> (std::fs::File, OwnedFd) {
    let (mut ours, mut theirs) = (-1, -1);
    // SAFETY: both numbers are valid for the write; name and settings are not asked for.
    let made = unsafe {
        libc::openpty(
            &raw mut ours,
            &raw mut theirs,
            std::ptr::null_mut(),
            std::ptr::null(),
            std::ptr::null(),
        )
    };
    assert_eq!(made, 0);
    for fd in [ours, theirs] {
        // SAFETY: the number is open.
        assert_eq!(unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) }, 0);
    }
    // SAFETY: the numbers are open, and nobody else knows of them.
    unsafe { (std::fs::File::from_raw_fd(ours), OwnedFd::from_raw_fd(theirs)) }
}

/// Makes a command the leader of a session of its own, with this terminal.
fn on_terminal(command: &mut Command, terminal: &OwnedFd) {
    let side = || Stdio::from(terminal.try_clone().unwrap());
    command.stdin(side()).stdout(side()).stderr(side());
    let tty = terminal.as_raw_fd();
    // SAFETY: only system calls are made.
    unsafe {
        command.pre_exec(move || {
            libc::setsid();
            libc::ioctl(tty, libc::TIOCSCTTY, 0);
            Ok(())
        })
    };
}

#[test]
fn where_nobody_can_continue_it_a_program_that_stops_itself_goes_on() {
    let place = Place::new();
    let (_ours, theirs) = terminal();
    // No shell is there: the command leads the session.
    let mut command = place.hold(&[], &["sh", "-c", "kill -STOP $$; exit 6"]);
    on_terminal(&mut command, &theirs);
    let mut child = command.spawn().unwrap();
    let status = child.wait_timeout(PATIENCE).unwrap();
    let _ = child.kill();
    assert_eq!(status.and_then(|s| s.code()), Some(6));
}

#[test]
fn the_program_has_the_terminal() {
    let place = Place::new();
    let (ours, theirs) = terminal();
    let seconds = endless();
    let script = format!("read line; echo got $line; echo up; sleep {seconds}");
    let mut command = place.hold(&[], &["sh", "-c", &script]);
    on_terminal(&mut command, &theirs);
    let mut child = command.spawn().unwrap();
    drop((command, theirs));
    let mut lines = BufReader::new(ours.try_clone().unwrap()).lines();
    (&ours).write_all(b"hello\n").unwrap();
    let mut said = Vec::new();
    while !said.iter().any(|l: &String| l.trim() == "up") {
        said.push(lines.next().unwrap().unwrap());
    }
    assert!(said.iter().any(|l| l.trim() == "got hello"), "{said:?}");
    // A shell that gets it a moment before it starts a program waits for that program's end.
    until("it sleeps", || processes(&seconds) == 1);
    // Ctrl+C.
    (&ours).write_all(b"\x03").unwrap();
    let status = child.wait_timeout(PATIENCE).unwrap().expect("it ends");
    assert_eq!(status.signal(), Some(libc::SIGINT));
}

#[test]
fn what_runs_under_a_lease_that_has_ended_holds_the_device_to_all_others() {
    let place = Place::new();
    let harness = assert_cmd::cargo::cargo_bin!("hailo-harness").to_str().unwrap().to_owned();
    let seconds = endless();
    // As a program does that closes what it inherited and leaves the process group before it starts another one. What
    // the first command started lives on only where that was killed.
    let script = format!(
        "exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; \
         setsid {harness} hold --runtime sim -- sh -c 'echo up; exec sleep {seconds}' 2>/dev/null"
    );
    let mut first = place.hold(&[], &["bash", "-c", &script]).spawn().unwrap();
    read_line(&mut first, "up");
    first.kill().unwrap();
    first.wait().unwrap();
    let output = place.hold(&["--wait", "0"], &["true"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(place.devices()["devices"][0]["owner"]["program"].as_str().unwrap().contains("hold sh"));
    until("it sleeps", || processes(&seconds) == 1);
    Command::new("pkill").args(["-f", &format!("^sleep {seconds}$")]).status().unwrap();
    let output = place.hold(&["--wait", "10"], &["true"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
}

#[test]
fn a_removed_lock_file_makes_nobody_a_second_holder() {
    let place = Place::new();
    let mut first = place.up(&[], "echo up; sleep 1000");
    let lock = place.devices()["devices"][0]["lock"].as_str().unwrap().to_owned();
    std::fs::remove_file(lock).unwrap();
    let output = place.hold(&["--wait", "0"], &["true"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    signal(&first, libc::SIGTERM);
    first.wait().unwrap();
    assert!(place.hold(&["--wait", "10"], &["true"]).output().unwrap().status.success());
}

#[test]
fn a_lease_of_somebody_else_cannot_be_claimed() {
    let place = Place::new();
    let mut first = place.up(&[], "echo up; sleep 1000");
    let names =
        std::fs::read_dir(place.locks.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let ticket = names.filter_map(|n| n.strip_suffix(".held0").map(str::to_owned)).next().unwrap();
    let lease = format!("{ticket}:sim-{}-0000:01:00.0", host());
    let output = place.hold(&["--wait", "0"], &["true"]).env("HAILO_LEASE", lease).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    signal(&first, libc::SIGTERM);
    first.wait().unwrap();
}

/// What a copy of this program does. In the tests' own process nothing happens.
#[test]
fn program() {
    extern "C" fn end_this_thread(_: i32) {
        // SAFETY: ends the thread that the signal was sent to, and no other.
        unsafe { libc::syscall(libc::SYS_exit, 0) };
    }
    let what = std::env::var("HAILO_TEST_PROGRAM").unwrap_or_default();
    if what == "main thread ends" {
        let handler: extern "C" fn(i32) = end_this_thread;
        // SAFETY: the handler makes one system call; the main thread gets the signal.
        unsafe {
            libc::signal(libc::SIGUSR1, handler as usize);
            libc::syscall(libc::SYS_tgkill, libc::getpid(), libc::getpid(), libc::SIGUSR1);
        }
        std::thread::sleep(Duration::from_secs(1000));
    }
    if what == "leaves its group" {
        // SAFETY: joins the process group of its parent, and waits.
        unsafe { libc::setpgid(0, libc::getpgid(libc::getppid())) };
        std::thread::sleep(Duration::from_secs(1000));
    }
}

#[test]
fn the_deadline_and_signals_reach_a_program_that_has_left_its_group_or_lost_its_main_thread() {
    let place = Place::new();
    let own = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
    let copy = [own.as_str(), "--exact", "program", "--nocapture"];
    for what in ["leaves its group", "main thread ends"] {
        let start = Instant::now();
        let output =
            place.hold(&["--deadline", "0.5"], &copy).env("HAILO_TEST_PROGRAM", what).output().unwrap();
        assert_eq!(output.status.code(), Some(124), "{what}: {}", text(&output));
        assert!(start.elapsed() < Duration::from_secs(5), "{what}: {:?}", start.elapsed());
    }
    let mut child = place
        .hold(&[], &copy)
        .env("HAILO_TEST_PROGRAM", "leaves its group")
        .process_group(0)
        .spawn()
        .unwrap();
    let group = child.id() as i32;
    until("it has left its group", || processes("--exact") > 1 && members(group) == 2);
    signal(&child, libc::SIGTERM);
    assert_eq!(child.wait_timeout(PATIENCE).unwrap().unwrap().signal(), Some(libc::SIGTERM));
    // Far more seconds than a clock can count are no panic.
    let output = place.hold(&["--deadline", "1e19"], &["true"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
}

#[test]
fn the_deadline_is_kept_where_nobody_reads_what_is_said() {
    let place = Place::new();
    let (reader, mut writer) = std::io::pipe().unwrap();
    // SAFETY: the number is open; it is filled without waiting.
    unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
    while writer.write(&[0; 4096]).is_ok() {}
    // SAFETY: as above.
    unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_SETFL, 0) };
    let mut command = place.hold(&["--deadline", "0.3"], &["sleep", "1000"]);
    let mut child = command.stderr(Stdio::from(OwnedFd::from(writer))).spawn().unwrap();
    let status = child.wait_timeout(Duration::from_secs(5)).unwrap();
    assert_eq!(status.and_then(|s| s.code()), Some(124));
    drop(reader);
}

#[test]
fn files_of_others_stay_and_wrong_usage_is_told() {
    let place = Place::new();
    let foreign = place.locks.path().join("openvpn@server.lock");
    std::fs::write(&foreign, "theirs").unwrap();
    place.devices();
    assert!(foreign.exists());
    let output = place.command(&["hold", "--dedline", "5", "--", "true"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    let output = place.hold(&[], &["true"]).env("HAILO_LOCK_DIR", "locks").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("relative"), "{}", text(&output));
    assert!(place.hold(&[], &["sh", "-c", "exit 0"]).output().unwrap().status.success());
}

#[test]
fn the_terminal_comes_back_when_the_program_cannot_be_started() {
    let place = Place::new();
    let (ours, theirs) = terminal();
    let mut command = place.hold(&[], &["/nonexistent"]);
    let harness: Vec<_> = command.get_args().map(|a| a.to_owned()).collect();
    let program = command.get_program().to_owned();
    let mut shell = Command::new("sh");
    shell.args(["-c", "\"$@\"; read line && echo got $line", "sh"]).arg(program).args(harness);
    shell.envs(command.get_envs().filter_map(|(k, v)| Some((k, v?))));
    on_terminal(&mut shell, &theirs);
    let mut child = shell.spawn().unwrap();
    drop((shell, theirs));
    (&ours).write_all(b"hello\n").unwrap();
    let lines = BufReader::new(ours.try_clone().unwrap()).lines().map_while(Result::ok);
    assert!(lines.into_iter().any(|l| l.trim() == "got hello"));
    child.wait().unwrap();
    command.stdin(Stdio::null());
}

#[test]
fn a_program_whose_time_is_over_is_looked_at_before_it_is_ended() {
    let place = Place::new();
    let output = place.hold(&["--deadline", "0.5"], &["sleep", "1000"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(124), "{said}");
    for part in
        ["sleep (", "hung: asked to run to its end", "looked at its threads", "SIGTERM ended it", "nanosleep"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
}
