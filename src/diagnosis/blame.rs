//! Which frame of a thread is to blame: the innermost that is not of the language or the C library.

use super::thread::{Frame, Thread};

/// Libraries that only do what they are asked to.
const LIBRARIES: [&str; 8] =
    ["libc.so", "libpthread.so", "librt.so", "libc-", "ld-linux", "ld-musl", "libstdc++.so", "libgcc_s.so"];
/// Starts of names of functions that only do what they are asked to: of Rust, C++, and for locks and system calls.
const NAMES: [&str; 18] = [
    "std::",
    "core::",
    "alloc::",
    "<std::",
    "<core::",
    "<alloc::",
    "<&",
    "__rust_",
    "_rust_",
    "rust_begin_unwind",
    "parking_lot",
    "<parking_lot",
    "lock_api::",
    "<lock_api",
    "rustix::",
    "pthread_",
    "__pthread_",
    "crossbeam_",
];
/// Whole names of system calls and the like in programs that have the C library in them.
const CALLS: [&str; 22] = [
    "syscall",
    "read",
    "write",
    "readv",
    "writev",
    "poll",
    "ppoll",
    "select",
    "epoll_wait",
    "epoll_pwait",
    "nanosleep",
    "clock_nanosleep",
    "sleep",
    "usleep",
    "ioctl",
    "accept",
    "recv",
    "recvmsg",
    "flock",
    "futex",
    "qsort",
    "waitpid",
];
/// Parts of names of functions of the C library that wait for a mutex.
const MUTEX: [&str; 5] = [
    "pthread_mutex_lock",
    "pthread_mutex_timedlock",
    "pthread_mutex_clocklock",
    "lll_lock_wait",
    "lll_mutex_lock",
];
/// Threads that a note names.
const NAMED: usize = 16;

impl Frame {
    /// Whether it is of a language or a system library, which only does what its caller asks for.
    pub fn is_plumbing(&self) -> bool {
        let module = self.module.as_deref().unwrap_or_default();
        if LIBRARIES.iter().any(|library| module.starts_with(library)) || module == "[vdso]" {
            return true;
        }
        // Nor is it the fault of a crate between the program and the system.
        if self.file.as_deref().is_some_and(|file| file.contains("/registry/src/")) {
            return true;
        }
        // Debug information can have the last part of an inlined function's name only.
        if self.file.as_deref().is_some_and(|file| file.contains("/library/") && file.contains("/rust")) {
            return true;
        }
        self.function.as_deref().is_some_and(|function| {
            let plain = function.trim_start_matches('_');
            NAMES.iter().any(|name| function.starts_with(name)) || CALLS.contains(&plain)
        })
    }

    /// The function, else the place in the module.
    pub fn place(&self) -> String {
        match (&self.function, &self.module, self.offset) {
            (Some(function), ..) => function.clone(),
            (None, Some(module), Some(offset)) => format!("{module}+{offset:#x}"),
            (None, Some(module), None) => format!("{module} at {:#x}", self.address),
            (None, None, _) => format!("{:#x}", self.address),
        }
    }
}

impl Thread {
    /// The innermost frame that is not plumbing, else the innermost of all.
    pub fn blamed(&self) -> Option<&Frame> {
        let frames = &self.stack.frames;
        frames.iter().find(|frame| !frame.is_plumbing()).or_else(|| frames.first())
    }

    /// What it does and where, in a line that is not fit for a terminal yet:
    /// `thread "hailo-infer" (tid 12) sleeps in futex: syscall < … < hailort::queue::Queue::pop`.
    pub fn summary(&self) -> String {
        let mut text = format!("thread \"{}\" (tid {}) {}", self.name, self.tid, self.what());
        let Some(blamed) = self.blamed() else {
            if let Some(why) = &self.stack.why_short {
                text += &format!(": no stack: {why}");
            }
            return text;
        };
        text += ": ";
        let at = self.stack.frames.iter().position(|frame| std::ptr::eq(frame, blamed));
        if let (Some(first), Some(at @ 1..)) = (self.stack.frames.first(), at) {
            text += &first.place();
            text += if at > 1 { " < … < " } else { " < " };
        }
        text += &blamed.place();
        if let (Some(file), Some(line)) = (&blamed.file, blamed.line) {
            text += &format!(" at {file}:{line}");
        }
        text
    }

    /// What it does, as far as the kernel knows: `sleeps in futex`.
    pub(super) fn what(&self) -> String {
        let verb = self.state.verb();
        match (&self.syscall, &self.wait_channel) {
            (Some(call), Some(channel)) => format!("{verb} in {call} ({channel})"),
            (Some(only), None) | (None, Some(only)) => format!("{verb} in {only}"),
            (None, None) => verb.to_owned(),
        }
    }

    /// Whether it waits for a mutex, as far as its stack shows.
    fn waits_for_mutex(&self) -> bool {
        let waits = |frame: &Frame| {
            let function = frame.function.as_deref().unwrap_or_default();
            // `std::sync::poison::mutex::Mutex<T>::lock`, `<std::sys::sync::mutex::futex::Mutex>::lock_contended`,
            // `parking_lot::raw_mutex::RawMutex::lock_slow`.
            MUTEX.iter().any(|part| function.contains(part))
                || (function.contains("Mutex") && function.contains("::lock"))
        };
        // Waiting for a condition ends with taking the mutex again, but is something else until then.
        self.syscall.as_deref() == Some("futex")
            && self.stack.frames.iter().take_while(|frame| frame.is_plumbing()).any(waits)
    }
}

