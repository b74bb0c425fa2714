//! What a part of this process leaves behind: a test, or a block.

use std::sync::Once;
use std::time::Duration;

use super::census::{Census, Scope};
use super::family::Family;
use super::leak::{Kind, Leak, Side};
use super::policy::{Judged, Policy};
use super::settle::{Patience, settle};
use crate::cleanup::running_test;
use crate::diagnosis::naming;
use crate::hailort::ledger;
use crate::report::tell;
use crate::text::printable::say;

/// The variable by which nextest marks what a test starts: its value is of one attempt at one test of one run.
const ATTEMPT: &str = "NEXTEST_ATTEMPT_ID";
/// What says how many tests of a process run at a time.
const THREADS: &str = "RUST_TEST_THREADS";

/// How long functions of a worker that hung may still be named.
const NAMING: Duration = Duration::from_secs(10);

/// From where on this process is watched.
///
/// Where this process runs several tests at a time, as under `cargo test`, nobody can tell which of them opened a file
/// or started a thread. Then only handles of HailoRT are looked at that this thread made, and that is said once on
/// standard error. Under nextest, and with one test at a time (`--test-threads=1`), all is looked at.
#[derive(Debug)]
pub struct Watch {
    baseline: Option<Census>,
    /// Whose it is: a copy of the process has nothing of its own.
    process: u32,
    /// Numbers of handles that were open before.
    handles: Vec<u64>,
    extent: Extent,
}

/// Who is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The whole process.
    Process,
    /// What this thread did by means of this crate: other tests run beside it.
    Thread,
}

impl Extent {
    /// What can be told apart here.
    pub fn here() -> Self {
        let alone = || {
            let told = std::env::var(THREADS).is_ok_and(|n| n.trim() == "1");
            let mut arguments = std::env::args();
            let one = |a: &str| a == "--test-threads=1";
            told || arguments.any(|a| one(&a)) || {
                let all: Vec<String> = std::env::args().collect();
                all.windows(2).any(|pair| pair[0] == "--test-threads" && pair[1] == "1")
            }
        };
        // Threads of a test runner have other ids than their process.
        let is_main = rustix::thread::gettid() == rustix::process::getpid();
        if running_test::is_only_test() || is_main || alone() { Self::Process } else { Self::Thread }
    }
}

impl Watch {
    /// Begins to watch. What this crate itself starts once for the process is started before.
    pub fn begin() -> Self {
        let handles = ledger::numbers();
        let extent = Extent::here();
        if extent == Extent::Thread {
            static SAID: Once = Once::new();
            SAID.call_once(|| {
                say(
                    "hailo-harness: under cargo test several tests share this process: of its own leaks only handles of \
                     HailoRT are seen; cargo nextest run, or --test-threads=1, sees all",
                );
            });
            return Self { baseline: None, process: std::process::id(), handles, extent };
        }
        crate::worker::warm_up();
        let family = std::env::var(ATTEMPT).ok().map(|id| Family::begin(ATTEMPT, &id));
        let scope = Scope { family, ..Scope::default() };
        // Where `/proc` cannot be read, nobody is accused.
        let process = std::process::id();
        Self { baseline: Census::of(process, scope).ok(), process, handles, extent }
    }

    /// What is left behind since then.
    pub fn end(self) -> Vec<Leak> {
        if self.process != std::process::id() {
            return Vec::new();
        }
        let mut leaks: Vec<Leak> = ledger::open_handles_but(&self.handles, self.extent == Extent::Thread)
            .into_iter()
            .map(|h| Leak::handle(&h.kind, &h.of, &h.made_at, h.release.as_deref()))
            .collect();
        naming::finish(NAMING);
        let left = self.baseline.and_then(|baseline| settle(&baseline, Patience::default()).ok());
        let mut left = left.unwrap_or_default();
        if left.iter().any(|l| l.kind == Kind::Thread) {
            // Where they sit, another process has to look; without it they are named alone.
            if let Ok(diagnosis) = crate::worker::diagnose_this() {
                super::leak::place_threads(&mut left, &diagnosis);
            }
        }
        leaks.extend(left);
        leaks.iter_mut().for_each(|l| l.side = Side::Test);
        leaks
    }

    /// What is left behind since then, judged.
    ///
    /// # Panics
    /// When something is left that the policy forbids. Not while this thread panics already: then it is told.
    #[track_caller]
    pub fn assert(self, policy: &Policy) {
        let judged = policy.judge(self.end());
        tell::leaks(&judged);
        let Judged { failing, warned, .. } = judged;
        warned.iter().for_each(|leak| say(format_args!("hailo-harness: warning: leak: {leak}")));
        if failing.is_empty() {
            return;
        }
        let each: Vec<String> = failing.iter().map(|l| format!("{l}; {}", l.next)).collect();
        let message = format!("hailo-harness: leaks: {}", each.join("\n  "));
        if std::thread::panicking() { say(message) } else { panic!("{message}") }
    }
}

/// Panics where a block leaves anything behind: threads, open files, handles, children, mapped files, signal handlers,
/// variables, the working directory. The value is the block's.
///
/// A policy may come before it, as text or as a [`Policy`](crate::leaks::Policy); unless given, what `HAILO_LEAKS` says,
/// or else everything is a failure. See [`Watch`](crate::leaks::Watch) for what can be seen where.
///
/// ```
/// use hailo_harness::assert_no_leaks;
///
/// let sum = assert_no_leaks!({ std::thread::spawn(|| 2 + 3).join().unwrap() });
/// assert_eq!(sum, 5);
/// let kept = assert_no_leaks!("ignore:fd:*=the file is used below"; { std::fs::File::open("/dev/null").unwrap() });
/// # drop(kept);
/// ```
#[macro_export]
macro_rules! assert_no_leaks {
    ($policy:expr; $block:block) => {{
        let policy: $crate::leaks::Policy = $crate::leaks::IntoPolicy::into_policy($policy);
        let watch = $crate::leaks::Watch::begin();
        let value = $block;
        watch.assert(&policy);
        value
    }};
    ($block:block) => {{
        let policy = $crate::leaks::Policy::from_environment().unwrap_or_else(|e| panic!("{e}"));
        $crate::assert_no_leaks!(policy; $block)
    }};
}

/// What `assert_no_leaks!` takes for a policy.
pub trait IntoPolicy {
    /// The policy.
    ///
    /// # Panics
    /// When it is none.
    fn into_policy(self) -> Policy;
}

impl IntoPolicy for Policy {
    fn into_policy(self) -> Policy {
        self
    }
}

impl IntoPolicy for &str {
    #[track_caller]
    fn into_policy(self) -> Policy {
        self.parse().unwrap_or_else(|e| panic!("{e}"))
    }
}
