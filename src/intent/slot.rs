//! What a slot can hold.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Slots by name.
pub type Slots = BTreeMap<String, SlotValue>;

/// The value of a slot: a string or an integer, in JSON and TOML as well.
///
/// ```
/// use hailo_harness::intent::SlotValue;
///
/// assert_eq!(serde_json::to_string(&SlotValue::from(30)).unwrap(), "30");
/// assert_eq!(serde_json::to_string(&SlotValue::from("maman")).unwrap(), "\"maman\"");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged, expecting = "a slot is a string or an integer")]
pub enum SlotValue {
    /// A number, such as minutes or per cent.
    Integer(i64),
    /// A text, such as a title, or a time of day as `HH:MM`.
    Text(String),
}

impl SlotValue {
    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Integer(_) => None,
        }
    }

    /// The number, if it is one.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Text(_) => None,
        }
    }
}

impl From<i64> for SlotValue {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<&str> for SlotValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for SlotValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl fmt::Display for SlotValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// The type of a slot, as a dictionary declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SlotType {
    /// What to play: the words of a title, an artist or a mood, lower case.
    Query,
    /// A length in whole minutes, at least 1.
    Minutes,
    /// A share from 0 to 100.
    Percent,
    /// A time of day, `HH:MM` from `00:00` to `23:59`.
    Time,
}
