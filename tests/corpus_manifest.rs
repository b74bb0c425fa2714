//! The project's own corpus, and every way in which a manifest can be wrong.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use hailo_harness::corpus::{CorpusError, CorpusErrorKind as Kind, Manifest};
use hailo_harness::intent::{IntentEngine, SlotValue};
use hailo_harness::text::Language;

const CLIP: &str = "[[clip]]\nid = \"a\"\nfile = \"a.flac\"\ntext = \"Stop.\"\nlanguage = \"fr\"\n";

/// Loads a corpus of `a.flac`, `b.flac`, `sub/c.flac` and this manifest.
fn load(manifest: &str) -> Result<Manifest, CorpusError> {
    load_in(tempfile::tempdir().unwrap().path(), manifest)
}

fn load_in(dir: &Path, manifest: &str) -> Result<Manifest, CorpusError> {
    fs::create_dir_all(dir.join("sub")).unwrap();
    for file in ["a.flac", "b.flac", "sub/c.flac"] {
        fs::write(dir.join(file), "").unwrap();
    }
    fs::write(dir.join("manifest.toml"), manifest).unwrap();
    Manifest::load(dir, ["stop", "pause"])
}

/// The manifest must fail like this, at this line, about clip `a`, with this in its message.
#[track_caller]
fn refuses(manifest: &str, kind: Kind, line: usize, cause: &str) {
    let error = load(manifest).unwrap_err();
    let shown = error.to_string();
    assert_eq!(error.kind(), kind, "{shown}");
    assert_eq!((error.line(), error.clip()), (Some(line), Some("a")), "{shown}");
    assert!(
        shown.contains(&format!("manifest.toml:{line}: clip \"a\": ")) && shown.contains(cause),
        "{shown}"
    );
}

fn with(line: &str) -> String {
    format!("{CLIP}{line}\n")
}

#[test]
fn the_projects_corpus_is_whole() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("audio-corpus");
    let engine = IntentEngine::new("fr").unwrap();
    let corpus = Manifest::load(&dir, engine.intents()).unwrap();
    assert_eq!(corpus.clips().len(), 83);
    assert_eq!(corpus.clips().iter().filter(|clip| clip.has_tag("negative")).count(), 14);
    for clip in &corpus {
        assert_eq!(clip.path.file_stem().unwrap(), clip.id.as_str());
        assert_eq!(clip.licence.as_deref(), Some("MIT OR Apache-2.0"), "{}", clip.id);
        assert_eq!(clip.intent.is_some(), clip.has_tag("command"), "{}", clip.id);
        assert_eq!(clip.language, Language::FRENCH);
    }
    let listed = corpus.clips().len();
    let flacs = fs::read_dir(&dir).unwrap().filter(|entry| {
        entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "flac")
    });
    assert_eq!(flacs.count(), listed, "every file is listed");
    for intent in engine.intents() {
        assert!(
            corpus.clips().iter().any(|clip| clip.intent.as_deref() == Some(intent)),
            "no clip for {intent}"
        );
    }
    let volume = corpus.get("volume-cinquante").unwrap();
    assert_eq!(volume.slots["percent"], SlotValue::Integer(50));
}

#[test]
fn the_shortest_clip_and_an_empty_corpus() {
    let corpus = load(CLIP).unwrap();
    let clip = corpus.get("a").unwrap();
    assert_eq!((clip.intent.as_deref(), clip.line, clip.tags.len()), (None, 1, 0));
    assert!(load("").unwrap().clips().is_empty());
    assert!(load(&CLIP.replace("a.flac", "sub/c.flac")).is_ok());
}

#[test]
fn a_folder_without_a_manifest() {
    let dir = tempfile::tempdir().unwrap();
    let error = Manifest::load(dir.path().join("nowhere"), ["stop"]).unwrap_err();
    assert_eq!(error.kind(), Kind::MissingManifest);
    assert!(error.to_string().contains("nowhere/manifest.toml: no such file"), "{error}");
}

