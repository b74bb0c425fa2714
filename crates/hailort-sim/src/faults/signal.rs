//! Signals that a library may take over.

use std::ffi::c_int;
use std::fmt::{Display, Formatter, Result as FmtResult};

/// The signals that a program can handle and that mean no defect of its own.
const SIGNALS: &[(&str, c_int)] = &[
    ("SIGHUP", libc::SIGHUP),
    ("SIGINT", libc::SIGINT),
    ("SIGQUIT", libc::SIGQUIT),
    ("SIGUSR1", libc::SIGUSR1),
    ("SIGUSR2", libc::SIGUSR2),
    ("SIGPIPE", libc::SIGPIPE),
    ("SIGALRM", libc::SIGALRM),
    ("SIGTERM", libc::SIGTERM),
    ("SIGCHLD", libc::SIGCHLD),
    ("SIGCONT", libc::SIGCONT),
    ("SIGWINCH", libc::SIGWINCH),
];

/// A signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal(c_int);

impl Signal {
    /// The signal of this name, such as `SIGUSR2`.
    pub fn of_name(name: &str) -> Option<Self> {
        SIGNALS.iter().find(|(known, _)| *known == name).map(|(_, number)| Self(*number))
    }

    /// Its number.
    pub fn number(self) -> c_int {
        self.0
    }

    pub(super) fn names() -> Vec<&'static str> {
        SIGNALS.iter().map(|(name, _)| *name).collect()
    }
}

impl Default for Signal {
    fn default() -> Self {
        Self(libc::SIGUSR2)
    }
}

impl Display for Signal {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        let name = SIGNALS.iter().find(|(_, number)| *number == self.0).map(|(name, _)| *name);
        f.write_str(name.unwrap_or("a signal"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signal_has_its_name() {
        for name in Signal::names() {
            assert_eq!(Signal::of_name(name).unwrap().to_string(), name);
        }
        assert_eq!(Signal::of_name("SIGKILL"), None);
        assert_eq!(Signal::default().to_string(), "SIGUSR2");
    }
}
