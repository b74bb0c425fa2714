//! One question and its answer, within a deadline.

use std::io::{Read, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::frame::FrameError;
use super::handover;
use super::message::{Request, Response, receive, send, send_samples};
use crate::watchdog::{Deadlines, Phase};

/// What goes with a request.
pub(super) enum Payload<'a> {
    /// Nothing.
    None,
    /// Samples of audio.
    Samples(&'a [f32]),
    /// Open files of which the worker gets copies.
    Files([BorrowedFd<'a>; handover::MOST]),
}

/// Which phase a request is in, since when, and how long that may take.
#[derive(Debug)]
pub(super) struct Clock {
    pub(super) phase: Phase,
    pub(super) since: Instant,
    pub(super) deadline: Duration,
    /// For phases that come later.
    deadlines: Deadlines,
}

impl Clock {
    /// Starts in this phase.
    pub(super) fn start(phase: Phase, deadlines: impl Into<Deadlines>) -> Self {
        let deadlines = deadlines.into();
        Self { phase, since: Instant::now(), deadline: deadlines.of(phase), deadlines }
    }

    /// The phase begins, or begins again.
    fn enter(&mut self, phase: Phase) {
        (self.phase, self.since, self.deadline) = (phase, Instant::now(), self.deadlines.of(phase));
    }

    fn until(&self) -> Instant {
        // One that is too far to be told is a year away.
        self.since.checked_add(self.deadline).unwrap_or(self.since + Duration::from_secs(31_536_000))
    }
}

/// Sends a request and waits for its answer. The clock starts again when the request was sent, with each window of
/// audio that is done, and with each phase that begins.
pub(super) fn converse(
    socket: &mut UnixStream,
    request: &Request,
    payload: Payload<'_>,
    clock: &mut Clock,
    progress: &mut dyn FnMut(f64),
) -> Result<Response, FrameError> {
    let mut socket = Until { socket, until: clock.until() };
    send(&mut socket, request)?;
    match payload {
        Payload::None => {}
        Payload::Samples(samples) => send_samples(&mut socket, samples)?,
        Payload::Files(files) => handover::give(socket.socket, files)?,
    }
    clock.enter(clock.phase);
    loop {
        socket.until = clock.until();
        match receive(&mut socket)? {
            Response::Progress(seconds) => {
                progress(seconds);
                clock.enter(clock.phase);
            }
            Response::Phase(phase) => clock.enter(phase),
            response => return Ok(response),
        }
    }
}

/// A socket with a deadline for all that is read and written. A socket's own timeouts are for one call: whoever sends
/// byte by byte would stretch them.
struct Until<'a> {
    socket: &'a mut UnixStream,
    until: Instant,
}

impl Until<'_> {
    fn left(&self) -> std::io::Result<Option<Duration>> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(std::io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for Until<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.socket.set_read_timeout(self.left()?)?;
        self.socket.read(buffer)
    }
}

impl Write for Until<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.socket.set_write_timeout(self.left()?)?;
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.socket.flush()
    }
}
