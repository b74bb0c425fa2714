//! Gives the library the name by which programs ask for it that were linked against the real one.

/// The version that the simulator reports, and which the real library's name holds.
const SONAME: &str = "libhailort.so.4.23.0";

fn main() {
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,{SONAME}");
    println!("cargo::rerun-if-changed=build.rs");
}
