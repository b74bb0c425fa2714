//! Streams: frames as the device has them, quantised and padded, without the conversions of vstreams.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use hailort_sys::status::*;
use hailort_sys::types::hailo_status;

use super::group::{Frame, Group};
use super::vdevice::spawn;
use super::vstream::{InputVStream, OutputVStream, TransferError};
use crate::frames::transform::{quantised, values};
use crate::hef::{Direction, StreamInfo};

/// Frames that may be on their way at once.
pub const ASYNC_QUEUE: usize = 16;
/// How long a transfer may take where nobody says otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What is told of a transfer when it has ended.
type Done = Box<dyn FnOnce(hailo_status) + Send>;
/// Gets the bytes of a frame.
type Take = Box<dyn FnOnce(&[u8]) + Send>;

/// A transfer for the thread that does them one after the other.
enum Job {
    Write { frame: Vec<u8>, done: Done },
    Read { take: Take, done: Done },
}

/// What is attached to the port, from the first transfer on.
enum End {
    Input(InputVStream),
    Output(OutputVStream),
}

/// The thread for transfers that nobody waits for.
struct Worker {
    jobs: Sender<Job>,
    thread: JoinHandle<()>,
}

struct Inner {
    group: Arc<Group>,
    port: usize,
    direction: Direction,
    /// `None` waits without end.
    timeout: Mutex<Option<Duration>>,
    end: Mutex<Option<Arc<End>>>,
    /// Transfers that were started and have not ended.
    started: Mutex<usize>,
    fewer: std::sync::Condvar,
}

/// An input or output of a group.
pub struct RawStream {
    inner: Arc<Inner>,
    worker: Mutex<Option<Worker>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn status(why: TransferError) -> hailo_status {
    match why {
        TransferError::Timeout => HAILO_TIMEOUT,
        TransferError::Aborted => HAILO_STREAM_ABORT,
        TransferError::Failed(status) => status,
    }
}

impl Inner {
    fn info(&self) -> &StreamInfo {
        let ports =
            if self.direction == Direction::HostToDevice { &self.group.inputs } else { &self.group.outputs };
        &ports[self.port].info
    }

    /// What is attached. Where a vstream is, the stream cannot be used.
    fn end(&self) -> Result<Arc<End>, hailo_status> {
        let mut end = locked(&self.end);
        if let Some(end) = &*end {
            return Ok(Arc::clone(end));
        }
        let (group, port) = (&self.group, self.port);
        let attached = match self.direction {
            Direction::HostToDevice => InputVStream::new(group, port, ASYNC_QUEUE, None).map(End::Input),
            Direction::DeviceToHost => OutputVStream::new(group, port, ASYNC_QUEUE, None).map(End::Output),
        };
        let attached = Arc::new(attached.ok_or(HAILO_INVALID_OPERATION)?);
        *end = Some(Arc::clone(&attached));
        Ok(attached)
    }

    fn check(&self, size: usize) -> Result<(), hailo_status> {
        if size != self.info().transfer_bytes() as usize {
            return Err(HAILO_INVALID_ARGUMENT);
        }
        self.group.link.check()?;
        if self.group.activation.may_run() { Ok(()) } else { Err(HAILO_STREAM_NOT_ACTIVATED) }
    }

    fn write(&self, frame: &[u8], timeout: Option<Duration>) -> Result<(), hailo_status> {
        let values: Frame = values(self.info(), frame);
        match &*self.end()? {
            End::Input(input) => input.write_within(values, timeout).map_err(status),
            End::Output(_) => Err(HAILO_INVALID_OPERATION),
        }
    }

    fn read(&self, timeout: Option<Duration>) -> Result<Vec<u8>, hailo_status> {
        match &*self.end()? {
            End::Output(output) => Ok(quantised(self.info(), &output.read_within(timeout).map_err(status)?)),
            End::Input(_) => Err(HAILO_INVALID_OPERATION),
        }
    }

