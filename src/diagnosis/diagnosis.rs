//! What all threads of a process do.

use serde::{Deserialize, Serialize};

use super::thread::Thread;

/// What all threads of a process did at about one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// The process id.
    pub pid: u32,
    /// The name of the program's file, or of the process where that cannot be seen: not fit for a terminal as it is.
    pub program: String,
    /// Its threads, the main thread first, then by thread id.
    pub threads: Vec<Thread>,
    /// How long it took to look at them, without naming functions, in seconds.
    pub took_seconds: f64,
    /// What else was seen, or could not be.
    pub notes: Vec<String>,
}
