//! Whether a device can be used: by opening it, in a process of its own, as the next user will.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use hailort_sys::status::{HAILO_DEVICE_IN_USE, HAILO_OUT_OF_PHYSICAL_DEVICES};

use super::client::{Worker, WorkerOptions};
use super::error::WorkerError;
use crate::device::RuntimeChoice;

/// How long opening may take. A machine that is busy with other things must not make a device look wedged.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long letting go of it may take.
const RELEASE: Duration = Duration::from_secs(2);
/// How long to wait before looking again, at first.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// Takes a device into use and lets it go. One that is busy is tried again within `patience`: a driver needs up to a
/// second to take it back from a process that was killed. The variables are those of the worker that had it.
///
/// # Errors
/// Why it cannot be used.
pub(crate) fn probe(
    runtime: RuntimeChoice,
    device: Option<&str>,
    variables: &[(String, OsString)],
    patience: Duration,
) -> Result<(), String> {
    let mut variables = variables.to_vec();
    // What is planned for a process of the simulator is no state of the device.
    variables.push((hailort_sim::faults::VARIABLE.into(), OsString::new()));
    let mut worker =
        Worker::spawn(&WorkerOptions { variables, ..WorkerOptions::default() }).map_err(|e| e.to_string())?;
    let (until, mut pause) = (Instant::now() + patience, FIRST_PAUSE);
    loop {
        let error = match worker.probe(runtime, device, DEADLINE) {
            Ok(()) => {
                let ended = worker.close(RELEASE);
                return if ended.gone { Ok(()) } else { Err("whoever opened it cannot be killed".into()) };
            }
            Err(WorkerError::Hang(hang)) => return Err(hang.summary()),
            Err(error) => error,
        };
        let busy = [Some(HAILO_DEVICE_IN_USE), Some(HAILO_OUT_OF_PHYSICAL_DEVICES)];
        let is_busy = matches!(&error, WorkerError::Failed(failure) if busy.contains(&failure.status));
        let left = until.saturating_duration_since(Instant::now());
        if !is_busy || left.is_zero() {
            return Err(error.to_string());
        }
        std::thread::sleep(pause.min(left));
        pause *= 2;
    }
}
