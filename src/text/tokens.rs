//! Splitting a sentence into words, the first step of both the normaliser and the intent engine.

use unicode_normalization::UnicodeNormalization;

use super::fold::{bare, is_apostrophe, is_hyphen, is_word, lower};

/// French words that lose their vowel before another vowel. What follows them is a word of its own:
/// `l'album` is `l'` and `album`, while `aujourd'hui` stays whole.
const ELIDED: [&str; 15] =
    ["l", "d", "j", "m", "t", "s", "n", "c", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu", "quelqu", "presqu"];

/// A word of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Lower case, NFC, `œ` as `oe`; an elided word keeps its apostrophe (`l'`).
    pub text: String,
    /// [`text`](Self::text) without accents, to compare with.
    pub bare: String,
    /// Whether it began with a capital letter.
    pub capital: bool,
    /// Whether a hyphen joins it to the word before.
    pub hyphen: bool,
}

impl Token {
    fn new(raw: &str, elided: bool, hyphen: bool) -> Self {
        let mut text = lower(raw);
        if elided {
            text.push('\'');
        }
        let capital = raw.chars().next().is_some_and(char::is_uppercase);
        Self { bare: bare(&text), text, capital, hyphen }
    }

    /// Whether it is an elided word such as `l'`.
    pub fn is_elided(&self) -> bool {
        self.text.ends_with('\'')
    }
}

/// Splits a sentence into words.
///
/// A word is a run of letters, digits and combining marks. Apostrophes end an elided French word and belong to it;
/// inside any other word they are kept, at its edges they are dropped. Hyphens separate words. `:`, `,` and `.` are
/// kept between two digits (`21:30`, `3,5`). `%` and `&` are words. All other characters only separate.
///
/// ```
/// use hailo_harness::text::tokens::split;
///
/// let words: Vec<_> = split("Joue l’Été aujourd'hui, à 50% !").into_iter().map(|t| t.text).collect();
/// assert_eq!(words, ["joue", "l'", "été", "aujourd'hui", "à", "50", "%"]);
/// ```
pub fn split(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.nfc().collect();
    let mut tokens = Vec::new();
    let mut word = String::new();
    let mut hyphen = false;
    for (index, &c) in chars.iter().enumerate() {
        let next = chars.get(index + 1).copied().unwrap_or(' ');
        let previous_is_digit = word.ends_with(|c: char| c.is_ascii_digit());
        if is_word(c) {
            word.push(c);
        } else if is_apostrophe(c) && ELIDED.contains(&lower(&word).as_str()) {
            tokens.push(Token::new(&std::mem::take(&mut word), true, hyphen));
            hyphen = false;
        } else if is_apostrophe(c) && !word.is_empty() && is_word(next) {
            word.push('\'');
        } else if matches!(c, ':' | ',' | '.') && previous_is_digit && next.is_ascii_digit() {
            word.push(c);
        } else {
            let ended = !word.is_empty();
            if ended {
                tokens.push(Token::new(&std::mem::take(&mut word), false, hyphen));
            }
            hyphen = ended && is_hyphen(c) && is_word(next);
            if matches!(c, '%' | '&') {
                tokens.push(Token::new(&c.to_string(), false, false));
            }
        }
    }
    if !word.is_empty() {
        tokens.push(Token::new(&word, false, hyphen));
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        split(text).into_iter().map(|t| t.text).collect()
    }

    #[test]
    fn elisions_are_split_and_other_apostrophes_kept() {
        assert_eq!(texts("s'il qu'on don't 'quoted'"), ["s'", "il", "qu'", "on", "don't", "quoted"]);
        assert_eq!(texts("prud'homme l' '"), ["prud'homme", "l'"]);
    }

    #[test]
    fn hyphens_separate_and_are_remembered() {
        let tokens = split("mets-moi - ça");
        assert_eq!(tokens.iter().map(|t| t.hyphen).collect::<Vec<_>>(), [false, true, false]);
    }

    #[test]
    fn numbers_keep_their_marks() {
        assert_eq!(texts("21:30, 3,5. 6h30 20%"), ["21:30", "3,5", "6h30", "20", "%"]);
    }

    #[test]
    fn nothing_comes_from_nothing() {
        assert!(split("").is_empty());
        assert!(split(" … !? ♪ ").is_empty());
    }
}
