//! The C API as a program meets it: calling sequence, statuses, waiting, threads and files.
//!
//! Each test needs a process of its own, since devices, variables, threads and files are the process's: nextest gives
//! it one. The model is the canned one unless a test says otherwise.

mod arguments;
mod changes;
mod child;
mod devices;
mod faults;
mod frames;
mod hangs;
mod inference;
mod leaks;
mod lost;
mod misuse;
mod processes;
mod queues;
mod resources;
mod sequence;
mod shutdown;
mod support;
