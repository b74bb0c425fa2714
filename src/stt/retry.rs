//! Which failures of a device are tried again, and when.

use std::time::Duration;

use hailort_sys::status::*;

/// Which statuses of HailoRT are tried again, how often, and after which delay.
///
/// Only statuses are: a hang costs its whole deadline, and what killed a worker is likely to kill the next one. What
/// fails in the end stays an error, which says how often it was tried.
///
/// Retries share the deadline of their phase. A further attempt is made only while what the failed ones cost, with the
/// delays, the rebuilding and the delay to come, is less than one such deadline
/// ([`Deadlines::open`](super::Deadlines::open), or [`Deadlines::infer`](super::Deadlines::infer) since the last window
/// that was done). So a call takes at most twice as long as without retries. With the defaults a frame that times out
/// after 10 s is tried three times in 30 s.
///
/// ```
/// use std::time::Duration;
/// use hailo_harness::stt::RetryPolicy;
///
/// let patient = RetryPolicy { attempts: 5, first_delay: Duration::from_millis(200), ..RetryPolicy::inference() };
/// assert_eq!(patient.delay_after(2), Duration::from_millis(400));
/// assert!(patient.allows(Some(4), 4) && !patient.allows(Some(4), 5));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    /// The statuses that may go away by themselves. All others are errors at once.
    pub statuses: Vec<u32>,
    /// How often it is tried at most, the first time included.
    pub attempts: u32,
    /// How long to wait before the second attempt.
    pub first_delay: Duration,
    /// How much longer each further delay is than the one before.
    pub factor: f64,
    /// The longest delay.
    pub longest_delay: Duration,
    /// After so many failures in a row, a worker process is replaced by a new one; 0 never replaces it.
    pub rebuild_after: u32,
}

impl RetryPolicy {
    /// For opening a device, unless set: five attempts in 1.5 s.
    ///
    /// | status | why it may go away |
    /// | --- | --- |
    /// | 73 DEVICE_IN_USE, 74 OUT_OF_PHYSICAL_DEVICES | the driver takes up to 1 s to take a device back from a holder that was killed |
    ///
    /// The delays are 100, 200, 400 and 800 ms. A dead firmware (87), a missing driver (64) or another version of it
    /// (76) do not heal in seconds.
    pub fn opening() -> Self {
        Self {
            statuses: vec![HAILO_DEVICE_IN_USE, HAILO_OUT_OF_PHYSICAL_DEVICES],
            attempts: 5,
            first_delay: Duration::from_millis(100),
            factor: 2.0,
            longest_delay: Duration::from_millis(800),
            rebuild_after: 0,
        }
    }

    /// For inference, unless set: three attempts, after 50 and 100 ms; a worker that failed twice in a row is replaced.
    ///
    /// | status | why it may go away |
    /// | --- | --- |
    /// | 4 TIMEOUT | one frame came late: the host or the bus was busy |
    /// | 18 FW_CONTROL_FAILURE, 48 UNSUPPORTED_OPCODE | the firmware's answers to a control message that went wrong |
    /// | 28 INTERRUPTED_BY_SIGNAL, 88 DRIVER_INTERRUPTED | a signal ended a wait in the driver |
    /// | 63 STREAM_ABORT | the streams were stopped, as by a device that is too hot |
    /// | 87 DRIVER_TIMEOUT | the firmware did not answer the driver in time; where it is dead, rebuilding shows it |
    /// | 90 DRIVER_WAIT_CANCELED | the driver gave up a wait |
    ///
    /// Wrong arguments, missing memory, HEFs that do not fit and a network group in the wrong state stay what they are.
    pub fn inference() -> Self {
        Self {
            statuses: vec![
                HAILO_TIMEOUT,
                HAILO_FW_CONTROL_FAILURE,
                HAILO_INTERRUPTED_BY_SIGNAL,
                HAILO_UNSUPPORTED_OPCODE,
                HAILO_STREAM_ABORT,
                HAILO_DRIVER_TIMEOUT,
                HAILO_DRIVER_INTERRUPTED,
                HAILO_DRIVER_WAIT_CANCELED,
            ],
            attempts: 3,
            first_delay: Duration::from_millis(50),
            factor: 2.0,
            longest_delay: Duration::from_secs(1),
            rebuild_after: 2,
        }
    }

    /// Nothing is tried again.
    pub fn never() -> Self {
        Self { statuses: Vec::new(), attempts: 1, ..Self::inference() }
    }

