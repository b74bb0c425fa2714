//! NumPy's `.npy` files: float32 or float16, in C order, read row by row.
//!
//! Nothing is mapped and little is kept: a row is read from the file when it is asked for, which the kernel has in memory
//! after the first time. A file that is cut meanwhile is an error, and what a header claims allocates nothing.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// How such a file begins.
const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// Bytes of magic and version.
const BEGIN: usize = 8;
/// The longest header that is read: NumPy's own are under 200 bytes.
const LONGEST_HEADER: usize = 1 << 16;
/// The most dimensions that an array may have.
const MAX_RANK: usize = 8;

/// What kind of failure an [`NpyError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NpyErrorKind {
    /// The file cannot be read.
    Io,
    /// It is no `.npy` file, or one that is damaged.
    Malformed,
    /// It is one, of a kind that is not read: another type, another order.
    Unsupported,
    /// Its shape is not the one that is needed.
    Shape,
}

/// Why an `.npy` file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NpyError {
    /// The file cannot be read.
    #[error("cannot read {file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is no `.npy` file, or one that is damaged.
    #[error("{file} is no usable .npy file: {why}")]
    Malformed {
        /// The file.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// It is one of a kind that is not read.
    #[error(
        "{file} holds {found}, and only little-endian float32 and float16 in C order are read; write it again with \
         numpy.save(file, numpy.ascontiguousarray(array, dtype='<f4'))"
    )]
    Unsupported {
        /// The file.
        file: String,
        /// What it holds.
        found: String,
    },
    /// Its shape is not the one that is needed.
    #[error("{file} has the shape {found:?}, expected {expected}")]
    Shape {
        /// The file.
        file: String,
        /// What it has.
        found: Vec<usize>,
        /// What is needed.
        expected: String,
    },
}

impl NpyError {
    /// What kind of failure it is.
    pub fn kind(&self) -> NpyErrorKind {
        match self {
            Self::Io { .. } => NpyErrorKind::Io,
            Self::Malformed { .. } => NpyErrorKind::Malformed,
            Self::Unsupported { .. } => NpyErrorKind::Unsupported,
            Self::Shape { .. } => NpyErrorKind::Shape,
        }
    }
}

/// The type of an array's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Float {
    F16,
    F32,
}

impl Float {
    fn size(self) -> usize {
        match self {
            Self::F16 => 2,
            Self::F32 => 4,
        }
    }
}

/// An `.npy` file with a table of floats: `[rows, width]`.
#[derive(Debug)]
pub struct Npy {
    file: File,
    name: String,
    float: Float,
    rows: usize,
    width: usize,
    /// Where the first row begins.
    start: u64,
}