#[test]
fn a_manifest_that_is_no_text_or_no_toml() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("manifest.toml"), [0xff, 0xfe]).unwrap();
    assert_eq!(Manifest::load(dir.path(), ["stop"]).unwrap_err().kind(), Kind::Unreadable);
    refuses(&with("tags = ["), Kind::BadToml, 6, "array");
    refuses(&CLIP.replace("\"Stop.\"", "3"), Kind::BadToml, 4, "expected a string");
    refuses(&with("slots = { minutes = 1.5 }"), Kind::BadToml, 6, "a slot is a string or an integer");
    refuses(&CLIP.replace("text = \"Stop.\"\n", ""), Kind::BadToml, 1, "missing field `text`");
}

#[test]
fn an_unknown_field() {
    refuses(&with("langage = \"fr\""), Kind::UnknownField, 6, "unknown field `langage`, expected one of");
    let error = load("[clips]\n").unwrap_err();
    assert_eq!((error.kind(), error.line(), error.clip()), (Kind::UnknownField, Some(1), None));
}

#[test]
fn a_clip_outside_the_corpus() {
    for file in ["/etc/passwd", "../a.flac", "sub/../../a.flac", "sub/../a.flac"] {
        refuses(&CLIP.replace("a.flac", file), Kind::OutsideCorpus, 3, file);
    }
    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    let dir = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), dir.path().join("link.flac")).unwrap();
    let error = load_in(dir.path(), &CLIP.replace("a.flac", "link.flac")).unwrap_err();
    assert_eq!(error.kind(), Kind::OutsideCorpus);
    assert!(error.to_string().contains("leaves the corpus"), "{error}");
}

#[test]
fn a_link_inside_the_corpus_is_fine() {
    let dir = tempfile::tempdir().unwrap();
    symlink("sub/c.flac", dir.path().join("link.flac")).unwrap();
    assert!(load_in(dir.path(), &CLIP.replace("a.flac", "link.flac")).is_ok());
}

#[test]
fn a_clip_listed_twice() {
    let second = CLIP.replace("a.flac", "b.flac");
    refuses(&format!("{CLIP}{second}"), Kind::Duplicate, 7, "taken by the clip at line 1");
    let capital = second.replace("\"a\"", "\"A\"");
    assert_eq!(load(&format!("{CLIP}{capital}")).unwrap_err().kind(), Kind::Duplicate);
    for file in ["a.flac", "./a.flac"] {
        let same_file = CLIP.replace("\"a\"", "\"b\"").replace("a.flac", file);
        let error = load(&format!("{CLIP}{same_file}")).unwrap_err();
        assert_eq!((error.kind(), error.clip()), (Kind::Duplicate, Some("b")), "{error}");
        assert!(error.to_string().contains("already the file of clip \"a\""), "{error}");
    }
}

#[test]
fn a_clip_without_a_file() {
    refuses(&CLIP.replace("a.flac", "z.flac"), Kind::MissingFile, 3, "no such file");
    refuses(&CLIP.replace("a.flac", "sub"), Kind::MissingFile, 3, "is no file");
    refuses(&CLIP.replace("a.flac", "a.flac/b"), Kind::MissingFile, 3, "no such file");
}

#[test]
fn unknown_names() {
    refuses(&CLIP.replace("\"fr\"", "\"french\""), Kind::UnknownLanguage, 5, "\"french\"");
    refuses(&with("intent = \"dance\""), Kind::UnknownIntent, 6, "the dictionary has stop, pause");
    let error = load(&CLIP.replace("\"a\"", "\"a b\"")).unwrap_err();
    assert_eq!((error.kind(), error.line(), error.clip()), (Kind::BadId, Some(2), Some("a b")));
}

#[test]
fn values_that_make_no_sense() {
    refuses(&with("slots = { minutes = 1 }"), Kind::BadValue, 6, "slots without an intent");
    refuses(&with("seconds = -1.0"), Kind::BadValue, 6, "must be above 0");
    refuses(&with("speed = nan"), Kind::BadValue, 6, "must be above 0");
}
