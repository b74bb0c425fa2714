//! `hailo-harness hef` says of files what the real library said of them.

use std::path::{Path, PathBuf};

use assert_cmd::cargo::cargo_bin_cmd;
use hailort_sim::hef::{Hef, generate, whisper};
use serde_json::Value;

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/hailort-sim/tests/data/hef-vectors")
}

fn hef(arguments: &[&Path]) -> (i32, String, String) {
    let output = cargo_bin_cmd!("hailo-harness").arg("hef").args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_json_is_the_answer_of_the_real_library() {
    let expected = std::fs::read_to_string(vectors().join("expected-4.23.json")).unwrap();
    let expected: serde_json::Map<String, Value> = serde_json::from_str(&expected).unwrap();
    assert_eq!(expected.len(), 11);
    for (file, expected) in expected {
        let (code, out, err) = hef(&[Path::new("--json"), &vectors().join(&file)]);
        let found: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(found, expected, "{file}");
        let is_good = expected["create_hef_file"] == 0;
        assert_eq!((code, err.is_empty()), (i32::from(!is_good), is_good), "{file}: {err}");
    }
}

#[test]
fn people_get_a_table_and_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("decoder.hef");
    std::fs::write(&at, whisper::decoder(&whisper::BASE, &"ab".repeat(32))).unwrap();
    let (code, out, err) = hef(&[&at]);
    assert_eq!((code, err.as_str()), (0, ""));
    for part in ["Hailo-8L", "1 × 32 × 12967", "uint16", "NHWC", "whisper-decoder", "abababababab"] {
        assert!(out.contains(part), "{part} in {out}");
    }
    // In the order of the original model.
    assert!(out.find("conv97").unwrap() < out.find("conv100").unwrap(), "{out}");
    let (code, out, err) = hef(&[&folder.path().join("none.hef")]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("none.hef") && err.contains("13 HAILO_OPEN_FILE_FAILURE"), "{err}");
    let (code, _, err) = hef(&[folder.path()]);
    assert!(code == 1 && err.contains("14 HAILO_FILE_OPERATION_FAILURE"), "{err}");
}

#[test]
fn names_are_shown_and_not_obeyed() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("evil.hef");
    let mut evil = Hef::from_bytes(&whisper::encoder(&whisper::BASE, "x")).unwrap();
    evil.compiler = "\x1b[2J".into();
    evil.network_groups[0].inputs[0].name = "a\x1b]0;title\x07\nb".into();
    std::fs::write(&at, generate::write(&evil)).unwrap();
    let (code, out, _) = hef(&[&at]);
    assert!(code == 0 && !out.contains('\x1b') && out.contains("\\u{1b}[2J"), "{out}");
}
