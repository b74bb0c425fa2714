//! Writes the canned model's files: `cargo run -p hailo-harness-sim --example canned -- fixtures/canned`.

use std::path::PathBuf;

use hailort_sim::canned::{Canned, SEED};

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).expect("a folder as argument"));
    let model = Canned::new(SEED);
    std::fs::create_dir_all(&folder)?;
    // The weights are made where they are used.
    for (name, bytes) in [("encoder.hef", &model.encoder), ("decoder.hef", &model.decoder)] {
        std::fs::write(folder.join(name), bytes)?;
    }
    Ok(())
}
