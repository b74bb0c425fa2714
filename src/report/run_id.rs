//! The name that all processes of a run agree on.
//!
//! 1. `NEXTEST_RUN_ID`, which nextest gives to every test.
//! 2. `cargo-<boot>-<start>-<pid>` of the nearest ancestor that is called `cargo`: all test programs of one
//!    `cargo test` have the same one, and so has what they start.
//! 3. `alone-<boot>-<start>-<pid>` of this process. `<boot>` is the begin of the boot id, `<start>` the ticks at which
//!    the process started, so that no two processes of a host ever share one.
//! 4. `time-<seconds>-<pid>`, the first time that this process asks, where `/proc` says nothing.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use super::process::{self, Process};

/// The variable in which nextest says it.
pub const VARIABLE: &str = "NEXTEST_RUN_ID";
/// The longest id, in bytes.
pub const LONGEST: usize = 64;

/// The id of the run that this process belongs to. It stays the same as long as the process lives.
pub fn of_environment() -> &'static str {
    static ID: OnceLock<String> = OnceLock::new();
    ID.get_or_init(|| {
        let given = std::env::var_os(VARIABLE).filter(|v| !v.is_empty());
        given.map_or_else(of_processes, |v| sanitised(&v.to_string_lossy()))
    })
}

fn of_processes() -> String {
    let boot = process::boot().map(|b| b.split('-').next().unwrap_or(b));
    let own = std::process::id();
    let named = |kind: &str, pid: u32, start: u64| format!("{kind}-{}-{start}-{pid}", boot.unwrap_or("0"));
    if let Some((pid, cargo)) = process::ancestor(b"cargo") {
        return named("cargo", pid, cargo.start);
    }
    match Process::read(own) {
        Some(process) => named("alone", own, process.start),
        None => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            format!("time-{}-{own}", now.as_secs())
        }
    }
}

/// Whether it is of a program that ran by itself, without a runner of tests.
pub fn is_of_one_program(id: &str) -> bool {
    id.starts_with("alone-") || id.starts_with("time-")
}

/// Whether this can be an id, and so the name of a file: letters, digits, `-`, `_` and `.`, the first one no `.`.
pub fn is_valid(id: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    !id.is_empty() && id.len() <= LONGEST && !id.starts_with('.') && id.bytes().all(plain)
}

/// The id, where it is one; else one made of it, and always the same one: `_` for what may not be in an id, and a hash
/// at the end that keeps different ones apart.
pub fn sanitised(id: &str) -> String {
    if is_valid(id) {
        return id.into();
    }
    let hash = format!("-{:016x}", fnv1a(id.as_bytes()));
    let mut out = plain(id, LONGEST - hash.len());
    out.push_str(&hash);
    out
}

/// The begin of a text as part of a file's name.
pub(super) fn plain(text: &str, characters: usize) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mut out: String = text.chars().take(characters).map(|c| if allowed(c) { c } else { '_' }).collect();
    if out.starts_with('.') {
        out.replace_range(..1, "_");
    }
    out
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo): the same on every machine and in every version.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_names_of_files_in_this_folder() {
        let uuid = "1f79aa0d-4ec8-4a5c-aa83-5e8dc2f36573";
        assert_eq!(sanitised(uuid), uuid);
        let long = "x".repeat(5000);
        let bad = ["", ".", "..", "../../etc/passwd", "a/b", "a\nb", "a b", ".hidden", "é", "a\0", &long];
        for id in bad {
            assert!(!is_valid(id), "{id:?}");
            let made = sanitised(id);
            assert!(is_valid(&made), "{id:?} became {made:?}");
            assert_eq!(made, sanitised(id));
        }
        assert_eq!(sanitised("a/b"), "a_b-e620c3190468cf61");
        assert_ne!(sanitised("a/b"), sanitised("a b"));
    }

    #[test]
    fn a_process_has_one_id_that_can_be_one() {
        let id = of_environment();
        assert!(is_valid(id), "{id}");
        assert_eq!(id, of_environment());
        let id = of_processes();
        assert!(is_valid(&id) && (id.starts_with("cargo-") || id.starts_with("alone-")), "{id}");
    }
}
