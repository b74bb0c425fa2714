//! Weights files: mapped, checked and shared.
//!
//! | room | holds |
//! | --- | --- |
//! | [`ct2`] | the CTranslate2 `model.bin` format: which variable lies where |
//! | [`write`](mod@write) | writes files in that format |
//! | [`store`] | the folder in which weights are found by the sha256 that a HEF names |

pub mod ct2;
pub mod store;
pub mod write;

pub use ct2::{FormatError, Variable, WeightsFile};
pub use store::{StoreError, give, offer, open, store_directory, take_back};
