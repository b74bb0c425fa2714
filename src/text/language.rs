//! The 99 languages of multilingual Whisper (v1 and v2), in the order of its tokenizer.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The token of the first language, `<|en|>`, in the vocabulary of multilingual Whisper.
pub const FIRST_LANGUAGE_TOKEN: u32 = 50259;

/// Code and English name of each language. The order is that of the tokens `<|en|>`, `<|zh|>`, …
///
/// Source: the `LANGUAGES` table of Whisper's `tokenizer.py`, without the Cantonese that large-v3 added.
const LANGUAGES: [(&str, &str); 99] = [
    ("en", "english"),
    ("zh", "chinese"),
    ("de", "german"),
    ("es", "spanish"),
    ("ru", "russian"),
    ("ko", "korean"),
    ("fr", "french"),
    ("ja", "japanese"),
    ("pt", "portuguese"),
    ("tr", "turkish"),
    ("pl", "polish"),
    ("ca", "catalan"),
    ("nl", "dutch"),
    ("ar", "arabic"),
    ("sv", "swedish"),
    ("it", "italian"),
    ("id", "indonesian"),
    ("hi", "hindi"),
    ("fi", "finnish"),
    ("vi", "vietnamese"),
    ("he", "hebrew"),
    ("uk", "ukrainian"),
    ("el", "greek"),
    ("ms", "malay"),
    ("cs", "czech"),
    ("ro", "romanian"),
    ("da", "danish"),
    ("hu", "hungarian"),
    ("ta", "tamil"),
    ("no", "norwegian"),
    ("th", "thai"),
    ("ur", "urdu"),
    ("hr", "croatian"),
    ("bg", "bulgarian"),
    ("lt", "lithuanian"),
    ("la", "latin"),
    ("mi", "maori"),
    ("ml", "malayalam"),
    ("cy", "welsh"),
    ("sk", "slovak"),
    ("te", "telugu"),
    ("fa", "persian"),
    ("lv", "latvian"),
    ("bn", "bengali"),
    ("sr", "serbian"),
    ("az", "azerbaijani"),
    ("sl", "slovenian"),
    ("kn", "kannada"),
    ("et", "estonian"),
    ("mk", "macedonian"),
    ("br", "breton"),
    ("eu", "basque"),
    ("is", "icelandic"),
    ("hy", "armenian"),
    ("ne", "nepali"),
    ("mn", "mongolian"),
    ("bs", "bosnian"),
    ("kk", "kazakh"),
    ("sq", "albanian"),
    ("sw", "swahili"),
    ("gl", "galician"),
    ("mr", "marathi"),
    ("pa", "punjabi"),
    ("si", "sinhala"),
    ("km", "khmer"),
    ("sn", "shona"),
    ("yo", "yoruba"),
    ("so", "somali"),
    ("af", "afrikaans"),
    ("oc", "occitan"),
    ("ka", "georgian"),
    ("be", "belarusian"),
    ("tg", "tajik"),
    ("sd", "sindhi"),
    ("gu", "gujarati"),
    ("am", "amharic"),
    ("yi", "yiddish"),
    ("lo", "lao"),
    ("uz", "uzbek"),
    ("fo", "faroese"),
    ("ht", "haitian creole"),
    ("ps", "pashto"),
    ("tk", "turkmen"),
    ("nn", "nynorsk"),
    ("mt", "maltese"),
    ("sa", "sanskrit"),
    ("lb", "luxembourgish"),
    ("my", "myanmar"),
    ("bo", "tibetan"),
    ("tl", "tagalog"),
    ("mg", "malagasy"),
    ("as", "assamese"),
    ("tt", "tatar"),
    ("haw", "hawaiian"),
    ("ln", "lingala"),
    ("ha", "hausa"),
    ("ba", "bashkir"),
    ("jw", "javanese"),
    ("su", "sundanese"),
];

/// A language that Whisper knows.
///
/// ```
/// use hailo_harness::text::Language;
///
/// let french: Language = "fr".parse()?;
/// assert_eq!(french.token(), 50265);
/// assert_eq!(french.to_string(), "fr");
/// assert!("klingon".parse::<Language>().is_err());
/// # Ok::<(), hailo_harness::text::UnknownLanguage>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub struct Language(u8);

impl Language {
    /// English, `<|en|>`.
    pub const ENGLISH: Self = Self(0);
    /// French, `<|fr|>`.
    pub const FRENCH: Self = Self(6);

    /// The language with this code (`fr`), or `None`. Codes are lower case, as in Whisper.
    pub fn from_code(code: &str) -> Option<Self> {
        LANGUAGES.iter().position(|(known, _)| *known == code).map(|index| Self(index as u8))
    }

    /// Every language, in the order of their tokens.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        (0..LANGUAGES.len() as u8).map(Self)
    }

    /// The code: `fr`.
    pub fn code(self) -> &'static str {
        LANGUAGES[usize::from(self.0)].0
    }

    /// The English name: `french`.
    pub fn name(self) -> &'static str {
        LANGUAGES[usize::from(self.0)].1
    }

    /// How far the language's token is from `<|en|>`: 0 for English, 6 for French.
    pub fn token_offset(self) -> u32 {
        u32::from(self.0)
    }

    /// The language's token in multilingual Whisper's vocabulary: 50265 for French.
    pub fn token(self) -> u32 {
        FIRST_LANGUAGE_TOKEN + self.token_offset()
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Language({})", self.code())
    }
}

impl From<Language> for &'static str {
    fn from(language: Language) -> Self {
        language.code()
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(code: &str) -> Result<Self, UnknownLanguage> {
        Self::from_code(code).ok_or_else(|| UnknownLanguage { code: code.to_owned() })
    }
}

impl TryFrom<String> for Language {
    type Error = UnknownLanguage;

    fn try_from(code: String) -> Result<Self, UnknownLanguage> {
        code.parse()
    }
}

/// A code that is none of Whisper's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown language {code:?}: use one of Whisper's codes, such as fr, en, de, es or it")]
pub struct UnknownLanguage {
    /// The code as it was given.
    pub code: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_where_whisper_has_them() {
        for (code, token) in
            [("en", 50259), ("zh", 50260), ("de", 50261), ("es", 50262), ("fr", 50265), ("su", 50357)]
        {
            assert_eq!(Language::from_code(code).unwrap().token(), token, "{code}");
        }
        assert_eq!(Language::FRENCH.code(), "fr");
        assert_eq!(Language::ENGLISH.code(), "en");
    }

    #[test]
    fn codes_and_names_are_each_listed_once() {
        let codes: std::collections::BTreeSet<_> = Language::all().map(Language::code).collect();
        let names: std::collections::BTreeSet<_> = Language::all().map(Language::name).collect();
        assert_eq!((codes.len(), names.len()), (99, 99));
    }

    #[test]
    fn a_wrong_code_is_named() {
        assert!("FR".parse::<Language>().unwrap_err().to_string().contains("\"FR\""));
    }
}
