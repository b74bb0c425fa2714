//! Getting a device back that nobody can use: a ladder, each rung harder than the one before.
//!
//! | room | holds |
//! | --- | --- |
//! | [`rung`] | [`Rung`]: what is tried; [`Tried`]: what came of it |
//! | [`ladder`] | [`climb`]: one rung after the other, until the device can be opened |
//! | [`system`] | [`System`]: driver and PCIe bus of this host |
//!
//! A device is back when it was opened and closed again, and by nothing less: only then its mark goes
//! (see [`Wedged`](crate::device::lease::Wedged)).

pub mod ladder;
pub mod rung;
pub mod system;

pub use ladder::{Ladder, climb};
pub use rung::{Outcome, Rung, Tried};
pub use system::System;
