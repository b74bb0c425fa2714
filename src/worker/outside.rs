//! This process, looked at by a worker: it cannot stop its own threads.

use std::time::Duration;

use super::client::{Worker, WorkerOptions};
use super::error::WorkerError;
use crate::diagnosis::Diagnosis;

/// How long a worker may take to look at this process: the stops are bounded, reading the names of functions may take.
const DEADLINE: Duration = Duration::from_secs(15);

/// What the threads of this process do, as a short-lived worker sees it.
///
/// # Errors
/// When there is no worker to be had, or it does not answer. Where the kernel forbids it to look, the diagnosis says so.
pub fn diagnose_this() -> Result<Diagnosis, WorkerError> {
    let mut worker = Worker::spawn(&WorkerOptions::default())?;
    // Where the kernel lets only named processes look (Yama), this one does; elsewhere the call does nothing.
    // SAFETY: numbers only.
    unsafe { libc::prctl(libc::PR_SET_PTRACER, libc::c_ulong::from(worker.id()), 0, 0, 0) };
    let seen = worker.diagnose(std::process::id(), DEADLINE);
    // SAFETY: as above.
    unsafe { libc::prctl(libc::PR_SET_PTRACER, 0, 0, 0, 0) };
    seen
}
