//! The decoder with what the host does for it: looking up token embeddings, adding the positional bias where the decoder
//! does not, joining the parts of the logits.

use std::time::Duration;

use super::assets::{Bias, BiasBy, Embedding};
use super::error::WhisperError;
use super::tokenizer::Tokenizer;
use crate::hailort::{HefSource, Model, VDevice, VStream};

/// The names of a decoder's inputs in the HEFs that Hailo publishes: features, and token embeddings.
const INPUTS: [&str; 2] = ["input_layer1", "input_layer2"];
/// The fewest positions that hold a prompt of four tokens, a word and the end.
const FEWEST_POSITIONS: usize = 6;
/// How much the scores of two positions with the same token may differ, as a part of how much the scores of one differ
/// among themselves, where no position is in them. Seen in float32: under 0.00001 without, 8.9 with (Whisper base); 0.97
/// with random weights. Quantised networks round.
const SAME: f32 = 0.2;

/// What an encoder gives.
pub(super) struct Features {
    /// The encoder's file.
    pub(super) of: String,
    /// Values in all.
    pub(super) elements: usize,
    /// Values of a step.
    pub(super) width: usize,
}

/// The decoder, loaded.
#[derive(Debug)]
pub(super) struct Decoder {
    model: Model,
    embedding: Embedding,
    /// The positional bias `[positions, width]`, where the host adds it.
    bias: Option<Vec<f32>>,
    /// Tokens that fit in.
    positions: usize,
    /// Which input takes the features; the other one takes the embeddings.
    features_input: usize,
    /// The parts of the logits, each `[positions, columns]`.
    logits: Vec<Vec<f32>>,
    /// The token that the search begins with.
    first_token: u32,
}

impl Decoder {
    /// Loads it onto the device.
    ///
    /// # Errors
    /// When the library refuses it, or its inputs and outputs do not fit to encoder, embeddings and tokenizer.
    pub(super) fn load(
        vdevice: &VDevice,
        source: HefSource,
        embedding: Embedding,
        features: &Features,
        tokenizer: &Tokenizer,
        frame_timeout: Duration,
    ) -> Result<Self, WhisperError> {
        let model = Model::load(vdevice, source, frame_timeout)?;
        if model.inputs().len() != 2 {
            return Err(several(&model, "inputs", model.inputs(), "two, for features and token embeddings"));
        }
        let features_input = features_input(model.inputs(), features.elements).ok_or_else(|| {
            let expected = format!("one called {} and one {}", INPUTS[0], INPUTS[1]);
            several(&model, "inputs", model.inputs(), &expected)
        })?;
        let (input, tokens) = (&model.inputs()[features_input], &model.inputs()[1 - features_input]);
        if input.elements() != features.elements || input.shape[2] != features.width {
            let (steps, width, of) = (features.elements / features.width, features.width, &features.of);
            return Err(misfit(&model, input, format!("[1, {steps}, {width}], the features of {of}")));
        }
        let width = embedding.width();
        if tokens.shape[2] != width || !tokens.elements().is_multiple_of(width) {
            let expected = format!("[1, positions, {width}], the width of {}", embedding.name());
            return Err(misfit(&model, tokens, expected));
        }
        let positions = tokens.elements() / width;
        if positions < FEWEST_POSITIONS {
            return Err(misfit(&model, tokens, format!("{FEWEST_POSITIONS} positions or more")));
        }
        for output in model.outputs() {
            if output.shape[2] == 0 || output.elements() != positions * output.shape[2] {
                let expected =
                    format!("[1, {positions}, columns], as {} has {positions} positions", tokens.layer());
                return Err(misfit(&model, output, expected));
            }
        }
        let columns: usize = model.outputs().iter().map(|o| o.shape[2]).sum();
        if columns != embedding.vocabulary() {
            let expected =
                format!("{} columns in all, the tokens of {}", embedding.vocabulary(), embedding.name());
            return Err(several(&model, "outputs", model.outputs(), &expected));
        }
        if tokenizer.end_of_text() as usize >= columns {
            return Err(WhisperError::Misfit {
                file: embedding.name().into(),
                layer: "table".into(),
                found: format!("{columns} tokens"),
                expected: format!(
                    "more than {}, where the tokenizer ends its texts",
                    tokenizer.end_of_text()
                ),
            });
        }
        let first_token = tokenizer.special("<|startoftranscript|>")?;
        let logits = vec![Vec::new(); model.outputs().len()];
        Ok(Self { model, embedding, bias: None, positions, features_input, logits, first_token })
    }

