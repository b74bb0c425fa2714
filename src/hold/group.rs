//! The process group of a program: all that it started and did not send away.

use std::time::{Duration, Instant};

use crate::watchdog::escalation::{self, Suspect};
use crate::watchdog::{Budgets, Step};
use rustix::process::{Pid, Signal, getpgid, kill_process, kill_process_group};

/// A program gets as long after SIGTERM as a worker has that is asked to let go: it does not know the other way.
pub(super) const BUDGETS: Budgets =
    Budgets { term: Duration::from_secs(2), kill: Duration::from_secs(1), ..Budgets::DEVICE };
/// How often to look.
const LOOK: Duration = Duration::from_millis(5);

/// A process group. Its leader must not be reaped while this is used: its number could become another's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group(pub(super) Pid);

impl Group {
    /// Sends a signal to all members, and to the leader, where it has joined another group. They may have ended already.
    pub(super) fn signal(self, signal: i32) {
        let Some(signal) = Signal::from_named_raw(signal) else { return };
        let _ = kill_process_group(self.0, signal);
        if getpgid(Some(self.0)).is_ok_and(|group| group != self.0) {
            let _ = kill_process(self.0, signal);
        }
    }

    /// Members that live, by process id and name; the leader also where it has joined another group.
    pub(super) fn members(self) -> Vec<(u32, String)> {
        let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = processes.filter_map(|p| p.file_name().to_str()?.parse::<u32>().ok());
        pids.filter_map(|pid| Some((pid, self.member(pid)?))).collect()
    }

    /// The process's name, where it is a member and lives.
    fn member(self, pid: u32) -> Option<String> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (name, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_whitespace();
        let (state, _parent, group) = (fields.next()?, fields.next()?, fields.next()?);
        let threads: u32 = fields.nth(14)?.parse().ok()?;
        // A process whose main thread has ended looks dead, and is not while other threads live.
        let lives = state != "X" && (state != "Z" || threads > 1);
        let leader = self.0.as_raw_nonzero().get();
        let ours = group.parse() == Ok(leader) || i32::try_from(pid) == Ok(leader);
        (lives && ours).then(|| name.split_once('(').map_or("", |(_, name)| name).to_owned())
    }

    /// Ends all members: SIGTERM, and SIGKILL for those that live on. What was tried; the last step tells whether all
    /// are gone.
    pub(super) fn end(mut self) -> Vec<Step> {
        escalation::end(&mut self, &BUDGETS)
    }
}

impl Suspect for Group {
    fn ask(&mut self) -> bool {
        // Any program: SIGTERM is all that it can be asked by.
        false
    }

    fn signal(&self, signal: Signal) {
        Group::signal(*self, signal.as_raw());
    }

    fn wait(&self, patience: Duration) -> bool {
        let start = Instant::now();
        while !self.members().is_empty() {
            if start.elapsed() > patience {
                return false;
            }
            std::thread::sleep(LOOK);
        }
        true
    }
}
