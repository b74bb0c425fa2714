//! The innermost tile of the matrix product, and the packing of its right-hand panel.
//!
//! A panel is `NR` columns of `B` for up to `KC` rows, packed as `[k][NR]` float32. A tile is up to `MR` rows of `A`
//! times one panel: its sums stay in registers (6 × 16 floats are 12 of AVX2's 16 registers, 24 of NEON's 32).

use super::matrix::{Rhs, f16_to_f32};

/// Rows of the largest tile.
pub(super) const MR: usize = 6;
/// Columns of a panel.
pub(super) const NR: usize = 16;
/// Rows of `B` packed at a time: the panel (16 KiB) stays in the first-level cache.
pub(super) const KC: usize = 512;

/// A packed panel of `B`, aligned to a cache line.
#[repr(C, align(64))]
pub(super) struct Panel(pub [f32; KC * NR]);

impl Panel {
    pub(super) fn new() -> Box<Self> {
        Box::new(Self([0.0; KC * NR]))
    }
}

/// Whether the AVX2 kernels can run here. The answer is cached by the standard library.
pub(super) fn has_avx2() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

/// Packs rows `k0..k0 + kc` of the columns `n0..n0 + nr` of `b`; columns beyond `nr` are zero.
pub(super) fn pack(b: Rhs<'_>, k0: usize, kc: usize, n0: usize, nr: usize, panel: &mut Panel) {
    debug_assert!(kc <= KC && nr <= NR);
    match b {
        Rhs::F16Transposed { bytes, k } => {
            #[cfg(target_arch = "x86_64")]
            if nr == NR && kc.is_multiple_of(8) && has_avx2() {
                // SAFETY: the processor has the features, as just asked.
                unsafe { avx2::pack_f16_transposed(bytes, k, k0, kc, n0, panel) };
                return;
            }
            pack_columns(kc, nr, panel, |column, row| {
                let at = 2 * ((n0 + column) * k + k0 + row);
                f16_to_f32(u16::from_le_bytes([bytes[at], bytes[at + 1]]))
            });
        }
        Rhs::F32Transposed { data, stride } => {
            pack_columns(kc, nr, panel, |column, row| data[(n0 + column) * stride + k0 + row]);
        }
        Rhs::F32 { data, stride } => {
            for row in 0..kc {
                let start = (k0 + row) * stride + n0;
                let to = &mut panel.0[row * NR..(row + 1) * NR];
                to[..nr].copy_from_slice(&data[start..start + nr]);
                to[nr..].fill(0.0);
            }
        }
    }
}

fn pack_columns(kc: usize, nr: usize, panel: &mut Panel, at: impl Fn(usize, usize) -> f32) {
    for column in 0..NR {
        for row in 0..kc {
            panel.0[row * NR + column] = if column < nr { at(column, row) } else { 0.0 };
        }
    }
}

/// Sums of one tile: `rows` rows of `a` (row `r` starts at `r * lda`, `kc` long) times the panel, added to `acc`.
pub(super) fn multiply(
    rows: usize,
    a: &[f32],
    lda: usize,
    kc: usize,
    panel: &Panel,
    acc: &mut [[f32; NR]; MR],
) {
    assert!(kc <= KC && (1..=MR).contains(&rows) && a.len() >= (rows - 1) * lda + kc);
    #[cfg(target_arch = "x86_64")]
    if has_avx2() {
        // SAFETY: the processor has the features, as just asked; the lengths are those asserted above.
        unsafe {
            match rows {
                1 => avx2::multiply::<1>(a, lda, kc, panel, acc),
                2 => avx2::multiply::<2>(a, lda, kc, panel, acc),
                3 => avx2::multiply::<3>(a, lda, kc, panel, acc),
                4 => avx2::multiply::<4>(a, lda, kc, panel, acc),
                5 => avx2::multiply::<5>(a, lda, kc, panel, acc),
                _ => avx2::multiply::<6>(a, lda, kc, panel, acc),
            }
        }
        return;
    }
    match rows {
        1 => portable::<1>(a, lda, kc, panel, acc),
        2 => portable::<2>(a, lda, kc, panel, acc),
        3 => portable::<3>(a, lda, kc, panel, acc),
        4 => portable::<4>(a, lda, kc, panel, acc),
        5 => portable::<5>(a, lda, kc, panel, acc),
        _ => portable::<6>(a, lda, kc, panel, acc),
    }
}