/// Which threads wait for a mutex, where there are two or more: they may wait for each other.
pub(super) fn mutex_note(threads: &[Thread]) -> Option<String> {
    let waiting: Vec<&Thread> = threads.iter().filter(|thread| thread.waits_for_mutex()).collect();
    if waiting.len() < 2 {
        return None;
    }
    let name = |thread: &&Thread| {
        let place = thread.blamed().map(|frame| format!(" in {}", frame.place())).unwrap_or_default();
        format!("{} (\"{}\"){place}", thread.tid, thread.name)
    };
    let named: Vec<String> = waiting.iter().take(NAMED).map(name).collect();
    let more = waiting.len().saturating_sub(NAMED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    Some(format!("{} threads wait for a mutex: {}{more}", waiting.len(), named.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::thread::{Stack, State};

    fn frame(function: &str, module: &str) -> Frame {
        Frame {
            address: 0x1000,
            function: (!function.is_empty()).then(|| function.to_owned()),
            module: Some(module.to_owned()),
            offset: Some(0x10),
            file: None,
            line: None,
            inlined: false,
        }
    }

    fn thread(tid: u32, frames: &[(&str, &str)]) -> Thread {
        let frames = frames.iter().map(|(function, module)| frame(function, module)).collect();
        Thread {
            tid,
            name: format!("t{tid}"),
            state: State::Sleeping,
            cpu_seconds: 0.0,
            wait_channel: None,
            syscall: Some("futex".into()),
            stack: Stack { frames, why_short: None },
        }
    }

    #[test]
    fn the_language_and_the_system_are_not_to_blame() {
        for (function, module) in [
            ("syscall", "libc.so.6"),
            ("", "libc.so.6"),
            ("__GI___clock_nanosleep", "libc-2.31.so"),
            ("std::thread::sleep", "worker"),
            ("<std::sys::sync::mutex::futex::Mutex>::lock_contended", "worker"),
            ("core::ops::function::FnOnce::call_once", "worker"),
            ("<alloc::boxed::Box<F> as core::ops::function::FnOnce>::call_once", "worker"),
            ("parking_lot::raw_mutex::RawMutex::lock_slow", "worker"),
            ("std::condition_variable::wait(std::unique_lock<std::mutex>&)", "libhailort.so.4.20.0"),
            ("__poll", "static"),
        ] {
            assert!(frame(function, module).is_plumbing(), "{function}");
        }
        let inlined = Frame {
            file: Some("/rustc/0a1b/library/core/src/sync/atomic.rs".into()),
            ..frame("add<u64>", "w")
        };
        assert!(inlined.is_plumbing());
        for (function, module) in [
            ("hailort::VDevice::create()", "libhailort.so.4.20.0"),
            ("", "libhailort.so.4.20.0"),
            ("<worker::Queue as core::iter::Iterator>::next", "worker"),
            ("stdlib_free", "worker"),
            ("main", "worker"),
        ] {
            assert!(!frame(function, module).is_plumbing(), "{function}");
        }
    }

    #[test]
    fn a_line_says_what_a_thread_does() {
        let waits =
            thread(7, &[("syscall", "libc.so.6"), ("std::a", "w"), ("std::b", "w"), ("queue::pop", "w")]);
        assert_eq!(waits.summary(), "thread \"t7\" (tid 7) sleeps in futex: syscall < … < queue::pop");
        let near = thread(7, &[("syscall", "libc.so.6"), ("queue::pop", "w")]);
        assert_eq!(near.summary(), "thread \"t7\" (tid 7) sleeps in futex: syscall < queue::pop");
        let unnamed = thread(7, &[("", "libhailort.so")]);
        assert_eq!(unnamed.summary(), "thread \"t7\" (tid 7) sleeps in futex: libhailort.so+0x10");
        let mut none = thread(7, &[]);
        none.stack.why_short = Some("it has gone".into());
        assert_eq!(none.summary(), "thread \"t7\" (tid 7) sleeps in futex: no stack: it has gone");
        assert_eq!(none.blamed(), None);
        let plumbing = thread(7, &[("syscall", "libc.so.6"), ("std::a", "w")]);
        assert_eq!(plumbing.blamed().unwrap().function.as_deref(), Some("syscall"));
        assert_eq!(plumbing.summary(), "thread \"t7\" (tid 7) sleeps in futex: syscall");
    }

    #[test]
    fn only_threads_in_the_taking_of_a_mutex_wait_for_one() {
        let rust = thread(
            1,
            &[
                ("syscall", "libc.so.6"),
                ("<std::sys::sync::mutex::futex::Mutex>::lock_contended", "w"),
                ("left", "w"),
            ],
        );
        let c = thread(
            2,
            &[("__lll_lock_wait", "libc.so.6"), ("pthread_mutex_lock", "libc.so.6"), ("right", "lib")],
        );
        let condition =
            thread(3, &[("syscall", "libc.so.6"), ("std::sync::poison::condvar::Condvar::wait", "w")]);
        let own = thread(
            4,
            &[("syscall", "libc.so.6"), ("mine::Mutex::lock_all", "w"), ("pthread_mutex_lock", "libc.so.6")],
        );
        let mut runs = rust.clone();
        runs.syscall = None;
        assert_eq!(mutex_note(&[rust.clone(), condition.clone(), own.clone(), runs]), None);
        let note = mutex_note(&[condition, rust, own, c]).unwrap();
        assert_eq!(note, "2 threads wait for a mutex: 1 (\"t1\") in left; 2 (\"t2\") in right");
        let many: Vec<Thread> =
            (0..20).map(|i| thread(i, &[("pthread_mutex_lock", "libc.so.6"), ("f", "w")])).collect();
        assert!(mutex_note(&many).unwrap().ends_with("; and 4 more"));
    }
}
