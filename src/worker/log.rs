//! The last lines that a worker wrote.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::text::printable;

/// Lines that are kept.
pub(super) const LINES: usize = 50;
/// How long the rest of a dead worker's output may take to be read.
const PATIENCE: Duration = Duration::from_millis(200);
/// Bytes of a line that are kept.
const LONGEST: u64 = 4096;

/// The last lines.
#[derive(Clone, Debug)]
pub(super) struct Lines(Arc<Mutex<VecDeque<String>>>);

impl Lines {
    /// The last lines so far.
    pub(super) fn last(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

/// Reads a worker's output and keeps its end.
#[derive(Debug)]
pub(super) struct Log {
    lines: Lines,
    reader: Option<JoinHandle<()>>,
}

impl Log {
    /// Starts to read. With `echo`, each line is also written to standard error.
    pub(super) fn follow(output: impl Read + Send + 'static, echo: bool) -> std::io::Result<Self> {
        let lines = Arc::new(Mutex::new(VecDeque::with_capacity(LINES)));
        let kept = Arc::clone(&lines);
        let reader = std::thread::Builder::new().name("hailo-log".into()).spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            while output.by_ref().take(LONGEST).read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
                let text = printable::line(String::from_utf8_lossy(&line).trim_end());
                line.clear();
                if echo {
                    printable::say(format_args!("[worker] {text}"));
                }
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() == LINES {
                    kept.pop_front();
                }
                kept.push_back(text);
            }
        })?;
        Ok(Self { lines: Lines(lines), reader: Some(reader) })
    }

    /// The last lines so far.
    pub(super) fn last(&self) -> Vec<String> {
        self.lines.last()
    }

    /// The same for somebody else.
    pub(super) fn lines(&self) -> Lines {
        self.lines.clone()
    }

    /// Waits until everything is read that a worker which has ended wrote, but not for children of it that hold its
    /// output open and live on.
    pub(super) fn finish_if(&mut self, ended: bool) {
        let Some(reader) = self.reader.take().filter(|_| ended) else { return };
        let start = Instant::now();
        while !reader.is_finished() && start.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
        if reader.is_finished() {
            let _ = reader.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_end_and_bounds_long_lines() {
        let text: String = (0..100).map(|i| format!("line {i}\n")).collect();
        let long = "x".repeat(3 * LONGEST as usize);
        let mut log = Log::follow(std::io::Cursor::new(format!("{text}{long}\nlast")), false).unwrap();
        log.finish_if(true);
        let lines = log.last();
        assert_eq!(lines.len(), LINES);
        assert_eq!(lines.last().unwrap(), "last");
        assert!(lines.iter().all(|l| l.len() <= LONGEST as usize));
        assert!(lines.contains(&"line 99".to_owned()) && !lines.contains(&"line 10".to_owned()));
    }
}
