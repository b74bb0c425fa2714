//! HEF files, as HailoRT reads them and as the simulator writes them.
//!
//! | room | holds |
//! | --- | --- |
//! | [`header`] | the big-endian header of versions 0 to 3, with lengths and checksums |
//! | [`proto`] | the part of the protobuf that is read and written |
//! | `features` | what a file makes use of, and what a reader has to know for that |
//! | [`layer`] | inputs and outputs: [`StreamInfo`] |
//! | [`model`] | what the rest of the simulator uses: [`Hef`], [`NetworkGroup`] |
//! | [`generate`] | writes HEF files |
//! | [`shortcut`] | HEFs whose outputs are their inputs |
//! | [`whisper`] | the two HEFs of a Whisper model |
//!
//! A simulated HEF holds no weights: it names them by their sha256 in a field that HailoRT skips.

mod features;
pub mod generate;
pub mod header;
pub mod layer;
pub mod model;
pub mod proto;
pub mod shortcut;
pub mod whisper;

pub use header::HefError;
pub use layer::{Direction, Quantisation, StreamInfo};
pub use model::{Hef, NetworkGroup, SimulatedNetwork};
