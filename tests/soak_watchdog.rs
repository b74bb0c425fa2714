//! Watchdog and leak report at length. In profile soak; the variable `HAILO_SOAK_PERCENT` makes it less,
//! `HAILO_SOAK_SEED` another one. The seed is printed.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hailo_harness::context::Finding;
use hailo_harness::fixtures::HailoGuard;
use hailo_harness::leaks::Kind;

#[path = "common/faults.rs"]
mod faults;
#[path = "common/host.rs"]
mod host;
#[path = "common/nextest.rs"]
mod nested;
#[path = "common/random.rs"]
mod random;
use faults::{Expected, FAULTS, PHASES, check, context, tone};
use random::Random;

/// Rounds of every fault in every phase.
const ROUNDS: u64 = 200;
/// Plants of each leak.
const PLANTS: u64 = 20;
/// Tests without a leak, under each runner.
const CLEAN: u64 = 1000;
/// Runs of the small suite in which something is killed or fails.
const RUNS: u64 = 500;
/// As short as the phases of the canned model allow on a busy machine.
const DEADLINE: Duration = Duration::from_millis(500);

/// What the victims below are for, and in which round.
const VICTIM: &str = "HAILO_TEST_VICTIM";
const MARK: &str = "HAILO_TEST_ROUND";

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|v| v.parse().unwrap_or_else(|_| panic!("{name}={v:?} is no number")))
}

/// So many of these, and at least one.
fn share(all: u64) -> u64 {
    (all * variable("HAILO_SOAK_PERCENT").unwrap_or(100) / 100).max(1)
}

fn seed() -> u64 {
    let seed = variable("HAILO_SOAK_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    println!("HAILO_SOAK_SEED={seed}");
    seed
}

fn milliseconds(mut times: Vec<f64>) -> (f64, f64, f64) {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize] * 1e3;
    (at(0.5), at(0.99), at(1.0))
}

/// Every fault in this phase, so often, with how long it takes until a user hears of it.
fn all_faults_while(name: &str) {
    let (phase, call) = PHASES.into_iter().find(|(phase, _)| phase.name() == name).unwrap();
    let rounds = share(ROUNDS);
    println!("{rounds} rounds; milliseconds, and what is left until deadline + budgets + 150 ms");
    let head = ["median", "p99", "worst"];
    println!(
        "{:<10} {:<20} {:>8} {:>8} {:>8} {:>10} {:>10}",
        "phase", "fault", head[0], head[1], head[2], "left", "unseen"
    );
    for (fault, expected) in FAULTS {
        let (mut took, mut left, mut unseen) = (Vec::new(), Vec::new(), 0);
        for _ in 0..rounds {
            let outcome = check(fault, expected, phase, call, DEADLINE);
            took.push(outcome.took.as_secs_f64());
            left.push(outcome.bound.as_secs_f64() - outcome.took.as_secs_f64());
            unseen += u64::from(!outcome.was_seen);
        }
        let ((median, p99, worst), (middle, ..)) = (milliseconds(took), milliseconds(left.clone()));
        let least = left.iter().copied().fold(f64::MAX, f64::min) * 1e3;
        let shown = if matches!(expected, Expected::Hang(_)) { format!("{least:.0}") } else { "".into() };
        println!("{name:<10} {fault:<20} {median:>8.0} {p99:>8.0} {worst:>8.0} {shown:>10} {unseen:>10}");
        // A thread gets 100 ms to stop; where both processors are busy it may not be given any.
        assert!(unseen * 50 <= rounds, "{fault} in {name}: in {unseen} of {rounds} the thread was not seen");
        assert!(middle > 0.0, "{fault} in {name} takes longer than it may");
    }
}

#[test]
fn soak_faults_while_listing() {
    all_faults_while("list");
}

#[test]
fn soak_faults_while_opening() {
    all_faults_while("open");
}

#[test]
fn soak_faults_while_configuring() {
    all_faults_while("configure");
}

#[test]
fn soak_faults_while_inferring() {
    all_faults_while("infer");
}

#[test]
fn soak_faults_while_releasing() {
    all_faults_while("release");
}

