//! Finding the way through a trigger that costs least for a sentence.
//!
//! A way reads the sentence word by word. Its cost says how far the sentence is from the trigger, and orders the
//! ways of all triggers: words of the trigger are free, a word that is only like one costs more the less it is like
//! it, and a free text costs most, so that `mets mes favoris` asks for the favourites, not for a song of that name.
//!
//! For each place in the sentence and state of the trigger only the cheapest way is kept. The time is bounded by
//! words × states × states; [`Sentence`] bounds the words, and [`Program`] the states.

use super::program::{Program, State, StateId};
use super::sentence::{Frame, Sentence};
use super::slot::{SlotType, SlotValue};
use super::slots::{self, query};
use super::vocabulary::WordId;
use crate::text::tokens::Token;

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
        for candidate in sentence.candidates(place).iter().filter(|c| any.binary_search(&c.word).is_ok()) {
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
        if self.sentence.is_filler(place) {
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
