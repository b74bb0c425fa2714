//! The ledger of many processes, some of which are killed, on a disk that may be full or foreign.
//!
//! The processes are this program: the test `process_of_another_test` does what `REPORT_TEST_ROLE` says.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hailo_harness::report::summary::State;
use hailo_harness::report::{End, Ledger, LedgerError, Note, Outcome, Record, Run, Start, Summary};

const ROLE: &str = "REPORT_TEST_ROLE";
const PROCESSES: usize = 16;
const RECORDS: usize = 200;

fn process(role: &str, root: &Path, run: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "process_of_another_test", "--nocapture", "--quiet"]);
    command.env(ROLE, role).env("HAILO_LEDGER", root).env("NEXTEST_RUN_ID", run).stdout(Stdio::null());
    command
}

fn run(root: &Path, id: &str) -> Run {
    Run::read(&Ledger::at(root, id).path()).unwrap()
}

/// Where the state of a test has to be one.
fn states(summary: &Summary) -> BTreeMap<&str, State> {
    summary.troubled.iter().map(|t| (&*t.test, t.state)).collect()
}

/// A process of the tests below; without the variable nothing happens.
#[test]
fn process_of_another_test() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let ledger = Ledger::of_environment().unwrap().unwrap();
    match role.as_str() {
        "pairs" => {
            for i in 0..RECORDS / 2 {
                let test = format!("test {} {i} {}", std::process::id(), "é".repeat(i));
                ledger.try_append(&Record::Start(Start::now(&*test))).unwrap();
                ledger
                    .try_append(&Record::End(End::now(&*test, Outcome::Passed, 1.0).phase("open", 0.5)))
                    .unwrap();
            }
        }
        // Until it is killed.
        "endless" => {
            for i in 0.. {
                let test = format!("test {} {i}", std::process::id());
                ledger.try_append(&Record::Start(Start::now(&*test))).unwrap();
                let note = "x".repeat(i % 50 * 1000);
                ledger.try_append(&Record::Note(Note { text: note })).unwrap();
                ledger.try_append(&Record::End(End::now(&*test, Outcome::Passed, 1.0))).unwrap();
                if i == 0 {
                    eprintln!("ready");
                }
            }
        }
        "one" => {
            ledger.append(&Record::Start(Start::now("a::b")));
            eprintln!("ready");
            let _ = std::io::stdin().read(&mut [0]);
            ledger.append(&Record::End(End::now("a::b", Outcome::Passed, 1.0)));
        }
        "unwritable" => {
            // Root may write everywhere, unless it gives that right up.
            if rustix::process::geteuid().is_root() {
                let none = rustix::thread::CapabilitySet::empty();
                let sets =
                    rustix::thread::CapabilitySets { effective: none, permitted: none, inheritable: none };
                rustix::thread::set_capabilities(None, sets).unwrap();
            }
            for i in 0..5 {
                ledger.append(&Record::Note(Note { text: format!("note {i}") }));
            }
            println!("done");
        }
        "full" => {
            // A file may have so many bytes: as if the disk were full. The signal that would end the process is that of
            // a writer who knows nothing, and is ignored by `env --ignore-signal=XFSZ` around it.
            for i in 0..100 {
                ledger.append(&Record::Note(Note { text: format!("note {i} {}", "x".repeat(50)) }));
            }
            println!("done");
        }
        role => panic!("{role}?"),
    }
}

#[test]
fn records_of_many_processes_are_all_there_and_whole() {
    let temporary = tempfile::tempdir().unwrap();
    let spawn = |_| process("pairs", temporary.path(), "many").spawn().unwrap();
    let children: Vec<Child> = (0..PROCESSES).map(spawn).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let text = std::fs::read_to_string(Ledger::at(temporary.path(), "many").path()).unwrap();
    assert_eq!(text.lines().count(), PROCESSES * RECORDS);
    let run = run(temporary.path(), "many");
    assert!(run.skipped().is_none(), "{:?}", run.skipped());
    let summary = run.summary();
    assert_eq!(summary.counts.tests as usize, PROCESSES * RECORDS / 2);
    assert_eq!(summary.counts.passed, summary.counts.tests);
    assert_eq!(summary.phases[0].count, summary.counts.tests);
    assert!(summary.is_good());
}

