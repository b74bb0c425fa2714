//! Cleanup that runs however a program ends.
//!
//! | room | holds |
//! | --- | --- |
//! | [`registry`] | [`CleanupRegistry`]: what has to be done, last in first out, each in its own time |
//! | [`signals`] | SIGINT, SIGTERM, SIGHUP and SIGQUIT run it, and then do what they did before |
//! | [`exit`] | [`force_exit`]: cleans up and ends, whatever threads still hang |
//!
//! Handlers run on normal exit (return from `main`, `std::process::exit`), after an unwinding panic that ends the
//! program, on the signals, where they are handled, and in [`force_exit`]. They do not run on SIGKILL, on `abort`, and
//! on a bare `_exit`: workers die with their parent all the same.

pub mod exit;
pub mod registry;
pub mod signals;

pub use exit::force_exit;
pub use registry::{CleanupGuard, CleanupRegistry, HandlerReport, Outcome};
pub use signals::SignalsError;
