//! The `model.bin` format of CTranslate2 (binary version 6), mapped into memory.
//!
//! Little-endian: u32 version, string spec name, u32 revision, u32 count, then each variable: name, u8 rank, u32
//! dimensions, u8 data type, u32 byte count, data in row-major order; at last u32 alias count and pairs of names. A
//! string is a u16 length that counts a trailing NUL, then the bytes. Data has no alignment.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use half::f16;
use memmap2::Mmap;

/// The version of the binary format that is understood.
const VERSION: u32 = 6;
/// The most dimensions that a variable may have.
const MAX_RANK: u8 = 8;
/// The most variables and aliases that a file may declare.
const MAX_VARIABLES: u32 = 65_536;
/// The data type number of float16.
const F16: u8 = 4;

/// What is wrong with a weights file.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The file cannot be opened or mapped.
    #[error("cannot read the weights file {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The bytes are no `model.bin` of the understood version.
    #[error("the weights file {path} is not usable: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was found where.
        reason: String,
    },
}

/// One variable: its shape, its data type and where its bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Dimensions, outermost first; empty for a scalar.
    pub shape: Vec<usize>,
    /// CTranslate2's data type number: 0 f32, 1 i8, 2 i16, 3 i32, 4 f16, 5 bf16.
    pub dtype: u8,
    /// Bytes in the file.
    pub bytes: Range<usize>,
}

/// A mapped weights file and the place of each of its variables.
pub struct WeightsFile {
    path: PathBuf,
    data: Mmap,
    variables: BTreeMap<String, Variable>,
}

impl std::fmt::Debug for WeightsFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WeightsFile")
            .field("path", &self.path)
            .field("bytes", &self.data.len())
            .field("variables", &self.variables.len())
            .finish()
    }
}

impl WeightsFile {
    /// Maps the file and reads its index. The data itself is not read.
    ///
    /// # Errors
    /// When the file cannot be mapped, or when its index is malformed: every size and rank is bounded by the format
    /// and by the file's length before anything is allocated.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let file = File::open(path).map_err(|source| FormatError::Io { path: path.into(), source })?;
        Self::from_file(path, &file)
    }

    /// Maps an open file; `path` only names it in errors.
    ///
    /// # Errors
    /// As [`WeightsFile::open`].
    pub fn from_file(path: &Path, file: &File) -> Result<Self, FormatError> {
        // SAFETY: the store's files are complete before they get their name and are never written again. Should
        // somebody truncate one all the same, a read ends the process with SIGBUS: a crash, not a wrong answer.
        let data =
            unsafe { Mmap::map(file) }.map_err(|source| FormatError::Io { path: path.into(), source })?;
        let variables =
            parse(&data).map_err(|reason| FormatError::Malformed { path: path.into(), reason })?;
        Ok(Self { path: path.into(), data, variables })
    }

    /// The whole file.
    pub fn contents(&self) -> &[u8] {
        &self.data
    }

    /// Names and places of all variables.
    pub fn variables(&self) -> &BTreeMap<String, Variable> {
        &self.variables
    }

    /// The float16 variable `name` of exactly this shape, as mapped bytes of any alignment.
    ///
    /// # Errors
    /// When it is missing or has another type or shape.
    pub fn f16(&self, name: &str, shape: &[usize]) -> Result<&[u8], FormatError> {
        let malformed = |reason| FormatError::Malformed { path: self.path.clone(), reason };
        let variable =
            self.variables.get(name).ok_or_else(|| malformed(format!("it has no variable {name:?}")))?;
        if variable.dtype != F16 || variable.shape != shape {
            return Err(malformed(format!(
                "variable {name:?} has data type {} and shape {:?}, not float16 and {shape:?}",
                variable.dtype, variable.shape
            )));
        }
        Ok(&self.data[variable.bytes.clone()])
    }

    /// The same as float32 values: for the small ones (biases, norms, positions).
    ///
    /// # Errors
    /// As [`WeightsFile::f16`].
    pub fn f32(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, FormatError> {
        Ok(to_f32(self.f16(name, shape)?))
    }

    /// The shape of the variable `name`, where there is one.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.variables.get(name).map(|v| v.shape.as_slice())
    }
}

/// Little-endian float16 bytes as float32 values.
pub fn to_f32(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<2>().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect()
}

struct Reader<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize, what: &str) -> Result<&'a [u8], String> {
        let left = self.data.len() - self.at;
        if count > left {
            return Err(format!(
                "it ends at byte {} inside {what} ({count} bytes wanted, {left} left)",
                self.data.len()
            ));
        }
        let from = self.at;
        self.at += count;
        Ok(&self.data[from..self.at])
    }

    fn u8(&mut self, what: &str) -> Result<u8, String> {
        Ok(self.take(1, what)?[0])
    }

    fn u32(&mut self, what: &str) -> Result<u32, String> {
        let bytes = self.take(4, what)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn string(&mut self, what: &str) -> Result<String, String> {
        let length = self.take(2, what)?;
        let bytes = self.take(usize::from(u16::from_le_bytes([length[0], length[1]])), what)?;
        let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
        String::from_utf8(bytes.to_vec()).map_err(|_| format!("{what} is not UTF-8"))
    }
}

