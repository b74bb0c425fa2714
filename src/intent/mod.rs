//! From a French sentence to an intent with typed slots.
//!
//! - [`IntentEngine`]: a dictionary, and sentences in
//! - [`fuzzy`]: how alike two texts are, with RapidFuzz's scores
//! - `dictionary`, `trigger`, `program`: the dictionary's file, its triggers, and the states they become
//! - `vocabulary`, `sound`: which of the dictionary's words a word may be
//! - `sentence`: what was said, and where the command may lie in it
//! - `matching`: the cheapest way of a sentence through a trigger
//! - `slots`: what minutes, times, shares and titles are

mod dictionary;
mod engine;
mod error;
pub mod fuzzy;
mod matching;
mod program;
mod sentence;
mod slot;
mod slots;
mod sound;
mod trigger;
mod vocabulary;

pub use engine::{Intent, IntentEngine};
pub use error::{IntentError, IntentErrorKind};
pub use slot::{SlotType, SlotValue, Slots};
