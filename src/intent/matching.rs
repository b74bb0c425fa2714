//! Finding the way through a trigger that costs least for a sentence.
//!
//! A way reads the sentence word by word. Its cost says how far the sentence is from the trigger, and orders the
//! ways of all triggers: words of the trigger are free, a word that is only like one costs more the less it is like
//! it, and a free text costs most, so that `mets mes favoris` asks for the favourites, not for a song of that name.
//!
//! For each place in the sentence and state of the trigger only the cheapest way is kept. The time is bounded by
//! words × states × states, and sentences of more than [`MOST_WORDS`] words are not looked at.

use super::program::{Program, State, StateId};
use super::slot::{SlotType, SlotValue};
use super::slots::{self, query};
use super::vocabulary::{Candidate, Vocabulary, WordId};
use crate::text::tokens::Token;

/// The most words of a sentence that may be a command.
pub(super) const MOST_WORDS: usize = 64;

/// What a way costs.
mod cost {
    /// A word before or after the command, such as `s'il te plaît`.
    pub const POLITE: u32 = 1;
    /// A hesitation.
    pub const FILLER: u32 = 5;
    /// A word of a free text.
    pub const QUERY_WORD: u32 = 10;
    /// That there is a free text at all.
    pub const QUERY: u32 = 30;

    /// A word that is not the trigger's, but like it.
    pub fn unlike(score: f64) -> u32 {
        20 + ((100.0 - score) / 2.0) as u32
    }
}

/// A word in a command that is only like the trigger's must be this alike, or stand among words that are right.
const SURE: f64 = 75.0;

/// A slot of a dictionary.
#[derive(Debug)]
pub(super) struct Slot {
    pub kind: SlotType,
    pub query: query::Rules,
}

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
    pub fn new(tokens: Vec<Token>, vocabulary: &Vocabulary, fillers: &[String]) -> Self {
        Self {
            candidates: tokens.iter().map(|token| vocabulary.candidates(&token.bare)).collect(),
            fillers: tokens.iter().map(|token| fillers.contains(&token.bare)).collect(),
            capitals_tell: tokens.iter().any(|token| !token.capital),
            tokens,
        }
    }

    pub fn len(&self) -> usize {
        self.tokens.len()
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
                let Some(candidates) = sentence.candidates.get(place) else { continue };
                let exact = |c: &&Candidate| c.score == 100.0 && any.binary_search(&c.word).is_ok();
                if candidates.iter().any(|c| exact(&c)) {
                    open.push((place + 1, *next));
                }
            }
        }
    }
    ends
}

/// The cheapest way through a trigger.
#[derive(Debug)]
pub(super) struct Found {
    pub cost: u32,
    /// The words that were heard and the words they were taken for, where a word is only like the trigger's.
    pub heard: Vec<(usize, Option<WordId>)>,
    /// The slots' numbers, with their values in the order of the sentence.
    pub slots: Vec<(usize, SlotValue)>,
}

/// Finds the cheapest way of a sentence through a trigger; `None` when there is none below `limit`.
pub(super) fn find(
    program: &Program,
    slots: &[Slot],
    sentence: &Sentence,
    frame: &Frame,
    limit: u32,
) -> Option<Found> {
    let mut search = Search {
        program,
        slots,
        sentence,
        best: vec![u32::MAX; program.states().len() * (sentence.len() + 1)],
        open: vec![Vec::new(); sentence.len() + 1],
        steps: Vec::new(),
        accepted: None,
        limit,
    };
    for place in 0..=sentence.len() {
        if frame.starts[place] {
            search.add(place, program.start(), Way { cost: place as u32 * cost::POLITE, ..Way::default() });
        }
        let mut index = 0;
        while let Some(&(state, way)) = search.open[place].get(index) {
            index += 1;
            search.go_on(place, state, way, frame);
        }
    }
    search.accepted.and_then(|way| search.found(way))
}

/// A way to some state at some place.
#[derive(Debug, Clone, Copy, Default)]
struct Way {
    cost: u32,
    /// Words and values that are exactly the trigger's.
    exact: u16,
    /// Words that are only like the trigger's.
    alike: u16,
    /// Whether one of these does not sound the same.
    other_sound: bool,
    /// Whether one of these is not [`SURE`].
    unsure: bool,
    /// Whether it has read a free text.
    query: bool,
    /// Whether it is inside of a free text, and whether that began with a capital.
    in_query: bool,
    titled: bool,
    /// The last step, from 1; 0 before the first.
    step: usize,
}

impl Way {
    /// Whether enough of it is right to believe the rest.
    fn is_sound(&self) -> bool {
        if self.alike == 0 {
            return true;
        }
        if self.query {
            // A free text proves nothing: nearly all words around it must be right.
            return self.alike * 2 <= self.exact;
        }
        if self.exact == 0 { !self.other_sound } else { self.alike <= self.exact || !self.unsure }
    }
}

/// What a way read, and after which step.
struct Step {
    before: usize,
    read: Read,
}

enum Read {
    Word { place: usize, instead_of: Option<WordId> },
    Query { place: usize, slot: usize, kept: bool },
    Value { from: usize, to: usize, slot: usize, value: Option<SlotValue> },
}

struct Search<'a> {
    program: &'a Program,
    slots: &'a [Slot],
    sentence: &'a Sentence,
    /// The least cost to each state at each place.
    best: Vec<u32>,
    /// The ways to go on from, for each place.
    open: Vec<Vec<(StateId, Way)>>,
    steps: Vec<Step>,
    accepted: Option<Way>,
    limit: u32,
}

