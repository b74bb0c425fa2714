//! Waits for names of clips on standard input, one a line, until the input ends or Ctrl+C; both let go of the device.
//!
//! ```sh
//! ls audio-corpus/*.flac | cargo run --release --example daemon
//! mkfifo clips && tail -f clips | cargo run --release --example daemon    # and elsewhere: echo a.wav > clips
//! HAILO_MODEL=canned cargo run --example daemon      # in milliseconds, without a download, and without sense
//! ```

use hailo_harness::HailoContext;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let context = HailoContext::builder().handle_signals(true).start()?;
    eprintln!("ready: names of WAV or FLAC files, one a line; Ctrl+C ends");
    for line in std::io::stdin().lines() {
        let clip = line?;
        match context.hear(&clip) {
            Ok(heard) => {
                let intent = heard.intent.map_or("no command".into(), |intent| intent.name);
                println!("{clip}: {:?}, {intent}", heard.transcript.text);
            }
            // A clip that cannot be read is no reason to stop, nor is a worker that had to be killed.
            Err(error) => {
                eprintln!("{clip}: {error}");
                if !context.stt().is_available() {
                    context.stt().reload()?;
                }
            }
        }
    }
    Ok(())
}
