//! Frames of the host and of the device, and the way from one to the other.
//!
//! | room | holds |
//! | --- | --- |
//! | [`transform`] | [`transform::InputTransform`] and [`transform::OutputTransform`]: what is done to a frame |
//! | [`size`] | bytes of a frame, and what "automatic" in a format stands for |
//! | `quantise` | from real values to the device's numbers and back |
//! | `reorder` | from one order of elements to another, and transposition |
//! | [`values`] | what the numbers of a frame of the device stand for |
//!
//! All is as in HailoRT 4.23 (`transform.cpp`, `quantization.hpp`, `hailort_common.hpp`), byte by byte: the tests compare
//! with the answers of that library. What C leaves undefined there is said where it is defined here.

mod quantise;
mod reorder;
pub mod size;
pub mod transform;
pub mod values;
