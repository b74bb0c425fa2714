//! Encoder and decoder on the simulator, by the same calls that a real device gets.

use hailo_harness::hailort::{Model, VDevice};
use hailo_harness::whisper::assets::Embedding;
use hailo_harness::whisper::mel::BINS;
use hailo_harness::whisper::pipeline::FRAME_TIMEOUT;

/// Tokens that the decoder takes.
pub const POSITIONS: usize = 32;
/// Columns of the logits.
pub const VOCABULARY: usize = 51_865;
/// Columns of the features.
pub const WIDTH: usize = 512;

/// Both networks on one device.
pub struct Networks {
    encoder: Model,
    decoder: Model,
    embedding: Embedding,
}

impl Networks {
    /// Opens a simulated device of this process's own and loads the generated HEFs.
    pub fn load() -> Self {
        let assets = crate::common::assets();
        hailort_sim::runtime::host::own();
        let vdevice = VDevice::open(hailort_sim::api(), None).unwrap();
        Self {
            encoder: Model::load(&vdevice, assets.encoder, FRAME_TIMEOUT).unwrap(),
            decoder: Model::load(&vdevice, assets.decoder, FRAME_TIMEOUT).unwrap(),
            embedding: assets.embedding,
        }
    }

    /// Features `[250, 512]` of a log-mel `[500, 80]`.
    pub fn encode(&mut self, mel: &[f32]) -> Vec<f32> {
        let mut features = [Vec::new()];
        self.encoder.infer(&[mel], &mut features).unwrap();
        let [features] = features;
        assert_eq!(features.len(), mel.len() / BINS / 2 * WIDTH);
        features
    }

    /// Logits `[32, 51865]`, the four outputs joined.
    pub fn decode(&mut self, features: &[f32], tokens: &[usize]) -> Vec<f32> {
        assert_eq!(tokens.len(), POSITIONS);
        let ids: Vec<u32> = tokens.iter().map(|t| u32::try_from(*t).unwrap()).collect();
        let mut embeddings = vec![0.0; POSITIONS * self.embedding.width()];
        self.embedding.look_up(&ids, &mut embeddings).unwrap();
        let inputs: Vec<&[f32]> = (self.decoder.inputs().iter())
            .map(|input| match input.layer() {
                "input_layer1" => features,
                "input_layer2" => &embeddings,
                other => panic!("the decoder has an input {other}"),
            })
            .collect();
        let mut parts = vec![Vec::new(); self.decoder.outputs().len()];
        self.decoder.infer(&inputs, &mut parts).unwrap();
        let mut logits = Vec::with_capacity(POSITIONS * VOCABULARY);
        for position in 0..POSITIONS {
            for (part, output) in parts.iter().zip(self.decoder.outputs()) {
                let columns = output.shape[2];
                logits.extend_from_slice(&part[position * columns..(position + 1) * columns]);
            }
        }
        assert_eq!(logits.len(), POSITIONS * VOCABULARY);
        logits
    }
}
