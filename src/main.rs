//! The command `hailo-harness`.

use std::process::ExitCode;

fn main() -> ExitCode {
    hailo_harness::cli::main()
}
