//! Views of the right-hand matrix of a product.

/// A right-hand matrix `B` of shape `[k, n]`, in one of the layouts that a network has it in.
#[derive(Clone, Copy, Debug)]
pub enum Rhs<'a> {
    /// Stored transposed, `[n, k]` row-major, little-endian float16 bytes: a linear layer's weights, mapped from a file.
    F16Transposed {
        /// `2 * k` bytes for each of the `n` rows, of any alignment.
        bytes: &'a [u8],
        /// Row length.
        k: usize,
    },
    /// Stored transposed, `[n, k]`, float32, `stride` elements from row to row: the keys of an attention head.
    F32Transposed {
        /// First element of row 0.
        data: &'a [f32],
        /// Elements from one row to the next.
        stride: usize,
    },
    /// Stored as `[k, n]`, float32, `stride` elements from row to row: the values of an attention head.
    F32 {
        /// First element of row 0.
        data: &'a [f32],
        /// Elements from one row to the next.
        stride: usize,
    },
}

/// The value of a float16 given by its bits. Exact, subnormals included; infinities and NaN do not occur in weights.
#[inline(always)]
pub(crate) fn f16_to_f32(bits: u16) -> f32 {
    // Shifting exponent and mantissa into place leaves the exponent 112 too small (127 - 15): one exact
    // multiplication mends that, for subnormals too, and needs no branch, so that it vectorises everywhere.
    let magnitude = f32::from_bits(u32::from(bits & 0x7fff) << 13) * f32::from_bits(0x7780_0000);
    f32::from_bits(magnitude.to_bits() | (u32::from(bits & 0x8000) << 16))
}

#[cfg(test)]
mod tests {
    use super::f16_to_f32;

    #[test]
    fn every_finite_float16_converts_exactly() {
        for bits in 0..=u16::MAX {
            let expected = half::f16::from_bits(bits);
            if expected.is_finite() {
                assert_eq!(f16_to_f32(bits).to_bits(), expected.to_f32().to_bits(), "bits {bits:#06x}");
            }
        }
    }
}
