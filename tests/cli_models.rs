//! Files for devices by the command.

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::assert::Assert;
use assert_cmd::cargo::{cargo_bin, cargo_bin_cmd};
use common::http::{Answer, Server};
use common::published::{Set, compiled};
use hailo_harness::models::{Architecture, PublishedModel, Variant};
use hailort_sim::canned::SHAPE;
use hailort_sim::hef::whisper::Positions;
use serde_json::Value;

const MODEL: PublishedModel = PublishedModel { architecture: Architecture::Hailo8L, variant: Variant::Base };

fn set(cache: &Path) -> Set {
    Set::random(1, &compiled(SHAPE, "hailo8l", Positions::Host), cache).0
}

/// The tokenizer, where Hugging Face has it.
fn tokenizer() -> (String, Answer) {
    let (model, store) = common::whisper_base();
    let source = model.hugging_face.unwrap();
    let pin = &model.files.tokenizer;
    let path = format!("/{}/resolve/{}/{}", source.repository, source.revision, pin.name);
    (path, Answer::Whole(store.read(pin).unwrap()))
}

fn models(cache: &Path, server: &Server, arguments: &[&str]) -> Assert {
    let mut command = cargo_bin_cmd!("hailo-harness");
    command.arg("models").args(arguments).env("HAILO_CACHE_DIR", cache).timeout(Duration::from_secs(100));
    command.env("HAILO_PUBLISHED_URL", &server.url).env("HF_ENDPOINT", &server.url);
    command.env_remove("HAILO_OFFLINE").env_remove("HAILO_MODELS_LOCK").assert()
}

