//! Small character rules that the normaliser and the intent engine share.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Whether a character is written as an apostrophe: `'`, `’`, `‘`, `ʼ`, `` ` ``, `´`, `′` and the full-width form.
pub fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | '‛' | 'ʼ' | '`' | '´' | '′' | '＇')
}

/// Whether a character is written as a hyphen inside a word: `-`, U+2010 and U+2011.
pub fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}' | '\u{2011}')
}

/// Whether a character belongs to a word: a letter, a digit, or a mark that combines with one.
pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Composed (NFC) lower case, with `œ` and `æ` written as two letters.
///
/// ```
/// assert_eq!(hailo_harness::text::fold::lower("CŒUR E\u{301}TÉ"), "coeur été");
/// ```
pub fn lower(text: &str) -> String {
    let lowered: String = text.nfc().flat_map(char::to_lowercase).nfc().collect();
    let mut out = String::with_capacity(lowered.len());
    for c in lowered.chars() {
        match c {
            'œ' => out.push_str("oe"),
            'æ' => out.push_str("ae"),
            c => out.push(c),
        }
    }
    out
}

/// [`lower`], and without accents: for comparing words, never for showing them.
///
/// ```
/// assert_eq!(hailo_harness::text::fold::bare("Préférées"), "preferees");
/// ```
pub fn bare(text: &str) -> String {
    lower(text).nfd().filter(|c| !is_combining_mark(*c)).collect()
}
