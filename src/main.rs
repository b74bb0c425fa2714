//! The command `hailo-harness`.

fn main() {}
