//! One clip to text.
//!
//! ```sh
//! cargo run --release --example simple -- recording.wav
//! HAILO_MODEL=canned cargo run --example simple      # in milliseconds, without a download, and without sense
//! ```

use hailo_harness::stt_only;
use hailo_harness::text::Language;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let clip = std::env::args().nth(1).unwrap_or_else(|| "audio-corpus/monte-volume.flac".into());
    let stt = stt_only(Language::FRENCH)?;
    println!("{}", stt.transcribe(&clip)?.text);
    Ok(())
}