    /// Whether another attempt may follow, after so many that failed, the last one with this status.
    pub fn allows(&self, status: Option<u32>, failed: u32) -> bool {
        failed < self.attempts && status.is_some_and(|s| self.statuses.contains(&s))
    }

    /// How long to wait after so many attempts that failed, from 1.
    pub fn delay_after(&self, failed: u32) -> Duration {
        let exponent = i32::try_from(failed.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = self.first_delay.as_secs_f64() * self.factor.powi(exponent);
        // A factor that makes no sense gives the longest delay, not a panic.
        Duration::try_from_secs_f64(seconds).unwrap_or(self.longest_delay).min(self.longest_delay)
    }

    /// Whether a worker that failed so often in a row is replaced.
    pub(super) fn replaces(&self, in_a_row: u32) -> bool {
        self.rebuild_after > 0 && in_a_row >= self.rebuild_after
    }
}

/// What was tried, and what it has cost so far.
#[derive(Debug)]
pub(super) struct Attempts<'a> {
    policy: &'a RetryPolicy,
    /// What failures may cost together.
    budget: Duration,
    failed: u32,
    spent: Duration,
}

impl<'a> Attempts<'a> {
    pub(super) fn new(policy: &'a RetryPolicy, budget: Duration) -> Self {
        Self { policy, budget, failed: 0, spent: Duration::ZERO }
    }

    /// How many attempts failed.
    pub(super) fn failed(&self) -> u32 {
        self.failed
    }

    /// An attempt failed with this status and has cost so much: the delay before the next one, where there may be one.
    pub(super) fn fail(&mut self, status: Option<u32>, cost: Duration) -> Option<Duration> {
        self.failed += 1;
        let delay = self.policy.delay_after(self.failed);
        self.spent = self.spent.saturating_add(cost).saturating_add(delay);
        (self.policy.allows(status, self.failed) && self.spent < self.budget).then_some(delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn delays_grow_up_to_the_longest() {
        let policy = RetryPolicy::opening();
        let delays: Vec<u128> = (1..=6).map(|n| policy.delay_after(n).as_millis()).collect();
        assert_eq!(delays, [100, 200, 400, 800, 800, 800]);
        let total: Duration = (1..policy.attempts).map(|n| policy.delay_after(n)).sum();
        assert_eq!(total, 1500 * MS, "longer than the second that a driver takes");
        assert_eq!(policy.delay_after(0), 100 * MS);
        for factor in [f64::NAN, f64::INFINITY, -3.0, 1e300] {
            let odd = RetryPolicy { factor, ..RetryPolicy::inference() };
            for n in [1, 2, 3, u32::MAX] {
                assert!(odd.delay_after(n) <= odd.longest_delay, "{factor} {n}");
            }
        }
    }

    #[test]
    fn only_what_may_go_away_is_tried_again() {
        let policy = RetryPolicy::inference();
        for status in [4, 18, 28, 48, 63, 87, 88, 90] {
            assert!(policy.allows(Some(status), 2) && !policy.allows(Some(status), 3), "{status}");
        }
        for status in [2, 3, 6, 8, 36, 74, 92, 93, 4000] {
            assert!(!policy.allows(Some(status), 1), "{status}");
        }
        assert!(!policy.allows(None, 1), "a hang, a death");
        assert!(!RetryPolicy::never().allows(Some(4), 1));
    }

    #[test]
    fn failures_and_delays_share_one_deadline() {
        let policy = RetryPolicy::inference();
        let mut attempts = Attempts::new(&policy, 30_000 * MS);
        assert_eq!(attempts.fail(Some(4), 10_000 * MS), Some(50 * MS));
        assert_eq!(attempts.fail(Some(4), 10_200 * MS), Some(100 * MS));
        assert_eq!(attempts.fail(Some(4), 10_000 * MS), None);
        assert_eq!(attempts.failed(), 3);
        // Another 10 s would be over.
        let mut attempts = Attempts::new(&policy, 5_000 * MS);
        assert_eq!(attempts.fail(Some(4), 10_000 * MS), None);
        assert_eq!(attempts.failed(), 1);
    }

    #[test]
    fn a_worker_is_replaced_after_failures_in_a_row() {
        let policy = RetryPolicy::inference();
        assert!(!policy.replaces(1) && policy.replaces(2) && policy.replaces(3));
        assert!(!RetryPolicy { rebuild_after: 0, ..policy }.replaces(100));
    }
}