#[test]
fn killed_writers_leave_a_ledger_that_can_be_read() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let seed = std::env::var("REPORT_TEST_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(now | 1);
    println!("REPORT_TEST_SEED={seed}");
    let mut random = seed;
    // Marsaglia's xorshift64.
    let mut next = |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    let temporary = tempfile::tempdir().unwrap();
    let mut pids = Vec::new();
    for _ in 0..12 {
        let mut children: Vec<Child> = (0..2)
            .map(|_| process("endless", temporary.path(), "killed").stderr(Stdio::piped()).spawn().unwrap())
            .collect();
        for child in &mut children {
            let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
            assert_eq!(lines.next().unwrap().unwrap(), "ready");
        }
        for mut child in children {
            // At any moment: this is no wait for something.
            std::thread::sleep(Duration::from_micros(next(20_000)));
            child.kill().unwrap();
            child.wait().unwrap();
            pids.push(child.id());
        }
    }
    // What comes after a torn line is there.
    let ledger = Ledger::at(temporary.path(), "killed");
    ledger.try_append(&Record::Start(Start::now("after"))).unwrap();
    let run = run(temporary.path(), "killed");
    let skipped = run.skipped();
    assert!(
        skipped.torn <= pids.len() as u64 && skipped.long + skipped.unknown + skipped.unread == 0,
        "{skipped:?}"
    );
    let summary = run.summary();
    let states = states(&summary);
    assert_eq!(states["after"], State::Running);
    // Each process was in one test at most, and has ended those before.
    let killed: Vec<u32> =
        summary.troubled.iter().filter(|t| t.state == State::Killed).map(|t| t.pid).collect();
    let in_order: std::collections::BTreeSet<u32> = killed.iter().copied().collect();
    assert_eq!(killed.len(), in_order.len(), "{killed:?}");
    assert!(killed.iter().all(|pid| pids.contains(pid)));
    assert_eq!(summary.counts.tests, summary.counts.passed + summary.counts.killed + 1);
    // A kill falls between the end of a test and the begin of the next one now and then, not 24 times.
    assert!(!killed.is_empty());
    println!("{} tests, {} killed, {} torn lines", summary.counts.tests, killed.len(), skipped.torn);
}

#[test]
fn a_test_is_running_until_its_process_ends_or_is_killed() {
    let temporary = tempfile::tempdir().unwrap();
    let start = |id: &str| {
        let mut command = process("one", temporary.path(), id);
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        child
    };
    let counts = |id: &str| run(temporary.path(), id).summary().counts;
    let (mut ended, mut killed) = (start("ended"), start("killed"));
    assert_eq!((counts("ended").running, counts("killed").running), (1, 1));
    ended.stdin.take().unwrap().write_all(b"x").unwrap();
    assert!(ended.wait().unwrap().success());
    killed.kill().unwrap();
    killed.wait().unwrap();
    // Two runs in one ledger have nothing to do with each other.
    let (ended, killed) = (counts("ended"), counts("killed"));
    assert_eq!((ended.tests, ended.passed, ended.killed), (1, 1, 0));
    assert_eq!((killed.tests, killed.passed, killed.killed), (1, 0, 1));
    let mut ids: Vec<String> = Ledger::runs(temporary.path()).unwrap().into_iter().map(|r| r.id).collect();
    ids.sort();
    assert_eq!(ids, ["ended", "killed"]);
}

