//! Programs written in C, one for each area of the API, compiled here and run against the library.
//!
//! They are compiled with the header that is made from the declarations, and with HailoRT's own where `HAILORT_INCLUDE`
//! names the folder of `hailo/hailort.h`.

use std::path::{Path, PathBuf};
use std::process::Command;

use hailort_sim::hef::shortcut::{Shortcut, write};

/// The folder of the library, under the name by which the programs ask for it.
fn library(folder: &Path) -> PathBuf {
    let file = "libhailort.so";
    let here = std::env::current_exe().unwrap();
    let deps = here.parent().unwrap();
    let built = [deps.join(file), deps.parent().unwrap().join(file)].into_iter().find(|f| f.exists());
    let built = built.expect("the library, which cargo builds with this test");
    for name in [file, "libhailort.so.4.23.0"] {
        std::os::unix::fs::symlink(&built, folder.join(name)).unwrap();
    }
    folder.to_owned()
}

fn hefs(folder: &Path) {
    let two = |names: [&str; 2]| names.map(str::to_owned).to_vec();
    for (name, shortcut) in [
        ("shortcut_net.hef", Shortcut::default()),
        ("shortcut_net_16.hef", Shortcut { data_bytes: 2, ..Default::default() }),
        (
            "multi_network_shortcut_net.hef",
            Shortcut {
                groups: vec!["multi_network_shortcut_net".into()],
                networks: two(["net1", "net2"]),
                ..Default::default()
            },
        ),
        ("two_groups.hef", Shortcut { groups: two(["first", "second"]), ..Default::default() }),
    ] {
        std::fs::write(folder.join(name), write(&shortcut)).unwrap();
    }
}

/// Folders with the headers: ours, and HailoRT's own where it can be had.
fn headers(folder: &Path) -> Vec<PathBuf> {
    let ours = folder.join("include");
    std::fs::create_dir_all(ours.join("hailo")).unwrap();
    std::fs::write(ours.join("hailo/hailort.h"), hailort_sys::header::c_header()).unwrap();
    let theirs = std::env::var_os("HAILORT_INCLUDE").filter(|v| !v.is_empty()).map(PathBuf::from);
    if let Some(theirs) = &theirs {
        assert!(theirs.join("hailo/hailort.h").exists(), "HAILORT_INCLUDE has no hailo/hailort.h");
    }
    [Some(ours), theirs].into_iter().flatten().collect()
}

/// Compiles the program, with each header that there is, and runs it, under `runner` where there is one.
fn run_with(name: &str, variables: &[(&str, &str)], runner: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    hefs(folder.path());
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c").join(name).with_extension("c");
    for (number, include) in headers(folder.path()).iter().enumerate() {
        let program = folder.path().join(format!("{name}-{number}"));
        let mut compiler = Command::new("cc");
        compiler.args(["-std=gnu11", "-g", "-Wall", "-Wextra", "-Werror"]);
        compiler.args([
            "-I".as_ref(),
            include.as_os_str(),
            "-o".as_ref(),
            program.as_os_str(),
            source.as_os_str(),
        ]);
        compiler.args(["-L".as_ref(), library.as_os_str(), "-lhailort".as_ref(), "-lpthread".as_ref()]);
        let compiled = compiler.output().expect("`cc`, which Rust's linker needs too, is installed");
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        let mut command = Command::new(runner.first().map_or(program.as_os_str(), |r| r.as_ref()));
        if let Some((_, arguments)) = runner.split_first() {
            command.args(arguments).arg(&program);
        }
        command.arg(folder.path()).env("LD_LIBRARY_PATH", &library).env_remove("HAILO_SIM_FAULTS");
        command.env("HAILORT_LOGGER_PATH", "NONE");
        command.env("HAILO_SIM_HOST", format!("c-{name}-{}", std::process::id()));
        let output = command.envs(variables.iter().copied()).output().expect("the program starts");
        assert!(
            output.status.success(),
            "{name} with {}: {}\n{}{}",
            include.display(),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// Programs, and what is in the environment of each.
const PROGRAMS: &[(&str, &[(&str, &str)])] = &[
    ("identity", &[("HAILO_SIM_DEVICES", "2")]),
    ("information", &[]),
    ("vstreams", &[]),
    ("networks", &[]),
    ("manual", &[]),
    ("infer", &[]),
    ("streams", &[]),
    ("notifications", &[("HAILO_SIM_FAULTS", "hailo_vstream_read_raw_buffer@5=overheat")]),
    ("errors", &[]),
];

fn run(name: &str) {
    let (_, variables) = PROGRAMS.iter().find(|(n, _)| *n == name).expect("one of the programs");
    run_with(name, variables, &[]);
}

macro_rules! tests {
    ($($test:ident $program:literal)*) => {
        $(#[test]
        fn $test() {
            run($program);
        })*
    };
}

tests! {
    devices_tell_what_they_are "identity"
    a_hef_tells_what_is_in_it "information"
    frames_go_through_vstreams_in_each_type "vstreams"
    networks_and_groups_run_beside_each_other "networks"
    groups_are_activated_by_hand "manual"
    many_frames_go_in_one_call "infer"
    streams_have_the_frames_of_the_device "streams"
    a_hot_chip_tells_and_stops "notifications"
    mistakes_are_answered "errors"
}

/// In profile `ci`, which installs valgrind: no access to memory that is not there, and nothing lost for good.
#[test]
fn ci_valgrind_has_nothing_to_say() {
    for (name, variables) in PROGRAMS {
        run_with(
            name,
            variables,
            &[
                "valgrind",
                "--error-exitcode=9",
                "--quiet",
                "--leak-check=full",
                "--errors-for-leak-kinds=definite",
            ],
        );
    }
}
