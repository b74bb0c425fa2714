//! Where the kernel shows what it knows, and where the project is.

use std::path::{Path, PathBuf};

/// Where to look: the folder that stands for `/`, and the one whose project is looked at.
#[derive(Clone, Debug)]
pub struct Place {
    root: PathBuf,
    project: PathBuf,
}

impl Place {
    /// This machine, and the project of the working directory.
    pub fn here() -> Self {
        Self { root: "/".into(), project: std::env::current_dir().unwrap_or_else(|_| ".".into()) }
    }

    /// A folder with parts of `/sys`, `/proc` and `/dev`, and the folder of a project.
    pub fn at(root: impl Into<PathBuf>, project: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), project: project.into() }
    }

    /// The folder whose project is looked at.
    pub fn project(&self) -> &Path {
        &self.project
    }

    /// An absolute path of the machine, such as `/sys/class`.
    pub(super) fn path(&self, absolute: &str) -> PathBuf {
        self.root.join(absolute.trim_start_matches('/'))
    }

    /// The first line of a file of the kernel, where it can be read.
    pub(super) fn line(&self, absolute: &str) -> Option<String> {
        first_line(&self.path(absolute))
    }

    /// The names in a folder, sorted; none where it is not there.
    pub(super) fn names(&self, absolute: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(absolute)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.filter_map(|e| e.file_name().into_string().ok()).collect();
        names.sort();
        names
    }
}

/// The first line of a file, where it can be read and is not empty.
pub(super) fn first_line(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().next().map(|l| l.trim().to_owned()).filter(|l| !l.is_empty())
}