#[test]
fn soak_leaks_of_each_kind_in_sizes_and_delays() {
    let (plants, mut random) = (share(PLANTS), Random(seed()));
    for (fault, kind, counts) in [
        ("leak-thread", Kind::Thread, true),
        ("leak-fd:device", Kind::Fd, true),
        ("leak-fd:file", Kind::Fd, true),
        ("leak-fd:socket", Kind::Fd, true),
        ("leak-fd:pipe", Kind::Fd, true),
        ("leak-file", Kind::File, true),
        ("leak-map", Kind::Map, true),
        ("leak-child", Kind::Child, true),
        ("leak-grandchild", Kind::Child, true),
        ("leak-zombie", Kind::Child, true),
        ("leak-daemon", Kind::Child, true),
        ("change-signal", Kind::Signal, false),
        ("change-directory", Kind::Directory, false),
    ] {
        let mut found = 0;
        for _ in 0..plants {
            let size = if counts { 1 + random.below(5) } else { 1 };
            let delay = random.below(60);
            let times = if counts { format!("*{size}") } else { String::new() };
            let later = if delay > 0 { format!(",after={delay}ms") } else { String::new() };
            let plan = format!("hailo_configure_vdevice@1={fault}{times}{later}");
            let context = context().worker_variable("HAILO_SIM_FAULTS", plan.as_str()).start().unwrap();
            context.hear(tone()).unwrap();
            // The delay is part of what is planted: the leak comes while the device is in use.
            std::thread::sleep(Duration::from_millis(delay + 40));
            let report = context.close();
            let same = |f: &&Finding| matches!(f, Finding::Leak(leak) if leak.kind == kind);
            let of_kind = report.findings.iter().filter(same).count() as u64;
            assert!(of_kind >= size, "{plan}: {of_kind} of {size}: {report}");
            let named = |f: &Finding| matches!(f, Finding::Leak(leak) if !leak.what.is_empty());
            assert!(report.findings.iter().all(named), "{plan}: {report}");
            found += size;
        }
        println!("{fault:<18} {found} in {plants} plants: all found");
        assert_eq!(faults::children(), Vec::<String>::new(), "{fault}");
    }
}

#[test]
fn soak_what_goes_away_by_itself_is_not_accused() {
    let (plants, mut random) = (share(PLANTS), Random(seed()));
    for _ in 0..plants {
        let time = 20 + random.below(150);
        let plan = format!(
            "hailo_release_vdevice=leak-thread*3,for={time}ms; hailo_release_vdevice=leak-fd:socket,for={time}ms"
        );
        let context = context().worker_variable("HAILO_SIM_FAULTS", plan.as_str()).start().unwrap();
        context.hear(tone()).unwrap();
        let report = context.close();
        assert!(report.is_clean(), "{plan}: {report}");
    }
}

/// The tests that the ones below have run. Without the variable nothing happens.
mod victims {
    use super::*;

    fn wanted(name: &str) -> Option<u64> {
        let value = std::env::var(VICTIM).ok()?;
        let (wanted, count) = value.split_once(':')?;
        (wanted == name).then(|| count.parse().unwrap())
    }

    /// Uses fixtures, each as a test of its own.
    fn clean(place: u64) {
        for _ in 0..wanted("clean").unwrap_or(0) {
            let host = format!("clean-{}-{place}-{}", std::env::var(MARK).unwrap(), host::host());
            let guard = HailoGuard::start(context().worker_variable("HAILO_SIM_HOST", host));
            guard.hear(tone()).unwrap();
        }
    }

    macro_rules! clean {
        ($($name:ident $number:literal),*) => { $(#[test] fn $name() { clean($number) })* };
    }
    clean!(clean_0 0, clean_1 1, clean_2 2, clean_3 3, clean_4 4, clean_5 5, clean_6 6, clean_7 7);

    /// Uses a device that others use as well.
    fn shares() {
        if wanted("shares").is_some() {
            let host = format!("shared-{}", std::env::var(MARK).unwrap());
            let deadlines = "open=5, configure=5, infer=0.4, release=0.4".parse().unwrap();
            let builder = context().deadlines(deadlines).worker_variable("HAILO_SIM_HOST", host);
            let guard = HailoGuard::start(builder);
            guard.hear(tone()).unwrap();
        }
    }

    #[test]
    fn shares_0() {
        shares();
    }

    #[test]
    fn shares_1() {
        shares();
    }

    #[test]
    fn shares_2() {
        shares();
    }
}

#[test]
fn soak_clean_tests_under_nextest_are_not_accused() {
    let (tests, folder) = (share(CLEAN), tempfile::tempdir().unwrap());
    let start = Instant::now();
    // Eight tests, again and again, as many at a time as there are processors.
    let times = tests.div_ceil(8);
    let output = nested::nested(folder.path(), &["victims"])
        .args(["-E", "test(/^victims::clean_/)", "--stress-count", &times.to_string()])
        .env(VICTIM, "clean:1")
        .env(MARK, std::process::id().to_string())
        .env("HAILO_LEDGER", folder.path().join("ledger"))
        .env_remove("HAILO_LEAKS")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && !said.contains("hailo-harness: leak"), "{said}");
    println!("{} tests in {:.0} s: nothing accused", times * 8, start.elapsed().as_secs_f64());
}

#[test]
fn soak_clean_tests_in_8_threads_of_a_process_are_not_accused() {
    let tests = share(CLEAN);
    let start = Instant::now();
    let mut command = Command::new(std::env::current_exe().unwrap());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("NEXTEST") {
            command.env_remove(name);
        }
    }
    let output = command
        .args(["victims::clean_", "--test-threads=8"])
        .env(VICTIM, format!("clean:{}", tests.div_ceil(8)))
        .env(MARK, std::process::id().to_string())
        .env_remove("HAILO_LEAKS")
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("hailo-harness: leak"), "{said}");
    assert_eq!(said.matches("several tests share this process").count(), 1, "it says so, once: {said}");
    println!("{} tests in {:.0} s: nothing accused", tests.div_ceil(8) * 8, start.elapsed().as_secs_f64());
}

