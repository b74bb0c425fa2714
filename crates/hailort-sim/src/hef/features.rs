//! What a HEF makes use of, and what a reader has to know for that.

use super::header::HefError;
use super::proto;
use crate::version::Version;

/// Numbers of extensions that HailoRT 4.23 knows.
const KNOWN: [u32; 31] = [
    0, 1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
    30, 31, 32,
];
/// Several networks in a group: one that may be left out.
pub(super) const MULTI_NETWORK: u32 = 8;
/// The compiler has counted the padding: one that may be left out.
const PADDING: u32 = 11;
const NET_FLOW: u32 = 13;
const NMS_BURST: u32 = 19;
const SCALE_BY_FEATURE: u32 = 25;
/// What every HEF for HailoRT 4 must name.
pub(super) const PERIPHERY_IN_HAILORT: u32 = 26;

/// What a HEF makes use of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Features {
    pub(super) multi_network: bool,
    /// Whether what the host computes is described.
    pub(super) net_flow: bool,
    pub(super) nms_burst: bool,
    pub(super) scale_by_feature: bool,
    pub(super) core_padding_by_compiler: bool,
    periphery_in_hailort: bool,
}

impl Features {
    pub(super) fn of(file: &proto::File) -> Self {
        // Files without a version say it in another way, and none of these.
        let is_versioned = file.header.as_ref().is_some_and(|h| h.version > 0);
        let has = |number| is_versioned && file.extensions.iter().any(|e| e.type_index == number);
        let may = |number| is_versioned && file.optional_extensions.iter().any(|e| e.type_index == number);
        Self {
            multi_network: may(MULTI_NETWORK),
            net_flow: has(NET_FLOW),
            nms_burst: has(NMS_BURST),
            scale_by_feature: has(SCALE_BY_FEATURE),
            core_padding_by_compiler: may(PADDING),
            periphery_in_hailort: has(PERIPHERY_IN_HAILORT),
        }
    }

    /// Whether the library can read it.
    ///
    /// # Errors
    /// "Not supported".
    pub(super) fn check(self, file: &proto::File, version: Version) -> Result<(), HefError> {
        let unknown: Vec<String> = file
            .extensions
            .iter()
            .filter(|e| !KNOWN.contains(&e.type_index) || e.type_index > version.highest_extension())
            .map(|e| format!("{} ({})", e.name, e.type_index))
            .collect();
        if !unknown.is_empty() {
            return Err(HefError::NotSupported(format!("it makes use of {}", unknown.join(", "))));
        }
        if !self.periphery_in_hailort && version >= Version::V4_21 {
            return Err(HefError::NotSupported(format!(
                "it lacks extension {PERIPHERY_IN_HAILORT}: it was compiled for another generation"
            )));
        }
        Ok(())
    }
}
