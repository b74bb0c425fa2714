//! Any program under the lease of a device, such as a script that knows nothing of it.
//!
//! | room | holds |
//! | --- | --- |
//! | [`program`] | [`run`]: starts it, passes signals on, ends it when its time is over, and says how it ended |
//! | `group` | the process group of the program: all that it started and did not send away |
//! | `terminal` | the terminal belongs to the program while it runs, and Ctrl+Z stops both |

mod group;
pub mod program;
mod terminal;

pub use program::{HoldError, Outcome, run};
