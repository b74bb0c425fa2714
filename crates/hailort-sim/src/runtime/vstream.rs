//! Input and output vstreams.
//!
//! As in the real library, an input has one thread and an output has two, which move frames between the caller's
//! queue and the network's port. Only float32 frames on the host's side are simulated; the network computes in
//! float32, so that the frames are moved as they are.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::group::{Frame, Group};
use super::queue::{Queue, QueueError};
use super::vdevice::spawn;

/// Why a transfer did not take place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferError {
    /// The time is over.
    Timeout,
    /// The group was shut down, or the vstream released by another thread.
    Aborted,
    /// An inference of the group failed with this status.
    Failed(u32),
}

/// What both directions have in common: a port, a queue on the caller's side, and threads.
struct Stream {
    group: Arc<Group>,
    port: usize,
    queue: Arc<Queue<Frame>>,
    /// The queues between the threads, from the network's side to the caller's.
    inner: Vec<Arc<Queue<Frame>>>,
    timeout: Duration,
    threads: Vec<JoinHandle<()>>,
}

impl Stream {
    fn fail(&self, why: QueueError) -> TransferError {
        match (self.group.failure(), why) {
            (0, QueueError::Timeout) => TransferError::Timeout,
            (0, QueueError::Closed) => TransferError::Aborted,
            (status, _) => TransferError::Failed(status),
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.queue.close();
        for queue in &self.inner {
            queue.close();
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Moves frames until one of the queues is closed; then closes the other, so that the end reaches the caller.
fn pump(from: &Queue<Frame>, to: &Queue<Frame>, mut moved: impl FnMut()) {
    while let Ok(frame) = from.pop(None) {
        moved();
        if to.push(frame, None).is_err() {
            break;
        }
        moved();
    }
    from.close();
    to.close();
}

/// The host's end of an input.
pub struct InputVStream(Stream);

impl InputVStream {
    /// Attaches to the input `port` of the group; `None` where another vstream is attached.
    pub fn new(group: &Arc<Group>, port: usize, queue_size: usize, timeout: Duration) -> Option<Self> {
        let device = Arc::new(Queue::new(queue_size));
        if !group.inputs[port].attach(&device) {
            return None;
        }
        let queue = Arc::new(Queue::new(queue_size));
        let thread = spawn("hailort-input", {
            let (group, from, to) = (Arc::clone(group), Arc::clone(&queue), Arc::clone(&device));
            move || pump(&from, &to, || group.wake.notify())
        });
        if group.is_shut_down() {
            device.close();
        }
        let group = Arc::clone(group);
        Some(Self(Stream { group, port, queue, inner: vec![device], timeout, threads: vec![thread] }))
    }

    /// The group and the number of the input.
    pub fn port(&self) -> (&Arc<Group>, usize) {
        (&self.0.group, self.0.port)
    }

    /// Queues one frame; waits for room up to the timeout.
    ///
    /// # Errors
    /// See [`TransferError`].
    pub fn write(&self, frame: Frame) -> Result<(), TransferError> {
        if self.0.group.is_shut_down() {
            return Err(self.0.fail(QueueError::Closed));
        }
        self.0.queue.push(frame, Some(self.0.timeout)).map_err(|(_, why)| self.0.fail(why))
    }
}

impl Drop for InputVStream {
    fn drop(&mut self) {
        self.0.group.inputs[self.0.port].detach();
    }
}

/// The host's end of an output.
pub struct OutputVStream(Stream);

impl OutputVStream {
    /// Attaches to the output `port` of the group; `None` where another vstream is attached.
    pub fn new(group: &Arc<Group>, port: usize, queue_size: usize, timeout: Duration) -> Option<Self> {
        let device = Arc::new(Queue::new(queue_size));
        if !group.outputs[port].attach(&device) {
            return None;
        }
        let (middle, queue) = (Arc::new(Queue::new(queue_size)), Arc::new(Queue::new(queue_size)));
        let first = spawn("hailort-output", {
            let (group, from, to) = (Arc::clone(group), Arc::clone(&device), Arc::clone(&middle));
            move || pump(&from, &to, || group.wake.notify())
        });
        let second = spawn("hailort-convert", {
            let (from, to) = (Arc::clone(&middle), Arc::clone(&queue));
            move || pump(&from, &to, || {})
        });
        if group.is_shut_down() {
            device.close();
        }
        let group = Arc::clone(group);
        let inner = vec![device, middle];
        Some(Self(Stream { group, port, queue, inner, timeout, threads: vec![first, second] }))
    }

    /// The group and the number of the output.
    pub fn port(&self) -> (&Arc<Group>, usize) {
        (&self.0.group, self.0.port)
    }

    /// Takes the next frame; waits for it up to the timeout.
    ///
    /// # Errors
    /// See [`TransferError`].
    pub fn read(&self) -> Result<Frame, TransferError> {
        if self.0.group.is_shut_down() {
            return Err(self.0.fail(QueueError::Closed));
        }
        self.0.queue.pop(Some(self.0.timeout)).map_err(|why| self.0.fail(why))
    }
}

impl Drop for OutputVStream {
    fn drop(&mut self) {
        self.0.group.outputs[self.0.port].detach();
    }
}
