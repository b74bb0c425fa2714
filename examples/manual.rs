//! Started and closed by hand; what was found at the end decides the exit status.
//!
//! ```sh
//! cargo run --release --example manual -- recording.wav
//! HAILO_MODEL=canned cargo run --example manual      # in milliseconds, without a download, and without sense
//! ```

use std::process::ExitCode;

use hailo_harness::HailoContext;

fn main() -> ExitCode {
    let clip = std::env::args().nth(1).unwrap_or_else(|| "audio-corpus/monte-volume.flac".into());
    let context = match HailoContext::start() {
        Ok(context) => context,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let heard = context.hear(&clip);
    // In any case, and before the result is looked at.
    let report = context.close();
    println!("teardown: {report}");
    match heard {
        Ok(heard) => println!("{}", heard.transcript.text),
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(3) }
}
