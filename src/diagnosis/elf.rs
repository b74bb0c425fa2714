//! Sections, symbols and debug information of a program or library, read within bounds.
//!
//! Files are read, not mapped: a file that is mapped and then made shorter by somebody else kills whoever reads on.

use std::io::{Error, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Instant;

use addr2line::gimli;
use object::read::elf::{ElfFile64, ProgramHeader as _};
use object::{CompressedData, LittleEndian, Object, ObjectSection, ReadCache, elf};

use super::maps::Mapping;
use super::sources::Content;

/// Bytes of a section with unwind tables or symbols.
const TABLE: u64 = 128 << 20;
/// Bytes of all debug information of a file.
const DEBUG: u64 = 512 << 20;
/// Bytes that are read at once, between two looks at the clock.
const CHUNK: usize = 1 << 20;
/// Bytes of headers and names of sections that are read of a file.
const HEADERS: u64 = 16 << 20;
/// How many symbols before an address are looked at for one that holds it.
const NEAR: usize = 32;
/// Where distributions put debug information that they took out of their files.
const DEBUG_FILES: &str = "/usr/lib/debug/.build-id";

/// Reads a file up to a time and within its bounds.
struct Reader<'a> {
    content: &'a Content,
    position: u64,
    left: u64,
    until: Instant,
}

impl<'a> Reader<'a> {
    fn new(content: &'a Content, left: u64, until: Instant) -> Self {
        Self { content, position: 0, left, until }
    }

    fn range(content: &'a Content, offset: u64, size: u64, until: Instant) -> Result<Vec<u8>, Error> {
        let mut reader = Self { position: offset, ..Self::new(content, size, until) };
        // Nothing is set aside for what the file only says it has.
        if offset.checked_add(size).is_none_or(|end| end > reader.size().unwrap_or(0)) {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; usize::try_from(size).map_err(|_| ErrorKind::OutOfMemory)?];
        reader.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn size(&self) -> Result<u64, Error> {
        match self.content {
            Content::File(file) => Ok(file.metadata()?.len()),
            Content::Memory(bytes) => Ok(bytes.len() as u64),
            Content::Nothing(why) => Err(Error::new(ErrorKind::NotFound, why.clone())),
        }
    }
}

impl Read for Reader<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Error> {
        if Instant::now() >= self.until {
            return Err(ErrorKind::TimedOut.into());
        }
        let most = bytes.len().min(CHUNK).min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let bytes = &mut bytes[..most];
        let count = match self.content {
            Content::File(file) => file.read_at(bytes, self.position)?,
            Content::Memory(memory) => {
                let start = usize::try_from(self.position).unwrap_or(usize::MAX).min(memory.len());
                (&memory[start..]).read(bytes)?
            }
            Content::Nothing(_) => 0,
        };
        self.position += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

impl Seek for Reader<'_> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64, Error> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(from) => self.size()?.checked_add_signed(from),
            SeekFrom::Current(from) => self.position.checked_add_signed(from),
        };
        self.position = position.ok_or(ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

type Parsed<'data, 'content> = ElfFile64<'data, LittleEndian, &'data ReadCache<Reader<'content>>>;

/// Where a section is in memory, as the file has it, and what is in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Section {
    pub(super) address: u64,
    pub(super) bytes: Arc<[u8]>,
}

impl Section {
    pub(super) fn range(&self) -> std::ops::Range<u64> {
        self.address..self.address.saturating_add(self.bytes.len() as u64)
    }
}

/// What unwinding needs.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    /// Where the file's first byte that is loaded wants to be.
    pub(super) base: u64,
    pub(super) eh_frame: Option<Section>,
    pub(super) eh_frame_hdr: Option<Section>,
    pub(super) debug_frame: Option<Section>,
    /// Where the code wants to be.
    pub(super) text: Option<std::ops::Range<u64>>,
    /// Where the global offset table wants to be.
    pub(super) got: Option<std::ops::Range<u64>>,
}

/// A part of the file that is loaded.
#[derive(Clone, Copy, Debug)]
struct Segment {
    offset: u64,
    address: u64,
    size: u64,
}

/// A program or library.
#[derive(Debug)]
pub(super) struct Elf<'a> {
    content: &'a Content,
    segments: Vec<Segment>,
    /// The file that distributions keep its debug information in, opened when it is needed.
    build_id: Option<Vec<u8>>,
    pub(super) tables: Tables,
}

