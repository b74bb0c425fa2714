//! A simulated HailoRT: the same C API, computed on the CPU with real Whisper weights.

pub mod hef;
pub mod kernels;
pub mod network;
pub mod weights;
