//! Which module an address is in.

use std::cell::OnceCell;
use std::time::Instant;

use super::elf::{Elf, Tables};
use super::maps::Mapping;
use super::sources::{Code, Source};

/// The programs and libraries of a process, each read when it is needed.
pub(super) struct Modules<'a> {
    code: &'a [Code],
    sources: &'a [Source],
    elves: Vec<OnceCell<Result<Elf<'a>, String>>>,
    pub(super) until: Instant,
}

/// A place in a module.
pub(super) struct Place<'m, 'a> {
    /// Which piece of code it is in.
    pub(super) code: usize,
    pub(super) mapping: &'a Mapping,
    /// Which source it is from, and its name.
    pub(super) source: Option<(usize, &'a str)>,
    /// The module, and how far from where it wants to be it is in memory.
    pub(super) elf: Option<(&'m Elf<'a>, u64)>,
}

impl<'a> Modules<'a> {
    /// The code must be in order of its addresses.
    pub(super) fn new(code: &'a [Code], sources: &'a [Source], until: Instant) -> Self {
        Self { code, sources, elves: sources.iter().map(|_| OnceCell::new()).collect(), until }
    }

    /// The place of an address, where it is in code.
    pub(super) fn find(&self, address: u64) -> Option<Place<'_, 'a>> {
        let index = self.code.partition_point(|c| c.mapping.start <= address).checked_sub(1)?;
        let Code { mapping, source } = self.code.get(index).filter(|c| c.mapping.holds(address))?;
        let elf = source.and_then(|source| {
            let elf = self.elf(source).as_ref().ok()?;
            Some((elf, elf.bias(mapping)?))
        });
        let source = source.map(|source| (source, self.sources[source].name.as_str()));
        Some(Place { code: index, mapping, source, elf })
    }

    fn elf(&self, source: usize) -> &Result<Elf<'a>, String> {
        self.elves[source].get_or_init(|| Elf::open(&self.sources[source].content, self.until))
    }

    /// Which modules were needed and could not be read, and why.
    pub(super) fn unread(&self) -> impl Iterator<Item = (&'a str, &str)> {
        self.sources.iter().zip(&self.elves).filter_map(|(source, elf)| {
            let why = elf.get()?.as_ref().err()?;
            Some((source.name.as_str(), why.as_str()))
        })
    }

    pub(super) fn name(&self, source: usize) -> &'a str {
        &self.sources[source].name
    }

    /// Where the highest code ends.
    #[cfg(target_arch = "aarch64")]
    pub(super) fn end(&self) -> u64 {
        self.code.last().map_or(0, |code| code.mapping.end)
    }

    pub(super) fn count(&self) -> usize {
        self.sources.len()
    }
}

impl Place<'_, '_> {
    /// The unwind tables, where the module has any.
    pub(super) fn tables(&self) -> Option<(&Tables, u64)> {
        let (elf, bias) = self.elf?;
        let tables = &elf.tables;
        (tables.eh_frame.is_some() || tables.debug_frame.is_some()).then_some((tables, bias))
    }

    /// The name of the module, for people.
    pub(super) fn name(&self) -> &str {
        self.source.map_or("code that is in no file", |(_, name)| name)
    }
}
