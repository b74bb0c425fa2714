//! Model files: what there is, where it is kept, how it is fetched and checked.
//!
//! | room | holds |
//! | --- | --- |
//! | [`catalogue`] | [`Model`]: which files a model has, with their hashes, and where they can be had |
//! | [`store`] | [`Store`]: the user's cache; a file is in it whole and checked, or not at all |
//! | [`fetch`] | one source after the other, until all files are there |
//! | `source` | Hugging Face, Python wheels, a folder |
//! | [`architecture`] | [`Architecture`]: which devices there are models for |
//! | [`published`] | which files Hailo publishes for them, and where |
//! | [`fetch_published`] | these files into the cache: believed the first time, and then the same |
//! | [`lock_file`] | `models.lock`: what came the first time |
//! | [`device_files`] | [`DeviceFiles`]: what a device is loaded with, from the cache or from a folder |
//! | [`npy`] | `.npy` files, row by row |
//! | `hash` | sha256 in hexadecimal |
//! | [`error`] | [`ModelError`] |

pub mod architecture;
pub mod catalogue;
pub mod device_files;
pub mod error;
pub mod fetch;
pub mod fetch_published;
mod hash;
pub mod lock_file;
pub mod npy;
pub mod published;
mod source;
pub mod store;

pub use architecture::{Architecture, ArchitectureError};
pub use catalogue::Model;
pub use device_files::DeviceFiles;
pub use error::{ModelError, ModelErrorKind};
pub use fetch::{FetchEvent, FetchOptions};
pub use fetch_published::PublishedOptions;
pub use lock_file::LockFile;
pub use published::{PublishedModel, Variant};
pub use store::{FileState, Store};
