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
    beginnings: Beginnings,
}

/// What a trigger may begin with.
#[derive(Debug, Default)]
struct Beginnings {
    /// These words, sorted,
    words: Vec<WordId>,
    /// or the value of a slot,
    slot: bool,
    /// or nothing at all.
    nothing: bool,
}

impl Beginnings {
    fn of(states: &[State], start: StateId) -> Self {
        let mut all = Self::default();
        let mut seen = vec![false; states.len()];
        let mut open = vec![start];
        while let Some(state) = open.pop() {
            if std::mem::replace(&mut seen[state], true) {
                continue;
            }
            match &states[state] {
                State::Words { any, .. } => all.words.extend(any),
                State::Slot { .. } => all.slot = true,
                State::Fork(states) => open.extend(states),
                State::Accept => all.nothing = true,
            }
        }
        all.words.sort_unstable();
        all.words.dedup();
        all
    }
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

    /// Whether the trigger begins with a word, and none of `words` is that word.
    pub fn cannot_begin_with(&self, words: &[WordId]) -> bool {
        !self.beginnings.slot && !words.iter().any(|word| self.beginnings.words.binary_search(word).is_ok())
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
        let mut states = vec![State::Accept];
        let start = self.either(any, 0, &mut states, &mut Vec::new())?;
        let beginnings = Beginnings::of(&states, start);
        if beginnings.nothing {
            return Err("every part of it is optional: at least one word must be said".to_owned());
        }
        Ok(Program { states, start, beginnings })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intent::trigger::parse;

    fn compile(trigger: &str) -> Result<(Program, Vocabulary), String> {
        let mut vocabulary = Vocabulary::default();
        let lists = BTreeMap::new();
        let slots = ["query".to_owned()];
        let mut compiler = Compiler { lists: &lists, slots: &slots, vocabulary: &mut vocabulary };
        let program = compiler.compile(&[parse(trigger)?])?;
        Ok((program, vocabulary))
    }

    #[test]
    fn a_trigger_knows_what_it_begins_with() {
        let (program, mut vocabulary) = compile("[alors] (joue|mets) {query}").unwrap();
        for (word, begins) in [("alors", true), ("joue", true), ("mets", true), ("stop", false)] {
            let id = vocabulary.add(word);
            assert_eq!(program.cannot_begin_with(&[id]), !begins, "{word}");
        }
        assert!(!compile("[alors] {query}").unwrap().0.cannot_begin_with(&[]));
    }

    #[test]
    fn single_words_share_a_state() {
        let (program, _) = compile("(un|deux|trois|quatre)").unwrap();
        assert_eq!(program.states().len(), 2);
    }

    #[test]
    fn many_ways_through_a_trigger_cost_no_more_than_its_length() {
        let trigger = format!("{} fin", "([a]|[b]|[c])".repeat(200));
        assert!(compile(&trigger).is_ok());
        assert!(compile(&"([a]|[b]|[c])".repeat(200)).unwrap_err().contains("optional"));
    }
}
