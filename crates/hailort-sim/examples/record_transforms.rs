//! Prints what the library that `HAILORT_LIBRARY` names answers to made-up conversions of frames, for
//! `tests/data/transforms-4.23.tsv`; see `tests/transforms/main.rs`.

#[path = "../tests/transforms/case.rs"]
mod case;
#[path = "../tests/transforms/library.rs"]
mod library;

use case::Case;

/// Recorded cases.
const CASES: u64 = 3000;
/// Cases that are written out in full: the first ones with small frames.
const IN_FULL: usize = 40;
const SMALL: usize = 64;

fn main() -> Result<(), String> {
    let library = library::named().ok_or("name libhailort.so of HailoRT 4.23 in HAILORT_LIBRARY")?;
    println!(
        "seed\trequired\tformer\tqp\thost_bytes\tvstream_bytes\tcreate\ttransform\tframe\tcase, frame in full"
    );
    let mut in_full = 0;
    for seed in 1..=CASES {
        let case = Case::new(seed);
        let answer = case.ask(&library);
        let is_small = answer.frame.as_ref().is_some_and(|frame| (1..=SMALL).contains(&frame.len()));
        if is_small && in_full < IN_FULL {
            in_full += 1;
            println!("{seed}\t{}\t{}\t{}", answer.text(), case.text(), answer.hex());
        } else {
            println!("{seed}\t{}", answer.text());
        }
    }
    Ok(())
}
