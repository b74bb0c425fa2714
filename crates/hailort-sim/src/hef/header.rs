//! The header of a HEF: magic, version, lengths, checksum. All numbers are big-endian.

use hailort_sys::status::*;
use md5::{Digest, Md5};
use xxhash_rust::xxh3::xxh3_64;

use crate::version::Version;

/// The first four bytes: 01, "HEF".
pub const MAGIC: u32 = 0x0148_4546;
/// Bytes that the header has in every version.
const COMMON: usize = 12;
/// Bytes of the longest header.
const LONGEST: usize = 56;

/// Why a HEF was refused. [`HefError::status`] is what the library answers.
#[derive(Debug, thiserror::Error)]
pub enum HefError {
    /// The file cannot be opened.
    #[error("cannot open the HEF: {0}")]
    Open(#[source] std::io::Error),
    /// The file cannot be read, or ends inside its header.
    #[error("cannot read the HEF: {0}")]
    Read(String),
    /// Lengths, checksum or contents are wrong.
    #[error("the HEF is corrupted: {0}")]
    Corrupted(String),
    /// It is no HEF, or one of a version or kind that is not read.
    #[error("the HEF is not supported: {0}")]
    NotSupported(String),
    /// What it says makes no sense.
    #[error("the HEF is invalid: {0}")]
    Invalid(String),
    /// A number of it is none that there is.
    #[error("the HEF is wrong: {0}")]
    Argument(String),
    /// It says a thing twice.
    #[error("the HEF contradicts itself: {0}")]
    Operation(String),
    /// The library stumbles over it.
    #[error("the HEF cannot be read: {0}")]
    Internal(String),
}

impl HefError {
    /// The status of HailoRT 4.23 for it.
    pub fn status(&self) -> u32 {
        self.status_in(Version::DEFAULT)
    }

    /// The status of this version of the library for it.
    pub fn status_in(&self, version: Version) -> u32 {
        match self {
            Self::Corrupted(_) | Self::NotSupported(_) if !version.tells_hefs_apart() => HAILO_INVALID_HEF,
            Self::Open(_) => HAILO_OPEN_FILE_FAILURE,
            Self::Read(_) => HAILO_FILE_OPERATION_FAILURE,
            Self::Corrupted(_) => HAILO_HEF_FILE_CORRUPTED,
            Self::NotSupported(_) => HAILO_HEF_NOT_SUPPORTED,
            Self::Invalid(_) => HAILO_INVALID_HEF,
            Self::Argument(_) => HAILO_INVALID_ARGUMENT,
            Self::Operation(_) => HAILO_INVALID_OPERATION,
            Self::Internal(_) => HAILO_INTERNAL_FAILURE,
        }
    }
}

/// A header and what follows it.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    /// 0 to 3.
    pub version: u32,
    /// The protobuf.
    pub proto: &'a [u8],
}

fn be32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn be64(bytes: &[u8], at: usize) -> u64 {
    u64::from(be32(bytes, at)) << 32 | u64::from(be32(bytes, at + 4))
}

/// Header bytes of a version.
fn length(version: u32) -> Option<usize> {
    Some(match version {
        0 => 32,
        1 => 28,
        2 => 44,
        3 => LONGEST,
        _ => return None,
    })
}

/// Checks the header of a HEF in memory and finds the protobuf.
///
/// # Errors
/// "Corrupted" for a buffer that is shorter than the longest header, whatever its version, as the library does; else
/// as for a file.
pub fn parse_buffer(bytes: &[u8], version: Version) -> Result<Header<'_>, HefError> {
    if length(version.newest_header()).is_some_and(|longest| bytes.len() < longest) {
        return Err(HefError::Corrupted(format!("{} bytes are too few for a header", bytes.len())));
    }
    let is_padded_wrong =
        be32(bytes, 4) == 3 && version.newest_header() >= 3 && be64(bytes, 20) < u64::from(be32(bytes, 28));
    let header = parse_file(bytes, version)?;
    // The library looks at this in memory only.
    if is_padded_wrong {
        return Err(HefError::Corrupted("its weights are shorter than their padding".into()));
    }
    Ok(header)
}

/// Checks the header of a HEF file's contents and finds the protobuf.
///
/// # Errors
/// "Read" where the file ends inside the header, "not supported" for another magic or version, "corrupted" for wrong
/// lengths or a wrong checksum.
pub fn parse_file(bytes: &[u8], version: Version) -> Result<Header<'_>, HefError> {
    let newest = version.newest_header();
    let short = || HefError::Read(format!("it ends inside the header, after {} bytes", bytes.len()));
    if bytes.len() < COMMON {
        return Err(short());
    }
    let (magic, version, proto_size) = (be32(bytes, 0), be32(bytes, 4), be32(bytes, 8) as usize);
    let header = length(version).filter(|_| version <= newest).ok_or_else(|| {
        HefError::NotSupported(format!("header version {version}; versions 0 to {newest} are read"))
    })?;
    if bytes.len() < header {
        return Err(short());
    }
    if magic != MAGIC {
        return Err(HefError::NotSupported(format!("it starts with {magic:#010x}, not with {MAGIC:#010x}")));
    }
    let rest = &bytes[header..];
    let more = match version {
        0 => 0,
        1 => be64(bytes, 16),
        2 => be64(bytes, 20),
        // The size of the weights counts their padding; additional information follows them.
        _ => be64(bytes, 20).wrapping_add(be64(bytes, 32)),
    };
    if rest.len() as u64 != (proto_size as u64).wrapping_add(more) {
        return Err(HefError::Corrupted(format!(
            "{} bytes follow the header, which announces {proto_size} and {more}",
            rest.len()
        )));
    }
    let intact = match version {
        0 => Md5::digest(rest)[..] == bytes[16..32],
        1 => crc32fast::hash(rest) == be32(bytes, 12),
        _ => xxh3_64(rest) == be64(bytes, 12),
    };
    if !intact {
        return Err(HefError::Corrupted("its checksum does not fit".into()));
    }
    let proto = rest.get(..proto_size).ok_or_else(|| HefError::Corrupted("its lengths do not fit".into()))?;
    Ok(Header { version, proto })
}

/// The header of this version, 0 to 3, for a protobuf without weights behind it, and the protobuf.
///
/// # Panics
/// For another version, or a protobuf of 4 GiB or more.
pub fn write(version: u32, proto: &[u8]) -> Vec<u8> {
    let length = length(version).unwrap_or_else(|| panic!("there is no HEF header version {version}"));
    let mut out = Vec::with_capacity(length + proto.len());
    let size = u32::try_from(proto.len()).expect("a protobuf under 4 GiB");
    for number in [MAGIC, version, size] {
        out.extend(number.to_be_bytes());
    }
    match version {
        0 => {
            out.extend([0; 4]);
            out.extend(Md5::digest(proto));
        }
        1 => out.extend(crc32fast::hash(proto).to_be_bytes()),
        _ => out.extend(xxh3_64(proto).to_be_bytes()),
    }
    out.resize(length, 0);
    out.extend_from_slice(proto);
    out
}
