//! One source after the other, until all files are there.

use std::path::PathBuf;
use std::time::Duration;

use super::catalogue::{Model, Pin};
use super::error::ModelError;
use super::source;
use super::store::{FetchLock, FileState, ReceiveError, Store};

/// How pip is called on most systems.
const PIP: [&[&str]; 4] = [&["python3", "-m", "pip"], &["pip3"], &["pip"], &["python", "-m", "pip"]];

/// How files are fetched.
#[derive(Clone, Debug)]
pub struct FetchOptions {
    /// Fetch files that are there, too.
    pub force: bool,
    /// Take them from this folder and from nowhere else.
    pub from: Option<PathBuf>,
    /// Refuse to fetch from anywhere but a folder; from the environment: `HAILO_OFFLINE` that is neither empty nor 0.
    pub offline: bool,
    /// Where Hugging Face is; from the environment: `HF_ENDPOINT`.
    pub hugging_face: String,
    /// How pip may be called, in the order in which it is tried.
    pub pip: Vec<Vec<String>>,
    /// How long a source may take to connect, to answer, or to send the next bytes.
    pub patience: Duration,
}

impl FetchOptions {
    /// What the environment says.
    pub fn from_environment() -> Self {
        let variable = |name| std::env::var(name).ok().filter(|v| !v.is_empty());
        Self {
            force: false,
            from: None,
            offline: variable("HAILO_OFFLINE").is_some_and(|v| v != "0"),
            hugging_face: variable("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".into()),
            pip: PIP.iter().map(|call| call.iter().map(|&word| word.to_owned()).collect()).collect(),
            patience: Duration::from_secs(8),
        }
    }
}

/// What happens while files are fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchEvent {
    /// Another process fetches; it is waited for.
    Waiting,
    /// A source is asked.
    Asking {
        /// Its name.
        source: String,
    },
    /// Bytes came.
    Progress {
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// A source does not serve; the next one is asked.
    Failed {
        /// Its name.
        source: String,
        /// Why.
        reason: String,
    },
    /// A file came for the first time, and its hash was written into the lock file.
    Recorded {
        /// Its name.
        file: String,
        /// Its hash.
        sha256: String,
    },
    /// All files are there.
    Fetched,
}

impl Store {
    /// Fetches the tokenizer of a model alone, if it is missing.
    ///
    /// # Errors
    /// As [`Store::ensure`].
    pub fn ensure_tokenizer(
        &self,
        model: &Model,
        options: &FetchOptions,
        events: &mut dyn FnMut(FetchEvent),
    ) -> Result<(), ModelError> {
        let pin = &model.files.tokenizer;
        match self.state(pin) {
            FileState::Present => Ok(()),
            FileState::Altered(what) => Err(ModelError::Altered { path: self.path(pin), what }),
            FileState::Missing => self.fetch_pins(model, &[pin], options, events),
        }
    }

    /// Fetches a model's files if one is missing.
    ///
    /// # Errors
    /// When a file that is there has not its length, and as [`Store::fetch`].
    pub fn ensure(
        &self,
        model: &Model,
        options: &FetchOptions,
        events: &mut dyn FnMut(FetchEvent),
    ) -> Result<(), ModelError> {
        if self.has(model)? { Ok(()) } else { self.fetch(model, options, events) }
    }

    /// Fetches the model's files that are missing, truncated or altered.
    ///
    /// # Errors
    /// When offline, when no source serves (the error says why of each), or when the cache cannot be written.
    pub fn fetch(
        &self,
        model: &Model,
        options: &FetchOptions,
        events: &mut dyn FnMut(FetchEvent),
    ) -> Result<(), ModelError> {
        self.fetch_pins(model, &model.pins(), options, events)
    }

    /// Fetches those of these files of the model that are missing, truncated or altered.
    fn fetch_pins(
        &self,
        model: &Model,
        pins: &[&Pin],
        options: &FetchOptions,
        events: &mut dyn FnMut(FetchEvent),
    ) -> Result<(), ModelError> {
        if options.offline && options.from.is_none() {
            let wanted = options.force || pins.iter().any(|p| self.verify(p) != FileState::Present);
            return if wanted {
                Err(ModelError::Offline { model: model.name.clone(), directory: self.directory().into() })
            } else {
                Ok(())
            };
        }
        if !options.force && pins.iter().all(|p| self.verify(p) == FileState::Present) {
            // Nothing to write: the cache may be somebody else's.
            events(FetchEvent::Fetched);
            return Ok(());
        }
        let lock = self.lock(|| events(FetchEvent::Waiting))?;
        // Looked at under the lock: whoever held it before may have fetched them.
        let wanted: Vec<&Pin> =
            pins.iter().copied().filter(|p| options.force || self.verify(p) != FileState::Present).collect();
        let mut delivery = Delivery { store: self, lock: &lock, wanted, done: 0, events };
        let mut reasons = Vec::new();
        for source in source::of(model, options) {
            if delivery.wanted.is_empty() {
                break;
            }
            (delivery.events)(FetchEvent::Asking { source: source.name() });
            delivery.done = 0;
            match source.deliver(&mut delivery) {
                Ok(()) => {}
                Err(ReceiveError::Cache(error)) => return Err(error),
                Err(ReceiveError::Source(reason)) => {
                    (delivery.events)(FetchEvent::Failed { source: source.name(), reason: reason.clone() });
                    reasons.push((source.name(), reason));
                }
            }
        }
        if !delivery.wanted.is_empty() {
            let files = pins.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(ModelError::Unreachable { model: model.name.clone(), files, reasons });
        }
        events(FetchEvent::Fetched);
        Ok(())
    }
}

/// What a source delivers to: it asks what is wanted, and hands files over.
pub(super) struct Delivery<'a> {
    store: &'a Store,
    lock: &'a FetchLock,
    wanted: Vec<&'a Pin>,
    /// Bytes of the files that this source has handed over.
    done: u64,
    events: &'a mut dyn FnMut(FetchEvent),
}

impl<'a> Delivery<'a> {
    /// The files that are still wanted.
    pub(super) fn wanted(&self) -> Vec<&'a Pin> {
        self.wanted.clone()
    }

    /// A folder for unfinished things.
    pub(super) fn scratch(&self) -> Result<tempfile::TempDir, ReceiveError> {
        self.store.scratch(self.lock).map_err(ReceiveError::Cache)
    }

    /// Tells how far a source is that does not hand over bytes as they come.
    pub(super) fn progress(&mut self, done: u64) {
        let total = self.wanted.iter().map(|p| p.bytes).sum();
        (self.events)(FetchEvent::Progress { done: done.min(total), total });
    }

    /// Hands a file over.
    pub(super) fn hand_over(&mut self, pin: &'a Pin, from: impl std::io::Read) -> Result<(), ReceiveError> {
        let (before, events) = (self.done, &mut self.events);
        let total = before + self.wanted.iter().map(|p| p.bytes).sum::<u64>();
        self.store
            .receive(self.lock, pin, from, |n| events(FetchEvent::Progress { done: before + n, total }))?;
        self.done += pin.bytes;
        self.wanted.retain(|p| *p != pin);
        Ok(())
    }
}
