//! Names of Rust and C++ functions as people write them.

use std::fmt::{self, Write};

/// Bytes of a name that are kept. Names are from files, and short ones can stand for endless ones.
const LONGEST: usize = 512;

/// The name as people write it, without the hash that tells compilations apart, cut where it is long.
pub(super) fn demangle(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    let mut short = Short::default();
    // What does not fit is an error, and what has fitted stays.
    if let Ok(rust) = rustc_demangle::try_demangle(&name) {
        let _ = write!(short, "{rust:#}");
    } else if let Some(symbol) =
        name.starts_with("_Z").then(|| cpp_demangle::Symbol::new(name.as_bytes()).ok()).flatten()
    {
        let _ = symbol.structured_demangle(&mut short, &cpp_demangle::DemangleOptions::new());
    }
    if short.text.is_empty() {
        let _ = short.write_str(&name);
    }
    if short.full {
        short.text.push('…');
    }
    short.text
}

#[derive(Default)]
struct Short {
    text: String,
    full: bool,
}

impl Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = LONGEST - self.text.len();
        let end = if text.len() <= room {
            text.len()
        } else {
            (0..=room).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
        };
        self.text.push_str(&text[..end]);
        if end < text.len() {
            self.full = true;
            return Err(fmt::Error);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_and_cpp_and_c() {
        assert_eq!(demangle(b"_ZN7hailort5queue3pop17h0123456789abcdefE"), "hailort::queue::pop");
        assert_eq!(demangle(b"_RNvNtCs1234_7mycrate3foo3bar"), "mycrate::foo::bar");
        assert_eq!(demangle(b"_ZN7hailort7VDevice6createEv"), "hailort::VDevice::create()");
        assert_eq!(
            demangle(b"_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE"),
            "std::condition_variable::wait(std::unique_lock<std::mutex>&)"
        );
        assert_eq!(demangle(b"read"), "read");
        assert_eq!(demangle(b"_Zbroken"), "_Zbroken");
        assert_eq!(demangle(b"\xff"), "\u{fffd}");
    }

    #[test]
    fn long_names_are_cut() {
        let name = demangle("é".repeat(LONGEST).as_bytes());
        assert!(name.ends_with('…') && name.len() <= LONGEST + 3, "{}", name.len());
        // Each S_ doubles it.
        let endless = format!("_Z1fI{}E", "1aIS_S_S_S_E".repeat(40));
        assert!(demangle(endless.as_bytes()).len() <= LONGEST + 3);
    }
}
