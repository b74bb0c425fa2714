//! What the comparisons with the NumPy reference of Whisper share.

pub mod agreement;
pub mod networks;
pub mod tensors;

/// Each case and its clip, in this order: `edited` follows the case that it differs from at one token, so that the
/// decoder takes over what it remembers of the tokens before.
pub const CASES: [(&str, &str); 7] = [
    ("joue-maman", "joue-maman"),
    ("mets-stromae", "mets-stromae"),
    ("reveil-six-trente", "reveil-six-trente"),
    (LONGEST, LONGEST),
    ("edited", LONGEST),
    ("random", LONGEST),
    ("neg-beau", "neg-beau"),
];

const LONGEST: &str = "peux-tu-mettre-reine-des-neiges";