impl Search<'_> {
    fn add(&mut self, place: usize, state: StateId, way: Way) {
        let best = &mut self.best[place * self.program.states().len() + state];
        if way.cost >= *best || way.cost >= self.limit {
            return;
        }
        *best = way.cost;
        let program = self.program;
        match &program.states()[state] {
            State::Fork(states) => {
                for &state in states {
                    self.add(place, state, way);
                }
            }
            _ => self.open[place].push((state, way)),
        }
    }

    fn step(&mut self, way: &mut Way, read: Read) {
        self.steps.push(Step { before: way.step, read });
        way.step = self.steps.len();
    }

    fn go_on(&mut self, place: usize, state: StateId, way: Way, frame: &Frame) {
        if way.cost > self.best[place * self.program.states().len() + state] {
            return;
        }
        let program = self.program;
        match &program.states()[state] {
            State::Fork(_) => {}
            State::Accept => self.accept(place, way, frame),
            State::Words { any, next } => {
                self.word(place, any, *next, way);
                self.filler(place, state, way);
            }
            State::Slot { slot, kept, next } => {
                if self.slots[*slot].kind == SlotType::Query {
                    self.query(place, state, way);
                } else {
                    self.value(place, *slot, *kept, *next, way);
                }
                if !way.in_query {
                    self.filler(place, state, way);
                }
            }
        }
    }

    fn accept(&mut self, place: usize, mut way: Way, frame: &Frame) {
        way.cost += (self.sentence.len() - place) as u32 * cost::POLITE;
        let better = self.accepted.is_none_or(|other| way.cost < other.cost);
        if frame.ends[place] && way.is_sound() && way.cost < self.limit && better {
            self.accepted = Some(way);
        }
    }

    fn word(&mut self, place: usize, any: &[WordId], next: StateId, way: Way) {
        let sentence = self.sentence;
        let Some(candidates) = sentence.candidates.get(place) else { return };
        for candidate in candidates.iter().filter(|c| any.binary_search(&c.word).is_ok()) {
            let mut way = Way { in_query: false, ..way };
            if candidate.score == 100.0 {
                way.exact += 1;
                self.step(&mut way, Read::Word { place, instead_of: None });
            } else {
                way.alike += 1;
                way.other_sound |= !candidate.same_sound;
                way.unsure |= candidate.score < SURE;
                way.cost += cost::unlike(candidate.score);
                self.step(&mut way, Read::Word { place, instead_of: Some(candidate.word) });
            }
            self.add(place + 1, next, way);
        }
    }

    fn filler(&mut self, place: usize, state: StateId, way: Way) {
        if self.sentence.fillers.get(place) == Some(&true) {
            self.add(place + 1, state, Way { cost: way.cost + cost::FILLER, ..way });
        }
    }

    /// A word of a free text, after which the text goes on or ends.
    fn query(&mut self, place: usize, state: StateId, way: Way) {
        let State::Slot { slot, kept, next } = self.program.states()[state] else { return };
        let Some(token) = self.sentence.tokens.get(place) else { return };
        let mut way = way;
        if !way.in_query {
            way.titled = token.capital && self.sentence.capitals_tell;
        }
        if !self.slots[slot].query.allow(token, !way.in_query, way.titled) {
            return;
        }
        way.cost += cost::QUERY_WORD + if way.in_query { 0 } else { cost::QUERY };
        way.query = true;
        self.step(&mut way, Read::Query { place, slot, kept });
        self.add(place + 1, next, Way { in_query: false, ..way });
        self.add(place + 1, state, Way { in_query: true, ..way });
    }

    fn value(&mut self, place: usize, slot: usize, kept: bool, next: StateId, way: Way) {
        let words: Vec<&str> =
            self.sentence.tokens[place..].iter().map(|token| token.bare.as_str()).collect();
        let Some((value, used)) = slots::read(self.slots[slot].kind, &words) else { return };
        let mut way = Way { in_query: false, exact: way.exact + 1, ..way };
        let to = place + used.clamp(1, words.len());
        self.step(&mut way, Read::Value { from: place, to, slot, value: kept.then_some(value) });
        self.add(to, next, way);
    }

    fn found(&self, way: Way) -> Option<Found> {
        let mut steps = Vec::new();
        let mut at = way.step;
        while let Some(step) = at.checked_sub(1).map(|index| &self.steps[index]) {
            steps.push(&step.read);
            at = step.before;
        }
        steps.reverse();

        let mut heard = Vec::new();
        let mut values = Vec::new();
        let mut queries: Vec<(usize, Vec<Token>)> = Vec::new();
        for read in steps {
            match read {
                Read::Word { place, instead_of } => heard.push((*place, *instead_of)),
                Read::Value { from, to, slot, value } => {
                    heard.extend((*from..*to).map(|place| (place, None)));
                    values.extend(value.clone().map(|value| (*slot, value)));
                }
                Read::Query { place, slot, kept } => {
                    heard.push((*place, None));
                    if *kept {
                        let token = self.sentence.tokens[*place].clone();
                        match queries.iter_mut().find(|(own, _)| own == slot) {
                            Some((_, tokens)) => tokens.push(token),
                            None => queries.push((*slot, vec![token])),
                        }
                    }
                }
            }
        }
        for (slot, tokens) in queries {
            let text = self.slots[slot].query.text(&tokens, self.sentence.capitals_tell)?;
            values.push((slot, text.into()));
        }
        Some(Found { cost: way.cost, heard, slots: values })
    }
}
