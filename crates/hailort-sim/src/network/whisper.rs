//! Whisper's encoder and decoder (Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022)
//! in the shapes that Hailo's compiled models have.

use std::sync::Arc;

use super::Network;
use super::layers::{Columns, FeedForward, Linear, Mask, Norm, attention};
use crate::hef::whisper::Positions;
use crate::kernels::elementwise::{add, gelu};
use crate::kernels::gemm::{Lhs, Shape, multiply};
use crate::kernels::matrix::Rhs;
use crate::weights::{FormatError, WeightsFile};

/// Width of an attention head in every Whisper model.
const HEAD: usize = 64;
/// Mel bins of the models that are simulated.
const MELS: usize = 80;
/// The decoder's positional bias, `[448, width]`.
pub const DECODER_POSITIONS: &str = "decoder/position_encodings/encodings";
/// Taps of both convolutions.
const TAPS: usize = 3;

/// Sizes of a Whisper model, read from the shapes in its weights file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimensions {
    /// Width of the model: 384 (tiny), 512 (base).
    pub width: usize,
    /// Number of tokens: 51865 for the multilingual models.
    pub vocabulary: usize,
    /// Blocks of the encoder.
    pub encoder_layers: usize,
    /// Blocks of the decoder.
    pub decoder_layers: usize,
}

impl Dimensions {
    /// Reads the sizes from the file's shapes.
    ///
    /// # Errors
    /// When the variables that tell them are missing or have another rank.
    pub fn of(file: &WeightsFile) -> Result<Self, FormatError> {
        let name = "decoder/embeddings/weight";
        let (vocabulary, width) = match file.shape(name) {
            Some(&[vocabulary, width]) if width > 0 && width % HEAD == 0 => (vocabulary, width),
            // The exact shape is asked for to get the error that names what was found.
            _ => {
                return Err(file
                    .f16(name, &[51865, 512])
                    .err()
                    .unwrap_or_else(|| unreachable!("shape of {name}")));
            }
        };
        let layers = |side: &str| {
            (0..)
                .take_while(|i| {
                    file.shape(&format!("{side}/layer_{i}/self_attention/linear_0/bias")).is_some()
                })
                .count()
        };
        Ok(Self { width, vocabulary, encoder_layers: layers("encoder"), decoder_layers: layers("decoder") })
    }
}

/// Norm, self-attention and output projection, added to the input.
struct SelfAttention {
    norm: Norm,
    qkv: Linear,
    out: Linear,
    width: usize,
}

impl SelfAttention {
    fn new(file: &Arc<WeightsFile>, prefix: &str, width: usize) -> Result<Self, FormatError> {
        Ok(Self {
            norm: Norm::new(file, &format!("{prefix}/layer_norm"), width)?,
            qkv: Linear::new(file, &format!("{prefix}/linear_0"), width, 3 * width)?,
            out: Linear::new(file, &format!("{prefix}/linear_1"), width, width)?,
            width,
        })
    }

    /// `qkv` holds the rows before `x`'s first one already, and gets the rows of `x`.
    fn forward(&self, x: &mut [f32], qkv: &mut Vec<f32>, mask: Mask) {
        let stride = 3 * self.width;
        let new = self.qkv.forward(&self.norm.forward(x));
        qkv.extend_from_slice(&new);
        let mixed = attention(
            Columns { data: &new, stride, offset: 0 },
            Columns { data: qkv, stride, offset: self.width },
            Columns { data: qkv, stride, offset: 2 * self.width },
            self.width / HEAD,
            HEAD,
            mask,
        );
        add(x, &self.out.forward(&mixed));
    }
}

/// A convolution of [`TAPS`] taps along time, padded by one on both sides, as one matrix product.
struct Convolution {
    /// `[out, tap, in]`, float32: reordered once, since the file has `[out, in, tap]`.
    weight: Vec<f32>,
    bias: Vec<f32>,
    inputs: usize,
    stride: usize,
}

impl Convolution {
    fn new(
        file: &WeightsFile,
        prefix: &str,
        inputs: usize,
        outputs: usize,
        stride: usize,
    ) -> Result<Self, FormatError> {
        let stored = file.f32(&format!("{prefix}/weight"), &[outputs, inputs, TAPS])?;
        let mut weight = vec![0.0; stored.len()];
        for o in 0..outputs {
            for i in 0..inputs {
                for t in 0..TAPS {
                    weight[(o * TAPS + t) * inputs + i] = stored[(o * inputs + i) * TAPS + t];
                }
            }
        }
        Ok(Self { weight, bias: file.f32(&format!("{prefix}/bias"), &[outputs])?, inputs, stride })
    }

