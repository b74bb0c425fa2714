//! What happened in a run: every test process writes it down, and the report reads it, whoever was killed meanwhile.
//!
//! | room | holds |
//! | --- | --- |
//! | [`ledger`] | [`Ledger`]: appending what happened to the file of the run |
//! | [`record`] | [`Record`]: what can happen, and the line that it becomes |
//! | [`mod@line`] | the lines of a file that may hold anything, and the records in them |
//! | [`run`] | [`Run`]: a file, read once and put together by test |
//! | [`summary`] | [`Summary`]: what became of a run, as numbers and lists |
//! | `show` | a summary as text |
//! | [`notice`] | the stable lines on standard error for a hang and a leak |
//! | `tell` | what happened, as a line and as a record, where this process is a test |
//! | [`place`] | where the ledger is: `HAILO_LEDGER`, or the target folder of cargo |
//! | [`run_id`] | the name that all processes of a run agree on |
//! | `process` | what names a process for good, and whether it lives |
//! | `folder` | opening files in a folder where links and pipes may be |
//! | `retention` | removing the oldest runs |
//! | `cut` | texts of bounded length |
//! | [`error`] | [`LedgerError`] |
//!
//! A run is one file of JSON lines, `<root>/runs/<run id>.jsonl`. Each record is one `write` to a file that was opened
//! with `O_APPEND`, so that records of many processes do not mix, and nothing is locked. What was written is there
//! after the process is killed, since the kernel has it. It is not flushed to the disk: a loss of power can take the
//! last seconds, or leave a torn line, which the reader skips and counts. On network file systems appends of two hosts
//! can overwrite each other.
//!
//! A test that has begun and not ended, and whose process is gone, was killed, or crashed: nobody has to notice it at
//! the time. Nothing here fails a test: a ledger that cannot be written is said once on standard error.

mod cut;
pub mod error;
mod folder;
pub mod ledger;
pub mod line;
pub mod notice;
pub mod place;
mod process;
pub mod record;
mod retention;
pub mod run;
pub mod run_id;
mod show;
pub mod summary;
pub(crate) mod tell;

pub use error::LedgerError;
pub use ledger::{Ledger, RunInfo};
pub use notice::{hang_line, leak_line};
pub use record::{End, Hang, Leak, Note, Outcome, Record, Side, Start, Step, Verdict, Wedged};
pub use run::Run;
pub use summary::Summary;
