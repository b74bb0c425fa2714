//! Roughly how a French word sounds, to know a word that was written as another one.
//!
//! Whisper writes what it hears: `mais` for `mets`, `sang` for `son`, `en` for `un`. Words with the same sound here
//! differ at most in a vowel's colour: all nasal vowels are one, as are `é`, `è` and `ai`; what is silent at a
//! word's end is left out.

/// The sound of a word in lower case without accents, as letters that only compare with each other.
pub(super) fn sound(word: &str) -> String {
    let letters: Vec<char> = word.chars().filter(|c| c.is_ascii_alphanumeric() && *c != 'h').collect();
    let letters = &letters[..spoken_length(&letters)];
    let mut out = String::with_capacity(letters.len());
    let mut index = 0;
    while index < letters.len() {
        let (letter, used) = next(letters, index);
        index += used;
        // A doubled letter sounds once.
        if !out.ends_with(letter) {
            out.push(letter);
        }
    }
    out
}

/// How many letters are spoken, leaving out the consonants and the `e` that are silent at the end.
fn spoken_length(letters: &[char]) -> usize {
    let mut length = letters.len();
    // "-ez" is a vowel's spelling, and read as one.
    while length > 2
        && matches!(letters[length - 1], 's' | 't' | 'd' | 'x' | 'z' | 'p' | 'g')
        && letters[length - 2..length] != ['e', 'z']
    {
        length -= 1;
    }
    // "mets" and "les" keep their vowel: without it nothing would sound.
    let has_other_vowel = letters[..length.saturating_sub(1)].iter().any(|&c| is_vowel(c));
    if length > 2 && letters[length - 1] == 'e' && has_other_vowel {
        length -= 1;
    }
    length
}

fn next(letters: &[char], index: usize) -> (char, usize) {
    let at = |offset: usize| letters.get(index + offset).copied().unwrap_or(' ');
    let nasal = |offset: usize| {
        matches!(at(offset), 'n' | 'm') && !is_vowel(at(offset + 1)) && !matches!(at(offset + 1), 'n' | 'm')
    };
    let soft = |offset: usize| matches!(at(offset), 'e' | 'i' | 'y');
    let c = at(0);
    if is_vowel(c) {
        if nasal(1) {
            return ('N', 2);
        }
        if is_vowel(at(1)) && nasal(2) && !(c == 'o' && at(1) == 'u') {
            return ('N', 3);
        }
    }
    match (c, at(1), at(2)) {
        ('e', 'a', 'u') => ('o', 3),
        ('a', 'u', _) => ('o', 2),
        ('o', 'u', _) => ('U', 2),
        ('o', 'i', _) => ('w', 2),
        ('e', 'u', _) => ('F', 2),
        ('a' | 'e', 'i', _) => ('e', 2),
        ('e', 'r' | 'z', ' ') => ('e', 2),
        ('y', ..) => ('i', 1),
        ('c', 'c' | 'q', _) => ('k', 2),
        ('c', ..) if soft(1) => ('s', 1),
        ('q', 'u', _) => ('k', 2),
        ('c' | 'q', ..) => ('k', 1),
        ('g', 'u', _) if soft(2) => ('g', 2),
        ('g', ..) if soft(1) => ('j', 1),
        _ => (c, 1),
    }
}

fn is_vowel(c: char) -> bool {
    matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_sound_alike_have_one_sound() {
        for (a, b) in [
            ("mets", "mais"),
            ("mets", "mes"),
            ("son", "sang"),
            ("un", "en"),
            ("pause", "pose"),
            ("chanson", "chansons"),
            ("arreter", "arretez"),
            ("quel", "kel"),
            ("baisse", "baisses"),
        ] {
            assert_eq!(sound(a), sound(b), "{a} and {b}");
        }
    }

    #[test]
    fn other_words_do_not() {
        for (a, b) in
            [("son", "chat"), ("monte", "baisse"), ("plus", "moins"), ("joue", "jour"), ("fort", "four")]
        {
            assert_ne!(sound(a), sound(b), "{a} and {b}");
        }
    }

    #[test]
    fn anything_has_some_sound() {
        for word in ["", "l'", "h", "ssss", "été", "🎵", "eeee", "21h30"] {
            let _ = sound(word);
        }
    }
}
