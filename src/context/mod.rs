//! Speech-to-text and intents, started and cleaned up together.
//!
//! | room | holds |
//! | --- | --- |
//! | [`builder`] | [`ContextBuilder`]: the choices |
//! | [`hailo`] | [`HailoContext`] |
//! | [`only`] | [`stt_only`], [`intents_only`]: the context without the other half |
//! | [`heard`] | [`Heard`]: a transcript and its intent |
//! | [`teardown`] | [`TeardownReport`]: what was found at the end |
//! | [`error`] | [`ContextError`] |

pub mod builder;
pub mod error;
pub mod hailo;
pub mod heard;
pub mod only;
pub mod teardown;

pub use builder::ContextBuilder;
pub use error::ContextError;
pub use hailo::HailoContext;
pub use heard::Heard;
pub use only::{SttOnly, intents_only, stt_only};
pub use teardown::{Finding, TeardownReport};
