//! One path from sound to text: log-mel, encoder, greedy decoder, tokens to text.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::assets::WhisperAssets;
use super::audio::{Audio, SAMPLE_RATE};
use super::decoder::{Decoder, Features, misfit, several};
use super::error::WhisperError;
use super::greedy::{self, Found, GreedyOptions};
use super::mel::{BINS, HOP, LogMel};
use super::tokenizer::Tokenizer;
use super::transcript::{Token, Transcript};
use super::windows;
use crate::hailort::{Model, VDevice};
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
        let WhisperAssets { name, encoder, decoder, embedding, bias, bias_by, tokenizer } = assets;
        let encoder = Model::load(vdevice, encoder, frame_timeout)?;
        let [input] = encoder.inputs() else {
            return Err(several(&encoder, "inputs", encoder.inputs(), "one, for the log-mel"));
        };
        let [output] = encoder.outputs() else {
            return Err(several(&encoder, "outputs", encoder.outputs(), "one, with the features"));
        };
        let frames = input.elements() / BINS;
        if input.shape[2] != BINS
            || !input.elements().is_multiple_of(BINS)
            || frames == 0
            || !frames.is_multiple_of(2)
        {
            let expected = format!("[1, frames, {BINS}] with an even number of frames of log-mel");
            return Err(misfit(&encoder, input, expected));
        }
        let width = output.shape[2];
        if output.elements() != frames / 2 * width {
            let expected = format!("[1, {}, width], as it takes {frames} frames", frames / 2);
            return Err(misfit(&encoder, output, expected));
        }
        let features = Features { of: encoder.name().into(), elements: output.elements(), width };
        let mut decoder = Decoder::load(vdevice, decoder, embedding, &features, &tokenizer, frame_timeout)?;
        decoder.settle_bias(bias, bias_by, features.elements)?;
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
        let options = GreedyOptions::new(prompt, self.tokenizer.end_of_text(), self.decoder.positions());
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