fn parse(data: &[u8]) -> Result<BTreeMap<String, Variable>, String> {
    let mut r = Reader { data, at: 0 };
    let version = r.u32("the version")?;
    if version != VERSION {
        return Err(format!("format version {version}, understood is {VERSION}"));
    }
    let spec = r.string("the spec's name")?;
    if spec != "WhisperSpec" {
        return Err(format!("it holds a {spec:?}, not a \"WhisperSpec\""));
    }
    r.u32("the revision")?;
    let count = r.u32("the number of variables")?;
    if count > MAX_VARIABLES {
        return Err(format!("{count} variables, at most {MAX_VARIABLES} are understood"));
    }
    let mut variables = BTreeMap::new();
    for _ in 0..count {
        let name = r.string("a variable's name")?;
        let variable = variable(&mut r, &name)?;
        if variables.insert(name.clone(), variable).is_some() {
            return Err(format!("variable {name:?} occurs twice"));
        }
    }
    let aliases = r.u32("the number of aliases")?;
    if aliases > MAX_VARIABLES {
        return Err(format!("{aliases} aliases, at most {MAX_VARIABLES} are understood"));
    }
    for _ in 0..aliases {
        let alias = r.string("an alias")?;
        let target = r.string("an alias's target")?;
        let variable = variables
            .get(&target)
            .cloned()
            .ok_or_else(|| format!("alias {alias:?} names no variable: {target:?}"))?;
        variables.insert(alias, variable);
    }
    if r.at != data.len() {
        return Err(format!("{} bytes follow the last alias", data.len() - r.at));
    }
    Ok(variables)
}

fn variable(r: &mut Reader<'_>, name: &str) -> Result<Variable, String> {
    let rank = r.u8("a rank")?;
    if rank > MAX_RANK {
        return Err(format!("variable {name:?} has rank {rank}, at most {MAX_RANK} is understood"));
    }
    let mut shape = Vec::with_capacity(usize::from(rank));
    let mut elements = 1usize;
    for _ in 0..rank {
        let size = r.u32("a dimension")? as usize;
        elements =
            elements.checked_mul(size).ok_or_else(|| format!("variable {name:?} has too many elements"))?;
        shape.push(size);
    }
    let dtype = r.u8("a data type")?;
    let width = match dtype {
        0 | 3 => 4,
        1 => 1,
        2 | 4 | 5 => 2,
        other => return Err(format!("variable {name:?} has the unknown data type {other}")),
    };
    let bytes = r.u32("a byte count")? as usize;
    if elements.checked_mul(width) != Some(bytes) {
        return Err(format!(
            "variable {name:?} of shape {shape:?} and {width} bytes an element declares {bytes} bytes"
        ));
    }
    let from = r.at;
    r.take(bytes, name)?;
    Ok(Variable { shape, dtype, bytes: from..from + bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(s: &str) -> Vec<u8> {
        let mut out = u16::try_from(s.len() + 1).unwrap().to_le_bytes().to_vec();
        out.extend(s.as_bytes());
        out.push(0);
        out
    }

    fn small() -> Vec<u8> {
        let mut f = 6u32.to_le_bytes().to_vec();
        f.extend(string("WhisperSpec"));
        f.extend(3u32.to_le_bytes());
        f.extend(1u32.to_le_bytes());
        f.extend(string("a/weight"));
        f.push(2);
        f.extend(2u32.to_le_bytes());
        f.extend(3u32.to_le_bytes());
        f.push(F16);
        f.extend(12u32.to_le_bytes());
        f.extend((0..6u8).flat_map(|i| f16::from_f32(f32::from(i)).to_le_bytes()));
        f.extend(1u32.to_le_bytes());
        f.extend(string("b/weight"));
        f.extend(string("a/weight"));
        f
    }

    fn open(bytes: &[u8]) -> Result<WeightsFile, FormatError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        WeightsFile::open(file.path())
    }

    #[test]
    fn reads_variables_and_aliases() {
        let file = open(&small()).unwrap();
        assert_eq!(file.f32("a/weight", &[2, 3]).unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(file.f32("b/weight", &[2, 3]).unwrap()[5], 5.0);
        let wrong = file.f32("a/weight", &[3, 2]).unwrap_err().to_string();
        assert!(wrong.contains("[2, 3]") && wrong.contains("a/weight"), "{wrong}");
        assert!(file.f32("c", &[1]).is_err());
    }

    #[test]
    fn every_truncation_is_refused() {
        let whole = small();
        for length in 0..whole.len() {
            assert!(open(&whole[..length]).is_err(), "{length} of {} bytes", whole.len());
        }
    }

    #[test]
    fn every_changed_byte_is_refused_or_bounded() {
        let whole = small();
        for at in 0..whole.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] = value;
                if let Ok(file) = open(&bytes) {
                    assert!(file.variables().values().all(|v| v.bytes.end <= bytes.len()));
                }
            }
        }
    }
}
