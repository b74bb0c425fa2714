//! The simulated HailoRT as `libhailort.so`: programs written in C for HailoRT 4.20 to 4.23 run against it unmodified.
//!
//! | room | holds |
//! | --- | --- |
//! | `calls` | every call that the simulator has |
//! | `missing` | the calls that answer `HAILO_NOT_IMPLEMENTED`, by name |
//!
//! It is never installed: name its folder in `LD_LIBRARY_PATH`, or its file in `HAILORT_LIBRARY`. What it is can be seen
//! from the symbol `hailort_sim_marker`, which no real library has.

mod calls;
mod missing;

/// Tells programs that look for it that no device is behind these calls. Its value is 1.
#[unsafe(no_mangle)]
pub static hailort_sim_marker: u32 = 1;
