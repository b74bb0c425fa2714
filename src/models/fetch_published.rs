//! Files that Hailo publishes, into the cache: the first time they are believed and written down, later they have to be
//! the same.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hailort_sim::hef::{Hef, HefError};
use hailort_sys::types::{HAILO_ARCH_HAILO8, HAILO_ARCH_HAILO8L};
use ureq::Agent;

use super::architecture::Architecture;
use super::catalogue::Pin;
use super::error::{Changed, ModelError};
use super::fetch::{FetchEvent, FetchOptions};
use super::lock_file::{LockFile, Locked};
use super::npy::Npy;
use super::published::{BASE_URL, PublishedFile, PublishedModel, Role};
use super::store::{FetchLock, FileState, Part, ReceiveError, Store};

/// The variable that says where Hailo's files are, in place of [`BASE_URL`].
pub const VARIABLE: &str = "HAILO_PUBLISHED_URL";
/// Least speed that a download is waited for, in bytes a second.
const SLOWEST: u64 = 50_000;
/// The architecture number of a Hailo-8R in a HEF.
const ARCH_8R: i32 = 2;
/// The time that a download has, whatever its length: that of 30 MB at the least speed.
const LEAST_TIME: Duration = Duration::from_secs(600);

/// How published files are fetched.
#[derive(Clone, Debug)]
pub struct PublishedOptions {
    /// Whether to force, from which folder, whether offline, and how long to wait.
    pub fetch: FetchOptions,
    /// Where they are; from the environment: `HAILO_PUBLISHED_URL`. Anything but this machine has to be `https`.
    pub base_url: String,
    /// What was fetched first.
    pub lock: LockFile,
    /// Accept files that are not those that were fetched first, and write them down instead.
    pub update_lock: bool,
}

impl PublishedOptions {
    /// What the environment says, for files in this store.
    pub fn from_environment(store: &Store) -> Self {
        let named = std::env::var(VARIABLE).ok().filter(|v| !v.is_empty());
        Self {
            fetch: FetchOptions::from_environment(),
            base_url: named.unwrap_or_else(|| BASE_URL.into()),
            lock: LockFile::from_environment(store),
            update_lock: false,
        }
    }
}

/// A published file, as it is known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The file.
    pub file: PublishedFile,
    /// How the cache knows it; nothing where it was never fetched.
    pub pin: Option<Pin>,
}

impl Store {
    /// What is known of a published model's files.
    ///
    /// # Errors
    /// When the lock file makes no sense.
    pub fn known(&self, model: PublishedModel, lock: &LockFile) -> Result<[Known; 4], ModelError> {
        let locked = lock.read()?;
        Ok(model.files().map(|file| {
            let pin = find(&locked, &file).map(Locked::pin);
            Known { file, pin }
        }))
    }

    /// Fetches a published model's files if one is missing. Files that are there are not read.
    ///
    /// # Errors
    /// When a file that is there has not its length, and as [`Store::fetch_published`].
    pub fn ensure_published(
        &self,
        model: PublishedModel,
        options: &PublishedOptions,
        events: &mut dyn FnMut(FetchEvent),
    ) -> Result<(), ModelError> {
        let mut all = true;
        for Known { pin, .. } in self.known(model, &options.lock)? {
            match pin.as_ref().map(|pin| (pin, self.state(pin))) {
                Some((_, FileState::Present)) => {}
                Some((pin, FileState::Altered(what))) => {
                    return Err(ModelError::AlteredPublished {
                        path: self.path(pin),
                        file: pin.name.clone(),
                        what,
                        command: model.fetch_command(),
                    });
                }
                Some((_, FileState::Missing)) | None => all = false,
            }
        }
        if all { Ok(()) } else { self.fetch_published(model, options, events) }
    }

