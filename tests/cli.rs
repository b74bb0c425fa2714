//! The command, as people and scripts call it.

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::assert::Assert;
use assert_cmd::cargo::cargo_bin_cmd;
use common::http::{Answer, Server};
use hailo_harness::models::FileState;
use serde_json::Value;

/// The command in the project's folder, with a model in the cache and nothing of the caller's environment.
fn command() -> assert_cmd::Command {
    common::whisper_base();
    let mut command = without_model();
    command.env_remove("HAILO_OFFLINE");
    command
}

fn without_model() -> assert_cmd::Command {
    let mut command = cargo_bin_cmd!("hailo-harness");
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    for variable in
        ["HAILO_RUNTIME", "HAILO_REQUIRED", "HF_ENDPOINT", "HAILO_SIM_THREADS", "HAILO_SIM_DEVICES"]
    {
        command.env_remove(variable);
    }
    // These are not about sharing a device.
    let (name, host) = common::host::own_host();
    command.env(name, host).timeout(Duration::from_secs(500));
    command
}

fn out(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

fn err(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

fn json(assert: &Assert) -> Value {
    serde_json::from_slice(&assert.get_output().stdout).unwrap_or_else(|e| panic!("{e}: {}", out(assert)))
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_run_in_json_has_every_field() {
    let run = command().args(["run", "--filter", "volume", "--json"]).assert().success();
    let report = json(&run);
    assert_eq!(keys(&report), ["model", "runtime", "clips", "summary"]);
    assert_eq!((&report["model"], &report["runtime"]), (&"whisper-base".into(), &"sim".into()));
    let clips = report["clips"].as_array().unwrap();
    let ids: Vec<&str> = clips.iter().map(|c| c["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"monte-volume") && ids.contains(&"volume-cinquante"), "{ids:?}");
    assert!(!ids.contains(&"stop"), "{ids:?}");
    for clip in clips {
        assert_eq!(
            keys(clip),
            [
                "id",
                "file",
                "seconds",
                "reference",
                "transcript",
                "wer",
                "cer",
                "intent",
                "expected_intent",
                "expected_slots",
                "min_margin",
                "elapsed_ms"
            ]
        );
        assert!(
            clip["seconds"].as_f64().unwrap() > 0.5 && clip["min_margin"].as_f64().unwrap() > 0.0,
            "{clip}"
        );
        if let Some(intent) = clip["intent"].as_object() {
            assert_eq!(intent.keys().collect::<Vec<_>>(), ["name", "confidence", "slots"]);
        }
    }
    let volume = clips.iter().find(|c| c["id"] == "monte-volume").unwrap();
    assert_eq!(volume["transcript"], "monte le volume");
    assert_eq!((&volume["file"], &volume["wer"]), (&"monte-volume.flac".into(), &0.0.into()));
    assert_eq!(volume["intent"]["name"], "volume_up");
    let summary = &report["summary"];
    assert_eq!(
        keys(summary),
        ["clips", "failed", "wer", "cer", "intent_accuracy", "real_time_factor", "load_ms", "peak_rss_kib"]
    );
    assert_eq!(summary["clips"], clips.len());
    let peak = summary["peak_rss_kib"].as_u64().unwrap();
    assert!((50_000..700 * 1024).contains(&peak), "{peak} KiB");
}

#[test]
fn a_run_for_people_is_a_table_with_a_summary() {
    let run = command().args(["run", "--filter", "stop"]).assert().success();
    let out = out(&run);
    assert!(out.contains("transcript") && out.contains("expected") && out.contains("Stop !"), "{out}");
    assert!(out.contains("1 clips with whisper-base on sim: WER 0.000"), "{out}");
    assert!(err(&run).contains("loaded in"), "progress goes to standard error");
}

#[test]
fn all_clips_twice_and_with_one_thread_and_two_are_the_same_to_the_byte() {
    let texts = |threads: &str| {
        let run = command().env("HAILO_SIM_THREADS", threads).args(["run", "--json"]).assert().success();
        let mut report = json(&run);
        let summary = report["summary"].take();
        for clip in report["clips"].as_array_mut().unwrap() {
            clip["elapsed_ms"].take();
        }
        (report.to_string(), summary)
    };
    let (first, summary) = texts("2");
    println!("{summary}");
    assert_eq!(summary["clips"], 83);
    // What Whisper base makes of this voice in windows of 5 s; CTranslate2 over the same weights hears the same.
    assert!(summary["wer"].as_f64().unwrap() < 0.40, "{summary}");
    assert_eq!(texts("2").0, first, "a second run");
    assert_eq!(texts("1").0, first, "one thread");
}

#[test]
fn a_clip_that_cannot_be_read_fails_alone() {
    let folder = tempfile::tempdir().unwrap();
    let clip = |id: &str| {
        format!(
            "[[clip]]\nid = \"{id}\"\nfile = \"{id}.flac\"\ntext = \"Stop.\"\nlanguage = \"fr\"\nintent = \"stop\"\n"
        )
    };
    std::fs::write(folder.path().join("manifest.toml"), clip("bad") + &clip("good")).unwrap();
    std::fs::write(folder.path().join("bad.flac"), "no sound").unwrap();
    std::fs::copy(common::corpus().join("stop.flac"), folder.path().join("good.flac")).unwrap();
    let run = command().args(["run", "--json", "--corpus"]).arg(folder.path()).assert().code(1);
    let report = json(&run);
    assert!(report["clips"][0]["error"].as_str().unwrap().contains("bad.flac"), "{report}");
    assert_eq!(report["clips"][0]["transcript"], Value::Null);
    assert_eq!(report["clips"][1]["transcript"], "Stop !");
    assert!(err(&run).contains("clip bad"), "{}", err(&run));
}

#[test]
fn files_are_transcribed_and_a_bad_one_does_not_stop_the_others() {
    let run = command().args(["transcribe", "audio-corpus/stop.flac"]).assert().success();
    assert_eq!(out(&run), "Stop !\n");
    let run = command()
        .args(["transcribe", "/nonexistent.wav", "audio-corpus/stop.flac", "Cargo.toml"])
        .assert()
        .code(1);
    assert_eq!(out(&run), "audio-corpus/stop.flac: Stop !\n");
    assert!(err(&run).contains("/nonexistent.wav") && err(&run).contains("Cargo.toml"), "{}", err(&run));
}

#[test]
fn a_transcript_in_json_holds_tokens_and_times_and_audio_may_come_through_a_pipe() {
    let sound = std::fs::read(common::corpus().join("monte-volume.flac")).unwrap();
    let run = command().args(["transcribe", "--json", "-"]).write_stdin(sound).assert().success();
    let transcript = json(&run);
    assert_eq!((&transcript["file"], &transcript["text"]), (&"-".into(), &"monte le volume".into()));
    let tokens = transcript["tokens"].as_array().unwrap();
    let joined: String = tokens.iter().map(|t| t["text"].as_str().unwrap()).collect();
    assert_eq!(joined.trim(), "monte le volume");
    for token in tokens {
        assert!(
            token["log_prob"].as_f64().unwrap() <= 0.0 && token["margin"].as_f64().unwrap() > 0.0,
            "{token}"
        );
    }
    for phase in ["mel", "encoder", "decoder", "total"] {
        assert!(transcript["timings_ms"][phase].as_f64().unwrap() > 0.0, "{phase}: {transcript}");
    }
}

#[test]
fn silence_and_no_sound_are_an_empty_text() {
    let silence = [&b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data\xff\xff\xff\xff"[..], &[0; 64_000]].concat();
    for sound in [&silence[..], &silence[..44]] {
        let run = command().args(["transcribe", "-"]).write_stdin(sound).assert().success();
        assert_eq!(out(&run), "\n");
    }
}

#[test]
fn intents_come_a_line_each() {
    let run =
        without_model().args(["intent", "--json", "Monte le volume.", "Il fait beau."]).assert().success();
    let lines: Vec<Value> = out(&run).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(keys(&lines[0]), ["text", "intent", "confidence", "slots"]);
    assert_eq!(lines[0]["intent"], "volume_up");
    assert_eq!((&lines[1]["intent"], &lines[1]["text"]), (&Value::Null, &"Il fait beau.".into()));
    let run = without_model()
        .args(["intent", "--json"])
        .write_stdin("Règle le volume sur vingt.\nStop\n\nDernière ligne sans fin")
        .assert()
        .success();
    let lines: Vec<Value> = out(&run).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0]["slots"]["percent"], 20);
    assert_eq!(lines[1]["intent"], "stop");
    assert_eq!(lines[2]["text"], "");
    let run = without_model().args(["intent", "Stop."]).write_stdin("").assert().success();
    assert!(out(&run).starts_with("Stop. → stop (1.00)"), "{}", out(&run));
}

#[test]
fn wrong_usage_is_2_and_says_what_is_right() {
    for (arguments, hint) in [
        (&["run", "--runtime", "npu"][..], "auto, sim and device"),
        (&["transcribe"], "FILE"),
        (&["transcribe", "--language", "klingon", "a.wav"], "klingon"),
        (&["intent", "--threshold", "101"], "0..=100"),
        (&["models", "verify", "whisper-huge"], "there is: whisper-base"),
        (&["frobnicate"], "frobnicate"),
        (&[], "Usage"),
    ] {
        let run = without_model().args(arguments).assert().code(2);
        assert!(err(&run).contains(hint) && out(&run).is_empty(), "{arguments:?}: {}", err(&run));
    }
    let help = without_model().arg("--help").assert().success();
    for command in ["run", "transcribe", "intent", "models", "HAILO_CACHE_DIR", "Exit codes"] {
        assert!(out(&help).contains(command), "{command}");
    }
}

#[test]
fn what_cannot_be_is_1_and_says_what_to_do() {
    let empty = tempfile::tempdir().unwrap();
    let fails = |command: &mut assert_cmd::Command, hints: &[&str]| {
        let run = command.assert().code(1);
        assert!(hints.iter().all(|h| err(&run).contains(h)), "{hints:?}: {}", err(&run));
        assert!(out(&run).is_empty());
    };
    fails(without_model().args(["run", "--corpus"]).arg(empty.path()), &["manifest.toml"]);
    fails(without_model().args(["run", "--filter", "xyzzy"]), &["xyzzy", "83"]);
    fails(
        without_model()
            .args(["run", "--runtime", "device"])
            .env("HAILORT_LIBRARY", "/nonexistent/libhailort.so"),
        &["/nonexistent/libhailort.so", "runtime sim"],
    );
    let mut no_device = command();
    fails(
        no_device.args(["run", "--runtime", "sim"]).env("HAILO_SIM_DEVICES", "0"),
        &["74", "OUT_OF_PHYSICAL_DEVICES"],
    );
}

#[test]
fn without_weights_and_network_the_error_says_what_to_do() {
    let empty = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let run = without_model()
        .args(["transcribe", "audio-corpus/stop.flac"])
        .env("HAILO_CACHE_DIR", empty.path())
        .env("HF_ENDPOINT", "http://127.0.0.1:9")
        .env("PATH", "/nonexistent")
        .assert()
        .code(1);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    for part in ["Hugging Face", "127.0.0.1:9", "pip", "hailo-harness models fetch --from DIR"] {
        assert!(err(&run).contains(part), "{part}: {}", err(&run));
    }
    let run = without_model()
        .args(["run"])
        .env("HAILO_CACHE_DIR", empty.path())
        .env("HAILO_OFFLINE", "1")
        .assert()
        .code(1);
    assert!(err(&run).contains("HAILO_OFFLINE"), "{}", err(&run));
    let list = without_model()
        .args(["models", "list", "--json"])
        .env("HAILO_CACHE_DIR", empty.path())
        .assert()
        .success();
    assert_eq!(out(&list).matches("\"missing\"").count(), 3);
    without_model().args(["models", "verify"]).env("HAILO_CACHE_DIR", empty.path()).assert().code(1);
}

/// A folder that holds the model's files under their own names.
fn files_by_name(folder: &Path) {
    let (model, store) = common::whisper_base();
    for pin in model.pins() {
        std::os::unix::fs::symlink(store.path(pin), folder.join(&pin.name)).unwrap();
    }
}

#[test]
fn truncated_and_altered_weights_are_refused() {
    let (from, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    files_by_name(from.path());
    let fetch = || {
        without_model()
            .args(["models", "fetch", "--from"])
            .arg(from.path())
            .env("HAILO_CACHE_DIR", cache.path())
            .assert()
    };
    let hear = || {
        without_model()
            .args(["transcribe", "audio-corpus/stop.flac"])
            .env("HAILO_CACHE_DIR", cache.path())
            .assert()
    };
    let verify = || without_model().args(["models", "verify"]).env("HAILO_CACHE_DIR", cache.path()).assert();
    fetch().success();
    verify().success();
    let weights =
        cache.path().join("sha256/d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9");
    let open = || std::fs::File::options().write(true).open(&weights).unwrap();
    open().set_len(100_000_000).unwrap();
    let run = hear().code(1);
    assert!(err(&run).contains("truncated") && err(&run).contains("models fetch"), "{}", err(&run));
    verify().code(1);
    fetch().success();
    hear().success();
    // One bit in the middle: the length is right.
    std::os::unix::fs::FileExt::write_at(&open(), &[0x5a], 70_000_000).unwrap();
    let run = hear().code(1);
    assert!(err(&run).contains("altered") && err(&run).contains("models fetch"), "{}", err(&run));
    verify().code(1);
    fetch().success();
    verify().success();
}

#[test]
fn two_processes_fetch_at_once() {
    let (from, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    files_by_name(from.path());
    let start = || {
        Command::new(assert_cmd::cargo::cargo_bin!("hailo-harness"))
            .args(["models", "fetch", "--from"])
            .arg(from.path())
            .env("HAILO_CACHE_DIR", cache.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let both = [start(), start(), start()];
    for mut process in both {
        assert!(process.wait().unwrap().success());
    }
    without_model().args(["models", "verify"]).env("HAILO_CACHE_DIR", cache.path()).assert().success();
    let names = std::fs::read_dir(cache.path().join("sha256")).unwrap().count();
    assert_eq!(names, 4, "three files and the lock");
}

#[test]
fn a_fetch_that_is_killed_leaves_nothing_that_counts() {
    let (model, store) = common::whisper_base();
    let cache = tempfile::tempdir().unwrap();
    let path = |name: &str| {
        format!("/Systran/faster-whisper-base/resolve/ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66/{name}")
    };
    let small = [&model.files.tokenizer, &model.files.config]
        .map(|pin| (path(&pin.name), Answer::Whole(std::fs::read(store.path(pin)).unwrap())));
    let weights = std::fs::read(store.path(&model.files.weights)).unwrap();
    let server =
        Server::start(small.into_iter().chain([(path("model.bin"), Answer::Stall(weights, 50_000_000))]));
    let mut process = Command::new(assert_cmd::cargo::cargo_bin!("hailo-harness"))
        .args(["models", "fetch"])
        .env("HAILO_CACHE_DIR", cache.path())
        .env("HF_ENDPOINT", &server.url)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let folder = cache.path().join("sha256");
    let half = || {
        let parts = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        parts
            .filter(|e| e.file_name().to_string_lossy().starts_with(".part-"))
            .any(|e| e.metadata().is_ok_and(|m| m.len() > 40_000_000))
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    while !half() {
        assert!(Instant::now() < deadline, "the download did not get going");
        std::thread::sleep(Duration::from_millis(10));
    }
    process.kill().unwrap();
    process.wait().unwrap();
    let there = hailo_harness::models::Store::at(&folder);
    assert_eq!(there.state(&model.files.weights), FileState::Missing);
    let from = tempfile::tempdir().unwrap();
    files_by_name(from.path());
    without_model()
        .args(["models", "fetch", "--from"])
        .arg(from.path())
        .env("HAILO_CACHE_DIR", cache.path())
        .assert()
        .success();
    without_model().args(["models", "verify"]).env("HAILO_CACHE_DIR", cache.path()).assert().success();
    assert!(!half(), "what the killed one left is gone");
}

#[test]
fn a_full_disk_is_an_error_and_leaves_nothing() {
    let (from, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    files_by_name(from.path());
    // A limit on the size of files stands in for the end of the disk: writes fail in the same place.
    let script = "ulimit -f 20000; trap '' XFSZ; exec \"$0\" models fetch --from \"$1\"";
    let run = assert_cmd::Command::new("bash")
        .args(["-c", script])
        .arg(assert_cmd::cargo::cargo_bin!("hailo-harness"))
        .arg(from.path())
        .env("HAILO_CACHE_DIR", cache.path())
        .assert()
        .code(1);
    assert!(err(&run).contains("cannot write") && err(&run).contains("HAILO_CACHE_DIR"), "{}", err(&run));
    let names: Vec<_> = std::fs::read_dir(cache.path().join("sha256")).unwrap().flatten().collect();
    assert!(names.iter().all(|e| !e.file_name().to_string_lossy().starts_with(".part-")), "{names:?}");
}

#[test]
fn whoever_stops_reading_hears_no_complaint() {
    let mut process = Command::new(assert_cmd::cargo::cargo_bin!("hailo-harness"))
        .arg("intent")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(process.stdout.take());
    let mut input = process.stdin.take().unwrap();
    // The process may be gone before all is written.
    let _ = std::io::Write::write_all(&mut input, "Stop.\n".repeat(10_000).as_bytes());
    drop(input);
    let output = process.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

/// The command with the tiny model, and faults in the calls of its simulator.
fn with_faults(plan: &str) -> assert_cmd::Command {
    let mut command = command();
    command.env("HAILO_MODEL", "canned").env("HAILO_SIM_FAULTS", plan).env_remove("HAILO_LEAKS");
    command
}

#[test]
fn a_hang_costs_a_file_its_deadline_and_the_next_is_heard() {
    let run = with_faults("hailo_vstream_read_raw_buffer@3=hang")
        .env("HAILO_DEADLINES", "infer=1")
        .args(["transcribe", "audio-corpus/stop.flac", "audio-corpus/stop.flac"])
        .assert()
        .code(1);
    assert_eq!(
        err(&run).matches("hung: asked to transcribe, no answer within 1.0 s").count(),
        2,
        "{}",
        err(&run)
    );
    // Once only: the second is heard by a new worker.
    let state = tempfile::tempdir().unwrap();
    let run = with_faults("hailo_vstream_read_raw_buffer@3=hang,once-per-host")
        .env("HAILO_SIM_STATE", state.path())
        .env("HAILO_DEADLINES", "infer=1")
        .args(["transcribe", "audio-corpus/stop.flac", "audio-corpus/stop.flac"])
        .assert()
        .code(1);
    assert_eq!((err(&run).matches(" hung: ").count(), out(&run).lines().count()), (1, 1), "{}", err(&run));
}

#[test]
fn leaks_are_told_and_fail_a_command_only_where_that_is_asked_for() {
    let hear = |leaks: &str| {
        let mut command = with_faults("hailo_release_vdevice=leak-fd:socket");
        if !leaks.is_empty() {
            command.env("HAILO_LEAKS", leaks);
        }
        command.args(["transcribe", "audio-corpus/stop.flac"]).assert()
    };
    for (leaks, code) in [("", 0), ("warn", 0), ("fail", 1), ("ignore:fd:socket=known", 0)] {
        let run = hear(leaks).code(code);
        let texts = ["left behind: fd socket", "leak of the worker: fd socket"];
        let is_told = texts.iter().any(|text| err(&run).contains(text));
        assert_eq!(is_told, !leaks.starts_with("ignore"), "{leaks}: {}", err(&run));
        assert_eq!(out(&run).lines().count(), 1, "the text is there all the same");
    }
    assert!(err(&hear("nonsense").code(1)).contains("HAILO_LEAKS"));
}

#[test]
fn a_run_in_which_nothing_is_heard_has_no_score() {
    let run = with_faults("hailo_vstream_read_raw_buffer@1=abort")
        .args(["run", "--filter", "volume"])
        .assert()
        .code(1);
    assert!(out(&run).contains("10 failed, WER –, CER –, 0 of 10 intents"), "{}", out(&run));
    let run = with_faults("hailo_vstream_read_raw_buffer@1=abort")
        .args(["run", "--json", "--filter", "volume"])
        .assert()
        .code(1);
    let summary = &json(&run)["summary"];
    assert_eq!((&summary["wer"], summary["failed"] == summary["clips"]), (&Value::Null, true), "{summary}");
}

#[test]
fn scores_that_are_no_numbers_are_no_text() {
    let run = with_faults("hailo_vstream_read_raw_buffer=corrupt:nan")
        .args(["transcribe", "--json", "audio-corpus/stop.flac"])
        .assert()
        .code(1);
    assert!(json(&run)["error"].as_str().unwrap().contains("no numbers"), "{}", out(&run));
}
