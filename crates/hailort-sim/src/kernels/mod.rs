//! The arithmetic of the simulated accelerator: matrix products, softmax, layer norm, GELU.
//!
//! | room | holds |
//! | --- | --- |
//! | [`matrix`] | views of right-hand matrices: float16 or float32, row-major or transposed |
//! | [`gemm`] | the blocked matrix product over those views, in columns that threads share |
//! | `tile` | the innermost tile: AVX2 + FMA where the processor has it, portable code elsewhere |
//! | [`elementwise`] | softmax, layer norm, GELU, exp |
//!
//! Every output element is summed in one fixed order, whatever the number of threads, rows or columns in the
//! call: results are the same bit for bit with one thread or with eight.

pub mod elementwise;
pub mod gemm;
pub mod matrix;
mod tile;

/// Which instructions the kernels use on this processor, for reports: `"avx2+fma+f16c"` or `"portable"`.
pub fn instruction_set() -> &'static str {
    if tile::has_avx2() { "avx2+fma+f16c" } else { "portable" }
}
