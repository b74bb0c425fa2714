//! The words of a dictionary, and which of them a word that was heard may be.

use std::collections::HashMap;

use super::fuzzy::Needle;
use super::sound::sound;

/// How alike two words must be to be taken for each other, unless they sound the same.
///
/// `arretez` and `arrete` have 92, `arrive` and `arrete` 67.
const ALIKE: f64 = 75.0;

/// Longer words are in no dictionary: they are compared with nothing.
const LONGEST: usize = 32;

/// Number of a word in its vocabulary.
pub(super) type WordId = u32;

/// All words of a dictionary's triggers.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    ids: HashMap<String, WordId>,
    words: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    text: String,
    chars: Vec<char>,
    sound: String,
}

/// A word of the dictionary that a heard word may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub word: WordId,
    /// [`ratio`](super::fuzzy::ratio) of both words; 100 when they are the same.
    pub score: f64,
    pub same_sound: bool,
}

impl Vocabulary {
    /// The number of a word, which is added if it is new.
    pub fn add(&mut self, text: &str) -> WordId {
        if let Some(&id) = self.ids.get(text) {
            return id;
        }
        let id = self.words.len() as WordId;
        self.ids.insert(text.to_owned(), id);
        self.words.push(Known { text: text.to_owned(), chars: text.chars().collect(), sound: sound(text) });
        id
    }

    /// A word by its number.
    pub fn text(&self, id: WordId) -> &str {
        self.words.get(id as usize).map_or("", |known| &known.text)
    }

    /// The words that a heard word may be, in the order of their numbers.
    ///
    /// A word that the dictionary has is itself, or one that sounds the same: that `active` is like `desactive`
    /// must not turn one into the other.
    pub fn candidates(&self, heard: &str) -> Vec<Candidate> {
        let chars: Vec<char> = heard.chars().take(LONGEST + 1).collect();
        if chars.len() > LONGEST {
            return Vec::new();
        }
        let own = self.ids.get(heard).copied();
        let heard_sound = sound(heard);
        let needle = Needle::new(&chars);
        let mut found = Vec::new();
        for (word, known) in (0..).zip(&self.words) {
            if own == Some(word) {
                found.push(Candidate { word, score: 100.0, same_sound: true });
                continue;
            }
            let same_sound = !heard_sound.is_empty() && known.sound == heard_sound;
            if same_sound || own.is_none() && close_lengths(chars.len(), known.chars.len()) {
                let score = needle.ratio(&known.chars);
                if same_sound || score >= ALIKE {
                    found.push(Candidate { word, score, same_sound });
                }
            }
        }
        found
    }
}

/// Whether words of these lengths can reach [`ALIKE`]: the shorter one must be 0.6 of the longer.
fn close_lengths(a: usize, b: usize) -> bool {
    a.min(b) * 10 >= a.max(b) * 6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> Vocabulary {
        let mut vocabulary = Vocabulary::default();
        for word in ["arrete", "active", "desactive", "son", "mets"] {
            vocabulary.add(word);
        }
        vocabulary
    }

    fn heard(word: &str) -> Vec<String> {
        let vocabulary = vocabulary();
        vocabulary.candidates(word).iter().map(|c| vocabulary.text(c.word).to_owned()).collect()
    }

    #[test]
    fn a_word_is_itself_or_one_like_it() {
        assert_eq!(heard("arrete"), ["arrete"]);
        assert_eq!(heard("arretez"), ["arrete"]);
        assert_eq!(heard("sang"), ["son"]);
        assert_eq!(heard("mais"), ["mets"]);
        assert!(heard("arrive").is_empty());
        assert!(heard("").is_empty());
    }

    #[test]
    fn a_known_word_does_not_become_its_opposite() {
        assert_eq!(heard("active"), ["active"]);
    }

    #[test]
    fn very_long_words_are_nothing() {
        assert!(heard(&"arrete".repeat(1000)).is_empty());
    }
}
