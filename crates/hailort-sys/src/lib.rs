//! Declarations of the HailoRT C API (4.20 to 4.23), held as a table of function pointers.
//!
//! | room | holds |
//! | --- | --- |
//! | [`types`] | structs, handles and constants, laid out as the C compiler lays them out |
//! | [`status`] | status codes, their names and meanings |
//! | [`calls`] | the declarations of the calls, for macros that need something for each |
//! | [`api`] | [`Api`]: one function pointer for each call that the harness needs; [`FurtherApi`]: for the others |
//! | [`header`] | the same declarations for C |
//! | [`mod@load`] | fills an [`Api`] from a `libhailort.so` at run time |
//!
//! Nothing is linked: a program that uses this crate starts on a machine without HailoRT. The table can be filled by
//! anything that implements the calls, which is how the simulator takes the library's place.

pub mod api;
pub mod calls;
pub mod header;
pub mod load;
mod search;
pub mod status;
#[allow(non_camel_case_types)]
pub mod types;

pub use api::{Api, FurtherApi};
pub use load::{LoadError, Loaded, load};
pub use status::{status_meaning, status_name};
