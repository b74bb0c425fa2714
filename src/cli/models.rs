//! The files of models.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use serde_json::json;

use super::Outcome;
use super::progress::FetchProgress;
use crate::models::catalogue::Pin;
use crate::models::device_files::fetched;
use crate::models::{
    Architecture, FetchOptions, FileState, LockFile, Model, ModelError, PublishedModel, PublishedOptions,
    Store, Variant,
};

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
    ///
    /// With --arch, those that Hailo publishes for a device. They come without hashes: what came first is written down in
    /// a lock file (models.lock in the cache's folder, or what HAILO_MODELS_LOCK or --lock names), and what comes later
    /// has to be the same.
    Fetch(Fetch),
    /// Check every byte of the files; the exit code is 1 where one is missing or wrong
    Verify(Names),
}

#[derive(Debug, Args)]
struct Fetch {
    /// Models for the simulator; all of them where none is named
    #[arg(value_name = "MODEL", value_parser = known)]
    names: Vec<String>,
    #[command(flatten)]
    device: Device,
    /// Fetch files that are there, too
    #[arg(long)]
    force: bool,
    /// Take the files from this folder instead of the network
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// Accept files that are not those that came first, and write them down
    #[arg(long, requires = "arch")]
    update_lock: bool,
}

#[derive(Debug, Args)]
struct Device {
    /// What the device is: hailo8, hailo8l or hailo8r
    #[arg(long, value_name = "ARCH", conflicts_with = "names")]
    arch: Option<Architecture>,
    /// Which Whisper for it: base or tiny
    #[arg(long, value_name = "MODEL", requires = "arch")]
    model: Option<Variant>,
    /// The lock file
    #[arg(long, value_name = "FILE")]
    lock: Option<PathBuf>,
}

impl Device {
    fn lock(&self, store: &Store) -> LockFile {
        self.lock.as_ref().map_or_else(|| LockFile::from_environment(store), LockFile::at)
    }
}

