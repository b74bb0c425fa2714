//! Files that Hailo publishes for devices: believed the first time, the same from then on.

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use common::http::{Answer, Server};
use common::published::{Set, compiled};
use hailo_harness::models::catalogue::Pin;
use hailo_harness::models::fetch_published::Known;
use hailo_harness::models::published::Role;
use hailo_harness::models::{
    Architecture, FetchEvent, FetchOptions, FileState, LockFile, ModelErrorKind, PublishedModel,
    PublishedOptions, Store, Variant,
};
use hailort_sim::canned::SHAPE;
use hailort_sim::hef::whisper::Positions;

const MODEL: PublishedModel = PublishedModel { architecture: Architecture::Hailo8L, variant: Variant::Base };

/// A cache, a lock file beside it, and a model's files.
struct Place {
    folder: tempfile::TempDir,
    store: Store,
    set: Set,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().join("cache/sha256"));
        let set =
            Set::random(1, &compiled(SHAPE, "hailo8l", Positions::Host), &folder.path().join("weights")).0;
        Self { folder, store, set }
    }

    fn lock(&self) -> LockFile {
        LockFile::at(self.folder.path().join("cache/models.lock"))
    }

    /// A server that has the files, with the answers for some roles replaced.
    fn server(&self, replaced: impl IntoIterator<Item = (Role, Answer)>) -> Server {
        let mut answers = self.set.answers(MODEL);
        for (role, answer) in replaced {
            let file = MODEL.files().into_iter().find(|f| f.role == role).unwrap();
            answers.push((file.url(""), answer));
        }
        Server::start(answers)
    }

    fn options(&self, server: &Server) -> PublishedOptions {
        PublishedOptions {
            fetch: FetchOptions {
                force: false,
                from: None,
                offline: false,
                hugging_face: "http://127.0.0.1:9".into(),
                pip: Vec::new(),
                patience: Duration::from_millis(500),
            },
            base_url: server.url.clone(),
            lock: self.lock(),
            update_lock: false,
        }
    }

    fn fetch(&self, options: &PublishedOptions) -> Result<(), (ModelErrorKind, String)> {
        self.store.fetch_published(MODEL, options, &mut |_| {}).map_err(|e| (e.kind(), e.to_string()))
    }

    fn pins(&self) -> Vec<Option<Pin>> {
        self.store.known(MODEL, &self.lock()).unwrap().into_iter().map(|Known { pin, .. }| pin).collect()
    }

    /// Files in the cache but the lock's.
    fn files(&self) -> usize {
        let entries = std::fs::read_dir(self.store.directory()).into_iter().flatten().flatten();
        entries.filter(|e| e.file_name() != ".lock").count()
    }
}

#[test]
fn what_came_first_is_written_down_and_not_fetched_again() {
    let place = Place::new();
    let server = place.server([]);
    let mut events = Vec::new();
    place.store.fetch_published(MODEL, &place.options(&server), &mut |e| events.push(e)).unwrap();
    let recorded = events.iter().filter(|e| matches!(e, FetchEvent::Recorded { .. })).count();
    assert_eq!((recorded, events.last()), (4, Some(&FetchEvent::Fetched)));
    let total = place.set.embedding.len() as u64;
    assert!(events.contains(&FetchEvent::Progress { done: total, total }), "{events:?}");
    for pin in place.pins() {
        assert_eq!(place.store.verify(&pin.unwrap()), FileState::Present);
    }
    let locked = place.lock().read().unwrap();
    assert_eq!(locked.len(), 4);
    assert!(locked.iter().all(|l| l.from.starts_with(&server.url)), "{locked:?}");
    assert_eq!(
        locked[0].file,
        "resources/npy files/whisper/decoder_assets/base/decoder_tokenization/onnx_add_input_base.npy"
    );
    assert_eq!(server.requests(), 4);
    place.fetch(&place.options(&server)).unwrap();
    place.store.ensure_published(MODEL, &place.options(&server), &mut |_| {}).unwrap();
    assert_eq!(server.requests(), 4);
    // A Hailo-8R takes the same files.
    let for_8r = PublishedModel { architecture: Architecture::Hailo8R, ..MODEL };
    place.store.ensure_published(for_8r, &place.options(&server), &mut |_| {}).unwrap();
    assert_eq!(server.requests(), 4);
    let before = std::fs::read(place.lock().path()).unwrap();
    let mut forced = place.options(&server);
    forced.fetch.force = true;
    place.fetch(&forced).unwrap();
    assert_eq!(server.requests(), 8);
    assert_eq!(std::fs::read(place.lock().path()).unwrap(), before, "nothing has changed");
}

