//! WAV and FLAC to samples.

use std::io::Cursor;

use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

use super::error::{AudioError, AudioErrorKind};
use super::{MAX_SECONDS, resample, wave};

/// What is in the file, mixed to one channel.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) samples: Vec<f32>,
    pub(super) rate: u32,
}

/// Most samples of one channel that are kept: a small FLAC file of silence unpacks to any length.
const MAX_FRAMES: u64 = MAX_SECONDS * 48_000;

/// What is read, for errors.
const FORMATS: &str = "WAV and FLAC are read";

/// Whether the file can be one that is read, from its first bytes.
pub(super) fn check_start(name: &str, start: &[u8]) -> Result<(), AudioError> {
    let why = if start.is_empty() {
        "it is empty"
    } else if wave::is_riff(start) {
        return wave::check_start(start).map_err(|why| AudioError::new(name, AudioErrorKind::Damaged, why));
    } else if start.starts_with(b"fLaC") {
        return Ok(());
    } else {
        "its contents are no audio that is known"
    };
    Err(AudioError::new(name, AudioErrorKind::Format, format!("{why}: {FORMATS}")))
}

pub(super) fn decode(name: &str, mut bytes: Vec<u8>) -> Result<Decoded, AudioError> {
    let fail = |kind, why: String| AudioError::new(name, kind, why);
    let damaged = |why: &dyn std::fmt::Display| fail(AudioErrorKind::Damaged, why.to_string());
    check_start(name, &bytes)?;
    if wave::is_riff(&bytes) {
        let header = wave::check(&bytes).map_err(|why| fail(AudioErrorKind::Damaged, why))?;
        if header.data_bytes == 0 {
            return Ok(Decoded { samples: Vec::new(), rate: super::SAMPLE_RATE });
        }
        wave::settle(&mut bytes, &header);
    }
    let source = MediaSourceStream::new(Box::new(Cursor::new(bytes)), Default::default());
    let mut format = symphonia::default::get_probe()
        .probe(&Hint::new(), source, FormatOptions::default(), MetadataOptions::default())
        .map_err(|e| damaged(&e))?;
    let track = format.default_track(TrackType::Audio).ok_or_else(|| damaged(&"there is no sound in it"))?;
    let (id, announced) = (track.id, track.num_frames);
    let params = track
        .codec_params
        .as_ref()
        .and_then(|p| p.audio())
        .ok_or_else(|| damaged(&"its header does not describe the sound"))?;
    let rate = params.sample_rate.ok_or_else(|| damaged(&"its header says no rate"))?;
    let channels = params.channels.as_ref().map_or(0, |c| c.count());
    if channels == 0 {
        return Err(damaged(&"its header says 0 channels"));
    }
    let limit = (MAX_SECONDS * u64::from(rate)).min(MAX_FRAMES);
    // The decoder checks FLAC's sum over all samples at the end.
    let options = AudioDecoderOptions::default().verify(true);
    let mut decoder =
        symphonia::default::get_codecs().make_audio_decoder(params, &options).map_err(|e| match e {
            Error::Unsupported(_) => {
                fail(AudioErrorKind::Format, format!("{e}: a kind of coding that is not read"))
            }
            e => damaged(&e),
        })?;
    let (mut samples, mut interleaved) = (Vec::new(), Vec::new());
    loop {
        let packet = match format.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            Err(Error::IoError(e)) if e.kind() == std::io::ErrorKind::UnexpectedEof => break,
            Err(e) => return Err(damaged(&e)),
        };
        if packet.track_id != id {
            continue;
        }
        let buffer = decoder.decode(&packet).map_err(|e| damaged(&e))?;
        interleaved.resize(buffer.samples_interleaved(), 0.0f32);
        buffer.copy_to_slice_interleaved(&mut interleaved);
        resample::mix(&interleaved, channels, &mut samples);
        if samples.len() as u64 > limit {
            let why = format!("it is longer than {} hours, or as large", MAX_SECONDS / 3600);
            return Err(fail(AudioErrorKind::Format, why));
        }
    }
    if decoder.finalize().verify_ok == Some(false) {
        return Err(damaged(&"its checksum does not fit"));
    }
    let frames = samples.len();
    if let Some(announced) = announced.filter(|n| *n > frames as u64) {
        let why = format!("it is truncated: the header announces {announced} samples, {frames} are there");
        return Err(fail(AudioErrorKind::Damaged, why));
    }
    Ok(Decoded { samples, rate })
}
