//! A configured network group: its ports, and what connects them to the scheduler.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::activation::Activation;
use super::bus::Link;
use super::heat;
use super::queue::Queue;
use super::scheduler::Wake;
use crate::hef::{NetworkGroup, StreamInfo};
use crate::network::Network;

/// Frames between a vstream and the network: float32 values in the HEF's layout.
pub type Frame = Vec<f32>;

/// One input or output of the network, and the vstream that is attached to it.
pub struct Port {
    /// What the HEF says of it.
    pub info: StreamInfo,
    attached: Mutex<Option<Arc<Queue<Frame>>>>,
}

impl Port {
    fn new(info: &StreamInfo) -> Self {
        Self { info: info.clone(), attached: Mutex::new(None) }
    }

    /// Attaches a vstream by its queue; false where one is attached already.
    pub fn attach(&self, queue: &Arc<Queue<Frame>>) -> bool {
        let mut attached = self.attached.lock().unwrap_or_else(PoisonError::into_inner);
        if attached.is_some() {
            return false;
        }
        *attached = Some(Arc::clone(queue));
        true
    }

    /// Detaches the vstream and closes its queue.
    pub fn detach(&self) {
        if let Some(queue) = self.attached.lock().unwrap_or_else(PoisonError::into_inner).take() {
            queue.close();
        }
    }

    /// The queue of the attached vstream.
    pub fn queue(&self) -> Option<Arc<Queue<Frame>>> {
        self.attached.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Number of float32 values in a frame.
    pub fn frame_elements(&self) -> usize {
        self.info.height as usize * self.info.width as usize * self.info.features as usize
    }
}

/// A configured network group.
pub struct Group {
    /// What the HEF says of it.
    pub hef: NetworkGroup,
    /// Inputs in the HEF's order.
    pub inputs: Vec<Port>,
    /// Outputs in the HEF's order.
    pub outputs: Vec<Port>,
    /// Inputs and outputs of each network that runs by itself.
    units: Vec<[Vec<usize>; 2]>,
    network: Mutex<Box<dyn Network>>,
    /// Wakes the scheduler of the virtual device.
    pub wake: Arc<Wake>,
    shut_down: AtomicBool,
    /// Holds nothing: it is closed with the group, for those who wait for that alone.
    end: Queue<()>,
    failure: AtomicU32,
    /// Whether its device is still there.
    pub link: Link,
    /// Whether it may run.
    pub activation: Activation,
    /// How long the network took in all, and how often, where that is measured.
    pub latency: Option<Mutex<(std::time::Duration, u32)>>,
}

impl Group {
    /// A group that computes `network`.
    pub fn new(
        hef: NetworkGroup,
        network: Box<dyn Network>,
        wake: Arc<Wake>,
        activation: Activation,
        measures_latency: bool,
    ) -> Self {
        let of = |streams: &[StreamInfo], name: &String| {
            (0..streams.len()).filter(|i| streams[*i].network_name == *name).collect()
        };
        let units = hef.units().iter().map(|name| [of(&hef.inputs, name), of(&hef.outputs, name)]).collect();
        let group = Self {
            units,
            inputs: hef.inputs.iter().map(Port::new).collect(),
            outputs: hef.outputs.iter().map(Port::new).collect(),
            hef,
            network: Mutex::new(network),
            wake,
            shut_down: AtomicBool::new(false),
            end: Queue::new(1),
            failure: AtomicU32::new(0),
            link: Link::new(),
            activation,
            latency: measures_latency.then(Mutex::default),
        };
        if heat::is_overheated() {
            group.shut_down();
        }
        group
    }

    /// Ends all transfers, now and from now on: every read and write answers "stream aborted". Idempotent.
    pub fn shut_down(&self) {
        self.shut_down.store(true, Ordering::SeqCst);
        for port in self.inputs.iter().chain(&self.outputs) {
            if let Some(queue) = port.queue() {
                queue.close();
            }
        }
        self.end.close();
        self.wake.notify();
    }

    /// Ends all transfers, now and from now on, with this status.
    pub fn fail(&self, status: u32) {
        self.failure.store(status, Ordering::SeqCst);
        self.shut_down();
    }

    /// Waits so long, or until [`Group::shut_down`].
    pub fn pause(&self, time: std::time::Duration) {
        let _ = self.end.pop(Some(time));
    }

    /// Waits, without a limit, for [`Group::shut_down`].
    pub fn wait_for_shut_down(&self) {
        // Nothing is ever put in: only the end ends the wait.
        let _ = self.end.pop(None);
    }

    /// Whether [`Group::shut_down`] was called.
    pub fn is_shut_down(&self) -> bool {
        self.shut_down.load(Ordering::SeqCst)
    }

    /// The status that an inference failed with, 0 where none did.
    pub fn failure(&self) -> u32 {
        self.failure.load(Ordering::SeqCst)
    }

    /// Whether an inference can run.
    pub fn is_ready(&self) -> bool {
        self.ready_unit().is_some()
    }

    /// The first network that can run: a frame at each of its inputs, room at each of its outputs.
    fn ready_unit(&self) -> Option<usize> {
        if self.is_shut_down() || !self.activation.may_run() {
            return None;
        }
        let full = |i: &usize| self.inputs[*i].queue().is_some_and(|q| !q.is_empty());
        let room = |i: &usize| self.outputs[*i].queue().is_some_and(|q| !q.is_full());
        self.units.iter().position(|[inputs, outputs]| {
            !inputs.is_empty() && inputs.iter().all(full) && outputs.iter().all(room)
        })
    }

    /// One inference: takes a frame from every input of a network and gives one to each of its outputs. Called by the
    /// scheduler alone.
    pub fn run(&self) {
        let Some(unit) = self.ready_unit() else { return };
        let [inputs, outputs] = &self.units[unit];
        let frames: Vec<Frame> = inputs
            .iter()
            .filter_map(|i| self.inputs[*i].queue()?.pop(Some(std::time::Duration::ZERO)).ok())
            .collect();
        if frames.len() < inputs.len() {
            return; // Shut down, or a vstream was released, since `is_ready` was asked.
        }
        let start = Instant::now();
        let mut results: Vec<Frame> =
            outputs.iter().map(|i| vec![0.0; self.outputs[*i].frame_elements()]).collect();
        let computed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let inputs: Vec<&[f32]> = frames.iter().map(Vec::as_slice).collect();
            let mut outputs: Vec<&mut [f32]> = results.iter_mut().map(Vec::as_mut_slice).collect();
            self.network.lock().unwrap_or_else(PoisonError::into_inner).run_unit(unit, &inputs, &mut outputs);
        }));
        if computed.is_err() {
            self.fail(hailort_sys::status::HAILO_INTERNAL_FAILURE);
            return;
        }
        if let Some(latency) = &self.latency {
            let mut latency = latency.lock().unwrap_or_else(PoisonError::into_inner);
            *latency = (latency.0 + start.elapsed(), latency.1 + 1);
        }
        let slowdown = heat::slowdown(start.elapsed());
        if !slowdown.is_zero() {
            self.pause(slowdown);
        }
        for (index, frame) in outputs.iter().zip(results) {
            if let Some(queue) = self.outputs[*index].queue() {
                // Only the scheduler puts frames in, and it has seen room: what can fail here is a closed queue,
                // whose reader is gone.
                let _ = queue.push(frame, Some(std::time::Duration::ZERO));
            }
        }
    }
}
