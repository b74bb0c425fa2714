//! Programs that contend for one simulated device, and are killed and stopped at random, again and again. In profile
//! soak: 200 rounds; the variable `HAILO_SOAK_PERCENT` makes it fewer, `HAILO_SOAK_SEED` other ones. The seed is
//! printed. A few rounds are an ordinary test.
//!
//! What is claimed:
//!
//! - **Never two holders.** The simulated device refuses a second opener, as the real one does; the programs do not try
//!   again, and report the refusal. Besides, the times at which they say that they hold it do not overlap.
//! - **Order among the living.** Whoever stood in the queue before another one asked, lives, and was not stopped
//!   meanwhile, has the device before it. Each program looks at the queue before it asks, and again when it holds the
//!   device. (The time of arrival alone does not decide: a ticket gets its time a moment before others can see it.)
//! - **Nobody waits for the dead.** Where somebody waits and can run, the device is never idle for 2 s.
//! - **Nothing stays**: no process, no ticket, no mark on the device.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use hailo_harness::HailoContext;
use hailo_harness::context::ContextError;
use hailo_harness::device::RuntimeChoice;
use hailo_harness::stt::{RetryPolicy, SttModel};
use hailo_harness::whisper::Audio;
use hailort_sim::runtime::mark::Mark;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

const ROUNDS: u64 = 200;
/// How many of them are an ordinary test.
const FEW: u64 = 10;
const PROGRAMS: usize = 4;
const DEVICE: &str = "0000:01:00.0";
/// How long the device may be idle where somebody waits who can run.
const IDLE: Duration = Duration::from_secs(2);
/// Longer than a use by each of the programs takes.
const PATIENCE: Duration = Duration::from_secs(30);

#[path = "common/host.rs"]
mod own;
use own::host;

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|v| v.parse().unwrap_or_else(|_| panic!("{name}={v:?} is no number")))
}

#[path = "common/random.rs"]
mod random;
use random::Random;

/// Time since the machine was started, the same for all processes.
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Names of tickets in the folder.
fn tickets(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().flatten().map(|e| e.file_name());
    names.filter_map(|n| n.into_string().ok()).filter(|n| !n.ends_with(".lock")).collect()
}

/// Tickets of those who stand in the queue.
fn waiting(folder: &Path) -> BTreeSet<String> {
    tickets(folder).into_iter().filter(|t| t.ends_with(".waiting")).collect()
}

/// The process that a ticket is of.
fn owner(ticket: &str) -> u32 {
    ticket.split('-').nth(1).unwrap().parse().unwrap()
}

/// Whether a ticket is there and its owner lives.
fn lives(folder: &Path, ticket: &str) -> bool {
    let Ok(file) = std::fs::File::open(folder.join(ticket)) else { return false };
    // Shared, so that two who look do not take each other for the owner; let go of with the file.
    file.try_lock_shared().is_err()
}

