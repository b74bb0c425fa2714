//! What a process that uses a device may hang in.

use serde::{Deserialize, Serialize};

/// What a process that uses a device may hang in. Each has a deadline of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Phase {
    /// Loading the library and listing the devices.
    List,
    /// Taking the device into use.
    Open,
    /// Loading the model onto it.
    Configure,
    /// Inference: each window of audio by itself.
    Infer,
    /// Letting go of the device.
    Release,
    /// A function of the user's own.
    Call,
    /// A whole program, under `hailo-harness hold`.
    Program,
}

impl Phase {
    /// All of them, in the order in which they come.
    pub const ALL: [Self; 7] =
        [Self::List, Self::Open, Self::Configure, Self::Infer, Self::Release, Self::Call, Self::Program];

    /// Its name: `list`, `open`, `configure`, `infer`, `release`, `call` or `program`.
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Open => "open",
            Self::Configure => "configure",
            Self::Infer => "infer",
            Self::Release => "release",
            Self::Call => "call",
            Self::Program => "program",
        }
    }

    /// What the process was to do.
    pub fn task(self) -> &'static str {
        match self {
            Self::List => "list the devices",
            Self::Open => "open the device",
            Self::Configure => "load the model",
            Self::Infer => "transcribe",
            Self::Release => "let go of the device",
            Self::Call => "call a function",
            Self::Program => "run to its end",
        }
    }
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}