impl<'a> Elf<'a> {
    /// Reads the headers and the unwind tables.
    ///
    /// # Errors
    /// Why not, as text.
    pub(super) fn open(content: &'a Content, until: Instant) -> Result<Self, String> {
        if let Content::Nothing(why) = content {
            return Err(why.clone());
        }
        let cache = ReadCache::new(Reader::new(content, HEADERS, until));
        let file = parse(&cache).map_err(|error| match Instant::now() {
            now if now >= until => "the time was used up".to_owned(),
            _ => format!("its file cannot be read: {error}"),
        })?;
        let endian = LittleEndian;
        let loaded = file.elf_program_headers().iter().filter(|p| p.p_type(endian) == elf::PT_LOAD);
        let segments: Vec<Segment> = loaded
            .map(|p| Segment {
                offset: p.p_offset(endian),
                address: p.p_vaddr(endian),
                size: p.p_filesz(endian),
            })
            .collect();
        let table = |name| section(&file, content, name, TABLE, until);
        let place = |name: &str| {
            let section = file.section_by_name(name)?;
            Some(section.address()..section.address().saturating_add(section.size()))
        };
        let tables = Tables {
            base: segments.iter().map(|s| s.address).min().unwrap_or(0) & !0xfff,
            eh_frame: table(".eh_frame"),
            eh_frame_hdr: table(".eh_frame_hdr"),
            debug_frame: table(".debug_frame"),
            text: place(".text"),
            got: place(".got"),
        };
        let build_id = file.build_id().ok().flatten().map(<[u8]>::to_vec);
        Ok(Self { content, segments, build_id, tables })
    }

    /// How far a piece of the file in memory is from where it wants to be.
    pub(super) fn bias(&self, mapping: &Mapping) -> Option<u64> {
        // What is in memory only is all in one piece.
        let offset = if matches!(self.content, Content::Memory(_)) { 0 } else { mapping.offset };
        let holds = |s: &&Segment| (s.offset & !0xfff..s.offset.saturating_add(s.size)).contains(&offset);
        let segment = self.segments.iter().rfind(holds)?;
        let wanted = offset.wrapping_sub(segment.offset).wrapping_add(segment.address);
        Some(mapping.start.wrapping_sub(wanted))
    }

    /// Bytes of code at an address, as the file has it.
    pub(super) fn code<const COUNT: usize>(&self, address: u64, until: Instant) -> Option<[u8; COUNT]> {
        let segment = self.segments.iter().find(|s| address.wrapping_sub(s.address) < s.size)?;
        let offset = segment.offset.checked_add(address - segment.address)?;
        Reader::range(self.content, offset, COUNT as u64, until).ok()?.try_into().ok()
    }

    /// The functions' names: of the file itself, else of the debug information kept elsewhere.
    pub(super) fn symbols(&self, until: Instant) -> Symbols {
        let mut symbols = Symbols::default();
        let mut has_all = false;
        for content in std::iter::once(self.content).chain(self.kept_elsewhere().as_ref()) {
            let cache = ReadCache::new(Reader::new(content, HEADERS, until));
            let Ok(file) = parse(&cache) else { continue };
            if !has_all {
                has_all = symbols.add(&file, content, (".symtab", ".strtab"), until);
            }
            symbols.add(&file, content, (".dynsym", ".dynstr"), until);
        }
        symbols.sort();
        symbols
    }

    /// The debug information, empty where there is none.
    ///
    /// # Errors
    /// When it is too much.
    pub(super) fn debug(&self, until: Instant) -> Result<gimli::DwarfSections<Vec<u8>>, String> {
        let elsewhere = self.kept_elsewhere();
        for content in std::iter::once(self.content).chain(elsewhere.as_ref()) {
            let cache = ReadCache::new(Reader::new(content, HEADERS, until));
            let Ok(file) = parse(&cache) else { continue };
            if file.section_by_name(".debug_line").is_none_or(|s| s.file_range().is_none()) {
                continue;
            }
            let mut left = DEBUG;
            let load = |id: gimli::SectionId| {
                use gimli::SectionId as Id;
                // Where variables are does not matter here, and it is much.
                if matches!(
                    id,
                    Id::DebugLoc | Id::DebugLocLists | Id::DebugTypes | Id::DebugMacro | Id::DebugMacinfo
                ) {
                    return Ok(Vec::new());
                }
                let Some(size) = file.section_by_name(id.name()).map(|s| s.size()) else {
                    return Ok(Vec::new());
                };
                let too_much = || format!("it has more than {} MiB of debug information", DEBUG >> 20);
                left = left.checked_sub(size).ok_or_else(too_much)?;
                let bytes = bytes(&file, content, id.name(), left.saturating_add(size), until);
                bytes.map_or_else(
                    || Err("its debug information cannot be read".to_owned()),
                    |(_, bytes)| Ok(bytes),
                )
            };
            return gimli::DwarfSections::load(load);
        }
        Ok(gimli::DwarfSections::default())
    }

