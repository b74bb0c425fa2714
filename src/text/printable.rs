//! Text from elsewhere on a terminal: what could move the cursor or change colours is shown, not obeyed.

use std::fmt::{Display, Write as _};
use std::io::Write as _;

/// The text with control characters, those of C1 included, written as escapes; line ends and tabs are kept.
///
/// ```
/// assert_eq!(hailo_harness::text::printable::printable("a\u{1b}[31mb\nc"), "a\\u{1b}[31mb\nc");
/// ```
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if (c.is_control() && !matches!(c, '\n' | '\t')) || turns(c) {
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether it changes the direction of writing, or is a line end that only some know: others' text must not rearrange
/// what stands around it.
fn turns(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// As [`printable`], on one line.
pub fn line(text: &str) -> String {
    printable(text).replace('\n', "\\n").replace('\t', " ")
}

/// Writes a line to standard error, printable. Where that is closed or full, it is lost: a notice must not end a program.
pub fn say(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{}", printable(&line.to_string()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_that_it_obeys() {
        let text = "a\u{1b}]0;title\u{7}\r\u{9b}2J\u{0}\u{7f}é";
        assert!(!printable(text).chars().any(char::is_control));
        assert!(printable(text).ends_with('é'));
        assert_eq!(line("a\nb\tc"), "a\\nb c");
        assert_eq!(line("a\u{202e}b\u{2028}c"), "a\\u{202e}b\\u{2028}c");
    }
}
