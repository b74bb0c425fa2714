//! The blocked matrix product `C = A · B (+ bias)`.
//!
//! After Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008): panels of `B` are packed
//! for the first-level cache and each is used by all rows of `A`. Threads share the columns.

use std::ops::Range;

use rayon::prelude::*;

use super::matrix::Rhs;
use super::tile::{self, KC, MR, NR, Panel};

/// Columns that one task takes: a multiple of the panel, large enough to pay for the task, and the same whatever
/// the number of threads.
const TASK_COLUMNS: usize = 8 * NR;

/// A left-hand matrix `[rows, k]`, row-major, `stride` elements from row to row.
#[derive(Clone, Copy, Debug)]
pub struct Lhs<'a> {
    /// First element of row 0.
    pub data: &'a [f32],
    /// Number of rows.
    pub rows: usize,
    /// Elements from one row to the next.
    pub stride: usize,
}

impl<'a> Lhs<'a> {
    /// A matrix whose rows of `k` elements follow each other without a gap.
    pub fn dense(data: &'a [f32], k: usize) -> Self {
        Self { data, rows: data.len() / k, stride: k }
    }
}

/// The shape of one product: `k` is shared by both sides, `n` columns come out.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Length of a row of `A`.
    pub k: usize,
    /// Columns of `B` and `C`.
    pub n: usize,
}

/// Where the columns of one task go. Tasks write disjoint columns of the same rows, which no slice can express.
struct Columns {
    out: *mut f32,
    stride: usize,
}

// SAFETY: each task writes only the columns it was given, and the ranges are disjoint.
unsafe impl Sync for Columns {}

impl Columns {
    /// # Safety
    /// `row * stride + column + values.len()` is inside the buffer, and no other task writes these columns.
    unsafe fn write(&self, row: usize, column: usize, values: &[f32]) {
        // SAFETY: in bounds and unaliased by this function's contract.
        unsafe {
            let to = self.out.add(row * self.stride + column);
            std::ptr::copy_nonoverlapping(values.as_ptr(), to, values.len());
        }
    }
}

/// `out[row * out_stride + column] = sum_k a[row, k] * b[k, column] + bias[column]`, in parallel on the current rayon pool.
///
/// # Panics
/// When a slice is too short for the shape.
pub fn multiply(
    a: Lhs<'_>,
    b: Rhs<'_>,
    shape: Shape,
    bias: Option<&[f32]>,
    out: &mut [f32],
    out_stride: usize,
) {
    if a.rows == 0 || shape.n == 0 {
        return;
    }
    check(a, b, shape, bias, out, out_stride);
    let columns = Columns { out: out.as_mut_ptr(), stride: out_stride };
    let tasks = shape.n.div_ceil(TASK_COLUMNS);
    let run = |task: usize| {
        let range = task * TASK_COLUMNS..((task + 1) * TASK_COLUMNS).min(shape.n);
        // SAFETY: the ranges of different tasks are disjoint, and `check` has seen that the last row fits.
        unsafe { multiply_columns(a, b, shape.k, range, bias, &columns) };
    };
    if tasks == 1 {
        run(0);
    } else {
        (0..tasks).into_par_iter().for_each(run);
    }
}

fn check(a: Lhs<'_>, b: Rhs<'_>, shape: Shape, bias: Option<&[f32]>, out: &[f32], out_stride: usize) {
    assert!(a.data.len() >= (a.rows - 1) * a.stride + shape.k, "left-hand matrix");
    assert!(out_stride >= shape.n && out.len() >= (a.rows - 1) * out_stride + shape.n, "output matrix");
    assert!(bias.is_none_or(|bias| bias.len() == shape.n), "bias");
    assert!(shape.k > 0, "empty product");
    match b {
        Rhs::F16Transposed { bytes, k } => assert!(k == shape.k && bytes.len() == 2 * shape.n * k, "weights"),
        Rhs::F32Transposed { data, stride } => {
            assert!(stride >= shape.k && data.len() >= (shape.n - 1) * stride + shape.k, "right-hand matrix");
        }
        Rhs::F32 { data, stride } => {
            assert!(stride >= shape.n && data.len() >= (shape.k - 1) * stride + shape.n, "right-hand matrix");
        }
    }
}

