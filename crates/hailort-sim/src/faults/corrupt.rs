//! What becomes of a frame that is read.

use super::plan::Corruption;
use crate::random::SplitMix64;

/// Corrupts a frame, with the bits of this seed and number of the call.
pub(crate) fn corrupt(frame: &mut [f32], how: Corruption, seed: u64, number: u64) {
    let mut random = SplitMix64::of(seed, number);
    match how {
        Corruption::Nan => frame.fill(f32::NAN),
        Corruption::Zeros => frame.fill(0.0),
        Corruption::Flip => {
            let bits = random.bits();
            if let Some(count) = (frame.len() as u64).checked_mul(32).filter(|count| *count > 0) {
                let bit = bits % count;
                if let Some(value) = usize::try_from(bit / 32).ok().and_then(|at| frame.get_mut(at)) {
                    *value = f32::from_bits(value.to_bits() ^ (1 << (bit % 32)));
                }
            }
        }
        Corruption::Garbage => {
            for value in frame {
                *value = f32::from_bits((random.bits() >> 32) as u32);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corrupted(how: Corruption, seed: u64, number: u64) -> Vec<u32> {
        let mut frame: Vec<f32> = (0..1000u16).map(f32::from).collect();
        corrupt(&mut frame, how, seed, number);
        frame.iter().map(|x| x.to_bits()).collect()
    }

    #[test]
    fn each_way_does_what_it_says_and_the_seed_repeats_it() {
        let intact: Vec<u32> = (0..1000u16).map(|i| f32::from(i).to_bits()).collect();
        assert!(corrupted(Corruption::Nan, 0, 1).iter().all(|b| f32::from_bits(*b).is_nan()));
        assert!(corrupted(Corruption::Zeros, 0, 1).iter().all(|b| *b == 0));
        let flips = |seed, number| -> Vec<(usize, u32)> {
            let pairs = corrupted(Corruption::Flip, seed, number).into_iter().zip(&intact).enumerate();
            pairs.map(|(i, (a, b))| (i, a ^ b)).filter(|(_, changed)| *changed != 0).collect()
        };
        let flipped = flips(1, 1);
        assert!(matches!(flipped[..], [(_, bit)] if bit.is_power_of_two()), "{flipped:?}");
        assert_eq!(flips(1, 1), flipped);
        assert!(flips(1, 2) != flipped && flips(2, 1) != flipped);
        let garbage = corrupted(Corruption::Garbage, 1, 1);
        assert_eq!(garbage, corrupted(Corruption::Garbage, 1, 1));
        assert!(garbage != corrupted(Corruption::Garbage, 2, 1) && garbage != intact);
        for how in [Corruption::Nan, Corruption::Zeros, Corruption::Flip, Corruption::Garbage] {
            corrupt(&mut [], how, 1, 1);
        }
    }
}
