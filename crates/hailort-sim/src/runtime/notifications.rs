//! What devices tell, and who listens.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::vdevice::spawn;

/// What a device tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// It is too hot.
    TemperatureAlarm {
        /// Degrees at the first sensor.
        celsius: f32,
    },
    /// It is so hot that it has ended all transfers.
    DataflowShutdown {
        /// Degrees at the first sensor.
        celsius: f32,
    },
}

/// Gets an event and its number.
type Callback = dyn Fn(Event, u32) + Send + Sync;

/// Somebody who listens.
#[derive(Clone)]
struct Listener {
    device: usize,
    kind: u32,
    callback: Arc<Callback>,
}

struct Listeners {
    all: Vec<Listener>,
    told: u32,
}

static LISTENERS: Mutex<Listeners> = Mutex::new(Listeners { all: Vec::new(), told: 0 });

fn listeners() -> MutexGuard<'static, Listeners> {
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Event {
    /// Its number in the API.
    pub fn kind(self) -> u32 {
        match self {
            Self::TemperatureAlarm { .. } => 1,
            Self::DataflowShutdown { .. } => 2,
        }
    }
}

/// Lets the device of this handle call back for events of this kind, in place of what it called before.
pub fn listen(device: usize, kind: u32, callback: Arc<Callback>) {
    let mut listeners = listeners();
    listeners.all.retain(|l| (l.device, l.kind) != (device, kind));
    listeners.all.push(Listener { device, kind, callback });
}

/// Calls back no more for events of this kind; answers whether anybody listened.
pub fn ignore(device: usize, kind: u32) -> bool {
    let mut listeners = listeners();
    let before = listeners.all.len();
    listeners.all.retain(|l| (l.device, l.kind) != (device, kind));
    listeners.all.len() < before
}

/// Forgets who listens to a device.
pub fn forget(device: usize) {
    listeners().all.retain(|l| l.device != device);
}

/// Tells all who listen, in a thread of the library's.
pub(super) fn tell(event: Event) {
    let (told, number) = {
        let mut listeners = listeners();
        listeners.told += 1;
        let told: Vec<_> = listeners.all.iter().filter(|l| l.kind == event.kind()).cloned().collect();
        (told, listeners.told)
    };
    if !told.is_empty() {
        spawn("hailort-notify", move || {
            for listener in told {
                // Who was taken away meanwhile is not called: its memory may be gone.
                let still = listeners().all.iter().any(|l| Arc::ptr_eq(&l.callback, &listener.callback));
                if still {
                    (listener.callback)(event, number);
                }
            }
        });
    }
}
