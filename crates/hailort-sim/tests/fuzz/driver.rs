//! Runs many executions, each repeatable by its seed and number, under a watchdog.

use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::random::Random;

/// The variable that says how many executions there are.
const EXECUTIONS: &str = "HAILO_FUZZ_EXECUTIONS";
/// The variable that says what they are made from.
const SEED: &str = "HAILO_FUZZ_SEED";
/// The variable that names the only one that is run.
const ONLY: &str = "HAILO_FUZZ_ONLY";
/// The variable that says how much of a soak is run.
const PERCENT: &str = "HAILO_SOAK_PERCENT";
/// How many a soak has.
const SOAK: u64 = 1_000_000;
/// How long an execution may take, on a machine that is busy.
const DEADLINE: Duration = Duration::from_secs(60);

fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok().filter(|v| !v.is_empty())?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is {value:?}, which is no number")))
}

/// How many executions a soak runs.
pub fn soak() -> u64 {
    number(EXECUTIONS).unwrap_or_else(|| SOAK * number(PERCENT).unwrap_or(100) / 100)
}

/// How many a test of every day runs.
pub fn few(count: u64) -> u64 {
    number(EXECUTIONS).unwrap_or(count)
}

/// Takes note of what an execution does, for when it hangs or fails.
#[derive(Clone, Default)]
pub struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    pub fn add(&self, what: impl Into<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(what.into());
    }

    fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).join("\n  ")
    }
}

/// Standard error, which is nobody's meanwhile: the library reports each mistake there.
struct Silence(OwnedFd);

impl Silence {
    fn new() -> Self {
        let null = std::fs::OpenOptions::new().write(true).open("/dev/null").expect("/dev/null");
        // SAFETY: duplicates of descriptors that are open; the new one is nobody's yet.
        unsafe {
            let kept = libc::dup(2);
            assert!(kept >= 0, "standard error is open");
            libc::dup2(null.as_raw_fd(), 2);
            Self(OwnedFd::from_raw_fd(kept))
        }
    }

    fn say(&self, text: &str) {
        // SAFETY: a descriptor that is open for as long as this is.
        let mut file = std::fs::File::from(self.0.try_clone().expect("a descriptor"));
        let _ = file.write_all(text.as_bytes());
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // SAFETY: two descriptors that are open.
        unsafe { libc::dup2(self.0.as_raw_fd(), 2) };
    }
}

/// What the watchdog sees.
struct Watched {
    /// The execution, and when it began, in milliseconds since `zero`.
    current: AtomicU64,
    began: AtomicU64,
    ended: AtomicBool,
    zero: Instant,
    notes: Notes,
    silence: Silence,
    again: String,
    /// Ends the process, but for the watchdog's own test.
    on_hang: fn(),
}

impl Watched {
    fn report(&self, what: &str) {
        let current = self.current.load(Ordering::SeqCst);
        let text = format!(
            "\n{what} in execution {current}; it did:\n  {}\nagain: {} {ONLY}={current}\n",
            self.notes.text(),
            self.again
        );
        self.silence.say(&text);
    }
}

fn watch(watched: &Watched, deadline: Duration) {
    while !watched.ended.load(Ordering::SeqCst) {
        std::thread::park_timeout(deadline / 20);
        let began = Duration::from_millis(watched.began.load(Ordering::SeqCst));
        if !watched.ended.load(Ordering::SeqCst) && watched.zero.elapsed().saturating_sub(began) > deadline {
            watched.report(&format!("a hang of {} s{}", deadline.as_secs_f32(), threads()));
            (watched.on_hang)();
            return;
        }
    }
}

/// What each thread waits for in the kernel.
fn threads() -> String {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let one = |task: std::fs::DirEntry| {
        let read = |file: &str| std::fs::read_to_string(task.path().join(file)).unwrap_or_default();
        format!("\n  thread {:?} {}: {}", task.file_name(), read("comm").trim(), read("wchan"))
    };
    tasks.map(one).collect()
}

/// Runs the executions. Each gets its random choices and notes what it does.
///
/// # Panics
/// With seed and number, when an execution panics or the library panics inside it.
pub fn run(test: &str, count: u64, mut execution: impl FnMut(u64, &mut Random, &Notes)) {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_nanos() as u64);
    let seed = number(SEED).unwrap_or(clock);
    let only = number(ONLY);
    let again = format!("{SEED}={seed} cargo nextest run -p hailo-harness-sim {test}, with");
    println!("{test}: {count} executions with {SEED}={seed}");
    let watched = Arc::new(Watched {
        current: AtomicU64::new(0),
        began: AtomicU64::new(0),
        ended: AtomicBool::new(false),
        zero: Instant::now(),
        notes: Notes::default(),
        silence: Silence::new(),
        again,
        on_hang: || std::process::abort(),
    });
    // A panic behind the C boundary becomes a status: it has to be seen where it happens.
    std::panic::set_hook(Box::new({
        let watched = Arc::clone(&watched);
        move |panic| {
            watched.report(&format!("a panic: {panic}"));
            std::process::abort();
        }
    }));
    let watchdog = std::thread::spawn({
        let watched = Arc::clone(&watched);
        move || watch(&watched, DEADLINE)
    });
    let numbers = only.map_or(0..count, |only| only..only + 1);
    for current in numbers {
        watched.notes.clear();
        watched.current.store(current, Ordering::SeqCst);
        watched.began.store(watched.zero.elapsed().as_millis() as u64, Ordering::SeqCst);
        execution(current, &mut Random::of(seed, current), &watched.notes);
    }
    watched.ended.store(true, Ordering::SeqCst);
    watchdog.thread().unpark();
    watchdog.join().expect("the watchdog");
    let _ = std::panic::take_hook();
    let took = watched.zero.elapsed();
    println!("{test}: {count} executions in {:.1} s", took.as_secs_f32());
}
