//! What can be transcribed.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::whisper::audio::{Audio, AudioError};

/// Something that is, or can be read as, [`Audio`]: the path of a WAV or FLAC file, or audio in memory.
pub trait Sound {
    /// The audio.
    ///
    /// # Errors
    /// As [`Audio::open`].
    fn audio(&self) -> Result<Cow<'_, Audio>, AudioError>;
}

impl Sound for Audio {
    fn audio(&self) -> Result<Cow<'_, Audio>, AudioError> {
        Ok(Cow::Borrowed(self))
    }
}

impl Sound for Path {
    fn audio(&self) -> Result<Cow<'_, Audio>, AudioError> {
        Audio::open(self).map(Cow::Owned)
    }
}

impl Sound for PathBuf {
    fn audio(&self) -> Result<Cow<'_, Audio>, AudioError> {
        self.as_path().audio()
    }
}

impl Sound for str {
    fn audio(&self) -> Result<Cow<'_, Audio>, AudioError> {
        Path::new(self).audio()
    }
}

impl Sound for String {
    fn audio(&self) -> Result<Cow<'_, Audio>, AudioError> {
        self.as_str().audio()
    }
}

impl<S: Sound + ?Sized> Sound for &S {
    fn audio(&self) -> Result<Cow<'_, Audio>, AudioError> {
        (**self).audio()
    }
}
