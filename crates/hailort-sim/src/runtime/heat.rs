//! How warm the chips of this process are, and what comes of it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use super::host;
use super::notifications::{self, Event};
use crate::console;

/// Degrees Celsius of a chip that works as it should.
const NORMAL: f32 = 45.0;
/// Of one that throttles.
const WARM: f32 = 105.0;
/// Of one that has stopped.
const HOT: f32 = 121.0;

/// How many times as long an inference takes.
static FACTOR: AtomicU32 = AtomicU32::new(1);
static OVERHEATED: AtomicBool = AtomicBool::new(false);

/// From now on each inference takes so many times as long.
pub(crate) fn throttle(factor: u32) {
    FACTOR.store(factor.max(1), Ordering::SeqCst);
}

/// The chips stop: what moves frames ends with "stream aborted", now and until they have cooled down.
pub(crate) fn overheat(name: &str) {
    OVERHEATED.store(true, Ordering::SeqCst);
    console::info(name, &format!("notification TEMPERATURE_ALARM: the chip has {HOT} degrees"));
    console::info(name, "notification DATAFLOW_SHUTDOWN: all network groups are stopped");
    for group in host::groups() {
        group.shut_down();
    }
    notifications::tell(Event::TemperatureAlarm { celsius: HOT });
    notifications::tell(Event::DataflowShutdown { celsius: HOT });
}

/// The chips have cooled down. Network groups that were stopped stay so.
pub(crate) fn cool() {
    FACTOR.store(1, Ordering::SeqCst);
    OVERHEATED.store(false, Ordering::SeqCst);
}

/// Whether the chips have stopped.
pub(crate) fn is_overheated() -> bool {
    OVERHEATED.load(Ordering::SeqCst)
}

/// How much longer an inference takes that took so long.
pub(crate) fn slowdown(took: Duration) -> Duration {
    took.saturating_mul(FACTOR.load(Ordering::SeqCst) - 1)
}

/// Degrees Celsius at the first sensor.
pub(crate) fn temperature() -> f32 {
    if is_overheated() {
        HOT
    } else if FACTOR.load(Ordering::SeqCst) > 1 {
        WARM
    } else {
        NORMAL
    }
}
