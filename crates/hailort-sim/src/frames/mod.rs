//! Frames of the host and of the device, and the way from one to the other.
//!
//! | room | holds |
//! | --- | --- |
//! | [`transform`] | [`transform::InputTransform`] and [`transform::OutputTransform`]: what is done to a frame |

pub mod transform;
