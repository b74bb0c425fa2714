//! From addresses to functions and lines.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use addr2line::Context;
use addr2line::gimli::{DwarfSections, EndianSlice, LittleEndian};
use framehop::FrameAddress;

use super::demangle::demangle;
use super::elf::{Elf, Symbols};
use super::modules::Modules;
use super::thread::Frame;

/// The debug information of a module, once it was read.
pub(super) type Debug = OnceCell<Result<DwarfSections<Vec<u8>>, String>>;
type Lines<'a> = Option<Context<EndianSlice<'a, LittleEndian>>>;

/// Inlined functions of a frame that are named.
const INLINED: usize = 32;

/// Names the functions of one process.
pub(super) struct Symboliser<'m, 'a> {
    modules: &'m Modules<'a>,
    /// `None` where only functions are wanted.
    debug: Option<&'m [Debug]>,
    symbols: Vec<OnceCell<Symbols>>,
    lines: Vec<OnceCell<Lines<'m>>>,
    /// Most threads of a process are in the same few functions.
    known: HashMap<u64, Vec<Frame>>,
    /// Frames that there was no time to name.
    unnamed: usize,
}

impl<'m, 'a> Symboliser<'m, 'a> {
    /// The second argument is a place for each source of the modules; without it there are functions only, and no lines.
    pub(super) fn new(modules: &'m Modules<'a>, debug: Option<&'m [Debug]>) -> Self {
        let count = modules.count();
        Self {
            modules,
            debug,
            symbols: (0..count).map(|_| OnceCell::new()).collect(),
            lines: (0..count).map(|_| OnceCell::new()).collect(),
            known: HashMap::new(),
            unnamed: 0,
        }
    }

    /// The functions at an address: the inlined ones first, the one that they are inlined to last.
    pub(super) fn frames(&mut self, address: FrameAddress) -> Vec<Frame> {
        let lookup = address.address_for_lookup();
        if let Some(known) = self.known.get(&lookup) {
            let shown = |frame: &Frame| Frame { address: address.address(), ..frame.clone() };
            return known.iter().map(shown).collect();
        }
        let frames = self.look_up(address.address(), lookup);
        self.known.insert(lookup, frames.clone());
        frames
    }

    fn look_up(&mut self, address: u64, lookup: u64) -> Vec<Frame> {
        let mut frame = Frame {
            address,
            function: None,
            module: None,
            offset: None,
            file: None,
            line: None,
            inlined: false,
        };
        let Some(place) = self.modules.find(lookup) else { return vec![frame] };
        frame.module = place.source.map(|(_, name)| name.to_owned());
        let (Some((source, _)), Some((elf, bias))) = (place.source, place.elf) else { return vec![frame] };
        let wanted = lookup.wrapping_sub(bias);
        frame.offset = Some(address.wrapping_sub(bias));
        if Instant::now() >= self.modules.until {
            self.unnamed += 1;
            return vec![frame];
        }
        let symbols = self.symbols[source].get_or_init(|| elf.symbols(self.modules.until));
        frame.function = symbols.find(wanted).map(demangle);
        match self.debug {
            Some(debug) => self.with_lines(&debug[source], source, elf, wanted, frame),
            None => vec![frame],
        }
    }

    /// Adds what debug information knows of a frame.
    fn with_lines(
        &self,
        debug: &'m Debug,
        source: usize,
        elf: &Elf,
        wanted: u64,
        frame: Frame,
    ) -> Vec<Frame> {
        let read = || elf.debug(self.modules.until);
        let lines = self.lines[source].get_or_init(|| {
            let sections = debug.get_or_init(read).as_ref().ok()?;
            Context::from_dwarf(sections.borrow(|bytes| EndianSlice::new(bytes, LittleEndian))).ok()
        });
        let mut frames = Vec::new();
        if let Some(mut found) = lines.as_ref().and_then(|l| l.find_frames(wanted).skip_all_loads().ok()) {
            while let Ok(Some(next)) = found.next() {
                let name = next.function.and_then(|f| Some(demangle(f.raw_name().ok()?.as_bytes())));
                let file = next.location.as_ref().and_then(|l| l.file).map(str::to_owned);
                let line = next.location.as_ref().and_then(|l| l.line);
                frames.push(Frame { function: name, file, line, inlined: true, ..frame.clone() });
                if frames.len() >= INLINED {
                    break;
                }
            }
        }
        match frames.last_mut() {
            Some(last) => {
                last.inlined = false;
                // The symbol has the whole name where the debug information has the last part only.
                last.function = frame.function.or_else(|| last.function.take());
                frames
            }
            None => vec![frame],
        }
    }

    /// What could not be had.
    pub(super) fn notes(&self, bound: Duration) -> Vec<String> {
        let unread =
            self.modules.unread().map(|(name, why)| format!("functions of {name} are not named: {why}"));
        let without_lines = self.debug.into_iter().flatten().enumerate().filter_map(|(source, debug)| {
            let why = debug.get()?.as_ref().err()?;
            Some(format!("no lines of {}: {why}", self.modules.name(source)))
        });
        let late = (self.unnamed > 0)
            .then(|| format!("{} addresses are not named: {bound:?} were used up", self.unnamed));
        unread.chain(without_lines).chain(late).collect()
    }
}
