//! Which version of HailoRT the simulator is, and in what the versions differ.
//!
//! | | 4.20.0 | 4.21.0 | 4.22.0 | 4.23.0 |
//! | --- | --- | --- | --- | --- |
//! | highest status | 90 | 93 | 93 | 93 |
//! | no driver, which is what no device is here: scan, and creating a device or virtual device | 64 | 64 | 64 | 0 with none; 74 |
//! | a HEF that is corrupted | 26 | 91 | 91 | 91 |
//! | a HEF that is not supported: magic, header version, extension | 26 | 92 | 92 | 92 |
//! | a HEF for another architecture | 26 | 93 | 93 | 93 |
//! | newest header of a HEF; bytes that a buffer must have | 2; 44 | 3; 56 | 3; 56 | 3; 56 |
//! | extensions of a HEF that are known | to 29 | to 32 | to 32 | to 32 |
//! | a HEF without extension 26 | read | refused | refused | refused |

use std::ffi::{OsStr, OsString};
use std::sync::OnceLock;

use crate::console;

/// The variable that says which version is simulated.
pub const VERSION_VARIABLE: &str = "HAILO_SIM_VERSION";

/// A version of HailoRT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 4.20.0.
    V4_20,
    /// 4.21.0.
    V4_21,
    /// 4.22.0.
    V4_22,
    /// 4.23.0.
    V4_23,
}

/// [`VERSION_VARIABLE`] is no version that is simulated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "HAILO_SIM_VERSION is {value:?}, which is no version that is simulated: set it to 4.20.0, 4.21.0, 4.22.0 or 4.23.0, \
     or unset it for 4.23.0"
)]
pub struct BadVersion {
    value: OsString,
}

impl Version {
    /// All versions that are simulated, with their names.
    pub const ALL: [(Self, &str); 4] =
        [(Self::V4_20, "4.20.0"), (Self::V4_21, "4.21.0"), (Self::V4_22, "4.22.0"), (Self::V4_23, "4.23.0")];
    /// The one that is simulated where nothing else is said.
    pub const DEFAULT: Self = Self::V4_23;

    /// The version for a value of [`VERSION_VARIABLE`]; none and an empty one mean [`Version::DEFAULT`].
    ///
    /// # Errors
    /// [`BadVersion`] for what is none of [`Version::ALL`].
    pub fn of(value: Option<&OsStr>) -> Result<Self, BadVersion> {
        let value = value.unwrap_or_default();
        if value.is_empty() {
            return Ok(Self::DEFAULT);
        }
        let known = Self::ALL.iter().find(|(_, name)| value.to_str() == Some(name));
        known.map(|(version, _)| *version).ok_or_else(|| BadVersion { value: value.into() })
    }

    /// Major, minor and revision.
    pub fn numbers(self) -> (u32, u32, u32) {
        let minor = match self {
            Self::V4_20 => 20,
            Self::V4_21 => 21,
            Self::V4_22 => 22,
            Self::V4_23 => 23,
        };
        (4, minor, 0)
    }

    /// The highest status that it knows.
    pub fn highest_status(self) -> u32 {
        if self >= Self::V4_21 { 93 } else { 90 }
    }

    /// Whether it has statuses of their own for HEFs that are corrupted, not supported or for another device.
    pub(crate) fn tells_hefs_apart(self) -> bool {
        self >= Self::V4_21
    }

    /// The newest header of a HEF that it reads.
    pub(crate) fn newest_header(self) -> u32 {
        if self >= Self::V4_21 { 3 } else { 2 }
    }

    /// The highest extension of a HEF that it knows.
    pub(crate) fn highest_extension(self) -> u32 {
        if self >= Self::V4_21 { 32 } else { 29 }
    }

    /// Whether a host without a driver is another thing than one without a device.
    pub(crate) fn misses_the_driver(self) -> bool {
        self <= Self::V4_22
    }
}

/// The version of this process, by its environment as it was at the first call of the library. What is wrong with the
/// variable is said once on standard error.
///
/// # Errors
/// As [`Version::of`].
pub fn current() -> Result<Version, &'static BadVersion> {
    static CURRENT: OnceLock<Result<Version, BadVersion>> = OnceLock::new();
    let current = CURRENT.get_or_init(|| {
        let version = Version::of(std::env::var_os(VERSION_VARIABLE).as_deref());
        if let Err(why) = &version {
            console::error(VERSION_VARIABLE, &why.to_string());
        }
        version
    });
    current.as_ref().copied()
}

/// As [`current`], for what is never reached where the variable is wrong.
pub(crate) fn simulated() -> Version {
    current().unwrap_or(Version::DEFAULT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_versions_are_simulated_and_the_newest_where_nothing_is_said() {
        assert_eq!(Version::of(None), Ok(Version::V4_23));
        assert_eq!(Version::of(Some(OsStr::new(""))), Ok(Version::V4_23));
        for (version, name) in Version::ALL {
            assert_eq!(Version::of(Some(OsStr::new(name))), Ok(version));
            let (major, minor, revision) = version.numbers();
            assert_eq!(format!("{major}.{minor}.{revision}"), name);
        }
        for wrong in ["4.20", "4.19.0", "5.0.0", "v4.23.0", "4.23.0 ", "\u{1b}[31m"] {
            let why = Version::of(Some(OsStr::new(wrong))).unwrap_err().to_string();
            assert!(why.contains(&format!("{wrong:?}")) && why.contains("4.21.0, 4.22.0 or 4.23.0"), "{why}");
        }
    }
}
