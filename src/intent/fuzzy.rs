//! How alike two texts are, from 0 to 100.
//!
//! The scores are those of [RapidFuzz](https://github.com/rapidfuzz/RapidFuzz) 3, whose documentation defines them
//! (`rapidfuzz.fuzz`, without a processor); this is an implementation of its own, tested against scores that
//! RapidFuzz gave. Characters are Unicode scalar values. Case, accents and punctuation count: fold the texts first
//! with [`fold::bare`](crate::text::fold::bare) where they should not.
//!
//! [`ratio`] takes time in proportion to the product of both lengths divided by 64. [`partial_ratio`] takes that for
//! each place in the longer text: give it phrases, not books.

use std::collections::{BTreeSet, HashMap};

/// How much of both texts is a common subsequence: `100 · 2·LCS / (len(a) + len(b))`.
///
/// Two empty texts are equal.
///
/// ```
/// use hailo_harness::intent::fuzzy::ratio;
///
/// assert_eq!(ratio("baisse le son", "baisse le son"), 100.0);
/// assert!((ratio("son", "sang") - 57.142857).abs() < 1e-6);
/// assert_eq!(ratio("", "son"), 0.0);
/// ```
pub fn ratio(a: &str, b: &str) -> f64 {
    ratio_of(&chars(a), &chars(b))
}

/// The best [`ratio`] of the shorter text with a piece of the longer one that is as long or hangs over an end.
///
/// ```
/// use hailo_harness::intent::fuzzy::partial_ratio;
///
/// assert_eq!(partial_ratio("quelle pause", "quelle pause lance"), 100.0);
/// ```
pub fn partial_ratio(a: &str, b: &str) -> f64 {
    partial_of(&chars(a), &chars(b))
}

/// [`ratio`] of the words in alphabetical order: the order in which they were said does not count.
///
/// ```
/// use hailo_harness::intent::fuzzy::token_sort_ratio;
///
/// assert_eq!(token_sort_ratio("vingt minutes", "minutes vingt"), 100.0);
/// ```
pub fn token_sort_ratio(a: &str, b: &str) -> f64 {
    ratio(&sorted(a), &sorted(b))
}

/// The best [`ratio`] among the words both texts have and those with the rest of either, each word counted once.
///
/// A text whose words are all in the other one gives 100; a text without words gives 0.
///
/// ```
/// use hailo_harness::intent::fuzzy::token_set_ratio;
///
/// assert_eq!(token_set_ratio("le son", "baisse le son"), 100.0);
/// ```
pub fn token_set_ratio(a: &str, b: &str) -> f64 {
    let sets = Sets::new(a, b);
    if sets.a_is_empty() || sets.b_is_empty() {
        return 0.0;
    }
    if sets.common > 0 && (sets.only_a.is_empty() || sets.only_b.is_empty()) {
        return 100.0;
    }
    let (only_a, only_b) = (chars(&sets.only_a.join(" ")), chars(&sets.only_b.join(" ")));
    let space = usize::from(sets.common > 0);
    let (with_a, with_b) = (sets.common + space + only_a.len(), sets.common + space + only_b.len());
    let distance = only_a.len() + only_b.len() - 2 * lcs(&only_a, &only_b);
    let whole = similarity(distance, with_a + with_b);
    if sets.common == 0 {
        return whole;
    }
    whole
        .max(similarity(space + only_a.len(), sets.common + with_a))
        .max(similarity(space + only_b.len(), sets.common + with_b))
}

/// The weighted best of the others: whole texts of similar length are compared as such, and a text that is at least
/// half as long again as the other by its best piece, for 0.9 of the score, or 0.6 from eight times as long.
/// Scores that ignore the order of the words count 0.95. 0 when either is empty.
///
/// ```
/// use hailo_harness::intent::fuzzy::weighted_ratio;
///
/// assert!((weighted_ratio("heures", "teis") - 60.0).abs() < 1e-6);
/// ```
pub fn weighted_ratio(a: &str, b: &str) -> f64 {
    /// What a score counts for that ignores the order of the words.
    const UNORDERED: f64 = 0.95;
    let (a_chars, b_chars) = (chars(a), chars(b));
    if a_chars.is_empty() || b_chars.is_empty() {
        return 0.0;
    }
    let whole = ratio_of(&a_chars, &b_chars);
    let (short, long) = minmax(a_chars.len(), b_chars.len());
    let times = long as f64 / short as f64;
    if times < 1.5 {
        return whole.max(token_sort_ratio(a, b).max(token_set_ratio(a, b)) * UNORDERED);
    }
    let scale = if times <= 8.0 { 0.9 } else { 0.6 };
    whole.max(partial_of(&a_chars, &b_chars) * scale).max(partial_token_ratio(a, b) * UNORDERED * scale)
}

/// The best partial ratio of the sorted words and of the words that the texts do not share.
fn partial_token_ratio(a: &str, b: &str) -> f64 {
    let sets = Sets::new(a, b);
    if sets.common > 0 {
        return 100.0;
    }
    let whole = partial_ratio(&sorted(a), &sorted(b));
    whole.max(partial_ratio(&sets.only_a.join(" "), &sets.only_b.join(" ")))
}

