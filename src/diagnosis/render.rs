//! A diagnosis as text for a terminal.

use std::collections::HashMap;
use std::fmt::{Display, Formatter, Result};

use super::diagnosis::Diagnosis;
use super::thread::{Frame, Stack, Thread};
use crate::text::printable::line;

/// Frames of a thread that are shown.
const FRAMES: usize = 48;
/// Blocks that are shown.
const BLOCKS: usize = 64;
/// Threads that a block names.
const NAMED: usize = 8;

/// One block for each thread, those with the same stack together.
impl Display for Diagnosis {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let count = self.threads.len();
        let threads = if count == 1 { "1 thread".to_owned() } else { format!("{count} threads") };
        let milliseconds = self.took_seconds * 1000.0;
        writeln!(
            f,
            "process {} ({}): {threads}, seen in {milliseconds:.1} ms",
            self.pid,
            line(&self.program)
        )?;
        let blocks = blocks(&self.threads);
        for block in blocks.iter().take(BLOCKS) {
            write_block(f, block)?;
        }
        let more: usize = blocks.iter().skip(BLOCKS).map(Vec::len).sum();
        if more > 0 {
            writeln!(f, "… {more} more threads")?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "note: {}", line(note)))
    }
}

impl Diagnosis {
    /// Writes it as text, as its `Display` does.
    ///
    /// # Errors
    /// Those of the place that it is written to.
    pub fn render(&self, to: &mut dyn std::fmt::Write) -> Result {
        write!(to, "{self}")
    }
}

/// Threads that are in the same place, in order of the first of them.
pub(super) fn blocks(threads: &[Thread]) -> Vec<Vec<&Thread>> {
    let mut blocks: Vec<Vec<&Thread>> = Vec::new();
    let mut known = HashMap::new();
    for thread in threads {
        let addresses: Vec<u64> = thread.stack.frames.iter().map(|frame| frame.address).collect();
        let block = *known.entry((thread.what(), &thread.stack.why_short, addresses)).or_insert(blocks.len());
        match blocks.get_mut(block) {
            Some(block) => block.push(thread),
            None => blocks.push(vec![thread]),
        }
    }
    blocks
}

fn write_block(f: &mut Formatter<'_>, block: &[&Thread]) -> Result {
    let name = |thread: &&Thread| format!("{} \"{}\"", thread.tid, line(&thread.name));
    let named: Vec<String> = block.iter().take(NAMED).map(name).collect();
    let more = block.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let threads = if block.len() == 1 { "thread" } else { "threads" };
    let same = if block.len() == 1 { "" } else { ", all in the same place" };
    let most = block.iter().map(|thread| thread.cpu_seconds).fold(0.0, f64::max);
    let what = line(&block[0].what());
    writeln!(f, "{threads} {}{more}: {what}, {most:.2} s of processor time{same}", named.join(", "))?;
    let Stack { frames, why_short } = &block[0].stack;
    for (index, frame) in frames.iter().take(FRAMES).enumerate() {
        writeln!(f, "    #{index} {}", line(&described(frame)))?;
    }
    if frames.len() > FRAMES {
        writeln!(f, "    … {} more frames", frames.len() - FRAMES)?;
    }
    match why_short {
        Some(why) if frames.is_empty() => writeln!(f, "    no stack: {}", line(why)),
        Some(why) => writeln!(f, "    the stack ends here: {}", line(why)),
        None => Ok(()),
    }
}

/// A frame: `function at file:line (module+offset)`.
fn described(frame: &Frame) -> String {
    let mut text = frame.place();
    if let Some(file) = &frame.file {
        text += &format!(" at {file}");
        text += &frame.line.map(|line| format!(":{line}")).unwrap_or_default();
    }
    match (&frame.module, frame.offset) {
        _ if frame.inlined => text += " (inlined)",
        (Some(module), Some(offset)) if frame.function.is_some() => {
            text += &format!(" ({module}+{offset:#x})")
        }
        _ => {}
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::thread::State;

    fn frame(index: u64) -> Frame {
        Frame {
            address: index,
            function: Some(format!("f{index}")),
            module: Some("w".into()),
            offset: Some(index),
            file: Some("src/a.rs".into()),
            line: Some(7),
            inlined: index == 1,
        }
    }

    fn thread(tid: u32, frames: u64) -> Thread {
        Thread {
            tid,
            name: "worker".into(),
            state: State::Sleeping,
            cpu_seconds: f64::from(tid) / 100.0,
            wait_channel: Some("futex_do_wait".into()),
            syscall: Some("futex".into()),
            stack: Stack { frames: (0..frames).map(frame).collect(), why_short: None },
        }
    }

    fn diagnosis(threads: Vec<Thread>) -> Diagnosis {
        Diagnosis { pid: 3, program: "w".into(), threads, took_seconds: 0.0123, notes: vec!["a\nb".into()] }
    }

    #[test]
    fn one_block_for_threads_in_the_same_place() {
        let mut other = thread(14, 2);
        other.stack.why_short = Some("it is the end".into());
        let text = diagnosis(vec![thread(12, 2), other, thread(13, 2)]).to_string();
        let expected = "\
process 3 (w): 3 threads, seen in 12.3 ms
threads 12 \"worker\", 13 \"worker\": sleeps in futex (futex_do_wait), 0.13 s of processor time, all in the same place
    #0 f0 at src/a.rs:7 (w+0x0)
    #1 f1 at src/a.rs:7 (inlined)
thread 14 \"worker\": sleeps in futex (futex_do_wait), 0.14 s of processor time
    #0 f0 at src/a.rs:7 (w+0x0)
    #1 f1 at src/a.rs:7 (inlined)
    the stack ends here: it is the end
note: a\\nb
";
        assert_eq!(text, expected);
    }

    #[test]
    fn it_is_never_endless() {
        let text = diagnosis((0..1000).map(|i| thread(i, u64::from(i))).collect()).to_string();
        assert!(text.lines().count() < 64 * 51, "{}", text.lines().count());
        assert!(text.contains("… 936 more threads") && text.contains("… 15 more frames"), "{text}");
        let text = diagnosis((0..1000).map(|i| thread(i, 1)).collect()).to_string();
        assert!(text.contains(" and 992 more: sleeps") && text.lines().count() == 4, "{text}");
    }

    #[test]
    fn nothing_from_the_process_reaches_the_terminal_that_it_obeys() {
        let mut hostile = thread(1, 1);
        let escape = "\u{1b}[2J\r\n";
        hostile.name = escape.into();
        hostile.wait_channel = Some(escape.into());
        hostile.stack.why_short = Some(escape.into());
        let frame = &mut hostile.stack.frames[0];
        (frame.function, frame.module, frame.file) =
            (Some(escape.into()), Some(escape.into()), Some(escape.into()));
        let mut diagnosis = diagnosis(vec![hostile]);
        diagnosis.program = escape.into();
        let text = diagnosis.to_string();
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
        assert_eq!(text.lines().count(), 5, "{text}");
        let mut rendered = String::new();
        diagnosis.render(&mut rendered).unwrap();
        assert_eq!(rendered, text);
    }
}
