//! All that a program started: its process group, and who has left that with the lease's variable in its environment.

use std::time::{Duration, Instant};

use crate::leaks::Family;
use crate::watchdog::escalation::{self, Suspect};
use crate::watchdog::{Budgets, Step};
use rustix::process::{Pid, Signal, getpgid, kill_process, kill_process_group};

/// A program gets as long after SIGTERM as a worker has that is asked to let go: it does not know the other way.
pub(super) const BUDGETS: Budgets =
    Budgets { term: Duration::from_secs(2), kill: Duration::from_secs(1), ..Budgets::DEVICE };
/// How often to look.
const LOOK: Duration = Duration::from_millis(5);

/// A process group and its family. Its leader must not be reaped while this is used: its number could become another's.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) leader: Pid,
    /// Daemons, and what else called `setsid`.
    pub(super) family: Family,
}

impl Group {
    /// Sends a signal to the process group, and to the leader, where it has joined another. They may have ended already.
    pub(super) fn signal(&self, signal: i32) {
        let Some(signal) = Signal::from_named_raw(signal) else { return };
        let _ = kill_process_group(self.leader, signal);
        if getpgid(Some(self.leader)).is_ok_and(|group| group != self.leader) {
            let _ = kill_process(self.leader, signal);
        }
    }

    /// Members that live, by process id and name, wherever they have gone.
    pub(super) fn members(&self) -> Vec<(u32, String)> {
        let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = processes.filter_map(|p| p.file_name().to_str()?.parse::<u32>().ok());
        let mut members: Vec<_> = pids.filter_map(|pid| Some((pid, self.member(pid)?))).collect();
        let found: Vec<u32> = members.iter().map(|(pid, _)| *pid).collect();
        members.extend(self.family.members(&found).into_iter().map(|m| (m.pid, m.name)));
        members
    }

    /// The process's name, where it is a member and lives.
    fn member(&self, pid: u32) -> Option<String> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (name, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_whitespace();
        let (state, _parent, group) = (fields.next()?, fields.next()?, fields.next()?);
        let threads: u32 = fields.nth(14)?.parse().ok()?;
        // A process whose main thread has ended looks dead, and is not while other threads live.
        let lives = state != "X" && (state != "Z" || threads > 1);
        let leader = self.leader.as_raw_nonzero().get();
        let ours = group.parse() == Ok(leader) || i32::try_from(pid) == Ok(leader);
        (lives && ours).then(|| name.split_once('(').map_or("", |(_, name)| name).to_owned())
    }

    /// Ends all members: SIGTERM, and SIGKILL for those that live on. What was tried; the last step tells whether all
    /// are gone.
    pub(super) fn end(&mut self) -> Vec<Step> {
        let mut steps = escalation::end(self, &BUDGETS);
        // Something that copies itself all the time may not have been seen in one look.
        let until = Instant::now() + BUDGETS.kill;
        let mut is_gone = false;
        while !is_gone && Instant::now() < until {
            is_gone = (0..3).all(|_| {
                std::thread::sleep(LOOK);
                self.members().is_empty()
            });
            if !is_gone {
                Suspect::signal(self, Signal::KILL);
            }
        }
        if let Some(last) = steps.last_mut() {
            last.helped &= is_gone;
        }
        steps
    }
}

impl Suspect for Group {
    fn ask(&mut self) -> bool {
        // Any program: SIGTERM is all that it can be asked by.
        false
    }

    fn signal(&self, signal: Signal) {
        Group::signal(self, signal.as_raw());
        self.family.signal(signal);
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