impl Npy {
    /// Opens a file and reads its header; `name` is what errors call it. Dimensions of one before the last two are
    /// left out.
    ///
    /// # Errors
    /// When it is no `.npy` file of versions 1 to 3, not as long as its header says, no float32 or float16 in C order,
    /// or no table.
    pub fn open(name: &str, path: &Path) -> Result<Self, NpyError> {
        let io = |source| NpyError::Io { file: name.into(), source };
        // Opening a pipe that nobody writes to would wait for ever.
        let metadata = std::fs::metadata(path).map_err(io)?;
        if !metadata.is_file() {
            return Err(io(std::io::Error::new(ErrorKind::InvalidInput, "it is not a file")));
        }
        let mut file = File::open(path).map_err(io)?;
        let malformed = |why: String| NpyError::Malformed { file: name.into(), why };
        let (header, start) = read_header(&mut file).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => malformed("it ends inside its header".into()),
            ErrorKind::InvalidData => malformed(error.to_string()),
            _ => io(error),
        })?;
        let Header { descr, fortran, shape } = Header::parse(&header).map_err(malformed)?;
        let unsupported = |found: String| NpyError::Unsupported { file: name.into(), found };
        let float = match descr.as_str() {
            "<f4" => Float::F32,
            "<f2" => Float::F16,
            other => return Err(unsupported(format!("elements of the type {other:?}"))),
        };
        if fortran {
            return Err(unsupported("an array in Fortran order".into()));
        }
        let table = match shape.as_slice() {
            [ones @ .., rows, width] if ones.iter().all(|n| *n == 1) && *rows > 0 && *width > 0 => {
                (*rows, *width)
            }
            _ => {
                let expected = "[rows, width], neither of them 0".into();
                return Err(NpyError::Shape { file: name.into(), found: shape, expected });
            }
        };
        let elements = table.0.checked_mul(table.1);
        let bytes = elements.and_then(|n| n.checked_mul(float.size())).and_then(|n| u64::try_from(n).ok());
        let held = metadata.len().saturating_sub(start);
        if bytes != Some(held) {
            let wanted = bytes.map_or_else(|| "more than there can be".into(), |n| n.to_string());
            return Err(malformed(format!(
                "its header announces the shape {shape:?}, which are {wanted} bytes, and {held} follow"
            )));
        }
        Ok(Self { file, name: name.into(), float, rows: table.0, width: table.1, start })
    }

    /// What errors call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Values in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Reads a row into `out`, which holds as many values as a row has.
    ///
    /// # Errors
    /// When the file cannot be read, or was cut since it was opened.
    ///
    /// # Panics
    /// When there is no such row, or `out` has another length.
    pub fn read_row(&self, row: usize, out: &mut [f32]) -> Result<(), NpyError> {
        assert!(row < self.rows && out.len() == self.width, "row {row} of {}", self.rows);
        let mut bytes = vec![0; self.width * self.float.size()];
        let at = self.start + (row * bytes.len()) as u64;
        self.file
            .read_exact_at(&mut bytes, at)
            .map_err(|source| NpyError::Io { file: self.name.clone(), source })?;
        match self.float {
            Float::F32 => {
                for (to, from) in out.iter_mut().zip(bytes.as_chunks::<4>().0) {
                    *to = f32::from_le_bytes(*from);
                }
            }
            Float::F16 => {
                for (to, from) in out.iter_mut().zip(bytes.as_chunks::<2>().0) {
                    *to = half::f16::from_le_bytes(*from).to_f32();
                }
            }
        }
        Ok(())
    }
}

/// The header's text, and where the data begins.
fn read_header(file: &mut File) -> std::io::Result<(String, u64)> {
    let invalid = |why: String| std::io::Error::new(ErrorKind::InvalidData, why);
    let mut begin = [0; BEGIN];
    file.read_exact(&mut begin)?;
    if begin[..MAGIC.len()] != MAGIC[..] {
        return Err(invalid("it does not begin as one".into()));
    }
    let (length, size) = match begin[6] {
        1 => {
            let mut length = [0; 2];
            file.read_exact(&mut length)?;
            (usize::from(u16::from_le_bytes(length)), 2)
        }
        2 | 3 => {
            let mut length = [0; 4];
            file.read_exact(&mut length)?;
            (u32::from_le_bytes(length) as usize, 4)
        }
        other => return Err(invalid(format!("its version is {other}, versions 1 to 3 are read"))),
    };
    if length > LONGEST_HEADER {
        return Err(invalid(format!("its header has {length} bytes, at most {LONGEST_HEADER} are read")));
    }
    let mut header = vec![0; length];
    file.read_exact(&mut header)?;
    let header = String::from_utf8(header).map_err(|_| invalid("its header is no text".into()))?;
    Ok((header, (BEGIN + size + length) as u64))
}

/// What a header says: a dictionary as Python writes it.
#[derive(Debug, PartialEq, Eq)]
struct Header {
    descr: String,
    fortran: bool,
    shape: Vec<usize>,
}

impl Header {
    fn parse(text: &str) -> Result<Self, String> {
        let mut left = Left(text);
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        left.expect('{')?;
        while !left.takes('}') {
            let key = left.string()?;
            left.expect(':')?;
            match key {
                "descr" => descr = Some(left.descr()?),
                "fortran_order" => fortran = Some(left.truth()?),
                "shape" => shape = Some(left.shape()?),
                other => return Err(format!("its header has the key {other:?}")),
            }
            if !left.takes(',') {
                left.expect('}')?;
                break;
            }
        }
        if !left.0.trim().is_empty() {
            return Err("its header goes on after its end".into());
        }
        let missing = |key: &str| format!("its header has no {key:?}");
        Ok(Self {
            descr: descr.ok_or_else(|| missing("descr"))?,
            fortran: fortran.ok_or_else(|| missing("fortran_order"))?,
            shape: shape.ok_or_else(|| missing("shape"))?,
        })
    }
}

