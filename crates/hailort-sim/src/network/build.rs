//! From what a simulated HEF names to networks that compute.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::Network;
use super::pass::Pass;
use super::whisper::{Decoder, Dimensions, Encoder};
use crate::console;
use crate::hef::shortcut::PASS;
use crate::hef::whisper::{DECODER, DECODER_OF_SUMS, ENCODER, Positions};
use crate::hef::{Hef, NetworkGroup, SimulatedNetwork, StreamInfo};
use crate::weights::{self, FormatError, StoreError, WeightsFile};

/// Mel bins of the encoder's input.
const MELS: usize = 80;
/// Most rows of an input: Whisper's weights know 1,500 positions, which are 3,000 frames of log-mel.
const MAX_ROWS: u32 = 3_000;
/// Positions that Whisper's decoder knows.
const MAX_POSITIONS: usize = 448;

/// Why a HEF cannot be configured.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The HEF was compiled for a device and has no simulated network.
    #[error("the HEF names no simulated network: files compiled for a device cannot be run by the simulator")]
    NotSimulated,
    /// The kind of network is unknown.
    #[error(
        "the HEF names the simulated network {0:?}; known are whisper-encoder, whisper-decoder, whisper-decoder-of-sums and \
         pass-through"
    )]
    UnknownKind(String),
    /// Shapes of the HEF and of the weights do not fit together.
    #[error("the HEF's {what} is {found}, the weights want {wanted}")]
    Shape {
        /// Which input or output.
        what: String,
        /// What the HEF says.
        found: String,
        /// What the network needs.
        wanted: String,
    },
    /// The weights cannot be had.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The weights cannot be used.
    #[error(transparent)]
    Format(#[from] FormatError),
}

/// Weights in use, so that two HEFs over the same file map and check it once.
static SHARED: Mutex<BTreeMap<String, Weak<WeightsFile>>> = Mutex::new(BTreeMap::new());

fn shared(sha256: &str) -> Result<Arc<WeightsFile>, StoreError> {
    let mut files = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    files.retain(|_, file| file.strong_count() > 0);
    if let Some(file) = files.get(sha256).and_then(Weak::upgrade) {
        return Ok(file);
    }
    let file = Arc::new(weights::open(&weights::store_directory(), sha256)?);
    files.insert(sha256.into(), Arc::downgrade(&file));
    Ok(file)
}

/// The networks of a HEF, one for each network group.
///
/// # Errors
/// See [`BuildError`].
pub fn networks(hef: &Hef) -> Result<Vec<Box<dyn Network>>, BuildError> {
    let Some(simulated) = hef.simulated.as_ref() else {
        // A file compiled for a device: only what passes frames through can be told from its shapes.
        let pass = |group| Pass::new(group).map(|pass| Box::new(pass) as Box<dyn Network>);
        let all = hef.network_groups.iter().map(pass).collect::<Result<_, _>>();
        let all = all.map_err(|_| BuildError::NotSimulated)?;
        console::info("hailo_configure", "the HEF names no simulated network: frames are passed through");
        return Ok(all);
    };
    hef.network_groups.iter().map(|group| network(simulated, group)).collect()
}

