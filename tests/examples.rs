//! The examples, as people run and interrupt them.

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use wait_timeout::ChildExt;

const EXAMPLES: [&str; 5] = ["simple", "full", "daemon", "manual", "orchestrator"];
const CLIP: &str = "audio-corpus/monte-volume.flac";
const LIMIT: Duration = Duration::from_secs(30);

#[path = "common/host.rs"]
mod own;
use own::host;

/// An example with the canned model. It was built beside this test.
fn example(name: &str) -> Command {
    let tests = std::env::current_exe().unwrap();
    let path = tests.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is not there: cargo build --examples", path.display());
    let mut command = Command::new(path);
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("HAILO_RUNTIME", "sim")
        .env("HAILO_MODEL", "canned")
        .env("HAILO_SIM_HOST", host())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Starts an example with these clips: as arguments, or on the standard input of the daemon, which stays open.
fn start(name: &str, clips: &[&str]) -> Child {
    let mut command = example(name);
    if name != "daemon" {
        command.args(clips);
    }
    let mut child = command.spawn().unwrap();
    if name == "daemon" {
        let input = child.stdin.as_mut().unwrap();
        clips.iter().for_each(|clip| writeln!(input, "{clip}").unwrap());
    }
    child
}

/// Waits for its end: status, standard output, standard error.
fn end(mut child: Child) -> (ExitStatus, String, String) {
    drop(child.stdin.take());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status, text(&output.stdout), text(&output.stderr))
}

/// The worker of an example, as soon as there is one.
fn worker(child: &Child) -> u32 {
    let begun = Instant::now();
    loop {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", child.id())).into_iter().flatten().flatten();
        let lists = tasks.filter_map(|t| std::fs::read_to_string(t.path().join("children")).ok());
        let children: Vec<u32> = lists
            .flat_map(|l| l.split_whitespace().map(|p| p.parse().unwrap()).collect::<Vec<_>>())
            .collect();
        if let [worker] = children.as_slice() {
            return *worker;
        }
        assert!(begun.elapsed() < LIMIT, "no worker: {children:?}");
        std::thread::yield_now();
    }
}

fn lives(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}

/// A WAV file of half an hour, which nobody hears to its end here.
fn long(folder: &Path) -> PathBuf {
    let path = folder.join("long.wav");
    let samples: Vec<u8> =
        (0..16_000 * 1_800).flat_map(|i| ((9_000.0 * (i as f32 * 0.2).sin()) as i16).to_le_bytes()).collect();
    let size = samples.len() as u32;
    let head = [
        b"RIFF".as_slice(),
        &(36 + size).to_le_bytes(),
        b"WAVEfmt \x10\0\0\0\x01\0\x01\0",
        &16_000u32.to_le_bytes(),
        &32_000u32.to_le_bytes(),
        b"\x02\0\x10\0data",
        &size.to_le_bytes(),
    ];
    std::fs::write(&path, [head.concat(), samples].concat()).unwrap();
    path
}

#[test]
fn each_hears_a_clip_and_ends_with_0() {
    for name in EXAMPLES {
        let (status, out, err) = end(start(name, &[CLIP]));
        assert!(status.success() && !out.trim().is_empty(), "{name}: {status}\n{out}{err}");
        assert!(!err.contains("teardown"), "{name}: {err}");
    }
}

#[test]
fn without_arguments_they_take_a_clip_of_the_corpus() {
    for name in EXAMPLES.into_iter().filter(|name| *name != "daemon") {
        let (status, out, err) = end(start(name, &[]));
        assert!(status.success() && !out.trim().is_empty(), "{name}: {status}\n{out}{err}");
    }
}

#[test]
fn a_clip_that_is_missing_is_named() {
    for name in EXAMPLES {
        let (status, _, err) = end(start(name, &["nonexistent.wav"]));
        assert!(err.contains("nonexistent.wav"), "{name}: {err}");
        // The daemon goes on with the next one.
        assert_eq!(status.code(), Some(i32::from(name != "daemon")), "{name}: {err}");
    }
}

#[test]
fn the_daemon_goes_on_after_a_clip_that_it_cannot_read() {
    let (status, out, err) = end(start("daemon", &["nonexistent.wav", CLIP, CLIP]));
    assert!(status.success() && err.contains("nonexistent.wav"), "{err}");
    assert_eq!(out.lines().filter(|line| line.starts_with(CLIP)).count(), 2, "{out}");
}

#[test]
fn manual_shows_the_report() {
    let (_, out, _) = end(start("manual", &[CLIP]));
    assert!(out.contains("teardown: clean"), "{out}");
}

#[test]
fn an_interrupt_in_the_middle_ends_each_by_the_signal_and_its_worker() {
    let folder = tempfile::tempdir().unwrap();
    let clip = long(folder.path());
    for name in EXAMPLES {
        let mut child = start(name, &[clip.to_str().unwrap()]);
        let worker = worker(&child);
        // SAFETY: a signal to a child of this test that was not reaped yet.
        assert_eq!(unsafe { libc::kill(child.id() as i32, libc::SIGINT) }, 0);
        let status = child.wait_timeout(LIMIT).unwrap().expect("it ends");
        assert_eq!((status.signal(), status.code()), (Some(libc::SIGINT), None), "{name}");
        let begun = Instant::now();
        while lives(worker) {
            // Those that do not handle signals leave it to the worker to notice.
            assert!(begun.elapsed() < LIMIT, "{name}: its worker lives on");
            std::thread::yield_now();
        }
    }
}

#[test]
fn the_orchestrator_ends_with_a_plain_status_although_a_thread_waits() {
    for (clips, code) in [(vec![CLIP], 0), (vec![CLIP, "nonexistent.wav"], 1)] {
        let child = start("orchestrator", &clips);
        let worker = worker(&child);
        let (status, _, err) = end(child);
        assert_eq!((status.code(), status.signal()), (Some(code), None), "{err}");
        assert!(!lives(worker), "it was ended before the exit");
    }
}