/// Processes that were started in this round and live.
fn of_round(mark: &str) -> Vec<u32> {
    let marked = format!("{MARK}={mark}");
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|p| p.file_name().to_str()?.parse::<u32>().ok());
    let is_of_round = |pid: &u32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let lives = std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .is_ok_and(|s| s.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z')));
        lives && environment.split(|b| *b == 0).any(|v| v == marked.as_bytes())
    };
    pids.filter(is_of_round).collect()
}

#[test]
fn soak_whatever_is_killed_or_fails_the_run_ends_and_nothing_stays() {
    let (runs, mut random) = (share(RUNS), Random(seed()));
    let folder = tempfile::tempdir().unwrap();
    let (mut passed, mut failed, mut killed) = (0, 0, 0);
    for round in 0..runs {
        let mark = format!("{}-{round}", std::process::id());
        let (_, call) = PHASES[random.below(PHASES.len() as u64) as usize];
        let fault = match random.below(4) {
            0 => None,
            _ => Some(FAULTS[random.below(FAULTS.len() as u64) as usize].0),
        };
        let plan = fault.map(|f| format!("{call}={f}")).unwrap_or_default();
        let at = folder.path().join(&mark);
        std::fs::create_dir(&at).unwrap();
        let (status, hit) = one_run(&at, &mark, &plan, &mut random);
        killed += u64::from(hit.is_some());
        if status {
            passed += 1
        } else {
            failed += 1
        }
        // A fault that has to be heard of in each test.
        assert!(!(status && fault.is_some()), "{plan} passed, killed: {hit:?}");
        assert!(status || fault.is_some() || hit.is_some(), "a run without a fault failed");
        // What was killed cannot clean up; what belongs to it has ended with it.
        let until = Instant::now() + Duration::from_secs(20);
        while !of_round(&mark).is_empty() {
            assert!(Instant::now() < until, "{plan}, {hit:?}: left {:?}", of_round(&mark));
            std::thread::sleep(Duration::from_millis(5));
        }
        // The device is free for whoever comes next.
        let host = format!("shared-{mark}");
        let next = context().worker_variable("HAILO_SIM_HOST", host).device_deadline(Duration::from_secs(20));
        let next = next.start().unwrap_or_else(|e| panic!("after {plan}, {hit:?}: {e}"));
        next.hear(tone()).unwrap();
        let report = next.close();
        assert!(report.is_clean(), "after {plan}, {hit:?}: {report}");
        std::fs::remove_dir_all(&at).unwrap();
    }
    println!("{runs} runs: {passed} passed, {failed} failed, {killed} with something killed");
}

/// A run of three tests that share a device; now and then something of it is killed. Whether it passed, and what was
/// killed.
fn one_run(folder: &Path, mark: &str, plan: &str, random: &mut Random) -> (bool, Option<String>) {
    let mut command = nested::nested(folder, &["victims"]);
    command
        .args(["-E", "test(/^victims::shares_/)", "--no-fail-fast"])
        .env(VICTIM, "shares:1")
        .env(MARK, mark)
        .env("HAILO_SIM_FAULTS", plan)
        .env("HAILO_LEDGER", folder.join("ledger"))
        .env_remove("HAILO_LEAKS")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    let mut runner = command.spawn().unwrap();
    let mut hit = None;
    if random.below(2) == 0 {
        std::thread::sleep(Duration::from_millis(random.below(400)));
        let all = of_round(mark);
        if !all.is_empty() {
            let pid = all[random.below(all.len() as u64) as usize];
            let signal = [libc::SIGKILL, libc::SIGTERM, libc::SIGSTOP][random.below(3) as usize];
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            // A runner that is stopped does not end by itself, and a test that is stopped has no deadline but its
            // runner's, which is minutes.
            let signal = if signal == libc::SIGSTOP && !name.starts_with("hailo-worker") {
                libc::SIGKILL
            } else {
                signal
            };
            // SAFETY: numbers only. It may have ended, and its number be nobody's.
            unsafe { libc::kill(pid as i32, signal) };
            hit = Some(format!("{} with {signal}", name.trim_end()));
        }
    }
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(status) = runner.try_wait().unwrap() {
            return (status.success(), hit);
        }
        assert!(Instant::now() < until, "{plan}, {hit:?}: the run does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
}
