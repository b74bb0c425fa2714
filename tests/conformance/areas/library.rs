//! The library itself: version, symbols, messages, and what its load does.

use std::ffi::CStr;

use hailort_sys::types::*;
use hailort_sys::{Api, FurtherApi, status_name};

use super::{Area, Needs};
use crate::lab::{Census, Lab, ask, more, say};

pub fn area() -> Area {
    let mut area = Area::new("library");
    area.add("version", Needs::Library, |lab| {
        let mut version = hailo_version_t::zeroed();
        let status = ask!(lab, hailo_get_library_version(&raw mut version));
        Ok(format!("{}, {}.{}.{}", say(status), version.major, version.minor, version.revision))
    });
    area.push("symbols", Needs::NoLibrary, Box::new(|_| symbols()));
    area.add("status-messages", Needs::Library, messages);
    area.add("status-message-of-a-huge-number", Needs::Library, |lab| {
        let message = more!(lab, hailo_get_status_message(u32::MAX));
        Ok(if message.is_null() { "NULL" } else { "a pointer" }.into())
    });
    area.add("opened-twice-is-one", Needs::Library, |lab| {
        let before = Census::settled();
        let again = Lab::load()?;
        let same = Lab::lacking(again, Api::SYMBOLS) == Lab::lacking(lab.library(), Api::SYMBOLS);
        Ok(format!("{}, the same symbols: {same}", Census::settled().since(before)))
    });
    let log = area.add("log-files-of-the-working-directory", Needs::Library, logs);
    log.variables.push(("HAILORT_LOGGER_PATH", String::new()));
    let log = area.add("log-files-of-another-folder", Needs::Library, logs);
    log.variables.push(("HAILORT_LOGGER_PATH", "elsewhere".into()));
    area.add("log-files-of-none", Needs::Library, logs);
    area
}

fn symbols() -> Result<String, String> {
    let library = Lab::load()?;
    let all = [Api::SYMBOLS, FurtherApi::SYMBOLS].concat();
    let lacking = Lab::lacking(library, &all);
    let count = all.len();
    Ok(if lacking.is_empty() { format!("all {count}") } else { format!("lacks {}", lacking.join(", ")) })
}

fn messages(lab: &Lab) -> Result<String, String> {
    let message = |status| {
        let message = more!(lab, hailo_get_status_message(status));
        // SAFETY: not NULL, so that it is one of the library's strings, which stay.
        (!message.is_null()).then(|| unsafe { CStr::from_ptr(message) }.to_string_lossy().into_owned())
    };
    let known: Vec<(u32, String)> = (0..300).filter_map(|s| Some((s, message(s)?))).collect();
    let others: Vec<String> = known
        .iter()
        .filter(|(status, text)| status_name(*status) != Some(text))
        .map(|(status, text)| format!("{status} {text:?}"))
        .collect();
    let last = known.last().map_or(0, |(status, _)| *status);
    let gaps = last as usize + 1 - known.len();
    Ok(format!("the highest is {last}, {gaps} below have none, other names than in 4.23: {}", list(&others)))
}

fn list(all: &[String]) -> String {
    if all.is_empty() { "none".into() } else { all.join(", ") }
}

fn logs(lab: &Lab) -> Result<String, String> {
    let found: Vec<String> = ["hailort.log", "elsewhere/hailort.log", "home/.hailo/hailort/hailort.log"]
        .into_iter()
        .filter(|file| lab.folder.join(file).exists())
        .map(str::to_owned)
        .collect();
    Ok(format!("{}; {}", list(&found), Census::settled().since(lab.before)))
}
