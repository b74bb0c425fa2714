//! What both fuzzers use.
#![allow(dead_code, reason = "each uses some of it")]

pub mod driver;
pub mod hefs;
pub mod random;
pub mod world;
