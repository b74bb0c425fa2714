#![allow(missing_docs)]
use std::time::Instant;use hailort_sim::kernels::{gemm::*,matrix::Rhs};
fn main(){
 let threads:usize=std::env::args().nth(1).map_or(2,|x|x.parse().unwrap());
 let pool=rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
 pool.install(||{ for (m,k,n) in [(32,512,51865),(32,512,512),(32,512,2048),(32,2048,512),(250,512,2048),(250,2048,512),(250,512,512),(250,64,250)]{
  let a=vec![0.5f32;m*k];let w=vec![0x11u8;2*n*k];let mut o=vec![0.0;m*n];
  let reps=(4e9/(2.0*(m*k*n) as f64)) as usize+1;
  let mut best=f64::MAX;
  for _ in 0..5{let t=Instant::now();for _ in 0..reps{multiply(Lhs::dense(&a,k),Rhs::F16Transposed{bytes:&w,k},Shape{k,n},None,&mut o,n);}best=best.min(t.elapsed().as_secs_f64()/reps as f64);}
  println!("{m}x{k}x{n}: {:.3} ms {:.1} GFLOPS",best*1e3,2e-9*(m*k*n) as f64/best);
 }});}