fn network(simulated: &SimulatedNetwork, group: &NetworkGroup) -> Result<Box<dyn Network>, BuildError> {
    match simulated.kind.as_str() {
        PASS => Ok(Box::new(Pass::new(group)?)),
        ENCODER => {
            let file = shared(&simulated.weights_sha256)?;
            let width = Dimensions::of(&file)?.width;
            let frames = shape("input", &group.inputs, &[MELS])?[0];
            let wanted = [Some(frames / 2), Some(width)];
            let [output] = group.outputs.as_slice() else {
                return Err(BuildError::Shape {
                    what: "outputs".into(),
                    found: format!("{} outputs", group.outputs.len()),
                    wanted: "one".into(),
                });
            };
            check_output(output, wanted, frames.is_multiple_of(2))?;
            Ok(Box::new(Encoder::new(&file)?))
        }
        kind @ (DECODER | DECODER_OF_SUMS) => {
            let file = shared(&simulated.weights_sha256)?;
            let sizes = Dimensions::of(&file)?;
            let inputs = by_name(&group.inputs);
            let rows = shape("inputs", &inputs, &[sizes.width, sizes.width])?;
            if rows[1] > MAX_POSITIONS {
                return Err(BuildError::Shape {
                    what: "token embeddings".into(),
                    found: format!("{} positions", rows[1]),
                    wanted: format!("at most {MAX_POSITIONS}"),
                });
            }
            let mut start = 0;
            let mut splits = vec![0..0; group.outputs.len()];
            for name in &group.sorted_outputs {
                let index = group.outputs.iter().position(|o| o.name == *name).unwrap_or(0);
                let columns = group.outputs[index].features as usize;
                check_output(&group.outputs[index], [Some(rows[1]), None], true)?;
                splits[index] = start..start + columns;
                start += columns;
            }
            // An output that is named twice stands in the place of one that is not named.
            let all_named = splits.iter().all(|split| !split.is_empty());
            if start != sizes.vocabulary || group.sorted_outputs.len() != group.outputs.len() || !all_named {
                return Err(BuildError::Shape {
                    what: "outputs".into(),
                    found: format!("{} outputs of {start} columns in all", group.outputs.len()),
                    wanted: format!("{} columns", sizes.vocabulary),
                });
            }
            let order = inputs
                .iter()
                .map(|i| group.inputs.iter().position(|g| g.name == i.name).unwrap_or(0))
                .collect();
            let positions = if kind == DECODER { Positions::Decoder } else { Positions::Host };
            Ok(Box::new(Reordered { order, inner: Decoder::new(&file, splits, positions)? }))
        }
        other => Err(BuildError::UnknownKind(other.into())),
    }
}

/// The inputs in the order of their names: `input_layer1` are the features, `input_layer2` the token embeddings.
fn by_name(inputs: &[StreamInfo]) -> Vec<StreamInfo> {
    let mut sorted = inputs.to_vec();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    sorted
}

/// Gives a network its inputs in another order than the HEF's.
struct Reordered<N> {
    order: Vec<usize>,
    inner: N,
}

impl<N: Network> Network for Reordered<N> {
    fn run(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let inputs: Vec<&[f32]> = self.order.iter().map(|i| inputs[*i]).collect();
        self.inner.run(&inputs, outputs);
    }
}

/// Rows (the frame's width) of each stream, which must have exactly these numbers of columns.
fn shape(what: &str, streams: &[StreamInfo], columns: &[usize]) -> Result<Vec<usize>, BuildError> {
    let fits = streams.len() == columns.len()
        && streams
            .iter()
            .zip(columns)
            .all(|(s, c)| s.height == 1 && s.features as usize == *c && s.width <= MAX_ROWS);
    if fits {
        return Ok(streams.iter().map(|s| s.width as usize).collect());
    }
    Err(BuildError::Shape {
        what: what.into(),
        found: streams
            .iter()
            .map(|s| format!("[1, {}, {}, {}]", s.height, s.width, s.features))
            .collect::<Vec<_>>()
            .join(", "),
        wanted: columns.iter().map(|c| format!("[1, 1, n, {c}]")).collect::<Vec<_>>().join(", "),
    })
}

fn check_output(output: &StreamInfo, wanted: [Option<usize>; 2], otherwise: bool) -> Result<(), BuildError> {
    let found = [output.width as usize, output.features as usize];
    if otherwise && output.height == 1 && wanted.iter().zip(found).all(|(w, f)| w.is_none_or(|w| w == f)) {
        return Ok(());
    }
    let text = |n: Option<usize>| n.map_or("n".into(), |n| n.to_string());
    Err(BuildError::Shape {
        what: format!("output {}", output.name),
        found: format!("[1, {}, {}, {}]", output.height, found[0], found[1]),
        wanted: format!("[1, 1, {}, {}]", text(wanted[0]), text(wanted[1])),
    })
}