/// What copies of this program do. In the tests' own process nothing happens.
#[test]
fn program() {
    let Ok(uses) = std::env::var("HAILO_TEST_PROGRAM") else { return };
    let uses: u64 = uses.parse().unwrap();
    let folder = PathBuf::from(std::env::var_os("HAILO_LOCK_DIR").unwrap());
    let samples: Vec<f32> = (0..16_000).map(|i| 0.3 * (i as f32 * 0.2).sin()).collect();
    let audio = Audio::from_f32(&samples, 16_000, 1).unwrap();
    static END: AtomicBool = AtomicBool::new(false);
    // The test ends it by closing its standard input, or by ending itself.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        END.store(true, Ordering::SeqCst);
    });
    // A line of its own: the test runner has begun one.
    println!();
    let say = |what: &str| println!("at {} {what}", now().as_nanos());
    for _ in 0..uses {
        if END.load(Ordering::SeqCst) {
            break;
        }
        let before = waiting(&folder);
        say("asks");
        let context = HailoContext::builder()
            .runtime(RuntimeChoice::Sim)
            .model(SttModel::Canned)
            .retry_open(RetryPolicy::never())
            .retry(RetryPolicy::never())
            .start();
        let context = match context {
            Ok(context) => context,
            Err(ContextError::Stt(error)) => {
                say(&format!("failed {:?} {:?} {error}", error.hailo_status(), error.kind()));
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        // Looked at before it says so, since the test lets others go on then.
        let overtaken: Vec<String> = before.into_iter().filter(|t| lives(&folder, t)).collect();
        say(&format!("held {}", overtaken.join(" ")));
        let heard = context.stt().transcribe(&audio);
        say("closes");
        drop(context.close());
        match heard {
            Ok(_) => say("released"),
            Err(error) => say(&format!("failed {:?} {:?} {error}", error.hailo_status(), error.kind())),
        }
    }
}

/// What happened.
#[derive(Clone, Debug)]
enum What {
    /// It begins to wait.
    Asks,
    /// It has the device, and came before these tickets, which were there first.
    Held(Vec<String>),
    Closes,
    Released,
    /// Status of HailoRT, and all that was said.
    Failed(String),
    /// The test sends it a signal that ends it.
    Killed,
    /// It was reaped.
    Died,
    /// The test stopped it, and let it go on.
    Stopped,
    Continued,
    /// The test killed its worker.
    WorkerKilled,
}

#[derive(Clone, Debug)]
struct Event {
    at: Duration,
    pid: u32,
    what: What,
}

struct Program {
    child: Child,
    /// Its end ends the program.
    stdin: Option<ChildStdin>,
}

impl Program {
    fn start(folder: &Path, uses: u64, to: &Sender<Event>) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "program", "--nocapture"])
            .env("HAILO_TEST_PROGRAM", uses.to_string())
            .env("HAILO_LOCK_DIR", folder)
            .env("HAILO_SIM_HOST", host())
            .env("HAILO_DEVICE_DEADLINE", PATIENCE.as_secs().to_string())
            .env_remove("HAILO_SIM_DEVICES")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (pid, to, out) = (child.id(), to.clone(), child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let Some(line) = line.strip_prefix("at ") else { continue };
                // One that was killed may have said half of it.
                let Some((at, what)) = line.split_once(' ') else { continue };
                let what = match what.split_once(' ').unwrap_or((what, "")) {
                    ("asks", _) => What::Asks,
                    ("held", overtaken) => {
                        What::Held(overtaken.split_whitespace().map(str::to_owned).collect())
                    }
                    ("closes", _) => What::Closes,
                    ("released", _) => What::Released,
                    ("failed", why) => What::Failed(why.into()),
                    other => panic!("{other:?}"),
                };
                let _ = to.send(Event { at: Duration::from_nanos(at.parse().unwrap()), pid, what });
            }
        });
        Self { stdin: child.stdin.take(), child }
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    fn signal(&self, signal: i32) {
        // SAFETY: a signal to a child of this test that was not reaped yet.
        assert_eq!(unsafe { libc::kill(self.pid() as i32, signal) }, 0);
    }

    /// Kills its worker, where it has one.
    fn kill_worker(&self) -> bool {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.pid())).unwrap().flatten();
        let lists = tasks.filter_map(|t| std::fs::read_to_string(t.path().join("children")).ok());
        let children: Vec<i32> = lists
            .flat_map(|l| l.split_whitespace().filter_map(|p| p.parse().ok()).collect::<Vec<i32>>())
            .collect();
        children.into_iter().any(|child| {
            let Ok(handle) = pidfd_open(Pid::from_raw(child).unwrap(), PidfdFlags::empty()) else {
                return false;
            };
            // The number may be another process's by now.
            let stat = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
            let parent = stat.rsplit_once(')').and_then(|(_, s)| s.split_whitespace().nth(1)?.parse().ok());
            parent == Some(self.pid()) && pidfd_send_signal(&handle, Signal::KILL).is_ok()
        })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All that happened so far.
struct Log {
    to: Sender<Event>,
    events: Receiver<Event>,
    all: Vec<Event>,
}

impl Log {
    fn note(&self, pid: u32, what: What) {
        self.to.send(Event { at: now(), pid, what }).unwrap();
    }

