//! Which thread of this process holds which device: one that asks for a second lease of it would wait for itself.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

#[derive(Debug)]
struct Held {
    number: u64,
    device: String,
    thread: ThreadId,
}

#[derive(Debug)]
struct List {
    next: u64,
    held: Vec<Held>,
}

static LIST: Mutex<List> = Mutex::new(List { next: 0, held: Vec::new() });

fn list() -> MutexGuard<'static, List> {
    LIST.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether this thread holds the device.
pub(super) fn holds(device: &str) -> bool {
    let thread = std::thread::current().id();
    list().held.iter().any(|h| h.thread == thread && h.device == device)
}

/// This thread holds the device from now on; answers a number for it.
pub(super) fn enter(device: &str) -> u64 {
    let mut list = list();
    list.next += 1;
    let (number, thread) = (list.next, std::thread::current().id());
    list.held.push(Held { number, device: device.into(), thread });
    number
}

/// The lease has been handed to this thread.
pub(super) fn hand_over(number: u64) {
    let thread = std::thread::current().id();
    if let Some(held) = list().held.iter_mut().find(|h| h.number == number) {
        held.thread = thread;
    }
}

/// Nobody holds it any more.
pub(super) fn leave(number: u64) {
    list().held.retain(|h| h.number != number);
}
