//! From real values to the device's numbers and back.

use crate::hef::Quantisation;

/// Whether numbers are the values themselves. They are then not clipped, either.
fn is_identity(q: &Quantisation) -> bool {
    q.scale == 1.0 && q.zp == 0.0
}

/// Whether it says anything: all zeros stand for channels that have their own.
pub(super) fn is_valid(q: &Quantisation) -> bool {
    !(q.zp == 0.0 && q.scale == 0.0 && q.limits == [0.0, 0.0])
}

/// Whether two are the same, bit by bit.
pub(super) fn is_same(a: &Quantisation, b: &Quantisation) -> bool {
    let bits = |q: &Quantisation| [q.zp, q.scale, q.limits[0], q.limits[1]].map(f32::to_bits);
    bits(a) == bits(b)
}

/// The number for a value, rounded half to even. What lies outside the number's type C leaves undefined. Here it is
/// what the C compiler makes of it for x86-64, on all processors: the low bits of an integer of 32 bits, which is the
/// least one for what does not fit into it.
fn number(value: f32, q: &Quantisation) -> i32 {
    let [least, most] = q.limits;
    let scaled = if is_identity(q) {
        value
    } else {
        let clipped = if value >= most {
            most
        } else if value <= least {
            least
        } else {
            value
        };
        clipped / q.scale + q.zp
    };
    let rounded = scaled.round_ties_even();
    let fits = (-2_147_483_648.0..2_147_483_648.0).contains(&rounded);
    if fits { rounded as i32 } else { i32::MIN }
}

/// The value that a number stands for.
pub(super) fn value(number: u16, q: &Quantisation) -> f32 {
    let number = f32::from(number);
    if is_identity(q) { number } else { (number - q.zp) * q.scale }
}

/// The number of a device that computes as the network does: rounded half to even, clipped to the type.
pub(super) fn nearest(value: f32, q: &Quantisation, is_wide: bool) -> u16 {
    let scaled = if is_identity(q) { value } else { value / q.scale + q.zp };
    let rounded = scaled.round_ties_even();
    // Conversions of Rust clip, and make 0 of what is no number.
    if is_wide { rounded as u16 } else { u16::from(rounded as u8) }
}

/// Numbers of `count` values, at the start of `to`.
pub(super) fn quantise(from: &[u8], to: &mut [u8], count: usize, is_wide: bool, q: &Quantisation) {
    let values = from.as_chunks::<4>().0.iter().take(count).map(|bytes| f32::from_ne_bytes(*bytes));
    if is_wide {
        for (to, value) in to.as_chunks_mut::<2>().0.iter_mut().zip(values) {
            *to = (number(value, q) as u16).to_ne_bytes();
        }
    } else {
        for (to, value) in to.iter_mut().zip(values) {
            *to = number(value, q) as u8;
        }
    }
}

/// Numbers of 16 bits from `count` ones of 8.
pub(super) fn widen(from: &[u8], to: &mut [u8], count: usize) {
    for (to, number) in to.as_chunks_mut::<2>().0.iter_mut().zip(from.iter().take(count)) {
        *to = u16::from(*number).to_ne_bytes();
    }
}

/// The first `count` numbers of a frame.
pub(super) fn numbers(frame: &[u8], count: usize, is_wide: bool) -> Vec<u16> {
    if is_wide {
        frame.as_chunks::<2>().0.iter().take(count).map(|bytes| u16::from_ne_bytes(*bytes)).collect()
    } else {
        frame.iter().take(count).map(|byte| u16::from(*byte)).collect()
    }
}

/// Makes float32 of the `count` numbers at the start of a frame; `value` gets place and number of each.
pub(super) fn dequantise(frame: &mut [u8], count: usize, is_wide: bool, value: impl Fn(usize, u16) -> f32) {
    let numbers = numbers(frame, count, is_wide);
    for (to, (place, number)) in frame.as_chunks_mut::<4>().0.iter_mut().zip(numbers.into_iter().enumerate())
    {
        *to = value(place, number).to_ne_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALVES: Quantisation = Quantisation { zp: 2.0, scale: 0.5, limits: [-1.0, 100.0] };
    const IDENTITY: Quantisation = Quantisation { zp: 0.0, scale: 1.0, limits: [0.0, 1.0] };

    #[test]
    fn values_are_clipped_and_rounded_half_to_even() {
        let numbers = [-5.0, -0.25, 0.25, 0.75, 1.0].map(|value| number(value, &HALVES));
        assert_eq!(numbers, [0, 2, 2, 4, 4]);
        assert_eq!(number(1e9, &HALVES), 202);
    }

    #[test]
    fn values_that_are_numbers_are_not_clipped() {
        let numbers = [0.5, 1.5, 257.0, -1.0, f32::NAN, 3e9].map(|value| number(value, &IDENTITY) as u8);
        assert_eq!(numbers, [0, 2, 1, 255, 0, 0]);
    }

    #[test]
    fn a_device_clips_to_its_type() {
        let numbers = [-1.0, 2.5, 300.0, f32::NAN].map(|value| nearest(value, &IDENTITY, false));
        assert_eq!(numbers, [0, 2, 255, 0]);
        assert_eq!(nearest(1e9, &HALVES, true), u16::MAX);
    }
}
