//! The files behind the mappings, opened while the process lives, so that functions can be named after its end.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};

use super::maps::Mapping;

/// Files that are opened.
const FILES: usize = 256;
/// Bytes of the kernel's own module in the process that are read.
const VDSO: u64 = 64 << 10;
/// How the list of mappings marks a file whose name is gone.
const DELETED: &str = " (deleted)";

/// A piece of code in the memory of the process.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) mapping: Mapping,
    /// Which of the sources it is from, where there is any.
    pub(super) source: Option<usize>,
}

/// Where code comes from.
#[derive(Debug)]
pub(super) struct Source {
    /// The file name.
    pub(super) name: String,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    File(File),
    /// A module that is in memory only.
    Memory(Vec<u8>),
    /// Why it cannot be had.
    Nothing(String),
}

/// Opens what the code of a process is from.
pub(super) fn open(pid: u32, memory: Option<&File>, mappings: &[Mapping]) -> (Vec<Code>, Vec<Source>) {
    let mut sources = Vec::new();
    let mut known = HashMap::new();
    let mut code = Vec::new();
    for mapping in mappings.iter().filter(|m| m.code) {
        let is_vdso = mapping.path == "[vdso]";
        let has_file = mapping.file.1 != 0;
        let source = (is_vdso || has_file).then(|| {
            *known.entry((&mapping.file, &mapping.path)).or_insert_with(|| {
                let content = match memory {
                    Some(memory) if is_vdso => vdso(memory, mapping),
                    _ if sources.len() >= FILES => {
                        Content::Nothing(format!("more than {FILES} files are mapped"))
                    }
                    _ => open_file(pid, mapping),
                };
                sources.push(Source { name: file_name(&mapping.path), content });
                sources.len() - 1
            })
        });
        code.push(Code { mapping: mapping.clone(), source });
    }
    (code, sources)
}

fn file_name(path: &str) -> String {
    let path = path.strip_suffix(DELETED).unwrap_or(path);
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

fn vdso(memory: &File, mapping: &Mapping) -> Content {
    let mut bytes = vec![0; (mapping.end - mapping.start).min(VDSO) as usize];
    match memory.read_exact_at(&mut bytes, mapping.start) {
        Ok(()) => Content::Memory(bytes),
        Err(error) => Content::Nothing(format!("its memory could not be read: {error}")),
    }
}

/// Opens the very file that is mapped. Its name may be another file's by now, so each way in is checked by the inode;
/// the device is not compared, as some file systems show another one in the list.
fn open_file(pid: u32, mapping: &Mapping) -> Content {
    let Mapping { start, end, path, file, .. } = mapping;
    let ways = [
        // The file itself, even where its name has gone; only for those with the right to see it.
        format!("/proc/{pid}/map_files/{start:x}-{end:x}"),
        format!("/proc/{pid}/exe"),
        // Seen from the process: it may be in a container.
        format!("/proc/{pid}/root{path}"),
        path.clone(),
    ];
    let mut why = "its file has gone or was replaced".to_owned();
    for way in ways {
        // The name may be a device's or a pipe's by now: neither is opened, nor waited for.
        if std::fs::metadata(&way).is_ok_and(|m| !m.is_file()) {
            continue;
        }
        let opened = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(&way);
        match opened.and_then(|opened| Ok((opened.metadata()?, opened))) {
            Ok((metadata, opened)) if metadata.is_file() && metadata.ino() == file.1 => {
                return Content::File(opened);
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                why = "its file may not be read".to_owned();
            }
            Err(_) => {}
        }
    }
    Content::Nothing(why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::maps;

    #[test]
    fn opens_what_this_process_runs() {
        let pid = std::process::id();
        let memory = File::open("/proc/self/mem").unwrap();
        let (code, sources) = open(pid, Some(&memory), &maps::read(pid).unwrap());
        let here = opens_what_this_process_runs as fn() as usize as u64;
        let own = code.iter().find(|c| c.mapping.holds(here)).unwrap();
        let own = &sources[own.source.unwrap()];
        let Content::File(file) = &own.content else { panic!("{own:?}") };
        let exe = std::env::current_exe().unwrap();
        assert_eq!(file.metadata().unwrap().ino(), exe.metadata().unwrap().ino());
        assert_eq!(own.name, exe.file_name().unwrap().to_str().unwrap());
        let vdso = sources.iter().find(|s| s.name == "[vdso]").unwrap();
        assert!(matches!(&vdso.content, Content::Memory(bytes) if bytes.starts_with(b"\x7fELF")), "{vdso:?}");
    }

    #[test]
    fn another_file_of_the_same_name_is_not_taken() {
        let folder = std::env::temp_dir().join(format!("sources-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("lib.so");
        std::fs::write(&path, "old").unwrap();
        let inode = path.metadata().unwrap().ino();
        let mapping = |inode| Mapping {
            start: 1,
            end: 2,
            code: true,
            offset: 0,
            file: ("00:00".into(), inode),
            path: path.to_str().unwrap().into(),
        };
        let right = open_file(std::process::id(), &mapping(inode));
        let wrong = open_file(std::process::id(), &mapping(inode + 1));
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(matches!(right, Content::File(_)));
        assert!(matches!(wrong, Content::Nothing(why) if why.contains("replaced")));
        assert_eq!(file_name("/lib/a.so (deleted)"), "a.so");
    }
}
