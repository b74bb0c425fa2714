//! HEFs that no compiler has made: what is answered for each of many, a batch to a line.

use super::{Area, Needs};
use crate::lab::{Lab, ask};

#[path = "../../../crates/hailort-sim/tests/fuzz/hefs.rs"]
mod hefs;
#[path = "../../../crates/hailort-sim/tests/fuzz/random.rs"]
mod random;

/// The batches, and the files of each.
const BATCHES: u64 = 40;
const FILES: u64 = 25;
/// What the files are made from.
const SEED: u64 = 8;

pub fn area() -> Area {
    let mut area = Area::new("mutations");
    for batch in 0..BATCHES {
        area.add(&format!("batch-{batch:02}"), Needs::Library, move |lab| {
            let seeds = hefs::seeds();
            let files = batch * FILES..(batch + 1) * FILES;
            let answers = files.map(|number| lab.apart(|| answer(lab, &file(&seeds, number))));
            Ok(answers.collect::<Vec<String>>().join(" "))
        });
    }
    area
}

/// The file of a number; none that is so short that the real library reads beyond it.
fn file(seeds: &[Vec<u8>], number: u64) -> Vec<u8> {
    let mut random = random::Random::of(SEED, number);
    let mut file = hefs::mutation(seeds, &mut random);
    file.resize(file.len().max(12), 0);
    file
}

fn answer(lab: &Lab, file: &[u8]) -> String {
    let (status, hef) = lab.hef(file);
    if status == 0 {
        let contents = super::hefs::digest(lab, hef);
        ask!(lab, hailo_release_hef(hef));
        return format!("0:{contents:04x}");
    }
    status.to_string()
}
