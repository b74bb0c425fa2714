//! What the copies do.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Condvar, Mutex};
use std::time::{Duration, Instant};

use hailo_harness::cleanup::{CleanupRegistry, signals};
use hailo_harness::force_exit;

/// Writes a line at once, whatever locks are held.
fn say(line: &str) {
    let line = format!("{line}\n");
    // SAFETY: the buffer is as long as is said.
    unsafe { libc::write(1, line.as_ptr().cast(), line.len()) };
}

fn says(name: &str) {
    let line = format!("handler {name}");
    let _ = CleanupRegistry::register(name, move || say(&line));
}

fn forever() -> ! {
    loop {
        std::thread::park();
    }
}

fn send(signal: i32) {
    // SAFETY: a signal to this process.
    unsafe { libc::kill(libc::getpid(), signal) };
}

fn on_exit(function: extern "C" fn()) {
    // SAFETY: the function may run at any exit.
    unsafe { libc::atexit(function) };
}

fn c_exit(status: i32) -> ! {
    // SAFETY: the C library's exit.
    unsafe { libc::exit(status) }
}

fn set_handler(signal: i32, handler: usize, flags: i32) {
    // SAFETY: zeroes are a valid sigaction; the handlers of this file do only what handlers may.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        (action.sa_sigaction, action.sa_flags) = (handler, flags);
        libc::sigaction(signal, &raw const action, std::ptr::null_mut());
    }
}

fn block(signal: i32) {
    // SAFETY: the pointers are valid.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, signal);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
    }
}

/// Something that happened, to be waited for.
struct Event(Mutex<bool>, Condvar);

impl Event {
    const fn new() -> Self {
        Self(Mutex::new(false), Condvar::new())
    }

    fn set(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }

    fn wait(&self) {
        let happened = self.0.lock().unwrap();
        let long = Duration::from_secs(30);
        assert!(!self.1.wait_timeout_while(happened, long, |h| !*h).unwrap().1.timed_out());
    }
}

/// A handler runs.
static RUNS: Event = Event::new();
/// The handler may end.
static GO_ON: Event = Event::new();

/// Registers a handler that says when it runs, and then waits.
fn waits(name: &str) {
    let line = format!("handler {name}");
    let _ = CleanupRegistry::register(name, move || {
        RUNS.set();
        GO_ON.wait();
        say(&line);
    });
}

extern "C" fn own(_: i32) {
    // SAFETY: write may be called in signal context.
    unsafe { libc::write(1, b"own handler\n".as_ptr().cast(), 12) };
}

extern "C" fn own_with_information(signal: i32, information: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: the kernel passes valid information.
    if unsafe { (*information).si_signo } == signal {
        own(signal);
    }
}

fn ready() {
    say(&format!("ready {}", std::process::id()));
}

