//! Two censuses to a list of leaks.

use std::collections::{BTreeMap, BTreeSet};

use super::census::Census;
use super::fds::{self, Fd};
use super::known;
use super::leak::{Kind, Leak};
use super::status;

/// What is there after and was not before; the second census was taken [`Census::again`] after the first.
pub fn compare(before: &Census, after: &Census) -> Vec<Leak> {
    let mut leaks = Vec::new();
    threads(after, &mut leaks);
    open_files(before, after, &mut leaks);
    children(after, &mut leaks);
    for (path, count) in &after.maps {
        // More of a file that was mapped before is its own library's business: mappings are split and joined.
        let whole = path.strip_suffix(" (deleted)").unwrap_or(path);
        if !before.maps.contains_key(path) && !before.maps.contains_key(whole) {
            leaks.push(Leak::new(Kind::Map, path, format!("{count} mappings")));
        }
    }
    for name in new(&before.files, &after.files) {
        leaks.push(Leak::new(Kind::File, name, "in the folder for temporary files".into()));
    }
    signals(before, after, &mut leaks);
    variables(before, after, &mut leaks);
    let is_same = after.directory_id.is_some() && before.directory_id == after.directory_id;
    if before.directory != after.directory && !is_same {
        let what = format!("{} instead of {}", after.directory, before.directory);
        leaks.push(Leak::new(Kind::Directory, &what, String::new()));
    }
    known::leave_out(&mut leaks);
    leaks
}

/// Those of sorted lists that are in the second alone.
fn new<'a, T: Ord>(before: &[T], after: &'a [T]) -> impl Iterator<Item = &'a T> {
    after.iter().filter(move |item| before.binary_search(item).is_err())
}

fn threads(after: &Census, leaks: &mut Vec<Leak>) {
    for thread in &after.threads {
        let leak = Leak::new(Kind::Thread, &thread.name, format!("thread {}", thread.tid));
        leaks.push(Leak { tid: Some(thread.tid), ..leak });
    }
}

/// By what they are of, not by their numbers: a number that was closed may be used again for something else, and a file
/// that is open twice more counts twice.
fn open_files(before: &Census, after: &Census, leaks: &mut Vec<Leak>) {
    fn by_target(fds: &[Fd]) -> BTreeMap<&str, Vec<u32>> {
        let mut all: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        fds.iter().for_each(|fd| all.entry(&fd.target).or_default().push(fd.number));
        all
    }
    let known = by_target(&before.fds);
    for (target, mut numbers) in by_target(&after.fds) {
        let old = known.get(target).map_or(&[][..], Vec::as_slice);
        // Those that have kept their numbers are the old ones.
        numbers.sort_by_key(|n| !old.contains(n));
        for number in &numbers[old.len().min(numbers.len())..] {
            // The same file, which was renamed or removed meanwhile.
            let id = after.file_ids.get(number);
            if id.is_some() && id == before.file_ids.get(number) {
                continue;
            }
            let detail = format!("file {number}: {target}");
            leaks.push(Leak::new(Kind::Fd, &fds::name(target), detail));
        }
    }
}

fn children(after: &Census, leaks: &mut Vec<Leak>) {
    for child in &after.children {
        let how = match (child.is_zombie, child.is_away) {
            (true, _) => ", which has ended and was not waited for",
            (false, true) => ", which has left its family",
            (false, false) => "",
        };
        let leak = Leak::new(Kind::Child, &child.name, format!("process {}{how}", child.pid));
        leaks.push(Leak { pid: Some(child.pid), ..leak });
    }
}

fn signals(before: &Census, after: &Census, leaks: &mut Vec<Leak>) {
    for (old, new, how) in [
        (before.signals.caught, after.signals.caught, "handled"),
        (before.signals.ignored, after.signals.ignored, "ignored"),
    ] {
        for signal in (1..=64).filter(|s| (old ^ new) >> (s - 1) & 1 == 1) {
            let now = if new >> (signal - 1) & 1 == 1 { "is" } else { "is no longer" };
            let what = format!("{} {now} {how}", status::name(signal));
            leaks.push(Leak::new(Kind::Signal, &what, String::new()));
        }
    }
}

fn variables(before: &Census, after: &Census, leaks: &mut Vec<Leak>) {
    let (Some(before), Some(after)) = (&before.environment, &after.environment) else { return };
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for name in names {
        let how = match (before.get(name), after.get(name)) {
            (None, Some(_)) => "was set",
            (Some(_), None) => "was removed",
            (Some(old), Some(new)) if old != new => "was changed",
            _ => continue,
        };
        leaks.push(Leak::new(Kind::Environment, &name.to_string_lossy(), how.into()));
    }
}
