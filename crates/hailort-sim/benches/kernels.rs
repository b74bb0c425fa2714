//! How fast the matrix product is, against the crate `matrixmultiply` at the shapes of Whisper base.
//!
//! `cargo bench -p hailo-harness-sim` prints for each shape the median time of both, and the ratio ours / theirs with
//! one and with two threads; below 1 is faster. `cargo bench -p hailo-harness-sim -- <model.bin>` times the whole
//! encoder and decoder over these weights as well.
//!
//! Both get the same work in the same run, turn by turn. Ours reads the weights as float16, as they are mapped from
//! the file; theirs gets them as float32, converted beforehand, and shares the columns over the threads as ours does.
//!
//! Predicted before the first run, for one thread: a ratio of about 1 for the encoder, where both should be bound by
//! arithmetic, and of about 0.7 for the logits, where weights come from memory and ours have half the bytes. Nothing
//! was predicted for two threads.
//!
//! Seen in two runs, on an x86-64 server with AVX-512 whose two processors were shared with other work:
//! - encoder 1.1 to 1.6: the prediction was wrong. `matrixmultiply` 0.3.11 has AVX-512 kernels and reached 170 GFLOP/s
//!   in the quieter run; ours, at AVX2, reached 118 at every one of these shapes.
//! - decoder 0.65 to 1.0 for the layers and 0.47 to 0.58 for the logits; 0.12 to 0.27 for the last four positions of
//!   the logits, which is what a step of a greedy search computes anew (they pack all of B for them, too).
//! - with two threads the ratios lie in the same ranges. The times did not fall: with other work on both processors
//!   these runs say nothing about what a second thread brings.
//! - whole networks of base in the quieter run: encoder 109 ms, decoder 58 ms at first and 20 ms for each further token.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hailort_sim::hef::whisper::Positions;
use hailort_sim::kernels::gemm::{Lhs, Shape, multiply};
use hailort_sim::kernels::instruction_set;
use hailort_sim::kernels::matrix::Rhs;
use hailort_sim::network::Network;
use hailort_sim::network::whisper::{Decoder, Dimensions, Encoder};
use hailort_sim::weights::WeightsFile;
use rayon::prelude::*;

/// What a product is for, and its rows, inner length and columns.
const SHAPES: [(&str, usize, usize, usize); 9] = [
    ("encoder, second convolution", 250, 1536, 512),
    ("encoder, queries keys values", 250, 512, 1536),
    ("encoder, attention output", 250, 512, 512),
    ("encoder, feed-forward up", 250, 512, 2048),
    ("encoder, feed-forward down", 250, 2048, 512),
    ("decoder, queries keys values", 32, 512, 1536),
    ("decoder, feed-forward down", 32, 2048, 512),
    ("decoder, a quarter of the logits", 32, 512, 12_967),
    ("decoder, the same, last 4 positions", 4, 512, 12_967),
];
/// Runs of which the median counts.
const RUNS: usize = 15;
/// Least time of a run: a product is repeated until it has taken so long.
const RUN: Duration = Duration::from_millis(10);

fn values(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|i| (((i + seed) * 7919 % 1009) as f32 - 504.0) / 512.0).collect()
}

/// Where the columns of a product go; each task writes columns of its own.
#[derive(Clone, Copy)]
struct Output(*mut f32);

// SAFETY: the tasks write disjoint columns.
unsafe impl Send for Output {}
// SAFETY: as above.
unsafe impl Sync for Output {}

impl Output {
    /// # Safety
    /// There is such a column.
    unsafe fn column(self, column: usize) -> *mut f32 {
        // SAFETY: inside the buffer by this function's contract.
        unsafe { self.0.add(column) }
    }
}

/// `out = a · bᵀ` with `matrixmultiply`, the columns shared over the threads of the pool.
fn theirs(a: &[f32], b: &[f32], [rows, k, n]: [usize; 3], out: &mut [f32]) {
    assert!(a.len() == rows * k && b.len() == n * k && out.len() == rows * n);
    let out = Output(out.as_mut_ptr());
    let tasks = rayon::current_num_threads();
    (0..tasks).into_par_iter().for_each(|task| {
        let (from, to) = (task * n / tasks, (task + 1) * n / tasks);
        // SAFETY: `a` has `rows` rows of `k`, `b` from row `from` on `to - from` rows of `k`, and `out` rows of `n`,
        // of which this task alone writes the columns `from..to`.
        unsafe {
            matrixmultiply::sgemm(
                rows,
                k,
                to - from,
                1.0,
                a.as_ptr(),
                k as isize,
                1,
                b.as_ptr().add(from * k),
                1,
                k as isize,
                0.0,
                out.column(from),
                n as isize,
                1,
            );
        }
    });
}

