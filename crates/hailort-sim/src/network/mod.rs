//! What a simulated network group computes.
//!
//! | room | holds |
//! | --- | --- |
//! | [`build`] | from what a HEF names to a network |
//! | [`pass`] | outputs that are inputs |
//! | [`whisper`] | Whisper's encoder and decoder over mapped weights |
//! | `layers` | linear layers, norms and attention, shared by both |

pub mod build;
mod layers;
pub mod pass;
pub mod whisper;

/// A network: float32 inputs in the order of the HEF's inputs, float32 outputs in the order of the HEF's outputs.
pub trait Network: Send {
    /// One inference. The result depends on the inputs alone, never on what was asked before.
    ///
    /// # Panics
    /// When a buffer has not the size that the HEF declares: the caller has checked that.
    fn run(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]);

    /// One inference of one of several networks of a group, by its number among [`crate::hef::NetworkGroup::units`]: its
    /// inputs and outputs alone.
    ///
    /// # Panics
    /// As [`Network::run`].
    fn run_unit(&mut self, unit: usize, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let _ = unit;
        self.run(inputs, outputs);
    }
}
