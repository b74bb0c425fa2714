//! HailoRT's own file, where the simulator's would be found before it.
//!
//! The runner of tests puts the folders of built libraries first on the linker's path. There lies the simulator's
//! `libhailort.so`, which has the real one's name: on a machine with a device it would be loaded in its place. It must
//! not even be looked at by loading it, since the linker gives it out from then on for every file of that name.

use std::fs::File;
use std::path::{Path, PathBuf};

use hailort_sys::load::SIMULATOR_MARKER;
use object::read::elf::ElfFile64;
use object::{LittleEndian, Object, ObjectSymbol, ReadCache};

/// The linker's variable.
const PATH: &str = "LD_LIBRARY_PATH";
/// Its name where it is installed for programs that are built, and that of each version that is supported.
const NAMES: [&str; 6] = [
    "libhailort.so",
    "libhailort.so.4.23.0",
    "libhailort.so.4.22.0",
    "libhailort.so.4.21.0",
    "libhailort.so.4.20.1",
    "libhailort.so.4.20.0",
];

/// The file to load where none is named. `None` where the linker finds the right one by its name, or none.
pub(super) fn behind_the_simulator() -> Option<PathBuf> {
    if std::env::var_os(hailort_sys::load::LIBRARY_VARIABLE).is_some_and(|v| !v.is_empty()) {
        return None;
    }
    let path = std::env::var_os(PATH)?;
    behind(&std::env::split_paths(&path).collect::<Vec<_>>(), &of_the_system())
}

fn behind(path: &[PathBuf], system: &[PathBuf]) -> Option<PathBuf> {
    let first = path.iter().find_map(|folder| there(folder).next())?;
    if !is_simulator(&first) {
        return None;
    }
    let mut others = path.iter().chain(system).flat_map(|folder| there(folder));
    // Where there is none, the error names where it should be.
    Some(others.find(|file| !is_simulator(file)).unwrap_or_else(|| Path::new("/usr/lib").join(NAMES[0])))
}

fn there(folder: &Path) -> impl Iterator<Item = PathBuf> {
    NAMES.iter().map(|name| folder.join(name)).filter(|file| file.is_file())
}

/// Where distributions and Hailo's packages put libraries.
fn of_the_system() -> Vec<PathBuf> {
    let triplet = format!("{}-linux-gnu", std::env::consts::ARCH);
    ["/usr/local/lib", "/usr/lib", "/lib"]
        .iter()
        .flat_map(|folder| [Path::new(folder).join(&triplet), PathBuf::from(folder)])
        .chain([PathBuf::from("/usr/lib64")])
        .collect()
}

/// Whether it exports what no real library has. What cannot be read is left to the linker, which says why.
fn is_simulator(library: &Path) -> bool {
    let Ok(file) = File::open(library) else { return false };
    let cache = ReadCache::new(file);
    ElfFile64::<LittleEndian, _>::parse(&cache)
        .is_ok_and(|elf| elf.dynamic_symbols().any(|symbol| symbol.name() == Ok(SIMULATOR_MARKER)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A library that a C compiler makes here.
    fn library(folder: &Path, name: &str, source: &str) -> PathBuf {
        std::fs::create_dir_all(folder).unwrap();
        let (c, so) = (folder.join("hailort.c"), folder.join(name));
        std::fs::write(&c, source).unwrap();
        let status =
            std::process::Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&so).arg(&c).status();
        assert!(status.expect("`cc`, which Rust's linker needs too, is installed").success());
        so
    }

    #[test]
    fn a_real_library_is_found_behind_the_simulators_and_nowhere_else_is_looked() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        library(&at("sim"), "libhailort.so", "const int hailort_sim_marker = 1;");
        let real = library(&at("real"), "libhailort.so.4.20.0", "int hailo_scan_devices(void) { return 0; }");
        std::fs::create_dir(at("empty")).unwrap();
        let system = [at("empty"), at("real")];
        assert_eq!(behind(&[at("empty"), at("sim")], &system), Some(real.clone()));
        assert_eq!(behind(&[at("sim"), at("real")], &[]), Some(real));
        // The linker finds it itself.
        assert_eq!(behind(&[at("real"), at("sim")], &system), None);
        assert_eq!(behind(&[at("empty")], &system), None);
        // Nothing but the simulator: it is not taken for the real one.
        let none = behind(&[at("sim")], &[at("sim"), at("empty")]);
        assert_eq!(none, Some("/usr/lib/libhailort.so".into()));
        std::fs::write(at("empty").join("libhailort.so"), "no library").unwrap();
        assert_eq!(behind(&[at("empty"), at("sim")], &system), None);
    }
}
