//! A simulated HailoRT: the same C API, computed on the CPU with real Whisper weights.
//!
//! | room | holds |
//! | --- | --- |
//! | [`capi`] | the C boundary: handles, pointers, the calls; [`api`] gives the table |
//! | [`canned`] | a tiny model with random weights, for tests of programs |
//! | [`published`] | the files that programs for a device load beside HEFs |
//! | [`faults`] | faults on demand: calls that fail, wait, hang, crash or leak |
//! | [`misuse`] | what callers did wrong: reported, counted, never undefined behaviour |
//! | [`runtime`] | devices, virtual devices, network groups, vstreams, the scheduler |
//! | [`network`] | what a network group computes: Whisper's encoder and decoder |
//! | [`frames`] | frames of the host and of the device, and the way from one to the other |
//! | [`weights`] | weights files: mapped, checked, shared |
//! | [`hef`] | HEF files: parsed, checked, generated |
//! | [`kernels`] | matrix product, softmax, layer norm, GELU |
//! | [`logger`] | the thread and the files that the real library has from its load on |
//! | [`version`] | which version of HailoRT it is: `HAILO_SIM_VERSION` |
//!
//! Each may use those below it. Environment: `HAILO_SIM_DEVICES` (number of devices, default 1), `HAILO_SIM_HOST` (the
//! simulated host whose devices they are, default `default`), `HAILO_SIM_ARCH` (what they are, default `hailo8l`), `HAILO_SIM_THREADS` (threads that compute, default one a
//! processor), `HAILO_SIM_VERSION` (which HailoRT is simulated, 4.20.0 to 4.23.0, the default; see [`version`]), `HAILO_SIM_FAULTS` (calls that misbehave, see [`faults`]), `HAILO_SIM_STATE` (the folder that remembers what
//! befell a host, see [`runtime::state`]), `HAILO_CACHE_DIR` (where weights are found).
//!
//! What is simulated are calling sequence, lifetimes, exclusive use, threads, queues, timeouts and statuses; the
//! accuracy of quantised networks is not, and faults only where they are asked for.
//!
//! Simulated devices belong to the host, as real ones do: a device that one process uses is refused to all others, of
//! all users, until it is released or its holder ends. A program that wants devices of its own says so with
//! [`runtime::host::own`], or is started with a `HAILO_SIM_HOST` of its own.

pub mod canned;
pub mod capi;
mod console;
pub mod faults;
pub mod frames;
pub mod hef;
pub mod kernels;
pub mod logger;
pub mod misuse;
pub mod network;
pub mod published;
mod random;
pub mod runtime;
pub mod version;
pub mod weights;

pub use capi::{api, further_api};
