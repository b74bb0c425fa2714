//! Which HailoRT is used.
//!
//! | room | holds |
//! | --- | --- |
//! | [`discovery`] | [`Found`]: the devices of this host, without asking any |
//! | [`survey`] | [`Survey`]: what a runtime lists, and what its devices say of themselves |
//! | [`holders`] | [`Holders`]: who has a device open without asking for the lease |
//! | [`lease`] | [`DeviceLease`]: one user of a device at a time, on the whole host |
//! | `process` | what the kernel says of processes |
//! | [`mod@required`] | `HAILO_REQUIRED`: whether it is a failure that there is no device |
//! | [`runtime`] | [`Runtime`]: the library of a device, or the simulator |

pub mod discovery;
pub mod holders;
pub mod lease;
pub(crate) mod process;
pub mod required;
pub mod runtime;
pub mod survey;

pub use discovery::Found;
pub use holders::{Holder, Holders, Node};
pub use lease::DeviceLease;
pub use required::{RequiredError, RequiredErrorKind, required};
pub use runtime::{Library, Runtime, RuntimeChoice, RuntimeError, RuntimeKind};
pub use survey::{Details, Survey};
