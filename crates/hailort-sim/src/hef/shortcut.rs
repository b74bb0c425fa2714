//! HEFs whose outputs are their inputs: for programs that are about everything but the network.

use super::generate;
use super::layer::{Direction, Quantisation, StreamInfo};
use super::model::{ARCH_8L, Hef, NetworkGroup, SimulatedNetwork};

/// The kind of the simulated network.
pub const PASS: &str = "pass-through";

/// What the file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Shortcut {
    /// Names of the network groups.
    pub groups: Vec<String>,
    /// Names of the networks of each group; one needs no name.
    pub networks: Vec<String>,
    /// Rows, columns and channels of each frame.
    pub shape: [u32; 3],
    /// Bytes of a number on the chip: 1 or 2.
    pub data_bytes: u32,
    /// Architecture: 0 Hailo-8, 3 Hailo-8L.
    pub arch: i32,
}

impl Default for Shortcut {
    fn default() -> Self {
        Self {
            groups: vec!["shortcut_net".into()],
            networks: vec!["shortcut_net".into()],
            shape: [4, 6, 3],
            data_bytes: 1,
            arch: ARCH_8L,
        }
    }
}

/// The bytes of the file. Numbers are quantised in steps of 1/16 around 8.
pub fn write(shortcut: &Shortcut) -> Vec<u8> {
    let quantisation = Quantisation { zp: 128.0, scale: 1.0 / 16.0, limits: [-8.0, 127.0 / 16.0] };
    let group = |name: &String| {
        let mut streams = [Vec::new(), Vec::new()];
        for (index, network) in (1..).zip(&shortcut.networks) {
            for (direction, layer) in
                [(Direction::HostToDevice, "input_layer"), (Direction::DeviceToHost, "output_layer")]
            {
                let mut stream = StreamInfo::plain(
                    name,
                    &format!("{layer}{index}"),
                    direction,
                    shortcut.shape,
                    shortcut.data_bytes,
                );
                // The chip has rows of one channel after the other, each padded to a multiple of 8 bytes.
                let [height, width, features] = shortcut.shape;
                stream.padded = [height, width.next_multiple_of(8), features];
                stream.hw_shape = stream.padded;
                stream.network_name = format!("{name}/{network}");
                stream.quantisation = quantisation;
                stream.by_feature = vec![quantisation];
                let of = usize::from(direction == Direction::DeviceToHost);
                stream.index = u8::try_from(2 * (index - 1) + of).unwrap_or(u8::MAX);
                streams[of].push(stream);
            }
        }
        let [inputs, outputs] = streams;
        NetworkGroup {
            name: name.clone(),
            networks: shortcut.networks.iter().map(|network| format!("{name}/{network}")).collect(),
            contexts: 1,
            sorted_outputs: outputs.iter().map(|o: &StreamInfo| o.name.clone()).collect(),
            inputs,
            outputs,
            bottleneck_fps: 1000.0,
            host_ops: Vec::new(),
        }
    };
    generate::write(&Hef {
        arch: shortcut.arch,
        header_version: 2,
        compiler: "3.31.0".into(),
        network_groups: shortcut.groups.iter().map(group).collect(),
        simulated: Some(SimulatedNetwork { kind: PASS.into(), weights_sha256: String::new() }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let several = Shortcut {
            groups: vec!["first".into(), "second".into()],
            networks: vec!["left".into(), "right".into()],
            data_bytes: 2,
            arch: 0,
            ..Default::default()
        };
        let hef = Hef::from_bytes(&write(&several)).unwrap();
        let names: Vec<_> = hef.network_groups.iter().map(|g| g.name.as_str()).collect();
        assert_eq!(names, ["first", "second"]);
        let group = &hef.network_groups[1];
        assert_eq!(group.networks, ["second/left", "second/right"]);
        let (_, network) = hef.find("second/right").unwrap();
        let inputs = group.host_inputs(network);
        assert_eq!((inputs.len(), inputs[0].name.as_str()), (1, "second/input_layer2"));
        assert_eq!(group.host_outputs(network).unwrap()[0].network_name, "second/right");
        assert_eq!(group.host_outputs(None).unwrap().len(), 2);
        let one = Hef::from_bytes(&write(&Shortcut::default())).unwrap();
        assert_eq!(one.network_groups[0].networks, ["shortcut_net/shortcut_net"]);
    }
}
