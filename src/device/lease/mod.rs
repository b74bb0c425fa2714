//! One user of a device at a time: across threads, processes and users of a host.
//!
//! | room | holds |
//! | --- | --- |
//! | [`device_lease`] | [`DeviceLease`]: the right to use a device |
//! | [`options`] | [`LeaseOptions`]: how long to wait, and where the locks are |
//! | [`folder`] | [`LockFolder`]: the shared folder, and opening files in it that may be anybody's |
//! | `lock` | the lock of a device |
//! | `ticket` | a place in the queue: a file that says who waits or holds, alive as long as it is locked |
//! | [`queue`] | [`Queue`]: who holds what, who waits, in order of arrival |
//! | `watch` | waiting until something changes in the folder |
//! | `notice` | what is said while a device is waited for |
//! | `nested` | the lease of a program that runs under `hailo-harness hold` |
//! | `threads` | which thread of this process holds which device |
//! | [`owner`] | [`Owner`]: who holds a device, as people read it |
//! | [`wedged`] | [`Wedged`]: devices that nobody can use |
//! | [`error`] | [`LeaseError`] |
//!
//! The lock of a device is a `flock` on `<device>.lock`, a file that is never written, truncated or removed. The kernel
//! lets go of it when the last process that has it open ends, however it ends: the holder, and the worker that it gave a
//! copy to. Around it lies what makes it fair and visible: each contender has a *ticket*, a file of its own that it
//! keeps locked, with its time of arrival in the name. A ticket that can be locked belongs to nobody any more. Whoever has
//! the lock looks whether somebody's ticket says that it holds the device, and waits then: its lock file may have been
//! removed. So neither alone makes two holders. A ticket that is missing, foreign or forged can make the queue unfair,
//! or keep others waiting as long as its owner lives, which whoever may take the lock can do anyway.

pub mod device_lease;
pub mod error;
pub mod folder;
mod lock;
mod nested;
mod notice;
pub mod options;
pub mod owner;
pub mod queue;
mod threads;
mod ticket;
mod watch;
pub mod wedged;

pub use device_lease::DeviceLease;
pub use error::LeaseError;
pub use folder::LockFolder;
pub use nested::VARIABLE as NESTED_VARIABLE;
pub use options::{LeaseOptions, Wait};
pub use owner::Owner;
pub use queue::Queue;
pub use wedged::Wedged;
