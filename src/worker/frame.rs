//! Frames on a socket: magic, version, kind, length, payload.
//!
//! | bytes | field |
//! | --- | --- |
//! | 4 | magic `HLHW` |
//! | 2 | version of the protocol, little-endian |
//! | 2 | kind |
//! | 4 | length of the payload |
//! | … | payload |

use std::io::{ErrorKind, Read, Write};

/// The first bytes of every frame.
pub const MAGIC: [u8; 4] = *b"HLHW";

/// The version of the protocol; both sides must have the same.
pub const VERSION: u16 = 3;

/// The longest payload. Audio is sent in pieces.
pub const LONGEST: u32 = 4 << 20;

const HEADER: usize = 12;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum FrameKind {
    /// A message.
    Message = 1,
    /// Samples, float32, little-endian.
    Samples = 2,
}

/// Why a frame could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The other side has closed the connection between two frames.
    #[error("the connection is closed")]
    Closed,
    /// The other side has closed the connection within a frame.
    #[error("the connection was closed within a frame")]
    Truncated,
    /// No byte came in time.
    #[error("no answer in time")]
    Timeout,
    /// The bytes are no frame.
    #[error("a frame begins with {0:02x?}: this is not the protocol of a worker")]
    Magic([u8; 4]),
    /// The other side speaks another version.
    #[error("the other side speaks version {found} of the protocol, this side version {VERSION}")]
    Version {
        /// Its version.
        found: u16,
    },
    /// There is no such kind of frame.
    #[error("a frame of the unknown kind {0}")]
    Kind(u16),
    /// The payload is longer than allowed.
    #[error("a frame of {0} bytes; the longest has {LONGEST}")]
    Oversized(u32),
    /// The payload is no message.
    #[error("a message that cannot be read: {0}")]
    Malformed(String),
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Io(std::io::Error),
}

impl From<std::io::Error> for FrameError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Self::Timeout,
            ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => Self::Closed,
            _ => Self::Io(error),
        }
    }
}

/// Writes a frame.
///
/// # Errors
/// When the payload is too long, or the connection fails.
pub fn write(to: &mut impl Write, kind: FrameKind, payload: &[u8]) -> Result<(), FrameError> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    if length > LONGEST {
        return Err(FrameError::Oversized(length));
    }
    let mut frame = Vec::with_capacity(HEADER + payload.len());
    frame.extend(MAGIC);
    frame.extend(VERSION.to_le_bytes());
    frame.extend((kind as u16).to_le_bytes());
    frame.extend(length.to_le_bytes());
    frame.extend(payload);
    Ok(to.write_all(&frame)?)
}

/// Reads a frame. Nothing is allocated before the length is known to be allowed.
///
/// # Errors
/// For everything that is no frame of this version, and when the connection ends or fails.
pub fn read(from: &mut impl Read) -> Result<(FrameKind, Vec<u8>), FrameError> {
    let mut header = [0; HEADER];
    fill(from, &mut header, true)?;
    let [a, b, c, d, v0, v1, k0, k1, l0, l1, l2, l3] = header;
    if [a, b, c, d] != MAGIC {
        return Err(FrameError::Magic([a, b, c, d]));
    }
    let version = u16::from_le_bytes([v0, v1]);
    if version != VERSION {
        return Err(FrameError::Version { found: version });
    }
    let kind = match u16::from_le_bytes([k0, k1]) {
        1 => FrameKind::Message,
        2 => FrameKind::Samples,
        other => return Err(FrameError::Kind(other)),
    };
    let length = u32::from_le_bytes([l0, l1, l2, l3]);
    if length > LONGEST {
        return Err(FrameError::Oversized(length));
    }
    let mut payload = vec![0; length as usize];
    fill(from, &mut payload, false)?;
    Ok((kind, payload))
}

/// Fills the buffer; the end of the stream before its first byte is only fine `at_start` of a frame.
fn fill(from: &mut impl Read, buffer: &mut [u8], at_start: bool) -> Result<(), FrameError> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) if filled == 0 && at_start => return Err(FrameError::Closed),
            Ok(0) => return Err(FrameError::Truncated),
            Ok(n) => filled += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut bytes, FrameKind::Samples, payload).unwrap();
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        for payload in [&b""[..], b"abc", &vec![7; LONGEST as usize]] {
            assert_eq!(read(&mut &frame(payload)[..]).unwrap(), (FrameKind::Samples, payload.to_vec()));
        }
    }

    #[test]
    fn every_truncation_is_told_from_an_orderly_end() {
        let bytes = frame(b"abc");
        assert!(matches!(read(&mut &bytes[..0]), Err(FrameError::Closed)));
        for n in 1..bytes.len() {
            assert!(matches!(read(&mut &bytes[..n]), Err(FrameError::Truncated)), "{n}");
        }
    }

    #[test]
    fn garbage_and_lies_are_refused_without_allocating() {
        let changed = |at: usize, with: &[u8]| {
            let mut bytes = frame(b"abc");
            bytes[at..at + with.len()].copy_from_slice(with);
            read(&mut &bytes[..]).unwrap_err()
        };
        assert!(matches!(changed(0, b"GET "), FrameError::Magic(m) if m == *b"GET "));
        assert!(matches!(changed(4, &[9, 0]), FrameError::Version { found: 9 }));
        assert!(matches!(changed(6, &[77, 0]), FrameError::Kind(77)));
        assert!(matches!(changed(8, &[255; 4]), FrameError::Oversized(u32::MAX)));
        assert!(matches!(
            write(&mut Vec::new(), FrameKind::Samples, &vec![0; LONGEST as usize + 1]),
            Err(FrameError::Oversized(_))
        ));
    }
}
