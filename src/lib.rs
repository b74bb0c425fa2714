//! Fixtures, watchdog, leak report and corpus for testing speech-to-text and intents on a Hailo accelerator.
//!
//! | module | holds |
//! | --- | --- |
//! | [`fixtures`] | rstest fixtures, and guards that fail a test |
//! | [`snapshot`] | `assert_heard!` and `corpus_tests!` |
//! | [`context`] | [`HailoContext`], [`stt_only()`], [`intents_only()`]: started and cleaned up together |
//! | [`cleanup`] | what runs however a program ends: [`CleanupRegistry`], [`force_exit`] |
//! | [`stt`] | [`HailoStt`]: speech to text in a worker process |
//! | [`intent`] | sentences to intents |
//! | [`hold`] | any program under the lease of a device |
//! | [`reset`] | getting a device back that nobody can use |
//! | [`doctor`] | what stands in the way of tests on a device, and what mends it |
//! | [`worker`] | the process that owns the device |
//! | [`report`] | the ledger of a run of tests |
//! | [`diagnosis`] | what every thread of another process does |
//! | [`leaks`] | what a process has left behind |
//! | [`watchdog`] | deadlines, and what happens when one has passed |
//! | [`device`] | which HailoRT is used: a device's, or the simulator |
//! | [`whisper`] | audio, log-mel, decoding, tokens to text |
//! | [`hailort`] | safe handles over the HailoRT API |
//! | [`models`] | model files: catalogue, cache, download |
//! | [`corpus`] | clips with expected texts and intents; WER and CER |
//! | [`text`] | languages, and the normal form in which texts are compared |
//! | [`cli`] | the command |

pub mod cleanup;
#[cfg(feature = "cli")]
pub mod cli;
pub mod context;
pub mod corpus;
pub mod device;
pub mod diagnosis;
pub mod doctor;
#[cfg(feature = "fixtures")]
pub mod fixtures;
pub mod hailort;
pub mod hold;
pub mod intent;
pub mod leaks;
pub mod models;
pub mod report;
pub mod reset;
#[cfg(feature = "fixtures")]
pub mod snapshot;
pub mod stt;
pub mod text;
pub mod watchdog;
pub mod whisper;
pub mod worker;

pub use cleanup::{CleanupRegistry, force_exit};
pub use context::{HailoContext, intents_only, stt_only};
#[cfg(feature = "fixtures")]
pub use fixtures::TestResult;
pub use stt::HailoStt;
pub use worker::may_hang;

/// Holds the README's code to what it says.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Holds the guide for those who come from Python to what it says.
#[cfg(doctest)]
#[doc = include_str!("../docs/migrating-from-python.md")]
struct MigratingFromPython;

/// Holds the guide to hangs and leaks to what it says.
#[cfg(doctest)]
#[doc = include_str!("../docs/hangs-and-leaks.md")]
struct HangsAndLeaks;

/// For the macros of this crate alone.
#[cfg(feature = "fixtures")]
#[doc(hidden)]
pub mod __private {
    pub use insta;
}
