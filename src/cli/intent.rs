//! Sentences to intents.

use std::io::{BufRead, Write};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::Outcome;
use crate::intent::IntentEngine;
use crate::text::printable::line;

/// Longest line of standard input that is read, in bytes.
const LONGEST_LINE: u64 = 1 << 20;

/// Find the intent of sentences: the arguments, or else each line of standard input.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Sentences; quote each of them (words that are not quoted are taken for one sentence)
    #[arg(value_name = "TEXT")]
    texts: Vec<String>,
    /// The fuzzy score, from 0 to 100, under which no trigger matches; what is no whole command never does
    #[arg(long, value_name = "N", default_value_t = 35, value_parser = clap::value_parser!(u8).range(0..=100))]
    threshold: u8,
    /// Write one JSON object a line
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Outcome {
    let engine = IntentEngine::new("fr")?.with_threshold(arguments.threshold);
    let mut out = std::io::stdout().lock();
    let words = arguments.texts.len() > 1 && !arguments.texts.iter().any(|t| t.contains(char::is_whitespace));
    let texts = if words { vec![arguments.texts.join(" ")] } else { arguments.texts.clone() };
    for text in &texts {
        write(&mut out, text, &engine, arguments.json)?;
    }
    if arguments.texts.is_empty() {
        let mut input = std::io::stdin().lock();
        let mut line = Vec::new();
        while std::io::Read::take(&mut input, LONGEST_LINE).read_until(b'\n', &mut line)? > 0 {
            if line.len() as u64 == LONGEST_LINE && !line.ends_with(b"\n") {
                return Err(format!("a line of standard input is longer than {LONGEST_LINE} bytes").into());
            }
            write(&mut out, String::from_utf8_lossy(&line).trim(), &engine, arguments.json)?;
            line.clear();
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes one answer, at once: whoever sent the line may wait for it.
fn write(out: &mut impl Write, text: &str, engine: &IntentEngine, as_json: bool) -> std::io::Result<()> {
    let intent = engine.classify(text);
    if as_json {
        let answer = json!({
            "text": text,
            "intent": intent.as_ref().map(|i| &i.name),
            "confidence": intent.as_ref().map(|i| i.confidence),
            "slots": intent.as_ref().map_or_else(|| json!({}), |i| json!(i.slots)),
        });
        writeln!(out, "{answer}")?;
    } else if let Some(intent) = intent {
        let text = line(text);
        let slots: String = intent.slots.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        writeln!(out, "{text} → {}{slots} ({:.2})", intent.name, intent.confidence)?;
    } else {
        writeln!(out, "{} → no command", line(text))?;
    }
    out.flush()
}
