//! The bounded queue between two threads, with timeout and shutdown.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Why nothing was put in or taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueError {
    /// The time is over.
    Timeout,
    /// The queue was closed.
    Closed,
}

struct State<T> {
    items: VecDeque<T>,
    closed: bool,
    taken: u64,
}

/// A first-in first-out queue of at most `capacity` items.
pub struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    capacity: usize,
}

impl<T> Queue<T> {
    /// An empty, open queue.
    pub fn new(capacity: usize) -> Self {
        let state = State { items: VecDeque::new(), closed: false, taken: 0 };
        Self { state: Mutex::new(state), changed: Condvar::new(), capacity: capacity.max(1) }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // A panic elsewhere leaves items and flag valid: each change below is a single step.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for room, at most `timeout` where there is one. A closed queue gives the item back.
    ///
    /// # Errors
    /// The item with [`QueueError::Timeout`] or [`QueueError::Closed`].
    pub fn push(&self, item: T, timeout: Option<Duration>) -> Result<(), (T, QueueError)> {
        match self.wait(timeout, |state| state.items.len() < self.capacity) {
            Ok(mut state) => {
                state.items.push_back(item);
                self.changed.notify_all();
                Ok(())
            }
            Err(why) => Err((item, why)),
        }
    }

    /// Waits for an item, at most `timeout` where there is one.
    ///
    /// # Errors
    /// [`QueueError::Timeout`] or [`QueueError::Closed`]; a closed queue gives nothing, whatever is left in it.
    pub fn pop(&self, timeout: Option<Duration>) -> Result<T, QueueError> {
        let mut state = self.wait(timeout, |state| !state.items.is_empty())?;
        let item = state.items.pop_front().ok_or(QueueError::Closed)?;
        state.taken += 1;
        self.changed.notify_all();
        Ok(item)
    }

    fn wait(
        &self,
        timeout: Option<Duration>,
        ready: impl Fn(&State<T>) -> bool,
    ) -> Result<MutexGuard<'_, State<T>>, QueueError> {
        let deadline = timeout.and_then(|t| Instant::now().checked_add(t));
        let mut state = self.lock();
        loop {
            if state.closed {
                return Err(QueueError::Closed);
            }
            if ready(&state) {
                return Ok(state);
            }
            state = match deadline {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(QueueError::Timeout);
                    }
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Number of items that were taken out so far.
    pub fn taken(&self) -> u64 {
        self.lock().taken
    }

    /// Waits until more than `count` items were taken out, at most `timeout` where there is one.
    ///
    /// # Errors
    /// [`QueueError::Timeout`] or [`QueueError::Closed`].
    pub fn wait_taken(&self, count: u64, timeout: Option<Duration>) -> Result<(), QueueError> {
        self.wait(timeout, |state| state.taken > count).map(drop)
    }

    /// Closes the queue, drops what is in it and wakes everybody. Closing twice does nothing.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let dropped = std::mem::take(&mut state.items);
        self.changed.notify_all();
        drop(state);
        drop(dropped);
    }

    /// Whether the queue was closed.
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Number of waiting items.
    pub fn len(&self) -> usize {
        self.lock().items.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether an item would have to wait for room.
    pub fn is_full(&self) -> bool {
        self.len() >= self.capacity
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    const SOON: Option<Duration> = Some(Duration::from_millis(20));

    #[test]
    fn keeps_the_order_and_the_bound() {
        let q = Queue::new(2);
        q.push(1, None).unwrap();
        q.push(2, None).unwrap();
        assert_eq!(q.push(3, SOON), Err((3, QueueError::Timeout)));
        assert_eq!(q.pop(None), Ok(1));
        q.push(3, None).unwrap();
        assert_eq!((q.pop(None), q.pop(None)), (Ok(2), Ok(3)));
        assert_eq!(q.pop(SOON), Err(QueueError::Timeout));
    }

    #[test]
    fn closing_wakes_a_reader_and_a_writer_that_wait_without_a_limit() {
        let (empty, full) = (Arc::new(Queue::<u8>::new(1)), Arc::new(Queue::new(1)));
        full.push(0u8, None).unwrap();
        let reader = thread::spawn({
            let q = Arc::clone(&empty);
            move || q.pop(None)
        });
        let writer = thread::spawn({
            let q = Arc::clone(&full);
            move || q.push(1, None)
        });
        empty.close();
        full.close();
        full.close();
        assert_eq!(reader.join().unwrap(), Err(QueueError::Closed));
        assert_eq!(writer.join().unwrap(), Err((1, QueueError::Closed)));
        assert_eq!(full.pop(None), Err(QueueError::Closed));
    }
}
