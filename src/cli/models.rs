//! The files of models.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use serde_json::json;

use super::Outcome;
use super::progress::FetchProgress;
use crate::models::{FetchOptions, FileState, Model, ModelError, Store};

/// List, fetch and check the files of models.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List all models with their files, and whether they are there
    List(Names),
    /// Fetch files that are missing, truncated or altered
    Fetch {
        /// Models; all of them where none is named
        #[arg(value_name = "MODEL", value_parser = known)]
        names: Vec<String>,
        /// Fetch files that are there, too
        #[arg(long)]
        force: bool,
        /// Take the files from this folder instead of the network
        #[arg(long, value_name = "DIR")]
        from: Option<PathBuf>,
    },
    /// Check every byte of the files; the exit code is 1 where one is missing or wrong
    Verify(Names),
}

#[derive(Debug, Args)]
struct Names {
    /// Models; all of them where none is named
    #[arg(value_name = "MODEL", value_parser = known)]
    names: Vec<String>,
    /// Write one JSON object a file
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Outcome {
    let store = Store::user();
    match &arguments.command {
        Command::List(names) => {
            show(&store, names, "present", Store::state)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Verify(names) => {
            let whole = show(&store, names, "verified", Store::verify)?;
            if !whole {
                return Err("not all files are there and right; run `hailo-harness models fetch`".into());
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Fetch { names, force, from } => {
            let options =
                FetchOptions { force: *force, from: from.clone(), ..FetchOptions::from_environment() };
            for model in chosen(names)? {
                let mut shown = FetchProgress::new(&model.name);
                store.fetch(&model, &options, &mut |event| shown.show(event))?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// A name that is one of a model.
fn known(name: &str) -> Result<String, String> {
    Model::named(name).map(|m| m.name).map_err(|e| e.to_string())
}

fn chosen(names: &[String]) -> Result<Vec<Model>, ModelError> {
    if names.is_empty() { Ok(Model::all()) } else { names.iter().map(|n| Model::named(n)).collect() }
}

/// Writes what is known of each file, and says whether all are there.
fn show(
    store: &Store,
    names: &Names,
    present: &'static str,
    look: impl Fn(&Store, &crate::models::catalogue::Pin) -> FileState,
) -> Result<bool, Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["model", "file", "size", "state"]);
    let mut whole = true;
    for model in chosen(&names.names)? {
        for pin in model.pins() {
            let state = look(store, pin);
            whole &= state == FileState::Present;
            let (word, why) = match &state {
                FileState::Present => (present, None),
                FileState::Missing => ("missing", None),
                FileState::Altered(why) => ("altered", Some(why.clone())),
            };
            let path = store.path(pin).display().to_string();
            if names.json {
                let line = json!({"model": model.name, "file": pin.name, "bytes": pin.bytes, "sha256": pin.sha256,
                    "state": word, "reason": why, "path": path, "licence": model.licence});
                writeln!(out, "{line}")?;
            } else {
                let size = indicatif::DecimalBytes(pin.bytes).to_string();
                table.add_row([&model.name, &pin.name, &size, &why.unwrap_or_else(|| word.into())]);
            }
        }
    }
    if !names.json {
        for line in table.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        writeln!(out, "in {}", store.directory().display())?;
    }
    out.flush()?;
    Ok(whole)
}
