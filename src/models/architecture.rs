//! Which devices there are models for.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The variable that says what a device is, in place of what it says of itself.
pub const VARIABLE: &str = "HAILO_ARCH";

/// An architecture that there are models for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Architecture {
    /// Hailo-8.
    Hailo8,
    /// Hailo-8L: half of a Hailo-8.
    Hailo8L,
    /// Hailo-8R: a Hailo-8 with a slower clock. HailoRT calls it a Hailo-8.
    Hailo8R,
}

/// What kind of failure an [`ArchitectureError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArchitectureErrorKind {
    /// It is no name of an architecture.
    Unknown,
    /// It is one that there are no models for.
    NotServed,
}

/// An architecture that cannot be served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArchitectureError {
    /// It is no name of an architecture.
    #[error(
        "unknown architecture {name:?} (is it in HAILO_ARCH?): there are models for hailo8, hailo8l and hailo8r"
    )]
    Unknown {
        /// The name.
        name: String,
    },
    /// It is one that there are no models for.
    #[error(
        "there are no models for a {name}{why}: use a Hailo-8, Hailo-8L or Hailo-8R, or the simulator \
         (HAILO_RUNTIME=sim); `hailo-harness devices` shows what there is"
    )]
    NotServed {
        /// What the device says that it is.
        name: String,
        /// Why, where that is known.
        why: &'static str,
    },
}

impl ArchitectureError {
    /// What kind of failure it is.
    pub fn kind(&self) -> ArchitectureErrorKind {
        match self {
            Self::Unknown { .. } => ArchitectureErrorKind::Unknown,
            Self::NotServed { .. } => ArchitectureErrorKind::NotServed,
        }
    }
}

impl Architecture {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Hailo8, Self::Hailo8L, Self::Hailo8R];

    /// Its name: `hailo8`, `hailo8l` or `hailo8r`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hailo8 => "hailo8",
            Self::Hailo8L => "hailo8l",
            Self::Hailo8R => "hailo8r",
        }
    }

    /// What a device is that says this of itself: its architecture, and the name of its board or product.
    ///
    /// # Errors
    /// When it is one that there are no models for.
    ///
    /// ```
    /// use hailo_harness::models::Architecture;
    ///
    /// assert_eq!(Architecture::of_device("hailo8l", "Hailo-8L"), Ok(Architecture::Hailo8L));
    /// assert_eq!(Architecture::of_device("hailo8", "HAILO-8R AI ACCELERATOR"), Ok(Architecture::Hailo8R));
    /// assert!(Architecture::of_device("hailo10h", "Hailo-10H").is_err());
    /// ```
    pub fn of_device(architecture: &str, board: &str) -> Result<Self, ArchitectureError> {
        let board = board.to_ascii_uppercase();
        match architecture {
            "hailo8" if board.contains("HAILO-8R") || board.contains("HAILO8R") => Ok(Self::Hailo8R),
            "hailo8" => Ok(Self::Hailo8),
            "hailo8l" => Ok(Self::Hailo8L),
            other => {
                let why = match other {
                    "hailo10h" | "hailo15h" | "hailo15l" | "hailo15m" => {
                        ", whose inference HailoRT's C API does not offer"
                    }
                    _ => "",
                };
                Err(ArchitectureError::NotServed { name: other.into(), why })
            }
        }
    }

    /// What `HAILO_ARCH` says; nothing where it is not set.
    ///
    /// # Errors
    /// When it says something else.
    pub fn from_environment() -> Result<Option<Self>, ArchitectureError> {
        let value = std::env::var_os(VARIABLE).filter(|v| !v.is_empty());
        value.map(|v| v.to_string_lossy().parse()).transpose()
    }
}

impl std::fmt::Display for Architecture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Architecture {
    type Err = ArchitectureError;

    fn from_str(text: &str) -> Result<Self, ArchitectureError> {
        let named = Self::ALL.into_iter().find(|a| a.name() == text);
        named.ok_or_else(|| match text {
            "hailo10h" | "hailo15h" | "hailo15l" | "hailo15m" => {
                Self::of_device(text, "").expect_err("it is not among those that are served")
            }
            _ => ArchitectureError::Unknown { name: text.into() },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_others_refused_with_the_valid_ones() {
        for architecture in Architecture::ALL {
            assert_eq!(architecture.name().parse(), Ok(architecture));
        }
        let error = "hailo9".parse::<Architecture>().unwrap_err();
        assert_eq!(error.kind(), ArchitectureErrorKind::Unknown);
        assert!(error.to_string().contains("hailo8, hailo8l and hailo8r"), "{error}");
        for not_served in ["hailo10h", "mars", "hailo8-a0", "unknown (9)"] {
            let error = Architecture::of_device(not_served, "").unwrap_err();
            assert_eq!(error.kind(), ArchitectureErrorKind::NotServed);
            assert!(
                error.to_string().contains(not_served) && error.to_string().contains("HAILO_RUNTIME=sim")
            );
        }
        assert_eq!("hailo10h".parse::<Architecture>().unwrap_err().kind(), ArchitectureErrorKind::NotServed);
    }
}
