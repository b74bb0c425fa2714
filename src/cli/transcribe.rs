//! Audio files to text.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::listener::{Listener, RuntimeArguments};
use super::{Outcome, progress};
use crate::stt::SttError;
use crate::text::Language;
use crate::text::printable::line;
use crate::whisper::{Audio, Transcript};

/// Write the text of audio files: WAV or FLAC, any rate, any number of channels.
///
/// One line a file; with several files each line starts with the file's name. A file that cannot be transcribed is
/// reported, the others are still done, and the exit code is 1.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Audio files; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// Whisper's code of the language that is spoken
    #[arg(long, default_value = "fr", value_name = "CODE")]
    language: Language,
    #[command(flatten)]
    runtime: RuntimeArguments,
    /// Write one JSON object a line, with tokens and timings, or with the first line of an error
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Outcome {
    let listener = Listener::open(&arguments.runtime)?;
    let mut failed = false;
    for file in &arguments.files {
        match hear(&listener, file, arguments.language) {
            Ok(transcript) => {
                let mut out = std::io::stdout().lock();
                if arguments.json {
                    writeln!(out, "{}", to_json(file, &transcript, &listener))?;
                } else if arguments.files.len() > 1 {
                    writeln!(out, "{}: {}", line(file), line(&transcript.text))?;
                } else {
                    writeln!(out, "{}", line(&transcript.text))?;
                }
                out.flush()?;
                if transcript.truncated {
                    progress::say(format_args!(
                        "{file}: more was said than fits into a window; words are missing"
                    ));
                }
            }
            Err(error) => {
                failed = true;
                progress::say(format_args!("error: {error}"));
                if arguments.json {
                    let why = error.to_string();
                    let first = why.lines().next().unwrap_or_default();
                    writeln!(std::io::stdout(), "{}", json!({ "file": file, "error": first }))?;
                }
            }
        }
    }
    let clean = listener.close();
    Ok(if failed || !clean { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn hear(listener: &Listener, file: &str, language: Language) -> Result<Transcript, SttError> {
    let audio = if file == "-" {
        Audio::read("standard input", std::io::stdin().lock())?
    } else {
        Audio::open(file.as_ref())?
    };
    // A bar only for what takes a while.
    let bar = (audio.seconds() > 30.0)
        .then(|| progress::bar(audio.seconds() as u64, "{bar:40} {pos} of {len} s of audio, {eta} left"));
    let transcript = listener.hear(&audio, language, |seconds| {
        if let Some(bar) = &bar {
            bar.set_position(seconds as u64);
        }
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    transcript
}

fn to_json(file: &str, transcript: &Transcript, listener: &Listener) -> serde_json::Value {
    let t = &transcript.timings;
    let ms = |d: std::time::Duration| (d.as_secs_f64() * 1e6).round() / 1e3;
    json!({
        "file": file,
        "text": transcript.text,
        "language": transcript.language,
        "model": listener.model,
        "runtime": listener.runtime,
        "seconds": transcript.seconds,
        "windows": transcript.windows,
        "truncated": transcript.truncated,
        "min_margin": transcript.min_margin,
        "tokens": transcript.tokens,
        "timings_ms": {"mel": ms(t.mel), "encoder": ms(t.encoder), "decoder": ms(t.decoder), "total": ms(t.total)},
    })
}
