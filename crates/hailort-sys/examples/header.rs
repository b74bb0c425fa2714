//! Prints the C header of what is declared: `cargo run -p hailo-harness-sys --example header > include/hailo/hailort.h`.

fn main() {
    print!("{}", hailort_sys::header::c_header());
}
