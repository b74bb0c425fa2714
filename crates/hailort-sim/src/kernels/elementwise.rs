//! Functions over rows: exp, softmax, layer norm, GELU.
//!
//! Written as plain loops over fixed polynomials so that the compiler vectorises them for any target; on x86-64 the
//! same code is compiled a second time for AVX2 and FMA.

/// Compiles `$name` twice on x86-64, for the base instruction set and for AVX2 + FMA, and picks at run time.
macro_rules! vectorised {
    ($(#[$doc:meta])* pub fn $name:ident($($arg:ident: $ty:ty),*) $body:block) => {
        $(#[$doc])*
        pub fn $name($($arg: $ty),*) {
            #[inline(always)]
            fn body($($arg: $ty),*) $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                fn wide($($arg: $ty),*) { body($($arg),*) }
                if super::tile::has_avx2() {
                    // SAFETY: the processor has the features, as just asked.
                    return unsafe { wide($($arg),*) };
                }
            }
            body($($arg),*)
        }
    };
}

/// `e^x` with a relative error under 2e-7, zero below -87, for `x <= 88`.
///
/// Range reduction by `ln 2` in two parts and a polynomial of degree 6, after Moshier's Cephes library (`expf`).
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.0, 88.0);
    let n = (x * std::f32::consts::LOG2_E).round_ties_even();
    let r = x - n * 0.693_359_4 - n * -2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    for c in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_6e-1, 5e-1] {
        p = p * r + c;
    }
    let y = p * r * r + r + 1.0;
    y * f32::from_bits(((n as i32 + 127) as u32) << 23)
}

/// The error function with an absolute error under 5e-7 (Abramowitz and Stegun, 7.1.26).
#[inline(always)]
fn erf(x: f32) -> f32 {
    let a = x.abs();
    let t = 1.0 / (1.0 + 0.327_591_1 * a);
    let mut p = 1.061_405_4;
    for c in [-1.453_152_1, 1.421_413_8, -0.284_496_72, 0.254_829_6] {
        p = p * t + c;
    }
    (1.0 - p * t * exp(-a * a)).copysign(x)
}

vectorised! {
    /// The exact GELU (by the error function, not by tanh), in place: `x / 2 * (1 + erf(x / sqrt 2))`.
    pub fn gelu(values: &mut [f32]) {
        for x in values {
            *x = 0.5 * *x * (1.0 + erf(*x * std::f32::consts::FRAC_1_SQRT_2));
        }
    }
}

/// Lanes of the partial sums: a fixed number, so that the order of the additions is the same on every processor.
const LANES: usize = 8;

#[inline(always)]
fn sum(values: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane += f(*x);
        }
    }
    for (lane, x) in lanes.iter_mut().zip(rest) {
        *lane += f(*x);
    }
    lanes.iter().sum()
}

vectorised! {
    /// Softmax of each row of `width` elements, in place, after multiplication with `scale`.
    pub fn softmax(values: &mut [f32], width: usize, scale: f32) {
        for row in values.chunks_exact_mut(width) {
            let mut top = f32::NEG_INFINITY;
            for x in row.iter() {
                top = top.max(*x);
            }
            for x in row.iter_mut() {
                *x = exp((*x - top) * scale);
            }
            let norm = 1.0 / sum(row, |x| x);
            for x in row.iter_mut() {
                *x *= norm;
            }
        }
    }
}

vectorised! {
    /// Layer norm of each row of `gamma.len()` elements into `out`, epsilon 1e-5 (Ba, Kiros and Hinton, 2016).
    pub fn layer_norm(values: &[f32], gamma: &[f32], beta: &[f32], out: &mut [f32]) {
        let width = gamma.len();
        for (row, out) in values.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            let mean = sum(row, |x| x) / width as f32;
            let variance = sum(row, |x| (x - mean) * (x - mean)) / width as f32;
            let norm = 1.0 / (variance + 1e-5).sqrt();
            for (((o, x), g), b) in out.iter_mut().zip(row).zip(gamma).zip(beta) {
                *o = (x - mean) * norm * g + b;
            }
        }
    }
}

vectorised! {
    /// `values += other`, element by element.
    pub fn add(values: &mut [f32], other: &[f32]) {
        for (x, y) in values.iter_mut().zip(other) {
            *x += y;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_right_over_its_range() {
        let mut x = -86.9f32;
        while x < 87.9 {
            let (ours, exact) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((ours / exact - 1.0).abs() < 2e-7 * 1.5, "exp({x}) = {ours}, not {exact}");
            x += 0.0137;
        }
        assert!(exp(-1000.0) < 1e-37);
        assert_eq!(exp(0.0), 1.0);
    }

    #[test]
    fn gelu_agrees_with_known_values() {
        // x, GELU(x) from the error function in double precision.
        let table = [
            (-4.0, -1.266_849e-4),
            (-1.0, -0.158_655_25),
            (0.0, 0.0),
            (0.5, 0.345_731_23),
            (3.0, 2.995_950_3),
        ];
        for (x, expected) in table {
            let mut v = [x];
            gelu(&mut v);
            assert!((v[0] - expected).abs() < 1e-6, "gelu({x}) = {}, not {expected}", v[0]);
        }
    }

    #[test]
    fn softmax_sums_to_one_and_keeps_the_ratio() {
        let mut v = vec![1.0, 2.0, 3.0, -1e30, 5.0, 5.0, 5.0, 5.0];
        softmax(&mut v, 4, 0.5);
        assert!((v[..4].iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!((v[1] / v[0] - 0.5f32.exp()).abs() < 1e-5);
        assert_eq!(v[3], 0.0 + v[3].min(1e-37));
        assert!(v[4..].iter().all(|x| (x - 0.25).abs() < 1e-6));
    }

    #[test]
    fn layer_norm_agrees_with_a_plain_one() {
        let width = 19;
        let x: Vec<f32> = (0..2 * width).map(|i| (i * i % 23) as f32 - 7.0).collect();
        let gamma: Vec<f32> = (0..width).map(|i| 1.0 + i as f32 / 10.0).collect();
        let beta: Vec<f32> = (0..width).map(|i| i as f32).collect();
        let mut out = vec![0.0; x.len()];
        layer_norm(&x, &gamma, &beta, &mut out);
        for (row, out) in x.chunks(width).zip(out.chunks(width)) {
            let mean = row.iter().map(|x| f64::from(*x)).sum::<f64>() / width as f64;
            let var = row.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / width as f64;
            for i in 0..width {
                let exact = (f64::from(row[i]) - mean) / (var + 1e-5).sqrt() * f64::from(gamma[i])
                    + f64::from(beta[i]);
                assert!((f64::from(out[i]) - exact).abs() < 1e-5);
            }
        }
    }
}