/// Does what is asked for, on the main thread of a process.
pub fn program(what: &str) -> ExitCode {
    let (what, how) = what.split_once(": ").unwrap_or((what, ""));
    match what {
        // The program hears of the signal by something else than the signal, and ends while handlers run.
        "meanwhile" | "survives" => {
            extern "C" fn exit_has_begun() {
                GO_ON.set();
            }
            if what == "survives" {
                set_handler(libc::SIGTERM, own as *const () as usize, 0);
            }
            says("first");
            match how {
                "handler force_exit" => {
                    let _ = CleanupRegistry::register("leaves", || force_exit(3));
                }
                "handler exit" => {
                    let _ = CleanupRegistry::register("leaves", || std::process::exit(3));
                }
                "handler C exit" => {
                    let _ = CleanupRegistry::register("leaves", || c_exit(3));
                }
                _ => waits("second"),
            }
            signals::install().unwrap();
            // Called before the registry is.
            on_exit(exit_has_begun);
            send(libc::SIGTERM);
            match how {
                "return" => {
                    RUNS.wait();
                    return ExitCode::from(3);
                }
                "uninstall and return" => {
                    RUNS.wait();
                    signals::uninstall();
                    return ExitCode::from(3);
                }
                "panic" => {
                    RUNS.wait();
                    panic!("the context failed");
                }
                "exit" => {
                    RUNS.wait();
                    std::process::exit(3)
                }
                "exit on a thread" => {
                    RUNS.wait();
                    let _ = std::thread::spawn(|| std::process::exit(3)).join();
                }
                "force_exit" => {
                    RUNS.wait();
                    GO_ON.set();
                    force_exit(3)
                }
                "force_exit on a thread" => {
                    RUNS.wait();
                    GO_ON.set();
                    let _ = std::thread::spawn(|| force_exit(3)).join();
                }
                _ => {}
            }
            forever()
        }
        // The last handler is done, or nearly, when the program exits.
        "nearly through" => {
            let _ = CleanupRegistry::register("only", || RUNS.set());
            signals::install().unwrap();
            send(libc::SIGTERM);
            RUNS.wait();
            match how {
                "exit" => std::process::exit(3),
                "force_exit" => force_exit(3),
                _ => ExitCode::from(3),
            }
        }
        "first status" => {
            says("first");
            let then = |leave: fn()| {
                let _ = CleanupRegistry::register("lets another", move || {
                    // The other one is on its way when this handler ends, and may be quicker than the first or not.
                    let (to, from) = std::sync::mpsc::channel();
                    std::thread::spawn(move || {
                        to.send(()).unwrap();
                        leave()
                    });
                    from.recv().unwrap();
                });
            };
            match how {
                "force_exit, force_exit" => {
                    then(|| force_exit(6));
                    force_exit(5)
                }
                "exit, force_exit" => {
                    then(|| force_exit(6));
                    std::process::exit(5)
                }
                "force_exit, exit" => {
                    then(|| std::process::exit(6));
                    force_exit(5)
                }
                "force_exit, return" => {
                    waits("second");
                    on_exit({
                        extern "C" fn exit_has_begun() {
                            GO_ON.set();
                        }
                        exit_has_begun
                    });
                    std::thread::spawn(|| force_exit(5));
                    RUNS.wait();
                    ExitCode::from(6)
                }
                "exit, force_exit in a handler" => {
                    let _ = CleanupRegistry::register("leaves", || force_exit(0));
                    std::process::exit(5)
                }
                "exit, C exit in a handler" => {
                    let _ = CleanupRegistry::register("leaves", || c_exit(0));
                    std::process::exit(5)
                }
                "exit in a handler of run_all" => {
                    let _ = CleanupRegistry::register("leaves", || std::process::exit(5));
                    CleanupRegistry::run_all();
                    forever()
                }
                "force_exit in a handler of run_all" => {
                    let _ = CleanupRegistry::register("leaves", || force_exit(5));
                    CleanupRegistry::run_all();
                    forever()
                }
                "force_exit in a handler that nobody waits for" => {
                    let _ = CleanupRegistry::register_within("late", Duration::from_millis(1), || {
                        GO_ON.wait();
                        force_exit(5)
                    });
                    CleanupRegistry::run_all();
                    says("second");
                    GO_ON.set();
                    forever()
                }
                other => panic!("{other}"),
            }
        }
        "panics" => {
            says("first");
            let _ = std::thread::spawn(|| panic!("on a thread")).join();
            say("the program lives on");
            panic!("on main")
        }
        "total" => {
            fn again() {
                let _ = CleanupRegistry::register("again", || {
                    again();
                    forever()
                });
            }
            says("too late");
            for _ in 0..8 {
                let _ = CleanupRegistry::register("hangs", || forever());
            }
            again();
            std::process::exit(4)
        }
        "full" => {
            for fd in [1, 2] {
                // SAFETY: writes to a pipe until it is full.
                unsafe {
                    let flags = libc::fcntl(fd, libc::F_GETFL);
                    libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK);
                    let bytes = [0_u8; 4096];
                    while libc::write(fd, bytes.as_ptr().cast(), bytes.len()) > 0 {}
                    while libc::write(fd, bytes.as_ptr().cast(), 1) > 0 {}
                    libc::fcntl(fd, libc::F_SETFL, flags);
                }
            }
            // Left in the buffers of both libraries.
            print!("x");
            // SAFETY: the string ends with 0.
            unsafe { libc::printf(c"x".as_ptr()) };
            for _ in 0..4 {
                let _ =
                    CleanupRegistry::register("panics", || std::panic::resume_unwind(Box::new("quietly")));
            }
            // Holds the lock of standard output.
            std::thread::spawn(|| println!("{}", "y".repeat(10_000)));
            force_exit(4)
        }
        "closed" => {
            says("first");
            signals::install().unwrap();
            for fd in (0..1024).filter(|&fd| fd != 1) {
                // SAFETY: as programs do that become daemons.
                unsafe { libc::close(fd) };
            }
            // Another file takes the number of one that was closed.
            let pipes: Vec<_> = (0..4).map(|_| std::io::pipe().unwrap()).collect();
            let _ = CleanupRegistry::register("panics", || panic!("with nowhere to say so"));
            ready();
            std::mem::forget(pipes);
            forever()
        }
        "no threads" => {
            says("first");
            let _ = CleanupRegistry::register("panics", || std::panic::resume_unwind(Box::new("quietly")));
            match how {
                "force_exit" => {
                    let _ = CleanupRegistry::register("leaves", || force_exit(6));
                }
                "exit" => {
                    let _ = CleanupRegistry::register("leaves", || c_exit(6));
                }
                _ => {}
            }
            says("last");
            let status = std::fs::read_to_string("/proc/self/statm").unwrap();
            let pages: u64 = status.split(' ').next().unwrap().parse().unwrap();
            // Room for small things, and not for a stack.
            let limit = pages * 4096 + (1 << 20);
            // SAFETY: the pointer is valid.
            unsafe {
                libc::setrlimit(libc::RLIMIT_AS, &libc::rlimit { rlim_cur: limit, rlim_max: limit });
            }
            assert!(std::thread::Builder::new().spawn(|| {}).is_err());
            force_exit(5)
        }
        "interrupted" => {
            static LOCK: Mutex<Vec<String>> = Mutex::new(Vec::new());
            // SAFETY: the calls only answer.
            let thread = || unsafe { libc::gettid() };
            let main = thread();
            let _ = CleanupRegistry::register("only", move || {
                let locked = LOCK.lock().unwrap();
                let name = std::thread::current().name().map(str::to_owned).unwrap();
                assert_ne!(thread(), main);
                say(&format!(
                    "handler on {name} of {}",
                    locked.iter().map(String::len).sum::<usize>().min(1)
                ));
            });
            signals::install().unwrap();
            ready();
            loop {
                let mut kept = LOCK.lock().unwrap();
                kept.push("x".repeat(100));
                if kept.len() > 100 {
                    kept.clear();
                }
            }
        }
        // Only one thread lets the signal in, and no longer once it is handled.
        "blocked" => {
            says("first");
            waits("second");
            block(libc::SIGTERM);
            signals::install().unwrap();
            std::thread::spawn(|| {
                // SAFETY: an empty set lets all in.
                unsafe {
                    let mut none = std::mem::zeroed();
                    libc::sigemptyset(&raw mut none);
                    libc::pthread_sigmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
                }
                ready();
                RUNS.wait();
                block(libc::SIGTERM);
                GO_ON.set();
                forever()
            });
            forever()
        }
        "own" => {
            let handler =
                if how == "information" { own_with_information as *const () } else { own as *const () };
            let flags = if how == "information" { libc::SA_SIGINFO | libc::SA_RESETHAND } else { 0 };
            set_handler(libc::SIGTERM, handler as usize, flags);
            says("first");
            signals::install().unwrap();
            if how == "replaced" {
                set_handler(libc::SIGTERM, own as *const () as usize, 0);
                signals::uninstall();
            }
            if how == "uninstalled" {
                signals::uninstall();
            }
            ready();
            forever()
        }
        "twice" => {
            says("first");
            let times: Vec<u32> = how.split(' ').map(|n| n.parse().unwrap()).collect();
            (0..times[0]).for_each(|_| signals::install().unwrap());
            (0..times[1]).for_each(|_| signals::uninstall());
            (0..times[2]).for_each(|_| signals::install().unwrap());
            ready();
            forever()
        }
        "twice sent" => {
            says("first");
            waits("second");
            signals::install().unwrap();
            let start = Instant::now();
            // SAFETY: a signal to this thread, delivered when it returns.
            unsafe {
                libc::raise(libc::SIGTERM);
                libc::raise(libc::SIGTERM);
            }
            say(&format!("after {}", start.elapsed().as_millis()));
            GO_ON.set();
            forever()
        }
        "late" => {
            extern "C" fn registers() {
                let _ = CleanupRegistry::register("by a handler of the C library", || {
                    say("handler of the C library's");
                });
            }
            // Called after the registry was.
            on_exit(registers);
            says("first");
            let again = CleanupRegistry::register("taken back", || say("handler taken back"));
            waits("second");
            let third = CleanupRegistry::register("third", || say("handler third"));
            std::thread::spawn(move || {
                RUNS.wait();
                // While handlers run.
                says("while others run");
                assert!(again.unregister());
                assert!(!third.unregister());
                GO_ON.set();
            });
            ExitCode::SUCCESS
        }
        "forks" => {
            says("first");
            signals::install().unwrap();
            let child = |work: fn()| {
                // SAFETY: the child only ends.
                unsafe {
                    let child = libc::fork();
                    if child == 0 {
                        libc::alarm(30);
                        work();
                        libc::_exit(99);
                    }
                    let mut status = 0;
                    libc::waitpid(child, &raw mut status, 0);
                    status
                }
            };
            assert_eq!(child(|| force_exit(7)), 7 << 8);
            assert_eq!(child(|| c_exit(7)), 7 << 8);
            assert_eq!(child(|| assert!(CleanupRegistry::run_all().is_empty())), 99 << 8);
            assert_eq!(child(|| send(libc::SIGTERM)), libc::SIGTERM);
            assert_eq!(
                child(|| {
                    says("of the child");
                    force_exit(7)
                }),
                7 << 8
            );
            assert_eq!(
                child(|| {
                    signals::install().unwrap();
                    send(libc::SIGTERM);
                    forever()
                }),
                libc::SIGTERM
            );
            say("no child did");
            ExitCode::SUCCESS
        }
        "waits" => {
            says("first");
            signals::install().unwrap();
            ready();
            forever()
        }
        "leaves with 130" => {
            extern "C" fn note(_: i32) {
                NOTED.store(true, Ordering::SeqCst);
            }
            static NOTED: AtomicBool = AtomicBool::new(false);
            says("first");
            set_handler(libc::SIGINT, note as *const () as usize, 0);
            ready();
            while !NOTED.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
            force_exit(130)
        }
        "race" => race(how.parse().unwrap()),
        other => panic!("{other}"),
    }
}

