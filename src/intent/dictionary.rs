//! A dictionary's file, read and checked.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::error::{IntentError, IntentErrorKind};
use super::matching::Slot;
use super::program::{Compiler, Program};
use super::slot::SlotType;
use super::slots::query;
use super::trigger::{self, Part};
use super::vocabulary::Vocabulary;
use crate::text::lines::Lines;

/// A checked dictionary.
pub(super) struct Dictionary {
    pub intents: Vec<IntentRules>,
    /// The slots; their numbers are their places.
    pub slots: Vec<Slot>,
    pub slot_names: Vec<String>,
    pub vocabulary: Vocabulary,
    /// What may be said before and after a command without changing it.
    pub before: Option<Program>,
    pub after: Option<Program>,
    pub fillers: Vec<String>,
}

/// An intent and what people say for it.
pub(super) struct IntentRules {
    pub name: String,
    pub description: String,
    pub triggers: Vec<Program>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDictionary {
    language: Spanned<String>,
    #[serde(default)]
    before: Vec<Spanned<String>>,
    #[serde(default)]
    after: Vec<Spanned<String>>,
    #[serde(default)]
    fillers: Vec<String>,
    #[serde(default)]
    slots: BTreeMap<String, RawSlot>,
    #[serde(default)]
    lists: BTreeMap<String, Vec<Spanned<String>>>,
    #[serde(default)]
    intent: Vec<RawIntent>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSlot {
    #[serde(rename = "type")]
    kind: Spanned<SlotType>,
    #[serde(default)]
    never: Vec<String>,
    #[serde(default)]
    never_first: Vec<String>,
    #[serde(default)]
    articles: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawIntent {
    name: Spanned<String>,
    description: String,
    triggers: Spanned<Vec<Spanned<String>>>,
}

impl Dictionary {
    /// Reads a dictionary; `name` is its file's, for errors.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn read(name: &str, text: &str) -> Result<Self, IntentError> {
        let raw: RawDictionary = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| Lines::new(text).of(span.start));
            IntentError::new(IntentErrorKind::BadToml, name, error.message().to_owned())
                .at(line)
                .caused_by(error)
        })?;
        let source = Source { name, lines: Lines::new(text) };
        if raw.language.get_ref() != "fr" {
            let message = format!("no numbers or times are known in {:?}: use fr", raw.language.get_ref());
            return Err(source.error(IntentErrorKind::UnknownLanguage, raw.language.span(), message));
        }
        let lists = source.lists(&raw.lists)?;
        let (slot_names, slots) = source.slots(raw.slots)?;
        let mut vocabulary = Vocabulary::default();
        let mut compiler = Compiler { lists: &lists, slots: &[], vocabulary: &mut vocabulary };
        // Lists that no trigger names are checked as well.
        for phrases in raw.lists.values() {
            for phrase in phrases {
                source.trigger(phrase, &mut compiler)?;
            }
        }
        let before = source.phrases(&raw.before, &mut compiler)?;
        let after = source.phrases(&raw.after, &mut compiler)?;
        compiler.slots = &slot_names;
        let intents = source.intents(raw.intent, &mut compiler)?;
        let fillers = raw.fillers.iter().flat_map(|filler| trigger::words(filler)).collect();
        Ok(Self { intents, slots, slot_names, vocabulary, before, after, fillers })
    }
}

/// The text that is read, for errors that name a line of it.
struct Source<'a> {
    name: &'a str,
    lines: Lines,
}

impl Source<'_> {
    fn error(&self, kind: IntentErrorKind, span: Range<usize>, message: String) -> IntentError {
        IntentError::new(kind, self.name, message).at(Some(self.lines.of(span.start)))
    }

    fn bad_trigger(&self, trigger: &Spanned<String>, cause: &str) -> IntentError {
        let message = format!("bad trigger {:?}: {cause}", trigger.get_ref());
        self.error(IntentErrorKind::BadTrigger, trigger.span(), message)
    }

    fn parse(&self, trigger: &Spanned<String>) -> Result<Vec<Part>, IntentError> {
        trigger::parse(trigger.get_ref()).map_err(|cause| self.bad_trigger(trigger, &cause))
    }

    fn lists(
        &self,
        raw: &BTreeMap<String, Vec<Spanned<String>>>,
    ) -> Result<BTreeMap<String, Vec<Vec<Part>>>, IntentError> {
        let mut lists = BTreeMap::new();
        for (name, phrases) in raw {
            let phrases: Vec<_> =
                phrases.iter().map(|phrase| self.parse(phrase)).collect::<Result<_, _>>()?;
            lists.insert(name.clone(), phrases);
        }
        Ok(lists)
    }

    fn slots(&self, raw: BTreeMap<String, RawSlot>) -> Result<(Vec<String>, Vec<Slot>), IntentError> {
        let mut names = Vec::with_capacity(raw.len());
        let mut slots = Vec::with_capacity(raw.len());
        for (name, raw) in raw {
            let has_rules = !(raw.never.is_empty() && raw.never_first.is_empty() && raw.articles.is_empty());
            if has_rules && *raw.kind.get_ref() != SlotType::Query {
                let message = format!("slot {name:?}: only a query has never, never_first and articles");
                return Err(self.error(IntentErrorKind::BadToml, raw.kind.span(), message));
            }
            names.push(name);
            slots.push(Slot {
                kind: raw.kind.into_inner(),
                query: query::Rules::new(&raw.never, &raw.never_first, &raw.articles),
            });
        }
        Ok((names, slots))
    }

    fn trigger(&self, raw: &Spanned<String>, compiler: &mut Compiler) -> Result<Program, IntentError> {
        let parts = self.parse(raw)?;
        compiler.compile(&[parts]).map_err(|cause| self.bad_trigger(raw, &cause))
    }

    /// Phrases without slots as one program, or `None` when there are none.
    fn phrases(
        &self,
        raw: &[Spanned<String>],
        compiler: &mut Compiler,
    ) -> Result<Option<Program>, IntentError> {
        let mut all = Vec::with_capacity(raw.len());
        for phrase in raw {
            // Each by itself first, so that the error names the right one.
            self.trigger(phrase, compiler)?;
            all.push(self.parse(phrase)?);
        }
        match raw.first() {
            None => Ok(None),
            Some(first) => compiler.compile(&all).map(Some).map_err(|cause| self.bad_trigger(first, &cause)),
        }
    }

    fn intents(&self, raw: Vec<RawIntent>, compiler: &mut Compiler) -> Result<Vec<IntentRules>, IntentError> {
        let mut lines: BTreeMap<String, usize> = BTreeMap::new();
        let mut intents = Vec::with_capacity(raw.len());
        for raw in raw {
            let name = raw.name.get_ref().clone();
            let line = self.lines.of(raw.name.span().start);
            if let Some(first) = lines.insert(name.clone(), line) {
                let message = format!("the intent {name:?} is defined at line {first} already");
                return Err(self.error(IntentErrorKind::Duplicate, raw.name.span(), message));
            }
            if raw.triggers.get_ref().is_empty() {
                let message = format!("the intent {name:?} has no triggers: nothing would ask for it");
                return Err(self.error(IntentErrorKind::BadTrigger, raw.triggers.span(), message));
            }
            let triggers = raw.triggers.get_ref();
            let triggers =
                triggers.iter().map(|raw| self.trigger(raw, compiler)).collect::<Result<_, _>>()?;
            intents.push(IntentRules { name, description: raw.description, triggers });
        }
        Ok(intents)
    }
}
