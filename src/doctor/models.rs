//! The files of the model that would be used.

use super::check::Check;
use crate::models::{FileState, Model, Store};
use crate::stt::SttModel;

const NAME: &str = "models";

/// Looks at the files without reading them whole, which takes longer than a person would wait for.
pub(super) fn look(store: &Store, chosen: Result<SttModel, String>) -> Check {
    let chosen = match chosen {
        Ok(chosen) => chosen,
        Err(why) => return Check::failed(NAME, why, "unset HAILO_MODEL"),
    };
    if chosen == SttModel::Canned {
        return Check::ok(NAME, "canned, which is built in (and speaks nonsense)");
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
    fn a_model_that_nobody_knows_is_a_failure() {
        let check = look(&Store::at("/nowhere"), Err("unknown model \"large\"".into()));
        assert_eq!((check.state, check.mend.as_deref()), (State::Failed, Some("unset HAILO_MODEL")));
        assert_eq!(look(&Store::at("/nowhere"), Ok(SttModel::Canned)).state, State::Ok);
    }
}