fn out(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

fn err(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

fn lines(assert: &Assert) -> Vec<Value> {
    out(assert).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn files_for_a_device_are_fetched_listed_and_verified() {
    let cache = tempfile::tempdir().unwrap();
    let set = set(&cache.path().join("weights"));
    let server = Server::start(set.answers(MODEL).into_iter().chain([tokenizer()]));
    let list = models(cache.path(), &server, &["list", "--arch", "hailo8l", "--json"]).success();
    let missing = lines(&list);
    assert_eq!(missing.len(), 8, "tiny and base");
    assert!(missing.iter().all(|l| l["state"] == "missing" && l["sha256"].is_null()), "{missing:?}");
    let verify = models(cache.path(), &server, &["verify", "--arch", "hailo8l"]).code(1);
    assert!(
        err(&verify).contains("hailo-harness models fetch --arch hailo8l --model base"),
        "{}",
        err(&verify)
    );
    assert_eq!(server.requests(), 0);

    let fetch = models(cache.path(), &server, &["fetch", "--arch", "hailo8l"]).success();
    for part in
        ["base-whisper-encoder-5s_h8l.hef came for the first time", "whisper-base for hailo8l is there"]
    {
        assert!(err(&fetch).contains(part), "{part}: {}", err(&fetch));
    }
    assert_eq!(out(&fetch), "");
    assert_eq!(server.requests(), 5, "four files and the tokenizer");
    models(cache.path(), &server, &["fetch", "--arch", "hailo8l", "--model", "base"]).success();
    assert_eq!(server.requests(), 5);

    let verified =
        lines(&models(cache.path(), &server, &["verify", "--arch", "hailo8l", "--json"]).success());
    assert_eq!(verified.len(), 4);
    let keys: Vec<&str> = verified[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        ["model", "arch", "file", "bytes", "sha256", "state", "reason", "path", "licence", "from"]
    );
    for line in &verified {
        assert_eq!((&line["model"], &line["arch"]), (&"whisper-base".into(), &"hailo8l".into()));
        assert_eq!(line["state"], "verified");
        assert!(line["from"].as_str().unwrap().starts_with(&server.url), "{line}");
        let path = Path::new(line["path"].as_str().unwrap());
        assert_eq!(std::fs::metadata(path).unwrap().len(), line["bytes"].as_u64().unwrap());
    }
    // Without an architecture they are listed beside the simulator's.
    let all = models(cache.path(), &server, &["list"]).success();
    assert!(
        out(&all).contains("whisper-base for hailo8l") && out(&all).contains("models.lock"),
        "{}",
        out(&all)
    );
    let path = verified[1]["path"].as_str().unwrap();
    std::fs::write(path, b"other").unwrap();
    let verify = models(cache.path(), &server, &["verify", "--arch", "hailo8l"]).code(1);
    assert!(out(&verify).contains("truncated"), "{}", out(&verify));
    models(cache.path(), &server, &["fetch", "--arch", "hailo8l"]).success();
    models(cache.path(), &server, &["verify", "--arch", "hailo8l"]).success();
    assert_eq!(server.requests(), 6);
}

#[test]
fn another_file_is_accepted_by_a_flag_alone() {
    let (cache, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let set = set(&cache.path().join("weights"));
    let server = Server::start(set.answers(MODEL).into_iter().chain([tokenizer()]));
    let lock = elsewhere.path().join("models.lock");
    let fetch = |server: &Server, more: &[&str]| {
        let lock = lock.to_str().unwrap();
        models(cache.path(), server, &[&["fetch", "--arch", "hailo8l", "--lock", lock], more].concat())
    };
    fetch(&server, &[]).success();
    assert!(!cache.path().join("models.lock").exists());
    let first = std::fs::read_to_string(&lock).unwrap();
    let other = Set { decoder: compiled(SHAPE, "hailo8l", Positions::Decoder).decoder("x"), ..set };
    let changed = Server::start(other.answers(MODEL).into_iter().chain([tokenizer()]));
    let refused = fetch(&changed, &["--force"]).code(1);
    assert!(
        err(&refused).contains("--update-lock") && err(&refused).contains("models.lock"),
        "{}",
        err(&refused)
    );
    assert_eq!(std::fs::read_to_string(&lock).unwrap(), first);
    fetch(&changed, &["--update-lock"]).success();
    let second = std::fs::read_to_string(&lock).unwrap();
    assert_ne!(second, first);
    assert_eq!(second.lines().filter(|l| l.starts_with("sha256")).count(), 4);
}

#[test]
fn a_folder_serves_without_a_network() {
    let (cache, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    set(&cache.path().join("weights")).put(MODEL, folder.path());
    let Answer::Whole(bytes) = tokenizer().1 else { unreachable!() };
    std::fs::write(folder.path().join("tokenizer.json"), bytes).unwrap();
    let nobody = Server::start([]);
    let from = folder.path().to_str().unwrap();
    models(cache.path(), &nobody, &["fetch", "--arch", "hailo8r", "--from", from]).success();
    models(cache.path(), &nobody, &["verify", "--arch", "hailo8l"]).success();
    assert_eq!(nobody.requests(), 0);
    std::fs::remove_file(folder.path().join("onnx_add_input_base.npy")).unwrap();
    let run =
        models(cache.path(), &nobody, &["fetch", "--arch", "hailo8r", "--from", from, "--force"]).code(1);
    assert!(err(&run).contains("onnx_add_input_base.npy"), "{}", err(&run));
}

#[test]
fn a_fetch_that_is_killed_leaves_nothing_that_counts() {
    let cache = tempfile::tempdir().unwrap();
    let set = set(&cache.path().join("weights"));
    let (path, _) = set.answers(MODEL)[2].clone();
    let half = set.embedding.len() / 2;
    let stalls = (path, Answer::Stall(set.embedding.clone(), half));
    let slow = Server::start(set.answers(MODEL).into_iter().chain([stalls, tokenizer()]));
    let mut process = Command::new(cargo_bin!("hailo-harness"))
        .args(["models", "fetch", "--arch", "hailo8l"])
        .env("HAILO_CACHE_DIR", cache.path())
        .env("HAILO_PUBLISHED_URL", &slow.url)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let names = || -> Vec<String> {
        let entries = std::fs::read_dir(cache.path().join("sha256")).into_iter().flatten().flatten();
        entries.map(|e| e.file_name().into_string().unwrap()).collect()
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    while slow.requests() < 3 || !names().iter().any(|n| n.starts_with(".part-")) {
        assert!(Instant::now() < deadline, "the download did not get going");
        std::thread::sleep(Duration::from_millis(5));
    }
    process.kill().unwrap();
    process.wait().unwrap();
    // The two that came before are known.
    let server = Server::start(set.answers(MODEL).into_iter().chain([tokenizer()]));
    models(cache.path(), &server, &["fetch", "--arch", "hailo8l"]).success();
    assert_eq!(server.requests(), 3, "two files and the tokenizer");
    assert!(!names().iter().any(|n| n.starts_with(".part-")), "{:?}", names());
}

#[test]
fn what_makes_no_sense_is_wrong_usage() {
    let (cache, nobody) = (tempfile::tempdir().unwrap(), Server::start([]));
    for (arguments, part) in [
        (&["fetch", "--arch", "hailo9"][..], "hailo8, hailo8l and hailo8r"),
        (&["fetch", "--arch", "hailo10h"], "C API does not offer"),
        (&["fetch", "--arch", "hailo8", "--model", "small"], "tiny and base"),
        (&["fetch", "--model", "tiny"], "--arch"),
        (&["fetch", "--update-lock"], "--arch"),
        (&["fetch", "whisper-base", "--arch", "hailo8"], "cannot be used with"),
    ] {
        let run = models(cache.path(), &nobody, arguments).code(2);
        assert!(err(&run).contains(part), "{arguments:?}: {}", err(&run));
    }
}
