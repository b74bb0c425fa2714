//! Speech to text in a worker process.
//!
//! | room | holds |
//! | --- | --- |
//! | [`options`] | [`SttOptions`]: language, model, runtime, [`Deadlines`] |
//! | [`retry`] | [`RetryPolicy`]: which failures of a device are tried again, and when |
//! | [`sound`] | [`Sound`]: what can be transcribed: files, samples |
//! | [`engine`] | [`HailoStt`] |
//! | `control` | what ends it from outside, whoever uses it just then |
//! | [`files`] | which files a worker loads, when it is known what it runs on; [`HefChoice`] |
//! | `running` | the worker: how it is started, rebuilt and replaced; [`Repairs`] |
//! | [`error`] | [`SttError`] |

mod control;
pub mod engine;
pub mod error;
pub mod files;
pub mod options;
pub mod retry;
mod running;
pub mod sound;

pub use crate::device::lease::Wait;
pub use crate::watchdog::Deadlines;
pub use engine::HailoStt;
pub use error::{SttError, SttErrorKind};
pub use files::{FilesError, HefChoice};
pub use options::{SttModel, SttModelError, SttOptions};
pub use retry::RetryPolicy;
pub use running::Repairs;
pub use sound::Sound;
