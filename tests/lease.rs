//! The lease of a device: order, deadlines, owners, the dead and the hostile.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hailo_harness::device::lease::{DeviceLease, LeaseError, LeaseOptions, LockFolder, Queue, Wait};

const DEVICE: &str = "0000:01:00.0";
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

fn devices(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

struct Place {
    temporary: tempfile::TempDir,
    folder: LockFolder,
}

impl Place {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = LockFolder::at(temporary.path()).unwrap();
        Self { temporary, folder }
    }

    fn path(&self) -> &Path {
        self.temporary.path()
    }

    fn options(&self, wait: Wait) -> LeaseOptions {
        LeaseOptions::in_folder(self.folder.clone()).waiting(wait)
    }

    fn acquire(&self, wait: Wait) -> Result<DeviceLease, LeaseError> {
        DeviceLease::acquire(&devices(&[DEVICE]), &self.options(wait))
    }

    fn patiently(&self) -> DeviceLease {
        self.acquire(Wait::AtMost(PATIENCE)).unwrap()
    }

    fn queue(&self) -> Queue {
        Queue::read(&self.folder).unwrap()
    }

    /// Waits until so many wait.
    fn until_waiting(&self, count: usize) {
        until("they wait", || self.queue().waiting(DEVICE).len() == count);
    }

    /// Tickets that lie in the folder.
    fn tickets(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.path()).unwrap().map(|e| e.unwrap().file_name());
        names.map(|n| n.to_string_lossy().into_owned()).filter(|n| !n.ends_with(".lock")).collect()
    }

    fn program(&self, what: &str) -> Program {
        Program::start(self.path(), what)
    }
}

fn until(what: &str, mut yes: impl FnMut() -> bool) {
    let start = Instant::now();
    while !yes() {
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::yield_now();
    }
}

/// What copies of this program do. In the tests' own process nothing happens.
#[test]
fn program() {
    let Ok(what) = std::env::var("HAILO_TEST_PROGRAM") else { return };
    match what.as_str() {
        "hold" => {
            let options = LeaseOptions::usual().unwrap();
            let lease = DeviceLease::acquire(&devices(&[DEVICE]), &options).unwrap();
            println!("held {}", lease.device());
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).unwrap();
            drop(lease);
            println!("released");
        }
        // Starts a program that keeps a copy of the lock, as a worker does.
        "hand over" => {
            let options = LeaseOptions::usual().unwrap();
            let lease = DeviceLease::acquire(&devices(&[DEVICE]), &options).unwrap();
            let files = lease.files().map(|f| f.as_raw_fd());
            let mut command = Command::new("sleep");
            command.arg("1000").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            // SAFETY: only a system call is made.
            unsafe {
                command.pre_exec(move || {
                    files.iter().for_each(|f| assert_eq!(libc::fcntl(*f, libc::F_SETFD, 0), 0));
                    Ok(())
                })
            };
            println!("child {}", command.spawn().unwrap().id());
            loop {
                std::thread::park();
            }
        }
        other => panic!("{other}"),
    }
}

struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Program {
    fn start(folder: &Path, what: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "program", "--nocapture"])
            .env("HAILO_TEST_PROGRAM", what)
            .env("HAILO_LOCK_DIR", folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { stdin: child.stdin.take(), child, lines }
    }

    /// Reads until it says this, and answers what follows.
    fn until(&mut self, word: &str) -> String {
        for line in self.lines.by_ref() {
            let line = line.unwrap();
            if let Some((_, rest)) = line.split_once(word) {
                return rest.trim().to_owned();
            }
        }
        panic!("it ended without {word:?}")
    }

    fn signal(&self, signal: i32) {
        // SAFETY: a signal to a child of this test that was not reaped yet.
        assert_eq!(unsafe { libc::kill(self.child.id() as i32, signal) }, 0);
    }

    fn release(&mut self) {
        self.stdin.take().unwrap().write_all(b"\n").unwrap();
        self.until("released");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn threads_get_it_one_by_one_in_order_of_arrival() {
    let place = Place::new();
    let order = Mutex::new(Vec::new());
    let (inside, first) = (AtomicBool::new(false), place.patiently());
    std::thread::scope(|scope| {
        for i in 0..8 {
            let (place, order, inside) = (&place, &order, &inside);
            scope.spawn(move || {
                let lease = place.patiently();
                assert!(!inside.swap(true, Ordering::SeqCst), "two at once");
                order.lock().unwrap().push(i);
                assert!(inside.swap(false, Ordering::SeqCst));
                drop(lease);
            });
            place.until_waiting(i + 1);
        }
        drop(first);
    });
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(place.tickets(), Vec::<String>::new());
}

#[test]
fn the_deadline_names_the_owner_and_how_long_it_has_held() {
    let place = Place::new();
    let mut other = place.program("hold");
    other.until("held");
    let start = Instant::now();
    let error = place.acquire(Wait::AtMost(Duration::from_millis(300))).unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    let LeaseError::Timeout { holders, before, .. } = &error else { panic!("{error}") };
    let owner = holders[0].1.clone().unwrap();
    assert_eq!((owner.pid, *before), (other.child.id(), 0));
    assert!(owner.seconds.unwrap() >= 0.3, "{owner:?}");
    let text = error.to_string();
    for part in [DEVICE, "within 0.3 s", "test ", &format!("process {}", owner.pid), "hailo-harness devices"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let error = place.acquire(Wait::Never).unwrap_err();
    assert!(matches!(error, LeaseError::Busy { .. }), "{error}");
    assert_eq!(place.queue().owner(DEVICE).unwrap().pid, other.child.id());
    other.release();
    drop(place.acquire(Wait::Never).unwrap());
}

#[test]
fn the_same_thread_would_wait_for_itself_and_another_queues() {
    let place = Place::new();
    let first = place.patiently();
    let start = Instant::now();
    let error = place.acquire(Wait::AtMost(PATIENCE)).unwrap_err();
    assert!(
        matches!(error, LeaseError::SameThread { .. }) && start.elapsed() < Duration::from_secs(1),
        "{error}"
    );
    std::thread::scope(|scope| {
        // The lease goes to another thread, and this one is free to wait for it.
        let (to, handed) = std::sync::mpsc::channel();
        let place = &place;
        scope.spawn(move || {
            let first: DeviceLease = handed.recv().unwrap();
            first.hand_over_here();
            assert!(matches!(place.acquire(Wait::Never), Err(LeaseError::SameThread { .. })));
            place.until_waiting(1);
        });
        to.send(first).unwrap();
        until("it is handed over", || {
            !matches!(place.acquire(Wait::Never), Err(LeaseError::SameThread { .. }))
        });
        drop(place.patiently());
    });
}

#[test]
fn the_dead_hold_nothing_and_nobody_waits_for_them() {
    let place = Place::new();
    let mut holder = place.program("hold");
    holder.until("held");
    let waiter = place.program("hold");
    place.until_waiting(1);
    let mut third = place.program("hold");
    place.until_waiting(2);
    waiter.signal(libc::SIGKILL);
    place.until_waiting(1);
    let start = Instant::now();
    holder.signal(libc::SIGKILL);
    third.until("held");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    third.release();
    drop((holder, waiter));
    drop(place.patiently());
    assert_eq!(place.tickets(), Vec::<String>::new(), "what they left is removed");
}

#[test]
fn one_who_is_stopped_in_the_queue_is_overtaken() {
    let place = Place::new();
    let holder = place.patiently();
    let stopped = place.program("hold");
    place.until_waiting(1);
    stopped.signal(libc::SIGSTOP);
    until("it stands", || place.queue().waiting(DEVICE).first().is_some_and(|o| o.stopped));
    let mut next = place.program("hold");
    place.until_waiting(2);
    drop(holder);
    next.until("held");
    let error = place.acquire(Wait::Never).unwrap_err().to_string();
    assert!(error.contains(&format!("process {}", next.child.id())), "{error}");
    next.release();
}

#[test]
fn several_devices_are_a_pool() {
    let place = Place::new();
    let both = devices(&["a", "b"]);
    let options = place.options(Wait::AtMost(PATIENCE));
    let first = DeviceLease::acquire(&both, &options).unwrap();
    let second = DeviceLease::acquire(&both, &options).unwrap();
    assert_eq!((first.device(), second.device()), ("a", "b"));
    assert!(matches!(DeviceLease::acquire(&both, &options), Err(LeaseError::SameThread { .. })));
    std::thread::scope(|scope| {
        let wants_a = devices(&["a"]);
        let (place, options) = (&place, &options);
        let third = scope.spawn(move || DeviceLease::acquire(&wants_a, options).unwrap().device().to_owned());
        until("it waits", || place.queue().waiting("a").len() == 1);
        // Who waits for one device is in nobody's way who can use another.
        drop(second);
        let fourth = DeviceLease::acquire(&devices(&["a", "b"]), options);
        assert_eq!(fourth.unwrap().device(), "b");
        drop(first);
        assert_eq!(third.join().unwrap(), "a");
    });
    assert!(matches!(DeviceLease::acquire(&[], &options), Err(LeaseError::NoDevice)));
}

#[test]
fn waiting_can_be_ended() {
    let place = Place::new();
    let _held = place.patiently();
    std::thread::scope(|scope| {
        let options = place.options(Wait::AtMost(PATIENCE));
        let cancelled = Arc::clone(&options.cancelled);
        let waiter = scope.spawn(move || DeviceLease::acquire(&devices(&[DEVICE]), &options));
        place.until_waiting(1);
        cancelled.store(true, Ordering::SeqCst);
        assert!(matches!(waiter.join().unwrap(), Err(LeaseError::Cancelled)));
    });
    assert_eq!(place.tickets().len(), 1, "the waiter's ticket is gone");
}

#[test]
fn who_has_a_copy_of_the_lock_keeps_the_device_when_the_holder_is_killed() {
    let place = Place::new();
    let mut holder = place.program("hand over");
    let child: i32 = holder.until("child ").parse().unwrap();
    holder.signal(libc::SIGKILL);
    holder.child.wait().unwrap();
    let error = place.acquire(Wait::Never).unwrap_err().to_string();
    assert!(error.contains("has ended; what it started has not: sleep ("), "{error}");
    // SAFETY: a signal to a process that the test's program started, and which ends only by that.
    assert_eq!(unsafe { libc::kill(child, libc::SIGKILL) }, 0);
    drop(place.patiently());
}

#[test]
fn a_child_made_by_fork_does_not_give_the_device_back() {
    let place = Place::new();
    let lease = place.patiently();
    // SAFETY: the child drops the lease, which makes system calls only, and exits at once.
    let child = unsafe { libc::fork() };
    if child == 0 {
        drop(lease);
        // SAFETY: ends the child without what the test's process does at its end.
        unsafe { libc::_exit(0) }
    }
    let mut status = 0;
    // SAFETY: waits for the child.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0);
    std::thread::scope(|scope| {
        let refused = scope.spawn(|| place.acquire(Wait::Never).unwrap_err());
        assert!(matches!(refused.join().unwrap(), LeaseError::Busy { .. }));
    });
    assert_eq!(place.queue().owner(DEVICE).unwrap().pid, std::process::id());
}

#[test]
fn a_program_under_a_lease_uses_that_device_and_queues_among_its_own() {
    let place = Place::new();
    let outer = place.patiently();
    let (variable, value) = outer.nested();
    // SAFETY: no other thread reads the environment.
    unsafe { std::env::set_var(variable, &value) };
    let inner = place.patiently();
    assert_eq!(inner.device(), DEVICE);
    let mut second = place.program("hold");
    until("it waits", || place.tickets().iter().filter(|t| t.ends_with(".waiting")).count() == 1);
    let error = place.acquire(Wait::Never).unwrap_err().to_string();
    assert!(!error.contains('@'), "{error}");
    drop(inner);
    assert_eq!(second.until("held "), DEVICE);
    second.release();
    drop(outer);
    // The lease is over: what the variable says is not true any more.
    let lease = place.patiently();
    assert!(place.queue().owner(DEVICE).is_some(), "the device itself");
    drop(lease);
    drop(place.patiently());
    let left: Vec<_> = std::fs::read_dir(place.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["0000:01:00.0.lock"]);
}

#[test]
fn a_plain_flock_is_respected_and_named() {
    let place = Place::new();
    drop(place.patiently());
    let file = std::fs::File::open(place.path().join("0000:01:00.0.lock")).unwrap();
    file.lock().unwrap();
    let error = place.acquire(Wait::AtMost(Duration::from_millis(50))).unwrap_err().to_string();
    assert!(error.contains(&format!("by process {}", std::process::id())), "{error}");
    drop(file);
    drop(place.patiently());
}

#[test]
fn hostile_files_are_neither_followed_nor_changed_nor_waited_for() {
    let place = Place::new();
    let victim = place.path().join("victim");
    let lock = place.path().join("0000:01:00.0.lock");
    std::fs::write(&victim, "precious").unwrap();
    let refused = |what: &str| {
        let start = Instant::now();
        let error = place.acquire(Wait::AtMost(PATIENCE)).unwrap_err().to_string();
        assert!(start.elapsed() < Duration::from_secs(2), "{what}");
        assert!(error.contains("0000:01:00.0.lock") && error.contains("no plain file"), "{what}: {error}");
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious", "{what}");
    };
    std::os::unix::fs::symlink(&victim, &lock).unwrap();
    refused("a link");
    std::fs::remove_file(&lock).unwrap();
    std::fs::hard_link(&victim, &lock).unwrap();
    refused("a second name");
    std::fs::remove_file(&lock).unwrap();
    rustix_fifo(&lock);
    refused("a pipe");
    std::fs::remove_file(&lock).unwrap();
    std::fs::create_dir(&lock).unwrap();
    refused("a folder");
    std::fs::remove_dir(&lock).unwrap();
    // A lock file with something in it stays as it is.
    std::fs::write(&lock, "somebody's").unwrap();
    // Tickets that came first, by their names: garbage, a pipe, a link, an endless one, one of somebody who is dead.
    let ticket = |name: &str| place.path().join(name);
    let dead = "00000000000000000001-1-1.waiting";
    let valid =
        format!(r#"{{"pid":1,"start":1,"namespace":1,"program":"x","test":null,"devices":["{DEVICE}"]}}"#);
    std::fs::write(ticket(dead), &valid).unwrap();
    std::fs::write(ticket("00000000000000000002-1-1.waiting"), "garbage").unwrap();
    rustix_fifo(&ticket("00000000000000000003-1-1.waiting"));
    std::os::unix::fs::symlink(&victim, ticket("00000000000000000004-1-1.held0")).unwrap();
    let big = ticket("00000000000000000005-1-1.waiting");
    std::fs::write(&big, valid + &" ".repeat(1 << 20)).unwrap();
    let alive = std::fs::File::open(&big).unwrap();
    alive.lock().unwrap();
    let lease = place.acquire(Wait::AtMost(Duration::from_secs(2))).unwrap();
    assert_eq!(place.queue().owner(DEVICE).unwrap().pid, std::process::id());
    drop(lease);
    assert_eq!(std::fs::read_to_string(&lock).unwrap(), "somebody's");
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
    assert!(!ticket(dead).exists());
}

fn rustix_fifo(path: &Path) {
    let path = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: the path is a string.
    assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o666) }, 0);
}

#[test]
fn what_the_variables_say_is_checked() {
    let set = |name: &str, value: &str| {
        // SAFETY: no other thread reads the environment.
        unsafe { std::env::set_var(name, value) };
    };
    set("HAILO_DEVICE_DEADLINE", "soon");
    let error = Wait::from_environment().unwrap_err().to_string();
    assert!(error.contains("HAILO_DEVICE_DEADLINE=soon"), "{error}");
    set("HAILO_DEVICE_DEADLINE", "1");
    assert_eq!(Wait::from_environment().unwrap(), Wait::AtMost(Duration::from_secs(1)));
    set("HAILO_LOCK_DIR", "/proc/nothing/here");
    let error = LeaseOptions::usual().unwrap_err().to_string();
    assert!(error.contains("/proc/nothing/here") && error.contains("HAILO_LOCK_DIR"), "{error}");
}
