//! A simulated HailoRT: the same C API, computed on the CPU with real Whisper weights.
//!
//! | room | holds |
//! | --- | --- |
//! | [`capi`] | the C boundary: handles, pointers, the calls; [`api`] gives the table |
//! | [`canned`] | a tiny model with random weights, for tests of programs |
//! | [`runtime`] | devices, virtual devices, network groups, vstreams, the scheduler |
//! | [`network`] | what a network group computes: Whisper's encoder and decoder |
//! | [`weights`] | weights files: mapped, checked, shared |
//! | [`hef`] | HEF files: parsed, checked, generated |
//! | [`kernels`] | matrix product, softmax, layer norm, GELU |
//!
//! Each may use those below it. Environment: `HAILO_SIM_DEVICES` (number of devices, default 1), `HAILO_SIM_THREADS`
//! (threads that compute, default one a processor), `HAILO_CACHE_DIR` (where weights are found).
//!
//! What is simulated are calling sequence, lifetimes, threads, queues, timeouts and statuses; the accuracy of
//! quantised networks and the faults of the driver are not. Each process has devices of its own.

pub mod canned;
pub mod capi;
pub mod hef;
pub mod kernels;
pub mod network;
pub mod runtime;
pub mod weights;

pub use capi::api;
