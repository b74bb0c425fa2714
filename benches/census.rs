//! How long a census and a comparison take, by the number of threads and open files of the process that is looked at.
//!
//! Predicted: a thread costs one file of `/proc` that is opened, read and closed, about 6 µs; an open file one link that
//! is read, about 1.5 µs; the rest is fixed. So 50 threads and 200 files stay under 1 ms.
//!
//! Seen (medians, two machines): 50 threads and 200 files 0.34 ms where a link costs 1.1 µs, 1.27 ms with one thread
//! where a kernel with another security module takes 4.4 µs for it; there two threads read the links. 10 and 10 take
//! 0.09 ms, 100 and 100 0.31 ms, 1,000 and 1,000 2.1 ms; comparisons 2 to 100 µs.

use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hailo_harness::leaks::compare::compare;
use hailo_harness::leaks::{Census, Family, Scope};

const ROUNDS: usize = 200;

/// A process with so many threads and open files, besides its own few.
struct Subject(Child);

impl Subject {
    fn start(threads: usize, fds: usize) -> Self {
        let mut child = Command::new("/proc/self/exe")
            .args(["--subject", &threads.to_string(), &fds.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the benchmark, executed again");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut line).expect("its word");
        Self(child)
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn subject(threads: usize, fds: usize) {
    for _ in 0..threads {
        std::thread::Builder::new().stack_size(64 << 10).spawn(std::thread::park).expect("a thread");
    }
    let files: Vec<_> = (0..fds).map(|_| std::fs::File::open("/dev/null").expect("a file")).collect();
    println!("ready");
    std::io::stdout().flush().expect("the parent reads");
    let _ = std::io::stdin().read_line(&mut String::new());
    drop(files);
}

fn median(mut times: Vec<Duration>) -> (f64, f64) {
    times.sort();
    let micros = |d: Duration| d.as_secs_f64() * 1e6;
    (micros(times[times.len() / 2]), micros(times[times.len() * 99 / 100]))
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, threads, fds] = arguments.as_slice()
        && flag == "--subject"
    {
        return subject(threads.parse().expect("a number"), fds.parse().expect("a number"));
    }
    println!("threads   fds   census µs (p99)    comparison µs   census of all that is marked µs");
    for (threads, fds) in [(10, 10), (100, 100), (1000, 1000), (50, 200)] {
        let family = Family::begin("HAILO_BENCH", "1");
        let subject = Subject::start(threads, fds);
        let plain = Scope::default();
        let marked = Scope { family: Some(family), ..Scope::default() };
        let take = |scope| Census::of(subject.0.id(), scope).expect("a child of this process");
        let (plain, marked) = (take(plain), take(marked));
        let (mut census, mut comparison, mut with_family) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let start = Instant::now();
            let after = plain.again().expect("it lives");
            census.push(start.elapsed());
            let start = Instant::now();
            assert!(black_box(compare(&plain, &after)).is_empty());
            comparison.push(start.elapsed());
            let start = Instant::now();
            black_box(marked.again().expect("it lives"));
            with_family.push(start.elapsed());
        }
        let ((taken, worst), (compared, _)) = (median(census), median(comparison));
        let (all, _) = median(with_family);
        println!("{threads:>7} {fds:>5} {taken:>11.0} ({worst:>5.0}) {compared:>16.0} {all:>33.0}");
    }
}
