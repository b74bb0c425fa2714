//! Any program under the lease of a device, such as a script that knows nothing of it.
//!
//! | room | holds |
//! | --- | --- |
//! | [`program`] | [`run`]: starts it, passes signals on, ends it when its time is over, and says how it ended |
//! | `group` | all that the program started, wherever it has gone |
//! | `terminal` | the terminal belongs to the program while it runs, and Ctrl+Z stops both |

mod group;
pub mod program;
mod terminal;

pub use program::{HoldError, Outcome, run};
