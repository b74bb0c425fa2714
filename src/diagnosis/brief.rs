//! A diagnosis in brief, as errors show it: of each thread the functions that somebody wrote, without those of the
//! language, of the C library and of the crates between them.

use std::fmt::Write;

use super::diagnosis::Diagnosis;
use super::render::blocks;
use super::thread::Frame;
use crate::text::printable::line;

/// Functions of a thread that are shown, and threads with stacks of their own.
const FRAMES: usize = 12;
const BLOCKS: usize = 24;
/// How long the name of a function may be.
const LONGEST: usize = 120;

impl Diagnosis {
    /// The diagnosis in brief: one line for each thread, or for those that are in the same place, and one for each
    /// function of theirs that says something. `Display` shows all.
    pub fn brief(&self) -> String {
        let mut text = String::new();
        let all = blocks(&self.threads);
        for block in all.iter().take(BLOCKS) {
            let first = block[0];
            let others = block.len() - 1;
            let others = if others > 0 { format!(" and {others} more") } else { String::new() };
            let _ = writeln!(
                text,
                "thread {} \"{}\"{others}: {}",
                first.tid,
                line(&first.name),
                line(&first.what())
            );
            let telling: Vec<&Frame> = first.stack.frames.iter().filter(|f| tells(f)).collect();
            for frame in telling.iter().take(FRAMES) {
                let _ = writeln!(text, "    {}", line(&described(frame)));
            }
            if telling.len() > FRAMES {
                let _ = writeln!(text, "    … {} more", telling.len() - FRAMES);
            }
            if let Some(why) = &first.stack.why_short {
                let _ = writeln!(text, "    no more of its stack: {}", line(why));
            }
        }
        if all.len() > BLOCKS {
            let _ = writeln!(
                text,
                "… and {} threads elsewhere",
                all[BLOCKS..].iter().map(Vec::len).sum::<usize>()
            );
        }
        self.notes.iter().for_each(|note| _ = writeln!(text, "note: {}", line(note)));
        text
    }
}

fn tells(frame: &Frame) -> bool {
    !frame.is_plumbing()
}

fn described(frame: &Frame) -> String {
    let mut text = frame.place();
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    if let (Some(file), Some(line)) = (&frame.file, frame.line) {
        let _ = write!(text, " at {file}:{line}");
    }
    text
}
