//! Reading a run of 100,000 records and summing it up, and appending one record: medians.
//!
//! `cargo bench --bench report`
//!
//! Predicted: serde_json reads 200 to 300 MB/s of short objects where the kind has to be looked up first, so that
//! 100,000 records of 250 bytes take 0.15 s; an append is six system calls on files that are in memory, 10 µs. Seen, on
//! 2 cores: 0.24 s, and up to 0.5 s while others used them; parsing takes 0.15 s of it, putting the tests together the
//! rest; 12 µs for an append.

use std::time::{Duration, Instant};

use hailo_harness::report::{
    End, Hang, Leak, Ledger, Note, Outcome, Record, Run, Side, Start, Step, Verdict,
};

const RECORDS: usize = 100_000;
const ROUNDS: usize = 11;
const APPENDS: usize = 2000;

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// What a run writes: mostly begins and ends, leaks in every fifth test, now and then a hang.
fn records() -> impl Iterator<Item = Record> {
    (0..).flat_map(|i: usize| {
        let test = format!("corpus::clip_{i:06}::says_what_is_written");
        let start = Start {
            model: Some("whisper-base".into()),
            device: Some("0000:01:00.0".into()),
            attempt: 1 + u32::from(i % 100 == 99),
            ..Start::now(&*test)
        };
        let end = End::now(
            &*test,
            if i.is_multiple_of(50) { Outcome::Failed } else { Outcome::Passed },
            i as f64 / 7.0,
        )
        .phase("open", i as f64 / 30.0)
        .phase("configure", 0.2)
        .phase("infer", 1.5)
        .phase("release", 0.1);
        let leak = (i.is_multiple_of(5)).then(|| {
            Record::Leak(Leak {
                test: test.clone(),
                pid: 1,
                side: Side::Worker,
                leak_kind: "thread".into(),
                what: format!("worker-{}", i % 40),
                place: Some("sits in hang_forever".into()),
                verdict: Verdict::Warn,
                reason: None,
            })
        });
        let hang = (i.is_multiple_of(1000)).then(|| {
            Record::Hang(Hang {
                test: test.clone(),
                pid: 1,
                phase: "infer".into(),
                call: Some("hailo_vstream_read_raw_buffer".into()),
                summary: "no answer in 30 s".into(),
                steps: vec![Step { name: "kill".into(), seconds: 0.1, helped: true }],
                gone: true,
                device: "free".into(),
                file: None,
            })
        });
        // One test of a hundred has no end: each of them is looked up.
        let end = (i % 100 != 1).then_some(Record::End(end));
        [Some(Record::Start(start)), leak, hang, end].into_iter().flatten()
    })
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = Ledger::at(folder.path(), "bench");
    ledger
        .try_append(&Record::Note(Note { text: "the first record makes the file".into() }))
        .expect("a record");
    let lines: Vec<u8> = records().take(RECORDS - 1).flat_map(|record| record.line()).collect();
    let file = std::fs::File::options().append(true).open(ledger.path()).expect("the file");
    std::io::Write::write_all(&mut &file, &lines).expect("records");
    let (mut read, mut summed) = (Vec::new(), Vec::new());
    let mut tests = 0;
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        let run = Run::read(&ledger.path()).expect("the run");
        read.push(begin.elapsed());
        let summary = run.summary();
        assert!(summary.skipped.is_none());
        tests = summary.counts.tests;
        std::hint::black_box(
            serde_json::to_string(&summary).expect("JSON").len() + summary.to_string().len(),
        );
        summed.push(begin.elapsed());
    }
    println!(
        "{RECORDS} records, {tests} tests, {:.1} MB: read in {:.3} s, with the summary as JSON and as text {:.3} s (medians)",
        lines.len() as f64 / 1e6,
        median(read).as_secs_f64(),
        median(summed).as_secs_f64()
    );
    let record = records().next().expect("a record");
    let append = |_| {
        let begin = Instant::now();
        ledger.try_append(&record).expect("a record");
        begin.elapsed()
    };
    let times: Vec<Duration> = (0..APPENDS).map(append).collect();
    println!("append: {:.1} µs (median of {APPENDS})", median(times).as_secs_f64() * 1e6);
}