    /// Finds out who adds the positional bias, and takes it where it is the host.
    ///
    /// # Errors
    /// When the host has to and has none, or the device fails.
    pub(super) fn settle_bias(
        &mut self,
        bias: Option<Bias>,
        by: BiasBy,
        features: usize,
    ) -> Result<(), WhisperError> {
        let by_host = match by {
            BiasBy::Decoder => false,
            BiasBy::Host => true,
            BiasBy::Auto => !self.knows_positions(features)?,
        };
        if by_host {
            let bias = bias.ok_or_else(|| {
                WhisperError::Assets(format!(
                    "{} leaves the positional bias to the host, and there is none: put onnx_add_input_….npy beside it, or \
                     run `hailo-harness models fetch --arch ARCH`; where it is the decoder that adds it, set {}=decoder",
                    self.model.name(),
                    BiasBy::VARIABLE
                ))
            })?;
            self.bias = Some(bias.rows(self.positions, self.embedding.width())?);
        }
        Ok(())
    }

    /// Whether the decoder adds the positional bias itself. It is given the same token everywhere: what looks at earlier
    /// positions alone gives the same scores everywhere then, unless it knows where it is.
    fn knows_positions(&mut self, features: usize) -> Result<bool, WhisperError> {
        let same = vec![self.first_token; self.positions];
        let features = vec![0.0; features];
        self.run(&features, &same)?;
        let (first, last) = (self.row(0)?, self.row(self.positions - 1)?);
        let middle = first.iter().sum::<f32>() / first.len() as f32;
        let spread: f32 = first.iter().map(|x| (x - middle).abs()).sum();
        let apart: f32 = first.iter().zip(&last).map(|(x, y)| (x - y).abs()).sum();
        Ok(apart > SAME * spread)
    }

    /// Tokens that fit in, prompt included.
    pub(super) fn positions(&self) -> usize {
        self.positions
    }

    /// The scores of the token that follows `ids`.
    ///
    /// # Errors
    /// When the device fails, or answers what are no numbers.
    pub(super) fn next(&mut self, features: &[f32], ids: &[u32]) -> Result<Vec<f32>, WhisperError> {
        self.run(features, ids)?;
        self.row(ids.len() - 1)
    }

    fn run(&mut self, features: &[f32], ids: &[u32]) -> Result<(), WhisperError> {
        let width = self.embedding.width();
        let mut tokens = vec![0.0; self.positions * width];
        // The positions behind are filled with token 0, as whoever measured the ranges of a quantised decoder did. No
        // earlier position sees them.
        let mut filled = ids.to_vec();
        filled.resize(self.positions, 0);
        self.embedding.look_up(&filled, &mut tokens)?;
        for (to, bias) in tokens.iter_mut().zip(self.bias.iter().flatten()) {
            *to += bias;
        }
        let mut inputs: [&[f32]; 2] = [&tokens, &tokens];
        inputs[self.features_input] = features;
        self.model.infer(&inputs, &mut self.logits)?;
        Ok(())
    }

    /// The scores at a position, all parts joined.
    fn row(&self, position: usize) -> Result<Vec<f32>, WhisperError> {
        let mut row = Vec::with_capacity(self.embedding.vocabulary());
        for (part, stream) in self.logits.iter().zip(self.model.outputs()) {
            let columns = stream.shape[2];
            row.extend_from_slice(&part[position * columns..(position + 1) * columns]);
        }
        let wrong = row.iter().filter(|score| score.is_nan()).count();
        if wrong > 0 { Err(WhisperError::Scores { wrong, all: row.len() }) } else { Ok(row) }
    }
}

/// Which of two inputs takes the features: the only one that is as large, or else the one with their name.
fn features_input(inputs: &[VStream], elements: usize) -> Option<usize> {
    let fits: Vec<usize> = (0..inputs.len()).filter(|i| inputs[*i].elements() == elements).collect();
    match fits.as_slice() {
        [one] => Some(*one),
        _ => inputs.iter().position(|i| i.layer() == INPUTS[0]),
    }
}

pub(super) fn misfit(model: &Model, stream: &VStream, expected: String) -> WhisperError {
    WhisperError::Misfit {
        file: model.name().into(),
        layer: stream.layer().into(),
        found: format!("the shape {:?}", stream.shape),
        expected,
    }
}

/// A model has other inputs or outputs.
pub(super) fn several(model: &Model, what: &str, streams: &[VStream], expected: &str) -> WhisperError {
    let layers: Vec<String> = streams.iter().map(|s| format!("{} {:?}", s.layer(), s.shape)).collect();
    WhisperError::Misfit {
        file: model.name().into(),
        layer: format!("list of {what}"),
        found: format!("{} of them: {}", streams.len(), layers.join(", ")),
        expected: expected.into(),
    }
}
