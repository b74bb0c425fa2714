//! How long a worker takes from spawn to ready, and to let go and end, with the canned model: median and worst of 200,
//! beside the same work without a process of its own.
//!
//! `cargo bench --bench worker`
//!
//! Predicted: about 10 ms to be ready, of which 2 ms for the process and the rest for hashing and packing 2 MB of
//! weights twice, and 3 ms to end. Seen, on 2 idle cores: process 1.0 ms (worst 4.1), ready after 7.3 ms (9.5), ended
//! after 1.5 ms (3.5); without a process 5.2 ms for both, a ratio of 1.7. With both cores busy the medians double.

use std::time::{Duration, Instant};

use hailo_harness::device::RuntimeChoice;
use hailo_harness::hailort::VDevice;
use hailo_harness::whisper::Pipeline;
use hailo_harness::whisper::assets::WhisperAssets;
use hailo_harness::worker::{ModelSource, Setup, Worker, WorkerOptions};

const ROUNDS: usize = 200;
const LIMIT: Duration = Duration::from_secs(10);

fn show(what: &str, mut times: Vec<Duration>) -> Duration {
    times.sort();
    let median = times[times.len() / 2];
    let worst = times[times.len() - 1];
    println!(
        "{what:32} median {:7.2} ms   worst {:7.2} ms",
        median.as_secs_f64() * 1e3,
        worst.as_secs_f64() * 1e3
    );
    median
}

fn main() {
    // Also for the workers: whatever else uses simulated devices does not disturb the measurement.
    let host = hailort_sim::runtime::host::own();
    let (mut spawned, mut ready, mut ended, mut alone) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let setup = Setup {
            runtime: RuntimeChoice::Sim,
            device: None,
            model: ModelSource::Canned,
            frame_timeout: Duration::from_secs(5),
        };
        let start = Instant::now();
        let options =
            WorkerOptions { variables: vec![("HAILO_SIM_HOST".into(), host.into())], ..Default::default() };
        let mut worker = Worker::spawn(&options).expect("a worker");
        spawned.push(start.elapsed());
        worker.open(setup, None, LIMIT).expect("the canned model");
        ready.push(start.elapsed());
        let start = Instant::now();
        assert!(worker.close(LIMIT).is_clean());
        ended.push(start.elapsed());

        let start = Instant::now();
        let vdevice = VDevice::open(hailort_sim::api(), None).expect("a simulated device");
        drop(Pipeline::load(&vdevice, WhisperAssets::canned().expect("canned"), LIMIT).expect("a pipeline"));
        drop(vdevice);
        alone.push(start.elapsed());
    }
    println!("{ROUNDS} rounds");
    show("process started", spawned);
    let ready = show("started to ready", ready);
    let ended = show("asked to close to reaped", ended);
    let alone = show("the same in this process", alone);
    println!("with a worker / without: {:.2}", (ready + ended).as_secs_f64() / alone.as_secs_f64());
}
