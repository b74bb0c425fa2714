//! A folder of clips and its `manifest.toml`.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::error::{CorpusError, CorpusErrorKind};
use crate::intent::SlotValue;
use crate::text::Language;
use crate::text::lines::Lines;

/// The manifest's name inside a corpus.
pub const MANIFEST: &str = "manifest.toml";

/// Bytes of the largest manifest that is read.
const LARGEST_MANIFEST: u64 = 16 << 20;

/// The longest id: with a test's prefix and a snapshot's suffix it must still be a file's name.
const LONGEST_ID: usize = 100;

/// A checked corpus: a folder with a `manifest.toml`, and every clip in it.
///
/// ```no_run
/// use hailo_harness::corpus::Manifest;
/// use hailo_harness::intent::IntentEngine;
///
/// let engine = IntentEngine::new("fr")?;
/// let corpus = Manifest::load("audio-corpus", engine.intents())?;
/// for clip in corpus.clips() {
///     println!("{}: {}", clip.id, clip.text);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Manifest {
    path: PathBuf,
    clips: Vec<Clip>,
}

/// One clip of a corpus.
#[derive(Debug, Clone, PartialEq)]
pub struct Clip {
    /// Its name, unique in the corpus and safe as the name of a test: ASCII letters, digits, `-` and `_`.
    pub id: String,
    /// Its file: the corpus's folder and the path in the manifest.
    pub path: PathBuf,
    /// Its path inside the corpus, as the manifest writes it.
    pub file: PathBuf,
    /// What is said, as a person would write it.
    pub text: String,
    /// The language that is spoken.
    pub language: Language,
    /// The intent that the sentence asks for; `None` when it is no command.
    pub intent: Option<String>,
    /// The slots of that intent.
    pub slots: BTreeMap<String, SlotValue>,
    /// Whose voice it is.
    pub voice: Option<String>,
    /// How fast it is spoken; 1 is the voice's own speed.
    pub speed: Option<f64>,
    /// The clip's licence, as an SPDX expression.
    pub licence: Option<String>,
    /// Words to choose clips by, such as `command` or `negative`.
    pub tags: Vec<String>,
    /// Its length in seconds.
    pub seconds: Option<f64>,
    /// The line of the manifest where it begins, from 1.
    pub line: usize,
}

impl Clip {
    /// Whether the clip has this tag.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|own| own == tag)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawManifest {
    #[serde(default)]
    clip: Vec<Spanned<RawClip>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClip {
    id: Spanned<String>,
    file: Spanned<PathBuf>,
    text: String,
    language: Spanned<String>,
    intent: Option<Spanned<String>>,
    slots: Option<Spanned<BTreeMap<String, SlotValue>>>,
    voice: Option<String>,
    speed: Option<Spanned<f64>>,
    licence: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    seconds: Option<Spanned<f64>>,
}

impl Manifest {
    /// Reads `manifest.toml` in `dir` and checks every clip in it. The sound itself is not decoded.
    ///
    /// `intents` are the names that a clip's `intent` may have, such as those of
    /// [`IntentEngine::intents`](crate::intent::IntentEngine::intents).
    ///
    /// # Errors
    /// The first thing that is wrong, as a [`CorpusError`] with the manifest's path, the line and the clip's id;
    /// [`CorpusErrorKind`] lists what is checked.
    pub fn load<I>(dir: impl AsRef<Path>, intents: I) -> Result<Self, CorpusError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let dir = dir.as_ref();
        let path = dir.join(MANIFEST);
        let text = read_file(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => CorpusError::new(
                CorpusErrorKind::MissingManifest,
                &path,
                format!("no such file: a corpus is a folder with a {MANIFEST}"),
            ),
            _ => CorpusError::new(CorpusErrorKind::Unreadable, &path, format!("cannot read: {error}"))
                .caused_by(error),
        })?;
        let raw: RawManifest = toml::from_str(&text).map_err(|error| bad_toml(&path, &text, error))?;
        let root = fs::canonicalize(dir).map_err(|error| {
            CorpusError::new(
                CorpusErrorKind::Unreadable,
                &path,
                format!("cannot resolve the folder: {error}"),
            )
            .caused_by(error)
        })?;
        let check = Check {
            path: &path,
            lines: Lines::new(&text),
            dir,
            root,
            intents: intents.into_iter().map(|name| name.as_ref().to_owned()).collect(),
        };
        let clips = check.clips(raw.clip)?;
        Ok(Self { path, clips })
    }

    /// The manifest's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The clips, in the manifest's order.
    pub fn clips(&self) -> &[Clip] {
        &self.clips
    }

    /// The clip with this id.
    pub fn get(&self, id: &str) -> Option<&Clip> {
        self.clips.iter().find(|clip| clip.id == id)
    }
}