#[test]
fn a_ledger_that_cannot_be_written_is_said_once_and_fails_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let temporary = tempfile::tempdir().unwrap();
    let read_only = temporary.path().join("read-only");
    std::fs::create_dir(&read_only).unwrap();
    std::fs::set_permissions(&read_only, std::fs::Permissions::from_mode(0o555)).unwrap();
    let below_a_file = temporary.path().join("file");
    std::fs::write(&below_a_file, "").unwrap();
    for (root, why) in [(&read_only, "Permission denied"), (&below_a_file, "Not a directory")] {
        let out = process("unwritable", root, "run").stdout(Stdio::piped()).output().unwrap();
        let said = String::from_utf8(out.stderr).unwrap();
        assert!(out.status.success() && String::from_utf8(out.stdout).unwrap().contains("done"), "{said}");
        let notices: Vec<&str> = said.lines().filter(|line| line.contains("run ledger")).collect();
        assert_eq!(notices.len(), 1, "{said}");
        assert!(notices[0].starts_with("hailo-harness: ") && notices[0].contains(why), "{said}");
        assert!(notices[0].contains("HAILO_LEDGER=off"), "{said}");
    }
    assert_eq!(std::fs::read_dir(&read_only).unwrap().count(), 0);
}

#[test]
fn a_full_disk_leaves_whole_records_and_a_torn_one() {
    let temporary = tempfile::tempdir().unwrap();
    let program = process("full", temporary.path(), "full");
    let mut command = Command::new("sh");
    // Blocks of 512 bytes in some shells, of 1024 in others: less than the records need in both.
    command.args(["-c", "trap '' XFSZ; ulimit -f 3; exec \"$0\" \"$@\""]);
    command.arg(program.get_program()).args(program.get_args());
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let out = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8(out.stderr).unwrap();
    assert!(out.status.success(), "{said}");
    assert_eq!(said.matches("run ledger").count(), 1, "{said}");
    let ledger = Ledger::at(temporary.path(), "full");
    let before = run(temporary.path(), "full");
    assert_eq!(before.skipped().torn, 1);
    let notes = before.summary().notes.len();
    assert!((5..100).contains(&notes), "{notes}");
    // There is room again.
    ledger.try_append(&Record::Note(Note { text: "later".into() })).unwrap();
    let after = run(temporary.path(), "full");
    assert_eq!((after.skipped().torn, after.summary().notes.len()), (1, notes + 1));
    assert_eq!(after.summary().notes[notes].text, "later");
}

#[test]
fn a_relative_folder_is_refused_and_off_is_off() {
    let of = |value: &str| {
        let mut command = process("one", Path::new(value), "run");
        let out = command.stdin(Stdio::null()).stdout(Stdio::piped()).output().unwrap();
        assert!(!out.status.success());
        String::from_utf8(out.stdout).unwrap() + &String::from_utf8(out.stderr).unwrap()
    };
    let said = of("a/folder");
    assert!(said.contains("Relative") && said.contains("a/folder"), "{said}");
    let said = of("off");
    assert!(said.contains("None"), "{said}");
    let error = LedgerError::Relative { value: "x".into() }.to_string();
    assert!(error.contains("relative") && error.contains("absolute"), "{error}");
}

#[test]
fn a_hostile_folder_is_listed_and_left_alone() {
    let temporary = tempfile::tempdir().unwrap();
    let runs = temporary.path().join("runs");
    std::fs::create_dir(&runs).unwrap();
    let victim = temporary.path().join("victim");
    std::fs::write(&victim, Record::Note(Note { text: "x".into() }).line()).unwrap();
    std::os::unix::fs::symlink(&victim, runs.join("link.jsonl")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", runs.join("zero.jsonl")).unwrap();
    std::fs::create_dir(runs.join("folder.jsonl")).unwrap();
    std::fs::write(runs.join("\u{1b}[2J.jsonl"), "").unwrap();
    std::fs::write(runs.join("garbage.jsonl"), (0..=255u8).cycle().take(1 << 20).collect::<Vec<_>>())
        .unwrap();
    let found = Ledger::runs(temporary.path()).unwrap();
    assert_eq!(found.iter().map(|r| &*r.id).collect::<Vec<_>>(), ["garbage"]);
    let run = Run::read(&found[0].path).unwrap();
    assert!(run.skipped().torn > 1000 && run.summary().counts.tests == 0);
    for name in ["link.jsonl", "zero.jsonl", "folder.jsonl"] {
        assert!(matches!(Run::read(&runs.join(name)), Err(LedgerError::NotPlain { .. })), "{name}");
    }
}
