//! A corpus through model and intent engine.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use serde::Serialize;

use super::listener::{Listener, RuntimeArguments};
use super::{Outcome, progress};
use crate::corpus::score::{ClipScore, CorpusScore};
use crate::corpus::{Clip, Manifest};
use crate::intent::{Intent, IntentEngine, Slots};
use crate::stt::SttError;
use crate::text::printable::line;
use crate::whisper::audio::Audio;

/// Transcribe every clip of a corpus, and compare text and intent with what the manifest says.
///
/// The first run fetches the model (147 MB). Wrong words and intents are results, not failures: the exit code is 1
/// only when a clip could not be transcribed.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Folder with clips and a manifest.toml
    #[arg(long, default_value = "audio-corpus", value_name = "DIR")]
    corpus: PathBuf,
    /// Only clips whose id, text or tags contain this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    #[command(flatten)]
    runtime: RuntimeArguments,
    /// Write one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// A run, as it is written with `--json`.
#[derive(Debug, Serialize)]
struct Report {
    model: String,
    runtime: &'static str,
    clips: Vec<ClipReport>,
    summary: Summary,
}

#[derive(Debug, Serialize)]
struct ClipReport {
    id: String,
    file: String,
    seconds: f64,
    reference: String,
    transcript: Option<String>,
    wer: Option<f64>,
    cer: Option<f64>,
    intent: Option<Intent>,
    expected_intent: Option<String>,
    expected_slots: Slots,
    min_margin: Option<f32>,
    elapsed_ms: u64,
    /// Why there is no transcript.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Debug, Serialize)]
struct Summary {
    clips: usize,
    /// Clips that could not be transcribed: they count nowhere else but among the intents.
    failed: usize,
    /// Nothing where no clip was transcribed.
    wer: Option<f64>,
    cer: Option<f64>,
    intent_accuracy: f64,
    real_time_factor: f64,
    load_ms: u64,
    peak_rss_kib: u64,
}

impl ClipReport {
    fn intent_is_right(&self) -> bool {
        match (&self.intent, &self.expected_intent) {
            (None, None) => self.error.is_none(),
            (Some(found), Some(expected)) => found.name == *expected && found.slots == self.expected_slots,
            _ => false,
        }
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Outcome {
    let engine = IntentEngine::new("fr")?;
    let manifest = Manifest::load(&arguments.corpus, engine.intents()).map_err(|error| {
        let elsewhere =
            if arguments.corpus.exists() { "" } else { "; name another folder with --corpus DIR" };
        format!("{error}{elsewhere}")
    })?;
    if manifest.clips().is_empty() {
        return Err(format!("{} has no [[clip]]", manifest.path().display()).into());
    }
    let clips: Vec<&Clip> =
        manifest.clips().iter().filter(|c| matches(c, arguments.filter.as_deref())).collect();
    if clips.is_empty() {
        let (filter, all) = (arguments.filter.as_deref().unwrap_or_default(), manifest.clips().len());
        let folder = arguments.corpus.display();
        return Err(
            format!("no clip of {folder} has {filter:?} in its id, text or tags; there are {all}").into()
        );
    }
    let listener = Listener::open(&arguments.runtime)?;
    let bar = progress::bar(clips.len() as u64, "{bar:40} {pos} of {len} clips, {eta} left: {msg}");
    let (mut score, mut reports, mut busy) = (CorpusScore::default(), Vec::new(), Duration::ZERO);
    for clip in clips {
        bar.set_message(clip.id.clone());
        let start = Instant::now();
        let mut report = hear(clip, &listener, &engine);
        let elapsed = start.elapsed();
        busy += elapsed;
        report.elapsed_ms = elapsed.as_millis() as u64;
        if let Some(transcript) = &report.transcript {
            score.add(&clip.text, transcript, clip.language);
        }
        if let Some(error) = &report.error {
            bar.suspend(|| progress::say(format_args!("error: clip {}: {error}", clip.id)));
        }
        reports.push(report);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let seconds: f64 = reports.iter().map(|r| r.seconds).sum();
    let right = reports.iter().filter(|r| r.intent_is_right()).count();
    let failed = reports.iter().filter(|r| r.error.is_some()).count();
    let summary = Summary {
        clips: reports.len(),
        failed,
        wer: (failed < reports.len()).then(|| score.wer()),
        cer: (failed < reports.len()).then(|| score.cer()),
        intent_accuracy: right as f64 / reports.len() as f64,
        real_time_factor: if seconds > 0.0 { busy.as_secs_f64() / seconds } else { 0.0 },
        load_ms: listener.load.as_millis() as u64,
        peak_rss_kib: listener.peak_rss_kib(),
    };
    let (model, runtime) = (listener.model.clone(), listener.runtime);
    // The device is let go before anybody may stop reading what is written here.
    let clean = listener.close();
    let report = Report { model, runtime, clips: reports, summary };
    let mut out = std::io::stdout().lock();
    if arguments.json {
        serde_json::to_writer(&mut out, &report)?;
        writeln!(out)?;
    } else {
        for row in table(&report).lines() {
            writeln!(out, "{}", row.trim_end())?;
        }
        writeln!(out, "{}", summary_line(&report, right))?;
    }
    out.flush()?;
    Ok(if failed > 0 || !clean { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn matches(clip: &Clip, filter: Option<&str>) -> bool {
    filter.is_none_or(|f| {
        let f = f.to_lowercase();
        clip.id.to_lowercase().contains(&f)
            || clip.text.to_lowercase().contains(&f)
            || clip.tags.iter().any(|t| t.to_lowercase().contains(&f))
    })
}

fn hear(clip: &Clip, listener: &Listener, engine: &IntentEngine) -> ClipReport {
    let mut report = ClipReport {
        id: clip.id.clone(),
        file: clip.file.display().to_string(),
        seconds: 0.0,
        reference: clip.text.clone(),
        transcript: None,
        wer: None,
        cer: None,
        intent: None,
        expected_intent: clip.intent.clone(),
        expected_slots: clip.slots.clone(),
        min_margin: None,
        elapsed_ms: 0,
        error: None,
    };
    let heard = Audio::open(&clip.path).map_err(SttError::from).and_then(|audio| {
        report.seconds = audio.seconds();
        listener.hear(&audio, clip.language, |_| {})
    });
    match heard {
        Ok(transcript) => {
            let score = ClipScore::new(&clip.text, &transcript.text, clip.language);
            report.wer = Some(score.wer());
            report.cer = Some(score.cer());
            report.intent = engine.classify(&transcript.text);
            report.min_margin = transcript.min_margin;
            report.transcript = Some(transcript.text);
        }
        Err(error) => report.error = Some(error.to_string()),
    }
    report
}

fn table(report: &Report) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["clip", "reference", "transcript", "WER", "intent", "expected", ""]);
    for clip in &report.clips {
        let found = clip.intent.as_ref().map(|i| command(Some(&i.name), &i.slots));
        let wer = clip.wer.map_or_else(String::new, |w| format!("{w:.2}"));
        table.add_row([
            Cell::new(&clip.id),
            Cell::new(line(&clip.reference)),
            Cell::new(line(clip.transcript.as_deref().unwrap_or("(see the error above)"))),
            Cell::new(wer).set_alignment(CellAlignment::Right),
            Cell::new(line(found.as_deref().unwrap_or("–"))),
            Cell::new(line(&command(clip.expected_intent.as_deref(), &clip.expected_slots))),
            Cell::new(if clip.intent_is_right() { "✓" } else { "✗" }),
        ]);
    }
    table
}

fn command(name: Option<&str>, slots: &Slots) -> String {
    let slots = slots.iter().map(|(name, value)| format!(" {name}={value}")).collect::<String>();
    format!("{}{slots}", name.unwrap_or("–"))
}

fn summary_line(report: &Report, right: usize) -> String {
    let s = &report.summary;
    let score = |rate: Option<f64>| rate.map_or_else(|| "–".into(), |rate| format!("{rate:.3}"));
    format!(
        "{} clips with {} on {}:{} WER {}, CER {}, {right} of {} intents right, {:.2} × real time, \
         loaded in {} ms, {} MiB at most",
        s.clips,
        report.model,
        report.runtime,
        if s.failed > 0 { format!(" {} failed,", s.failed) } else { String::new() },
        score(s.wer),
        score(s.cer),
        s.clips,
        s.real_time_factor,
        s.load_ms,
        s.peak_rss_kib / 1024
    )
}
