//! Networks whose outputs are their inputs: what the chip makes of a frame that it only quantises.

use super::Network;
use super::build::BuildError;
use crate::hef::{NetworkGroup, Quantisation, StreamInfo};

/// One input, and the output that gets it.
struct Pair {
    input: Quantisation,
    output: Quantisation,
    /// The largest number on the chip.
    largest: f32,
}

/// Gives each output what came in at the input beside it, in the order of each network.
pub struct Pass {
    /// By network.
    units: Vec<Vec<Pair>>,
}

fn of<'a>(streams: &'a [StreamInfo], network: &str) -> Vec<&'a StreamInfo> {
    streams.iter().filter(|s| s.network_name == network).collect()
}

impl Pass {
    /// Of a group whose outputs have the shapes of its inputs.
    ///
    /// # Errors
    /// When they have not.
    pub fn new(group: &NetworkGroup) -> Result<Self, BuildError> {
        let units = group.units().into_iter().map(|network| {
            let (inputs, outputs) = (of(&group.inputs, &network), of(&group.outputs, &network));
            let shape = |s: &&StreamInfo| [s.height, s.width, s.features];
            let is_pair = inputs.len() == outputs.len()
                && inputs.iter().map(shape).eq(outputs.iter().map(shape))
                && inputs.iter().chain(&outputs).all(|s| s.nms.is_none());
            if !is_pair {
                let text = |all: &[&StreamInfo]| format!("{:?}", all.iter().map(shape).collect::<Vec<_>>());
                return Err(BuildError::Shape {
                    what: format!("outputs of {network}"),
                    found: text(&outputs),
                    wanted: format!("{} as its inputs", text(&inputs)),
                });
            }
            let pair = |(input, output): (&&StreamInfo, &&StreamInfo)| Pair {
                input: input.by_feature.first().copied().unwrap_or(input.quantisation),
                output: output.by_feature.first().copied().unwrap_or(output.quantisation),
                largest: if input.data_bytes == 2 { 65_535.0 } else { 255.0 },
            };
            Ok(inputs.iter().zip(&outputs).map(pair).collect())
        });
        Ok(Self { units: units.collect::<Result<_, _>>()? })
    }
}

impl Network for Pass {
    fn run(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        self.run_unit(0, inputs, outputs);
    }

    fn run_unit(&mut self, unit: usize, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        for ((pair, input), output) in self.units[unit].iter().zip(inputs).zip(outputs) {
            for (to, from) in output.iter_mut().zip(*input) {
                let [least, most] = pair.input.limits;
                let clipped = if *from >= most {
                    most
                } else if *from <= least {
                    least
                } else {
                    *from
                };
                let step = (clipped / pair.input.scale + pair.input.zp).round_ties_even();
                *to = (step.clamp(0.0, pair.largest) - pair.output.zp) * pair.output.scale;
            }
        }
    }
}