    /// Fetches a published model's files that are missing, truncated or altered. What was never fetched is checked for
    /// being what its name says (a HEF for this architecture with the right checksum, a table of floats), and its hash
    /// is written down; what was fetched before has to be the same as then.
    ///
    /// # Errors
    /// When offline, when a file cannot be had, is another than the first time, or not what its name says; when lock file
    /// or cache cannot be read or written. Files that came before are kept and written down.
    pub fn fetch_published(
        &self,
        model: PublishedModel,
        options: &PublishedOptions,
        events: &mut dyn FnMut(FetchEvent),
    ) -> Result<(), ModelError> {
        let again = options.fetch.force || options.update_lock;
        let is_there = |locked: &[Locked], file: &PublishedFile| {
            !again && find(locked, file).is_some_and(|l| self.verify(&l.pin()) == FileState::Present)
        };
        let locked = options.lock.read()?;
        if model.files().iter().all(|file| is_there(&locked, file)) {
            // Nothing to write: the cache may be somebody else's.
            events(FetchEvent::Fetched);
            return Ok(());
        }
        if options.fetch.offline && options.fetch.from.is_none() {
            return Err(ModelError::OfflinePublished {
                model: model.to_string(),
                directory: self.directory().into(),
                command: model.fetch_command(),
            });
        }
        let source = Source::of(options)?;
        let held = self.lock(|| events(FetchEvent::Waiting))?;
        for file in model.files() {
            // Read each time: whoever held the lock before may have fetched it, and what came is written down at once.
            let mut locked = options.lock.read()?;
            if is_there(&locked, &file) {
                continue;
            }
            let from = source.place(&file);
            events(FetchEvent::Asking { source: from.clone() });
            let expected = find(&locked, &file).filter(|_| !options.update_lock).cloned();
            let part = source.receive(self, &held, &file, events).map_err(|error| match error {
                ReceiveError::Cache(error) => error,
                ReceiveError::Source(why) => ModelError::Unfetched {
                    file: file.name.clone(),
                    from: from.clone(),
                    why,
                    command: model.fetch_command(),
                },
            })?;
            if let Some(expected) = expected
                && (expected.bytes, &expected.sha256) != (part.bytes, &part.sha256)
            {
                return Err(Box::new(Changed {
                    file: file.path(),
                    from,
                    lock: options.lock.path().into(),
                    locked: (expected.bytes, expected.sha256),
                    found: (part.bytes, part.sha256),
                    command: model.fetch_command(),
                })
                .into());
            }
            check(&file, model.architecture, part.path()).map_err(|why| ModelError::NotThat {
                file: file.name.clone(),
                from: from.clone(),
                why,
            })?;
            let entry = Locked { file: file.path(), bytes: part.bytes, sha256: part.sha256.clone(), from };
            self.keep(part)?;
            let is_new = find(&locked, &file).is_none_or(|l| l.sha256 != entry.sha256);
            if is_new {
                locked.retain(|l| l.file != entry.file);
                locked.push(entry.clone());
                options.lock.write(locked, &held)?;
                events(FetchEvent::Recorded { file: file.name.clone(), sha256: entry.sha256 });
            }
        }
        events(FetchEvent::Fetched);
        Ok(())
    }
}

fn find<'a>(locked: &'a [Locked], file: &PublishedFile) -> Option<&'a Locked> {
    let path = file.path();
    locked.iter().find(|l| l.file == path)
}

/// Whether a file is what its name says.
fn check(file: &PublishedFile, architecture: Architecture, path: &Path) -> Result<(), String> {
    match file.role {
        Role::Encoder | Role::Decoder => match Hef::from_file(path) {
            Ok(hef) => {
                let runs = match architecture {
                    Architecture::Hailo8 => hef.runs_on(HAILO_ARCH_HAILO8),
                    Architecture::Hailo8L => hef.runs_on(HAILO_ARCH_HAILO8L),
                    Architecture::Hailo8R => hef.runs_on(HAILO_ARCH_HAILO8L) || hef.arch == ARCH_8R,
                };
                if runs {
                    Ok(())
                } else {
                    Err(format!(
                        "a {architecture} does not run it: it was compiled for architecture {} (as HEFs number them: \
                         0 Hailo-8, 2 Hailo-8R, 3 Hailo-8L)",
                        hef.arch
                    ))
                }
            }
            Err(
                error @ (HefError::Open(_)
                | HefError::Read(_)
                | HefError::Corrupted(_)
                | HefError::NotSupported(_)),
            ) => Err(error.to_string()),
            // Whole, and with something in it that is not known here: the library decides.
            Err(_) => Ok(()),
        },
        Role::Embedding | Role::Bias => {
            Npy::open(&file.name, path).map(drop).map_err(|error| error.to_string())
        }
    }
}

