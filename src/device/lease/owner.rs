//! Who holds a device, as people read it.

use std::time::Duration;

use serde::Serialize;

use crate::text::printable;

/// Who holds a device, or waits for one.
///
/// Process, program and test are what the owner wrote of itself: they are bounded and free of control characters, and
/// nothing depends on them. The user and the time are the kernel's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Owner {
    /// Its process id.
    pub pid: u32,
    /// The user id that the ticket belongs to.
    pub uid: u32,
    /// The program; empty where it is not known.
    pub program: String,
    /// The test, where there is one.
    pub test: Option<String>,
    /// How long it has held the device, or waited; not known of a lock without a ticket.
    pub seconds: Option<f64>,
    /// Whether it is stopped (by Ctrl+Z, a debugger or SIGSTOP).
    pub stopped: bool,
    /// Whether only its worker is left: the program has ended.
    pub orphaned: bool,
    /// What holds the device where the program has ended, as far as it can be seen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<String>,
}

/// The longest program or test name that is shown, in characters.
const LONGEST: usize = 120;

/// A bounded text without anything that a terminal would obey.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = printable::line(text).chars().take(LONGEST + 1).collect();
    if shown.chars().count() > LONGEST {
        shown.pop();
        shown.push('…');
    }
    shown
}

/// A duration in seconds, as people read it.
pub(super) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 90.0 { format!("{seconds:.1} s") } else { format!("{:.0} min", seconds / 60.0) }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(time) = self.seconds.and_then(|s| Duration::try_from_secs_f64(s).ok()) {
            write!(f, "for {} ", seconds(time))?;
        }
        write!(f, "by process {}", self.pid)?;
        let mut details = Vec::new();
        if !self.program.is_empty() {
            details.push(shown(&self.program));
        }
        if let Some(test) = &self.test {
            details.push(format!("test {}", shown(test)));
        }
        if self.uid != rustix::process::geteuid().as_raw() {
            details.push(format!("user {}", self.uid));
        }
        if self.orphaned && self.left.is_empty() {
            details.push("which has ended; a process that it started has not".into());
        } else if self.orphaned {
            details.push(format!("which has ended; what it started has not: {}", self.left.join(", ")));
        } else if self.stopped {
            details.push("which is stopped".into());
        }
        if !details.is_empty() {
            write!(f, " ({})", details.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_owner_says_of_itself_is_bounded_and_obeyed_by_no_terminal() {
        let owner = Owner {
            pid: 7,
            uid: rustix::process::geteuid().as_raw(),
            program: format!("\u{1b}[2J{}", "x".repeat(500)),
            test: Some("a\nb".into()),
            seconds: Some(3.21),
            stopped: false,
            orphaned: false,
            left: Vec::new(),
        };
        let text = owner.to_string();
        assert!(text.starts_with("for 3.2 s by process 7 (\\u{1b}[2Jxxx"), "{text}");
        assert!(text.contains("…, test a\\nb)") && text.len() < 200, "{text}");
        assert!(!text.chars().any(char::is_control));
    }
}
