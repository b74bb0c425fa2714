//! Processes that tests start: this test program, executed again as the test [`plays_its_role`] alone.
//!
//! A child does what its role says, reports line by line, and takes orders line by line. It ends when its orders end,
//! and it is killed with the test that started it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child as Process, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::support::*;

/// Names the role of a child.
const ROLE: &str = "HAILO_SIM_TEST_ROLE";
/// What lines of a child begin with, since the test harness has lines of its own.
const PREFIX: &str = "child: ";

/// Whether this process is one that a test started.
pub fn is_child() -> bool {
    std::env::var_os(ROLE).is_some()
}

#[test]
fn plays_its_role() {
    let Ok(role) = std::env::var(ROLE) else { return };
    match &*role {
        "device" => crate::processes::play(),
        "faults" => crate::faults::play(),
        "hangs" => crate::hangs::play(),
        other => panic!("no role {other}"),
    }
}

/// Tells the test something.
pub fn report(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{PREFIX}{line}").unwrap();
    out.flush().unwrap();
}

/// Carries out orders until there are no more.
pub fn obey(mut carry_out: impl FnMut(&str)) {
    for order in std::io::stdin().lines() {
        carry_out(&order.unwrap());
    }
}

/// A process that a test started; killed and reaped when it is dropped.
pub struct Child {
    process: Process,
    orders: Option<ChildStdin>,
    reports: Receiver<String>,
    errors: Receiver<String>,
}

impl Child {
    /// Starts one in this role with these variables.
    pub fn start(role: &str, variables: &[(&str, &std::ffi::OsStr)]) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["child::plays_its_role", "--exact", "--nocapture", "--test-threads=1"])
            .env(ROLE, role)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let reports = lines(process.stdout.take().unwrap(), |line| {
            line.split_once(PREFIX).map(|(_, report)| report.to_string())
        });
        let errors = lines(process.stderr.take().unwrap(), Some);
        Self { orders: process.stdin.take(), process, reports, errors }
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Its next report.
    pub fn heard(&mut self) -> String {
        match self.reports.recv_timeout(SOON) {
            Ok(report) => report,
            Err(why) => panic!("no report ({why}); errors: {:?}", self.errors.try_iter().collect::<Vec<_>>()),
        }
    }

    /// Whether it reports nothing for so long.
    pub fn is_silent_for(&self, time: Duration) -> bool {
        self.reports.recv_timeout(time) == Err(RecvTimeoutError::Timeout)
    }

    /// Orders something.
    pub fn order(&mut self, order: &str) {
        writeln!(self.orders.as_mut().unwrap(), "{order}").unwrap();
    }

    /// Orders something and answers what it reports.
    pub fn ask(&mut self, order: &str) -> String {
        self.order(order);
        self.heard()
    }

    /// Kills it with SIGKILL, without waiting.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
    }

    /// How it ended.
    pub fn end(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < SOON, "the child does not end");
            std::thread::yield_now();
        }
    }

    /// Waits for its end and answers all that it wrote to standard error.
    pub fn errors(mut self) -> String {
        drop(self.orders.take());
        self.end();
        self.errors.iter().fold(String::new(), |all, line| all + &line + "\n")
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn lines(
    from: impl std::io::Read + Send + 'static,
    pick: impl Fn(String) -> Option<String> + Send + 'static,
) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if let Some(line) = pick(line)
                && sender.send(line).is_err()
            {
                break;
            }
        }
    });
    receiver
}
