//! HEF files, as HailoRT reads them and as the simulator writes them.
//!
//! | room | holds |
//! | --- | --- |
//! | [`header`] | the big-endian header of versions 0 to 3, with lengths and checksums |
//! | [`proto`] | the part of the protobuf that is read and written |
//! | [`model`] | what the rest of the simulator uses: [`Hef`], [`NetworkGroup`], [`StreamInfo`] |
//! | [`generate`] | writes HEF files |
//! | [`whisper`] | the two HEFs of a Whisper model |
//!
//! A simulated HEF holds no weights: it names them by their sha256 in a field that HailoRT skips.

pub mod generate;
pub mod header;
pub mod model;
pub mod proto;
pub mod whisper;

pub use header::HefError;
pub use model::{Direction, Hef, NetworkGroup, SimulatedNetwork, StreamInfo};
