//! What is said while a device is waited for.

use std::time::Duration;

use super::error::{ahead, held};
use super::owner::{Owner, seconds};
use crate::text::printable::say;

/// When something is said: soon, then less and less often.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Says now and then what is waited for.
#[derive(Debug)]
pub(super) struct Notice {
    next: Option<Duration>,
}

impl Notice {
    pub(super) fn new(wanted: bool) -> Self {
        Self { next: wanted.then_some(FIRST) }
    }

    /// After so long, says who holds the devices and how many came before, where it is time to.
    pub(super) fn waiting(
        &mut self,
        waited: Duration,
        state: impl FnOnce() -> (Vec<(String, Option<Owner>)>, usize),
    ) {
        if self.next.is_some_and(|next| waited >= next) {
            let (holders, before) = state();
            say(format_args!(
                "hailo-harness: waiting for a device since {}: {}{}",
                seconds(waited),
                held(&holders),
                ahead(before)
            ));
            self.next = Some(waited + waited.mul_f64(2.0).min(LONGEST_PAUSE));
        }
    }
}