    fn kept_elsewhere(&self) -> Option<Content> {
        let (first, rest) = self.build_id.as_deref()?.split_first()?;
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let path = format!("{DEBUG_FILES}/{}/{}.debug", hex(&[*first]), hex(rest));
        std::fs::File::open(path).ok().map(Content::File)
    }
}

fn parse<'data, 'content>(
    cache: &'data ReadCache<Reader<'content>>,
) -> Result<Parsed<'data, 'content>, object::Error> {
    ElfFile64::parse(cache)
}

fn section(file: &Parsed, content: &Content, name: &str, most: u64, until: Instant) -> Option<Section> {
    let (address, bytes) = bytes(file, content, name, most, until)?;
    Some(Section { address, bytes: bytes.into() })
}

/// Address and bytes of a section, decompressed.
fn bytes(file: &Parsed, content: &Content, name: &str, most: u64, until: Instant) -> Option<(u64, Vec<u8>)> {
    let section = file.section_by_name(name)?;
    let range = section.compressed_file_range().ok()?;
    if range.compressed_size.max(range.uncompressed_size) > most || range.compressed_size == 0 {
        return None;
    }
    let bytes = Reader::range(content, range.offset, range.compressed_size, until).ok()?;
    let data =
        CompressedData { format: range.format, data: &bytes, uncompressed_size: range.uncompressed_size };
    let bytes = match data.decompress().ok()? {
        std::borrow::Cow::Borrowed(_) => bytes,
        std::borrow::Cow::Owned(bytes) => bytes,
    };
    Some((section.address(), bytes))
}

/// Functions by address.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    functions: Vec<Function>,
    /// The tables of names.
    names: Vec<Vec<u8>>,
}

#[derive(Clone, Copy, Debug)]
struct Function {
    address: u64,
    size: u64,
    table: usize,
    name: usize,
}

impl Symbols {
    /// The function that an address is in.
    pub(super) fn find(&self, address: u64) -> Option<&[u8]> {
        let after = self.functions.partition_point(|f| f.address <= address);
        let holds = |f: &&Function| address - f.address < f.size;
        let found = self.functions[..after].iter().rev().take(NEAR).find(holds)?;
        // Of several names, the plain one: `read` is also `__read`.
        let first = self.functions.partition_point(|f| f.address < found.address);
        let same =
            self.functions[first..after].iter().take_while(|f| f.address == found.address).filter(holds);
        let plain = |name: &&[u8]| (name.iter().take_while(|&&b| b == b'_').count(), name.len());
        same.filter_map(|f| self.name(f)).min_by_key(plain)
    }

    fn name(&self, function: &Function) -> Option<&[u8]> {
        let names = self.names.get(function.table)?.get(function.name..)?;
        let end = names.iter().position(|&b| b == 0)?;
        (end > 0).then(|| &names[..end])
    }

    /// Adds those of a table: whether there were any.
    fn add(
        &mut self,
        file: &Parsed,
        content: &Content,
        (table, names): (&str, &str),
        until: Instant,
    ) -> bool {
        let read = |name| bytes(file, content, name, TABLE, until).map(|(_, bytes)| bytes);
        let (Some(table), Some(names)) = (read(table), read(names)) else { return false };
        // An entry: name 4 bytes, kind 1, visibility 1, section 2, address 8, size 8.
        let entry = |bytes: &[u8; 24]| {
            let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
            let name = u32::from_le_bytes(std::array::from_fn(|i| bytes[i]));
            let is_function = matches!(elf::SymbolType(bytes[4] & 0xf), elf::STT_FUNC | elf::STT_GNU_IFUNC);
            let is_here = bytes[6..8] != [0, 0];
            let function = Function {
                address: number(8),
                size: number(16),
                table: self.names.len(),
                name: name as usize,
            };
            (is_function && is_here && function.size > 0).then_some(function)
        };
        let (entries, _) = table.as_chunks::<24>();
        let before = self.functions.len();
        self.functions.extend(entries.iter().filter_map(entry));
        self.names.push(names);
        self.functions.len() > before
    }

