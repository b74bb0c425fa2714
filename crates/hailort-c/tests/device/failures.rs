//! What can be wrong with a device, and what is said to try next.

use std::path::{Path, PathBuf};
use std::process::Command;

use hailo_harness::context::ContextBuilder;
use hailo_harness::device::RuntimeChoice;
use hailo_harness::models::Architecture;
use hailo_harness::stt::{HefChoice, SttErrorKind, SttModel};
use hailort_sim::hef::{Hef, generate};
use hailort_sys::Api;

use super::support::{Tiny, context};

/// The error of a context that cannot start: its kind, HailoRT's status, and the text.
fn error(context: ContextBuilder) -> (SttErrorKind, Option<u32>, String) {
    match context.try_start() {
        Ok(_) => panic!("it starts"),
        Err(hailo_harness::context::ContextError::Stt(error)) => {
            (error.kind(), error.hailo_status(), error.to_string())
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn each_status_says_what_to_try() {
    let tiny = Tiny::new("hailo8l");
    for (call, status, parts) in [
        ("hailo_create_vdevice", 76, ["INVALID_DRIVER_VERSION", "modinfo -F version hailo_pci"]),
        ("hailo_create_vdevice", 86, ["DRIVER_INVALID_IOCTL", "modinfo -F version hailo_pci"]),
        ("hailo_create_vdevice", 87, ["DRIVER_TIMEOUT", "hailo-harness devices --reset"]),
        ("hailo_create_vdevice", 18, ["FW_CONTROL_FAILURE", "hailo-harness devices --reset"]),
        ("hailo_create_vdevice", 48, ["UNSUPPORTED_OPCODE", "hailo-harness devices --reset"]),
        ("hailo_create_vdevice", 36, ["DRIVER_OPERATION_FAILED", "usermod -aG"]),
        ("hailo_create_vdevice", 74, ["OUT_OF_PHYSICAL_DEVICES", "hailo-harness devices"]),
        ("hailo_create_vdevice", 73, ["DEVICE_IN_USE", "hailo-harness devices"]),
        ("hailo_create_vdevice", 64, ["DRIVER_NOT_INSTALLED", "lspci -d 1e60:"]),
        ("hailo_scan_devices", 64, ["DRIVER_NOT_INSTALLED", "lspci -d 1e60:"]),
        ("hailo_configure_vdevice", 93, ["tiny-whisper-encoder-10s_15dB_h8l.hef", "models fetch --arch"]),
        ("hailo_configure_vdevice", 7, ["Hailo-10H", "HAILO_RUNTIME=sim"]),
        ("hailo_create_hef_file", 91, ["tiny-whisper-encoder-10s_15dB_h8l.hef", "hailo-harness hef"]),
        ("hailo_create_hef_file", 26, ["HEF is malformed", "hailo-harness hef"]),
    ] {
        let plan = format!("{call}=status:{status}");
        let (kind, found, text) = error(tiny.context().worker_variable("HAILO_SIM_FAULTS", &plan));
        assert_eq!((kind, found), (SttErrorKind::Device, Some(status)), "{plan}: {text}");
        assert!(text.contains(&format!("answered {status}")), "{plan}: {text}");
        for part in parts {
            assert!(text.contains(part), "{plan}: {part}: {text}");
        }
    }
}

#[test]
fn a_device_that_does_not_say_what_it_is_can_be_told() {
    let tiny = Tiny::new("hailo8l");
    let mute =
        |context: ContextBuilder| context.worker_variable("HAILO_SIM_FAULTS", "hailo_identify=status:18");
    let published = || mute(tiny.context()).hefs(HefChoice::Published);
    let (kind, _, text) = error(published());
    assert_eq!(kind, SttErrorKind::Device);
    for part in ["0000:01:00.0", "hailo_identify", "18", "HAILO_ARCH=hailo8l", "hailo-harness devices"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // A folder's files are found without.
    let context = mute(tiny.context()).start().unwrap();
    assert!(context.close().is_clean());
    // And where it is said, it is not asked.
    let context = mute(tiny.context()).architecture(Architecture::Hailo8L).start().unwrap();
    assert!(context.close().is_clean());
}

#[test]
fn files_for_another_architecture_are_refused_by_the_library() {
    let for_8 = Tiny::new("hailo8");
    // The device is a Hailo-8L, whatever was said.
    let (kind, status, text) = error(for_8.context().architecture(Architecture::Hailo8));
    assert_eq!((kind, status), (SttErrorKind::Device, Some(93)), "{text}");
    for part in
        ["tiny-whisper-encoder-10s_15dB.hef", "hailo-harness devices", "models fetch --arch", "HAILO_ARCH"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_hailo_10h_is_told_that_there_is_no_way() {
    let tiny = Tiny::new("hailo8l");
    for hefs in [HefChoice::Published, HefChoice::Folder(tiny.files())] {
        let context = tiny.context().hefs(hefs).worker_variable("HAILO_SIM_ARCH", "hailo10h");
        let (kind, _, text) = error(context);
        assert_eq!(kind, SttErrorKind::Device);
        for part in ["hailo10h", "C API does not offer", "HAILO_RUNTIME=sim", "hailo-harness devices"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}

#[test]
fn models_that_a_device_has_none_of_are_refused() {
    let tiny = Tiny::new("hailo8l");
    let (kind, _, text) = error(tiny.context().model(SttModel::Canned));
    assert_eq!(kind, SttErrorKind::Setting);
    assert!(text.contains("whisper-base and whisper-tiny") && text.contains("HAILO_RUNTIME=sim"), "{text}");
    let (kind, _, text) = error(context().model(SttModel::WhisperTiny));
    assert_eq!(kind, SttErrorKind::Setting);
    assert!(text.contains("whisper-tiny") && text.contains("HAILO_HEFS=DIR"), "{text}");
}

#[test]
fn files_of_a_real_device_are_no_business_of_the_simulator() {
    let tiny = Tiny::new("hailo8l");
    let encoder = tiny.files().join("tiny-whisper-encoder-10s_15dB_h8l.hef");
    let simulated = Hef::from_file(&encoder).unwrap();
    std::fs::write(&encoder, generate::write(&Hef { simulated: None, ..simulated })).unwrap();
    for runtime in [RuntimeChoice::Device, RuntimeChoice::Sim] {
        let (kind, _, text) = error(tiny.context().runtime(runtime));
        assert_eq!(kind, SttErrorKind::Model);
        for part in ["tiny-whisper-encoder-10s_15dB_h8l.hef", "compiled for a device", "unset HAILO_HEFS"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}

/// HailoRT 4.20 has one status for all that can be wrong with a HEF.
#[test]
fn an_older_library_says_less_of_a_wrong_architecture() {
    let for_8 = Tiny::new("hailo8");
    let context = for_8.context().architecture(Architecture::Hailo8);
    let (kind, status, text) = error(context.worker_variable("HAILO_SIM_VERSION", "4.20.0"));
    assert_eq!((kind, status), (SttErrorKind::Device, Some(26)), "{text}");
    assert!(text.contains("another architecture") && text.contains("hailo-harness devices"), "{text}");
    let context = for_8.context().worker_variable("HAILO_SIM_VERSION", "4.20.0");
    let (kind, status, text) = error(context.worker_variable("HAILO_SIM_DEVICES", "0"));
    assert_eq!((kind, status), (SttErrorKind::Device, Some(64)), "{text}");
    assert!(text.contains("lsmod"), "{text}");
}

#[test]
fn no_device_is_said_as_the_library_says_it() {
    let tiny = Tiny::new("hailo8l");
    let (kind, status, text) = error(tiny.context().worker_variable("HAILO_SIM_DEVICES", "0"));
    assert_eq!((kind, status), (SttErrorKind::Device, Some(74)), "{text}");
    assert!(text.contains("hailo-harness devices"), "{text}");
}

#[test]
fn a_folder_without_a_file_or_with_a_damaged_one_is_said_by_name() {
    let tiny = Tiny::new("hailo8l");
    let decoder = tiny.files().join("tiny-whisper-decoder-fixed-sequence-matmul-split_h8l.hef");
    let whole = std::fs::read(&decoder).unwrap();
    let mut damaged = whole.clone();
    *damaged.last_mut().unwrap() ^= 1;
    std::fs::write(&decoder, damaged).unwrap();
    let (kind, status, text) = error(tiny.context());
    assert_eq!((kind, status), (SttErrorKind::Device, Some(91)), "{text}");
    assert!(text.contains("tiny-whisper-decoder-fixed-sequence-matmul-split_h8l.hef"), "{text}");
    std::fs::remove_file(&decoder).unwrap();
    let (kind, _, text) = error(tiny.context());
    assert_eq!(kind, SttErrorKind::Model);
    for part in
        [tiny.files().to_str().unwrap(), "tiny-whisper-decoder", "models fetch --arch hailo8l --model tiny"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    std::fs::write(&decoder, whole).unwrap();
    let embedding = tiny.files().join("token_embedding_weight_tiny.npy");
    std::fs::write(&embedding, &tiny.set.embedding[..1000]).unwrap();
    let (kind, _, text) = error(tiny.context());
    assert_eq!(kind, SttErrorKind::Model);
    assert!(text.contains("token_embedding_weight_tiny.npy") && text.contains("follow"), "{text}");
}

/// A library that reports this version and has all functions.
fn other_library(folder: &Path, major: u32, minor: u32) -> PathBuf {
    let mut source = format!(
        "typedef struct {{ unsigned a, b, c; }} v;\nunsigned hailo_get_library_version(v *x) {{ x->a = {major}; x->b = {minor}; \
         x->c = 0; return 0; }}\n"
    );
    for symbol in Api::SYMBOLS.iter().filter(|s| **s != "hailo_get_library_version") {
        source += &format!("unsigned {symbol}(void) {{ return 7; }}\n");
    }
    let (c, so) = (folder.join(format!("{major}.c")), folder.join(format!("libhailort-{major}.so")));
    std::fs::write(&c, source).unwrap();
    let status = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&so).arg(&c).status().unwrap();
    assert!(status.success());
    so
}

#[test]
fn a_library_that_is_missing_or_of_another_version_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("libnone.so");
    let five = other_library(folder.path(), 5, 1);
    let old = other_library(folder.path(), 4, 17);
    for (library, parts) in [
        (&none, ["libnone.so", "HAILORT_LIBRARY", "HAILO_RUNTIME=sim"]),
        (&five, ["HailoRT 5.1.0", "Hailo-10H", "HAILO_RUNTIME=sim"]),
        (&old, ["HailoRT 4.17.0", "4.20 to 4.23", "modinfo"]),
    ] {
        let (kind, _, text) = error(context().worker_variable("HAILORT_LIBRARY", library));
        assert_eq!(kind, SttErrorKind::Device);
        for part in parts {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
