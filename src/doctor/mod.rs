//! What stands in the way of tests on a device, and the command that mends it.
//!
//! | room | holds |
//! | --- | --- |
//! | [`check`] | [`Check`]: what was looked at, how it is, and what mends it |
//! | [`place`] | [`Place`]: where the kernel shows what it knows, and where the project is |
//! | [`need`] | [`Need`]: whether the lack of a device is a failure |
//! | `library`, `driver`, `node`, `device`, `holders` | the way to a device, from the library to who holds it |
//! | `locks`, `models`, `cache` | what the harness itself needs |
//! | `nextest` | the runner, and what the project tells it |
//! | `clock`, `heat`, `stacks` | the machine |
//! | [`examination`] | all of them, in order |

mod cache;
pub mod check;
mod clock;
mod device;
mod driver;
pub mod examination;
mod heat;
mod holders;
mod library;
mod locks;
mod models;
pub mod need;
mod nextest;
mod node;
pub mod place;
mod stacks;

pub use check::{Check, State};
pub use examination::{Examination, examine};
pub use need::Need;
pub use place::Place;
