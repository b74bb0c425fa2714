//! A trigger made ready for matching: states, each of which reads a word or a slot and goes on to the next.

use std::collections::BTreeMap;

use super::trigger::Part;
use super::vocabulary::{Vocabulary, WordId};

/// The most states of one trigger, word lists and all.
const MOST_STATES: usize = 4096;

/// How deep word lists may name word lists.
const DEEPEST_LIST: usize = 16;

/// Number of a state in its program.
pub(super) type StateId = usize;

/// What a trigger does at one of its places.
#[derive(Debug)]
pub(super) enum State {
    /// One of these words, sorted, then `next`.
    Words { any: Vec<WordId>, next: StateId },
    /// A value of this slot, then `next`.
    Slot { slot: usize, kept: bool, next: StateId },
    /// Any of these states, at the same word. They come before this one: there are no circles.
    Fork(Vec<StateId>),
    /// The trigger has been said.
    Accept,
}

/// A compiled trigger.
#[derive(Debug)]
pub(super) struct Program {
    states: Vec<State>,
    start: StateId,
}

impl Program {
    /// All states.
    pub fn states(&self) -> &[State] {
        &self.states
    }

    /// Where matching begins.
    pub fn start(&self) -> StateId {
        self.start
    }

    /// Whether the trigger begins with a word, and none of `words`, which are sorted, is that word.
    pub fn cannot_begin_with(&self, words: &[WordId]) -> bool {
        !self.begins(self.start, words)
    }

    fn begins(&self, state: StateId, words: &[WordId]) -> bool {
        match &self.states[state] {
            State::Words { any, .. } => words.iter().any(|word| any.binary_search(word).is_ok()),
            State::Fork(states) => states.iter().any(|&state| self.begins(state, words)),
            State::Slot { .. } | State::Accept => true,
        }
    }

    fn accepts_nothing(&self, state: StateId) -> bool {
        match &self.states[state] {
            State::Accept => true,
            State::Fork(states) => states.iter().any(|&state| self.accepts_nothing(state)),
            State::Words { .. } | State::Slot { .. } => false,
        }
    }
}

/// What triggers may name.
pub(super) struct Compiler<'a> {
    /// The phrases of each word list.
    pub lists: &'a BTreeMap<String, Vec<Vec<Part>>>,
    /// The names of the slots; their places are their numbers. Empty where slots are not allowed.
    pub slots: &'a [String],
    pub vocabulary: &'a mut Vocabulary,
}

impl Compiler<'_> {
    /// Compiles a trigger, or several as one: `any` of them is said.
    ///
    /// # Errors
    /// What is wrong, as a sentence: an unknown list or slot, lists in a circle, a trigger that is too large or that
    /// silence would match.
    pub fn compile(&mut self, any: &[Vec<Part>]) -> Result<Program, String> {
        let mut program = Program { states: vec![State::Accept], start: 0 };
        program.start = self.either(any, 0, &mut program.states, &mut Vec::new())?;
        if program.accepts_nothing(program.start) {
            return Err("every part of it is optional: at least one word must be said".to_owned());
        }
        Ok(program)
    }

    fn sequence(
        &mut self,
        parts: &[Part],
        next: StateId,
        states: &mut Vec<State>,
        inside: &mut Vec<String>,
    ) -> Result<StateId, String> {
        let mut next = next;
        for part in parts.iter().rev() {
            next = match part {
                Part::Word(word) => {
                    let any = vec![self.vocabulary.add(word)];
                    push(states, State::Words { any, next })?
                }
                Part::Slot { name, kept } => {
                    let Some(slot) = self.slots.iter().position(|known| known == name) else {
                        return Err(self.unknown_slot(name));
                    };
                    push(states, State::Slot { slot, kept: *kept, next })?
                }
                Part::List(name) => self.list(name, next, states, inside)?,
                Part::Either(any) => self.either(any, next, states, inside)?,
                Part::Optional(any) => {
                    let said = self.either(any, next, states, inside)?;
                    push(states, State::Fork(vec![said, next]))?
                }
            };
        }
        Ok(next)
    }

    fn list(
        &mut self,
        name: &str,
        next: StateId,
        states: &mut Vec<State>,
        inside: &mut Vec<String>,
    ) -> Result<StateId, String> {
        let lists = self.lists;
        let Some(phrases) = lists.get(name) else {
            let known: Vec<&str> = lists.keys().map(String::as_str).collect();
            return Err(format!("unknown list <{name}>: [lists] has {}", known.join(", ")));
        };
        if inside.iter().any(|outer| outer == name) {
            return Err(format!("the list <{name}> names itself"));
        }
        if inside.len() >= DEEPEST_LIST {
            return Err(format!("lists name lists more than {DEEPEST_LIST} deep"));
        }
        inside.push(name.to_owned());
        let start = self.either(phrases, next, states, inside);
        inside.pop();
        start
    }

    fn either(
        &mut self,
        any: &[Vec<Part>],
        next: StateId,
        states: &mut Vec<State>,
        inside: &mut Vec<String>,
    ) -> Result<StateId, String> {
        // Single words become one state, which is what keeps long word lists fast.
        let mut single = Vec::new();
        let mut starts = Vec::new();
        for parts in any {
            match parts.as_slice() {
                [Part::Word(word)] => single.push(self.vocabulary.add(word)),
                parts => starts.push(self.sequence(parts, next, states, inside)?),
            }
        }
        if !single.is_empty() {
            single.sort_unstable();
            single.dedup();
            starts.push(push(states, State::Words { any: single, next })?);
        }
        match starts.as_slice() {
            [one] => Ok(*one),
            _ => push(states, State::Fork(starts)),
        }
    }

    fn unknown_slot(&self, name: &str) -> String {
        if self.slots.is_empty() {
            return format!("{{{name}}} is no word: there are no slots here");
        }
        format!("unknown slot {{{name}}}: [slots] has {}", self.slots.join(", "))
    }
}

fn push(states: &mut Vec<State>, state: State) -> Result<StateId, String> {
    if states.len() >= MOST_STATES {
        return Err(format!("too large: more than {MOST_STATES} places, counting those of its lists"));
    }
    states.push(state);
    Ok(states.len() - 1)
}
