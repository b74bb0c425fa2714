//! The normaliser: two texts that say the same words become the same string.
//!
//! # Rules for every language
//! 1. Unicode NFC, lower case, `œ` → `oe`, `æ` → `ae`.
//! 2. Typographic apostrophes → `'`; kept inside a word, dropped at its edges.
//! 3. Hyphens and all other punctuation → space; white space → one space, none at the ends.
//!
//! # Rules for French, after these
//! 4. An elided word is a word of its own, with its apostrophe: `l'album` → `l' album`. One wrong article then costs
//!    one word, not two; both sides are split alike. `aujourd'hui` and the like stay whole.
//! 5. `%` and `pourcent` → `pour cent`; `&` → `et`.
//! 6. Number words → digits: `cinquante` → `50`, `vingt-et-une` → `21`. A lone `un` or `une` stays, being mostly an
//!    article; a lone `1` becomes `un`, or `une` before a feminine unit of time or `chanson`, `fois`, `piste`.
//! 7. Digits in groups of three are joined (`10 000` → `10000`), leading zeros dropped, decimals spoken (`3,5` →
//!    `3 virgule 5`).
//! 8. Hours are spoken: `21h30`, `21 h 30` and `21:30` → `21 heures 30`; `1h` → `une heure`.
//! 9. Ordinals: `1er` → `premier`, `1re` and `1ère` → `première`, `2e` and `2ème` → `deuxième`, up to ten.
//!
//! Accents count: `à` and `a` are different words. So does what was said: `six heures et quart` is not `6h15`.

use super::language::Language;
use super::numbers::{digits, leading_number};
use super::tokens::{Token, split};

/// What may follow a lone `1` that is read as `une`.
const FEMININE: [&str; 10] =
    ["heure", "heures", "minute", "minutes", "seconde", "secondes", "chanson", "chansons", "fois", "piste"];

/// Normalises a text by the rules of its language, which are listed in this [module](self).
///
/// ```
/// use hailo_harness::text::{Language, normalize};
///
/// let french = |text| normalize(text, Language::FRENCH);
/// assert_eq!(french("Mets l’album à 50 %, à 21h30 !"), "mets l' album à 50 pour cent à 21 heures 30");
/// assert_eq!(french("Vingt-et-une heures trente"), french("21:30"));
/// assert_eq!(normalize("Don't stop!", Language::ENGLISH), "don't stop");
/// ```
pub fn normalize(text: &str, language: Language) -> String {
    let tokens = split(text);
    if language == Language::FRENCH {
        french(&tokens).join(" ")
    } else {
        // Elisions are only split where a rule says so.
        unsplit(&tokens)
    }
}

fn unsplit(tokens: &[Token]) -> String {
    let mut out = String::new();
    for token in tokens {
        if !out.is_empty() && !out.ends_with('\'') {
            out.push(' ');
        }
        out.push_str(&token.text);
    }
    out
}

fn french(tokens: &[Token]) -> Vec<String> {
    let bare: Vec<&str> = tokens.iter().map(|t| t.bare.as_str()).collect();
    let mut words = Vec::with_capacity(tokens.len());
    let mut index = 0;
    while index < tokens.len() {
        let (mut spoken, used) = speak(&bare[index..], words.last().map_or("", String::as_str))
            .unwrap_or_else(|| (vec![tokens[index].text.clone()], 1));
        words.append(&mut spoken);
        index += used;
    }
    words
}

/// What the first of `words` is read as, and how many words that takes; `None` when they are as spoken already.
fn speak(words: &[&str], before: &str) -> Option<(Vec<String>, usize)> {
    let first = words[0];
    let next = words.get(1).copied().unwrap_or("");
    let owned = |words: &[&str]| words.iter().map(|&w| w.to_owned()).collect::<Vec<_>>();
    match first {
        "%" | "pourcent" | "pourcents" => return Some((owned(&["pour", "cent"]), 1)),
        "&" => return Some((owned(&["et"]), 1)),
        "cent" if before == "pour" => return None,
        "un" | "une" if !matches!(next, "mille") => return None,
        _ => {}
    }
    if let Some((hour, minute)) = clock(first) {
        return Some((hours(hour, minute), 1));
    }
    if let Some((whole, part)) = first.split_once([',', '.']) {
        let (whole, part) = (digits(whole)?, digits(part)?);
        return Some((vec![whole.to_string(), "virgule".to_owned(), part.to_string()], 1));
    }
    if let Some(ordinal) = ordinal(first) {
        return Some((vec![ordinal.to_owned()], 1));
    }
    let (value, used) = thousands(words).or_else(|| leading_number(words))?;
    let next = words.get(used).copied().unwrap_or("");
    if matches!(next, "h" | "heure" | "heures") {
        return Some((hours(value, None), used + 1));
    }
    let spoken = match value {
        1 if FEMININE.contains(&next) => "une".to_owned(),
        1 => "un".to_owned(),
        _ => value.to_string(),
    };
    Some((vec![spoken], used))
}

