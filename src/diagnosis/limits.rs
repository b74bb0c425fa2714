//! How long a diagnosis may take, and how much it may hold.

use std::time::Duration;

/// Bounds of a diagnosis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long one thread is waited for until it has stopped.
    pub thread: Duration,
    /// How long threads are stopped and copied in all. When it is used up, the other threads are described by what
    /// `/proc` says.
    pub total: Duration,
    /// How long unwinding and naming may take. When it is used up, frames are a module and an offset.
    pub resolve: Duration,
    /// How many threads are looked at.
    pub threads: usize,
    /// How many frames of a thread are kept, inlined functions not counted.
    pub frames: usize,
    /// How many bytes of a thread's stack are copied.
    pub stack_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            thread: Duration::from_millis(100),
            total: Duration::from_millis(500),
            resolve: Duration::from_secs(10),
            threads: 512,
            frames: 128,
            stack_bytes: 256 << 10,
        }
    }
}
