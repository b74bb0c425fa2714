//! What a device is loaded with: the files of a model, from the cache or from a folder.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::architecture::Architecture;
use super::catalogue::Model;
use super::error::ModelError;
use super::fetch_published::{Known, PublishedOptions};
use super::lock_file::LockFile;
use super::published::{PublishedModel, Role, Variant};
use super::store::Store;
use super::{FetchEvent, FetchOptions};

/// The tokenizer's name in a folder.
const TOKENIZER: &str = "tokenizer.json";

/// A file with the name that errors call it by: in the cache, files are called by their hashes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedFile {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// The files of a model for a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceFiles {
    /// The model's name for reports.
    pub model: String,
    /// The encoder's HEF.
    pub encoder: NamedFile,
    /// The decoder's HEF.
    pub decoder: NamedFile,
    /// The token embeddings.
    pub embedding: NamedFile,
    /// The positional bias; some decoders need none.
    pub bias: Option<NamedFile>,
    /// The tokenizer.
    pub tokenizer: NamedFile,
}

impl DeviceFiles {
    /// The files that Hailo publishes, from the cache; what is missing is fetched.
    ///
    /// # Errors
    /// As [`Store::ensure_published`].
    pub fn published(
        model: PublishedModel,
        store: &Store,
        options: &PublishedOptions,
        events: &mut dyn FnMut(FetchEvent),
    ) -> Result<Self, ModelError> {
        store.ensure_published(model, options, events)?;
        let tokenizer = tokenizer(store, &options.fetch, events)?;
        let known = store.known(model, &options.lock)?;
        let of = |role| {
            let Known { file, pin } = known.iter().find(|k| k.file.role == role)?;
            pin.as_ref().map(|pin| NamedFile { name: file.name.clone(), path: store.path(pin) })
        };
        // Somebody may have taken an entry out of the lock file since it was looked at.
        let gone = || ModelError::Lock {
            path: options.lock.path().into(),
            why: "an entry has gone while it was used".into(),
        };
        Ok(Self {
            model: model.variant.model().into(),
            encoder: of(Role::Encoder).ok_or_else(gone)?,
            decoder: of(Role::Decoder).ok_or_else(gone)?,
            embedding: of(Role::Embedding).ok_or_else(gone)?,
            bias: of(Role::Bias),
            tokenizer,
        })
    }

    /// Files in a folder: by the names under which Hailo publishes them, or else the only one of each kind (a HEF with
    /// `encoder` and one with `decoder` in its name, a `token_embedding….npy`, perhaps an `onnx_add_input….npy`). The
    /// tokenizer is the folder's `tokenizer.json`, or that of multilingual Whisper from the cache.
    ///
    /// # Errors
    /// When one is missing or there are several; when the tokenizer cannot be had.
    pub fn in_folder(
        folder: &Path,
        variant: Variant,
        architecture: Option<Architecture>,
        store: &Store,
        options: &FetchOptions,
        events: &mut dyn FnMut(FetchEvent),
    ) -> Result<Self, ModelError> {
        let names = names(folder)?;
        let published = architecture.map(|a| PublishedModel { architecture: a, variant }.files());
        let find = |role: Role| -> Result<NamedFile, ModelError> {
            let named = |name: &str| NamedFile { name: name.into(), path: folder.join(name) };
            let exact = published.iter().flatten().find(|f| f.role == role).map(|f| f.name.as_str());
            if let Some(exact) = exact.filter(|e| names.iter().any(|n| n == e)) {
                return Ok(named(exact));
            }
            let (part, end) = match role {
                Role::Encoder => ("encoder", ".hef"),
                Role::Decoder => ("decoder", ".hef"),
                Role::Embedding => ("token_embedding", ".npy"),
                Role::Bias => ("onnx_add_input", ".npy"),
            };
            let alike: Vec<&String> = names.iter().filter(|n| n.contains(part) && n.ends_with(end)).collect();
            let wanted =
                exact.map_or_else(|| format!("*{part}*{end}"), |exact| format!("{exact} or *{part}*{end}"));
            match alike.as_slice() {
                [one] => Ok(named(one)),
                [] => Err(ModelError::Folder {
                    folder: folder.into(),
                    what: wanted,
                    hint: hint(variant, architecture),
                }),
                several => {
                    let all = several.iter().map(|n| n.as_str()).collect::<Vec<_>>().join(", ");
                    let hint = "leave one of them there, or name the architecture with HAILO_ARCH".into();
                    let what = format!("single {wanted}: there are {all}");
                    Err(ModelError::Folder { folder: folder.into(), what, hint })
                }
            }
        };
        let bias = match find(Role::Bias) {
            Err(ModelError::Folder { what, .. }) if !what.starts_with("single") => None,
            found => Some(found?),
        };
        let tokenizer = if names.iter().any(|n| n == TOKENIZER) {
            NamedFile { name: TOKENIZER.into(), path: folder.join(TOKENIZER) }
        } else {
            tokenizer(store, options, events)?
        };
        Ok(Self {
            model: variant.model().into(),
            encoder: find(Role::Encoder)?,
            decoder: find(Role::Decoder)?,
            embedding: find(Role::Embedding)?,
            bias,
            tokenizer,
        })
    }
}

fn hint(variant: Variant, architecture: Option<Architecture>) -> String {
    let architecture = architecture.unwrap_or(Architecture::Hailo8L);
    let command = PublishedModel { architecture, variant }.fetch_command();
    format!("`{command}` fetches Hailo's files, and without HAILO_HEFS they are used")
}

fn names(folder: &Path) -> Result<Vec<String>, ModelError> {
    let entries = std::fs::read_dir(folder).map_err(|error| ModelError::Folder {
        folder: folder.into(),
        what: format!("files that can be listed: {error}"),
        hint: "HAILO_HEFS is `published` or a folder of files for a device".into(),
    })?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|e| e.path().is_file())
        .filter_map(|e| e.file_name().into_string().ok())
        .collect();
    names.sort();
    Ok(names)
}

/// The tokenizer of multilingual Whisper, which is the same for tiny and base.
fn tokenizer(
    store: &Store,
    options: &FetchOptions,
    events: &mut dyn FnMut(FetchEvent),
) -> Result<NamedFile, ModelError> {
    let model = Model::named(Variant::Base.model())?;
    store.ensure_tokenizer(&model, options, events)?;
    let pin = &model.files.tokenizer;
    Ok(NamedFile { name: pin.name.clone(), path: store.path(pin) })
}

/// The published models of which a lock file knows a HEF.
///
/// # Errors
/// When the lock file makes no sense.
pub fn fetched(lock: &LockFile) -> Result<Vec<PublishedModel>, ModelError> {
    let locked = lock.read()?;
    let all = Variant::ALL.into_iter().flat_map(|variant| {
        [Architecture::Hailo8, Architecture::Hailo8L]
            .map(|architecture| PublishedModel { architecture, variant })
    });
    let has = |model: &PublishedModel| {
        let files = model.files();
        locked.iter().any(|l| files[..2].iter().any(|f| f.path() == l.file))
    };
    Ok(all.filter(has).collect())
}
