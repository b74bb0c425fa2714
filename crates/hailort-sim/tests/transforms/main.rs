//! Conversions of frames, compared with what HailoRT 4.23 answers: statuses, sizes and bytes.
//!
//! `data/transforms-4.23.tsv` holds the answers of the library to the cases of [`case`], by seed. It is made again, where
//! that library is, by
//!
//! ```sh
//! HAILORT_LIBRARY=/usr/lib/libhailort.so HAILORT_LOGGER_PATH=NONE HAILORT_CONSOLE_LOGGER_LEVEL=critical \
//!     cargo run -p hailo-harness-sim --example record_transforms > crates/hailort-sim/tests/data/transforms-4.23.tsv
//! ```
//!
//! With the same variables, the tests here ask the library itself, too, for ten times as many cases. What it logs about
//! orders that it does not know is no failure. Cases in which it would read or write past its memory are not converted,
//! see `is_defined` there: what it does then depends on the memory.
//!
//! `data/transforms-by-feature-4.23.tsv` holds conversions with a quantisation for each channel, which the C calls have
//! for the streams of a device only. `reference/transforms_by_feature.cpp` says how it was made.

mod arguments;
mod by_feature;
mod case;
mod library;

use case::Case;
use hailort_sys::status::{HAILO_NOT_IMPLEMENTED, HAILO_SUCCESS};

const RECORDED: &str = include_str!("../data/transforms-4.23.tsv");
/// Cases for a library that is there.
const LIVE: u64 = 30_000;

#[test]
fn frames_are_converted_as_the_recorded_library_has_converted_them() {
    let api = hailort_sim::further_api();
    let (mut cases, mut converted) = (0, 0);
    for line in RECORDED.lines().skip(1) {
        let (seed, recorded) = line.split_once('\t').unwrap();
        let case = Case::new(seed.parse().unwrap());
        let answer = case.ask(&api);
        let ours = match recorded.matches('\t').count() {
            7 => answer.text(),
            _ => format!("{}\t{}\t{}", answer.text(), case.text(), answer.hex()),
        };
        if case.is_of_nms() && answer.create == Some(HAILO_NOT_IMPLEMENTED) {
            continue;
        }
        assert_eq!(ours, recorded, "seed {seed}: {}", case.text());
        cases += 1;
        converted += usize::from(answer.frame.is_some());
    }
    assert!(cases >= 2900 && converted >= 1400, "{cases} cases, {converted} frames");
}

/// Nothing to ask where no library is named; the recorded answers stand in for it then.
#[test]
fn frames_are_converted_as_the_library_converts_them() {
    let ours = hailort_sim::further_api();
    let theirs = library::named();
    let (first, count) = if theirs.is_some() { (1_000_000, LIVE) } else { (1, 500) };
    let (mut converted, mut differ) = (0, Vec::new());
    for seed in first..first + count {
        let case = Case::new(seed);
        let answer = case.ask(&ours);
        // Without a library: each answer is the same a second time.
        let wanted = case.ask(theirs.as_ref().unwrap_or(&ours));
        let is_nms = case.is_of_nms()
            && answer.create == Some(HAILO_NOT_IMPLEMENTED)
            && (theirs.is_none() || wanted.create == Some(HAILO_SUCCESS));
        if !is_nms && answer != wanted {
            differ.push(format!("seed {seed}: {}\n  {}\n  {}", case.text(), answer.text(), wanted.text()));
        }
        converted += usize::from(answer.frame.is_some());
    }
    let first: Vec<_> = differ.iter().take(20).cloned().collect();
    assert!(differ.is_empty(), "{} of {count} differ:\n{}", differ.len(), first.join("\n"));
    println!("{count} cases agree, of which {converted} frames were converted");
    assert!(converted as u64 > count / 3, "{converted} of {count} frames were converted");
}
