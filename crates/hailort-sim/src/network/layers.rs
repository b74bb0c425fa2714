//! Layers of a Whisper transformer over float16 weights.

use std::sync::Arc;

use crate::kernels::elementwise::{add, gelu, layer_norm, softmax};
use crate::kernels::gemm::{Lhs, Shape, multiply};
use crate::kernels::matrix::Rhs;
use crate::weights::{FormatError, WeightsFile};

/// Rows of a feed-forward layer's inner width relative to the model's width.
const FEED_FORWARD: usize = 4;

/// A slice of the mapped weights file, which it keeps mapped.
struct Mapped {
    file: Arc<WeightsFile>,
    bytes: std::ops::Range<usize>,
}

impl Mapped {
    fn new(file: &Arc<WeightsFile>, name: &str, shape: &[usize]) -> Result<Self, FormatError> {
        file.f16(name, shape)?;
        Ok(Self { file: Arc::clone(file), bytes: file.variables()[name].bytes.clone() })
    }

    fn get(&self) -> &[u8] {
        &self.file.contents()[self.bytes.clone()]
    }
}

/// A linear layer `[out, in]`, its weights left in the mapped file.
pub(super) struct Linear {
    weight: Mapped,
    bias: Option<Vec<f32>>,
    inputs: usize,
    outputs: usize,
}

impl Linear {
    /// `prefix/weight` and `prefix/bias`.
    pub(super) fn new(
        file: &Arc<WeightsFile>,
        prefix: &str,
        inputs: usize,
        outputs: usize,
    ) -> Result<Self, FormatError> {
        let bias = Some(file.f32(&format!("{prefix}/bias"), &[outputs])?);
        Ok(Self {
            weight: Mapped::new(file, &format!("{prefix}/weight"), &[outputs, inputs])?,
            bias,
            inputs,
            outputs,
        })
    }

    /// A matrix without bias, such as the embedding table used as the output projection.
    pub(super) fn without_bias(
        file: &Arc<WeightsFile>,
        name: &str,
        inputs: usize,
        outputs: usize,
    ) -> Result<Self, FormatError> {
        Ok(Self { weight: Mapped::new(file, name, &[outputs, inputs])?, bias: None, inputs, outputs })
    }

    pub(super) fn forward(&self, x: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; x.len() / self.inputs * self.outputs];
        self.forward_rows(x, 0..self.outputs, &mut out);
        out
    }

    /// Only these output channels, into a dense `[rows, channels.len()]`.
    pub(super) fn forward_rows(&self, x: &[f32], channels: std::ops::Range<usize>, out: &mut [f32]) {
        let width = channels.len();
        let bytes = &self.weight.get()[2 * self.inputs * channels.start..2 * self.inputs * channels.end];
        multiply(
            Lhs::dense(x, self.inputs),
            Rhs::F16Transposed { bytes, k: self.inputs },
            Shape { k: self.inputs, n: width },
            self.bias.as_ref().map(|bias| &bias[channels]),
            out,
            width,
        );
    }
}

/// Layer norm with its scale and shift.
pub(super) struct Norm {
    gamma: Vec<f32>,
    beta: Vec<f32>,
}

impl Norm {
    pub(super) fn new(file: &WeightsFile, prefix: &str, width: usize) -> Result<Self, FormatError> {
        Ok(Self {
            gamma: file.f32(&format!("{prefix}/gamma"), &[width])?,
            beta: file.f32(&format!("{prefix}/beta"), &[width])?,
        })
    }

    pub(super) fn forward(&self, x: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; x.len()];
        layer_norm(x, &self.gamma, &self.beta, &mut out);
        out
    }
}

/// Norm, two linear layers with GELU between, added to the input.
pub(super) struct FeedForward {
    norm: Norm,
    up: Linear,
    down: Linear,
}

impl FeedForward {
    pub(super) fn new(file: &Arc<WeightsFile>, prefix: &str, width: usize) -> Result<Self, FormatError> {
        Ok(Self {
            norm: Norm::new(file, &format!("{prefix}/layer_norm"), width)?,
            up: Linear::new(file, &format!("{prefix}/linear_0"), width, FEED_FORWARD * width)?,
            down: Linear::new(file, &format!("{prefix}/linear_1"), FEED_FORWARD * width, width)?,
        })
    }

    pub(super) fn forward(&self, x: &mut [f32]) {
        let mut inner = self.up.forward(&self.norm.forward(x));
        gelu(&mut inner);
        add(x, &self.down.forward(&inner));
    }
}

/// Which keys a query may see.
#[derive(Clone, Copy)]
pub(super) enum Mask {
    /// All of them.
    None,
    /// Query `i` sees the keys `0..=first + i`.
    Causal {
        /// Position of the first query.
        first: usize,
    },
}

/// Keys or values, or both: `[rows, stride]` in which a head's columns start at `offset + head * head_width`.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    pub(super) data: &'a [f32],
    pub(super) stride: usize,
    pub(super) offset: usize,
}

/// Scaled dot-product attention of all heads: `[queries, heads * head_width]`.
pub(super) fn attention(
    q: Columns<'_>,
    k: Columns<'_>,
    v: Columns<'_>,
    heads: usize,
    head_width: usize,
    mask: Mask,
) -> Vec<f32> {
    use rayon::prelude::*;

    let (queries, keys) = (q.data.len() / q.stride, k.data.len() / k.stride);
    let width = heads * head_width;
    let scale = 1.0 / (head_width as f32).sqrt();
    let one = |head: usize| {
        let at = head * head_width;
        let mut scores = vec![0.0; queries * keys];
        multiply(
            Lhs { data: &q.data[q.offset + at..], rows: queries, stride: q.stride },
            Rhs::F32Transposed { data: &k.data[k.offset + at..], stride: k.stride },
            Shape { k: head_width, n: keys },
            None,
            &mut scores,
            keys,
        );
        let mut out = vec![0.0; queries * head_width];
        let mix = |scores: &[f32], seen: usize, out: &mut [f32]| {
            multiply(
                Lhs { data: scores, rows: scores.len() / keys, stride: keys },
                Rhs::F32 { data: &v.data[v.offset + at..], stride: v.stride },
                Shape { k: seen, n: head_width },
                None,
                out,
                head_width,
            );
        };
        match mask {
            Mask::None => {
                softmax(&mut scores, keys, scale);
                mix(&scores, keys, &mut out);
            }
            // Row by row over the keys that are seen. A product with zeros in the place of the others would be the
            // same, but for a value behind that is no number, which would spoil the rows before it.
            Mask::Causal { first } => {
                let rows = scores.chunks_exact_mut(keys).zip(out.chunks_exact_mut(head_width));
                for (i, (row, out)) in rows.enumerate() {
                    let seen = first + i + 1;
                    softmax(&mut row[..seen], seen, scale);
                    mix(row, seen, out);
                }
            }
        }
        out
    };
    let parts: Vec<Vec<f32>> = (0..heads).into_par_iter().map(one).collect();
    let mut out = vec![0.0; queries * width];
    for (row, to) in out.chunks_exact_mut(width).enumerate() {
        for (part, to) in parts.iter().zip(to.chunks_exact_mut(head_width)) {
            to.copy_from_slice(&part[row * head_width..(row + 1) * head_width]);
        }
    }
    out
}
