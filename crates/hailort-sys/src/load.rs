//! Fills the table from a `libhailort.so` at run time.

use std::ffi::c_void;
use std::path::{Path, PathBuf};

use libloading::Library;

use crate::api::Api;
use crate::search::{SIMULATOR_MARKER, Search, search};
use crate::types::hailo_version_t;

/// The versions whose layouts and calls are declared here, first and last.
pub const SUPPORTED: [(u32, u32); 2] = [(4, 20), (4, 23)];

/// Environment variable that names the library's file.
pub const LIBRARY_VARIABLE: &str = "HAILORT_LIBRARY";

/// What kind of failure a [`LoadError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadErrorKind {
    /// There is no such library, or the linker refuses it.
    NotLoadable,
    /// Its version is not supported.
    Version,
    /// It lacks a function.
    Symbol,
}

/// Why a library could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// There is no such library, or the linker refuses it.
    #[error(
        "cannot load {library}: {reason}; install HailoRT 4.20 to 4.23 (on a Raspberry Pi: `sudo apt install hailo-all`), \
         name its file in {LIBRARY_VARIABLE}, or use the simulator (HAILO_RUNTIME=sim)"
    )]
    NotLoadable {
        /// The file or the names that were tried.
        library: String,
        /// The linker's answer.
        reason: String,
    },
    /// Its version is not supported.
    #[error("{library} is HailoRT {found}, supported are 4.20 to 4.23{hint}")]
    Version {
        /// The file.
        library: String,
        /// Its version.
        found: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// It lacks a function.
    #[error(
        "{library} (HailoRT {version}) has no function {symbol}: it is not a complete HailoRT 4.20 to 4.23"
    )]
    Symbol {
        /// The file.
        library: String,
        /// Its version, or "of unknown version".
        version: String,
        /// The function.
        symbol: &'static str,
    },
}

impl LoadError {
    /// What kind of failure it is.
    pub fn kind(&self) -> LoadErrorKind {
        match self {
            Self::NotLoadable { .. } => LoadErrorKind::NotLoadable,
            Self::Version { .. } => LoadErrorKind::Version,
            Self::Symbol { .. } => LoadErrorKind::Symbol,
        }
    }
}

/// A loaded library.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Its calls.
    pub api: Api,
    /// Its version: major, minor, revision.
    pub version: (u32, u32, u32),
    /// Whether it is the simulator in the form of a library.
    pub is_simulator: bool,
    /// The file or name that was loaded.
    pub library: String,
}

/// Loads the library: the file `path`, else the one that `HAILORT_LIBRARY` names, else the installed one.
///
/// # Errors
/// When there is none, its version is not supported, or a function is missing.
///
/// # Safety
/// Loading runs the library's initialisers, and its functions are trusted to be what HailoRT's header says.
pub unsafe fn load(path: Option<&Path>) -> Result<Loaded, LoadError> {
    let named = path
        .map(Path::to_path_buf)
        .or_else(|| std::env::var_os(LIBRARY_VARIABLE).filter(|v| !v.is_empty()).map(PathBuf::from));
    let Search { candidates, passed_over } = match named {
        Some(file) => Search { candidates: vec![file], passed_over: None },
        None => search(std::env::var_os("LD_LIBRARY_PATH").as_deref()),
    };
    let mut reason = String::new();
    for candidate in &candidates {
        // SAFETY: the caller accepts that the library's initialisers run.
        match unsafe { Library::new(candidate) } {
            // SAFETY: the caller trusts its functions.
            Ok(library) => return unsafe { bind(library, candidate.display().to_string()) },
            // That one name is not there says nothing where another is there and cannot be loaded.
            Err(error) => match said(&error) {
                why if reason.is_empty() || (is_missing(&reason) && !is_missing(&why)) => reason = why,
                _ => {}
            },
        }
    }
    if let Some(file) = passed_over {
        reason =
            format!("{reason} ({} is the simulator's, and taken only where it is named)", file.display());
    }
    let library = listed(&candidates);
    Err(LoadError::NotLoadable { library, reason })
}

/// The first and the last of them, which tells enough.
fn listed(candidates: &[PathBuf]) -> String {
    let shown = |c: Option<&PathBuf>| c.map(|c| c.display().to_string()).unwrap_or_default();
    match candidates {
        [] | [_] => shown(candidates.first()),
        _ => format!("{} to {}", shown(candidates.first()), shown(candidates.last())),
    }
}

/// What the linker says: the error itself says only which call has failed.
fn said(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

/// Whether the linker says no more than that there is no such file.
fn is_missing(reason: &str) -> bool {
    reason.contains("No such file or directory")
}

/// # Safety
/// The library's functions are what HailoRT's header says.
unsafe fn bind(library: Library, name: String) -> Result<Loaded, LoadError> {
    // HailoRT starts a logger's thread when it is loaded, which runs code of the library until the process ends: the
    // library must never be unloaded, not even when it is refused.
    let library: &'static Library = Box::leak(Box::new(library));
    let find = |symbol: &str| -> Option<*const c_void> {
        // SAFETY: the symbol is only looked up, as an address, and the library it points into is never unloaded.
        unsafe {
            library.get::<*const c_void>(symbol.as_bytes()).ok()?.try_as_raw_ptr().map(|p| p.cast_const())
        }
    };
    let version_symbol = "hailo_get_library_version";
    let Some(address) = find(version_symbol) else {
        return Err(LoadError::Symbol {
            library: name,
            version: "of unknown version".into(),
            symbol: version_symbol,
        });
    };
    // SAFETY: the caller vouches for the function's type, which is the same in all versions.
    let get_version = unsafe {
        std::mem::transmute::<*const c_void, unsafe extern "C" fn(*mut hailo_version_t) -> u32>(address)
    };
    let mut v = hailo_version_t::zeroed();
    // SAFETY: `v` is valid for the write.
    let status = unsafe { get_version(&raw mut v) };
    let found = format!("{}.{}.{}", v.major, v.minor, v.revision);
    let inside = (SUPPORTED[0]..=SUPPORTED[1]).contains(&(v.major, v.minor));
    if status != 0 || !inside {
        let hint = if v.major >= 5 {
            ": 5.x serves Hailo-10H and Hailo-15, whose inference its C API does not offer; for a Hailo-8, Hailo-8L or \
             Hailo-8R install one of these, else use the simulator (HAILO_RUNTIME=sim)"
        } else {
            ": install one of these, matching the driver's version (`modinfo -F version hailo_pci`)"
        };
        return Err(LoadError::Version { library: name, found, hint });
    }
    // SAFETY: the version is one whose calls are declared here, and the library is never unloaded.
    let api = unsafe {
        Api::from_symbols(|symbol| {
            find(symbol).ok_or_else(|| LoadError::Symbol {
                library: name.clone(),
                version: found.clone(),
                symbol,
            })
        })
    }?;
    let is_simulator = find(SIMULATOR_MARKER).is_some();
    Ok(Loaded { api, version: (v.major, v.minor, v.revision), is_simulator, library: name })
}
