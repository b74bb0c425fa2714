//! Word and character error rates.
//!
//! The rates are those of [jiwer](https://github.com/jitsi/jiwer) 4: Levenshtein distance over words split at white
//! space, or over characters (inner white space counts, outer does not), divided by the length of the reference. Of
//! several shortest alignments the same one is taken as there (rapidfuzz's: common ends first, then, from the end,
//! deletion before insertion before substitution), so that the counts of each kind agree too.
//!
//! The functions take the texts as they are; [`CorpusScore`] normalises both sides first, with
//! [`normalize()`].

use std::fmt;
use std::ops::AddAssign;

use crate::text::{Language, normalize};

/// How many words (or characters) were heard right, wrong, not at all, or too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Edits {
    /// In both, at the same place.
    pub hits: usize,
    /// Something else in its place.
    pub substitutions: usize,
    /// In the reference only.
    pub deletions: usize,
    /// In the hypothesis only.
    pub insertions: usize,
}

impl Edits {
    /// All edits together: the Levenshtein distance.
    pub fn total(self) -> usize {
        self.substitutions + self.deletions + self.insertions
    }

    /// The length of the reference.
    pub fn reference_len(self) -> usize {
        self.hits + self.substitutions + self.deletions
    }

    /// Edits for each word (or character) of the reference: 0 is perfect; insertions can bring it above 1.
    ///
    /// jiwer refuses an empty reference; here it counts as one word long, so that what is heard in silence costs.
    pub fn rate(self) -> f64 {
        self.total() as f64 / self.reference_len().max(1) as f64
    }
}

impl AddAssign for Edits {
    fn add_assign(&mut self, other: Self) {
        self.hits += other.hits;
        self.substitutions += other.substitutions;
        self.deletions += other.deletions;
        self.insertions += other.insertions;
    }
}

/// One step of an [`Alignment`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<T> {
    /// The same in both.
    Hit(T),
    /// The first became the second.
    Substitution(T, T),
    /// In the reference only.
    Deletion(T),
    /// In the hypothesis only.
    Insertion(T),
}

/// How a reference became a hypothesis, step by step.
///
/// Printed as two lines and a third that marks the edits with `S`, `D` and `I`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alignment<T> {
    /// The steps, from the beginning.
    pub steps: Vec<Step<T>>,
}

impl<T> Alignment<T> {
    /// The number of steps of each kind.
    pub fn edits(&self) -> Edits {
        let mut edits = Edits::default();
        for step in &self.steps {
            match step {
                Step::Hit(_) => edits.hits += 1,
                Step::Substitution(..) => edits.substitutions += 1,
                Step::Deletion(_) => edits.deletions += 1,
                Step::Insertion(_) => edits.insertions += 1,
            }
        }
        edits
    }
}

impl<T: fmt::Display> fmt::Display for Alignment<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = ["REF:".to_owned(), "HYP:".to_owned(), "    ".to_owned()];
        for step in &self.steps {
            let (reference, hypothesis, mark) = match step {
                Step::Hit(word) => (word.to_string(), word.to_string(), ' '),
                Step::Substitution(from, to) => (from.to_string(), to.to_string(), 'S'),
                Step::Deletion(word) => (word.to_string(), String::new(), 'D'),
                Step::Insertion(word) => (String::new(), word.to_string(), 'I'),
            };
            let width = reference.chars().count().max(hypothesis.chars().count());
            let gap = |text: String| {
                if text.is_empty() { "*".repeat(width) } else { text }
            };
            for (line, text) in lines.iter_mut().zip([gap(reference), gap(hypothesis), mark.to_string()]) {
                line.push_str(&format!(" {text:width$}"));
            }
        }
        write!(f, "{}\n{}\n{}", lines[0].trim_end(), lines[1].trim_end(), lines[2].trim_end())
    }
}

/// Aligns two sequences with the fewest edits.
///
/// Source: Wagner and Fischer's table (1974); ties are broken as described in the [module](self). Time and memory grow
/// with the product of the lengths: meant for sentences.
pub fn align<T: PartialEq + Clone>(reference: &[T], hypothesis: &[T]) -> Alignment<T> {
    let same = |(a, b): &(&T, &T)| a == b;
    let prefix = reference.iter().zip(hypothesis).take_while(same).count();
    let (left, right) = (&reference[prefix..], &hypothesis[prefix..]);
    let suffix = left.iter().rev().zip(right.iter().rev()).take_while(same).count();
    let (left, right) = (&left[..left.len() - suffix], &right[..right.len() - suffix]);

    let width = right.len() + 1;
    let mut table = vec![0_usize; (left.len() + 1) * width];
    for (j, cell) in table.iter_mut().take(width).enumerate() {
        *cell = j;
    }
    for (i, a) in left.iter().enumerate() {
        table[(i + 1) * width] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let replace = table[i * width + j] + usize::from(a != b);
            let delete = table[i * width + j + 1] + 1;
            let insert = table[(i + 1) * width + j] + 1;
            table[(i + 1) * width + j + 1] = replace.min(delete).min(insert);
        }
    }
    let cost = |i: usize, j: usize| table[i * width + j];

    let mut steps: Vec<Step<T>> =
        reference[reference.len() - suffix..].iter().rev().cloned().map(Step::Hit).collect();
    let (mut i, mut j) = (left.len(), right.len());
    while i > 0 || j > 0 {
        if j == 0 || (i > 0 && cost(i, j) == cost(i - 1, j) + 1) {
            i -= 1;
            steps.push(Step::Deletion(left[i].clone()));
        } else if i == 0 || (j > 1 && cost(i, j - 1) + 1 == cost(i - 1, j - 1)) {
            j -= 1;
            steps.push(Step::Insertion(right[j].clone()));
        } else {
            i -= 1;
            j -= 1;
            steps.push(if left[i] == right[j] {
                Step::Hit(left[i].clone())
            } else {
                Step::Substitution(left[i].clone(), right[j].clone())
            });
        }
    }
    steps.extend(reference[..prefix].iter().rev().cloned().map(Step::Hit));
    steps.reverse();
    Alignment { steps }
}

