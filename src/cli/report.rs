//! What happened in a run of tests.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;

use super::{Outcome, progress};
use crate::report::{Ledger, Run, place};

/// Show what happened in a run of tests: hangs, leaks, killed and flaky tests, and where the time went.
///
/// Every test that uses a fixture appends what happens to the ledger of its run, which survives when the test is killed.
/// Ledgers are in target/hailo-harness/runs, or below the folder that HAILO_LEDGER names; the newest 50 are kept. What
/// the threads of a hung process did is in a file beside, which the summary names.
///
/// Exit status: 0; 1 where anything failed, hung, was killed or leaked, or where there is no such run.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hailo-harness report                 the newest run
  hailo-harness report 7ebb4308        the run whose id begins so
  hailo-harness report --json | jq .hangs
  hailo-harness report --list")]
pub struct Arguments {
    /// The run: its id or how that begins (default: the newest)
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// List the runs that there are, the newest first
    #[arg(long, conflicts_with = "run")]
    list: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Outcome {
    let root = place::for_reading()?;
    let mut out = std::io::stdout().lock();
    if arguments.list {
        for run in Ledger::runs(&root)? {
            if arguments.json {
                let line = serde_json::json!({ "id": run.id, "path": run.path, "bytes": run.bytes });
                writeln!(out, "{line}")?;
            } else {
                writeln!(out, "{}  {} bytes", run.id, run.bytes)?;
            }
        }
        return Ok(ExitCode::SUCCESS);
    }
    let summary = Run::read(&Ledger::find(&root, arguments.run.as_deref())?.path)?.summary();
    if arguments.json {
        serde_json::to_writer(&mut out, &summary)?;
        writeln!(out)?;
    } else {
        write!(out, "{summary}")?;
    }
    out.flush()?;
    // A ledger of which nothing could be read says nothing good.
    let is_garbage = summary.counts.tests == 0 && !summary.skipped.is_none();
    if is_garbage {
        progress::say("nothing in this ledger could be read; `hailo-harness report --list` shows the others");
    }
    Ok(if summary.is_good() && !is_garbage { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
