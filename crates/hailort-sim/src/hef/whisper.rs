//! The two HEFs of a Whisper model, with the shapes and names that Hailo's own have.

use super::generate;
use super::layer::{Direction, StreamInfo};
use super::model::{ARCH_8L, Hef, NetworkGroup, SimulatedNetwork};

/// The kind of an encoder's simulated network.
pub const ENCODER: &str = "whisper-encoder";
/// The kind of a decoder's simulated network that adds the positional bias itself.
pub const DECODER: &str = "whisper-decoder";
/// The kind of a decoder's simulated network that is given sums of token embeddings and positional bias.
pub const DECODER_OF_SUMS: &str = "whisper-decoder-of-sums";

/// Sizes of a compiled Whisper model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The model's name: `tiny` or `base`.
    pub model: &'static str,
    /// Seconds of audio that the encoder takes.
    pub seconds: u32,
    /// Width of the model.
    pub width: u32,
    /// Positions of the decoder.
    pub positions: u32,
    /// Columns of each output of the logits, in the order of the vocabulary.
    pub splits: [u32; 4],
}

/// Whisper base as Hailo compiles it: 5 s of audio, 32 positions, 51,865 tokens over four outputs.
pub const BASE: Shape =
    Shape { model: "base", seconds: 5, width: 512, positions: 32, splits: [12_967, 12_966, 12_966, 12_966] };

/// Whisper tiny as Hailo compiles it: 10 s of audio, 32 positions.
pub const TINY: Shape = Shape { model: "tiny", seconds: 10, width: 384, ..BASE };

/// Who adds the positional bias to the token embeddings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Positions {
    /// The decoder: it is given token embeddings.
    Decoder,
    /// The host: the decoder is given sums.
    Host,
}

/// A model as it is compiled for an architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// Its sizes.
    pub shape: Shape,
    /// The architecture as in the file: see [`ARCH_8`](super::model::ARCH_8) and [`ARCH_8L`].
    pub arch: i32,
    /// Who adds the positional bias.
    pub positions: Positions,
}

/// The compiler whose files these look like.
const COMPILER: &str = "3.31.0";

fn stream(group: &str, layer: &str, direction: Direction, width: u32, features: u32) -> StreamInfo {
    StreamInfo::plain(group, layer, direction, [1, width, features], 2)
}

fn group(
    name: String,
    inputs: Vec<StreamInfo>,
    outputs: Vec<StreamInfo>,
    sorted_outputs: Vec<String>,
) -> NetworkGroup {
    let mut group = NetworkGroup {
        networks: vec![format!("{name}/{name}")],
        contexts: 2,
        inputs,
        outputs,
        sorted_outputs,
        bottleneck_fps: 0.0,
        host_ops: Vec::new(),
        name,
    };
    for (index, stream) in (0..).zip(group.inputs.iter_mut().chain(&mut group.outputs)) {
        stream.index = index;
    }
    group
}

fn hef(arch: i32, group: NetworkGroup, kind: &str, weights_sha256: &str) -> Vec<u8> {
    generate::write(&Hef {
        arch,
        header_version: 2,
        compiler: COMPILER.into(),
        network_groups: vec![group],
        simulated: Some(SimulatedNetwork { kind: kind.into(), weights_sha256: weights_sha256.into() }),
    })
}

impl Compiled {
    /// The encoder: log-mel `[1, 1, 100 * seconds, 80]` in, features `[1, 1, 50 * seconds, width]` out.
    pub fn encoder(&self, weights_sha256: &str) -> Vec<u8> {
        let shape = &self.shape;
        let name = format!("{}_whisper_encoder_{}s", shape.model, shape.seconds);
        let output = stream(&name, "conv49", Direction::DeviceToHost, 50 * shape.seconds, shape.width);
        let inputs = vec![stream(&name, "input_layer1", Direction::HostToDevice, 100 * shape.seconds, 80)];
        let sorted = vec![output.name.clone()];
        hef(self.arch, group(name, inputs, vec![output], sorted), ENCODER, weights_sha256)
    }

    /// The decoder: features `[1, 1, 50 * seconds, width]` and token embeddings `[1, 1, positions, width]` in, logits
    /// `[1, 1, positions, columns]` out in four parts.
    pub fn decoder(&self, weights_sha256: &str) -> Vec<u8> {
        let shape = &self.shape;
        let name = format!("{}_whisper_decoder_fixed_sequence_matmul_split", shape.model);
        let parts: Vec<StreamInfo> = shape
            .splits
            .iter()
            .enumerate()
            .map(|(i, columns)| {
                stream(&name, &format!("conv{}", 97 + i), Direction::DeviceToHost, shape.positions, *columns)
            })
            .collect();
        let sorted_outputs = parts.iter().map(|p| p.name.clone()).collect();
        // Hailo's compiler declares streams in an order of its own, and the library gives parameters in that of the
        // alphabet (conv100 before conv97): a program that joins the logits in either order must fail here as it would
        // there.
        let outputs = [2, 0, 3, 1].map(|i: usize| parts[i].clone()).to_vec();
        let inputs = vec![
            stream(&name, "input_layer2", Direction::HostToDevice, shape.positions, shape.width),
            stream(&name, "input_layer1", Direction::HostToDevice, 50 * shape.seconds, shape.width),
        ];
        let kind = match self.positions {
            Positions::Decoder => DECODER,
            Positions::Host => DECODER_OF_SUMS,
        };
        hef(self.arch, group(name, inputs, outputs, sorted_outputs), kind, weights_sha256)
    }
}

fn for_8l(shape: &Shape) -> Compiled {
    Compiled { shape: *shape, arch: ARCH_8L, positions: Positions::Decoder }
}

/// The encoder for a Hailo-8L: see [`Compiled::encoder`].
pub fn encoder(shape: &Shape, weights_sha256: &str) -> Vec<u8> {
    for_8l(shape).encoder(weights_sha256)
}

/// The decoder for a Hailo-8L, which adds the positional bias itself: see [`Compiled::decoder`].
pub fn decoder(shape: &Shape, weights_sha256: &str) -> Vec<u8> {
    for_8l(shape).decoder(weights_sha256)
}
