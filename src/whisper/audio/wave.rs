//! What a WAV header says, checked against the file before anything is decoded.
//!
//! Decoders trust the header and play what there is. Here a header that announces more sound than the file holds is
//! an error: a clip that was cut off must not pass for a whole one. Programs that write to a pipe do not know the
//! length beforehand and leave 0 or 0xFFFFFFFF; then what is there counts.

use super::{CHANNELS, RATES};

/// What the header says of the sound.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wave {
    /// Where the sound starts.
    pub(super) data_start: usize,
    /// Bytes of sound that are there.
    pub(super) data_bytes: usize,
}

/// Whether the bytes are those of a RIFF file.
pub(super) fn is_riff(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF")
}

/// Checks the first 12 bytes of a RIFF file.
pub(super) fn check_start(bytes: &[u8]) -> Result<(), String> {
    match bytes.get(8..12) {
        Some(b"WAVE") => Ok(()),
        Some(_) => Err("it is a RIFF file but no WAV".into()),
        None => Err("it is truncated: it ends inside its header".into()),
    }
}

/// Writes the lengths that are there into the header: the decoder goes by what it says.
pub(super) fn settle(bytes: &mut [u8], wave: &Wave) {
    let length = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
    let all = length(bytes.len() - 8);
    bytes[4..8].copy_from_slice(&all);
    bytes[wave.data_start - 4..wave.data_start].copy_from_slice(&length(wave.data_bytes));
}

/// Checks the chunks of a WAV file; the error says what is wrong.
pub(super) fn check(bytes: &[u8]) -> Result<Wave, String> {
    let u16_at = |at: usize| bytes.get(at..at + 2).map(|b| u16::from_le_bytes([b[0], b[1]]));
    let u32_at = |at: usize| bytes.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    check_start(bytes)?;
    let mut at = 12;
    let mut has_format = false;
    while let (Some(id), Some(size)) = (bytes.get(at..at + 4), u32_at(at + 4)) {
        let start = at + 8;
        let left = bytes.len() - start;
        if id == b"fmt " {
            let (channels, rate) = (u16_at(start + 2), u32_at(start + 4));
            let (Some(channels), Some(rate)) = (channels, rate) else {
                return Err("it ends inside its header".into());
            };
            // The decoder multiplies these without looking.
            if !CHANNELS.contains(&usize::from(channels)) {
                return Err(format!("its header says {channels} channels"));
            }
            if !RATES.contains(&rate) {
                return Err(format!("its header says {rate} samples a second"));
            }
            has_format = true;
        }
        if id == b"data" {
            if !has_format {
                return Err("its sound comes before its format".into());
            }
            return match size {
                0 | u32::MAX => Ok(Wave { data_start: start, data_bytes: left }),
                size if size as usize > left => Err(format!(
                    "it is truncated: the header announces {size} bytes of sound, {left} are there"
                )),
                size => Ok(Wave { data_start: start, data_bytes: size as usize }),
            };
        }
        // Chunks are padded to an even length.
        at = start.saturating_add(size as usize).saturating_add(size as usize % 2);
        if at > bytes.len() {
            break;
        }
    }
    Err("it is truncated: it ends before its sound".into())
}
