//! Hand-over of a device between two processes, from the end of one's use to the begin of the other's: median and worst
//! of 200, beside `#[file_serial]` of serial_test in the same run.
//!
//! `cargo bench --bench lease`
//!
//! Predicted: `file_serial` waits in the kernel's flock, so that its hand-over is one wake-up, about 0.05 ms; the lease
//! reads the queue's folder after a wake-up and renames its ticket, about 0.3 ms, a ratio of 5, and neither matters
//! beside the seconds for which a device is used. Seen, on 2 cores: 0.26 ms (worst 0.43) and 0.06 ms
//! (worst 1.0), a ratio of 4. Before, the lease closed its inotify on the way, which takes the kernel 3 ms.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use hailo_harness::device::lease::{DeviceLease, LeaseOptions};
use rustix::time::{ClockId, clock_gettime};
use serial_test::file_serial;

/// Hand-overs that are measured, for each.
const ROUNDS: usize = 200;
/// Each process uses the device so often: twice as often as needed, since now and then the same one gets it again.
const USES: usize = 2 * ROUNDS;
/// How long it is used, and how long until the same process wants it again.
const USE: Duration = Duration::from_millis(2);
const PAUSE: Duration = Duration::from_millis(1);
const ROLE: &str = "HAILO_BENCH_ROLE";

fn now() -> i64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// Uses the device, and says when.
fn use_and_tell() {
    let begin = now();
    std::thread::sleep(USE);
    println!("{begin} {}", now());
}

/// Uses the device under the lock of serial_test, which is made for tests: it returns nothing.
#[file_serial(hailo_bench)]
fn serial() {
    use_and_tell();
}

fn lease(options: &LeaseOptions) {
    let _lease = DeviceLease::acquire(&["0000:01:00.0".into()], options).expect("the lease");
    use_and_tell();
}

/// What each of the two processes does.
fn contend(role: &str) {
    let options = LeaseOptions::usual().expect("a folder for locks");
    for _ in 0..USES {
        if role == "lease" {
            lease(&options)
        } else {
            serial()
        }
        std::thread::sleep(PAUSE);
    }
}

/// Times from the end of a use to the begin of the next, where that is another process's.
fn measure(role: &str, folder: &Path) -> Vec<Duration> {
    let start = |_| {
        Command::new(std::env::current_exe().expect("this program"))
            .env(ROLE, role)
            .env("HAILO_LOCK_DIR", folder)
            .env("TMPDIR", folder)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process")
    };
    let mut children = [0, 1].map(start);
    let readers = children.each_mut().map(|child| {
        let out = BufReader::new(child.stdout.take().expect("piped"));
        std::thread::spawn(move || out.lines().map_while(Result::ok).collect::<Vec<String>>())
    });
    let mut uses = Vec::new();
    for (process, reader) in readers.into_iter().enumerate() {
        for line in reader.join().expect("a reader") {
            let times: Vec<i64> = line.split(' ').filter_map(|n| n.parse().ok()).collect();
            uses.push((times[0], times[1], process));
        }
    }
    for child in &mut children {
        assert!(child.wait().expect("a child").success());
    }
    uses.sort();
    let handed = |pair: &[(i64, i64, usize)]| {
        assert!(pair[1].0 >= pair[0].1, "{role}: two at once");
        (pair[0].2 != pair[1].2).then(|| Duration::from_nanos((pair[1].0 - pair[0].1) as u64))
    };
    uses.windows(2).filter_map(handed).take(ROUNDS).collect()
}

fn show(what: &str, mut times: Vec<Duration>) -> f64 {
    times.sort();
    let ms = |d: Duration| d.as_secs_f64() * 1e3;
    let median = ms(times[times.len() / 2]);
    println!(
        "{what:14} {} hand-overs: median {median:.3} ms, worst {:.3} ms",
        times.len(),
        ms(times[times.len() - 1])
    );
    median
}

fn main() {
    if let Ok(role) = std::env::var(ROLE) {
        return contend(&role);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let lease = show("lease", measure("lease", folder.path()));
    let serial = show("file_serial", measure("serial", folder.path()));
    println!("ratio of the medians: {:.1}", lease / serial);
}
