//! Open files that go with a request: the worker gets copies of the lease's files, so that the device is not free
//! before the worker has gone, too.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};

use super::frame::FrameError;

/// Most files that go with a request.
pub(super) const MOST: usize = 2;
/// The byte that they travel with.
const BYTE: u8 = 0x4c;

/// Sends copies of open files.
pub(super) fn give(socket: &UnixStream, files: [BorrowedFd<'_>; MOST]) -> Result<(), FrameError> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&files));
    let sent = rustix::io::retry_on_intr(|| {
        sendmsg(socket, &[IoSlice::new(&[BYTE])], &mut ancillary, SendFlags::NOSIGNAL)
    });
    match sent {
        Ok(1) => Ok(()),
        Ok(_) => Err(FrameError::Closed),
        Err(error) => Err(std::io::Error::from(error).into()),
    }
}

/// Receives them; they are closed on exec.
pub(super) fn take(socket: &UnixStream) -> Result<Vec<OwnedFd>, FrameError> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let received = rustix::io::retry_on_intr(|| {
        recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)
    })
    .map_err(std::io::Error::from)?;
    let files: Vec<OwnedFd> = ancillary
        .drain()
        .filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(files) => Some(files),
            _ => None,
        })
        .flatten()
        .collect();
    match (received.bytes, byte[0], files.len()) {
        (0, ..) => Err(FrameError::Closed),
        (1, BYTE, MOST) => Ok(files),
        (_, _, count) => Err(FrameError::Malformed(format!("{count} files where {MOST} were announced"))),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn files_arrive_and_what_is_none_is_refused() {
        let (mut here, there) = UnixStream::pair().unwrap();
        let mut file = tempfile::tempfile().unwrap();
        give(&here, [file.as_fd(), file.as_fd()]).unwrap();
        let mut files = take(&there).unwrap();
        let mut copy = std::fs::File::from(files.pop().unwrap());
        copy.write_all(b"same").unwrap();
        file.rewind().unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "same", "one open file");
        here.write_all(&[BYTE]).unwrap();
        assert!(matches!(take(&there), Err(FrameError::Malformed(_))));
        drop(here);
        assert!(matches!(take(&there), Err(FrameError::Closed)));
    }
}
