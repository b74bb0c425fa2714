//! Where the ledger is.
//!
//! Writers use the absolute folder that `HAILO_LEDGER` names (`off` and `0`: none), else `hailo-harness` in the target
//! folder of cargo that the program was built into: the nearest folder above it with a `CACHEDIR.TAG`
//! (<https://bford.info/cachedir/>). Programs that cargo builds elsewhere, such as doctests, have none.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::LedgerError;
use super::folder;

/// The variable that names the folder, or turns the ledger off.
pub const VARIABLE: &str = "HAILO_LEDGER";
/// The folder in a target folder.
const NAME: &str = "hailo-harness";
/// How a `CACHEDIR.TAG` begins.
const SIGNATURE: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";

/// The root of the ledger that this process writes to; `None` where it is turned off.
///
/// # Errors
/// [`LedgerError::Relative`] and [`LedgerError::NoTarget`].
pub fn for_writing() -> Result<Option<PathBuf>, LedgerError> {
    let executable = std::env::current_exe().unwrap_or_default();
    writing(std::env::var_os(VARIABLE).as_deref(), &executable)
}

/// The root of the ledger that a person who sits here means: `HAILO_LEDGER`, else the first that is there of
/// `$CARGO_TARGET_DIR/hailo-harness`, `target/hailo-harness` here or above, and the one of this program.
///
/// # Errors
/// [`LedgerError::Relative`]; [`LedgerError::NoLedger`] when there is none, and [`LedgerError::Off`] when it is turned off.
pub fn for_reading() -> Result<PathBuf, LedgerError> {
    let here = std::env::current_dir().unwrap_or_default();
    let executable = std::env::current_exe().unwrap_or_default();
    reading(std::env::var_os(VARIABLE).as_deref(), std::env::var_os("CARGO_TARGET_DIR"), &here, &executable)
}

fn writing(variable: Option<&OsStr>, executable: &Path) -> Result<Option<PathBuf>, LedgerError> {
    match named(variable)? {
        Named::Off => Ok(None),
        Named::Folder(root) => Ok(Some(root)),
        Named::Not => match target_of(executable) {
            Some(target) => Ok(Some(target.join(NAME))),
            None => Err(LedgerError::NoTarget { executable: executable.into() }),
        },
    }
}

fn reading(
    variable: Option<&OsStr>,
    target: Option<OsString>,
    here: &Path,
    executable: &Path,
) -> Result<PathBuf, LedgerError> {
    match named(variable)? {
        Named::Off => return Err(LedgerError::Off),
        Named::Folder(root) => return Ok(root),
        Named::Not => {}
    }
    let given = target.filter(|t| !t.is_empty()).map(|t| here.join(t));
    let above = here.ancestors().map(|folder| folder.join("target"));
    let targets = given.into_iter().chain(above).chain(target_of(executable).map(Path::to_owned));
    let mut roots = targets.map(|target| target.join(NAME));
    roots.find(|root| root.join(super::ledger::RUNS).is_dir()).ok_or(LedgerError::NoLedger)
}

/// What `HAILO_LEDGER` says.
enum Named {
    Not,
    Off,
    Folder(PathBuf),
}

fn named(variable: Option<&OsStr>) -> Result<Named, LedgerError> {
    let Some(value) = variable.filter(|v| !v.is_empty()) else { return Ok(Named::Not) };
    if value == "off" || value == "0" {
        return Ok(Named::Off);
    }
    let path = Path::new(value);
    if path.is_relative() {
        return Err(LedgerError::Relative { value: value.to_string_lossy().into_owned() });
    }
    Ok(Named::Folder(path.into()))
}

/// The nearest folder above with a `CACHEDIR.TAG`.
fn target_of(executable: &Path) -> Option<&Path> {
    executable.ancestors().skip(1).find(|folder| is_tagged(folder))
}

fn is_tagged(folder: &Path) -> bool {
    let Ok(file) = folder::open_plain(&folder.join("CACHEDIR.TAG")) else { return false };
    let mut begin = Vec::new();
    file.take(SIGNATURE.len() as u64).read_to_end(&mut begin).is_ok() && begin == SIGNATURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_says_where_or_that_it_is_off() {
        let of = |value: &str| writing(Some(OsStr::new(value)), Path::new("/nowhere/program"));
        assert_eq!(of("/a/folder").unwrap(), Some("/a/folder".into()));
        assert_eq!(of("off").unwrap(), None);
        assert_eq!(of("0").unwrap(), None);
        for relative in ["ledger", "./ledger", "../x", "on", "1"] {
            let error = of(relative).unwrap_err();
            assert!(matches!(error, LedgerError::Relative { .. }));
            let error = error.to_string();
            assert!(
                error.contains(relative) && error.contains("absolute") && error.contains("off"),
                "{error}"
            );
        }
        let error = of("").unwrap_err().to_string();
        assert!(error.contains("/nowhere/program") && error.contains("HAILO_LEDGER="), "{error}");
    }

    #[test]
    fn the_target_folder_is_the_nearest_that_is_tagged() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        let program = target.join("debug/deps/program-0123");
        std::fs::create_dir_all(program.parent().unwrap()).unwrap();
        assert!(matches!(writing(None, &program), Err(LedgerError::NoTarget { .. })));
        std::fs::write(folder.path().join("CACHEDIR.TAG"), SIGNATURE).unwrap();
        std::fs::write(target.join("CACHEDIR.TAG"), "something else").unwrap();
        assert_eq!(writing(None, &program).unwrap(), Some(folder.path().join(NAME)));
        std::fs::write(target.join("CACHEDIR.TAG"), [SIGNATURE, b"\n# cargo"].concat()).unwrap();
        assert_eq!(writing(None, &program).unwrap(), Some(target.join(NAME)));
        // A pipe of that name must not block whoever looks.
        let deps = rustix::fs::open(
            program.parent().unwrap(),
            rustix::fs::OFlags::RDONLY,
            rustix::fs::Mode::empty(),
        );
        rustix::fs::mkfifoat(deps.unwrap(), "CACHEDIR.TAG", rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
        assert_eq!(writing(None, &program).unwrap(), Some(target.join(NAME)));
    }

    #[test]
    fn a_reader_finds_the_ledger_of_where_it_stands() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("crates/one");
        std::fs::create_dir_all(&deep).unwrap();
        let nowhere = Path::new("/nowhere/program");
        let error = reading(None, None, &deep, nowhere).unwrap_err().to_string();
        assert!(error.contains("HAILO_LEDGER="), "{error}");
        let root = folder.path().join("target").join(NAME);
        std::fs::create_dir_all(root.join("runs")).unwrap();
        assert_eq!(reading(None, None, &deep, nowhere).unwrap(), root);
        let other = folder.path().join("crates/one/out").join(NAME);
        std::fs::create_dir_all(other.join("runs")).unwrap();
        assert_eq!(reading(None, Some("out".into()), &deep, nowhere).unwrap(), other);
        assert_eq!(reading(Some(OsStr::new("/a")), None, &deep, nowhere).unwrap(), Path::new("/a"));
        assert!(matches!(reading(Some(OsStr::new("off")), None, &deep, nowhere), Err(LedgerError::Off)));
    }
}