#[test]
fn another_file_than_the_first_is_refused_until_it_is_accepted() {
    let place = Place::new();
    place.fetch(&place.options(&place.server([]))).unwrap();
    let before = place.lock().read().unwrap();
    let other = compiled(SHAPE, "hailo8l", Positions::Decoder).decoder(&"ab".repeat(32));
    let changed = place.server([(Role::Decoder, Answer::Whole(other.clone()))]);
    let mut options = place.options(&changed);
    options.fetch.force = true;
    let (kind, error) = place.fetch(&options).unwrap_err();
    assert_eq!(kind, ModelErrorKind::Changed);
    let old = place.pins()[1].clone().unwrap();
    for part in [
        "base-whisper-decoder-fixed-sequence-matmul-split_h8l.hef",
        "models.lock",
        &old.sha256,
        &changed.url,
        "hailo-harness models fetch --arch hailo8l --model base --update-lock",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert_eq!(place.store.verify(&old), FileState::Present, "the first one is kept");
    assert_eq!(place.lock().read().unwrap(), before);
    place.fetch(&PublishedOptions { update_lock: true, ..place.options(&changed) }).unwrap();
    let new = place.pins()[1].clone().unwrap();
    assert_ne!(new.sha256, old.sha256);
    assert_eq!(place.store.read(&new).unwrap(), other);
    // One that was lost comes again only as it was.
    std::fs::remove_file(place.store.path(&new)).unwrap();
    assert_eq!(place.fetch(&place.options(&place.server([]))).unwrap_err().0, ModelErrorKind::Changed);
    place.fetch(&place.options(&changed)).unwrap();
}

#[test]
fn what_is_not_what_its_name_says_is_not_believed() {
    let place = Place::new();
    let page = || Answer::Whole(b"<html>log in to this network</html>".to_vec());
    let mut damaged = place.set.encoder.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let for_8 = compiled(SHAPE, "hailo8", Positions::Host).encoder(&"ab".repeat(32));
    let short = place.set.embedding[..place.set.embedding.len() - 4].to_vec();
    for (role, answer, why) in [
        (Role::Encoder, page(), "not supported"),
        (Role::Encoder, Answer::Whole(damaged), "checksum"),
        (Role::Encoder, Answer::Whole(Vec::new()), "header"),
        (Role::Encoder, Answer::Whole(for_8), "compiled for architecture 0"),
        (Role::Embedding, page(), "no usable .npy file"),
        (Role::Embedding, Answer::Whole(short), "follow"),
        (Role::Bias, Answer::Whole(place.set.encoder.clone()), "no usable .npy file"),
    ] {
        let place = Place { set: place.set.clone(), ..Place::new() };
        let (kind, error) = place.fetch(&place.options(&place.server([(role, answer)]))).unwrap_err();
        assert_eq!(kind, ModelErrorKind::Unusable, "{error}");
        assert!(error.contains(why) && error.contains("was not kept"), "{why}: {error}");
        let at = MODEL.files().iter().position(|f| f.role == role).unwrap();
        assert_eq!(place.pins()[at], None);
        // What came before is kept, and known.
        assert_eq!(place.files(), at);
        assert_eq!(place.lock().read().unwrap().len(), at);
        let good = place.server([]);
        place.fetch(&place.options(&good)).unwrap();
        assert_eq!(good.requests(), 4 - at);
    }
}

#[test]
fn what_breaks_off_stalls_or_is_not_there_leaves_nothing() {
    let place = Place::new();
    let bytes = place.set.embedding.clone();
    let half = bytes.len() / 2;
    let urls = MODEL.files().map(|f| f.url(""));
    for (answer, why) in [
        (Some(Answer::Cut(bytes.clone(), half)), "token_embedding_weight_base.npy"),
        (Some(Answer::Stall(bytes.clone(), half)), "timeout"),
        (Some(Answer::Silent), "timeout"),
        (None, "404"),
    ] {
        let place = Place { set: place.set.clone(), ..Place::new() };
        let mut answers = place.set.answers(MODEL);
        answers.retain(|(path, _)| answer.is_some() || *path != urls[2]);
        answers.extend(answer.map(|answer| (urls[2].clone(), answer)));
        let start = Instant::now();
        let server = Server::start(answers);
        let (kind, error) = place.fetch(&place.options(&server)).unwrap_err();
        assert_eq!(kind, ModelErrorKind::Unreachable);
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        assert!(
            error.contains(why) && error.contains("--from DIR") && error.contains(&server.url),
            "{why}: {error}"
        );
        assert_eq!((place.files(), place.lock().read().unwrap().len()), (2, 2));
    }
}

#[test]
fn a_file_that_is_too_long_is_refused_before_it_is_taken() {
    let place = Place::new();
    // 16 MiB are the most for a positional bias.
    let long = Answer::Whole(vec![0; (16 << 20) + 1]);
    let (kind, error) = place.fetch(&place.options(&place.server([(Role::Bias, long)]))).unwrap_err();
    assert_eq!(kind, ModelErrorKind::Unreachable);
    assert!(error.contains("16777217 bytes") && error.contains("the most"), "{error}");
    assert_eq!(place.files(), 3);
}

#[test]
fn a_folder_serves_offline_in_both_layouts() {
    let (place, nobody) = (Place::new(), Server::start([]));
    let flat = tempfile::tempdir().unwrap();
    place.set.put(MODEL, flat.path());
    let deep = tempfile::tempdir().unwrap();
    for file in MODEL.files() {
        std::fs::create_dir_all(deep.path().join(&file.folder)).unwrap();
        std::fs::copy(flat.path().join(&file.name), deep.path().join(file.path())).unwrap();
    }
    for folder in [flat.path(), deep.path()] {
        let place = Place { set: place.set.clone(), ..Place::new() };
        let mut options = place.options(&nobody);
        options.fetch.offline = true;
        let (kind, error) = place.fetch(&options).unwrap_err();
        assert_eq!(kind, ModelErrorKind::Missing);
        assert!(error.contains("HAILO_OFFLINE") && error.contains("--arch hailo8l"), "{error}");
        options.fetch.from = Some(folder.into());
        place.fetch(&options).unwrap();
        options.fetch.from = None;
        place.fetch(&options).unwrap();
        place.store.ensure_published(MODEL, &options, &mut |_| {}).unwrap();
    }
    std::fs::remove_file(flat.path().join("onnx_add_input_base.npy")).unwrap();
    let mut options = place.options(&nobody);
    options.fetch.from = Some(flat.path().into());
    let (_, error) = place.fetch(&options).unwrap_err();
    assert!(error.contains("onnx_add_input_base.npy"), "{error}");
    assert_eq!(nobody.requests(), 0);
}

#[test]
fn a_file_that_was_altered_in_the_cache_is_seen() {
    let place = Place::new();
    let server = place.server([]);
    place.fetch(&place.options(&server)).unwrap();
    let pin = place.pins()[2].clone().unwrap();
    std::fs::File::options().write(true).open(place.store.path(&pin)).unwrap().set_len(5).unwrap();
    let error = place.store.ensure_published(MODEL, &place.options(&server), &mut |_| {}).unwrap_err();
    assert_eq!(error.kind(), ModelErrorKind::Altered);
    let text = error.to_string();
    assert!(text.contains("token_embedding_weight_base.npy") && text.contains("truncated (5 of"), "{text}");
    assert!(text.contains("hailo-harness models fetch --arch hailo8l --model base"), "{text}");
    place.fetch(&place.options(&server)).unwrap();
    assert_eq!((place.store.verify(&pin), server.requests()), (FileState::Present, 5));
}

#[test]
fn many_at_once_fetch_once() {
    let place = Place::new();
    let server = place.server([]);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                place.store.ensure_published(MODEL, &place.options(&server), &mut |_| {}).unwrap();
            });
        }
    });
    assert_eq!((server.requests(), place.lock().read().unwrap().len()), (4, 4));
}

