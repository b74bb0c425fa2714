//! Asks `pip` to download wheels.

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, set_parent_process_death_signal};

/// How long it may take to say its version.
const VERSION_PATIENCE: Duration = Duration::from_secs(20);
/// How long a download may stand still.
const STALL: Duration = Duration::from_secs(60);
/// How often its progress is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// A pip that answers.
pub(super) struct Pip<'a>(&'a [String]);

impl<'a> Pip<'a> {
    /// The first one that answers.
    pub(super) fn find(calls: &'a [Vec<String>]) -> Result<Self, String> {
        let answers = |call: &&'a Vec<String>| {
            let mut command = Command::new(&call[0]);
            command
                .args(&call[1..])
                .arg("--version")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            contain(&mut command);
            let Ok(mut child) = command.spawn() else { return false };
            wait(&mut child, VERSION_PATIENCE, || None).is_ok_and(|ok| ok)
        };
        calls.iter().find(|c| answers(c)).map(|c| Self(c)).ok_or_else(|| {
            "there is no pip (python3 -m pip, pip3); install it (Debian: apt install python3-pip)".into()
        })
    }

    /// Downloads the wheels named by `requirements` (`project==version`) into `folder`. `progress` is told how many
    /// bytes there are so far.
    pub(super) fn download(
        &self,
        requirements: &[String],
        folder: &Path,
        limit: u64,
        patience: Duration,
        mut progress: impl FnMut(u64),
    ) -> Result<(), String> {
        let scratch = folder.join("unfinished");
        std::fs::create_dir(&scratch).map_err(|e| e.to_string())?;
        let mut command = Command::new(&self.0[0]);
        command
            .args(&self.0[1..])
            .args(["download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input", "--quiet"])
            .args(["--disable-pip-version-check", "--retries", "1", "--timeout"])
            .arg(patience.as_secs().max(1).to_string())
            .arg("--dest")
            .arg(folder)
            .args(requirements)
            // Where it writes while it downloads: to be seen here, and on the disk that has room for it.
            .env("TMPDIR", &scratch)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        contain(&mut command);
        let shown = self.0.join(" ");
        let mut child = command.spawn().map_err(|e| format!("{shown}: {e}"))?;
        let mut errors = child.stderr.take();
        let log = std::thread::spawn(move || {
            let mut text = Vec::new();
            if let Some(pipe) = &mut errors {
                let _ = pipe.take(1 << 16).read_to_end(&mut text);
                let _ = std::io::copy(pipe, &mut std::io::sink());
            }
            String::from_utf8_lossy(&text).into_owned()
        });
        let (mut bytes, mut moved) = (0, Instant::now());
        let ended = wait(&mut child, Duration::MAX, || {
            let now = size(folder);
            if now != bytes {
                (bytes, moved) = (now, Instant::now());
                progress(bytes);
            }
            if bytes > limit {
                Some(format!("it wrote more than {limit} bytes and was stopped"))
            } else {
                (moved.elapsed() > STALL).then(|| "no progress; it was stopped".into())
            }
        });
        // What it left behind may hold the pipe open.
        let start = Instant::now();
        while !log.is_finished() && start.elapsed() < Duration::from_secs(1) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let log = if log.is_finished() { log.join().unwrap_or_default() } else { String::new() };
        match ended {
            Ok(true) => Ok(()),
            Ok(false) => {
                let last = log.lines().map(str::trim).rfind(|l| l.starts_with("ERROR")).map(str::to_owned);
                let last = last.or_else(|| log.lines().rfind(|l| !l.trim().is_empty()).map(str::to_owned));
                Err(format!("{shown}: {}", last.unwrap_or_else(|| "it failed without a word".into())))
            }
            Err(why) => Err(format!("{shown}: {why}")),
        }
    }
}

/// Waits for the child to end, and says whether it succeeded. It is killed after `patience`, or when `give_up` says so.
fn wait(
    child: &mut Child,
    patience: Duration,
    mut give_up: impl FnMut() -> Option<String>,
) -> Result<bool, String> {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status.success()),
            Ok(None) => {
                let why = if start.elapsed() < patience { give_up() } else { Some("no answer".into()) };
                let Some(why) = why else {
                    std::thread::sleep(LOOK);
                    continue;
                };
                // With everything that it started.
                if let Some(group) = Pid::from_raw(child.id() as i32) {
                    let _ = kill_process_group(group, Signal::KILL);
                }
                let _ = child.wait();
                return Err(why);
            }
            Err(e) => return Err(format!("how it ended is not known: {e}")),
        }
    }
}

/// Makes a child that dies with this process, in a process group of its own.
fn contain(command: &mut Command) {
    command.process_group(0);
    // SAFETY: between fork and exec there is one system call, which allocates nothing and takes no lock.
    unsafe { command.pre_exec(|| Ok(set_parent_process_death_signal(Some(Signal::KILL))?)) };
}

/// Bytes of all files below a folder.
fn size(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(m) if m.is_dir() => size(&entry.path()),
            Ok(m) => m.len(),
            Err(_) => 0,
        })
        .sum()
}

/// The wheel of a project in a folder.
pub(super) fn wheel(folder: &Path, project: &str, version: &str) -> Option<std::path::PathBuf> {
    // Wheels are named `project-version-….whl`, with hyphens in the project's name written as underscores.
    let prefix = format!("{}-{version}-", project.replace(['-', '.'], "_").to_ascii_lowercase());
    let named = |name: OsString| {
        let name = name.to_string_lossy().to_ascii_lowercase();
        name.starts_with(&prefix) && name.ends_with(".whl")
    };
    std::fs::read_dir(folder).ok()?.flatten().find(|e| named(e.file_name())).map(|e| e.path())
}
