//! Clips to texts and intents; Ctrl+C lets go of the device.
//!
//! ```sh
//! cargo run --release --example full -- audio-corpus/*.flac
//! HAILO_MODEL=canned cargo run --example full        # in milliseconds, without a download, and without sense
//! ```

use hailo_harness::HailoContext;
use hailo_harness::text::Language;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut clips: Vec<String> = std::env::args().skip(1).collect();
    if clips.is_empty() {
        clips.push("audio-corpus/monte-volume.flac".into());
    }
    let context = HailoContext::builder()
        .language(Language::FRENCH)
        .fuzzy_threshold(35)
        .handle_signals(true)
        .start()?;
    for clip in clips {
        let heard = context.hear(&clip)?;
        println!("{clip}: {:?}", heard.transcript.text);
        match heard.intent {
            Some(intent) => {
                println!("    {} (confidence {:.2}) {:?}", intent.name, intent.confidence, intent.slots)
            }
            None => println!("    no command"),
        }
    }
    Ok(())
}
