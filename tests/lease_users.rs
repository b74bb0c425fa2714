//! Users of a host who do not trust each other share its devices. In profile ci, since it needs root: programs run as
//! root, as nobody and as a third user, in a sticky folder, where the kernel protects files of others as strictly as
//! it can.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hailo_harness::HailoContext;
use hailo_harness::context::ContextError;
use hailo_harness::device::lease::{DeviceLease, LeaseOptions, LockFolder, Queue, Wait};
use hailo_harness::device::{Holders, Node, RuntimeChoice};
use hailo_harness::stt::{RetryPolicy, SttModel};
use hailort_sim::runtime::mark::{Mark, socket_name_on};
use rustix::fs::{FlockOperation, flock};

const DEVICE: &str = "0000:01:00.0";
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);
/// Who takes part.
const ROOT: u32 = 0;
const NOBODY: u32 = 65534;
const THIRD: u32 = 65533;
/// Each order of two of them.
const PAIRS: [(u32, u32); 4] = [(ROOT, NOBODY), (NOBODY, ROOT), (NOBODY, THIRD), (THIRD, NOBODY)];

#[path = "common/host.rs"]
mod own;
use own::host;

/// What the kernel protects, set for as long as this lives, also where the test panics. One test at a time.
struct Protected {
    before: Vec<(PathBuf, String)>,
    _one: MutexGuard<'static, ()>,
}

impl Protected {
    fn set() -> Self {
        static ONE: Mutex<()> = Mutex::new(());
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(
            rustix::process::geteuid().is_root(),
            "this test starts programs as other users, and has to be run as root"
        );
        let mut protected = Self { before: Vec::new(), _one: one };
        for (name, value) in [("regular", "2"), ("hardlinks", "1"), ("fifos", "2")] {
            let path = PathBuf::from(format!("/proc/sys/fs/protected_{name}"));
            let before = std::fs::read_to_string(&path).unwrap();
            if before.trim() != value {
                std::fs::write(&path, value)
                    .unwrap_or_else(|e| panic!("this test has to set {} to {value}: {e}", path.display()));
                protected.before.push((path, before));
            }
        }
        protected
    }
}

impl Drop for Protected {
    fn drop(&mut self) {
        for (path, before) in &self.before {
            if let Err(error) = std::fs::write(path, before) {
                eprintln!("{} was {}, and is not set back: {error}", path.display(), before.trim());
            }
        }
    }
}

/// A place that all users can get at: this program, and a folder of locks.
struct Place {
    temporary: tempfile::TempDir,
    program: PathBuf,
    _protected: Protected,
}

impl Place {
    fn new() -> Self {
        let protected = Protected::set();
        let temporary = tempfile::tempdir().unwrap();
        mode(temporary.path(), 0o755);
        // The folder of the build may be closed to others, or hidden by a mount.
        let program = temporary.path().join("program");
        std::fs::copy("/proc/self/exe", &program).unwrap();
        mode(&program, 0o755);
        let place = Self { temporary, program, _protected: protected };
        std::fs::create_dir(place.locks()).unwrap();
        mode(&place.locks(), 0o1777);
        place
    }

    fn locks(&self) -> PathBuf {
        self.temporary.path().join("locks")
    }

    /// Runs a copy as this user. Its umask leaves nothing to others.
    fn program(&self, user: u32, what: &str) -> Program {
        self.program_with(user, what, |command| {
            command.env("HAILO_LOCK_DIR", self.locks());
        })
    }

    fn program_with(&self, user: u32, what: &str, set: impl FnOnce(&mut Command)) -> Program {
        let mut command = Command::new(&self.program);
        command
            .args(["--exact", "program", "--nocapture"])
            .env("HAILO_TEST_PROGRAM", what)
            .env("HAILO_SIM_HOST", host())
            .env_remove("HAILO_SIM_DEVICES")
            .env_remove("HAILO_LOCK_DIR")
            .env_remove("HAILO_DEVICE_DEADLINE")
            .env_remove("NEXTEST_TEST_NAME")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .uid(user)
            .gid(user);
        set(&mut command);
        // SAFETY: only a system call is made.
        unsafe {
            command.pre_exec(|| {
                libc::umask(0o077);
                Ok(())
            })
        };
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Program { stdin: child.stdin.take(), child, lines }
    }