    fn run(&self, jobs: &Receiver<Job>) {
        while let Ok(job) = jobs.recv() {
            let (status, done) = match job {
                Job::Write { frame, done } => (self.write(&frame, None).err().unwrap_or(HAILO_SUCCESS), done),
                Job::Read { take, done } => match self.read(None) {
                    Ok(frame) => {
                        take(&frame);
                        (HAILO_SUCCESS, done)
                    }
                    Err(status) => (status, done),
                },
            };
            // Who is told may start the next at once.
            *locked(&self.started) -= 1;
            self.fewer.notify_all();
            done(status);
        }
    }
}

impl RawStream {
    /// The stream of a port.
    pub fn new(group: &Arc<Group>, port: usize, direction: Direction) -> Self {
        let inner = Inner {
            group: Arc::clone(group),
            port,
            direction,
            timeout: Mutex::new(Some(TIMEOUT)),
            end: Mutex::new(None),
            started: Mutex::new(0),
            fewer: std::sync::Condvar::new(),
        };
        Self { inner: Arc::new(inner), worker: Mutex::new(None) }
    }

    /// Its group.
    pub fn group(&self) -> &Arc<Group> {
        &self.inner.group
    }

    /// The number of the input or output.
    pub fn port(&self) -> usize {
        self.inner.port
    }

    /// What the HEF says of it.
    pub fn info(&self) -> &StreamInfo {
        self.inner.info()
    }

    /// Says how long a transfer may take; `None` waits without end.
    pub fn set_timeout(&self, timeout: Option<Duration>) {
        *locked(&self.inner.timeout) = timeout;
    }

    /// Writes one frame of the device's.
    ///
    /// # Errors
    /// As the library answers.
    pub fn write(&self, frame: &[u8]) -> Result<(), hailo_status> {
        self.inner.check(frame.len())?;
        self.inner.write(frame, *locked(&self.inner.timeout))
    }

    /// Reads one frame of the device's, of so many bytes.
    ///
    /// # Errors
    /// As the library answers.
    pub fn read(&self, size: usize) -> Result<Vec<u8>, hailo_status> {
        self.inner.check(size)?;
        self.inner.read(*locked(&self.inner.timeout))
    }

    /// Starts to write one frame; `done` is told when the device has it.
    ///
    /// # Errors
    /// As the library answers: `HAILO_QUEUE_IS_FULL` where too many are on their way.
    pub fn start_write(&self, frame: &[u8], done: Done) -> Result<(), hailo_status> {
        self.inner.check(frame.len())?;
        self.start(Job::Write { frame: frame.to_vec(), done })
    }

    /// Starts to read one frame of so many bytes; `take` gets it, then `done` is told.
    ///
    /// # Errors
    /// As [`RawStream::start_write`].
    pub fn start_read(&self, size: usize, take: Take, done: Done) -> Result<(), hailo_status> {
        self.inner.check(size)?;
        self.start(Job::Read { take, done })
    }

    fn start(&self, job: Job) -> Result<(), hailo_status> {
        let mut started = locked(&self.inner.started);
        if *started >= ASYNC_QUEUE {
            return Err(HAILO_QUEUE_IS_FULL);
        }
        let mut worker = locked(&self.worker);
        let worker = worker.get_or_insert_with(|| {
            let (jobs, queue) = channel();
            let inner = Arc::clone(&self.inner);
            Worker { jobs, thread: spawn("hailort-async", move || inner.run(&queue)) }
        });
        worker.jobs.send(job).map_err(|_| HAILO_INTERNAL_FAILURE)?;
        *started += 1;
        Ok(())
    }

    /// Waits so long until another frame may be started.
    ///
    /// # Errors
    /// `HAILO_TIMEOUT`.
    pub fn wait_ready(&self, timeout: Duration) -> Result<(), hailo_status> {
        let started = locked(&self.inner.started);
        let waited = self.inner.fewer.wait_timeout_while(started, timeout, |n| *n >= ASYNC_QUEUE);
        if waited.unwrap_or_else(PoisonError::into_inner).1.timed_out() { Err(HAILO_TIMEOUT) } else { Ok(()) }
    }
}

impl Drop for RawStream {
    fn drop(&mut self) {
        // Ends what the thread waits for: each transfer on its way is told that it was aborted.
        let end = locked(&self.inner.end).take();
        if end.is_some() {
            let ports = match self.inner.direction {
                Direction::HostToDevice => &self.inner.group.inputs,
                Direction::DeviceToHost => &self.inner.group.outputs,
            };
            ports[self.inner.port].detach();
            match end.as_deref() {
                Some(End::Input(input)) => input.close(),
                Some(End::Output(output)) => output.close(),
                None => {}
            }
        }
        let worker = locked(&self.worker).take();
        if let Some(Worker { jobs, thread }) = worker {
            drop(jobs);
            // A call back that uses the stream while it is released may be the last to let go: the thread ends by itself.
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}
