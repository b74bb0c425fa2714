//! Files in a folder that is one process's own.

use std::path::Path;

/// Most names that are read.
const MOST: usize = 10_000;

/// The names in it, as far down as folders go; sorted.
pub(super) fn list(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(&at).into_iter().flatten().flatten() {
            if names.len() >= MOST {
                break;
            }
            let path = entry.path();
            names.push(path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned());
            // Never through a link.
            if entry.file_type().is_ok_and(|t| t.is_dir()) {
                folders.push(path);
            }
        }
    }
    names.sort_unstable();
    names
}
