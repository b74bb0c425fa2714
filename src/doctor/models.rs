//! The files of the model that would be used.

use std::collections::BTreeSet;

use super::check::Check;
use super::examination::Asked;
use crate::device::RuntimeKind;
use crate::models::fetch_published::Known;
use crate::models::{Architecture, FileState, LockFile, Model, PublishedModel, Store, Variant};
use crate::stt::SttModel;

const NAME: &str = "models";
const DEVICE_NAME: &str = "models for a device";

/// Looks at the files without reading them whole, which takes longer than a person would wait for.
pub(super) fn look(store: &Store, chosen: Result<SttModel, String>) -> Check {
    let chosen = match chosen {
        Ok(chosen) => chosen,
        Err(why) => return Check::failed(NAME, why, "unset HAILO_MODEL"),
    };
    match chosen {
        SttModel::Canned => return Check::ok(NAME, "canned, which is built in (and speaks nonsense)"),
        SttModel::WhisperTiny => return Check::ok(NAME, "whisper-tiny, which is for devices alone"),
        SttModel::WhisperBase => {}
    }
    let model = match Model::named(chosen.name()) {
        Ok(model) => model,
        Err(error) => return Check::failed(NAME, error.to_string(), "hailo-harness models list"),
    };
    let name = &model.name;
    let mend = format!("hailo-harness models fetch {name}");
    for pin in model.pins() {
        match store.state(pin) {
            FileState::Present => {}
            // The first run fetches it.
            FileState::Missing => {
                return Check::warning(NAME, format!("{name}: {} is not fetched yet", pin.name), mend);
            }
            FileState::Altered(why) => {
                return Check::failed(NAME, format!("{name}: {} is {why}", pin.name), mend);
            }
        }
    }
    Check::ok(
        NAME,
        format!("{name}, {} MB (every byte: hailo-harness models verify)", model.bytes() / 1_000_000),
    )
}

/// Looks at what Hailo publishes for each kind of device that there is, without reading it whole.
pub(super) fn for_devices(
    store: &Store,
    lock: &LockFile,
    asked: &Asked,
    chosen: &Result<SttModel, String>,
) -> Vec<Check> {
    let Asked::Answered { survey } = asked else { return Vec::new() };
    let variant = match chosen {
        Ok(SttModel::WhisperBase) => Variant::Base,
        Ok(SttModel::WhisperTiny) => Variant::Tiny,
        Ok(SttModel::Canned) | Err(_) => return Vec::new(),
    };
    // The simulator in the form of a library loads what is generated.
    if survey.runtime != RuntimeKind::Device {
        return Vec::new();
    }
    let architectures: BTreeSet<Architecture> = (survey.details.iter().flatten())
        .filter_map(|d| Architecture::of_device(&d.identity.architecture, &d.identity.board).ok())
        .collect();
    architectures
        .into_iter()
        .map(|a| published(store, lock, PublishedModel { architecture: a, variant }))
        .collect()
}

fn published(store: &Store, lock: &LockFile, model: PublishedModel) -> Check {
    let mend = model.fetch_command();
    let known = match store.known(model, lock) {
        Ok(known) => known,
        Err(error) => {
            return Check::failed(DEVICE_NAME, error.to_string(), format!("rm {}", lock.path().display()));
        }
    };
    let mut bytes = 0;
    for Known { file, pin } in &known {
        match pin.as_ref().map(|pin| store.state(pin)) {
            Some(FileState::Present) => bytes += pin.as_ref().map_or(0, |p| p.bytes),
            // The first run fetches it.
            Some(FileState::Missing) | None => {
                return Check::warning(
                    DEVICE_NAME,
                    format!("{model}: {} is not fetched yet", file.name),
                    mend,
                );
            }
            Some(FileState::Altered(why)) => {
                return Check::failed(DEVICE_NAME, format!("{model}: {} is {why}", file.name), mend);
            }
        }
    }
    let verify = format!("hailo-harness models verify --arch {}", model.architecture);
    Check::ok(DEVICE_NAME, format!("{model}, {} MB (every byte: {verify})", bytes / 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::*;

    #[test]
    fn what_is_missing_is_a_warning_and_what_is_cut_short_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        let look = || look(&store, Ok(SttModel::WhisperBase));
        let check = look();
        assert_eq!(check.state, State::Warning);
        assert_eq!(check.mend.as_deref(), Some("hailo-harness models fetch whisper-base"));
        let model = Model::named("whisper-base").unwrap();
        for pin in model.pins() {
            std::fs::File::create(store.path(pin)).unwrap().set_len(pin.bytes).unwrap();
        }
        assert_eq!(look().state, State::Ok);
        std::fs::write(store.path(model.pins()[0]), "half").unwrap();
        let check = look();
        assert_eq!(check.state, State::Failed);
        assert!(check.found.contains("truncated"), "{}", check.found);
    }

    #[test]
    fn what_a_device_needs_is_looked_for_where_there_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().join("sha256"));
        let lock = LockFile::at(folder.path().join("models.lock"));
        let chosen = Ok(SttModel::WhisperTiny);
        let look = |asked: &Asked| for_devices(&store, &lock, asked, &chosen);
        assert!(look(&Asked::answered_by("4.23.0")).is_empty());
        assert!(look(&Asked::with_device("hailo10h", "5.0.0", None)).is_empty());
        let device = Asked::with_device("hailo8l", "4.23.0", None);
        let found = look(&device);
        assert_eq!((found.len(), found[0].state), (1, State::Warning));
        let mend = "hailo-harness models fetch --arch hailo8l --model tiny";
        assert_eq!(found[0].mend.as_deref(), Some(mend));
        std::fs::write(lock.path(), "nonsense").unwrap();
        assert_eq!(look(&device)[0].state, State::Failed);
        let model = PublishedModel { architecture: Architecture::Hailo8L, variant: Variant::Tiny };
        let sha256 = "ab".repeat(32);
        let entry = |path: String| {
            format!("[[file]]\nfile = \"{path}\"\nbytes = 4\nsha256 = \"{sha256}\"\nfrom = \"x\"\n")
        };
        let entries: String = model.files().iter().map(|f| entry(f.path())).collect();
        std::fs::write(lock.path(), format!("version = 1\n{entries}")).unwrap();
        std::fs::create_dir(store.directory()).unwrap();
        std::fs::write(store.directory().join(&sha256), "four").unwrap();
        assert_eq!(look(&device)[0].state, State::Ok);
        std::fs::write(store.directory().join(&sha256), "fo").unwrap();
        let found = look(&device);
        assert_eq!((found[0].state, found[0].mend.as_deref()), (State::Failed, Some(mend)));
    }

    #[test]
    fn a_model_that_nobody_knows_is_a_failure() {
        let check = look(&Store::at("/nowhere"), Err("unknown model \"large\"".into()));
        assert_eq!((check.state, check.mend.as_deref()), (State::Failed, Some("unset HAILO_MODEL")));
        assert_eq!(look(&Store::at("/nowhere"), Ok(SttModel::Canned)).state, State::Ok);
    }
}