    /// Reads until this is so; the question is asked after each event.
    #[track_caller]
    fn until(&mut self, what: &str, longest: Duration, mut yes: impl FnMut(&[Event]) -> bool) -> bool {
        let end = Instant::now() + longest;
        while !yes(&self.all) {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(event) = self.events.recv_timeout(left) else {
                assert!(longest < PATIENCE, "waited in vain: {what}\n{:#?}", self.last());
                return false;
            };
            if let What::Failed(why) = &event.what {
                let refused = ["Some(73)", "Some(74)"].iter().any(|status| why.starts_with(status));
                assert!(!refused, "two holders: {why}\n{:#?}", self.last());
                let killed =
                    |e: &Event| e.pid == event.pid && matches!(e.what, What::WorkerKilled | What::Killed);
                assert!(self.all.iter().any(killed), "nothing was done to {}: {why}", event.pid);
            }
            self.all.push(event);
        }
        true
    }

    fn last(&self) -> &[Event] {
        &self.all[self.all.len().saturating_sub(40)..]
    }
}

/// What happened in the order in which it did, looked at.
fn check(mut all: Vec<Event>) -> String {
    all.sort_by_key(|e| e.at);
    let mut holder: Option<u32> = None;
    // When the device became free, or its holder died.
    let mut free = Duration::ZERO;
    // Since when each could have taken it, and since when it asks.
    let (mut able, mut asked) = (BTreeMap::new(), BTreeMap::new());
    let mut stops: BTreeMap<u32, Vec<(Duration, Duration)>> = BTreeMap::new();
    for event in &all {
        match event.what {
            // Until it goes on, or is killed.
            What::Stopped => stops.entry(event.pid).or_default().push((event.at, Duration::MAX)),
            What::Continued => stops.get_mut(&event.pid).unwrap().last_mut().unwrap().1 = event.at,
            _ => {}
        }
    }
    let (mut uses, mut longest_idle, mut stopped_overtaken) = (0, Duration::ZERO, 0);
    for (i, event) in all.iter().enumerate() {
        let (at, pid) = (event.at, event.pid);
        let around = || format!("{:#?}", &all[i.saturating_sub(20)..=i]);
        match &event.what {
            What::Asks => {
                able.insert(pid, at);
                asked.insert(pid, at);
            }
            What::Held(overtaken) => {
                assert_eq!(holder, None, "two holders: {}", around());
                holder = Some(pid);
                uses += 1;
                for ticket in overtaken {
                    let other = owner(ticket);
                    let stood = |&(from, to): &(Duration, Duration)| from < at && to > asked[&pid];
                    let was_stopped = stops.get(&other).is_some_and(|s| s.iter().any(stood));
                    assert!(was_stopped, "{pid} overtook {ticket}, which was there first: {}", around());
                    stopped_overtaken += 1;
                }
                let idle = at.saturating_sub(free.max(able[&pid]));
                longest_idle = longest_idle.max(idle);
                assert!(idle < IDLE, "{pid} waited for nobody for {idle:?}: {}", around());
            }
            What::Killed | What::Closes if holder == Some(pid) => holder = None,
            What::Released | What::Failed(_) => free = at,
            What::Died => free = free.max(at),
            What::Continued => {
                able.insert(pid, at);
                // It may have been stopped between taking the device and saying so.
                free = free.max(at);
            }
            _ => {}
        }
    }
    format!(
        "{uses} uses, idle for {longest_idle:?} at most, {stopped_overtaken} times one that was stopped was overtaken"
    )
}

/// Waits until it is so.
#[track_caller]
fn until(what: &str, mut yes: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !yes() {
        assert!(Instant::now() < end, "waited in vain: {what}");
        std::thread::yield_now();
    }
}

/// Processes that were started for this folder.
fn processes(folder: &Path) -> Vec<PathBuf> {
    let mark = [b"HAILO_LOCK_DIR=", folder.as_os_str().as_encoded_bytes()].concat();
    let all = std::fs::read_dir("/proc").unwrap().flatten().map(|p| p.path());
    let of =
        |p: &PathBuf| std::fs::read(p.join("environ")).is_ok_and(|e| e.split(|b| *b == 0).any(|v| v == mark));
    all.filter(of).collect()
}

