//! Which files Hailo publishes for Whisper on its devices, and where.
//!
//! Their hashes are not known here: see [`super::lock_file`].

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::architecture::Architecture;

/// Where Hailo publishes them.
pub const BASE_URL: &str = "https://hailo-csdata.s3.eu-west-2.amazonaws.com";
/// Bytes of a HEF or of token embeddings at most: the largest known have about 110 MB.
const MOST_OF_LARGE: u64 = 512 << 20;
/// Bytes of a positional bias at most: 448 positions of 512 float32 values are less than 1 MB.
const MOST_OF_SMALL: u64 = 16 << 20;

/// Which Whisper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Variant {
    /// Whisper tiny, which hears windows of 10 s.
    Tiny,
    /// Whisper base, which hears windows of 5 s.
    #[default]
    Base,
}

impl Variant {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Tiny, Self::Base];

    /// Its name at Hailo: `tiny` or `base`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::Base => "base",
        }
    }

    /// The model's name here: `whisper-tiny` or `whisper-base`.
    pub fn model(self) -> &'static str {
        match self {
            Self::Tiny => "whisper-tiny",
            Self::Base => "whisper-base",
        }
    }
}

impl FromStr for Variant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|v| text == v.name() || text == v.model());
        named.ok_or_else(|| format!("{text:?} is not published for devices; tiny and base are"))
    }
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// The encoder's HEF.
    Encoder,
    /// The decoder's HEF.
    Decoder,
    /// The token embeddings, which the host looks up.
    Embedding,
    /// The positional bias, which the host adds for some decoders.
    Bias,
}

/// A file that Hailo publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedFile {
    /// What it is for.
    pub role: Role,
    /// Its name.
    pub name: String,
    /// The folder that it is in, below [`BASE_URL`].
    pub folder: String,
    /// How many bytes it may have.
    pub most: u64,
}

impl PublishedFile {
    /// Its path below [`BASE_URL`], by which lock files know it.
    pub fn path(&self) -> String {
        format!("{}/{}", self.folder, self.name)
    }

    /// Where it is, below this address.
    pub fn url(&self, base: &str) -> String {
        format!("{}/{}", base.trim_end_matches('/'), self.path().replace(' ', "%20"))
    }
}

/// A Whisper model as Hailo publishes it for an architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedModel {
    /// What it runs on.
    pub architecture: Architecture,
    /// Which Whisper.
    pub variant: Variant,
}

impl PublishedModel {
    /// Its files: encoder, decoder, token embeddings, positional bias.
    pub fn files(self) -> [PublishedFile; 4] {
        // A Hailo-8R runs what was compiled for a Hailo-8L.
        let (folder, suffix) = match self.architecture {
            Architecture::Hailo8 => ("h8", ""),
            Architecture::Hailo8L | Architecture::Hailo8R => ("h8l", "_h8l"),
        };
        let variant = self.variant.name();
        let encoder = match self.variant {
            Variant::Tiny => "tiny-whisper-encoder-10s_15dB",
            Variant::Base => "base-whisper-encoder-5s",
        };
        let hef = |role, name: &str| PublishedFile {
            role,
            name: format!("{name}{suffix}.hef"),
            folder: format!("resources/whisper/{folder}"),
            most: MOST_OF_LARGE,
        };
        let asset = |role, name: &str, most| PublishedFile {
            role,
            name: format!("{name}_{variant}.npy"),
            folder: format!("resources/npy files/whisper/decoder_assets/{variant}/decoder_tokenization"),
            most,
        };
        [
            hef(Role::Encoder, encoder),
            hef(Role::Decoder, &format!("{variant}-whisper-decoder-fixed-sequence-matmul-split")),
            asset(Role::Embedding, "token_embedding_weight", MOST_OF_LARGE),
            asset(Role::Bias, "onnx_add_input", MOST_OF_SMALL),
        ]
    }

    /// The command that fetches it.
    pub fn fetch_command(self) -> String {
        format!("hailo-harness models fetch --arch {} --model {}", self.architecture, self.variant.name())
    }
}

impl std::fmt::Display for PublishedModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} for {}", self.variant.model(), self.architecture)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_that_are_published() {
        let urls =
            |architecture, variant| PublishedModel { architecture, variant }.files().map(|f| f.url(BASE_URL));
        let base = urls(Architecture::Hailo8L, Variant::Base);
        let root = "https://hailo-csdata.s3.eu-west-2.amazonaws.com/resources";
        assert_eq!(base[0], format!("{root}/whisper/h8l/base-whisper-encoder-5s_h8l.hef"));
        assert_eq!(
            base[1],
            format!("{root}/whisper/h8l/base-whisper-decoder-fixed-sequence-matmul-split_h8l.hef")
        );
        let assets = format!("{root}/npy%20files/whisper/decoder_assets/base/decoder_tokenization");
        assert_eq!(base[2], format!("{assets}/token_embedding_weight_base.npy"));
        assert_eq!(base[3], format!("{assets}/onnx_add_input_base.npy"));
        assert_eq!(urls(Architecture::Hailo8R, Variant::Base), base);
        let tiny = urls(Architecture::Hailo8, Variant::Tiny);
        assert_eq!(tiny[0], format!("{root}/whisper/h8/tiny-whisper-encoder-10s_15dB.hef"));
        assert_eq!(
            tiny[1],
            format!("{root}/whisper/h8/tiny-whisper-decoder-fixed-sequence-matmul-split.hef")
        );
        assert_eq!("whisper-tiny".parse(), Ok(Variant::Tiny));
        assert!("small".parse::<Variant>().unwrap_err().contains("tiny and base"));
    }
}