impl<'a> IntoIterator for &'a Manifest {
    type Item = &'a Clip;
    type IntoIter = std::slice::Iter<'a, Clip>;

    fn into_iter(self) -> Self::IntoIter {
        self.clips.iter()
    }
}

/// What the clips are checked against.
struct Check<'a> {
    path: &'a Path,
    lines: Lines,
    dir: &'a Path,
    root: PathBuf,
    intents: Vec<String>,
}

impl Check<'_> {
    fn clips(&self, raw: Vec<Spanned<RawClip>>) -> Result<Vec<Clip>, CorpusError> {
        let mut clips = Vec::with_capacity(raw.len());
        let mut ids: HashMap<String, usize> = HashMap::new();
        let mut files: HashMap<PathBuf, String> = HashMap::new();
        for raw in raw {
            let line = self.lines.of(raw.span().start);
            let raw = raw.into_inner();
            let id = raw.id.get_ref().clone();
            let fail = |kind, span: Range<usize>, message: String| {
                CorpusError::new(kind, self.path, message)
                    .at(Some(self.lines.of(span.start)))
                    .of(Some(id.clone()))
            };

            check_id(&id).map_err(|message| fail(CorpusErrorKind::BadId, raw.id.span(), message))?;
            if let Some(first) = ids.insert(id.to_lowercase(), line) {
                let message = format!("this id is taken by the clip at line {first}");
                return Err(fail(CorpusErrorKind::Duplicate, raw.id.span(), message));
            }
            let resolved = self
                .file(raw.file.get_ref())
                .map_err(|(kind, message)| fail(kind, raw.file.span(), message))?;
            if let Some(first) = files.insert(resolved, id.clone()) {
                let message =
                    format!("{} is already the file of clip {first:?}", raw.file.get_ref().display());
                return Err(fail(CorpusErrorKind::Duplicate, raw.file.span(), message));
            }
            let language =
                raw.language.get_ref().parse().map_err(|error: crate::text::UnknownLanguage| {
                    fail(CorpusErrorKind::UnknownLanguage, raw.language.span(), error.to_string())
                        .caused_by(error)
                })?;
            if let Some(intent) = &raw.intent
                && !self.intents.contains(intent.get_ref())
            {
                let known = self.intents.join(", ");
                let message = format!("unknown intent {:?}: the dictionary has {known}", intent.get_ref());
                return Err(fail(CorpusErrorKind::UnknownIntent, intent.span(), message));
            }
            if let (None, Some(slots)) = (&raw.intent, &raw.slots) {
                let message = "slots without an intent: a sentence that is no command has none".to_owned();
                return Err(fail(CorpusErrorKind::BadValue, slots.span(), message));
            }
            for (name, value) in [("speed", &raw.speed), ("seconds", &raw.seconds)] {
                if let Some(value) = value
                    && !(value.get_ref().is_finite() && *value.get_ref() > 0.0)
                {
                    let message = format!("{name} is {}: it must be above 0", value.get_ref());
                    return Err(fail(CorpusErrorKind::BadValue, value.span(), message));
                }
            }

            clips.push(Clip {
                id,
                path: self.dir.join(raw.file.get_ref()),
                file: raw.file.get_ref().clone(),
                text: raw.text,
                language,
                intent: raw.intent.map(Spanned::into_inner),
                slots: raw.slots.map(Spanned::into_inner).unwrap_or_default(),
                voice: raw.voice,
                speed: raw.speed.map(Spanned::into_inner),
                licence: raw.licence,
                tags: raw.tags,
                seconds: raw.seconds.map(Spanned::into_inner),
                line,
            });
        }
        Ok(clips)
    }

    /// Where a clip's file really is, having checked that this is a file inside the corpus.
    fn file(&self, file: &Path) -> Result<PathBuf, (CorpusErrorKind, String)> {
        let shown = file.display();
        if !file.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            let message =
                format!("{shown} is outside the corpus: write a path below the manifest, without ..");
            return Err((CorpusErrorKind::OutsideCorpus, message));
        }
        let path = self.dir.join(file);
        let resolved = fs::canonicalize(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => {
                (CorpusErrorKind::MissingFile, format!("no such file: {}", path.display()))
            }
            _ => (CorpusErrorKind::Unreadable, format!("cannot read {}: {error}", path.display())),
        })?;
        if !resolved.starts_with(&self.root) {
            let message = format!("{shown} is a link that leaves the corpus, to {}", resolved.display());
            return Err((CorpusErrorKind::OutsideCorpus, message));
        }
        if !resolved.is_file() {
            return Err((CorpusErrorKind::MissingFile, format!("{} is no file", path.display())));
        }
        Ok(resolved)
    }
}