/// The distinct words of two texts.
struct Sets<'a> {
    only_a: Vec<&'a str>,
    only_b: Vec<&'a str>,
    /// Length of the words both have, joined by spaces.
    common: usize,
}

impl<'a> Sets<'a> {
    fn new(a: &'a str, b: &'a str) -> Self {
        let a: BTreeSet<&str> = a.split_whitespace().collect();
        let b: BTreeSet<&str> = b.split_whitespace().collect();
        let common: Vec<&str> = a.intersection(&b).copied().collect();
        Self {
            only_a: a.difference(&b).copied().collect(),
            only_b: b.difference(&a).copied().collect(),
            common: chars(&common.join(" ")).len(),
        }
    }

    fn a_is_empty(&self) -> bool {
        self.common == 0 && self.only_a.is_empty()
    }

    fn b_is_empty(&self) -> bool {
        self.common == 0 && self.only_b.is_empty()
    }
}

fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}

fn sorted(text: &str) -> String {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    words.sort_unstable();
    words.join(" ")
}

fn minmax(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}

/// A distance as a score, where `total` is the largest it could be.
fn similarity(distance: usize, total: usize) -> f64 {
    if total == 0 { 100.0 } else { 100.0 - 100.0 * distance as f64 / total as f64 }
}

fn ratio_of(a: &[char], b: &[char]) -> f64 {
    let total = a.len() + b.len();
    similarity(total - 2 * lcs(a, b), total)
}

fn partial_of(a: &[char], b: &[char]) -> f64 {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.is_empty() {
        return similarity(long.len(), long.len());
    }
    let best = best_piece(short, long);
    // Of two texts of one length, either may be the one that is cut.
    if short.len() == long.len() && best < 100.0 { best.max(best_piece(long, short)) } else { best }
}

fn best_piece(short: &[char], long: &[char]) -> f64 {
    let needle = Needle::new(short);
    let length = short.len();
    let heads = (1..length).map(|end| &long[..end]);
    let pieces = long.windows(length);
    let tails = (long.len() - length + 1..long.len()).map(|start| &long[start..]);
    heads.chain(pieces).chain(tails).map(|piece| needle.ratio(piece)).fold(0.0, f64::max)
}

/// Length of the longest common subsequence.
fn lcs(a: &[char], b: &[char]) -> usize {
    Needle::new(a).lcs(b)
}

/// A text made ready to be compared with many others.
///
/// Source of the algorithm: Hyyrö, "Bit-parallel LCS-length computation revisited" (2004): one bit for each
/// character of the needle, in words of 64.
pub(super) struct Needle {
    length: usize,
    /// For each character, the bits of the places where the needle has it.
    places: HashMap<char, Vec<u64>>,
}

impl Needle {
    pub(super) fn new(text: &[char]) -> Self {
        let blocks = text.len().div_ceil(64);
        let mut places: HashMap<char, Vec<u64>> = HashMap::new();
        for (index, &c) in text.iter().enumerate() {
            places.entry(c).or_insert_with(|| vec![0; blocks])[index / 64] |= 1 << (index % 64);
        }
        Self { length: text.len(), places }
    }

    /// [`ratio`] of the needle and another text.
    pub(super) fn ratio(&self, other: &[char]) -> f64 {
        let total = self.length + other.len();
        similarity(total - 2 * self.lcs(other), total)
    }

    fn lcs(&self, other: &[char]) -> usize {
        // A zero bit is a character of the needle that belongs to the subsequence.
        let mut state = vec![u64::MAX; self.length.div_ceil(64)];
        for c in other {
            let Some(places) = self.places.get(c) else { continue };
            let mut carry = false;
            for (bits, &place) in state.iter_mut().zip(places) {
                let hits = *bits & place;
                let (sum, over) = bits.overflowing_add(hits);
                let (sum, again) = sum.overflowing_add(u64::from(carry));
                carry = over || again;
                *bits = sum | (*bits - hits);
            }
        }
        // Bits past the needle's end have no places and stay one.
        state.iter().map(|bits| bits.count_zeros() as usize).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needles_longer_than_a_word_of_bits_are_compared() {
        let long: String = "chanson ".repeat(40);
        assert_eq!(ratio(&long, &long), 100.0);
        let other = format!("{long}x");
        assert!((ratio(&long, &other) - 100.0 * 640.0 / 641.0).abs() < 1e-9);
    }

    #[test]
    fn empty_texts_have_scores_too() {
        assert_eq!(ratio("", ""), 100.0);
        assert_eq!(partial_ratio("", ""), 100.0);
        assert_eq!(partial_ratio("", "a"), 0.0);
        assert_eq!(token_sort_ratio("", ""), 100.0);
        assert_eq!(token_set_ratio(" ", " "), 0.0);
        assert_eq!(weighted_ratio("", ""), 0.0);
    }

    #[test]
    fn a_ratio_has_no_direction() {
        for (a, b) in [("joue maman", "mamie joue"), ("🎵 été", "ete"), ("a", ""), ("pause", "pose")] {
            assert_eq!(ratio(a, b), ratio(b, a));
            assert_eq!(partial_ratio(a, b), partial_ratio(b, a));
            assert_eq!(weighted_ratio(a, b), weighted_ratio(b, a));
        }
    }
}
