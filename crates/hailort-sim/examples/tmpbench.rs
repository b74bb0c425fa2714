#![allow(missing_docs)]
use hailort_sim::{
    network::{Network, whisper::*},
    weights::WeightsFile,
};
use std::sync::Arc;
use std::time::Instant;
fn main() {
    let f = Arc::new(WeightsFile::open(std::path::Path::new("/tmp/wh/mine/model.bin")).unwrap());
    let d = Dimensions::of(&f).unwrap();
    println!("{d:?} {}", hailort_sim::kernels::instruction_set());
    let threads: usize = std::env::args().nth(1).map_or(2, |x| x.parse().unwrap());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let t = Instant::now();
        let enc = Encoder::new(&f).unwrap();
        println!("enc new {:?}", t.elapsed());
        let t = Instant::now();
        let mut dec = Decoder::new(&f, vec![0..13000, 13000..26000, 26000..39000, 39000..51865]).unwrap();
        println!("dec new {:?}", t.elapsed());
        let mel: Vec<f32> = (0..500 * 80).map(|i| ((i * 7919 % 1000) as f32) / 500.0 - 1.0).collect();
        let mut feats = vec![];
        for _ in 0..3 {
            let t = Instant::now();
            feats = enc.forward(&mel);
            println!("enc {:?} {:?}", t.elapsed(), &feats[..3]);
        }
        let mut outs: Vec<Vec<f32>> =
            [13000, 13000, 13000, 12865].iter().map(|n| vec![0.0; 32 * n]).collect();
        let mut e = f.f32("decoder/embeddings/weight", &[51865, 512]).unwrap();
        e.truncate(32 * 512);
        for i in 0..12 {
            let t = Instant::now();
            e[(2 + i) * 512] += 0.1;
            let mut o: Vec<&mut [f32]> = outs.iter_mut().map(|v| &mut v[..]).collect();
            dec.run(&[&feats, &e], &mut o);
            println!("dec {i} {:?}", t.elapsed());
        }
    });
}
