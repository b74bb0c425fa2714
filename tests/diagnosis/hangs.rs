//! A program that hangs in a way that its first argument names, and helpers for the tests.
//!
//! It writes `ready` when it is about to hang.

use std::ffi::CString;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::time::Duration;

fn ready() {
    println!("ready");
    std::io::stdout().flush().unwrap();
}

#[inline(never)]
fn waits_for_a_line_that_never_comes(input: &mut impl Read) -> usize {
    let mut buffer = [0; 16];
    std::hint::black_box(input.read(&mut buffer).unwrap())
}

#[inline(never)]
fn spins_for_ever(counter: &AtomicU64) -> u64 {
    loop {
        adds_one_without_a_frame(counter);
    }
}

/// A leaf, where a thread is often in the first or the last instruction.
#[inline(never)]
fn adds_one_without_a_frame(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[inline(never)]
fn takes_left_then_right(left: &Mutex<u32>, right: &Mutex<u32>, both: &Barrier) -> u32 {
    let left = left.lock().unwrap();
    both.wait();
    let right = right.lock().unwrap();
    std::hint::black_box(*left + *right)
}

#[inline(never)]
fn takes_right_then_left(left: &Mutex<u32>, right: &Mutex<u32>, both: &Barrier) -> u32 {
    let right = right.lock().unwrap();
    both.wait();
    let left = left.lock().unwrap();
    std::hint::black_box(*left + *right)
}

#[inline(never)]
fn sleeps_for_an_hour() -> u32 {
    std::thread::sleep(Duration::from_secs(3600));
    std::hint::black_box(1)
}

#[inline(never)]
fn waits_for_the_lock_of_a_file(path: &str) -> u32 {
    let holder = std::fs::File::create(path).unwrap();
    let file = std::fs::File::open(path).unwrap();
    holder.lock().unwrap();
    ready();
    file.lock().unwrap();
    drop(holder);
    std::hint::black_box(1)
}

#[inline(never)]
fn waits_for_a_condition(pair: &(Mutex<bool>, Condvar)) -> bool {
    let mut done = pair.0.lock().unwrap();
    while !*done {
        done = pair.1.wait(done).unwrap();
    }
    std::hint::black_box(*done)
}

#[inline(never)]
extern "C" fn compares_and_hangs(_: *const libc::c_void, _: *const libc::c_void) -> i32 {
    ready();
    sleeps_for_an_hour() as i32
}

#[inline(never)]
fn sorts_by_the_c_library(numbers: &mut [u32]) -> u32 {
    // SAFETY: as many elements of that size as there are.
    unsafe { libc::qsort(numbers.as_mut_ptr().cast(), numbers.len(), 4, Some(compares_and_hangs)) };
    std::hint::black_box(numbers[0])
}

#[inline(never)]
fn waits_for_a_condition_of_c() -> i32 {
    let mut mutex = libc::PTHREAD_MUTEX_INITIALIZER;
    let mut condition = libc::PTHREAD_COND_INITIALIZER;
    // SAFETY: both are initialised and live on.
    unsafe {
        libc::pthread_mutex_lock(&raw mut mutex);
        ready();
        libc::pthread_cond_wait(&raw mut condition, &raw mut mutex)
    }
}

/// The kernel holds who starts a program until that runs, uninterruptibly. Here it first opens a pipe that nobody writes.
#[inline(never)]
fn waits_uninterruptibly(pipe: &str) -> i32 {
    let pipe = CString::new(pipe).unwrap();
    // SAFETY: plain C, on strings and structs that live on.
    unsafe {
        let mut actions = std::mem::zeroed();
        libc::posix_spawn_file_actions_init(&raw mut actions);
        libc::posix_spawn_file_actions_addopen(&raw mut actions, 0, pipe.as_ptr(), libc::O_RDONLY, 0);
        let mut child = 0;
        let program = c"/bin/true";
        let arguments = [program.as_ptr().cast_mut(), std::ptr::null_mut()];
        let error = libc::posix_spawn(
            &raw mut child,
            program.as_ptr(),
            &raw const actions,
            std::ptr::null(),
            arguments.as_ptr(),
            [std::ptr::null_mut()].as_ptr(),
        );
        assert_eq!(error, 0);
        let mut status = 0;
        libc::waitpid(child, &raw mut status, 0);
        status
    }
}

#[inline(never)]
fn calls_itself(depth: u32) -> u32 {
    if depth == 0 {
        return sleeps_for_an_hour();
    }
    let more = std::hint::black_box([depth; 64]);
    calls_itself(depth - 1) + more[3]
}

/// In a handler of a signal, on the same stack.
extern "C" fn handles_a_signal(_: i32) {
    ready();
    sleeps_for_an_hour();
}

#[inline(never)]
fn is_interrupted() -> u32 {
    let handler = handles_a_signal as extern "C" fn(i32);
    // SAFETY: the handler never returns.
    unsafe {
        libc::signal(libc::SIGUSR1, handler as libc::sighandler_t);
        libc::raise(libc::SIGUSR1);
    }
    std::hint::black_box(1)
}

/// Each thread waits in its way, over and over, and says so when a system call ends in another way than it should.
#[inline(never)]
fn goes_on_undisturbed() {
    let counter = Arc::new(AtomicU64::new(0));
    let spinning = Arc::clone(&counter);
    std::thread::spawn(move || spins_for_ever(&spinning));
    let failed = |what: &str, ok: bool| {
        if !ok {
            println!("{what}: {}", std::io::Error::last_os_error());
        }
    };
    std::thread::spawn(move || {
        loop {
            let time = libc::timespec { tv_sec: 0, tv_nsec: 20_000_000 };
            // SAFETY: a time that lives on.
            failed("nanosleep", unsafe { libc::nanosleep(&raw const time, std::ptr::null_mut()) } == 0);
        }
    });
    std::thread::spawn(move || {
        loop {
            // SAFETY: no descriptors.
            failed("poll", unsafe { libc::poll(std::ptr::null_mut(), 0, 20) } == 0);
        }
    });
    std::thread::spawn(move || {
        // SAFETY: the descriptor and the event live on.
        unsafe {
            let epoll = libc::epoll_create1(0);
            let mut event = std::mem::zeroed();
            loop {
                failed("epoll_wait", libc::epoll_wait(epoll, &raw mut event, 1, 20) == 0);
            }
        }
    });
    std::thread::spawn(move || {
        let word = 0u32;
        loop {
            let time = libc::timespec { tv_sec: 0, tv_nsec: 20_000_000 };
            // SAFETY: word and time live on.
            let result = unsafe {
                libc::syscall(libc::SYS_futex, &raw const word, libc::FUTEX_WAIT, 0, &raw const time, 0, 0)
            };
            let error = std::io::Error::last_os_error().raw_os_error();
            failed("futex", result == -1 && error == Some(libc::ETIMEDOUT));
        }
    });
    std::thread::spawn(move || {
        // SAFETY: set and time live on.
        unsafe {
            let mut set = std::mem::zeroed();
            libc::sigemptyset(&raw mut set);
            libc::sigaddset(&raw mut set, libc::SIGUSR2);
            let time = libc::timespec { tv_sec: 0, tv_nsec: 20_000_000 };
            loop {
                libc::sigtimedwait(&raw const set, std::ptr::null_mut(), &raw const time);
                let error = std::io::Error::last_os_error().raw_os_error();
                failed("sigtimedwait", error == Some(libc::EAGAIN));
            }
        }
    });
    std::thread::spawn(move || {
        let (mine, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        mine.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        loop {
            let mut byte = [0u8; 1];
            // SAFETY: one byte that lives on.
            let result = unsafe { libc::recv(mine.as_raw_fd(), byte.as_mut_ptr().cast(), 1, 0) };
            let error = std::io::Error::last_os_error().raw_os_error();
            failed("recv with a timeout", result == -1 && error == Some(libc::EAGAIN));
        }
    });
    ready();
    // The main thread reads what it is told, without asking again after EINTR.
    let mut byte = [0u8; 1];
    loop {
        // SAFETY: one byte that lives on.
        let count = unsafe { libc::read(0, byte.as_mut_ptr().cast(), 1) };
        failed("read", count >= 0);
        if count == 0 {
            return;
        }
        if count == 1 {
            println!("read {} {}", byte[0], counter.load(Ordering::Relaxed));
        }
    }
}

pub fn main() {
    let mut arguments = std::env::args().skip(2);
    let mode = arguments.next().expect("a mode");
    let argument = arguments.next().unwrap_or_default();
    match mode.as_str() {
        "read" => {
            ready();
            waits_for_a_line_that_never_comes(&mut std::io::stdin());
        }
        "spin" => {
            ready();
            spins_for_ever(&AtomicU64::new(0));
        }
        "deadlock" => {
            let shared = Arc::new((Mutex::new(1), Mutex::new(2), Barrier::new(2)));
            let (first, second) = (Arc::clone(&shared), Arc::clone(&shared));
            let spawn = |name: &str, work: Box<dyn FnOnce() -> u32 + Send>| {
                std::thread::Builder::new().name(name.into()).spawn(work).unwrap()
            };
            let first = spawn("left", Box::new(move || takes_left_then_right(&first.0, &first.1, &first.2)));
            let second =
                spawn("right", Box::new(move || takes_right_then_left(&second.0, &second.1, &second.2)));
            ready();
            first.join().unwrap();
            second.join().unwrap();
        }
        "sleep" => {
            ready();
            sleeps_for_an_hour();
        }
        "flock" => {
            waits_for_the_lock_of_a_file(&argument);
        }
        "condition" => {
            ready();
            waits_for_a_condition(&(Mutex::new(false), Condvar::new()));
        }
        "qsort" => {
            sorts_by_the_c_library(&mut [3, 2, 1]);
        }
        "c-condition" => {
            waits_for_a_condition_of_c();
        }
        "uninterruptible" => {
            ready();
            waits_uninterruptibly(&argument);
        }
        "recursion" => {
            ready();
            calls_itself(argument.parse().unwrap());
        }
        "signal" => {
            is_interrupted();
        }
        "threads" => {
            let barrier = Arc::new(Barrier::new(argument.parse().unwrap()));
            for _ in 0..argument.parse::<usize>().unwrap() - 1 {
                let barrier = Arc::clone(&barrier);
                let work = move || {
                    barrier.wait();
                    sleeps_for_an_hour()
                };
                std::thread::Builder::new().stack_size(64 << 10).spawn(work).unwrap();
            }
            barrier.wait();
            ready();
            sleeps_for_an_hour();
        }
        "name" => {
            let name = CString::new(argument).unwrap();
            // SAFETY: a string that lives on.
            unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
            ready();
            sleeps_for_an_hour();
        }
        "undisturbed" => goes_on_undisturbed(),
        "exit" => {
            ready();
            let mut rest = Vec::new();
            std::io::stdin().read_to_end(&mut rest).unwrap();
            std::process::exit(argument.parse().unwrap());
        }
        "count-signals" => {
            static COUNT: AtomicU64 = AtomicU64::new(0);
            extern "C" fn count(_: i32) {
                COUNT.fetch_add(1, Ordering::Relaxed);
            }
            let handler = count as extern "C" fn(i32);
            // SAFETY: the handler only counts, and system calls go on after it.
            unsafe {
                let mut action: libc::sigaction = std::mem::zeroed();
                action.sa_sigaction = handler as libc::sighandler_t;
                action.sa_flags = libc::SA_RESTART;
                libc::sigaction(libc::SIGRTMIN() + 3, &raw const action, std::ptr::null_mut());
            }
            ready();
            std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
            println!("signals {}", COUNT.load(Ordering::Relaxed));
        }
        "main-ends" => {
            std::thread::spawn(|| {
                let stat = || std::fs::read_to_string("/proc/self/stat").unwrap();
                while !stat().contains(") Z ") {}
                ready();
                sleeps_for_an_hour()
            });
            // SAFETY: ends this thread only; nothing of it is used after.
            unsafe { libc::syscall(libc::SYS_exit, 0) };
        }
        "churn" => {
            ready();
            loop {
                let threads: Vec<_> =
                    (0..4).map(|_| std::thread::spawn(|| std::hint::black_box(1))).collect();
                threads.into_iter().for_each(|thread| drop(thread.join()));
            }
        }
        // Traces another process until its input ends.
        "trace" => {
            // SAFETY: numbers only.
            let result = unsafe {
                let nothing = std::ptr::null_mut::<libc::c_void>();
                libc::ptrace(libc::PTRACE_SEIZE as _, argument.parse::<i32>().unwrap(), nothing, nothing)
            };
            assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
            ready();
            std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
        }
        // Looks at another process and writes what it saw.
        "capture" => {
            let pid = argument.parse().unwrap();
            let diagnosis =
                hailo_harness::diagnosis::capture(pid, &hailo_harness::diagnosis::Limits::default())
                    .resolve();
            println!("{}", serde_json::to_string(&diagnosis).unwrap());
        }
        // As that, as text, with the times.
        "show" => {
            let start = std::time::Instant::now();
            let capture = hailo_harness::diagnosis::capture(
                argument.parse().unwrap(),
                &hailo_harness::diagnosis::Limits::default(),
            );
            let captured = start.elapsed();
            let diagnosis = capture.resolve();
            let resolved = start.elapsed() - captured;
            print!("{diagnosis}");
            for thread in diagnosis.threads.iter().take(8) {
                println!("{}", thread.summary());
            }
            println!("captured in {captured:?}, resolved in {resolved:?}");
        }
        _ => panic!("unknown mode {mode}"),
    }
}
