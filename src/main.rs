//! The command `hailo-harness`.
use hailo_harness::{
    hailort::VDevice,
    text::Language,
    whisper::{assets::WhisperAssets, audio::Audio, pipeline::*},
};
fn main() {
    let d = hailort_sim::weights::store_directory();
    let sha = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9";
    let tok =
        std::fs::read(d.join("fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab")).unwrap();
    let t = std::time::Instant::now();
    let v = VDevice::open(hailort_sim::api()).unwrap();
    let a = WhisperAssets::simulated_base(&d.join(sha), sha, &tok).unwrap();
    let mut p = Pipeline::load(&v, a, FRAME_TIMEOUT).unwrap();
    eprintln!("load {:?}", t.elapsed());
    let t = std::time::Instant::now();
    for f in std::env::args().skip(1) {
        let a = Audio::open(f.as_ref()).unwrap();
        let t = p.transcribe(&a, Language::FRENCH, |_| {}).unwrap();
        println!("{f}: {} {:?} {:?}", t.text, t.min_margin, t.timings);
    }
    eprintln!("all {:?}", t.elapsed());
}
