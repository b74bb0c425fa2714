//! How long each step may take that ends a process which did not answer in time.

use std::time::Duration;

use crate::device::{RuntimeChoice, RuntimeKind, discovery};

/// How long each step may take that ends a process which did not answer in time.
///
/// A real device needs up to a second to let go, and one whose user is killed earlier can be left unusable. The
/// simulator needs no such patience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Looking at its threads; 500 ms.
    pub diagnosis: Duration,
    /// After it was asked to shut its network groups down: 2 s on a device, 100 ms simulated.
    pub polite: Duration,
    /// After SIGTERM: 500 ms on a device, 50 ms simulated.
    pub term: Duration,
    /// Until the device is free again: 2 s on a device, 100 ms simulated. What is busy still is wedged.
    pub device: Duration,
    /// After SIGKILL; 5 s. What is not gone then sits in the kernel.
    pub kill: Duration,
}

impl Budgets {
    /// For a process that uses a real device, or may.
    pub const DEVICE: Self = Self {
        diagnosis: Duration::from_millis(500),
        polite: Duration::from_secs(2),
        term: Duration::from_millis(500),
        device: Duration::from_secs(2),
        kill: Duration::from_secs(5),
    };

    /// For a process that uses the simulator.
    pub const SIMULATED: Self = Self {
        polite: Duration::from_millis(100),
        term: Duration::from_millis(50),
        device: Duration::from_millis(100),
        ..Self::DEVICE
    };

    /// For a process that was asked to use this runtime, and may have chosen either.
    pub fn asked(choice: RuntimeChoice) -> Self {
        if choice == RuntimeChoice::Sim { Self::SIMULATED } else { Self::DEVICE }
    }

    /// For a process of which nobody knows what it uses: a device, where there is one.
    pub fn of_this_host() -> Self {
        if discovery::real().is_empty() { Self::SIMULATED } else { Self::DEVICE }
    }

    /// For a process that uses this runtime.
    pub fn of(kind: RuntimeKind) -> Self {
        if kind == RuntimeKind::Device { Self::DEVICE } else { Self::SIMULATED }
    }
}
