//! Texts of bounded length, and safe to show.

use std::fmt::Write as _;

use crate::text::printable;

/// The text, or its begin and how much there was, where it is longer than so many bytes.
pub(super) fn cut(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.into();
    }
    let mut end = limit;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}… (cut, {} bytes)", &text[..end], text.len())
}

/// One line that a terminal shows and does not obey. Besides control characters, what ends a line elsewhere than on a
/// terminal is escaped, and what turns the direction of writing.
pub(super) fn shown(text: &str) -> String {
    let text = printable::line(text);
    if !text.contains(obeyed) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if obeyed(c) {
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Line and paragraph separators, marks of direction, embeddings, overrides and isolates (Unicode Annex 9).
fn obeyed(c: char) -> bool {
    let is_direction =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    is_direction || matches!(c, '\u{2028}' | '\u{2029}')
}

/// As [`shown`], of at most so many characters: the last one is `…` where something is missing.
pub(super) fn shown_within(text: &str, characters: usize) -> String {
    // Nothing gets shorter by being escaped: more of it cannot be needed.
    let begin = text.char_indices().nth(characters).map_or(text, |(end, _)| &text[..end]);
    let mut out = shown(begin);
    let too_long = begin.len() < text.len() || out.chars().nth(characters).is_some();
    if too_long {
        let end = out.char_indices().nth(characters.saturating_sub(1)).map_or(out.len(), |(end, _)| end);
        out.truncate(end);
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_says_so_and_stays_whole_characters() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("éééé", 3), "é… (cut, 8 bytes)");
    }

    #[test]
    fn a_line_is_one_line_and_no_longer_than_it_may_be() {
        assert_eq!(shown("a\nb\u{1b}c\u{2028}d\u{202e}e"), "a\\nb\\u{1b}c\\u{2028}d\\u{202e}e");
        assert_eq!(shown_within("abc", 3), "abc");
        assert_eq!(shown_within("abcd", 3), "ab…");
        let long = shown_within(&"\u{1b}".repeat(100_000), 50);
        assert_eq!(long.chars().count(), 50);
        assert!(long.ends_with('…'));
    }
}
