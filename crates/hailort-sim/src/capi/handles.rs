//! The table from handles to objects.
//!
//! A handle is a number that was never used before, in the shape of a pointer that nobody may follow. The real
//! library's handles are addresses, and releasing one twice is undefined behaviour; here it is an error that names the
//! call.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hailort_sys::status::HAILO_INVALID_ARGUMENT;
use hailort_sys::types::hailo_status;

use super::log;
use crate::hef::Hef;
use crate::runtime::group::Group;
use crate::runtime::vdevice::VDevice;
use crate::runtime::vstream::{InputVStream, OutputVStream};

/// The next handle. Multiples of 16 look like addresses; they start above the page that is never mapped.
static NEXT: AtomicUsize = AtomicUsize::new(0x1000);

/// Objects of one kind by handle.
pub struct Table<T> {
    kind: &'static str,
    objects: Mutex<Option<HashMap<usize, Arc<T>>>>,
}

impl<T> Table<T> {
    const fn new(kind: &'static str) -> Self {
        Self { kind, objects: Mutex::new(None) }
    }

    fn with<R>(&self, body: impl FnOnce(&mut HashMap<usize, Arc<T>>) -> R) -> R {
        body(self.objects.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default())
    }

    /// Gives the object a handle.
    pub fn insert<H>(&self, object: Arc<T>) -> *mut H {
        let handle = NEXT.fetch_add(16, Ordering::Relaxed);
        self.with(|objects| objects.insert(handle, object));
        std::ptr::without_provenance_mut(handle)
    }

    /// The object of a handle.
    ///
    /// # Errors
    /// `HAILO_INVALID_ARGUMENT` for NULL and for a handle that is not in use, which is reported.
    pub fn get<H>(&self, call: &str, handle: *mut H) -> Result<Arc<T>, hailo_status> {
        self.with(|objects| objects.get(&handle.addr()).cloned())
            .ok_or_else(|| self.refuse(call, handle.addr()))
    }

    /// Takes the object of a handle out of the table.
    ///
    /// # Errors
    /// As [`Table::get`].
    pub fn remove<H>(&self, call: &str, handle: *mut H) -> Result<Arc<T>, hailo_status> {
        self.with(|objects| objects.remove(&handle.addr())).ok_or_else(|| self.refuse(call, handle.addr()))
    }

    /// Takes all objects out that `gone` picks, and answers how many.
    pub fn remove_where(&self, gone: impl Fn(&T) -> bool) -> usize {
        let removed: Vec<Arc<T>> = self.with(|objects| {
            let handles: Vec<usize> = objects.iter().filter(|(_, o)| gone(o)).map(|(h, _)| *h).collect();
            handles.iter().filter_map(|h| objects.remove(h)).collect()
        });
        // The objects go here, outside the lock: their threads are joined.
        removed.len()
    }

    /// Number of handles in use.
    pub fn len(&self) -> usize {
        self.with(|objects| objects.len())
    }

    /// Whether no handle is in use.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn refuse(&self, call: &str, handle: usize) -> hailo_status {
        if handle != 0 {
            let kind = self.kind;
            log(call, &format!("{handle:#x} is no {kind}, or one that was released before"));
        }
        HAILO_INVALID_ARGUMENT
    }
}

/// Physical devices by name.
pub static DEVICES: Table<String> = Table::new("device");
/// Virtual devices.
pub static VDEVICES: Table<VDevice> = Table::new("vdevice");
/// HEFs.
pub static HEFS: Table<Hef> = Table::new("HEF");
/// Configured network groups.
pub static GROUPS: Table<Group> = Table::new("configured network group");
/// Inputs.
pub static INPUTS: Table<InputVStream> = Table::new("input vstream");
/// Outputs.
pub static OUTPUTS: Table<OutputVStream> = Table::new("output vstream");

/// Handles in use, by kind: what a program that has released everything has none of.
pub fn in_use() -> [(&'static str, usize); 6] {
    [
        (DEVICES.kind, DEVICES.len()),
        (VDEVICES.kind, VDEVICES.len()),
        (HEFS.kind, HEFS.len()),
        (GROUPS.kind, GROUPS.len()),
        (INPUTS.kind, INPUTS.len()),
        (OUTPUTS.kind, OUTPUTS.len()),
    ]
}