/// Aligns the words of two texts, split at white space.
///
/// ```
/// let alignment = hailo_harness::corpus::score::align_words("mets du Stromae", "mais du Stromae fort");
/// assert_eq!(alignment.to_string(), "REF: mets du Stromae ****\nHYP: mais du Stromae fort\n     S               I");
/// ```
pub fn align_words<'a>(reference: &'a str, hypothesis: &'a str) -> Alignment<&'a str> {
    let words = |text: &'a str| text.split_whitespace().collect::<Vec<_>>();
    align(&words(reference), &words(hypothesis))
}

/// Aligns the characters of two texts, without the white space at their ends.
pub fn align_characters(reference: &str, hypothesis: &str) -> Alignment<char> {
    let characters = |text: &str| text.trim().chars().collect::<Vec<_>>();
    align(&characters(reference), &characters(hypothesis))
}

/// The word error rate of two texts as they are.
///
/// ```
/// use hailo_harness::corpus::score::wer;
/// assert_eq!(wer("monte le son", "monte son"), 1.0 / 3.0);
/// ```
pub fn wer(reference: &str, hypothesis: &str) -> f64 {
    align_words(reference, hypothesis).edits().rate()
}

/// The character error rate of two texts as they are.
pub fn cer(reference: &str, hypothesis: &str) -> f64 {
    align_characters(reference, hypothesis).edits().rate()
}

/// The score of a whole corpus: all edits over all words of all references, not the mean of the clips' rates.
///
/// ```
/// use hailo_harness::corpus::score::CorpusScore;
/// use hailo_harness::text::Language;
///
/// let mut score = CorpusScore::default();
/// score.add("Monte le son à 50 %.", "monte le son à cinquante pour cent", Language::FRENCH);
/// let clip = score.add("Stop.", "Top!", Language::FRENCH);
/// assert_eq!(clip.words.total(), 1);
/// assert_eq!(score.wer(), 1.0 / 8.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CorpusScore {
    /// The sum of all clips' words.
    pub words: Edits,
    /// The sum of all clips' characters.
    pub characters: Edits,
    /// How many clips were added.
    pub clips: usize,
}

/// The score of one clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClipScore {
    /// Its words.
    pub words: Edits,
    /// Its characters.
    pub characters: Edits,
}

impl ClipScore {
    /// Normalises both texts by the rules of the language and compares them.
    pub fn new(reference: &str, hypothesis: &str, language: Language) -> Self {
        let (reference, hypothesis) = (normalize(reference, language), normalize(hypothesis, language));
        Self {
            words: align_words(&reference, &hypothesis).edits(),
            characters: align_characters(&reference, &hypothesis).edits(),
        }
    }

    /// The word error rate.
    pub fn wer(self) -> f64 {
        self.words.rate()
    }

    /// The character error rate.
    pub fn cer(self) -> f64 {
        self.characters.rate()
    }
}

impl CorpusScore {
    /// Normalises both texts by the rules of the language, adds their edits, and returns the clip's own.
    pub fn add(&mut self, reference: &str, hypothesis: &str, language: Language) -> ClipScore {
        let clip = ClipScore::new(reference, hypothesis, language);
        self.words += clip.words;
        self.characters += clip.characters;
        self.clips += 1;
        clip
    }

    /// The word error rate of all clips together.
    pub fn wer(&self) -> f64 {
        self.words.rate()
    }

    /// The character error rate of all clips together.
    pub fn cer(&self) -> f64 {
        self.characters.rate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_texts() {
        assert_eq!(wer("", ""), 0.0);
        assert_eq!(wer("un deux", ""), 1.0);
        assert_eq!(wer("", "un deux"), 2.0);
        assert_eq!(cer(" ", "a"), 1.0);
    }

    #[test]
    fn an_alignment_rebuilds_both_sides() {
        let (a, b) = ("peux suivante arrête œuvre vingt temps", "suivante arrête peux temps œuvre vingt");
        let (mut left, mut right) = (vec![], vec![]);
        for step in align_words(a, b).steps {
            match step {
                Step::Hit(w) => (left.push(w), right.push(w)),
                Step::Substitution(x, y) => (left.push(x), right.push(y)),
                Step::Deletion(x) => (left.push(x), ()),
                Step::Insertion(y) => ((), right.push(y)),
            };
        }
        assert_eq!((left.join(" "), right.join(" ")), (a.to_owned(), b.to_owned()));
    }

    #[test]
    fn a_corpus_is_more_than_the_mean_of_its_clips() {
        let mut score = CorpusScore::default();
        score.add("un", "deux", Language::ENGLISH);
        score.add("un deux trois", "un deux trois", Language::ENGLISH);
        assert_eq!((score.wer(), score.clips), (0.25, 2));
    }
}
