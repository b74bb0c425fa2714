//! What Hailo publishes for Whisper beside its HEFs, made from a weights file: what the host looks up and adds.
//!
//! With the HEFs of [`crate::hef::whisper`] they are all that a program for a device needs: the path of a device can be
//! walked with files of the same names, kinds and shapes.

use half::f16;

use crate::network::whisper::{DECODER_POSITIONS, Dimensions};
use crate::weights::{FormatError, WeightsFile};

/// Multiple of which the length of an NPY file's head is.
const ALIGNMENT: usize = 64;

/// An NPY file (version 1.0) of float32 values in C order.
pub fn npy(shape: &[usize], values: &[f32]) -> Vec<u8> {
    let sizes: String = shape.iter().map(|n| format!("{n}, ")).collect();
    let mut head = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", sizes.trim_end());
    let before = b"\x93NUMPY\x01\x00".len() + size_of::<u16>();
    while !(before + head.len() + 1).is_multiple_of(ALIGNMENT) {
        head.push(' ');
    }
    head.push('\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend(u16::try_from(head.len()).expect("a head under 64 KiB").to_le_bytes());
    out.extend(head.as_bytes());
    out.extend(values.iter().flat_map(|x| x.to_le_bytes()));
    out
}

/// `token_embedding_weight_….npy`: the token embeddings `[vocabulary, width]`.
///
/// # Errors
/// When the weights file has none.
pub fn token_embedding(weights: &WeightsFile) -> Result<Vec<u8>, FormatError> {
    let Dimensions { width, vocabulary, .. } = Dimensions::of(weights)?;
    let shape = [vocabulary, width];
    let stored = weights.f16("decoder/embeddings/weight", &shape)?;
    let values: Vec<f32> =
        stored.as_chunks::<2>().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect();
    Ok(npy(&shape, &values))
}

/// `onnx_add_input_….npy`: the decoder's positional bias `[positions, width]`.
///
/// # Errors
/// When the weights file has none.
///
/// # Panics
/// When there are not so many positions.
pub fn onnx_add_input(weights: &WeightsFile, positions: u32) -> Result<Vec<u8>, FormatError> {
    let width = Dimensions::of(weights)?.width;
    let all = weights.f32(DECODER_POSITIONS, &[448, width])?;
    let positions = positions as usize;
    Ok(npy(&[positions, width], &all[..positions * width]))
}