    /// `[time, inputs]` to `[time / stride, outputs]`, with GELU.
    fn forward(&self, x: &[f32]) -> Vec<f32> {
        let time = x.len() / self.inputs;
        // With a row of zeros on both sides, the rows t-1, t, t+1 lie next to each other: the unfolded input is a
        // view of overlapping rows, and nothing is copied for it.
        let mut padded = vec![0.0; (time + 2) * self.inputs];
        padded[self.inputs..self.inputs + x.len()].copy_from_slice(x);
        let (k, n) = (TAPS * self.inputs, self.bias.len());
        let rows = time.div_ceil(self.stride);
        let mut out = vec![0.0; rows * n];
        multiply(
            Lhs { data: &padded, rows, stride: self.stride * self.inputs },
            Rhs::F32Transposed { data: &self.weight, stride: k },
            Shape { k, n },
            Some(&self.bias),
            &mut out,
            n,
        );
        gelu(&mut out);
        out
    }
}

/// The encoder: log-mel `[1, 1, frames, 80]` to features `[1, 1, frames / 2, width]`.
pub struct Encoder {
    conv1: Convolution,
    conv2: Convolution,
    positions: Vec<f32>,
    layers: Vec<(SelfAttention, FeedForward)>,
    norm: Norm,
    width: usize,
}

impl Encoder {
    /// Takes the encoder's part of the weights file.
    ///
    /// # Errors
    /// When a variable is missing or has another shape.
    pub fn new(file: &Arc<WeightsFile>) -> Result<Self, FormatError> {
        let Dimensions { width, encoder_layers, .. } = Dimensions::of(file)?;
        let layers = (0..encoder_layers)
            .map(|i| {
                let prefix = format!("encoder/layer_{i}");
                Ok((
                    SelfAttention::new(file, &format!("{prefix}/self_attention"), width)?,
                    FeedForward::new(file, &format!("{prefix}/ffn"), width)?,
                ))
            })
            .collect::<Result<_, FormatError>>()?;
        Ok(Self {
            conv1: Convolution::new(file, "encoder/conv1", MELS, width, 1)?,
            conv2: Convolution::new(file, "encoder/conv2", width, width, 2)?,
            positions: file.f32("encoder/position_encodings/encodings", &[1500, width])?,
            layers,
            norm: Norm::new(file, "encoder/layer_norm", width)?,
            width,
        })
    }

    /// Features `[frames / 2, width]` of a log-mel `[frames, 80]`.
    pub fn forward(&self, mel: &[f32]) -> Vec<f32> {
        let mut x = self.conv2.forward(&self.conv1.forward(mel));
        add(&mut x, &self.positions);
        let mut qkv = Vec::with_capacity(3 * x.len());
        for (attention, feed_forward) in &self.layers {
            qkv.clear();
            attention.forward(&mut x, &mut qkv, Mask::None);
            feed_forward.forward(&mut x);
        }
        debug_assert_eq!(x.len() % self.width, 0);
        self.norm.forward(&x)
    }
}

impl Network for Encoder {
    fn run(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        outputs[0].copy_from_slice(&self.forward(inputs[0]));
    }
}

struct DecoderLayer {
    attention: SelfAttention,
    cross_norm: Norm,
    cross_q: Linear,
    cross_kv: Linear,
    cross_out: Linear,
    feed_forward: FeedForward,
}

/// What the last inference left, and the inputs that it belongs to.
///
/// The decoder is a pure function of its inputs. Two parts of it can be taken over when the *contents* of the inputs
/// say so: keys and values of the features when the features are the same, and everything before the first token
/// embedding that differs, since attention is causal. Both are compared in full at every call, so that it does not
/// matter who calls, in which order, or what is changed.
struct Memory {
    features: Vec<f32>,
    embeddings: Vec<f32>,
    /// For each layer, `[250, 2 * width]`.
    cross_kv: Vec<Vec<f32>>,
    /// For each layer, `[positions, 3 * width]`.
    qkv: Vec<Vec<f32>>,
    /// After the last norm, `[positions, width]`.
    hidden: Vec<f32>,
    /// For each output, `[positions, columns]`.
    logits: Vec<Vec<f32>>,
}

/// The decoder without a cache between tokens, as Hailo compiles it: features and all token embeddings in, the
/// logits of all positions out, their columns split over several outputs.
pub struct Decoder {
    /// `[448, width]`; `None` where the host has added it.
    positions: Option<Vec<f32>>,
    layers: Vec<DecoderLayer>,
    norm: Norm,
    projection: Linear,
    width: usize,
    /// Columns of each output, in the order of the outputs.
    splits: Vec<std::ops::Range<usize>>,
    memory: Option<Memory>,
}

