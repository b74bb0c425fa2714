//! One path from sound to text: log-mel, encoder, greedy decoder, tokens to text.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::assets::{Embedding, WhisperAssets};
use super::audio::{Audio, SAMPLE_RATE};
use super::error::WhisperError;
use super::greedy::{self, Found, GreedyOptions};
use super::mel::{BINS, HOP, LogMel};
use super::tokenizer::Tokenizer;
use super::transcript::{Token, Transcript};
use super::windows;
use crate::hailort::{HefSource, Model, VDevice};
use crate::text::Language;

/// How long one frame may take to be written or read, unless the caller says otherwise. Finite on purpose: the
/// library's "for ever" is how pipelines hang.
pub const FRAME_TIMEOUT: Duration = Duration::from_secs(10);

/// A window that is shorter than this is not cut again, whatever it holds.
const SHORTEST_WINDOW: usize = SAMPLE_RATE as usize;

/// Whisper on a device: encoder and decoder loaded, ready to transcribe.
#[derive(Debug)]
pub struct Pipeline {
    name: String,
    encoder: Model,
    decoder: Decoder,
    mel: LogMel,
    tokenizer: Tokenizer,
    /// Frames of log-mel that the encoder takes.
    frames: usize,
    /// The features of the current window.
    features: Vec<Vec<f32>>,
}

impl Pipeline {
    /// Loads both networks onto the device.
    ///
    /// # Errors
    /// When the library refuses a HEF, or the shapes of encoder, decoder, embeddings and tokenizer do not fit together.
    pub fn load(
        vdevice: &VDevice,
        assets: WhisperAssets,
        frame_timeout: Duration,
    ) -> Result<Self, WhisperError> {
        let WhisperAssets { name, encoder, decoder, embedding, tokenizer } = assets;
        let encoder = Model::load(vdevice, encoder, frame_timeout)?;
        let [input] = encoder.inputs() else {
            return Err(misfit(format!("the encoder has {} inputs, not 1", encoder.inputs().len())));
        };
        let [output] = encoder.outputs() else {
            return Err(misfit(format!("the encoder has {} outputs, not 1", encoder.outputs().len())));
        };
        if input.shape[2] != BINS || !input.elements().is_multiple_of(BINS) {
            return Err(misfit(format!("the encoder takes {:?}, not [1, frames, {BINS}]", input.shape)));
        }
        let (frames, features) = (input.elements() / BINS, output.elements());
        let decoder = Decoder::load(vdevice, decoder, embedding, features, frame_timeout)?;
        let mel = LogMel::new();
        Ok(Self { name, encoder, decoder, mel, tokenizer, frames, features: vec![Vec::new()] })
    }

    /// The model's name for reports.
    pub fn model_name(&self) -> &str {
        &self.name
    }

    /// Seconds of audio in a window.
    pub fn window_seconds(&self) -> f64 {
        (self.frames * HOP) as f64 / f64::from(SAMPLE_RATE)
    }

    /// Transcribes audio of any length. `progress` is told how many seconds are done, after each window.
    ///
    /// Audio without a sample, and windows in which nothing is louder than -60 dBFS, do not touch the device.
    ///
    /// # Errors
    /// When the device fails. Nothing that fails becomes an empty text.
    pub fn transcribe(
        &mut self,
        audio: &Audio,
        language: Language,
        mut progress: impl FnMut(f64),
    ) -> Result<Transcript, WhisperError> {
        let start = Instant::now();
        let mut transcript = Transcript::empty(language.code(), audio.seconds());
        let samples = audio.samples();
        let mut pending: Vec<Range<usize>> = windows::split(samples, self.frames * HOP);
        pending.reverse();
        let mut texts: Vec<String> = Vec::new();
        while let Some(window) = pending.pop() {
            if !windows::is_silent(&samples[window.clone()]) {
                let mut found = self.decode(&samples[window.clone()], language, &mut transcript)?;
                if let Some(round) = found.first_round() {
                    found.tokens.truncate(round);
                } else if found.end.is_none() && window.len() >= 2 * SHORTEST_WINDOW {
                    // More words than the decoder has positions: the window is heard again in two halves.
                    let [first, second] = windows::halve(samples, window);
                    pending.extend([second, first]);
                    continue;
                } else {
                    transcript.truncated |= found.end.is_none();
                }
                self.take(&found, &mut transcript, &mut texts);
            }
            progress(window.end as f64 / f64::from(SAMPLE_RATE));
        }
        transcript.text = texts.join(" ");
        transcript.timings.total = start.elapsed();
        Ok(transcript)
    }

