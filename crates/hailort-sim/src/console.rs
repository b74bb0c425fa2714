//! What the simulator reports, as the real library's console log does: one line on standard error, and one in each log
//! file that is open.

use std::io::Write;

use crate::logger;

/// Reports an error of the call (or variable) `name`.
pub fn error(name: &str, what: &str) {
    line("error", name, what);
}

/// Reports what was asked for, such as a fault as planned.
pub fn info(name: &str, what: &str) {
    line("info", name, what);
}

fn line(level: &str, name: &str, what: &str) {
    let line = format!("[HailoRT] [{level}] {name}: {what}\n");
    logger::write(line.as_bytes());
    // A program may have closed its standard error: that is no reason to panic, as `eprintln!` would.
    let _ = std::io::stderr().write_all(line.as_bytes());
}
