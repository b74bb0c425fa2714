//! [`DeviceLease`].

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::error::LeaseError;
use super::lock::{self, LockFile};
use super::notice::Notice;
use super::options::{LeaseOptions, Wait};
use super::owner::Owner;
use super::queue::Queue;
use super::ticket::Ticket;
use super::watch::Watch;
use super::wedged::Wedged;
use super::{nested, threads};
use crate::device::holders::{Holder, Holders, Node};

/// How long a lock that nobody is seen to hold may be locked by somebody who only looks.
const MOMENT: Duration = Duration::from_millis(20);

/// The right to use a device, as long as this lives: nobody on this host has it besides, if all ask for it here.
///
/// Dropping it gives the device back. When the process ends without that, however it ends, the kernel does, as soon as
/// no process has a copy of the lock any more (see [`DeviceLease::files`]).
///
/// ```
/// use hailo_harness::device::lease::{DeviceLease, LeaseOptions, LockFolder, Wait};
///
/// let folder = LockFolder::at(&std::env::temp_dir().join(format!("locks-{}", std::process::id())))?;
/// let devices = ["0000:01:00.0".to_owned()];
/// let lease = DeviceLease::acquire(&devices, &LeaseOptions::in_folder(folder.clone()))?;
/// assert_eq!(lease.device(), "0000:01:00.0");
/// std::thread::scope(|scope| {
///     let other = LeaseOptions::in_folder(folder.clone()).waiting(Wait::Never);
///     let refused = scope.spawn(move || DeviceLease::acquire(&["0000:01:00.0".to_owned()], &other).unwrap_err());
///     assert!(refused.join().unwrap().to_string().contains("is held for"));
/// });
/// # drop(lease);
/// # std::fs::remove_dir_all(folder.path()).unwrap();
/// # Ok::<(), hailo_harness::device::lease::LeaseError>(())
/// ```
#[derive(Debug)]
pub struct DeviceLease {
    device: String,
    /// What the device is called among those who queue for it here.
    locked: String,
    lock: LockFile,
    ticket: Ticket,
    options: LeaseOptions,
    waited: Duration,
    /// Its number in the list of what threads hold.
    number: u64,
    /// The process that took it: a child made by fork has a copy of this, and must not give the device back.
    process: u32,
    /// Whether those that have copies of the files keep the device.
    is_left: bool,
    /// What told that the device was free. Dropped last, since that takes time.
    _watch: Option<Watch>,
}

impl DeviceLease {
    /// Takes one of these devices, the first that is free, after all who came before and can use it.
    ///
    /// Where others hold them all, this waits, and says so on standard error after a second. In a program that runs
    /// under `hailo-harness hold`, the device that is held for it is the only one that it can have.
    ///
    /// # Errors
    /// When none was free in time; at once, when this thread holds them all, all are marked as wedged, or nothing is to
    /// be waited for; when the folder of the locks cannot be used.
    pub fn acquire(devices: &[String], options: &LeaseOptions) -> Result<Self, LeaseError> {
        let start = Instant::now();
        let folder = &options.folder;
        let held = nested::held(&Queue::read(folder)?, devices);
        let wanted = devices;
        let (devices, locked) = match &held {
            Some(held) => (vec![held.device.clone()], vec![held.name.clone()]),
            None => (devices.to_vec(), devices.to_vec()),
        };
        if devices.is_empty() {
            return Err(LeaseError::NoDevice);
        }
        if locked.iter().all(|d| threads::holds(d)) {
            return Err(LeaseError::SameThread { devices });
        }
        let mut locks = Vec::new();
        for device in &locked {
            locks.push(LockFile::open(folder, device)?);
        }
        let mut watch: Option<Watch> = None;
        let mut ticket = Ticket::take(folder, &locked, &options.program)?;
        let mut notice = Notice::new(options.notices);
        loop {
            if options.cancelled.load(Ordering::SeqCst) {
                return Err(LeaseError::Cancelled);
            }
            let queue = Queue::read(folder)?;
            // Read again and again: a device may be marked while it is waited for.
            let marks = marks(options, &devices, &locked)?;
            for (i, device) in locked.iter().enumerate() {
                if marks[i]
                    || threads::holds(device)
                    || queue.before(ticket.stem(), device) > 0
                    || !locks[i].try_lock(folder)?
                {
                    continue;
                }
                // Somebody whose lock file was removed, or who runs under a lease that has ended, has the device still.
                if Queue::read(folder)?.is_held(device) {
                    locks[i].unlock();
                    continue;
                }
                ticket.hold(i)?;
                if held.as_ref().is_some_and(|h| Queue::read(folder).is_ok_and(|queue| !h.lasts(&queue))) {
                    // What it would run under has ended meanwhile.
                    drop(ticket);
                    drop(locks);
                    return Self::acquire(wanted, options);
                }
                {
                    let number = threads::enter(device);
                    let (device, locked, lock) = (devices[i].clone(), device.clone(), locks.swap_remove(i));
                    let (options, process) = (options.clone(), std::process::id());
                    let waited = start.elapsed();
                    watch.iter().for_each(Watch::stop);
                    return Ok(Self {
                        device,
                        locked,
                        lock,
                        ticket,
                        options,
                        waited,
                        number,
                        process,
                        is_left: false,
                        _watch: watch,
                    });
                }
            }
            let waited = start.elapsed();
            let Wait::AtMost(longest) = options.wait else {
                // Whoever only looks whether the lock is free holds it for a moment.
                if waited < MOMENT && locked.iter().any(|d| !queue.is_held(d)) {
                    std::thread::sleep(MOMENT / 20);
                    continue;
                }
                let (holders, before) = (holders(&queue, &locked), waiting(&queue, ticket.stem(), &locked));
                return Err(LeaseError::Busy { holders, before });
            };
            let left = longest.saturating_sub(waited);
            if left.is_zero() {
                let (holders, before) = (holders(&queue, &locked), waiting(&queue, ticket.stem(), &locked));
                return Err(LeaseError::Timeout { waited, holders, before });
            }
            notice.waiting(waited, || (holders(&queue, &locked), waiting(&queue, ticket.stem(), &locked)));
            match &mut watch {
                Some(watch) => watch.wait(left),
                // And look once more, so that nothing is missed that happened before.
                None => watch = Some(Watch::new(folder)),
            }
        }
    }

