//! All features and logits of the simulator against the NumPy reference in `$HAILO_REFERENCE_DIR`.
//!
//! Not run by default: the folder is written by `reference/regenerate.sh` and too large for the repository.

mod common;
mod reference_data;

use std::path::PathBuf;

use reference_data::CASES;
use reference_data::agreement::{Agreement, best};
use reference_data::networks::Networks;
use reference_data::tensors::{Tensors, largest_error};

#[test]
fn all_logits_agree() {
    let folder = std::env::var_os("HAILO_REFERENCE_DIR").filter(|v| !v.is_empty()).map(PathBuf::from).expect(
        "HAILO_REFERENCE_DIR names no folder: run `tests/reference/regenerate.sh FOLDER` and set it to FOLDER",
    );
    let (mut networks, mut agreement) = (Networks::load(), Agreement::default());
    for (case, _) in CASES {
        let reference = Tensors::open(&folder.join(format!("{case}.safetensors")));
        let features = networks.encode(&reference.f32("mel"));
        let feature_error = largest_error(features.iter().copied(), &reference.f32("features"));
        let logits = networks.decode(&features, &reference.indices("tokens"));
        let expected = reference.f32("logits");
        let logit_error = largest_error(logits.iter().copied(), &expected);
        agreement.add(case, feature_error, logit_error, &best(&logits), &best(&expected));
    }
    agreement.check();
}
