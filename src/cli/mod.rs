//! The command `hailo-harness`: results on standard output, everything else on standard error.
//!
//! | room | holds |
//! | --- | --- |
//! | `run` | a corpus through model and intent engine |
//! | `transcribe` | audio files to text |
//! | `intent` | sentences to intents |
//! | `models` | the files of models |
//! | `devices` | devices, what they are, and who uses them |
//! | `doctor` | what stands in the way of tests on a device |
//! | `hef` | what is inside a HEF |
//! | `hold` | any program under the lease of a device |
//! | `listener` | speech-to-text in a worker, with progress for people who wait |
//! | `progress` | bars and notices on standard error |

mod devices;
mod doctor;
mod hef;
mod hold;
mod intent;
mod listener;
mod models;
mod progress;
mod report;
mod reset;
mod run;
mod transcribe;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Speech-to-text and intents on a Hailo accelerator, or on a simulated one.
///
/// Results go to standard output, everything else to standard error. Exit codes: 0 done, 1 something failed, 2 wrong
/// usage.
#[derive(Debug, Parser)]
#[command(name = "hailo-harness", version, max_term_width = 110)]
#[command(after_help = "Environment:
  HAILO_RUNTIME         auto, sim or device, where --runtime is not given
  HAILO_REQUIRED=1      a failure where there is no device, instead of the simulator
  HAILO_CACHE_DIR       where model files are kept (default: hailo-harness in the user's cache)
  HAILO_OFFLINE=1       never fetch anything
  HAILO_MODELS_LOCK     the lock file of what was fetched for devices (default: models.lock in that folder)
  HAILO_PUBLISHED_URL   another place for the files that Hailo publishes
  HF_ENDPOINT           another place for Hugging Face
  HAILO_DEVICE_DEADLINE seconds to wait for a device that somebody else uses (default: 600; 0: not at all)
  HAILO_LOCK_DIR        where the locks of devices are (default: /run/lock/hailo-harness)
  HAILO_MODEL           the model where none is chosen: whisper-base (the default), whisper-tiny (devices only) or
                        canned, which speaks nonsense
  HAILO_ARCH            what the device is, in place of what it says: hailo8, hailo8l or hailo8r
  HAILO_HEFS            a folder of HEFs and their files for a device, in place of those that Hailo publishes
  HAILO_DECODER_BIAS    who adds the positional bias: auto (the default), decoder or host
  HAILORT_LOGGER_PATH   a folder for the log of the HailoRT library (default here: none)
  HAILO_DEADLINES       how long each phase may take, such as open=60,configure=60,infer=30,release=500ms
  HAILO_LEAKS           what is done about leaks: fail (tests: the default), warn (commands), or rules for single ones
  HAILO_LEDGER          folder of the ledgers of test runs (default: target/hailo-harness), or off
  HAILO_SIM_DEVICES     number of simulated devices (default: 1)
  HAILO_SIM_HOST        another name, other simulated devices (default: one host for all processes)
  HAILO_SIM_FAULTS      calls of the simulator that misbehave, such as 'hailo_create_vdevice@1=status:74'
  HAILO_SIM_THREADS     threads that the simulator computes with (default: one a processor)

Examples:
  hailo-harness run                                every clip of ./audio-corpus
  hailo-harness run --filter volume --json
  hailo-harness transcribe recording.wav
  echo 'mets du jazz' | hailo-harness intent --json
  hailo-harness models fetch --arch hailo8l        Hailo's files for a device
  hailo-harness devices                            which there are, and who uses them
  hailo-harness devices --reset                    gets back those that nobody can use
  hailo-harness doctor                             what stands in the way of a device, and what mends it
  hailo-harness hold -- python3 script.py          any program, while it alone has the device
  hailo-harness hef encoder.hef                    inputs, outputs and quantisation of a HEF
  hailo-harness report                             what hung, leaked or was killed in the last test run")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Arguments),
    Transcribe(transcribe::Arguments),
    Intent(intent::Arguments),
    Models(models::Arguments),
    Devices(devices::Arguments),
    Doctor(doctor::Arguments),
    Hold(hold::Arguments),
    Hef(hef::Arguments),
    Report(report::Arguments),
}

/// What a command answers: whether everything went well, or why it had to end.
type Outcome = Result<ExitCode, Box<dyn std::error::Error>>;

/// The whole program: reads the arguments, runs the command, says what failed.
pub fn main() -> ExitCode {
    // Usage errors end the process with 2 in here, `--help` and `--version` with 0.
    let outcome = match Arguments::parse().command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Transcribe(arguments) => transcribe::run(&arguments),
        Command::Intent(arguments) => intent::run(&arguments),
        Command::Models(arguments) => models::run(&arguments),
        Command::Devices(arguments) => devices::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Hold(arguments) => hold::run(&arguments),
        Command::Hef(arguments) => hef::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
    };
    outcome.unwrap_or_else(|error| {
        // Whoever reads the results has gone: there is nobody to tell.
        let gone = error
            .downcast_ref::<std::io::Error>()
            .is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe);
        if !gone {
            progress::say(format_args!("error: {error}"));
        }
        ExitCode::FAILURE
    })
}
