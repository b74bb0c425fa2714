//! Which HailoRT is used.
//!
//! | room | holds |
//! | --- | --- |
//! | [`runtime`] | [`Runtime`]: the library of a device, or the simulator |

pub mod runtime;

pub use runtime::{Runtime, RuntimeChoice, RuntimeError, RuntimeKind};