/// Everything at once: exits, signals, registering and taking back.
fn race(seed: u64) -> ExitCode {
    static BARRIER: Barrier = Barrier::new(6);
    let mut state = seed;
    let mut random = move |below: u64| {
        // splitmix64
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    };
    for i in 0..10 {
        says(&format!("{i}"));
    }
    let taken: Vec<_> =
        (0..10).map(|i| (i, CleanupRegistry::register("t", move || say(&format!("handler t{i}"))))).collect();
    signals::install().unwrap();
    let mut start = |work: Box<dyn FnOnce() + Send>| {
        let spins = random(20_000);
        std::thread::spawn(move || {
            BARRIER.wait();
            (0..spins).for_each(|_| std::hint::spin_loop());
            work()
        });
    };
    start(Box::new(|| std::process::exit(1)));
    start(Box::new(|| force_exit(2)));
    start(Box::new(|| send(libc::SIGTERM)));
    start(Box::new(|| (0..20).for_each(|i| says(&format!("r{i}")))));
    start(Box::new(move || {
        for (i, guard) in taken {
            if guard.unregister() {
                say(&format!("taken t{i}"));
            }
        }
    }));
    BARRIER.wait();
    if seed.is_multiple_of(2) { ExitCode::from(3) } else { forever() }
}
