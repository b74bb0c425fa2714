//! The exclusive mark of a simulated device.
//!
//! The real library sets a mark on its open file of `/dev/hailo0`: a second process is refused while it is there, and
//! the mark vanishes with its holder, however that ends. Here the mark is an abstract Unix socket that is bound to
//! `hailort-sim/HOST/DEVICE`, which only one socket can be. The kernel frees the name when the last copy of the file
//! descriptor is closed; no file is left by a crash, and no permission keeps other users of the machine out. Network
//! namespaces have names of their own, so that containers have devices of their own unless they share the network.
//!
//! Who holds a device can be seen: [`socket_name`] stands in `/proc/net/unix` beside the socket's inode, which
//! `/proc/PID/fd` of the holder shows as `socket:[INODE]`.

use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use super::host;

/// Why a device was not marked.
#[derive(Debug, thiserror::Error)]
pub enum MarkError {
    /// Somebody else has it, or this process.
    #[error("the device is in use")]
    Held,
    /// The kernel gives no socket or no name.
    #[error("the device cannot be marked as used: {0}")]
    Failed(#[source] io::Error),
}

/// A device in exclusive use, until this is dropped or the process ends.
#[derive(Debug)]
pub struct Mark {
    id: String,
    /// Closed on exec, as all files that the standard library opens: programs that are started do not keep it.
    socket: UnixDatagram,
}

impl Mark {
    /// Takes the device `id` of the simulated host `host` (see [`host::name`]). Never waits.
    ///
    /// # Errors
    /// See [`MarkError`].
    pub fn take(host: &str, id: &str) -> Result<Self, MarkError> {
        let bind = || UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(name(host, id))?);
        match bind() {
            Ok(socket) => Ok(Self { id: id.into(), socket }),
            Err(why) if why.kind() == io::ErrorKind::AddrInUse => Err(MarkError::Held),
            Err(why) => Err(MarkError::Failed(why)),
        }
    }

    /// The open file that is the mark. It shows "hung up" from [`Mark::hang_up`] on, and nothing before.
    pub(super) fn file(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Wakes who waits for the file. The device stays marked.
    pub(super) fn hang_up(&self) {
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    /// The device.
    pub fn id(&self) -> &str {
        &self.id
    }
}

fn name(host: &str, id: &str) -> String {
    format!("hailort-sim/{host}/{id}")
}

/// The name of a device's mark as `/proc/net/unix` shows it, on the simulated host of this process.
pub fn socket_name(device_id: &str) -> String {
    socket_name_on(&host::name(), device_id)
}

/// As [`socket_name`], on the simulated host `host`: one of [`host::name`] or [`host::name_of`].
pub fn socket_name_on(host: &str, device_id: &str) -> String {
    format!("@{}", name(host, device_id))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    const ID: &str = "0000:01:00.0";

    #[test]
    fn a_device_has_one_mark_which_is_gone_when_it_is_dropped() {
        let [host, elsewhere] = [1, 2].map(|i| format!("{}-{i}", host::own()));
        let mark = Mark::take(&host, ID).unwrap();
        assert_eq!(mark.id(), ID);
        assert!(matches!(Mark::take(&host, ID), Err(MarkError::Held)));
        drop(Mark::take(&elsewhere, ID).unwrap());
        drop(Mark::take(&host, "0000:02:00.0").unwrap());
        drop(mark);
        Mark::take(&host, ID).unwrap();
    }

    #[test]
    fn the_holder_is_found_by_the_inode_of_the_socket() {
        let host = host::own();
        let mark = Mark::take(host, ID).unwrap();
        let table = std::fs::read_to_string("/proc/net/unix").unwrap();
        let name = socket_name(ID);
        assert_eq!(name, format!("@hailort-sim/{host}/{ID}"));
        let line = table.lines().find(|line| line.ends_with(&format!(" {name}"))).unwrap();
        let inode = line.split_whitespace().nth(6).unwrap();
        let link = format!("/proc/self/fd/{}", mark.socket.as_raw_fd());
        assert_eq!(std::fs::read_link(link).unwrap().to_str(), Some(&*format!("socket:[{inode}]")));
    }

    #[test]
    fn a_name_that_the_kernel_does_not_take_is_an_error() {
        assert!(matches!(Mark::take(&"x".repeat(200), ID), Err(MarkError::Failed(_))));
    }
}
