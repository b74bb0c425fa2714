//! Where the library is looked for, when nobody names its file.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// File names that are tried one after the other.
const NAMES: &[&str] = &[
    "libhailort.so",
    "libhailort.so.4.23.0",
    "libhailort.so.4.22.0",
    "libhailort.so.4.21.0",
    "libhailort.so.4.20.1",
    "libhailort.so.4.20.0",
];

/// Where packages put it.
const FOLDERS: &[&str] = &[
    "/usr/local/lib",
    "/usr/lib",
    #[cfg(target_arch = "aarch64")]
    "/usr/lib/aarch64-linux-gnu",
    #[cfg(target_arch = "x86_64")]
    "/usr/lib/x86_64-linux-gnu",
];

/// A symbol that only the simulator exports.
pub(crate) const SIMULATOR_MARKER: &str = "hailort_sim_marker";

/// What to try, and what was passed over.
pub(crate) struct Search {
    /// Names for the linker, or files.
    pub candidates: Vec<PathBuf>,
    /// A library of the simulator that the linker would have taken.
    pub passed_over: Option<PathBuf>,
}

/// The names, for the linker to find.
///
/// Cargo and nextest put the folder of built libraries into the linker's path. Where this workspace was built, that folder holds
/// the simulator under the name of the installed library, and whoever asks for a device would get it. So where the
/// linker's path leads to one of those, only the folders of packages count.
pub(crate) fn search(linker_path: Option<&OsStr>) -> Search {
    let folders = linker_path.into_iter().flat_map(std::env::split_paths);
    let files = folders.flat_map(|folder| NAMES.iter().map(move |name| folder.join(name)));
    let passed_over = files.into_iter().find(|file| is_simulator(file));
    let candidates = if passed_over.is_some() {
        FOLDERS.iter().flat_map(|folder| NAMES.iter().map(move |name| Path::new(folder).join(name))).collect()
    } else {
        NAMES.iter().map(PathBuf::from).collect()
    };
    Search { candidates, passed_over }
}

/// Looked at, not loaded: loading it would start its threads.
fn is_simulator(file: &Path) -> bool {
    let Ok(bytes) = std::fs::read(file) else { return false };
    let marker = SIMULATOR_MARKER.as_bytes();
    bytes.windows(marker.len()).any(|window| window == marker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_for_the_linker_unless_its_path_leads_to_the_simulator() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("libhailort.so");
        std::fs::write(&file, "a library that is no simulator").unwrap();
        let path = std::env::join_paths(["/nowhere".as_ref(), folder.path()]).unwrap();
        assert_eq!(search(None).candidates[0], Path::new("libhailort.so"));
        let found = search(Some(&path));
        assert_eq!((found.candidates[0].as_path(), found.passed_over), (Path::new("libhailort.so"), None));
        std::fs::write(&file, b"\x7fELF\0hailort_sim_marker\0").unwrap();
        let found = search(Some(&path));
        assert_eq!(found.passed_over.as_deref(), Some(file.as_path()));
        assert!(found.candidates.iter().all(|c| c.is_absolute() && !c.starts_with(folder.path())));
        assert!(found.candidates.contains(&"/usr/lib/libhailort.so.4.23.0".into()));
    }
}