    fn decode(
        &mut self,
        samples: &[f32],
        language: Language,
        transcript: &mut Transcript,
    ) -> Result<Found, WhisperError> {
        let timings = &mut transcript.timings;
        let mel = timed(&mut timings.mel, || self.mel.compute(samples, self.frames));
        timed(&mut timings.encoder, || self.encoder.infer(&[&mel], &mut self.features))?;
        // Where the task is left to the model, it now and then translates instead of transcribing.
        let special = |name| self.tokenizer.special(name);
        let prompt = vec![
            special("<|startoftranscript|>")?,
            self.tokenizer.special(&format!("<|{}|>", language.code()))?,
            special("<|transcribe|>")?,
            special("<|notimestamps|>")?,
        ];
        let options = GreedyOptions::new(prompt, self.tokenizer.end_of_text(), self.decoder.positions);
        let features = &self.features[0];
        let decoder = &mut self.decoder;
        transcript.windows += 1;
        timed(&mut timings.decoder, || greedy::search(&options, |ids| decoder.next(features, ids)))
    }

    fn take(&self, found: &Found, transcript: &mut Transcript, texts: &mut Vec<String>) {
        let text = self.tokenizer.text(found.tokens.iter().map(|t| t.id));
        let text = text.trim();
        if !text.is_empty() {
            texts.push(text.into());
        }
        for choice in found.tokens.iter().chain(&found.end) {
            let least = transcript.min_margin.unwrap_or(f32::INFINITY);
            transcript.min_margin = Some(least.min(choice.margin));
        }
        let tokens = found.tokens.iter().map(|c| Token::new(*c, self.tokenizer.text([c.id])));
        transcript.tokens.extend(tokens);
    }
}

fn timed<T>(sum: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    *sum += start.elapsed();
    result
}

fn misfit(why: String) -> WhisperError {
    WhisperError::Assets(why)
}

/// The decoder with what the host does for it: looking up token embeddings, joining the parts of the logits.
#[derive(Debug)]
struct Decoder {
    model: Model,
    embedding: Embedding,
    /// Tokens that fit in.
    positions: usize,
    /// Which input takes the features; the other one takes the embeddings.
    features_input: usize,
    /// The parts of the logits, each `[positions, columns]`.
    logits: Vec<Vec<f32>>,
}

impl Decoder {
    fn load(
        vdevice: &VDevice,
        source: HefSource,
        embedding: Embedding,
        features: usize,
        frame_timeout: Duration,
    ) -> Result<Self, WhisperError> {
        let model = Model::load(vdevice, source, frame_timeout)?;
        let named = |layer: &str| {
            let at = model.inputs().iter().position(|i| i.layer() == layer);
            at.ok_or_else(|| misfit(format!("the decoder has no input {layer:?}")))
        };
        let (features_input, tokens_input) = (named("input_layer1")?, named("input_layer2")?);
        if model.inputs().len() != 2 || model.inputs()[features_input].elements() != features {
            let found = model.inputs()[features_input].elements();
            return Err(misfit(format!("the decoder takes {found} features, the encoder gives {features}")));
        }
        let tokens = &model.inputs()[tokens_input];
        if tokens.shape[2] != embedding.width() {
            let wide = embedding.width();
            return Err(misfit(format!(
                "the decoder takes {:?}, the embeddings have a width of {wide}",
                tokens.shape
            )));
        }
        let positions = tokens.elements() / embedding.width();
        let columns: usize = model.outputs().iter().map(|o| o.shape[2]).sum();
        if columns != embedding.vocabulary()
            || model.outputs().iter().any(|o| o.elements() != positions * o.shape[2])
        {
            let (rows, tokens) = (positions, embedding.vocabulary());
            return Err(misfit(format!("the decoder's outputs are not [{rows}, {tokens}] in all")));
        }
        let logits = vec![Vec::new(); model.outputs().len()];
        Ok(Self { model, embedding, positions, features_input, logits })
    }

    /// The scores of the token that follows `ids`.
    fn next(&mut self, features: &[f32], ids: &[u32]) -> Result<Vec<f32>, WhisperError> {
        let mut tokens = vec![0.0; self.positions * self.embedding.width()];
        self.embedding.look_up(ids, &mut tokens)?;
        let mut inputs: [&[f32]; 2] = [&tokens, &tokens];
        inputs[self.features_input] = features;
        self.model.infer(&inputs, &mut self.logits)?;
        let mut row = Vec::with_capacity(self.embedding.vocabulary());
        for (part, stream) in self.logits.iter().zip(self.model.outputs()) {
            let columns = stream.shape[2];
            row.extend_from_slice(&part[(ids.len() - 1) * columns..ids.len() * columns]);
        }
        let wrong = row.iter().filter(|score| score.is_nan()).count();
        if wrong > 0 { Err(WhisperError::Scores { wrong, all: row.len() }) } else { Ok(row) }
    }
}
