//! A sentence that may be a command: its words, what each of them may be, and where the command may lie in it.

use super::program::{Program, State};
use super::vocabulary::{Candidate, Vocabulary, WordId};
use crate::text::tokens::{Token, split};

/// The most words of a sentence that may be a command.
const MOST_WORDS: usize = 64;

/// Longer texts are no commands, and are not even split.
const MOST_BYTES: usize = 1024;

/// A sentence, and what its words may be.
#[derive(Debug)]
pub(super) struct Sentence {
    pub tokens: Vec<Token>,
    /// For each word, the dictionary's words that it may be.
    candidates: Vec<Vec<Candidate>>,
    fillers: Vec<bool>,
    /// Whether a capital tells something: not where everything is written in capitals.
    pub capitals_tell: bool,
}

impl Sentence {
    /// Splits a text and looks its words up. `None` when it has no words, or more than a command has.
    pub fn new(text: &str, vocabulary: &Vocabulary, fillers: &[String]) -> Option<Self> {
        if text.len() > MOST_BYTES {
            return None;
        }
        let tokens = split(text);
        if tokens.is_empty() || tokens.len() > MOST_WORDS {
            return None;
        }
        Some(Self {
            candidates: tokens.iter().map(|token| vocabulary.candidates(&token.bare)).collect(),
            fillers: tokens.iter().map(|token| fillers.contains(&token.bare)).collect(),
            capitals_tell: text.chars().any(char::is_lowercase),
            tokens,
        })
    }

    /// How many words it has.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// What the word at a place may be; nothing past the end.
    pub fn candidates(&self, place: usize) -> &[Candidate] {
        self.candidates.get(place).map_or(&[], Vec::as_slice)
    }

    /// Whether the word at a place is a hesitation.
    pub fn is_filler(&self, place: usize) -> bool {
        self.fillers.get(place) == Some(&true)
    }

    /// The words, sorted, that a command may begin with, given where it may begin.
    pub fn beginnings(&self, starts: &[bool]) -> Vec<WordId> {
        let mut words = Vec::new();
        for (place, candidates) in self.candidates.iter().enumerate() {
            let after_filler =
                (0..place).any(|before| starts[before] && self.fillers[before..place].iter().all(|f| *f));
            if starts[place] || after_filler {
                words.extend(candidates.iter().map(|candidate| candidate.word));
            }
        }
        words.sort_unstable();
        words.dedup();
        words
    }
}

/// The places where a command may begin and end: at the sentence's own, or next to what is said around it.
#[derive(Debug)]
pub(super) struct Frame {
    /// For each place from 0 to the number of words, whether a command may begin there.
    pub starts: Vec<bool>,
    /// The same for its end.
    pub ends: Vec<bool>,
}

impl Frame {
    /// Finds the phrases of `before` and `after` at the edges of a sentence.
    pub fn new(sentence: &Sentence, before: Option<&Program>, after: Option<&Program>) -> Self {
        let length = sentence.len();
        let mut starts = vec![false; length + 1];
        starts[0] = true;
        let mut ends = vec![false; length + 1];
        ends[length] = true;
        if let Some(before) = before {
            for place in 0..length {
                if starts[place] {
                    literal_ends(before, sentence, place).into_iter().for_each(|end| starts[end] = true);
                }
            }
        }
        if let Some(after) = after {
            for place in (0..length).rev() {
                ends[place] = literal_ends(after, sentence, place).into_iter().any(|end| ends[end]);
            }
        }
        Self { starts, ends }
    }
}

/// Where a program of words alone can end that begins at a place and is said exactly.
fn literal_ends(program: &Program, sentence: &Sentence, place: usize) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut seen = vec![false; program.states().len() * (sentence.len() + 1)];
    let mut open = vec![(place, program.start())];
    while let Some((place, state)) = open.pop() {
        let key = place * program.states().len() + state;
        if std::mem::replace(&mut seen[key], true) {
            continue;
        }
        match &program.states()[state] {
            State::Accept => ends.push(place),
            State::Fork(states) => open.extend(states.iter().map(|&state| (place, state))),
            State::Slot { .. } => {}
            State::Words { any, next } => {
                let exact = |c: &Candidate| c.score == 100.0 && any.binary_search(&c.word).is_ok();
                if sentence.candidates(place).iter().any(exact) {
                    open.push((place + 1, *next));
                }
            }
        }
    }
    ends
}
