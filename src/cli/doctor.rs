//! What stands in the way of tests on a device, and the command that mends it.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};

use super::{Outcome, progress};
use crate::doctor::{Examination, Place, State, examine};
use crate::text::printable::line;

/// Look at everything that tests on a device need, and tell what mends what is amiss.
///
/// Each line is ok, warning or failed. Without a device most are warnings, since the simulator serves; with
/// HAILO_REQUIRED=1 or HAILO_RUNTIME=device they are failures. The library is asked in a process of its own, so that one
/// that hangs does not hang this command. Nothing is changed. The exit code is 1 where something has failed.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Write one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Outcome {
    let examination = examine(&Place::here());
    let mut out = std::io::stdout().lock();
    if arguments.json {
        serde_json::to_writer(&mut out, &examination)?;
        writeln!(out)?;
    } else {
        show(&examination, &mut out)?;
    }
    out.flush()?;
    Ok(if examination.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show(examination: &Examination, out: &mut impl Write) -> std::io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    for check in &examination.checks {
        table.add_row([check.state.name().to_owned(), check.name.to_owned(), line(&check.found)]);
    }
    for row in table.lines() {
        writeln!(out, "{}", row.trim_end())?;
    }
    let amiss: Vec<_> = examination.checks.iter().filter(|c| c.state != State::Ok).collect();
    if !amiss.is_empty() {
        writeln!(out, "\nWhat mends it:")?;
    }
    // One to a line and unbroken, so that it can be copied.
    for check in &amiss {
        writeln!(out, "  {:14}  {}", check.name, line(check.mend.as_deref().unwrap_or_default()))?;
    }
    let count = |state| examination.checks.iter().filter(|c| c.state == state).count();
    progress::say(format_args!(
        "{} ok, {} to know of, {} failed",
        count(State::Ok),
        count(State::Warning),
        count(State::Failed)
    ));
    Ok(())
}