    fn sort(&mut self) {
        self.functions.sort_unstable_by_key(|f| (f.address, f.size, f.table, f.name));
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::Duration;

    use super::*;
    use crate::diagnosis::maps;

    fn later() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    /// This program, and where in memory it is.
    fn own() -> (Content, Mapping) {
        let here = own as fn() -> (Content, Mapping) as usize as u64;
        let mappings = maps::read(std::process::id()).unwrap();
        let mapping = maps::find(&mappings, here).unwrap().clone();
        (Content::File(File::open("/proc/self/exe").unwrap()), mapping)
    }

    #[test]
    fn finds_a_function_of_this_program() {
        let (content, mapping) = own();
        let elf = Elf::open(&content, later()).unwrap();
        assert!(elf.tables.eh_frame.is_some() && elf.tables.eh_frame_hdr.is_some());
        let bias = elf.bias(&mapping).unwrap();
        let here = own as fn() -> (Content, Mapping) as usize as u64;
        let symbols = elf.symbols(later());
        let name =
            |address: u64| symbols.find(address).map(|name| String::from_utf8_lossy(name).into_owned());
        assert!(name(here - bias).unwrap().contains("own"), "{:?}", name(here - bias));
        assert!(name(here - bias + 1).unwrap().contains("own"));
        assert_eq!(name(0), None);
        assert_eq!(name(u64::MAX), None);
        // The code in memory is as the file has it.
        let memory = File::open("/proc/self/mem").unwrap();
        let mut code = [0; 16];
        memory.read_exact_at(&mut code, here).unwrap();
        assert_eq!(elf.code(here - bias, later()), Some(code));
        assert_eq!(elf.code::<1>(u64::MAX, later()), None);
    }

    #[test]
    fn nothing_is_read_when_the_time_is_used_up() {
        let (content, _) = own();
        let now = Instant::now();
        assert_eq!(Elf::open(&content, now).unwrap_err(), "the time was used up");
        let elf = Elf::open(&content, later()).unwrap();
        assert!(elf.symbols(now).functions.is_empty());
        assert_eq!(elf.code::<1>(elf.tables.text.as_ref().unwrap().start, now), None);
    }

    #[test]
    fn of_several_names_the_plain_one() {
        let names = b"\0__read\0read\0__libc_read\0inner\0".to_vec();
        let function = |address, size, name| Function { address, size, table: 0, name };
        let functions =
            vec![function(10, 20, 1), function(10, 20, 8), function(10, 20, 13), function(12, 2, 25)];
        let mut symbols = Symbols { functions, names: vec![names] };
        symbols.sort();
        let find = |address| symbols.find(address).map(|name| std::str::from_utf8(name).unwrap());
        assert_eq!([find(9), find(10), find(29), find(30)], [None, Some("read"), Some("read"), None]);
        assert_eq!([find(12), find(14)], [Some("inner"), Some("read")]);
    }

    #[test]
    fn files_that_are_broken_are_errors_or_poor_but_nothing_worse() {
        let mappings = maps::read(std::process::id()).unwrap();
        let mapping = mappings.iter().find(|m| m.path == "[vdso]").unwrap();
        let mut whole = vec![0; (mapping.end - mapping.start) as usize];
        File::open("/proc/self/mem").unwrap().read_exact_at(&mut whole, mapping.start).unwrap();
        let look = |bytes: Vec<u8>| {
            let content = Content::Memory(bytes);
            let elf = Elf::open(&content, later())?;
            let symbols = elf.symbols(later());
            let found = (0..symbols.functions.len().min(64))
                .filter(|&i| symbols.find(symbols.functions[i].address).is_some());
            let _ = (elf.debug(later()), elf.bias(mapping), elf.code::<8>(0x500, later()));
            Ok::<_, String>(found.count())
        };
        assert!(look(whole.clone()).unwrap() > 3, "the kernel's module has functions");
        assert!(look(Vec::new()).is_err());
        for end in (0..whole.len()).step_by(61) {
            let _ = look(whole[..end].to_vec());
        }
        // Headers and tables, one byte after the other.
        for at in (0..1024.min(whole.len())).chain((1024..whole.len()).step_by(13)) {
            for value in [0, 0x7f, 0xff] {
                let mut broken = whole.clone();
                broken[at] = value;
                let _ = look(broken);
            }
        }
    }
}
