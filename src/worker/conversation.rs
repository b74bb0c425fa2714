//! One question and its answer, within a deadline.

use std::io::{Read, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::frame::FrameError;
use super::handover;
use super::message::{Request, Response, receive, send, send_samples};

/// What goes with a request.
pub(super) enum Payload<'a> {
    /// Nothing.
    None,
    /// Samples of audio.
    Samples(&'a [f32]),
    /// Open files of which the worker gets copies.
    Files([BorrowedFd<'a>; handover::MOST]),
}

/// Sends a request and waits for its answer, at most `deadline` for each step.
pub(super) fn converse(
    socket: &mut UnixStream,
    request: &Request,
    payload: Payload<'_>,
    deadline: Duration,
    progress: &mut dyn FnMut(f64),
) -> Result<Response, FrameError> {
    let mut socket = Until { socket, until: Instant::now() + deadline };
    send(&mut socket, request)?;
    match payload {
        Payload::None => {}
        Payload::Samples(samples) => send_samples(&mut socket, samples)?,
        Payload::Files(files) => handover::give(socket.socket, files)?,
    }
    socket.until = Instant::now() + deadline;
    loop {
        match receive(&mut socket)? {
            Response::Progress(seconds) => {
                progress(seconds);
                socket.until = Instant::now() + deadline;
            }
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
