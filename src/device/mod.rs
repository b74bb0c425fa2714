//! Which HailoRT is used.
//!
//! | room | holds |
//! | --- | --- |
//! | [`lease`] | [`DeviceLease`]: one user of a device at a time, on the whole host |
//! | [`runtime`] | [`Runtime`]: the library of a device, or the simulator |

pub mod lease;
pub mod runtime;

pub use lease::DeviceLease;
pub use runtime::{Runtime, RuntimeChoice, RuntimeError, RuntimeKind};
