//! The loader, against small libraries that a C compiler makes here.

use std::path::{Path, PathBuf};
use std::process::Command;

use hailort_sys::{Api, LoadError, load::LoadErrorKind};

/// C source of a library that has `symbols` and reports `version`.
fn source(version: (u32, u32, u32), symbols: &[&str], marker: bool) -> String {
    let mut c = format!(
        "typedef struct {{ unsigned major, minor, revision; }} version;\n\
         unsigned hailo_get_library_version(version *v) {{ v->major = {}; v->minor = {}; v->revision = {}; return 0; }}\n",
        version.0, version.1, version.2
    );
    for symbol in symbols.iter().filter(|s| **s != "hailo_get_library_version") {
        c += &format!("unsigned {symbol}(void) {{ return 7; }}\n");
    }
    if marker {
        c += "const int hailort_sim_marker = 1;\n";
    }
    c
}

fn library(folder: &Path, source: &str) -> PathBuf {
    let (c, so) = (folder.join("hailort.c"), folder.join("libhailort.so"));
    std::fs::write(&c, source).unwrap();
    let status = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&so).arg(&c).status();
    assert!(status.expect("`cc`, which Rust's linker needs too, is installed").success());
    so
}

fn load(path: &Path) -> Result<hailort_sys::Loaded, LoadError> {
    // SAFETY: the libraries of this test hold nothing but the functions above.
    unsafe { hailort_sys::load(Some(path)) }
}

#[test]
fn a_complete_library_is_loaded_and_called() {
    let folder = tempfile::tempdir().unwrap();
    let loaded = load(&library(folder.path(), &source((4, 20, 1), Api::SYMBOLS, false))).unwrap();
    assert_eq!((loaded.version, loaded.is_simulator), ((4, 20, 1), false));
    // SAFETY: the test's function takes no argument and ignores what it is given.
    assert_eq!(unsafe { (loaded.api.hailo_release_hef)(std::ptr::null_mut()) }, 7);
}

#[test]
fn the_simulator_as_a_library_is_told_from_the_real_one() {
    let folder = tempfile::tempdir().unwrap();
    let loaded = load(&library(folder.path(), &source((4, 23, 0), Api::SYMBOLS, true))).unwrap();
    assert!(loaded.is_simulator);
}

#[test]
fn another_version_is_refused_by_both_names() {
    for (version, found, also) in [((4, 17, 0), "4.17.0", "install"), ((5, 1, 1), "5.1.1", "Hailo-10H")] {
        let folder = tempfile::tempdir().unwrap();
        let error = load(&library(folder.path(), &source(version, Api::SYMBOLS, false))).unwrap_err();
        assert_eq!(error.kind(), LoadErrorKind::Version);
        let text = error.to_string();
        assert!(text.contains(found) && text.contains("4.20 to 4.23") && text.contains(also), "{text}");
    }
}

#[test]
fn a_missing_function_is_named_with_the_library() {
    for missing in Api::SYMBOLS.iter().skip(1) {
        let symbols: Vec<&str> = Api::SYMBOLS.iter().copied().filter(|s| s != missing).collect();
        if *missing != "hailo_create_hef_file" && *missing != *Api::SYMBOLS.last().unwrap() {
            continue; // Two of them show it; each costs a run of the compiler.
        }
        let folder = tempfile::tempdir().unwrap();
        let so = library(folder.path(), &source((4, 23, 0), &symbols, false));
        let error = load(&so).unwrap_err();
        assert_eq!(error.kind(), LoadErrorKind::Symbol);
        let text = error.to_string();
        assert!(
            text.contains(missing) && text.contains(so.to_str().unwrap()) && text.contains("4.23.0"),
            "{text}"
        );
    }
}

#[test]
fn what_is_no_library_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("libhailort.so");
    std::fs::write(&text, "this is text").unwrap();
    for path in [text, folder.path().join("missing.so")] {
        let error = load(&path).unwrap_err();
        assert_eq!(error.kind(), LoadErrorKind::NotLoadable);
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
    let other = library(folder.path(), "int nothing;");
    let error = load(&other).unwrap_err();
    assert!(error.to_string().contains("hailo_get_library_version"), "{error}");
}
