//! Input and output vstreams.
//!
//! As in the real library, an input has one thread and an output has two, which move frames between the caller's
//! queue and the network's port. The network computes in float32. Frames of that type are moved as they are; of others
//! the caller's are converted to the device's and read as what they stand for, and the other way round.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use hailort_sys::types::*;

use super::forked::MadeBy;
use super::group::{Frame, Group};
use super::queue::{Queue, QueueError};
use super::vdevice::spawn;
use crate::frames::transform::{InputTransform, OutputTransform};

/// The format of frames that nobody converts.
const FLOATS: hailo_format_t = hailo_format_t {
    type_: HAILO_FORMAT_TYPE_FLOAT32,
    order: HAILO_FORMAT_ORDER_NHWC,
    flags: HAILO_FORMAT_FLAGS_NONE,
};

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
    /// None waits for ever.
    timeout: Option<Duration>,
    threads: Vec<JoinHandle<()>>,
    /// Closed when the threads may end.
    released: Arc<Queue<()>>,
    made_by: MadeBy,
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

impl Stream {
    fn close(&self) {
        self.queue.close();
        for queue in &self.inner {
            queue.close();
        }
    }

    fn clear(&self) {
        for queue in self.inner.iter().chain([&self.queue]) {
            while queue.pop(Some(Duration::ZERO)).is_ok() {}
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.close();
        self.released.close();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Moves frames until one of the queues is closed; then closes the other, so that the end reaches the caller. As in the
/// real library the thread stays until its vstream is released.
fn pump(from: &Queue<Frame>, to: &Queue<Frame>, released: &Queue<()>, mut moved: impl FnMut()) {
    while let Ok(frame) = from.pop(None) {
        moved();
        if to.push(frame, None).is_err() {
            break;
        }
        moved();
    }
    from.close();
    to.close();
    // Nothing is ever put in: the end ends the wait.
    let _ = released.pop(None);
}

/// The host's end of an input.
pub struct InputVStream {
    stream: Stream,
    /// The format of the caller's frames.
    pub format: hailo_format_t,
    /// From the caller's frames to the device's; `None` where they hold what the network computes with.
    pub conversion: Option<InputTransform>,
    /// Frames that were written.
    written: AtomicU64,
}

impl InputVStream {
    /// Attaches to the input `port` of the group; `None` where another vstream is attached.
    pub fn new(
        group: &Arc<Group>,
        port: usize,
        queue_size: usize,
        timeout: Option<Duration>,
    ) -> Option<Self> {
        let device = Arc::new(Queue::new(queue_size));
        if !group.inputs[port].attach(&device) {
            return None;
        }
        let (queue, released) = (Arc::new(Queue::new(queue_size)), Arc::new(Queue::new(1)));
        let thread = spawn("hailort-input", {
            let (group, from, to) = (Arc::clone(group), Arc::clone(&queue), Arc::clone(&device));
            let released = Arc::clone(&released);
            move || pump(&from, &to, &released, || group.wake.notify())
        });
        if group.is_shut_down() {
            device.close();
        }
        // Frames may wait at the other ports since before this one was attached.
        group.wake.notify();
        let group = Arc::clone(group);
        let made_by = MadeBy::this_process();
        let stream = Stream {
            group,
            port,
            queue,
            inner: vec![device],
            timeout,
            threads: vec![thread],
            released,
            made_by,
        };
        Some(Self { stream, format: FLOATS, conversion: None, written: AtomicU64::new(0) })
    }

    /// The group and the number of the input.
    pub fn port(&self) -> (&Arc<Group>, usize) {
        (&self.stream.group, self.stream.port)
    }

    /// Queues one frame; waits for room up to the timeout.
    ///
    /// # Errors
    /// See [`TransferError`].
    pub fn write(&self, frame: Frame) -> Result<(), TransferError> {
        self.write_within(frame, self.stream.timeout)
    }

    /// As [`InputVStream::write`], with another timeout.
    ///
    /// # Errors
    /// See [`TransferError`].
    pub fn write_within(&self, frame: Frame, timeout: Option<Duration>) -> Result<(), TransferError> {
        if self.stream.group.is_shut_down() {
            return Err(self.stream.fail(QueueError::Closed));
        }
        self.stream.queue.push(frame, timeout).map_err(|(_, why)| self.stream.fail(why))?;
        self.written.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    /// Waits until the network has taken all frames that were written, for each at most the timeout. Answers how many
    /// it has not waited for to the end. The shutdown of the group ends the wait.
    pub fn flush(&self) -> u64 {
        let device = &self.stream.inner[0];
        let mut given_up = 0;
        loop {
            let taken = device.taken();
            if taken + given_up >= self.written.load(Ordering::SeqCst) {
                return given_up;
            }
            match device.wait_taken(taken, self.stream.timeout) {
                Ok(()) => {}
                Err(QueueError::Timeout) => given_up += 1,
                Err(QueueError::Closed) => return given_up,
            }
        }
    }

    /// The process that has its thread.
    pub fn made_by(&self) -> &MadeBy {
        &self.stream.made_by
    }

    /// Ends all transfers: whoever waits is told.
    pub fn close(&self) {
        self.stream.close();
    }

    /// Throws the frames away that wait.
    pub fn clear(&self) {
        self.stream.clear();
    }
}

impl Drop for InputVStream {
    fn drop(&mut self) {
        self.stream.group.inputs[self.stream.port].detach();
    }
}

/// The host's end of an output.
pub struct OutputVStream {
    stream: Stream,
    /// The format of the caller's frames.
    pub format: hailo_format_t,
    /// From the device's frames to the caller's; `None` where they hold what the network computes with.
    pub conversion: Option<OutputTransform>,
}

impl OutputVStream {
    /// Attaches to the output `port` of the group; `None` where another vstream is attached.
    pub fn new(
        group: &Arc<Group>,
        port: usize,
        queue_size: usize,
        timeout: Option<Duration>,
    ) -> Option<Self> {
        let device = Arc::new(Queue::new(queue_size));
        if !group.outputs[port].attach(&device) {
            return None;
        }
        let (middle, queue) = (Arc::new(Queue::new(queue_size)), Arc::new(Queue::new(queue_size)));
        let released = Arc::new(Queue::new(1));
        let first = spawn("hailort-output", {
            let (group, from, to) = (Arc::clone(group), Arc::clone(&device), Arc::clone(&middle));
            let released = Arc::clone(&released);
            move || pump(&from, &to, &released, || group.wake.notify())
        });
        let second = spawn("hailort-convert", {
            let (from, to) = (Arc::clone(&middle), Arc::clone(&queue));
            let released = Arc::clone(&released);
            move || pump(&from, &to, &released, || {})
        });
        if group.is_shut_down() {
            device.close();
        }
        // Frames may wait at the other ports since before this one was attached.
        group.wake.notify();
        let group = Arc::clone(group);
        let inner = vec![device, middle];
        let (threads, made_by) = (vec![first, second], MadeBy::this_process());
        let stream = Stream { group, port, queue, inner, timeout, threads, released, made_by };
        Some(Self { stream, format: FLOATS, conversion: None })
    }

    /// The group and the number of the output.
    pub fn port(&self) -> (&Arc<Group>, usize) {
        (&self.stream.group, self.stream.port)
    }

    /// The process that has its threads.
    pub fn made_by(&self) -> &MadeBy {
        &self.stream.made_by
    }

    /// Takes the next frame; waits for it up to the timeout.
    ///
    /// # Errors
    /// See [`TransferError`].
    pub fn read(&self) -> Result<Frame, TransferError> {
        self.read_within(self.stream.timeout)
    }

    /// Ends all transfers: whoever waits is told.
    pub fn close(&self) {
        self.stream.close();
    }

    /// Throws the frames away that wait.
    pub fn clear(&self) {
        self.stream.clear();
    }

    /// As [`OutputVStream::read`], with another timeout.
    ///
    /// # Errors
    /// See [`TransferError`].
    pub fn read_within(&self, timeout: Option<Duration>) -> Result<Frame, TransferError> {
        if self.stream.group.is_shut_down() {
            return Err(self.stream.fail(QueueError::Closed));
        }
        self.stream.queue.pop(timeout).map_err(|why| self.stream.fail(why))
    }
}

impl Drop for OutputVStream {
    fn drop(&mut self) {
        self.stream.group.outputs[self.stream.port].detach();
    }
}
