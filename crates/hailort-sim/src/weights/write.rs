//! Writes weights files in the format that [`super::ct2`] reads.

use half::f16;

/// The data type number of float16.
const F16: u8 = 4;

/// A weights file in the making: float16 variables in the order in which they are added, without aliases.
#[derive(Debug, Default)]
pub struct Writer {
    count: u32,
    variables: Vec<u8>,
}

fn string(out: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len() + 1).expect("a name under 64 KiB");
    out.extend(length.to_le_bytes());
    out.extend(text.as_bytes());
    out.push(0);
}

impl Writer {
    /// A file without variables.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a variable, rounded to float16.
    ///
    /// # Panics
    /// When there are not as many values as the shape has elements, or more than the format can say.
    pub fn add(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        assert_eq!(shape.iter().product::<usize>(), values.len(), "values of {name}");
        string(&mut self.variables, name);
        self.variables.push(u8::try_from(shape.len()).expect("a rank under 256"));
        for size in shape {
            self.variables.extend(u32::try_from(*size).expect("a dimension under 2^32").to_le_bytes());
        }
        self.variables.push(F16);
        let bytes = u32::try_from(2 * values.len()).expect("a variable under 4 GiB");
        self.variables.extend(bytes.to_le_bytes());
        self.variables.extend(values.iter().flat_map(|x| f16::from_f32(*x).to_le_bytes()));
        self.count += 1;
    }

    /// The bytes of the file.
    pub fn finish(self) -> Vec<u8> {
        let mut out = 6u32.to_le_bytes().to_vec();
        string(&mut out, "WhisperSpec");
        out.extend(3u32.to_le_bytes());
        out.extend(self.count.to_le_bytes());
        out.extend(self.variables);
        out.extend(0u32.to_le_bytes());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::WeightsFile;

    #[test]
    fn what_is_written_is_read_back() {
        let mut writer = Writer::new();
        writer.add("a/weight", &[2, 3], &[0.0, 1.0, -2.0, 0.5, 65504.0, -0.125]);
        writer.add("b", &[], &[3.0]);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), writer.finish()).unwrap();
        let read = WeightsFile::open(file.path()).unwrap();
        assert_eq!(read.variables().len(), 2);
        assert_eq!(read.f32("a/weight", &[2, 3]).unwrap(), [0.0, 1.0, -2.0, 0.5, 65504.0, -0.125]);
        assert_eq!(read.f32("b", &[]).unwrap(), [3.0]);
    }
}