/// # Safety
/// No other task writes the columns of `range`, and all rows of `a` fit into the buffer behind `out`.
unsafe fn multiply_columns(
    a: Lhs<'_>,
    b: Rhs<'_>,
    k: usize,
    range: Range<usize>,
    bias: Option<&[f32]>,
    out: &Columns,
) {
    let mut panel = Panel::new();
    let mut sums = vec![[0.0f32; NR]; a.rows];
    // The task's whole block is written at once: rows of `out` lie pages apart, and 16 floats at a time would touch
    // each of those pages for every panel.
    let width = range.len();
    let mut block = vec![0.0f32; a.rows * width];
    for n0 in range.clone().step_by(NR) {
        let nr = NR.min(range.end - n0);
        let mut start = [0.0f32; NR];
        if let Some(bias) = bias {
            start[..nr].copy_from_slice(&bias[n0..n0 + nr]);
        }
        sums.fill(start);
        for k0 in (0..k).step_by(KC) {
            let kc = KC.min(k - k0);
            tile::pack(b, k0, kc, n0, nr, &mut panel);
            let mut row = 0;
            // Tiles of nearly equal height: 32 rows are 6 + 6 + 5 + 5 + 5 + 5, never 6 × 5 + 2.
            for left in (1..=a.rows.div_ceil(MR)).rev() {
                let rows = (a.rows - row).div_ceil(left);
                let mut acc = [[0.0f32; NR]; MR];
                acc[..rows].copy_from_slice(&sums[row..row + rows]);
                tile::multiply(rows, &a.data[row * a.stride + k0..], a.stride, kc, &panel, &mut acc);
                sums[row..row + rows].copy_from_slice(&acc[..rows]);
                row += rows;
            }
        }
        for (sums, row) in sums.iter().zip(block.chunks_exact_mut(width)) {
            row[n0 - range.start..][..nr].copy_from_slice(&sums[..nr]);
        }
    }
    for (row, values) in block.chunks_exact(width).enumerate() {
        // SAFETY: the columns are this task's own and inside the row, the row inside the buffer.
        unsafe { out.write(row, range.start, values) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|i| (((i + seed) * 7919 % 1009) as f32 - 504.0) / 512.0).collect()
    }

    fn exact(a: &[f32], b: &dyn Fn(usize, usize) -> f32, rows: usize, shape: Shape) -> Vec<f32> {
        let mut out = vec![0.0; rows * shape.n];
        for r in 0..rows {
            for c in 0..shape.n {
                out[r * shape.n + c] = (0..shape.k)
                    .map(|i| f64::from(a[r * shape.k + i]) * f64::from(b(i, c)))
                    .sum::<f64>() as f32;
            }
        }
        out
    }

    fn assert_close(ours: &[f32], exact: &[f32]) {
        for (i, (x, y)) in ours.iter().zip(exact).enumerate() {
            assert!((x - y).abs() < 2e-4 * (1.0 + y.abs()), "element {i}: {x} instead of {y}");
        }
    }

    #[test]
    fn agrees_with_a_plain_sum_for_every_layout_and_odd_sizes() {
        for (rows, k, n) in [(1, 1, 1), (5, 7, 3), (6, 64, 16), (7, 300, 129), (32, 512, 250), (250, 65, 17)]
        {
            let shape = Shape { k, n };
            let a = values(rows * k, 1);
            let b = values(k * n, 2);
            let halves: Vec<u8> = b.iter().flat_map(|x| half::f16::from_f32(*x).to_le_bytes()).collect();
            let rounded: Vec<f32> = b.iter().map(|x| half::f16::from_f32(*x).to_f32()).collect();
            let mut out = vec![f32::NAN; rows * n];

            multiply(Lhs::dense(&a, k), Rhs::F16Transposed { bytes: &halves, k }, shape, None, &mut out, n);
            assert_close(&out, &exact(&a, &|i, c| rounded[c * k + i], rows, shape));
            multiply(Lhs::dense(&a, k), Rhs::F32Transposed { data: &b, stride: k }, shape, None, &mut out, n);
            assert_close(&out, &exact(&a, &|i, c| b[c * k + i], rows, shape));
            multiply(Lhs::dense(&a, k), Rhs::F32 { data: &b, stride: n }, shape, None, &mut out, n);
            assert_close(&out, &exact(&a, &|i, c| b[i * n + c], rows, shape));
        }
    }

    #[test]
    fn adds_the_bias_and_leaves_the_gap_between_rows_alone() {
        let shape = Shape { k: 2, n: 3 };
        let mut out = vec![9.0; 8];
        let a = [1.0, 2.0, 3.0, 4.0];
        let b = [1.0, 0.0, 1.0, 0.0, 1.0, 1.0];
        multiply(
            Lhs::dense(&a, 2),
            Rhs::F32 { data: &b, stride: 3 },
            shape,
            Some(&[10.0, 20.0, 30.0]),
            &mut out,
            5,
        );
        assert_eq!(out, [11.0, 22.0, 33.0, 9.0, 9.0, 13.0, 24.0, 37.0]);
    }

    #[test]
    fn the_number_of_rows_and_threads_changes_no_bit() {
        let (rows, shape) = (32, Shape { k: 512, n: 600 });
        let a = values(rows * shape.k, 3);
        let halves: Vec<u8> =
            values(shape.k * shape.n, 4).iter().flat_map(|x| half::f16::from_f32(*x).to_le_bytes()).collect();
        let b = Rhs::F16Transposed { bytes: &halves, k: shape.k };
        let run = |threads: usize, first: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut out = vec![0.0; (rows - first) * shape.n];
            pool.install(|| {
                multiply(Lhs::dense(&a[first * shape.k..], shape.k), b, shape, None, &mut out, shape.n);
            });
            out
        };
        let whole = run(1, 0);
        for threads in [1, 2, 3] {
            for first in [0, 1, 5, 31] {
                assert!(
                    run(threads, first) == whole[first * shape.n..],
                    "{threads} threads from row {first}"
                );
            }
        }
    }
}