    /// Files in the folder of the locks.
    fn files(&self) -> Vec<PathBuf> {
        std::fs::read_dir(self.locks()).unwrap().map(|e| e.unwrap().path()).collect()
    }

    fn tickets(&self) -> Vec<PathBuf> {
        self.files().into_iter().filter(|p| p.extension().is_some_and(|e| e != "lock")).collect()
    }
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Program {
    /// Reads until it says this, and answers what follows.
    #[track_caller]
    fn until(&mut self, word: &str) -> String {
        let mut said = Vec::new();
        for line in self.lines.by_ref() {
            let line = line.unwrap();
            if let Some((_, rest)) = line.split_once(word) {
                return rest.trim().to_owned();
            }
            said.push(line);
        }
        panic!("it ended without {word:?}: {said:#?}")
    }

    fn id(&self) -> u32 {
        self.child.id()
    }

    /// Lets it give back what it holds.
    fn go_on(&mut self) {
        self.stdin.take().unwrap().write_all(b"\n").unwrap();
    }

    fn release(mut self) {
        self.go_on();
        self.until("released");
        assert!(self.child.wait().unwrap().success());
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What copies of this program do. In the tests' own process nothing happens.
#[test]
fn program() {
    let Ok(what) = std::env::var("HAILO_TEST_PROGRAM") else { return };
    let wait_for_a_line = || std::io::stdin().read_line(&mut String::new()).unwrap();
    let devices = [DEVICE.to_owned()];
    let options = || LeaseOptions::usual().unwrap();
    println!();
    match what.as_str() {
        "hold" => {
            let options = options();
            println!("folder {}", options.folder.path().display());
            let lease = DeviceLease::acquire(&devices, &options).unwrap();
            println!("held");
            wait_for_a_line();
            drop(lease);
            println!("released");
        }
        "try" => {
            // Said after it is given back.
            let lease = DeviceLease::acquire(&devices, &options().waiting(Wait::Never));
            let answer = lease.map_or_else(|e| e.to_string(), |_| "it is free".into());
            println!("answer: {answer}");
        }
        "vandal" => {
            // Everything that destroys the lock of another user, were it allowed.
            for file in std::fs::read_dir(options().folder.path()).unwrap().map(|e| e.unwrap().path()) {
                let attempts = [
                    ("write", std::fs::OpenOptions::new().write(true).open(&file).map(drop)),
                    ("truncate", std::fs::File::create(&file).map(drop)),
                    ("remove", std::fs::remove_file(&file)),
                    ("rename", std::fs::rename(&file, file.with_extension("gone"))),
                    ("open to all", std::fs::set_permissions(&file, PermissionsExt::from_mode(0o666))),
                    ("second name", std::fs::hard_link(&file, file.with_extension("second"))),
                ];
                for (name, result) in attempts {
                    println!("{} {name} {}", if result.is_ok() { "done" } else { "refused" }, file.display());
                }
            }
            println!("tried");
        }
        "flock" => {
            let file = std::fs::File::open(options().folder.lock_of(DEVICE)).unwrap();
            flock(&file, FlockOperation::LockExclusive).unwrap();
            println!("held");
            wait_for_a_line();
            println!("released");
        }
        // Tickets with an arrival before all others, and the content that the variable says.
        "forge" => {
            let folder = options().folder;
            let start = std::fs::read_to_string("/proc/self/stat").unwrap();
            let start = start.rsplit_once(')').unwrap().1.split_whitespace().nth(19).unwrap();
            let head = format!(
                r#"{{"pid":{},"start":{start},"namespace":{},"#,
                std::process::id(),
                std::fs::metadata("/proc/self/ns/pid").unwrap().ino()
            );
            let tail = format!(r#","test":"\u001b[2J\r\n","devices":["{DEVICE}"]}}"#);
            let escapes = format!(r#"{head}"program":"\u001b]0;owned\u0007{}"{tail}"#, "x".repeat(3000));
            let huge = format!(r#"{head}"program":"{}"{tail}"#, "x".repeat(1 << 20));
            let mut no_text = format!(r#"{head}"program":"HERE"{tail}"#).into_bytes();
            let at = no_text.windows(4).position(|w| w == b"HERE").unwrap();
            no_text[at..at + 4].copy_from_slice(b"\xff\xfe\xc0\x80");
            let contents: [(&str, Vec<u8>); 4] = [
                ("escapes.held0", escapes.into_bytes()),
                ("huge.waiting", huge.into_bytes()),
                ("no_text.waiting", no_text),
                ("empty.held0", Vec::new()),
            ];
            let mut files = Vec::new();
            for (i, (name, content)) in contents.iter().enumerate() {
                let state = name.split_once('.').unwrap().1;
                let path = folder.path().join(format!("{:020}-{}-{i}.{state}", i + 1, std::process::id()));
                std::fs::write(&path, content).unwrap();
                mode(&path, 0o644);
                let file = std::fs::File::open(&path).unwrap();
                flock(&file, FlockOperation::LockExclusive).unwrap();
                files.push(file);
            }
            println!("held");
            wait_for_a_line();
            println!("released");
        }
        "look" => {
            let node = std::env::var("HAILO_TEST_NODE").unwrap();
            let holders = Holders::look(&[Node::Socket(node)], &[]);
            println!("found {:?}", holders.found.iter().map(|h| h.pid).collect::<Vec<_>>());
            println!("unreadable {:?}", holders.unreadable.iter().map(|u| u.0).collect::<Vec<_>>());
            println!("text {holders}");
        }
        "context" => {
            let context = HailoContext::builder()
                .runtime(RuntimeChoice::Sim)
                .model(SttModel::Canned)
                .retry_open(RetryPolicy::never())
                .start();
            match context {
                Ok(context) => {
                    println!("held");
                    wait_for_a_line();
                    assert!(context.close().is_clean());
                    println!("released");
                }
                Err(ContextError::Stt(error)) => {
                    println!("refused {:?} {}", error.hailo_status(), error.to_string().replace('\n', " "));
                }
                Err(error) => panic!("{error}"),
            }
        }
        other => panic!("{other}"),
    }
}

#[track_caller]
fn until(what: &str, mut yes: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !yes() {
        assert!(Instant::now() < end, "waited in vain: {what}");
        std::thread::yield_now();
    }
}

/// That the first user excludes the second, names itself, and lets it go on at its end, however that is.
fn exclude(place: &Place, first: u32, second: u32, what: &str) {
    for killed in [false, true] {
        let mut holder = place.program(first, what);
        holder.until("held");
        let answer = place.program(second, "try").until("answer:");
        for part in [format!("by process {}", holder.id()), format!("user {first}")] {
            assert!(answer.contains(&part), "{first}, {second}, {part:?}: {answer}");
        }
        let mut waiter = place.program(second, "hold");
        let folder = LockFolder::at(&place.locks()).unwrap();
        until("it waits", || {
            let waiting = Queue::read(&folder).unwrap().waiting(DEVICE);
            waiting.iter().any(|o| (o.pid, o.uid) == (waiter.id(), second))
        });
        let start = Instant::now();
        if killed {
            holder.kill();
        } else {
            holder.release();
        }
        waiter.until("held");
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        waiter.release();
    }
}

#[test]
fn two_users_exclude_each_other_both_ways() {
    for (first, second) in PAIRS {
        // The first one makes the lock file.
        let place = Place::new();
        exclude(&place, first, second, "hold");
        exclude(&place, second, first, "hold");
        let locks: Vec<_> = place.files().into_iter().filter(|p| !place.tickets().contains(p)).collect();
        assert_eq!(locks.len(), 1, "{locks:?}");
        let stat = locks[0].metadata().unwrap();
        assert_eq!(
            (stat.uid(), stat.mode() & 0o777),
            (first, 0o644),
            "the umask of the first does not matter"
        );
    }
}

#[test]
fn a_plain_flock_of_another_user_is_respected_and_named() {
    for (first, second) in PAIRS {
        let place = Place::new();
        place.program(second, "try").until("answer: it is free");
        exclude(&place, first, second, "flock");
    }
}

#[test]
fn files_of_another_user_can_be_neither_written_nor_removed() {
    for (first, second) in [(ROOT, NOBODY), (THIRD, NOBODY)] {
        let place = Place::new();
        let mut holder = place.program(first, "hold");
        holder.until("held");
        let before: Vec<_> = place.files().iter().map(|p| (p.clone(), std::fs::read(p).unwrap())).collect();
        let mut vandal = place.program(second, "vandal");
        vandal.until("tried");
        drop(vandal);
        let after: Vec<_> = place.files().iter().map(|p| (p.clone(), std::fs::read(p).unwrap())).collect();
        assert_eq!((before.len(), &before), (2, &after));
        let answer = place.program(second, "try").until("answer:");
        assert!(answer.contains(&format!("by process {}", holder.id())), "{answer}");
        holder.release();
        place.program(second, "try").until("answer: it is free");
    }
}

#[test]
fn tickets_of_the_dead_of_another_user_are_in_nobodys_way() {
    for (first, second) in [(ROOT, NOBODY), (NOBODY, THIRD)] {
        let place = Place::new();
        let mut holder = place.program(first, "hold");
        holder.until("held");
        let mut waiter = place.program(first, "hold");
        until("it waits", || place.tickets().len() == 2);
        until("it stands there", || {
            place.tickets().iter().any(|t| t.extension().is_some_and(|e| e == "waiting"))
        });
        holder.kill();
        waiter.kill();
        // What they left cannot be removed by another user, and does no harm.
        place.program(second, "try").until("answer: it is free");
        let mut next = place.program(second, "hold");
        next.until("held");
        assert!(place.tickets().len() >= 2, "{:?}", place.tickets());
        next.release();
        // Its own user removes it.
        place.program(first, "try").until("answer: it is free");
        assert_eq!(place.tickets(), Vec::<PathBuf>::new());
    }
}

#[test]
fn what_another_user_writes_of_itself_is_shown_harmless_and_blocks_no_longer_than_it_lives() {
    let place = Place::new();
    let mut forger = place.program(NOBODY, "forge");
    forger.until("held");
    // It says that it holds the device, and does not: that keeps others away, as taking the lock would. The name in the
    // text is the forged one; the user is the kernel's.
    for user in [ROOT, THIRD] {
        let answer = place.program(user, "try").until("answer:");
        assert!(!answer.chars().any(char::is_control) && answer.chars().count() < 600, "{answer:?}");
        assert!(answer.contains(&format!("user {NOBODY}")), "{answer}");
        assert!(answer.contains("\\u{1b}") && answer.contains('…'), "{answer}");
    }
    forger.release();
    for user in [ROOT, THIRD] {
        place.program(user, "try").until("answer: it is free");
    }
}

/// A mount namespace of this thread's own, and what it starts, with empty folders for the usual locks.
fn own_mounts(run_lock: u32) {
    let check = |what: &str, result: libc::c_int| {
        let error = std::io::Error::last_os_error();
        assert_eq!(result, 0, "this test needs mounts of its own: {what}: {error}");
    };
    // SAFETY: changes the mounts that this thread sees, and those of the programs that it starts.
    check("unshare", unsafe { libc::unshare(libc::CLONE_NEWNS) });
    let mount = |source: Option<&std::ffi::CStr>, target: &std::ffi::CStr, flags, data: &std::ffi::CStr| {
        let kind = c"tmpfs".as_ptr();
        let source = source.map_or(std::ptr::null(), std::ffi::CStr::as_ptr);
        // SAFETY: all are strings, or null where none is needed.
        let result = unsafe { libc::mount(source, target.as_ptr(), kind, flags, data.as_ptr().cast()) };
        check(&format!("mount {target:?}"), result);
    };
    mount(None, c"/", libc::MS_REC | libc::MS_PRIVATE, c"");
    mount(Some(c"tmpfs"), c"/tmp", 0, c"mode=1777");
    let data = std::ffi::CString::new(format!("mode={run_lock:o}")).unwrap();
    mount(Some(c"tmpfs"), c"/run/lock", 0, &data);
}

/// On a thread of its own, since the mounts are those of a thread.
fn with_own_mounts(run_lock: u32, what: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            own_mounts(run_lock);
            what();
        });
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    });
}

#[test]
fn the_usual_folder_is_for_all_whoever_makes_it() {
    for (first, second) in PAIRS {
        with_own_mounts(0o1777, || {
            let place = Place::new();
            let usual = |user, what: &str| place.program_with(user, what, |_| {});
            let mut holder = usual(first, "hold");
            assert_eq!(holder.until("folder "), "/run/lock/hailo-harness");
            holder.until("held");
            let stat = std::fs::metadata("/run/lock/hailo-harness").unwrap();
            assert_eq!((stat.uid(), stat.mode() & 0o7777), (first, 0o1777));
            let answer = usual(second, "try").until("answer:");
            assert!(answer.contains(&format!("user {first}")), "{answer}");
            let mut waiter = usual(second, "hold");
            assert_eq!(waiter.until("folder "), "/run/lock/hailo-harness");
            holder.release();
            waiter.until("held");
            waiter.release();
        });
    }
}

#[test]
fn where_only_root_may_make_the_first_folder_the_others_agree_on_the_second() {
    with_own_mounts(0o755, || {
        let place = Place::new();
        let usual = |user, what: &str| place.program_with(user, what, |_| {});
        let mut holder = usual(NOBODY, "hold");
        assert_eq!(holder.until("folder "), "/tmp/hailo-harness-lock");
        holder.until("held");
        // Root could make the first one, and would not see that the device is in use.
        for user in [THIRD, ROOT] {
            let answer = usual(user, "try").until("answer:");
            assert!(answer.contains(&format!("user {NOBODY}")), "{user}: {answer}");
        }
        holder.release();
        // Once somebody has made the first, it is everybody's.
        std::fs::create_dir("/run/lock/hailo-harness").unwrap();
        mode(Path::new("/run/lock/hailo-harness"), 0o1777);
        let mut holder = usual(NOBODY, "hold");
        assert_eq!(holder.until("folder "), "/run/lock/hailo-harness");
        holder.until("held");
        assert!(usual(ROOT, "try").until("answer:").contains(&format!("user {NOBODY}")));
        holder.release();
    });
}

#[test]
fn who_cannot_look_at_a_process_says_so() {
    let place = Place::new();
    let mark = Mark::take(&host_name(), DEVICE).unwrap();
    let node = socket_name_on(&host_name(), DEVICE);
    let look = |user| {
        let mut program = place.program_with(user, "look", |command| {
            command.env("HAILO_TEST_NODE", &node);
        });
        [program.until("found "), program.until("unreadable "), program.until("text ")]
    };
    let has = |list: &str, pid: u32| list.trim_matches(['[', ']']).split(", ").any(|p| p == pid.to_string());
    let me = std::process::id();
    let [found, unreadable, text] = look(NOBODY);
    assert_eq!(found, "[]");
    assert!(has(&unreadable, me), "{unreadable}");
    for part in ["no process that can be seen has it open", "could not be looked at", "sudo"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let [found, unreadable, _] = look(ROOT);
    assert!(has(&found, me) && !has(&unreadable, me), "{found} {unreadable}");
    drop(mark);
}

/// The simulated host of this test's programs.
fn host_name() -> String {
    hailort_sim::runtime::host::name_of(Some(host().as_ref()))
}

#[test]
fn contexts_of_two_users_exclude_each_other() {
    for (first, second) in PAIRS {
        let place = Place::new();
        let mut holder = place.program(first, "context");
        holder.until("held");
        // Without a common folder the simulated device itself refuses: its name is not a user's.
        let elsewhere = place.temporary.path().join(format!("elsewhere-{second}"));
        std::fs::create_dir(&elsewhere).unwrap();
        std::os::unix::fs::chown(&elsewhere, Some(second), Some(second)).unwrap();
        let mut refused = place.program_with(second, "context", |command| {
            command.env("HAILO_LOCK_DIR", &elsewhere);
        });
        let why = refused.until("refused ");
        assert!(why.starts_with("Some(73)") || why.starts_with("Some(74)"), "{why}");
        // With it, the second waits for the first.
        let mut refused = place.program_with(second, "context", |command| {
            command.env("HAILO_LOCK_DIR", place.locks()).env("HAILO_DEVICE_DEADLINE", "0");
        });
        let why = refused.until("refused ");
        assert!(why.starts_with("None") && why.contains(&format!("user {first}")), "{why}");
        let mut waiter = place.program(second, "context");
        until("it waits", || place.tickets().len() == 2);
        holder.release();
        waiter.until("held");
        waiter.release();
    }
}