/// What is left of a header.
struct Left<'a>(&'a str);

impl<'a> Left<'a> {
    fn takes(&mut self, wanted: char) -> bool {
        self.0 = self.0.trim_start();
        let rest = self.0.strip_prefix(wanted);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.takes(wanted) {
            Ok(())
        } else {
            Err(format!("its header lacks a {wanted:?} before {:?}", self.near()))
        }
    }

    /// The next characters, for errors.
    fn near(&self) -> String {
        self.0.chars().take(20).collect()
    }

    fn string(&mut self) -> Result<&'a str, String> {
        let quote = if self.takes('\'') { '\'' } else { self.expect('"').map(|()| '"')? };
        let (text, rest) = self
            .0
            .split_once(quote)
            .ok_or_else(|| format!("its header has a text without an end: {:?}", self.near()))?;
        self.0 = rest;
        Ok(text)
    }

    /// The type: a text, or a list where elements have fields.
    fn descr(&mut self) -> Result<String, String> {
        if !self.takes('[') {
            return self.string().map(str::to_owned);
        }
        let (_, rest) = self.0.split_once(']').ok_or("its header has a list without an end")?;
        self.0 = rest;
        Ok("[…]: one with fields".into())
    }

    fn truth(&mut self) -> Result<bool, String> {
        for (word, truth) in [("True", true), ("False", false)] {
            self.0 = self.0.trim_start();
            if let Some(rest) = self.0.strip_prefix(word) {
                self.0 = rest;
                return Ok(truth);
            }
        }
        Err(format!("its header has neither True nor False at {:?}", self.near()))
    }

    fn shape(&mut self) -> Result<Vec<usize>, String> {
        self.expect('(')?;
        let mut shape = Vec::new();
        while !self.takes(')') {
            self.0 = self.0.trim_start();
            let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
            let size = self.0[..digits]
                .parse()
                .map_err(|_| format!("its header has a size that is none at {:?}", self.near()))?;
            // Python 2 wrote long numbers with an L.
            self.0 = self.0[digits..].strip_prefix('L').unwrap_or(&self.0[digits..]);
            shape.push(size);
            if shape.len() > MAX_RANK {
                return Err(format!("it has more than {MAX_RANK} dimensions"));
            }
            if !self.takes(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of this version with this header, padded as NumPy does, and data.
    fn file(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
        let mut out = [&MAGIC[..], &[version, 0]].concat();
        let header = format!("{header:<118}\n");
        match version {
            1 => out.extend(u16::try_from(header.len()).unwrap().to_le_bytes()),
            _ => out.extend(u32::try_from(header.len()).unwrap().to_le_bytes()),
        }
        out.extend(header.as_bytes());
        out.extend(data);
        out
    }

    fn open(bytes: &[u8]) -> Result<Npy, NpyError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        Npy::open("table.npy", file.path())
    }

    fn header(descr: &str, fortran: &str, shape: &str) -> String {
        format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}")
    }

    fn floats(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    #[test]
    fn all_versions_and_both_types_are_read() {
        let values = [1.0, -2.5, 3.0, 0.5, 65504.0, -0.125];
        let halves: Vec<u8> = values.iter().flat_map(|x| half::f16::from_f32(*x).to_le_bytes()).collect();
        for version in 1..=3 {
            for (descr, data) in [("<f4", floats(&values)), ("<f2", halves.clone())] {
                for shape in ["(2, 3)", "(2, 3,)", "(2L, 3L)", "(1, 1, 2, 3)"] {
                    let npy = open(&file(version, &header(descr, "False", shape), &data)).unwrap();
                    assert_eq!((npy.rows(), npy.width()), (2, 3));
                    let mut row = [0.0; 3];
                    npy.read_row(1, &mut row).unwrap();
                    assert_eq!(row, values[3..]);
                }
            }
        }
        let other = r#"{"shape":(2,3),"fortran_order":False,"descr":"<f4"}"#;
        assert_eq!(open(&file(1, other, &floats(&values))).unwrap().rows(), 2);
    }

    #[test]
    fn what_the_simulator_writes_is_read() {
        let npy = open(&hailort_sim::published::npy(&[2, 2], &[1.0, 2.0, 3.0, 4.0])).unwrap();
        let mut row = [0.0; 2];
        npy.read_row(1, &mut row).unwrap();
        assert_eq!(row, [3.0, 4.0]);
    }

    #[test]
    fn other_kinds_are_named_with_what_is_read() {
        let data = floats(&[0.0; 6]);
        for (header, found) in [
            (header("<f4", "True", "(2, 3)"), "Fortran order"),
            (header("<f8", "False", "(2, 3)"), "<f8"),
            (header(">f4", "False", "(2, 3)"), ">f4"),
            (header("|O", "False", "(2, 3)"), "|O"),
            ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3)}".into(), "fields"),
        ] {
            let error = open(&file(1, &header, &data)).unwrap_err();
            assert_eq!(error.kind(), NpyErrorKind::Unsupported, "{error}");
            let text = error.to_string();
            assert!(text.contains("table.npy") && text.contains(found) && text.contains("float32"), "{text}");
        }
        for shape in ["()", "(6,)", "(2, 3, 1)", "(0, 3)", "(3, 0)"] {
            let data = if shape.contains('0') { &[] } else { &data[..] };
            let error = open(&file(1, &header("<f4", "False", shape), data)).unwrap_err();
            assert_eq!(error.kind(), NpyErrorKind::Shape, "{shape}: {error}");
        }
    }

    #[test]
    fn giant_shapes_and_short_or_long_files_are_refused_without_memory() {
        for shape in [
            "(4000000000, 4000000000)",
            "(18446744073709551615, 18446744073709551615)",
            "(18446744073709551616, 1)",
            "(1000000000000, 3)",
            "(2, 4)",
            "(2, 2)",
            "(1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3)",
            "(-2, 3)",
            "(2, x)",
        ] {
            let error = open(&file(1, &header("<f4", "False", shape), &floats(&[0.0; 6]))).unwrap_err();
            assert_eq!(error.kind(), NpyErrorKind::Malformed, "{shape}: {error}");
        }
        // A header that is said to be 4 GiB long.
        let error = open(&[&MAGIC[..], &[2, 0], &[0xff; 4], &[b' '; 100]].concat()).unwrap_err();
        assert!(error.to_string().contains("4294967295 bytes"), "{error}");
    }

    #[test]
    fn every_truncation_and_every_changed_byte_is_refused_or_bounded() {
        let whole = file(1, &header("<f4", "False", "(2, 3)"), &floats(&[0.5; 6]));
        for length in 0..whole.len() {
            assert_eq!(open(&whole[..length]).unwrap_err().kind(), NpyErrorKind::Malformed, "{length}");
        }
        let mut row = vec![0.0; 6];
        for at in 0..whole.len() {
            for value in [0, 1, b' ', b'9', b'\'', b'(', b'}', 0x7f, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] = value;
                if let Ok(npy) = open(&bytes) {
                    assert!(npy.rows() * npy.width() * 2 <= 24 * 2);
                    row.resize(npy.width(), 0.0);
                    npy.read_row(npy.rows() - 1, &mut row).unwrap();
                }
            }
        }
    }

    #[test]
    fn a_file_that_is_cut_later_or_is_none_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = Npy::open("a folder", folder.path()).unwrap_err();
        assert_eq!(error.kind(), NpyErrorKind::Io, "{error}");
        let path = folder.path().join("f.npy");
        std::fs::write(&path, file(1, &header("<f4", "False", "(2, 3)"), &floats(&[0.5; 6]))).unwrap();
        let npy = Npy::open("f.npy", &path).unwrap();
        File::options().write(true).open(&path).unwrap().set_len(140).unwrap();
        assert_eq!(npy.read_row(1, &mut [0.0; 3]).unwrap_err().kind(), NpyErrorKind::Io);
    }
}
