//! The environment of this process: names, and values only as sums that nobody can read back.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

/// Names, and sums of the values.
pub(super) fn list() -> BTreeMap<OsString, u64> {
    // Of this process alone: the sum of a secret says nothing elsewhere.
    static SUM: OnceLock<RandomState> = OnceLock::new();
    let sum = SUM.get_or_init(RandomState::new);
    std::env::vars_os().map(|(name, value)| (name, sum.hash_one(value))).collect()
}