/// The same sums without intrinsics: the compiler turns the inner loop into whatever the target has (NEON on aarch64).
fn portable<const R: usize>(a: &[f32], lda: usize, kc: usize, panel: &Panel, acc: &mut [[f32; NR]; MR]) {
    let mut sums = [[0.0f32; NR]; R];
    sums.copy_from_slice(&acc[..R]);
    for (row, b) in panel.0.as_chunks::<NR>().0[..kc].iter().enumerate() {
        for (r, sum) in sums.iter_mut().enumerate() {
            let x = a[r * lda + row];
            for column in 0..NR {
                sum[column] = fused(x, b[column], sum[column]);
            }
        }
    }
    acc[..R].copy_from_slice(&sums);
}

/// `x * y + z`: fused where the target has it in its base instruction set, since `mul_add` is a slow library call elsewhere.
#[inline(always)]
fn fused(x: f32, y: f32, z: f32) -> f32 {
    if cfg!(target_arch = "aarch64") { x.mul_add(y, z) } else { x * y + z }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m256, _MM_HINT_T1, _mm_loadu_si128, _mm_prefetch, _mm256_broadcast_ss, _mm256_castps256_ps128,
        _mm256_cvtph_ps, _mm256_fmadd_ps, _mm256_insertf128_ps, _mm256_load_ps, _mm256_loadu_ps,
        _mm256_permute2f128_ps, _mm256_setzero_ps, _mm256_shuffle_ps, _mm256_store_ps, _mm256_storeu_ps,
        _mm256_unpackhi_ps, _mm256_unpacklo_ps,
    };

    use super::{MR, NR, Panel};

    /// # Safety
    /// The processor has AVX2 and FMA; `a` holds `(R - 1) * lda + kc` elements; `kc <= KC`.
    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn multiply<const R: usize>(
        a: &[f32],
        lda: usize,
        kc: usize,
        panel: &Panel,
        acc: &mut [[f32; NR]; MR],
    ) {
        let mut sums = [[_mm256_setzero_ps(); 2]; R];
        for (sum, from) in sums.iter_mut().zip(acc.iter()) {
            // SAFETY: a row of `acc` is 16 floats.
            unsafe {
                sum[0] = _mm256_loadu_ps(from.as_ptr());
                sum[1] = _mm256_loadu_ps(from.as_ptr().add(8));
            }
        }
        let b = panel.0.as_ptr();
        let a = a.as_ptr();
        for row in 0..kc {
            // SAFETY: `row < kc <= KC`, the panel is aligned to 64 bytes and a row of it is 64 bytes; `a` is long
            // enough by this function's contract.
            unsafe {
                let b0 = _mm256_load_ps(b.add(row * NR));
                let b1 = _mm256_load_ps(b.add(row * NR + 8));
                for (r, sum) in sums.iter_mut().enumerate() {
                    let x = _mm256_broadcast_ss(&*a.add(r * lda + row));
                    sum[0] = _mm256_fmadd_ps(x, b0, sum[0]);
                    sum[1] = _mm256_fmadd_ps(x, b1, sum[1]);
                }
            }
        }
        for (sum, to) in sums.iter().zip(acc.iter_mut()) {
            // SAFETY: a row of `acc` is 16 floats.
            unsafe {
                _mm256_storeu_ps(to.as_mut_ptr(), sum[0]);
                _mm256_storeu_ps(to.as_mut_ptr().add(8), sum[1]);
            }
        }
    }

    /// Converts 16 rows of float16 and packs them transposed, 8 × 8 at a time.
    ///
    /// # Safety
    /// The processor has AVX2 and F16C. `kc` is a multiple of 8. Panics when `bytes` is too short.
    #[target_feature(enable = "avx2,f16c")]
    pub(super) unsafe fn pack_f16_transposed(
        bytes: &[u8],
        k: usize,
        k0: usize,
        kc: usize,
        n0: usize,
        panel: &mut Panel,
    ) {
        assert!(k0 + kc <= k && 2 * (n0 + NR) * k <= bytes.len() && kc <= super::KC && kc.is_multiple_of(8));
        let to = panel.0.as_mut_ptr();
        for half in 0..2 {
            for row in (0..kc).step_by(8) {
                let mut v = [_mm256_setzero_ps(); 8];
                for (column, v) in v.iter_mut().enumerate() {
                    let at = 2 * ((n0 + 8 * half + column) * k + k0 + row);
                    // SAFETY: 16 bytes from `at` are inside `bytes` by the assertion above; the load needs no alignment.
                    *v = unsafe { _mm256_cvtph_ps(_mm_loadu_si128(bytes.as_ptr().add(at).cast())) };
                    if row.is_multiple_of(32) {
                        // The next panel's cache line: it arrives while this panel is multiplied.
                        // Any address will do: a prefetch of one that is not mapped does nothing.
                        _mm_prefetch::<_MM_HINT_T1>(bytes.as_ptr().wrapping_add(at + 2 * NR * k).cast());
                    }
                }
                for (i, v) in transpose(v).into_iter().enumerate() {
                    // SAFETY: `row + i < KC`, 8 floats from there stay in the row; both offsets are multiples of 32 bytes.
                    unsafe { _mm256_store_ps(to.add((row + i) * NR + 8 * half), v) };
                }
            }
        }
    }

    #[target_feature(enable = "avx2")]
    fn transpose(v: [__m256; 8]) -> [__m256; 8] {
        // 4 × 4 blocks are transposed with unpack and shuffle, then the 128-bit halves change places.
        let quad = |a: __m256, b: __m256, c: __m256, d: __m256| {
            let ab_lo = _mm256_unpacklo_ps(a, b);
            let ab_hi = _mm256_unpackhi_ps(a, b);
            let cd_lo = _mm256_unpacklo_ps(c, d);
            let cd_hi = _mm256_unpackhi_ps(c, d);
            [
                _mm256_shuffle_ps::<0b01_00_01_00>(ab_lo, cd_lo),
                _mm256_shuffle_ps::<0b11_10_11_10>(ab_lo, cd_lo),
                _mm256_shuffle_ps::<0b01_00_01_00>(ab_hi, cd_hi),
                _mm256_shuffle_ps::<0b11_10_11_10>(ab_hi, cd_hi),
            ]
        };
        let top = quad(v[0], v[1], v[2], v[3]);
        let bottom = quad(v[4], v[5], v[6], v[7]);
        let low = |a: __m256, b: __m256| _mm256_insertf128_ps::<1>(a, _mm256_castps256_ps128(b));
        let high = |a: __m256, b: __m256| _mm256_permute2f128_ps::<0x31>(a, b);
        [
            low(top[0], bottom[0]),
            low(top[1], bottom[1]),
            low(top[2], bottom[2]),
            low(top[3], bottom[3]),
            high(top[0], bottom[0]),
            high(top[1], bottom[1]),
            high(top[2], bottom[2]),
            high(top[3], bottom[3]),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_portable_tile_agrees_with_the_one_in_use() {
        let a: Vec<f32> = (0..MR * KC).map(|i| ((i * 37 % 101) as f32 - 50.0) / 64.0).collect();
        let mut panel = Panel::new();
        for (i, x) in panel.0.iter_mut().enumerate() {
            *x = ((i * 53 % 97) as f32 - 48.0) / 64.0;
        }
        for rows in 1..=MR {
            for kc in [1, 7, 8, 64, KC] {
                let mut ours = [[0.5; NR]; MR];
                multiply(rows, &a, KC, kc, &panel, &mut ours);
                for r in 0..rows {
                    for (c, found) in ours[r].iter().enumerate() {
                        let exact: f64 = 0.5
                            + (0..kc)
                                .map(|i| f64::from(a[r * KC + i]) * f64::from(panel.0[i * NR + c]))
                                .sum::<f64>();
                        assert!((f64::from(*found) - exact).abs() < 1e-4, "rows {rows} kc {kc} at {r},{c}");
                    }
                }
                let mut plain = [[0.5; NR]; MR];
                match rows {
                    1 => portable::<1>(&a, KC, kc, &panel, &mut plain),
                    2 => portable::<2>(&a, KC, kc, &panel, &mut plain),
                    3 => portable::<3>(&a, KC, kc, &panel, &mut plain),
                    4 => portable::<4>(&a, KC, kc, &panel, &mut plain),
                    5 => portable::<5>(&a, KC, kc, &panel, &mut plain),
                    _ => portable::<6>(&a, KC, kc, &panel, &mut plain),
                }
                for r in 0..rows {
                    for c in 0..NR {
                        assert!((plain[r][c] - ours[r][c]).abs() < 1e-4, "rows {rows} kc {kc} at {r},{c}");
                    }
                }
            }
        }
    }

    #[test]
    fn packing_float16_agrees_with_the_scalar_conversion() {
        let (n, k) = (NR, 40);
        let bytes: Vec<u8> =
            (0..n * k).flat_map(|i| half::f16::from_f32((i as f32 - 300.0) / 77.0).to_le_bytes()).collect();
        for kc in [8, 16, 5, 13] {
            let mut panel = Panel::new();
            pack(Rhs::F16Transposed { bytes: &bytes, k }, 16, kc, 0, NR, &mut panel);
            for row in 0..kc {
                for column in 0..NR {
                    let at = 2 * (column * k + 16 + row);
                    let expected = half::f16::from_le_bytes([bytes[at], bytes[at + 1]]).to_f32();
                    assert_eq!(panel.0[row * NR + column], expected, "kc {kc} row {row} column {column}");
                }
            }
        }
    }
}
