//! Any program under the lease of a device.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};
use std::time::Duration;

use clap::Args;

use super::{Outcome, progress};
use crate::cleanup::bounded::say;
use crate::device::lease::{DeviceLease, LeaseOptions, Wait};
use crate::device::{Found, RequiredError, RuntimeChoice, discovery, required};
use crate::hold;

/// The exit status of a program whose time was over, as of timeout(1).
const TIMED_OUT: u8 = 124;
/// The exit status where the program cannot be run, as of timeout(1) and shells.
const NOT_RUN: u8 = 126;

/// Run any program while holding a device, so that no other user of the harness has it meanwhile.
///
/// Waits until the device is free, runs the program, and gives the device back when it has ended. The exit status is
/// the program's; where a signal ended it, this command ends by the same signal. Ctrl+C and other signals go to the
/// program. What it leaves running is ended, daemons too. Programs of this project (tests, contexts) that run
/// under this command use the device that is held for them, one after the other.
///
/// Exit status: the program's; 124 when its time was over; 126 when it cannot be run; 1 when the device was not free in
/// time.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hailo-harness hold -- python3 transcribe.py recording.wav
  hailo-harness hold --device 0 --deadline 600 -- ./run-all-tests.sh
  hailo-harness hold --wait 0 -- hailortcli run model.hef    fails at once where the device is in use")]
pub struct Arguments {
    /// The device: its number, from 0, or its PCIe address (default: the first that is free)
    #[arg(long, value_name = "DEVICE")]
    device: Option<String>,
    /// End the program and all that it started after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    deadline: Option<Duration>,
    /// Wait at most so many seconds for the device; 0 does not wait (default: HAILO_DEVICE_DEADLINE, or 600)
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    wait: Option<Duration>,
    /// Whose devices: auto (real ones where there are any, else simulated ones; the default), sim, or device
    #[arg(long, value_name = "RUNTIME")]
    runtime: Option<RuntimeChoice>,
    /// The program and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "CMD")]
    command: Vec<OsString>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let duration = text.parse().ok().and_then(|s: f64| Duration::try_from_secs_f64(s).ok());
    duration.ok_or_else(|| "give seconds, such as 600 or 2.5".into())
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Outcome {
    let Some((program, rest)) = arguments.command.split_first() else {
        return Err("no program is given".into());
    };
    // How the program ends has to be known, whatever the caller does with its own children.
    // SAFETY: no handler is involved.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
    let devices = devices(arguments.runtime)?;
    let names: Vec<String> =
        discovery::choose(&devices, arguments.device.as_deref())?.iter().map(|d| d.lease.clone()).collect();
    let mut options = LeaseOptions::usual()?;
    options.program = format!("hold {}", program.to_string_lossy());
    if let Some(wait) = arguments.wait {
        options.wait = Wait::from(wait);
    }
    let lease = DeviceLease::acquire(&names, &options)?;
    match hold::run(program, rest, lease, arguments.deadline) {
        Ok(hold::Outcome::Ended(status)) => Ok(end_like(status)),
        Ok(hold::Outcome::TimedOut(hang)) => {
            // Nobody may read it.
            say(hang);
            Ok(TIMED_OUT.into())
        }
        Ok(hold::Outcome::Stuck) => Ok(TIMED_OUT.into()),
        Err(error @ hold::HoldError::Start { .. }) => {
            progress::say(format_args!("error: {error}"));
            Ok(NOT_RUN.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// The devices to hold.
fn devices(runtime: Option<RuntimeChoice>) -> Result<Vec<Found>, Box<dyn std::error::Error>> {
    let choice = runtime.map_or_else(|| RuntimeChoice::from_environment(RuntimeChoice::Auto), Ok)?;
    let real = discovery::real();
    match choice {
        RuntimeChoice::Auto | RuntimeChoice::Device if real.is_empty() && required()? => {
            Err(RequiredError::NoDevice.into())
        }
        RuntimeChoice::Device if real.is_empty() => {
            Err("there is no device: no /dev/hailo* is there, and the driver lists none".into())
        }
        RuntimeChoice::Device => Ok(real),
        RuntimeChoice::Auto if !real.is_empty() => Ok(real),
        RuntimeChoice::Auto => {
            progress::say("there is no device here: holding a simulated one");
            Ok(discovery::all_simulated())
        }
        RuntimeChoice::Sim => Ok(discovery::all_simulated()),
    }
}

/// Ends as the program did: with its status, or by its signal.
fn end_like(status: ExitStatus) -> ExitCode {
    if let Some(signal) = status.signal() {
        // SAFETY: no handler is involved; no core is written of a process that did nothing wrong.
        unsafe {
            libc::setrlimit(libc::RLIMIT_CORE, &libc::rlimit { rlim_cur: 0, rlim_max: 0 });
            libc::signal(signal, libc::SIG_DFL);
            libc::raise(signal);
        }
        // A signal that does not end a process; as a shell would say it.
        return u8::try_from(128 + signal).unwrap_or(255).into();
    }
    u8::try_from(status.code().unwrap_or(255)).unwrap_or(255).into()
}
