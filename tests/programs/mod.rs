//! Copies of a test's program that do what they are told, and what became of them.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use wait_timeout::ChildExt;

/// The variable that tells a copy what to do.
pub const VARIABLE: &str = "HAILO_TEST_PROGRAM";

/// A copy of this test's program.
pub struct Program {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
    /// The lines that it has said so far.
    pub said: Vec<String>,
}

impl Program {
    /// Starts one.
    pub fn start(what: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        Self::spawn(command.args(["--exact", "program", "--nocapture"]).env(VARIABLE, what))
    }

    /// Starts a command whose standard output is that of a copy.
    pub fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines, said: Vec::new() }
    }

    /// Reads until it has said this, and answers the whole line.
    pub fn until(&mut self, word: &str) -> String {
        for line in self.lines.by_ref() {
            let line = line.unwrap();
            self.said.push(line.clone());
            if line.contains(word) {
                return line;
            }
        }
        panic!("it ended without {word:?}: {:?}", self.said)
    }

    /// Sends it a signal, or, where it leads a process group, all of them.
    pub fn signal(&self, signal: i32) {
        let id = self.child.id() as i32;
        // SAFETY: a signal to a child of this test that was not reaped yet.
        unsafe {
            let to = if libc::getpgid(id) == id { -id } else { id };
            assert_eq!(libc::kill(to, signal), 0);
        }
    }

    /// Waits until it, a shell, waits for a program.
    #[allow(dead_code, reason = "not every test has shells")]
    pub fn waits_for_its_program(&self) {
        let until = Instant::now() + Duration::from_secs(30);
        let call = format!("{} ", libc::SYS_wait4);
        // Nothing tells when it has come so far.
        while !std::fs::read_to_string(format!("/proc/{}/syscall", self.child.id()))
            .unwrap()
            .starts_with(&call)
        {
            assert!(Instant::now() < until, "the shell does not wait");
            std::thread::yield_now();
        }
    }

    /// Waits for its end: how it ended, the names of the handlers that ran, and all that it said.
    pub fn end(mut self) -> (ExitStatus, Vec<String>, String) {
        self.said.extend(self.lines.by_ref().map(Result::unwrap));
        let status = self.child.wait_timeout(Duration::from_secs(30)).unwrap().expect("it ends");
        let handlers =
            self.said.iter().filter_map(|l| l.split("handler ").nth(1)).map(str::to_owned).collect();
        (status, handlers, self.said.join("\n"))
    }
}
