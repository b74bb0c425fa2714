//! Bars and notices on standard error.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::models::FetchEvent;

pub use crate::text::printable::say;

/// A bar over `length` things, invisible where standard error is no terminal.
pub fn bar(length: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style)
}

/// Shows what a fetch does: a bar on a terminal, else a line for each source and each tenth.
pub struct FetchProgress {
    model: String,
    bar: Option<ProgressBar>,
    tenth: u64,
}

impl FetchProgress {
    /// For a model of this name.
    pub fn new(model: &str) -> Self {
        Self { model: model.into(), bar: None, tenth: 0 }
    }

    /// Takes the next event.
    pub fn show(&mut self, event: FetchEvent) {
        match event {
            FetchEvent::Waiting => say("waiting for another process, which fetches model files"),
            FetchEvent::Asking { source } => {
                self.finish();
                say(format_args!("fetching {} from {source}", self.model));
                self.tenth = 0;
            }
            FetchEvent::Progress { done, total } if std::io::stderr().is_terminal() => {
                let bar = self.bar.get_or_insert_with(|| {
                    let template = "{bar:40} {bytes} of {total_bytes} ({binary_bytes_per_sec}, {eta} left)";
                    let bar = bar(total, template);
                    bar.enable_steady_tick(Duration::from_millis(250));
                    bar
                });
                bar.set_length(total);
                bar.set_position(done);
            }
            FetchEvent::Progress { done, total } => {
                let tenth = 10 * done / total.max(1);
                if tenth > self.tenth {
                    self.tenth = tenth;
                    say(format_args!("  {} of {} MB", done / 1_000_000, total / 1_000_000));
                }
            }
            FetchEvent::Failed { source, reason } => {
                self.finish();
                say(format_args!("  {source} does not serve: {reason}"));
            }
            FetchEvent::Recorded { file, sha256 } => {
                self.finish();
                say(format_args!("  {file} came for the first time, written down: sha256 {sha256}"));
            }
            FetchEvent::Fetched => {
                self.finish();
                say(format_args!("{} is there, and its hashes are right", self.model));
            }
        }
    }

    fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
