//! Scenarios that misbehave on purpose: the runner's own tests.

use std::time::Duration;

use super::{Area, Needs};

pub fn area() -> Area {
    let mut area = Area::new("selftest");
    area.push(
        "follows-a-null-pointer",
        Needs::NoLibrary,
        Box::new(|_| {
            let nowhere = std::hint::black_box(std::ptr::null_mut::<u8>());
            // SAFETY: none: this is the crash that is wanted.
            unsafe {
                libc::memset(nowhere.cast(), 1, 1);
            }
            Ok("still alive".into())
        }),
    );
    area.push(
        "raises-sigsegv",
        Needs::NoLibrary,
        Box::new(|_| {
            // SAFETY: two system calls; Rust's own handler of this signal is taken away first.
            unsafe {
                libc::signal(libc::SIGSEGV, libc::SIG_DFL);
                libc::raise(libc::SIGSEGV);
            }
            Ok("still alive".into())
        }),
    );
    area.push("aborts", Needs::NoLibrary, Box::new(|_| std::process::abort()));
    let hang = area.push(
        "waits-for-ever",
        Needs::NoLibrary,
        Box::new(|_| {
            loop {
                std::thread::park();
            }
        }),
    );
    hang.deadline = Duration::from_secs(1);
    area.push("exits-with-3", Needs::NoLibrary, Box::new(|_| std::process::exit(3)));
    area.push("panics", Needs::NoLibrary, Box::new(|_| panic!("on purpose")));
    area.push(
        "answers-and-dies",
        Needs::NoLibrary,
        Box::new(|_| {
            let folder = std::env::var_os(crate::runner::FOLDER).ok_or("no folder")?;
            std::fs::write(std::path::Path::new(&folder).join("answer"), "an answer")
                .map_err(|e| e.to_string())?;
            // SAFETY: one system call, on this process.
            unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
            Ok("still alive".into())
        }),
    );
    area.push(
        "leaves-a-process",
        Needs::NoLibrary,
        Box::new(|_| {
            let child = std::process::Command::new("sleep").arg("600").spawn();
            child.map(|child| format!("has started {}", child.id())).map_err(|why| why.to_string())
        }),
    );
    area
}
