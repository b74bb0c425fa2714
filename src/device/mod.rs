//! Which HailoRT is used.
//!
//! | room | holds |
//! | --- | --- |
//! | [`holders`] | [`Holders`]: who has a device open without asking for the lease |
//! | [`lease`] | [`DeviceLease`]: one user of a device at a time, on the whole host |
//! | [`runtime`] | [`Runtime`]: the library of a device, or the simulator |

pub mod holders;
pub mod lease;
pub mod runtime;

pub use holders::{Holder, Holders, Node};
pub use lease::DeviceLease;
pub use runtime::{Runtime, RuntimeChoice, RuntimeError, RuntimeKind};
