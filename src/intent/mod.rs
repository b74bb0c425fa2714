//! From a French sentence to an intent with typed slots.

mod engine;
mod error;
pub mod fuzzy;
mod slot;

pub use engine::{Intent, IntentEngine};
pub use error::{IntentError, IntentErrorKind};
pub use slot::{SlotType, SlotValue};