/// Time of one call of `work`, over as many as fill [`RUN`].
fn time(mut work: impl FnMut()) -> Duration {
    let start = Instant::now();
    let mut calls = 0;
    while calls == 0 || start.elapsed() < RUN {
        work();
        calls += 1;
    }
    start.elapsed() / calls
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Median times of ours and theirs.
fn compare([rows, k, n]: [usize; 3]) -> (Duration, Duration) {
    let a = values(rows * k, 1);
    let halves: Vec<u8> =
        values(n * k, 2).iter().flat_map(|x| half::f16::from_f32(*x).to_le_bytes()).collect();
    let b: Vec<f32> =
        halves.as_chunks::<2>().0.iter().map(|h| half::f16::from_le_bytes(*h).to_f32()).collect();
    let (mut our_out, mut their_out) = (vec![0.0; rows * n], vec![0.0; rows * n]);
    let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        our_times.push(time(|| {
            let b = Rhs::F16Transposed { bytes: &halves, k };
            multiply(Lhs::dense(&a, k), b, Shape { k, n }, None, &mut our_out, n);
        }));
        their_times.push(time(|| theirs(&a, &b, [rows, k, n], &mut their_out)));
    }
    // A benchmark of wrong results would be worth nothing.
    let close = |(x, y): (&f32, &f32)| (x - y).abs() < 1e-3 * (1.0 + y.abs());
    assert!(our_out.iter().zip(&their_out).all(close), "the results differ");
    (median(&mut our_times), median(&mut their_times))
}

/// Median times of the whole networks: the encoder, and a decoder that gets one token after the other.
fn networks(model: &Path) {
    let file = Arc::new(WeightsFile::open(model).expect("a weights file"));
    let sizes = Dimensions::of(&file).expect("a Whisper model");
    let encoder = Encoder::new(&file).expect("an encoder");
    let mel = values(500 * 80, 3);
    let mut features = Vec::new();
    let mut times: Vec<_> = (0..5).map(|_| time(|| features = encoder.forward(&mel))).collect();
    println!("  encoder, 5 s of audio: {:.1?}", median(&mut times));
    let mut decoder = Decoder::new(&file, std::iter::once(0..sizes.vocabulary).collect(), Positions::Decoder)
        .expect("a decoder");
    let mut tokens = values(32 * sizes.width, 4);
    let mut logits = vec![0.0; 32 * sizes.vocabulary];
    let mut times: Vec<_> = (2..32)
        .map(|position| {
            tokens[position * sizes.width] += 0.5;
            let start = Instant::now();
            decoder.run(&[&features, &tokens], &mut [&mut logits]);
            start.elapsed()
        })
        .collect();
    println!("  decoder, first call: {:.1?}", times[0]);
    println!("  decoder, one token after the other: {:.1?}", median(&mut times[1..]));
}

fn main() {
    // Cargo passes `--bench`; what is no option is the weights file.
    let model = std::env::args().skip(1).find(|a| !a.starts_with("--"));
    println!("kernels: {}", instruction_set());
    for threads in [1, 2] {
        println!("{threads} thread{}:", if threads == 1 { "" } else { "s" });
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a thread pool");
        pool.install(|| {
            for (what, rows, k, n) in SHAPES {
                let (ours, theirs) = compare([rows, k, n]);
                let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
                let rate = 2.0 * (rows * k * n) as f64 / ours.as_secs_f64() / 1e9;
                println!(
                    "  {what:<36} [{rows}, {k}] x [{k}, {n}]: ours {ours:>9.1?} ({rate:>5.1} GFLOP/s), theirs \
                     {theirs:>9.1?}, ratio {ratio:.2}"
                );
            }
            if let Some(model) = &model {
                networks(Path::new(model));
            }
        });
    }
}
