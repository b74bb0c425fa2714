//! Model files: what there is, where it is kept, how it is fetched and checked.
//!
//! | room | holds |
//! | --- | --- |
//! | [`catalogue`] | [`Model`]: which files a model has, with their hashes, and where they can be had |
//! | [`store`] | [`Store`]: the user's cache; a file is in it whole and checked, or not at all |
//! | [`fetch`] | one source after the other, until all files are there |
//! | `source` | Hugging Face, Python wheels, a folder |
//! | `hash` | sha256 in hexadecimal |
//! | [`error`] | [`ModelError`] |

pub mod catalogue;
pub mod error;
pub mod fetch;
mod hash;
mod source;
pub mod store;

pub use catalogue::Model;
pub use error::{ModelError, ModelErrorKind};
pub use fetch::{FetchEvent, FetchOptions};
pub use store::{FileState, Store};