impl Decoder {
    /// Takes the decoder's part of the weights file. `splits` says which columns of the logits each output gets,
    /// `positions` who adds the positional bias.
    ///
    /// # Errors
    /// When a variable is missing or has another shape.
    ///
    /// # Panics
    /// When a split reaches beyond the vocabulary.
    pub fn new(
        file: &Arc<WeightsFile>,
        splits: Vec<std::ops::Range<usize>>,
        positions: Positions,
    ) -> Result<Self, FormatError> {
        let Dimensions { width, vocabulary, decoder_layers, .. } = Dimensions::of(file)?;
        assert!(
            splits.iter().all(|s| s.start < s.end && s.end <= vocabulary),
            "splits {splits:?} of {vocabulary}"
        );
        let layers = (0..decoder_layers)
            .map(|i| {
                let prefix = format!("decoder/layer_{i}");
                let cross = format!("{prefix}/attention");
                Ok(DecoderLayer {
                    attention: SelfAttention::new(file, &format!("{prefix}/self_attention"), width)?,
                    cross_norm: Norm::new(file, &format!("{cross}/layer_norm"), width)?,
                    cross_q: Linear::new(file, &format!("{cross}/linear_0"), width, width)?,
                    cross_kv: Linear::new(file, &format!("{cross}/linear_1"), width, 2 * width)?,
                    cross_out: Linear::new(file, &format!("{cross}/linear_2"), width, width)?,
                    feed_forward: FeedForward::new(file, &format!("{prefix}/ffn"), width)?,
                })
            })
            .collect::<Result<_, FormatError>>()?;
        Ok(Self {
            positions: match positions {
                Positions::Decoder => Some(file.f32(DECODER_POSITIONS, &[448, width])?),
                Positions::Host => None,
            },
            layers,
            norm: Norm::new(file, "decoder/layer_norm", width)?,
            projection: Linear::without_bias(file, "decoder/embeddings/weight", width, vocabulary)?,
            width,
            splits,
            memory: None,
        })
    }

    fn remember(&mut self, features: &[f32], embeddings: &[f32]) -> (Memory, usize) {
        let same_length =
            |m: &Memory| m.features.len() == features.len() && m.embeddings.len() == embeddings.len();
        let mut memory = self.memory.take().filter(same_length).unwrap_or_else(|| Memory {
            features: Vec::new(),
            embeddings: Vec::new(),
            cross_kv: vec![Vec::new(); self.layers.len()],
            qkv: vec![Vec::new(); self.layers.len()],
            hidden: Vec::new(),
            logits: vec![Vec::new(); self.splits.len()],
        });
        // Bits are compared, not values: a NaN equals itself, and 0.0 differs from -0.0.
        let same = |a: &[f32], b: &[f32]| {
            a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.to_bits() == y.to_bits())
        };
        let first = if same(&memory.features, features) {
            let old = memory.embeddings.chunks_exact(self.width);
            embeddings.chunks_exact(self.width).zip(old).take_while(|(new, old)| same(new, old)).count()
        } else {
            for (layer, kv) in self.layers.iter().zip(&mut memory.cross_kv) {
                *kv = layer.cross_kv.forward(features);
            }
            memory.features.clear();
            memory.features.extend_from_slice(features);
            0
        };
        memory.embeddings.clear();
        memory.embeddings.extend_from_slice(embeddings);
        (memory, first)
    }

    /// Logits of every position for features `[n, width]` and token embeddings `[positions, width]`.
    fn forward(&mut self, features: &[f32], embeddings: &[f32]) -> &[Vec<f32>] {
        let (mut memory, first) = self.remember(features, embeddings);
        let (width, count) = (self.width, embeddings.len() / self.width);
        if first < count {
            let mut x = embeddings[first * width..].to_vec();
            if let Some(positions) = &self.positions {
                add(&mut x, &positions[first * width..count * width]);
            }
            for ((layer, qkv), kv) in self.layers.iter().zip(&mut memory.qkv).zip(&memory.cross_kv) {
                qkv.truncate(first * 3 * width);
                layer.attention.forward(&mut x, qkv, Mask::Causal { first });
                let q = layer.cross_q.forward(&layer.cross_norm.forward(&x));
                let mixed = attention(
                    Columns { data: &q, stride: width, offset: 0 },
                    Columns { data: kv, stride: 2 * width, offset: 0 },
                    Columns { data: kv, stride: 2 * width, offset: width },
                    width / HEAD,
                    HEAD,
                    Mask::None,
                );
                add(&mut x, &layer.cross_out.forward(&mixed));
                layer.feed_forward.forward(&mut x);
            }
            memory.hidden = self.norm.forward(&x);
            for (split, logits) in self.splits.iter().zip(&mut memory.logits) {
                logits.resize(count * split.len(), 0.0);
                self.projection.forward_rows(
                    &memory.hidden,
                    split.clone(),
                    &mut logits[first * split.len()..],
                );
            }
        }
        &self.memory.insert(memory).logits
    }
}

impl Network for Decoder {
    fn run(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        for (from, to) in self.forward(inputs[0], inputs[1]).iter().zip(outputs) {
            to.copy_from_slice(from);
        }
    }
}