fn check_id(id: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let starts_well = id.starts_with(|c: char| c.is_ascii_alphanumeric());
    if starts_well && id.chars().all(allowed) && id.len() <= LONGEST_ID {
        return Ok(());
    }
    Err(format!(
        "this id cannot be the name of a test: use ASCII letters, digits, - and _, \
         a letter or digit first, at most {LONGEST_ID} characters"
    ))
}

/// The text of a file: what is no file, such as a pipe or a device, may never end.
fn read_file(path: &Path) -> std::io::Result<String> {
    let found = fs::metadata(path)?;
    if !found.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    if found.len() > LARGEST_MANIFEST {
        return Err(std::io::Error::other(format!("it is larger than {LARGEST_MANIFEST} bytes")));
    }
    fs::read_to_string(path)
}

fn bad_toml(path: &Path, text: &str, error: toml::de::Error) -> CorpusError {
    let message = error.message().to_owned();
    let kind = if message.starts_with("unknown field") {
        CorpusErrorKind::UnknownField
    } else {
        CorpusErrorKind::BadToml
    };
    let line = error.span().map(|span| Lines::new(text).of(span.start));
    let clip = error.span().and_then(|span| clip_around(text, span.start));
    CorpusError::new(kind, path, message).at(line).of(clip).caused_by(error)
}

/// The id written in the `[[clip]]` that a byte of a broken manifest lies in.
fn clip_around(text: &str, byte: usize) -> Option<String> {
    let mut offset = 0;
    let mut inside = false;
    let mut id = None;
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with("[[") {
            if offset > byte {
                break;
            }
            inside = line.trim_start().starts_with("[[clip]]");
            id = None;
        } else if inside && id.is_none() {
            id = line
                .parse::<toml::Table>()
                .ok()
                .and_then(|table| Some(table.get("id")?.as_str()?.to_owned()));
        }
        offset += line.len();
    }
    id.filter(|_| inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_names_of_tests() {
        for id in ["a", "joue-maman", "Clip_2", &"x".repeat(100)] {
            assert_eq!(check_id(id), Ok(()), "{id}");
        }
        for id in ["", "-a", "_a", "é", "a b", "a/b", "a::b", "..", "a.flac", &"x".repeat(101)] {
            assert!(check_id(id).is_err(), "{id}");
        }
    }

    #[test]
    fn the_clip_around_a_mistake_is_found() {
        let text = "[[clip]]\nid = \"one\"\n[[clip]]\nid = \"two\"\nfile = 3\n[[clip]]\nid = \"three\"\n";
        assert_eq!(clip_around(text, text.find('3').unwrap()).as_deref(), Some("two"));
        assert_eq!(clip_around(text, 0).as_deref(), Some("one"));
        assert_eq!(clip_around("x = 1\n[[clip]]\nid = \"a\"", 0), None);
    }
}
