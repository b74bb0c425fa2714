//! Deadlines, and what happens when one has passed.
//!
//! | room | holds |
//! | --- | --- |
//! | [`phase`] | [`Phase`]: what a process may hang in |
//! | [`deadlines`] | [`Deadlines`]: how long each phase may take |
//! | [`budgets`] | [`Budgets`]: how long each step may take that ends a process |
//! | [`escalation`] | asking, SIGTERM, SIGKILL, one after the other |
//! | [`hang`] | [`Hang`]: what is known of a process that did not answer in time |
//! | `seconds` | durations in JSON |

pub mod budgets;
pub mod deadlines;
pub mod escalation;
pub mod hang;
pub mod phase;
pub(crate) mod seconds;

pub use budgets::Budgets;
pub use deadlines::{Deadlines, DeadlinesError};
pub use escalation::{Step, StepKind};
pub use hang::{DeviceState, Hang};
pub use phase::Phase;
