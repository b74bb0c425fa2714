//! What every thread of another process does: its state, what it waits for and where, function by function.
//!
//! | room | holds |
//! | --- | --- |
//! | [`mod@capture`] | [`capture()`](capture::capture) and [`Capture`]: what is taken from the process while it lives |
//! | [`limits`] | [`Limits`]: how long and how much |
//! | [`diagnosis`] | [`Diagnosis`]: the result |
//! | [`thread`] | [`Thread`], its [`State`], [`Stack`] and [`Frame`]s |
//! | [`blame`] | which frame of a thread is to blame, in a line; who waits for a mutex |
//! | `brief` | a diagnosis in brief, as errors show it |
//! | `render` | a diagnosis as text for a terminal |
//! | [`naming`] | [`Naming`]: functions are named while something else is done, as far as there is time |
//! | `tracer` | the thread that stops the other process's threads one by one |
//! | `ptrace` | the system calls for that: the only unsafe code here |
//! | `proc` | what `/proc` says about a thread |
//! | `maps` | which files a process has mapped, and where |
//! | `sources` | the files behind the mappings, opened while the process lives |
//! | `unwind` | from registers and a copy of the stack to return addresses |
//! | `modules` | which module an address is in |
//! | `signal_frame` | past signal handlers, to what they interrupted |
//! | `elf` | sections, symbols and debug information of a file, read within bounds |
//! | `symbolise` | from addresses to functions and lines |
//! | `demangle` | names of Rust and C++ as people write them |
//!
//! It has two phases. [`capture()`](capture::capture) stops each thread for about a tenth of a millisecond, copies its
//! registers and the used part of its stack, and lets it go on. That phase is short and bounded, and after it the
//! process may be killed. [`Capture::resolve`] then finds the callers by the unwind tables of the files, as profilers
//! do, and names the functions. No signal is sent, and nothing runs in the other process: it can hang in any place.

pub mod blame;
mod brief;
pub mod capture;
mod demangle;
#[allow(clippy::module_inception)]
pub mod diagnosis;
mod elf;
pub mod limits;
mod maps;
mod modules;
pub mod naming;
mod proc;
mod ptrace;
mod render;
mod signal_frame;
mod sources;
mod symbolise;
pub mod thread;
mod tracer;
mod unwind;

pub use capture::{Capture, capture};
pub use diagnosis::Diagnosis;
pub use limits::Limits;
pub use naming::Naming;
pub use thread::{Frame, Stack, State, Thread};
