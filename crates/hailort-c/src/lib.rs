//! The simulated HailoRT as `libhailort.so`: programs written in C for HailoRT 4.20 to 4.23 run against it unmodified.
//!
//! | room | holds |
//! | --- | --- |
//! | `calls` | every call that the simulator has |
//! | `missing` | the calls that answer `HAILO_NOT_IMPLEMENTED`, by name |
//!
//! It is never installed: name its folder in `LD_LIBRARY_PATH`, or its file in `HAILORT_LIBRARY`. What it is can be seen
//! from the symbol `hailort_sim_marker`, which no real library has.

use std::ffi::c_int;

mod calls;
mod missing;

/// Tells programs that look for it that no device is behind these calls. Its value is 1.
#[unsafe(no_mangle)]
pub static hailort_sim_marker: u32 = 1;

extern "C" fn on_load(_arguments: c_int, _argument: *const *const u8, _environment: *const *const u8) {
    // A panic must not reach the loader.
    let _ = std::panic::catch_unwind(|| {
        hailort_sim::logger::start();
        // What is linked into the program that loads this has a memory of its own.
        hailort_sim::canned::offer();
    });
}

/// As the real library, which has a thread and open files before anybody calls it.
#[used]
#[unsafe(link_section = ".init_array")]
static ON_LOAD: extern "C" fn(c_int, *const *const u8, *const *const u8) = on_load;