    /// The device.
    pub fn device(&self) -> &str {
        &self.device
    }

    /// Marks the device as wedged: who asks for it next is told at once. `stuck` is a process that could not be killed.
    ///
    /// # Errors
    /// When the mark cannot be written.
    pub fn mark_wedged(&self, why: &str, stuck: Option<u32>) -> Result<(), LeaseError> {
        Wedged::mark(&self.options.folder, &self.device, &self.options.program, why, stuck)
    }

    /// Takes the device's mark away: it was opened.
    ///
    /// # Errors
    /// When the mark is another user's.
    pub fn clear_wedged(&self) -> Result<(), LeaseError> {
        Wedged::clear(&self.options.folder, &self.device)
    }

    /// How long it took to get it.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// The two open files that keep the device for whoever has a copy of them: the lock, and the ticket that says who
    /// holds it. A process that touches the device gets copies, so that it is not free before that process has gone,
    /// too. They are closed on exec, and must not be locked or unlocked by others.
    pub fn files(&self) -> [BorrowedFd<'_>; 2] {
        [self.lock.fd().as_fd(), self.ticket.fd().as_fd()]
    }

    /// Variable and value that let a program which runs under this lease use the device; see `hailo-harness hold`.
    pub fn nested(&self) -> (&'static str, String) {
        (nested::VARIABLE, nested::value(self.ticket.stem(), &self.locked))
    }

    /// Says that this thread holds the device from now on; what else it asks for, it would wait for itself.
    pub fn hand_over_here(&self) {
        threads::hand_over(self.number);
    }

    /// Gives the device back.
    pub fn release(self) {}

    /// From now on dropping this lets go of the device without taking it from those that have copies of
    /// [`DeviceLease::files`]: it is free when the last of them has ended.
    pub fn share(&mut self) {
        self.is_left = true;
        self.ticket.leave();
    }

    /// Lets go of a device that is shared (see [`DeviceLease::share`]), and answers who has it still, as far as that can
    /// be seen.
    pub fn leave_to_copies(mut self) -> Vec<Holder> {
        let (folder, locked, stem) =
            (self.options.folder.clone(), self.locked.clone(), self.ticket.stem().to_owned());
        let ticket = folder.path().join(self.ticket.name());
        self.share();
        drop(self);
        // This also removes the ticket, where nobody has it any more.
        if Queue::read(&folder).is_ok_and(|queue| queue.holder(&stem, &locked).is_none()) {
            let within = lock::file_name(&nested::name(&stem, &locked));
            if lock::is_free(&folder, &within) {
                folder.remove(&within);
            }
            return Vec::new();
        }
        Holders::look(&[Node::File(ticket)], &[]).found
    }

    /// Never gives the device back while this process lives: somebody may use it who cannot be ended.
    pub fn keep(self) {
        threads::leave(self.number);
        std::mem::forget(self);
    }
}

impl Drop for DeviceLease {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            return;
        }
        threads::leave(self.number);
        if !self.is_left {
            self.options.folder.remove(&lock::file_name(&nested::name(self.ticket.stem(), &self.locked)));
            // The name first: whoever finds the lock free must not find a holder. The ticket is closed after this,
            // which wakes those who wait.
            self.ticket.withdraw();
            self.lock.unlock();
        }
    }
}

/// Which of these devices are marked as wedged.
///
/// # Errors
/// When all of them are.
fn marks(options: &LeaseOptions, devices: &[String], locked: &[String]) -> Result<Vec<bool>, LeaseError> {
    if options.wedged {
        return Ok(vec![false; locked.len()]);
    }
    let read: Vec<Option<Wedged>> =
        locked.iter().map(|d| Wedged::read(&options.folder, nested::shown(d))).collect();
    let marks: Vec<bool> = read.iter().map(Option::is_some).collect();
    if marks.contains(&false) {
        return Ok(marks);
    }
    let named = devices.iter().cloned().zip(read.into_iter().flatten()).collect();
    Err(LeaseError::Wedged { marks: named })
}

/// Who holds these devices.
fn holders(queue: &Queue, devices: &[String]) -> Vec<(String, Option<Owner>)> {
    devices.iter().map(|d| (nested::shown(d).to_owned(), queue.owner(d))).collect()
}

/// How many came before this ticket, for any of these devices.
fn waiting(queue: &Queue, stem: &str, devices: &[String]) -> usize {
    devices.iter().map(|d| queue.before(stem, d)).max().unwrap_or(0)
}
