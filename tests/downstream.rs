//! A crate of somebody else that depends on this one, built for real. In profile ci: it builds everything once more.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The crate that depends on this one.
struct Crate {
    folder: tempfile::TempDir,
}

impl Crate {
    /// A crate with this manifest besides `[package]`; `$HARNESS` is this project.
    fn new(manifest: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = env!("CARGO_MANIFEST_DIR");
        let head = "[package]\nname = \"downstream\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n";
        let it = Self { folder };
        it.write("Cargo.toml", &(head.to_owned() + &manifest.replace("$HARNESS", project)));
        it.write("src/lib.rs", "");
        // The versions that this project was tested with.
        std::fs::copy(Path::new(project).join("Cargo.lock"), it.path("Cargo.lock")).unwrap();
        it
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn clip(&self, name: &str) {
        let from = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("audio-corpus")
            .join(Path::new(name).file_name().unwrap());
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::copy(from, self.path(name)).unwrap();
    }

    /// cargo in it, with a target folder that is kept from one run to the next, and nothing of the runner's environment.
    fn command(&self, arguments: &[&str]) -> Command {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("downstream");
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments).current_dir(self.folder.path()).env("CARGO_TARGET_DIR", target);
        let foreign = ["NEXTEST", "INSTA_", "CARGO_PKG", "CARGO_MANIFEST", "RUSTFLAGS"];
        for (name, _) in std::env::vars_os() {
            if foreign.iter().any(|p| name.to_string_lossy().starts_with(p)) {
                command.env_remove(name);
            }
        }
        command
    }

    fn cargo(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[track_caller]
fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{}", said(output));
    said(output)
}

/// The block of the README in this language that contains this.
fn readme(language: &str, part: &str) -> String {
    let text = include_str!("../README.md");
    let blocks = text.split("\n```").collect::<Vec<_>>();
    let block = blocks.iter().find(|b| b.starts_with(&format!("{language}\n")) && b.contains(part));
    block.unwrap_or_else(|| panic!("no {language} block with {part}")).split_once('\n').unwrap().1.to_owned()
}

#[test]
fn the_test_of_the_readme_passes_in_a_new_crate() {
    let manifest = readme("toml", "[dev-dependencies]").replace("../hailo-harness", "$HARNESS");
    let user = Crate::new(&manifest);
    user.write("tests/volume.rs", &readme("rust", "#[rstest]"));
    user.clip("clips/monte-volume.flac");
    for _ in 0..2 {
        let said = succeeds(&user.cargo(&["nextest", "run"]));
        assert!(said.contains("1 test run: 1 passed"), "{said}");
    }
    let said = succeeds(&user.cargo(&["test", "--test", "volume"]));
    assert!(said.contains("test turns_the_volume_up ... ok"), "{said}");
}

const CLIP: &str = "[[clip]]\nid = \"$ID\"\nfile = \"$ID.flac\"\ntext = \"Stop.\"\nlanguage = \"fr\"\n";

#[test]
fn a_corpus_changes_the_list_of_tests_without_a_build() {
    let manifest = readme("toml", "[dev-dependencies]").replace("../hailo-harness", "$HARNESS");
    let user = Crate::new(&(manifest + "\n[[test]]\nname = \"mine\"\nharness = false\n"));
    user.write("tests/mine.rs", "hailo_harness::corpus_tests!(\"my-corpus\");\n");
    let corpus = |ids: &[&str]| {
        let clips: String = ids.iter().map(|id| CLIP.replace("$ID", id)).collect();
        user.write("my-corpus/manifest.toml", &clips);
        ids.iter().for_each(|id| user.clip(&format!("my-corpus/{id}.flac")));
    };
    let list = || {
        let output = user.cargo(&["nextest", "list", "-T", "oneline"]);
        let built = said(&output).contains("Compiling downstream");
        let names: Vec<String> = String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|l| l.split_whitespace().last())
            .filter_map(|name| name.strip_prefix("corpus::").map(str::to_owned))
            .collect();
        (names, built)
    };
    corpus(&["stop"]);
    assert_eq!(list(), (vec!["stop".to_owned()], true));
    corpus(&["stop", "pause"]);
    assert_eq!(list(), (vec!["pause".to_owned(), "stop".to_owned()], false), "a clip was added");
    corpus(&["pause"]);
    assert_eq!(list(), (vec!["pause".to_owned()], false), "a clip was removed");
    // Without a snapshot, CI fails and writes nothing; with leave to write, one is written, and compared from then on.
    let run = |update: &str| user.command(&["nextest", "run"]).env("INSTA_UPDATE", update).output().unwrap();
    assert!(!run("no").status.success());
    succeeds(&run("always"));
    succeeds(&run("no"));
    let snapshot = user.path("tests/snapshots/mine__pause@sim-whisper-base.snap");
    let text = std::fs::read_to_string(&snapshot).unwrap();
    assert!(text.contains("transcript:") && text.contains("said: Stop."), "{text}");
    std::fs::write(&snapshot, text.replace("transcript: ", "transcript: not ")).unwrap();
    assert!(!run("no").status.success(), "a changed transcript fails");
    // A manifest that cannot be used is a test that fails and says why, not a runner that gives up.
    user.write("my-corpus/manifest.toml", &CLIP.replace("$ID.flac", "../stop.flac").replace("$ID", "a"));
    let output = run("no");
    assert!(!output.status.success() && said(&output).contains("corpus::manifest"), "{}", said(&output));
    assert!(said(&output).contains("../stop.flac"), "{}", said(&output));
}

#[test]
fn a_shared_object_that_links_the_library_starts_no_worker() {
    let user = Crate::new(
        "[lib]\ncrate-type = [\"cdylib\"]\n\n[dependencies]\nhailo-harness = { path = \"$HARNESS\" }\n",
    );
    user.write(
        "src/lib.rs",
        "#[unsafe(no_mangle)]\npub extern \"C\" fn start() -> u32 {\n    let context = hailo_harness::HailoContext::start();\n    context.map_or(1, |_| 0)\n}\n",
    );
    succeeds(&user.cargo(&["build"]));
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("downstream/debug/libdownstream.so");
    // A program that loads it while the variable of a worker is set goes on as if nothing was: it is not taken over.
    let output = Command::new("python3")
        .args(["-c", "import ctypes, sys; ctypes.CDLL(sys.argv[1]); print('went on')"])
        .arg(&library)
        .env("HAILO_HARNESS_WORKER_SOCKET", "1:1:3")
        .output()
        .unwrap();
    assert!(succeeds(&output).contains("went on"));
}