#[derive(Debug, Args)]
struct Names {
    /// Models for the simulator; all of them, and what was fetched for devices, where none is named
    #[arg(value_name = "MODEL", value_parser = known)]
    names: Vec<String>,
    #[command(flatten)]
    device: Device,
    /// Write one JSON object a file
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Outcome {
    let store = Store::user();
    match &arguments.command {
        Command::List(names) => {
            show(&store, names, &Variant::ALL, "present", Store::state)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Verify(names) => {
            let whole = show(&store, names, &[Variant::Base], "verified", Store::verify)?;
            if !whole {
                let command = match names.device.arch {
                    None => "hailo-harness models fetch".into(),
                    Some(architecture) => {
                        let variant = names.device.model.unwrap_or_default();
                        PublishedModel { architecture, variant }.fetch_command()
                    }
                };
                return Err(format!("not all files are there and right; run `{command}`").into());
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Fetch(arguments) => fetch(&store, arguments),
    }
}

fn fetch(store: &Store, arguments: &Fetch) -> Outcome {
    let Fetch { names, device, force, from, update_lock } = arguments;
    let options = FetchOptions { force: *force, from: from.clone(), ..FetchOptions::from_environment() };
    let Some(architecture) = device.arch else {
        for model in chosen(names)? {
            let mut shown = FetchProgress::new(&model.name);
            store.fetch(&model, &options, &mut |event| shown.show(event))?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    let model = PublishedModel { architecture, variant: device.model.unwrap_or_default() };
    let mut shown = FetchProgress::new(&model.to_string());
    let published = PublishedOptions {
        fetch: options.clone(),
        lock: device.lock(store),
        update_lock: *update_lock,
        ..PublishedOptions::from_environment(store)
    };
    store.fetch_published(model, &published, &mut |event| shown.show(event))?;
    // The tokenizer is Whisper's, and its hash is known; a folder need not have it.
    let tokenizer = Model::named(Variant::Base.model())?;
    let has_it = |folder: &PathBuf| folder.join(&tokenizer.files.tokenizer.name).is_file();
    let options = FetchOptions { force: false, from: options.from.filter(has_it), ..options };
    let mut shown = FetchProgress::new("the tokenizer");
    store.ensure_tokenizer(&tokenizer, &options, &mut |event| shown.show(event))?;
    Ok(ExitCode::SUCCESS)
}

/// A name that is one of a model.
fn known(name: &str) -> Result<String, String> {
    Model::named(name).map(|m| m.name).map_err(|e| e.to_string())
}

fn chosen(names: &[String]) -> Result<Vec<Model>, ModelError> {
    if names.is_empty() { Ok(Model::all()) } else { names.iter().map(|n| Model::named(n)).collect() }
}

/// A file of a model, as it is shown.
struct Row {
    model: String,
    arch: Option<&'static str>,
    file: String,
    /// Nothing where it was never fetched.
    pin: Option<Pin>,
    licence: Option<String>,
    /// Where it came from, where its hash was not known before.
    from: Option<String>,
}

/// The files that are asked for. For a device these are the variant's that is named, or else those that were fetched, or
/// else `otherwise`.
fn rows(store: &Store, names: &Names, otherwise: &[Variant]) -> Result<Vec<Row>, ModelError> {
    let Names { names, device, .. } = names;
    let lock = device.lock(store);
    let mut rows = Vec::new();
    if device.arch.is_none() {
        for model in chosen(names)? {
            rows.extend(model.pins().map(|pin| Row {
                model: model.name.clone(),
                arch: None,
                file: pin.name.clone(),
                pin: Some(pin.clone()),
                licence: Some(model.licence.clone()),
                from: None,
            }));
        }
    }
    let published = match (device.arch, device.model) {
        (None, _) if names.is_empty() => fetched(&lock)?,
        (None, _) => Vec::new(),
        (Some(architecture), Some(variant)) => vec![PublishedModel { architecture, variant }],
        (Some(architecture), None) => {
            let all = Variant::ALL.map(|variant| PublishedModel { architecture, variant });
            let known = |model: &PublishedModel| {
                store.known(*model, &lock).map(|k| k.iter().any(|k| k.pin.is_some()))
            };
            let mut some = Vec::new();
            for model in all {
                if known(&model)? || otherwise.len() > 1 {
                    some.push(model);
                }
            }
            if some.is_empty() {
                otherwise.iter().map(|&variant| PublishedModel { architecture, variant }).collect()
            } else {
                some
            }
        }
    };
    let locked = lock.read()?;
    for model in published {
        rows.extend(store.known(model, &lock)?.map(|known| {
            let path = known.file.path();
            Row {
                model: model.variant.model().into(),
                arch: Some(model.architecture.name()),
                file: known.file.name,
                pin: known.pin,
                licence: None,
                from: locked.iter().find(|l| l.file == path).map(|l| l.from.clone()),
            }
        }));
    }
    Ok(rows)
}

/// Writes what is known of each file, and says whether all are there.
fn show(
    store: &Store,
    names: &Names,
    otherwise: &[Variant],
    present: &'static str,
    look: impl Fn(&Store, &Pin) -> FileState,
) -> Result<bool, Box<dyn std::error::Error>> {
    let rows = rows(store, names, otherwise)?;
    let mut out = std::io::stdout().lock();
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["model", "file", "size", "state"]);
    let mut whole = true;
    let mut is_locked = false;
    for Row { model, arch, file, pin, licence, from } in rows {
        let state = pin.as_ref().map_or(FileState::Missing, |pin| look(store, pin));
        whole &= state == FileState::Present;
        is_locked |= arch.is_some();
        let (word, why) = match &state {
            FileState::Present => (present, None),
            FileState::Missing => ("missing", None),
            FileState::Altered(why) => ("altered", Some(why.clone())),
        };
        if names.json {
            let path = pin.as_ref().map(|pin| store.path(pin).display().to_string());
            let (bytes, sha256) = (pin.as_ref().map(|p| p.bytes), pin.as_ref().map(|p| &p.sha256));
            let line = json!({"model": model, "arch": arch, "file": file, "bytes": bytes, "sha256": sha256,
                "state": word, "reason": why, "path": path, "licence": licence, "from": from});
            writeln!(out, "{line}")?;
        } else {
            let size = pin.map_or_else(|| "?".into(), |pin| indicatif::DecimalBytes(pin.bytes).to_string());
            let model = arch.map_or_else(|| model.clone(), |arch| format!("{model} for {arch}"));
            table.add_row([&model, &file, &size, &why.unwrap_or_else(|| word.into())]);
        }
    }
    if !names.json {
        for line in table.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        writeln!(out, "in {}", store.directory().display())?;
        if is_locked {
            writeln!(out, "those for a device as {} says", names.device.lock(store).path().display())?;
        }
    }
    out.flush()?;
    Ok(whole)
}
