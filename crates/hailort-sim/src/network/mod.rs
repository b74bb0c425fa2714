//! What a simulated network group computes.
//!
//! | room | holds |
//! | --- | --- |
//! | [`build`] | from what a HEF names to a network |
//! | [`whisper`] | Whisper's encoder and decoder over mapped weights |
//! | `layers` | linear layers, norms and attention, shared by both |

pub mod build;
mod layers;
pub mod whisper;

/// A network: float32 inputs in the order of the HEF's inputs, float32 outputs in the order of the HEF's outputs.
pub trait Network: Send {
    /// One inference. The result depends on the inputs alone, never on what was asked before.
    ///
    /// # Panics
    /// When a buffer has not the size that the HEF declares: the caller has checked that.
    fn run(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]);
}
