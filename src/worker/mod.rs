//! The process that owns the device: the running program, executed again, which can be killed.
//!
//! | room | holds |
//! | --- | --- |
//! | [`frame`] | frames on a socket: magic, version, kind, length, payload |
//! | [`message`] | what is said in them |
//! | `entry` | the constructor that turns an executed copy into a worker before `main` |
//! | `outside` | this process, looked at by a worker |
//! | `parent` | how a worker notices that its parent has gone |
//! | `serve` | the worker's side: opens the device, transcribes |
//! | `scratch` | the folder for temporary files that each worker has for itself |
//! | `spawn` | the thread from which all workers are started |
//! | `probe` | whether a device can be used, by opening it |
//! | [`call`] | a function of the user's own, called in a worker |
//! | `image` | where functions are within the executable |
//! | `log` | the last lines that a worker wrote |
//! | `handover` | open files that go with a request |
//! | `conversation` | one question and its answer, within a deadline |
//! | [`switch`] | [`KillSwitch`]: kills a worker, whoever talks to it just then |
//! | [`witness`] | what can be said of a worker while somebody else talks to it |
//! | [`client`] | the parent's side: [`Worker`] |
//! | [`error`] | [`WorkerError`] |
//!
//! A worker dies with its parent by three independent means: the kernel kills it when the thread that started it ends
//! (`PR_SET_PDEATHSIG`; that thread lives as long as the process), it watches a pidfd of its parent, and it watches
//! the end of its socket.

pub mod call;
pub mod client;
mod conversation;
pub(crate) mod entry;
pub mod error;
pub mod frame;
mod handover;
pub(crate) mod image;
mod log;
pub mod message;
mod outside;
mod parent;
pub(crate) mod probe;
mod scratch;
mod serve;
mod spawn;
pub mod switch;
pub mod witness;

pub use call::may_hang;
pub use client::{Ended, Worker, WorkerOptions};
pub use error::{WorkerError, WorkerErrorKind};
pub use message::{Failure, FailureKind, ModelSource, Setup};
pub use outside::diagnose_this;
pub use switch::KillSwitch;

/// Starts what is started once for the process: whoever takes a census does not find it later.
pub(crate) fn warm_up() {
    // Where there is no thread to be had, the next worker says so.
    let _ = spawn::thread();
}
