//! The library that `HAILORT_LIBRARY` names.

use hailort_sys::FurtherApi;
use hailort_sys::load::LIBRARY_VARIABLE;
use hailort_sys::types::hailo_version_t;

/// The version whose answers are recorded.
const VERSION: (u32, u32) = (4, 23);

/// Its calls; `None` where the variable names none, or one of another version.
pub fn named() -> Option<FurtherApi> {
    let file = std::env::var_os(LIBRARY_VARIABLE).filter(|file| !file.is_empty())?;
    // SAFETY: whoever names the library wants its initialisers run.
    let library = unsafe { libloading::Library::new(&file) };
    let library = library.unwrap_or_else(|e| panic!("{LIBRARY_VARIABLE}={}: {e}", file.display()));
    // It starts threads, which run its code until the process ends.
    let library: &'static libloading::Library = Box::leak(Box::new(library));
    // SAFETY: the symbol is a function of HailoRT's header, of this type in all versions.
    let version = unsafe {
        let call =
            library.get::<unsafe extern "C" fn(*mut hailo_version_t) -> u32>(b"hailo_get_library_version");
        let mut version = hailo_version_t::zeroed();
        call.unwrap_or_else(|e| panic!("{}: {e}", file.display()))(&raw mut version);
        version
    };
    if (version.major, version.minor) != VERSION {
        eprintln!("{} is {}.{}, which is not asked", file.display(), version.major, version.minor);
        return None;
    }
    // SAFETY: the symbols are functions of HailoRT's header, and the library is never unloaded.
    let api = unsafe {
        FurtherApi::from_symbols(|symbol| {
            let found = library.get::<*const std::ffi::c_void>(symbol.as_bytes());
            found.map_err(|e| format!("{symbol}: {e}")).and_then(|f| {
                f.try_as_raw_ptr().map(|p| p.cast_const()).ok_or_else(|| format!("{symbol} is NULL"))
            })
        })
    };
    Some(api.unwrap_or_else(|e| panic!("{LIBRARY_VARIABLE}={}: {e}", file.display())))
}