#[test]
fn a_lock_file_that_makes_no_sense_stops_everything() {
    let place = Place::new();
    let server = place.server([]);
    std::fs::create_dir_all(place.lock().path().parent().unwrap()).unwrap();
    std::fs::write(place.lock().path(), "<<<<<<< ours").unwrap();
    let (kind, error) = place.fetch(&place.options(&server)).unwrap_err();
    assert_eq!(kind, ModelErrorKind::Lock);
    assert!(error.contains("models.lock") && error.contains("version control"), "{error}");
    assert_eq!((server.requests(), place.files()), (0, 0));
    // One that cannot be written: the file that came is not used, as nobody would know it again.
    let options = PublishedOptions { lock: LockFile::at("/proc/models.lock"), ..place.options(&server) };
    assert_eq!(place.fetch(&options).unwrap_err().0, ModelErrorKind::Lock);
    assert!(place.store.known(MODEL, &options.lock).unwrap().iter().all(|k| k.pin.is_none()));
}

#[test]
fn only_https_or_this_machine_is_asked() {
    let place = Place::new();
    for url in ["http://example.org", "ftp://example.org", "/etc", ""] {
        let options = PublishedOptions { base_url: url.into(), ..place.options(&Server::start([])) };
        let (kind, error) = place.fetch(&options).unwrap_err();
        assert_eq!(kind, ModelErrorKind::Setting, "{error}");
        assert!(error.contains("HAILO_PUBLISHED_URL") && error.contains("https"), "{error}");
    }
}

/// Two caches, one lock file that a team keeps: what one has fetched, the other has to get.
#[test]
fn a_lock_file_is_shared() {
    let (ours, theirs) = (Place::new(), Place::new());
    let shared = tempfile::tempdir().unwrap();
    let lock = LockFile::at(shared.path().join("models.lock"));
    let with =
        |place: &Place, server: &Server| PublishedOptions { lock: lock.clone(), ..place.options(server) };
    ours.fetch(&with(&ours, &ours.server([]))).unwrap();
    let other = theirs
        .server([(Role::Encoder, Answer::Whole(compiled(SHAPE, "hailo8l", Positions::Host).encoder("x")))]);
    assert_eq!(theirs.fetch(&with(&theirs, &other)).unwrap_err().0, ModelErrorKind::Changed);
    theirs.fetch(&with(&theirs, &ours.server([]))).unwrap();
    assert_eq!(names(ours.store.directory()), names(theirs.store.directory()));
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
