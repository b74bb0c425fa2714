//! What a process has left behind: a census before and after, and what is there afterwards that was not before.
//!
//! | room | holds |
//! | --- | --- |
//! | [`census`] | [`Census`]: what a process has at one moment, by `/proc` |
//! | `threads`, `fds`, `children`, `maps`, `status`, `environment`, `files` | the parts of it |
//! | `stat` | what the kernel says of a process or thread in one line |
//! | `directory` | reading a folder of `/proc` relative to an open one |
//! | [`family`] | processes that carry a mark in their environment, wherever they have gone |
//! | [`compare`] | two censuses to a list of leaks |
//! | [`mod@settle`] | looking again before anybody is accused |
//! | [`own`] | [`Watch`], [`assert_no_leaks!`](crate::assert_no_leaks): what a part of this process leaves behind |
//! | `known` | what well-known crates leave behind once, on purpose |
//! | [`leak`] | [`Leak`]: what leaked, where it was made, what to do next |
//! | [`policy`] | [`Policy`]: what is done about it |
//! | `pattern` | names with `*` and `?` |
//!
//! What it cannot see: memory that was not freed; files in folders that other programs use as well; for another process,
//! variables that it changed, since the kernel shows those that it was started with.

pub mod census;
mod children;
pub mod compare;
mod directory;
mod environment;
pub mod family;
mod fds;
mod files;
mod known;
pub mod leak;
mod maps;
pub mod own;
mod pattern;
pub mod policy;
pub mod settle;
mod stat;
mod status;
mod threads;

pub use census::{Census, CensusError, Scope};
pub use family::Family;
pub use leak::{Kind, Leak, Side, place_threads};
pub use own::{Extent, IntoPolicy, Watch};
pub use policy::{Judged, Policy, PolicyError, Verdict};
pub use settle::{Patience, settle};