/// `21h30`, `21h` or `21:30` as hour and minute.
fn clock(word: &str) -> Option<(u64, Option<u64>)> {
    let (hour, minute) = word.split_once(['h', ':'])?;
    let hour = digits(hour)?;
    if minute.is_empty() {
        return Some((hour, None));
    }
    digits(minute).map(|minute| (hour, Some(minute)))
}

fn hours(hour: u64, minute: Option<u64>) -> Vec<String> {
    let mut words = match hour {
        0 => vec!["0".to_owned(), "heure".to_owned()],
        1 => vec!["une".to_owned(), "heure".to_owned()],
        hour => vec![hour.to_string(), "heures".to_owned()],
    };
    match minute {
        None | Some(0) => {}
        Some(1) => words.push("une".to_owned()),
        Some(minute) => words.push(minute.to_string()),
    }
    words
}

/// `10 000`: one to three digits, then groups of exactly three.
fn thousands(words: &[&str]) -> Option<(u64, usize)> {
    let is_group = |word: &str| word.len() == 3 && digits(word).is_some();
    if words[0].len() > 3 || words[0].starts_with('0') || digits(words[0]).is_none() {
        return None;
    }
    let groups = words[1..].iter().take(2).take_while(|word| is_group(word)).count();
    if groups == 0 {
        return None;
    }
    digits(&words[..=groups].concat()).map(|value| (value, groups + 1))
}

fn ordinal(word: &str) -> Option<&'static str> {
    match word {
        "1er" => return Some("premier"),
        "1re" | "1ere" => return Some("première"),
        "2nd" => return Some("second"),
        "2nde" => return Some("seconde"),
        _ => {}
    }
    let number = ["ieme", "eme", "e"].iter().find_map(|ending| word.strip_suffix(ending))?;
    Some(match digits(number)? {
        2 => "deuxième",
        3 => "troisième",
        4 => "quatrième",
        5 => "cinquième",
        6 => "sixième",
        7 => "septième",
        8 => "huitième",
        9 => "neuvième",
        10 => "dixième",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_of_french() {
        for (text, expected) in [
            ("  MÊME\tTEXTE \n", "même texte"),
            ("e\u{301}te\u{301}", "été"),
            ("L’œuvre, s'il vous plaît…", "l' oeuvre s' il vous plaît"),
            ("Aujourd’hui", "aujourd'hui"),
            ("Peux-tu — « jouer » ?", "peux tu jouer"),
            ("cinquante pour cent", "50 pour cent"),
            ("50 %", "50 pour cent"),
            ("50pourcent", "50pourcent"),
            ("rhythm & blues", "rhythm et blues"),
            ("Jour un", "jour un"),
            ("Jour 1", "jour un"),
            ("une chanson", "une chanson"),
            ("1 chanson", "une chanson"),
            ("vingt et une heures trente", "21 heures 30"),
            ("vingt-et-une heures trente", "21 heures 30"),
            ("21h30", "21 heures 30"),
            ("21 h 30", "21 heures 30"),
            ("21:30", "21 heures 30"),
            ("6H05", "6 heures 5"),
            ("six heures cinq", "6 heures 5"),
            ("7h00", "7 heures"),
            ("1h", "une heure"),
            ("une heure", "une heure"),
            ("1 heure", "une heure"),
            ("dix mille", "10000"),
            ("10\u{202f}000", "10000"),
            ("007", "7"),
            ("3,5", "3 virgule 5"),
            ("trois virgule cinq", "3 virgule 5"),
            ("le 2e et le 1er", "le deuxième et le premier"),
            ("quatre-vingts", "80"),
            ("septante", "70"),
            ("", ""),
            ("…", ""),
        ] {
            assert_eq!(normalize(text, Language::FRENCH), expected, "{text:?}");
        }
    }

    #[test]
    fn accents_count() {
        assert_ne!(normalize("à", Language::FRENCH), normalize("a", Language::FRENCH));
    }

    #[test]
    fn normalising_twice_changes_nothing() {
        for text in ["Mets l’album à 50 %, à 21h30 !", "Jour 1", "1h", "10 000", "3,5", "C'est 0h30"] {
            let once = normalize(text, Language::FRENCH);
            assert_eq!(normalize(&once, Language::FRENCH), once);
        }
    }

    #[test]
    fn other_languages_keep_their_numbers_and_apostrophes() {
        let italian = Language::from_code("it").unwrap();
        assert_eq!(normalize("L'amico, cinquanta!", italian), "l'amico cinquanta");
        let hindi = Language::from_code("hi").unwrap();
        assert_eq!(normalize("हिन्दी।", hindi), "हिन्दी");
    }
}
