//! What happens behind the C API: devices, virtual devices, network groups and vstreams with their threads.
//!
//! | room | holds |
//! | --- | --- |
//! | [`queue`] | the bounded queue between two threads, with timeout and shutdown |
//! | [`host`] | the simulated devices of this host and who uses them |
//! | [`mark`] | the exclusive mark of a device, which all processes see |
//! | [`vdevice`] | a virtual device: its threads, the marks of its devices, its network groups |
//! | [`bus`] | devices that are lost |
//! | [`forked`] | children made by plain fork, which hang as in the real library |
//! | `heat` | how warm the chips are, and what comes of it |
//! | [`state`] | what a simulated host remembers when the process is gone that did it |
//! | [`scheduler`] | the thread that runs network groups round-robin, and the threads that compute |
//! | [`group`] | a configured network group and what connects it to the scheduler |
//! | [`activation`] | groups that run without a scheduler |
//! | [`stream`] | streams: frames as the device has them |
//! | [`notifications`] | what devices tell, and who listens |
//! | [`vstream`] | input and output vstreams: one thread for an input, two for an output |
//!
//! Everything here is safe Rust over `Arc`s; raw pointers and handles are the business of [`crate::capi`].

pub mod activation;
pub mod bus;
pub mod forked;
pub mod group;
pub(crate) mod heat;
pub mod host;
pub mod mark;
pub mod notifications;
pub mod queue;
pub mod scheduler;
pub mod state;
pub mod stream;
pub mod vdevice;
pub mod vstream;
