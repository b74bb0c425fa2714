//! Runs each scenario in a process of its own, in a process group of its own, within a deadline.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::areas::{self, Needs, Scenario};
use crate::lab::{HEF, Lab};

/// The variable that names the scenario, in a process that runs one.
pub const SCENARIO: &str = "HAILO_CONFORMANCE_SCENARIO";
/// The variable that names the part, in a process that a scenario has started.
pub const PART: &str = "HAILO_CONFORMANCE_PART";
/// The variable that names the library.
pub const LIBRARY: &str = "HAILO_CONFORMANCE_LIBRARY";
/// The variable that names the folder of a scenario.
pub const FOLDER: &str = "HAILO_CONFORMANCE_FOLDER";
/// The file in that folder that gets the answer.
const ANSWER: &str = "answer";

/// How long a scenario may take that says nothing else: busy machines need the time.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// What a run is about.
#[derive(Clone, Debug)]
pub struct Run {
    /// The library's file.
    pub library: PathBuf,
    /// Variables of the simulator; none for a real library.
    pub variables: Vec<(&'static str, String)>,
    /// Scenarios at once: one where they share a device.
    pub at_once: usize,
}

impl Run {
    /// Of the simulator's library, with so many devices.
    pub fn of_simulator(library: &Path, version: &str, devices: usize) -> Self {
        let at_once = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let variables = vec![
            ("HAILO_SIM_VERSION", version.to_owned()),
            ("HAILO_SIM_DEVICES", devices.to_string()),
            // As many as the real library has from the first HEF on.
            ("HAILO_SIM_THREADS", "2".to_owned()),
            ("HAILO_SIM_FAULTS", String::new()),
            (HEF, String::new()),
        ];
        Self { library: library.into(), variables, at_once }
    }

    /// Of a library that somebody named.
    pub fn of_library(library: &Path) -> Self {
        Self { library: library.into(), variables: Vec::new(), at_once: 1 }
    }

    /// The line of each scenario, in their order.
    pub fn lines(&self, scenarios: &[Scenario]) -> Vec<String> {
        let next = AtomicUsize::new(0);
        let lines = Mutex::new(vec![String::new(); scenarios.len()]);
        std::thread::scope(|scope| {
            for _ in 0..self.at_once {
                scope.spawn(|| {
                    while let Some(scenario) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let line = self.line(scenario);
                        let place = scenarios.iter().position(|s| s.name == scenario.name);
                        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
                        lines[place.unwrap_or_default()] = line;
                    }
                });
            }
        });
        lines.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// The line of a scenario: `area/name: result`.
    pub fn line(&self, scenario: &Scenario) -> String {
        static HOSTS: AtomicUsize = AtomicUsize::new(0);
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join("home")).expect("a home");
        let host = format!("conform-{}-{}", std::process::id(), HOSTS.fetch_add(1, Ordering::Relaxed));
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.env(SCENARIO, &scenario.name).env(LIBRARY, &self.library).env(FOLDER, folder.path());
        command.env("HOME", folder.path().join("home")).env("HAILORT_LOGGER_PATH", "NONE");
        command.env("HAILORT_CONSOLE_LOGGER_LEVEL", "critical").env("HAILO_SIM_HOST", host);
        command.envs(self.variables.iter().map(|(k, v)| (k, v)));
        for (variable, value) in &scenario.variables {
            command.env(variable, value);
        }
        command.current_dir(folder.path()).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // SAFETY: one system call, on a value of its own.
        unsafe {
            command.pre_exec(|| {
                // A crash is a result: nobody looks at its core.
                let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
                libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
                Ok(())
            });
        }
        let mut child = command.spawn().expect("this program starts again");
        let group = -i32::try_from(child.id()).expect("a process id");
        let (told, ended) = channel();
        let waiter = std::thread::spawn(move || told.send(child.wait()));
        let status = ended.recv_timeout(scenario.deadline);
        // SAFETY: the group is that of the child, which leads it; what it has left there has to go in any case.
        unsafe { libc::kill(group, libc::SIGKILL) };
        let _ = waiter.join();
        let answer = std::fs::read_to_string(folder.path().join(ANSWER)).ok();
        let end = match status {
            Err(_) => Some("hangs".to_owned()),
            Ok(Ok(status)) if status.success() => None,
            Ok(Ok(status)) => Some(ending(status)),
            Ok(Err(why)) => Some(format!("cannot be waited for: {why}")),
        };
        let result = match (answer, end) {
            (Some(answer), None) => answer,
            (Some(answer), Some(end)) => format!("{answer}; then {end}"),
            (None, Some(end)) => end,
            (None, None) => "exits with 0 before it has answered".into(),
        };
        format!("{}: {}", scenario.name, result.replace('\n', " "))
    }
}

/// How a process ended.
pub fn ending(status: ExitStatus) -> String {
    let name = |signal| match signal {
        libc::SIGABRT => "SIGABRT".to_owned(),
        libc::SIGBUS => "SIGBUS".to_owned(),
        libc::SIGFPE => "SIGFPE".to_owned(),
        libc::SIGILL => "SIGILL".to_owned(),
        libc::SIGKILL => "SIGKILL".to_owned(),
        libc::SIGSEGV => "SIGSEGV".to_owned(),
        libc::SIGTERM => "SIGTERM".to_owned(),
        other => format!("signal {other}"),
    };
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("dies of {}", name(signal)),
        (None, Some(code)) => format!("exits with {code}"),
        (None, None) => status.to_string(),
    }
}

/// What this process is for, where it is a scenario or a part of one. It does not return then.
pub fn serve() {
    if let Ok(part) = std::env::var(PART) {
        end(Lab::open().map(|lab| areas::part(&part, &lab)).is_ok());
    }
    let Ok(name) = std::env::var(SCENARIO) else { return };
    let answer = std::env::var_os(FOLDER).map(|folder| Path::new(&folder).join(ANSWER));
    let (Some(answer), Some(scenario)) = (answer, areas::all().into_iter().find(|s| s.name == name)) else {
        end(false)
    };
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&scenario)));
    let text = match result {
        Ok(Ok(text) | Err(text)) => text,
        Err(panic) => format!("panics: {}", message(panic.as_ref())),
    };
    end(std::fs::write(answer, text).is_ok());
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message").to_owned()
}

fn run(scenario: &Scenario) -> Result<String, String> {
    let needed = match scenario.needs {
        Needs::NoLibrary => return (scenario.run)(None),
        Needs::Library => 0,
        Needs::Devices(count) => count,
        Needs::Network => 1,
    };
    let lab = Lab::open()?;
    let found = if needed > 0 { lab.devices().len() } else { 0 };
    if found < needed {
        return Err(if needed == 1 { "needs a device".into() } else { format!("needs {needed} devices") });
    }
    if scenario.needs == Needs::Network {
        lab.network()?;
    }
    (scenario.run)(Some(&lab))
}

/// Ends the process at once: what a library does when its process ends is no part of a scenario.
fn end(well: bool) -> ! {
    // SAFETY: it never returns, and runs nothing of anybody's.
    unsafe { libc::_exit(i32::from(!well)) }
}
