//! Cleanup that runs however a program ends.
//!
//! | room | holds |
//! | --- | --- |
//! | [`registry`] | [`CleanupRegistry`]: what has to be done, last in first out, each in its own time |
//! | [`handler`] | one of them, on a thread of its own |
//! | [`signals`] | SIGINT, SIGTERM, SIGHUP and SIGQUIT run them, and then do what they did before |
//! | [`exit`] | [`force_exit`]: cleans up and ends, whatever threads still hang |
//! | `status` | the status that was asked for first |
//! | `running_test` | whether this process is a running test, which must not pass by ending in its middle |
//! | `bounded` | work that must not hold up an exit |
//!
//! Handlers run on normal exit (return from `main`, `exit`), after a panic that unwinds out of `main`, on the signals
//! where they are handled, and in [`force_exit`]. How the process then ends:
//!
//! | what happened | how it ends |
//! | --- | --- |
//! | a signal, at any time before the end | by the signal (a shell shows 130 or 143, and stops its loop) |
//! | `exit` or [`force_exit`], also several of them | with the status that was asked for first |
//! | a panic of the main thread | with 101, as without handlers |
//! | `exit(0)` or `force_exit(0)` inside a running test | with 101 and a line that says so |
//!
//! # What stays open
//!
//! No handler runs on SIGKILL, on `abort` (which is also what a panic is with `panic = "abort"`, and one in a drop
//! while another unwinds), on a crash, and on a bare `_exit`. Workers die with their parent all the same.
//!
//! A test that ends its process with status 0 in its middle passes
//! - by a bare `_exit(0)` (or `quick_exit`): nothing of this crate is called;
//! - by `exit(0)` on the main thread, where a harness runs tests on it (libtest-mimic with `--test-threads=1` or on a
//!   single processor; libtest never does): it looks like the end of the run;
//! - by `exit(0)` or `force_exit(0)` under `cargo test`, or any runner but nextest, before the first guard of
//!   `fixtures` was made in the process: nothing tells it from a program;
//! - by `exit(0)` in a program that does not link this crate, or has it in a shared object only.
//!
//! A child made by fork without exec runs no handlers, neither its parent's nor its own.

pub(crate) mod bounded;
pub mod exit;
pub mod handler;
pub mod registry;
pub(crate) mod running_test;
pub mod signals;
mod status;

pub use exit::force_exit;
pub use handler::Outcome;
pub use registry::{CleanupGuard, CleanupRegistry, HandlerReport};
pub use signals::SignalsError;
