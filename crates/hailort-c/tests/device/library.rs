//! What the library starts and writes when a worker has loaded it.

use std::collections::BTreeMap;
use std::path::Path;

use super::support::{Tiny, context, is_again, tone};
use hailo_harness::stt::{HefChoice, SttModel};

/// Blocked signals of each thread of a process, by the threads' names.
fn blocked(process: u32) -> BTreeMap<String, Vec<u64>> {
    let mut all: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for thread in std::fs::read_dir(format!("/proc/{process}/task")).unwrap().flatten() {
        let read = |file: &str| std::fs::read_to_string(thread.path().join(file)).unwrap_or_default();
        let name = read("comm").trim().to_owned();
        let status = read("status");
        if let Some(mask) = status.lines().find_map(|l| l.strip_prefix("SigBlk:")) {
            all.entry(name).or_default().push(u64::from_str_radix(mask.trim(), 16).unwrap());
        }
    }
    all
}

fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}

#[test]
fn its_threads_get_no_signals_but_those_of_their_own_faults() {
    let tiny = Tiny::new("hailo8l");
    let context = tiny.context().start().unwrap();
    context.stt().transcribe(tone(1.0)).unwrap();
    let threads = blocked(context.stt().worker_id().unwrap());
    println!("{threads:x?}");
    let of_library: Vec<(&String, &u64)> = threads
        .iter()
        .filter(|(name, _)| name.starts_with("hailort-"))
        .flat_map(|(name, masks)| masks.iter().map(move |m| (name, m)))
        .collect();
    // The logger's, two of the device, the scheduler, and those of vstreams.
    for name in ["hailort-events", "hailort-notify"] {
        assert!(of_library.iter().any(|(n, _)| *n == name), "{name}: {threads:x?}");
    }
    assert!(of_library.len() > 8, "{threads:x?}");
    let (sigint, sigterm, sigchld, sigsegv) = (2, 15, 17, 11);
    for (name, mask) in &of_library {
        for signal in [sigint, sigterm, sigchld] {
            assert!(**mask & bit(signal) != 0, "{name} gets signal {signal}: {mask:x}");
        }
        assert!(**mask & bit(sigsegv) == 0, "{name} would end without a word: {mask:x}");
    }
    // The worker itself can be asked to end.
    let own = &threads["hailo-worker"];
    assert!(own.iter().all(|mask| mask & bit(sigterm) == 0), "{threads:x?}");
    assert!(context.close().is_clean());
}

/// A signal that comes while the device is in use does not reach the thread whose wait it would end for good.
#[test]
fn a_signal_does_not_spoil_the_release() {
    let context = context()
        .model(SttModel::Canned)
        .worker_variable("HAILO_SIM_FAULTS", "hailo_release_vdevice=hang-if-signalled")
        .start()
        .unwrap();
    let worker = context.stt().worker_id().unwrap();
    // SIGURG is ignored where nobody handles it, and reaches whichever thread takes it.
    let status = std::process::Command::new("kill").args(["-URG", &worker.to_string()]).status().unwrap();
    assert!(status.success());
    context.stt().transcribe(tone(1.0)).unwrap();
    let report = context.close();
    assert!(report.is_clean(), "{report}");
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|e| e.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn its_log_is_kept_out_of_the_working_directory() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    std::fs::create_dir(&home).unwrap();
    let name = "library::its_log_is_kept_out_of_the_working_directory";
    if !is_again(name, &[("HOME", home.clone().into())], folder.path()) {
        assert_eq!((names(folder.path()), names(&home)), (vec!["home".to_owned()], Vec::new()));
        return;
    }
    let context = context().model(SttModel::Canned).hefs(HefChoice::ByRuntime).start().unwrap();
    context.stt().transcribe(tone(1.0)).unwrap();
    assert!(context.close().is_clean());
}

/// Whoever wants it says where.
#[test]
fn its_log_is_where_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    std::fs::create_dir(&home).unwrap();
    let logs = folder.path().join("logs");
    let name = "library::its_log_is_where_it_is_asked_for";
    let variables = [("HOME", home.into()), ("HAILORT_LOGGER_PATH", logs.clone().into())];
    if !is_again(name, &variables, folder.path()) {
        assert_eq!(names(&logs), ["hailort.log"]);
        assert_eq!(names(folder.path()), ["home", "logs"]);
        return;
    }
    let context = context().model(SttModel::Canned).start().unwrap();
    assert!(context.close().is_clean());
}
