//! The thread that runs network groups round-robin, and the threads that compute.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::group::Group;

struct State {
    groups: Vec<Arc<Group>>,
    stopping: bool,
    /// Counts the changes that may have made a group ready.
    changes: u64,
}

/// Tells the scheduler that frames or room have come.
pub struct Wake {
    state: Mutex<State>,
    changed: Condvar,
}

impl Wake {
    fn new() -> Self {
        let state = State { groups: Vec::new(), stopping: false, changes: 0 };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn update(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        state.changes += 1;
        drop(state);
        self.changed.notify_all();
    }

    /// Something changed that may have made a group ready.
    pub fn notify(&self) {
        self.update(|_| {});
    }
}

/// The scheduler of one virtual device.
pub struct Scheduler {
    wake: Arc<Wake>,
    thread: Option<JoinHandle<()>>,
}

impl Scheduler {
    /// Starts the scheduler's thread. The threads that compute start with the first group.
    pub fn start() -> Self {
        let wake = Arc::new(Wake::new());
        let thread = super::vdevice::spawn("hailort-sched", {
            let wake = Arc::clone(&wake);
            move || run(&wake)
        });
        Self { wake, thread: Some(thread) }
    }

    /// What vstreams use to wake the scheduler.
    pub fn wake(&self) -> &Arc<Wake> {
        &self.wake
    }

    /// Adds a group to those that are run.
    pub fn add(&self, group: Arc<Group>) {
        self.wake.update(|state| state.groups.push(group));
    }

    /// The groups in the order in which they were configured.
    pub fn groups(&self) -> Vec<Arc<Group>> {
        self.wake.state.lock().unwrap_or_else(PoisonError::into_inner).groups.clone()
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        self.wake.update(|state| state.stopping = true);
        if let Some(thread) = self.thread.take() {
            // Waits for the inference in progress. A panic in it was reported where it happened.
            let _ = thread.join();
        }
        // Each group holds what wakes this scheduler, which holds the groups: somebody has to let go.
        let groups =
            std::mem::take(&mut self.wake.state.lock().unwrap_or_else(PoisonError::into_inner).groups);
        drop(groups);
    }
}

fn run(wake: &Wake) {
    let mut pool: Option<Pool> = None;
    let mut last = 0;
    let mut state = wake.state.lock().unwrap_or_else(PoisonError::into_inner);
    while !state.stopping {
        if pool.is_none() && !state.groups.is_empty() {
            pool = Some(Pool::start());
        }
        let count = state.groups.len();
        let ready = (1..=count).map(|i| (last + i) % count).find(|i| state.groups[*i].is_ready());
        if let (Some(index), Some(pool)) = (ready, &pool) {
            last = index;
            let group = Arc::clone(&state.groups[index]);
            drop(state);
            pool.run(|| group.run());
            state = wake.state.lock().unwrap_or_else(PoisonError::into_inner);
        } else {
            // `is_ready` looked while the lock was held, and a change needs the lock: none can be missed.
            let seen = state.changes;
            while state.changes == seen && !state.stopping {
                state = wake.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

/// The threads that compute: `HAILO_SIM_THREADS`, else one for each processor that this process may use.
struct Pool {
    rayon: Option<rayon::ThreadPool>,
    threads: Vec<JoinHandle<()>>,
}

impl Pool {
    fn start() -> Self {
        let asked = std::env::var("HAILO_SIM_THREADS").ok().and_then(|v| v.parse::<usize>().ok());
        let count = asked
            .filter(|n| (1..=256).contains(n))
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
        let mut threads = Vec::new();
        let rayon = rayon::ThreadPoolBuilder::new()
            .num_threads(count)
            .spawn_handler(|thread| {
                threads.push(super::vdevice::spawn("hailort-compute", move || thread.run()));
                Ok(())
            })
            .build()
            .expect("a thread pool whose spawn handler never fails");
        Self { rayon: Some(rayon), threads }
    }

    fn run(&self, work: impl FnOnce() + Send) {
        match &self.rayon {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // Rayon ends its threads when the pool goes, but does not wait for them.
        self.rayon = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
