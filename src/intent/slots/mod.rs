//! What the words of a slot mean.
//!
//! - [`query`]: which words of a sentence are the title, and how they are written
//! - [`minutes`]: a length of time
//! - [`percent`]: a share
//! - [`time`]: a time of day
//!
//! The last three read the beginning of a list of words, lower case and without accents, as
//! [`Token::bare`](crate::text::tokens::Token::bare) has them, and say how many they took.

pub(super) mod minutes;
pub(super) mod percent;
pub(super) mod query;
pub(super) mod time;

use super::slot::{SlotType, SlotValue};

/// The value at the beginning of `words` and how many words it takes; `None` for a query, which has no form.
pub(super) fn read(kind: SlotType, words: &[&str]) -> Option<(SlotValue, usize)> {
    match kind {
        SlotType::Query => None,
        SlotType::Minutes => minutes::read(words).map(|(value, used)| (value.into(), used)),
        SlotType::Percent => percent::read(words).map(|(value, used)| (value.into(), used)),
        SlotType::Time => time::read(words).map(|(value, used)| (value.to_string().into(), used)),
    }
}

/// The word at an index, or an empty one past the end.
fn word<'a>(words: &[&'a str], index: usize) -> &'a str {
    words.get(index).copied().unwrap_or("")
}

/// Whether the words at an index are these.
fn follows(words: &[&str], index: usize, expected: &[&str]) -> bool {
    words.get(index..).is_some_and(|rest| rest.starts_with(expected))
}