fn contend(rounds: u64) {
    let seed = variable("HAILO_SOAK_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    println!("{rounds} rounds, HAILO_SOAK_SEED={seed}");
    let mut random = Random(seed);
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let (to, events) = channel();
    let mut log = Log { to, events, all: Vec::new() };
    let start = Instant::now();
    let begin = |log: &Log| Program::start(folder, u64::MAX, &log.to);
    let mut programs: Vec<Program> = (0..PROGRAMS).map(|_| begin(&log)).collect();
    let mut done = BTreeMap::<&str, u64>::new();
    for round in 0..rounds {
        // What is waited for is part of the game: the moment.
        std::thread::sleep(Duration::from_micros(random.below(100_000)));
        let victim = random.below(PROGRAMS as u64) as usize;
        let name = match random.below(4) {
            kind @ (0 | 1) => {
                let (signal, name) =
                    if kind == 0 { (libc::SIGKILL, "SIGKILL") } else { (libc::SIGTERM, "SIGTERM") };
                let mut program = std::mem::replace(&mut programs[victim], begin(&log));
                log.note(program.pid(), What::Killed);
                program.signal(signal);
                let killed = Instant::now();
                until("it dies", || program.child.try_wait().unwrap().is_some());
                assert!(killed.elapsed() < Duration::from_secs(10), "round {round}: {:?}", killed.elapsed());
                log.note(program.pid(), What::Died);
                name
            }
            2 => {
                log.note(programs[victim].pid(), What::WorkerKilled);
                if programs[victim].kill_worker() { "worker killed" } else { "no worker to kill" }
            }
            _ => {
                // One that stands in the queue, if it still does when the signal arrives.
                let mut queue = BTreeSet::new();
                until("somebody waits", || {
                    queue = waiting(folder);
                    queue.iter().any(|t| programs.iter().any(|p| p.pid() == owner(t)))
                });
                let stands = |p: &&Program| queue.iter().any(|t| owner(t) == p.pid());
                let those: Vec<&Program> = programs.iter().filter(stands).collect();
                let program = those[random.below(those.len() as u64) as usize];
                log.note(program.pid(), What::Stopped);
                program.signal(libc::SIGSTOP);
                // Until others had the device, unless it is this one that has it.
                let (pid, since) = (program.pid(), now());
                let longest = Duration::from_millis(50 + random.below(250));
                let held = |e: &&Event| matches!(e.what, What::Held(_)) && e.at > since && e.pid != pid;
                log.until("others have it", longest, |all| all.iter().rev().filter(held).count() >= 2);
                log.note(pid, What::Continued);
                program.signal(libc::SIGCONT);
                "stopped"
            }
        };
        *done.entry(name).or_default() += 1;
        // Everybody who lives gets it.
        let since = now();
        for program in &programs {
            let held = |e: &Event| e.pid == program.pid() && e.at > since && matches!(e.what, What::Held(_));
            log.until(&format!("round {round}, {name}: {} has it", program.pid()), PATIENCE, |all| {
                all.iter().rev().any(held)
            });
        }
    }
    // In order: each ends with its standard input, after its last use.
    for mut program in programs {
        program.stdin = None;
        let mut status = None;
        until("it ends", || {
            status = program.child.try_wait().unwrap();
            status.is_some()
        });
        assert!(status.unwrap().success(), "{status:?}");
    }
    println!("{} in {:?}; {done:?}", check(log.all), start.elapsed());
    until("all processes are gone", || processes(folder).is_empty());
    let name = hailort_sim::runtime::host::name_of(Some(host().as_ref()));
    drop(Mark::take(&name, DEVICE).expect("the device is free"));
    // The next one starts at once, whatever tickets the dead have left, and removes those.
    let (to, events) = channel();
    let mut log = Log { to, events, all: Vec::new() };
    let mut last = Program::start(folder, 1, &log.to);
    log.until("the next one", PATIENCE, |all| all.iter().any(|e| matches!(e.what, What::Released)));
    let at = |what: fn(&What) -> bool| log.all.iter().find(|e| what(&e.what)).unwrap().at;
    let waited = at(|w| matches!(w, What::Held(_))) - at(|w| matches!(w, What::Asks));
    assert!(waited < IDLE, "{waited:?}");
    assert!(last.child.wait().unwrap().success());
    assert_eq!(tickets(folder), Vec::<String>::new());
}

#[test]
fn a_few_programs_are_killed_and_the_others_have_the_device_one_by_one_in_order() {
    contend(FEW);
}

#[test]
fn soak_of_killed_contenders() {
    contend(ROUNDS * variable("HAILO_SOAK_PERCENT").unwrap_or(100) / 100);
}
