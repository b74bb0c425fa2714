//! Looking again before anybody is accused: threads and processes take a while to end.

use std::time::{Duration, Instant};

use super::census::{Census, CensusError};
use super::compare::compare;
use super::leak::Leak;

/// How long to look again, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The first pause; each further one is twice as long.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// How long it takes in all, where something is left.
    pub total: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(1),
            longest: Duration::from_millis(100),
            total: Duration::from_millis(500),
        }
    }
}

/// Takes one census after the other until nothing is left or patience is at an end. What is left then, and was there
/// at the look before, has leaked. A process that has left nothing costs one census.
///
/// # Errors
/// As [`Census::again`].
pub fn settle(before: &Census, patience: Patience) -> Result<Vec<Leak>, CensusError> {
    let (until, mut pause) = (Instant::now() + patience.total, patience.first);
    let mut leaks = compare(before, &before.again()?);
    while !leaks.is_empty() {
        let left = until.saturating_duration_since(Instant::now());
        std::thread::sleep(pause.min(patience.longest).min(left.max(patience.first)));
        pause *= 2;
        let mut now = compare(before, &before.again()?);
        if left.is_zero() {
            // What is new now may be on its way out, as the others were.
            now.retain(|leak| leaks.contains(leak));
            return Ok(now);
        }
        leaks = now;
    }
    Ok(leaks)
}
