//! Writes HEFs whose outputs are their inputs into a folder: `cargo run -p hailo-harness-sim --example shortcut -- DIR`.

use std::path::PathBuf;

use hailort_sim::hef::shortcut::{Shortcut, write};

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| ".".into()));
    std::fs::create_dir_all(&folder)?;
    let two = |names: [&str; 2]| names.map(str::to_owned).to_vec();
    let files = [
        ("shortcut_net.hef", Shortcut::default()),
        ("shortcut_net_16.hef", Shortcut { data_bytes: 2, ..Default::default() }),
        (
            "multi_network_shortcut_net.hef",
            Shortcut {
                groups: vec!["multi_network_shortcut_net".into()],
                networks: two(["net1", "net2"]),
                ..Default::default()
            },
        ),
        ("two_groups.hef", Shortcut { groups: two(["first", "second"]), ..Default::default() }),
    ];
    for (name, shortcut) in files {
        std::fs::write(folder.join(name), write(&shortcut))?;
    }
    Ok(())
}
