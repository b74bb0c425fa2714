//! What the simulator reports, as the real library's console log does: one line on standard error.

use std::io::Write;

/// Reports an error of the call (or variable) `name`.
pub fn error(name: &str, what: &str) {
    line("error", name, what);
}

/// Reports what was asked for, such as a fault as planned.
pub fn info(name: &str, what: &str) {
    line("info", name, what);
}

fn line(level: &str, name: &str, what: &str) {
    // A program may have closed its standard error: that is no reason to panic, as `eprintln!` would.
    let _ = std::io::stderr().write_all(format!("[HailoRT] [{level}] {name}: {what}\n").as_bytes());
}