/// Where files come from.
enum Source<'a> {
    Folder(&'a Path),
    Web { base: &'a str, agent: Agent },
}

impl<'a> Source<'a> {
    fn of(options: &'a PublishedOptions) -> Result<Self, ModelError> {
        if let Some(folder) = &options.fetch.from {
            return Ok(Self::Folder(folder));
        }
        let base = options.base_url.as_str();
        let is_secure = base.starts_with("https://");
        if !is_secure && !is_this_machine(base) {
            return Err(ModelError::Insecure { url: base.into() });
        }
        let patience = Some(options.fetch.patience);
        let agent = Agent::config_builder()
            // Redirects included.
            .https_only(is_secure)
            .timeout_resolve(patience)
            .timeout_connect(patience)
            .timeout_recv_response(patience)
            .timeout_per_read(patience)
            .user_agent(concat!("hailo-harness/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        Ok(Self::Web { base, agent })
    }

    fn place(&self, file: &PublishedFile) -> String {
        match self {
            Self::Folder(folder) => self.file_in(folder, file).display().to_string(),
            Self::Web { base, .. } => file.url(base),
        }
    }

    /// In a folder of all files, or in one that is laid out as they are published.
    fn file_in(&self, folder: &Path, file: &PublishedFile) -> PathBuf {
        let deep = folder.join(file.path());
        if deep.is_file() { deep } else { folder.join(&file.name) }
    }

    fn receive(
        &self,
        store: &Store,
        held: &FetchLock,
        file: &PublishedFile,
        events: &mut dyn FnMut(FetchEvent),
    ) -> Result<Part, ReceiveError> {
        let fail = |why: &dyn std::fmt::Display| ReceiveError::Source(why.to_string());
        let (reader, announced): (Box<dyn Read>, Option<u64>) = match self {
            Self::Folder(folder) => {
                let path = self.file_in(folder, file);
                let metadata = std::fs::metadata(&path).map_err(|e| fail(&e))?;
                // Opening a pipe that nobody writes to would wait for ever.
                if !metadata.is_file() {
                    return Err(fail(&"it is not a file"));
                }
                (Box::new(File::open(&path).map_err(|e| fail(&e))?), Some(metadata.len()))
            }
            Self::Web { base, agent } => {
                let whole = LEAST_TIME.max(Duration::from_secs(file.most / SLOWEST));
                let request = agent.get(file.url(base)).config().timeout_recv_body(Some(whole)).build();
                let response = request.call().map_err(|e| fail(&e))?;
                let announced = response.body().content_length();
                // One byte more, so that a file which is too long is seen as that.
                (Box::new(response.into_body().into_with_config().limit(file.most + 1).reader()), announced)
            }
        };
        if let Some(announced) = announced.filter(|n| *n > file.most) {
            return Err(fail(&format_args!(
                "it has {announced} bytes, and {} is the most that is taken",
                file.most
            )));
        }
        let part = store.receive_part(held, &file.name, file.most, reader, |done| {
            events(FetchEvent::Progress { done, total: announced.unwrap_or(done).max(done) });
        })?;
        // What a source announces and does not send is cut.
        match announced {
            Some(announced) if announced != part.bytes => {
                Err(fail(&format_args!("it ended after {} of {announced} bytes", part.bytes)))
            }
            _ => Ok(part),
        }
    }
}

/// Whether an address is one of this machine: tests have no certificate.
fn is_this_machine(url: &str) -> bool {
    let place = url.strip_prefix("http://").unwrap_or_default();
    let place = place.split(['/', '?', '#']).next().unwrap_or_default();
    ["127.0.0.1", "localhost", "[::1]"].iter().filter_map(|name| place.strip_prefix(name)).any(|port| {
        port.is_empty() || port.strip_prefix(':').is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_may_go_without_tls() {
        for url in ["http://127.0.0.1:80/x", "http://localhost", "http://[::1]:8080/", "http://127.0.0.1"] {
            assert!(is_this_machine(url), "{url}");
        }
        for url in [
            "http://127.0.0.1.example.org/",
            "http://localhost@example.org/",
            "http://example.org/127.0.0.1",
            "http://localhost:80@example.org/",
            "http://localhost:x@example.org/",
            "http://[::1].example.org/",
            "ftp://127.0.0.1/",
            "",
        ] {
            assert!(!is_this_machine(url), "{url}");
        }
    }
}
