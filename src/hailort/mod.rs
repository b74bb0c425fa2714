//! Safe handles over the HailoRT API that release in the right order.
//!
//! | room | holds |
//! | --- | --- |
//! | [`error`] | [`HailoError`]: which call answered what |
//! | `call` | how every call is made |
//! | [`recorder`] | which call each thread is in, to be read by another process |
//! | [`ledger`] | every handle that was made and not released |
//! | `signals` | none for the threads that the library starts |
//! | `shutdown` | ending all transfers from another thread |
//! | [`device`] | [`Device`]: what a device says of itself, beside whoever uses it |
//! | [`vdevice`] | [`VDevice`]: devices in exclusive use |
//! | [`model`] | [`Model`]: a HEF, its network group and its vstreams; inference |
//!
//! The order of release is what the real library needs: shut the network group down, outputs, inputs, HEF, and the
//! virtual device last. Each handle keeps what it depends on alive, so that no order of drops can break it.

mod call;
pub mod device;
pub mod error;
pub mod ledger;
pub mod model;
pub mod recorder;
pub(crate) mod shutdown;
pub(crate) mod signals;
pub mod vdevice;

pub use device::{Device, Identity};
pub use error::HailoError;
pub use model::{HefSource, Model, VStream};
pub use vdevice::VDevice;
