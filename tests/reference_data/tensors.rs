//! Reads the references' safetensors files.

use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensors};

/// A file of named tensors.
pub struct Tensors {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Tensors {
    /// Reads the whole file.
    pub fn open(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        Self { path: path.into(), bytes }
    }

    fn raw<const N: usize>(&self, name: &str, dtype: Dtype) -> Vec<[u8; N]> {
        let file =
            SafeTensors::deserialize(&self.bytes).unwrap_or_else(|e| panic!("{}: {e}", self.path.display()));
        let tensor = file.tensor(name).unwrap_or_else(|e| panic!("{}: {e}", self.path.display()));
        assert_eq!(tensor.dtype(), dtype, "{name} in {}", self.path.display());
        tensor.data().as_chunks().0.to_vec()
    }

    /// A float32 tensor's values.
    pub fn f32(&self, name: &str) -> Vec<f32> {
        self.raw(name, Dtype::F32).into_iter().map(f32::from_le_bytes).collect()
    }

    /// An int32 tensor's values, which count something.
    pub fn indices(&self, name: &str) -> Vec<usize> {
        let value = |bytes| usize::try_from(i32::from_le_bytes(bytes)).expect("a tensor of indices");
        self.raw(name, Dtype::I32).into_iter().map(value).collect()
    }
}

/// The largest distance between two values at the same place; infinite when one is no number.
pub fn largest_error(found: impl IntoIterator<Item = f32>, expected: &[f32]) -> f32 {
    let found: Vec<f32> = found.into_iter().collect();
    assert_eq!(found.len(), expected.len());
    let distance = |(x, y): (&f32, &f32)| if (x - y).is_nan() { f32::INFINITY } else { (x - y).abs() };
    found.iter().zip(expected).map(distance).fold(0.0, f32::max)
}
