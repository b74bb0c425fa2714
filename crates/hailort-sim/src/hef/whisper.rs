//! The two HEFs of a Whisper model, with the shapes and names that Hailo's own have.

use super::generate;
use super::model::{ARCH_8L, Direction, Hef, NetworkGroup, SimulatedNetwork, StreamInfo};

/// The kind of an encoder's simulated network.
pub const ENCODER: &str = "whisper-encoder";
/// The kind of a decoder's simulated network.
pub const DECODER: &str = "whisper-decoder";

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

fn stream(group: &str, layer: &str, direction: Direction, width: u32, features: u32) -> StreamInfo {
    let padded = [1, width, features.next_multiple_of(8)];
    StreamInfo {
        name: format!("{group}/{layer}"),
        direction,
        height: 1,
        width,
        features,
        padded,
        order: 1,
        data_bytes: 2,
        qp_zp: 0.0,
        qp_scale: 1.0 / 1024.0,
        limits: [0.0, 64.0],
    }
}

fn hef(group: NetworkGroup, kind: &str, weights_sha256: &str) -> Vec<u8> {
    generate::write(&Hef {
        arch: ARCH_8L,
        header_version: 2,
        network_groups: vec![group],
        simulated: Some(SimulatedNetwork { kind: kind.into(), weights_sha256: weights_sha256.into() }),
    })
}

/// The encoder: log-mel `[1, 1, 100 * seconds, 80]` in, features `[1, 1, 50 * seconds, width]` out.
pub fn encoder(shape: &Shape, weights_sha256: &str) -> Vec<u8> {
    let name = format!("{}_whisper_encoder_{}s", shape.model, shape.seconds);
    let output = stream(&name, "conv49", Direction::DeviceToHost, 50 * shape.seconds, shape.width);
    let group = NetworkGroup {
        network_name: format!("{name}/{name}"),
        is_multi_context: true,
        inputs: vec![stream(&name, "input_layer1", Direction::HostToDevice, 100 * shape.seconds, 80)],
        sorted_outputs: vec![output.name.clone()],
        outputs: vec![output],
        name,
    };
    hef(group, ENCODER, weights_sha256)
}

/// The decoder: features `[1, 1, 50 * seconds, width]` and token embeddings `[1, 1, positions, width]` in, logits
/// `[1, 1, positions, columns]` out in four parts.
pub fn decoder(shape: &Shape, weights_sha256: &str) -> Vec<u8> {
    let name = format!("{}_whisper_decoder_fixed_sequence_matmul_split", shape.model);
    let parts: Vec<StreamInfo> = shape
        .splits
        .iter()
        .enumerate()
        .map(|(i, columns)| {
            stream(&name, &format!("conv{}", 81 + i), Direction::DeviceToHost, shape.positions, *columns)
        })
        .collect();
    let sorted_outputs = parts.iter().map(|p| p.name.clone()).collect();
    // Hailo's compiler declares streams in an order of its own: a program that joins the logits in the order of
    // declaration must fail here as it would there.
    let outputs = [2, 0, 3, 1].map(|i: usize| parts[i].clone()).to_vec();
    let group = NetworkGroup {
        network_name: format!("{name}/{name}"),
        is_multi_context: true,
        inputs: vec![
            stream(&name, "input_layer2", Direction::HostToDevice, shape.positions, shape.width),
            stream(&name, "input_layer1", Direction::HostToDevice, 50 * shape.seconds, shape.width),
        ],
        outputs,
        sorted_outputs,
        name,
    };
    hef(group, DECODER, weights_sha256)
}
