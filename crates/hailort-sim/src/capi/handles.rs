//! The table from handles to objects.
//!
//! A handle is a number that was never used before, in the shape of a pointer that nobody may follow. It holds what kind
//! of object it is for, so that a stale one, one of another kind and one that was never given out are told apart without
//! remembering any. The real library's handles are addresses, and releasing one twice is undefined behaviour; here it is
//! an error, see [`crate::misuse`].

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hailort_sys::status::HAILO_INVALID_ARGUMENT;
use hailort_sys::types::hailo_status;

use crate::frames::transform::{InputTransform, OutputTransform};
use crate::hef::Hef;
use crate::misuse::{self, Wrong};
use crate::runtime::activation::Activated;
use crate::runtime::bus::Link;
use crate::runtime::group::Group;
use crate::runtime::stream::RawStream;
use crate::runtime::vdevice::VDevice;
use crate::runtime::vstream::{InputVStream, OutputVStream};

/// Handles given out so far. A handle is its number, the kind of the object and four zeros, so that it looks like an
/// address; numbers start above the page that is never mapped.
static GIVEN: AtomicUsize = AtomicUsize::new(FIRST);
const FIRST: usize = 0x1000 >> KIND_BITS;
const KIND_BITS: u32 = 8;
/// Kinds by the number that is in a handle.
const KINDS: [&str; 11] = [
    "device",
    "vdevice",
    "HEF",
    "configured network group",
    "input vstream",
    "output vstream",
    "activated network group",
    "input stream",
    "output stream",
    "input transform context",
    "output transform context",
];

/// Objects of one kind by handle.
pub struct Table<T> {
    kind: usize,
    objects: Mutex<Option<HashMap<usize, Arc<T>>>>,
}

impl<T> Table<T> {
    const fn new(kind: usize) -> Self {
        Self { kind, objects: Mutex::new(None) }
    }

    fn with<R>(&self, body: impl FnOnce(&mut HashMap<usize, Arc<T>>) -> R) -> R {
        body(self.objects.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default())
    }

    /// Gives the object a handle.
    pub fn insert<H>(&self, object: Arc<T>) -> *mut H {
        let handle = (GIVEN.fetch_add(1, Ordering::Relaxed) << KIND_BITS) | (self.kind << 4);
        self.with(|objects| objects.insert(handle, object));
        std::ptr::without_provenance_mut(handle)
    }

    /// The object of a handle.
    ///
    /// # Errors
    /// `HAILO_INVALID_ARGUMENT` for NULL and for a handle that is not in use, which is noted as misuse.
    pub fn get<H>(&self, handle: *mut H) -> Result<Arc<T>, hailo_status> {
        self.with(|objects| objects.get(&handle.addr()).cloned())
            .ok_or_else(|| self.refuse(handle, Wrong::UsedAfterRelease))
    }

    /// As [`Table::get`], for a call that releases it.
    ///
    /// # Errors
    /// As [`Table::get`].
    pub fn get_to_release<H>(&self, handle: *mut H) -> Result<Arc<T>, hailo_status> {
        self.with(|objects| objects.get(&handle.addr()).cloned())
            .ok_or_else(|| self.refuse(handle, Wrong::ReleasedBefore))
    }

    /// Takes the object of a handle out of the table.
    ///
    /// # Errors
    /// As [`Table::get`].
    pub fn remove<H>(&self, handle: *mut H) -> Result<Arc<T>, hailo_status> {
        self.with(|objects| objects.remove(&handle.addr()))
            .ok_or_else(|| self.refuse(handle, Wrong::ReleasedBefore))
    }

    /// What to call the object of a handle.
    pub fn name<H>(&self, handle: *mut H) -> String {
        format!("{} {:#x}", KINDS[self.kind], handle.addr())
    }

    /// The handles of all objects that `wanted` picks, in the order in which they were given.
    pub fn handles_where<H>(&self, wanted: impl Fn(&T) -> bool) -> Vec<*mut H> {
        let mut handles: Vec<usize> = self.with(|objects| {
            objects.iter().filter(|(_, object)| wanted(object)).map(|(handle, _)| *handle).collect()
        });
        handles.sort_unstable();
        handles.into_iter().map(std::ptr::without_provenance_mut).collect()
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

    fn refuse<H>(&self, handle: *mut H, stale: Wrong) -> hailo_status {
        let address = handle.addr();
        let kind = (address >> 4) & ((1 << (KIND_BITS - 4)) - 1);
        let was_given = (FIRST..GIVEN.load(Ordering::Relaxed)).contains(&(address >> KIND_BITS))
            && address.is_multiple_of(16)
            && kind < KINDS.len();
        if address == 0 {
            misuse::note(KINDS[self.kind], Wrong::Null);
        } else if !was_given {
            misuse::note(self.name(handle), Wrong::NoHandle);
        } else if kind != self.kind {
            misuse::note(self.name(handle), Wrong::OtherKind { is: KINDS[kind] });
        } else {
            misuse::note(self.name(handle), stale);
        }
        HAILO_INVALID_ARGUMENT
    }
}

/// A physical device that was opened.
pub struct Device {
    /// Its name.
    pub id: String,
    /// Whether it is still there.
    pub link: Link,
    /// The address of the virtual device that it belongs to, where it does.
    pub owner: Option<usize>,
    /// What a HEF was loaded onto it with.
    vdevice: Mutex<Option<Arc<VDevice>>>,
}

impl Device {
    /// A device that was opened now.
    pub fn new(id: String, owner: Option<usize>) -> Self {
        Self { id, link: Link::new(), owner, vdevice: Mutex::new(None) }
    }

    /// Takes what [`Device::vdevice`] has made.
    pub fn take_vdevice(&self) -> Option<Arc<VDevice>> {
        self.vdevice.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// What HEFs are loaded onto it with, made by `make` the first time.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn vdevice(
        &self,
        make: impl FnOnce() -> Result<Arc<VDevice>, hailo_status>,
    ) -> Result<Arc<VDevice>, hailo_status> {
        let mut vdevice = self.vdevice.lock().unwrap_or_else(PoisonError::into_inner);
        if vdevice.is_none() {
            *vdevice = Some(make()?);
        }
        vdevice.clone().ok_or(hailort_sys::status::HAILO_INTERNAL_FAILURE)
    }
}

/// Physical devices.
pub static DEVICES: Table<Device> = Table::new(0);
/// Virtual devices.
pub static VDEVICES: Table<VDevice> = Table::new(1);
/// HEFs.
pub static HEFS: Table<Hef> = Table::new(2);
/// Configured network groups.
pub static GROUPS: Table<Group> = Table::new(3);
/// Inputs.
pub static INPUTS: Table<InputVStream> = Table::new(4);
/// Outputs.
pub static OUTPUTS: Table<OutputVStream> = Table::new(5);

/// Network groups that run without a scheduler.
pub static ACTIVATED: Table<Activated> = Table::new(6);
/// Inputs as the device has them.
pub static INPUT_STREAMS: Table<RawStream> = Table::new(7);
/// Outputs as the device has them.
pub static OUTPUT_STREAMS: Table<RawStream> = Table::new(8);
/// Conversions for inputs.
pub static INPUT_TRANSFORMS: Table<InputTransform> = Table::new(9);
/// Conversions of outputs.
pub static OUTPUT_TRANSFORMS: Table<OutputTransform> = Table::new(10);

/// Handles in use, by kind: what a program that has released everything has none of.
pub fn in_use() -> [(&'static str, usize); KINDS.len()] {
    [
        (KINDS[DEVICES.kind], DEVICES.len()),
        (KINDS[VDEVICES.kind], VDEVICES.len()),
        (KINDS[HEFS.kind], HEFS.len()),
        (KINDS[GROUPS.kind], GROUPS.len()),
        (KINDS[INPUTS.kind], INPUTS.len()),
        (KINDS[OUTPUTS.kind], OUTPUTS.len()),
        (KINDS[ACTIVATED.kind], ACTIVATED.len()),
        (KINDS[INPUT_STREAMS.kind], INPUT_STREAMS.len()),
        (KINDS[OUTPUT_STREAMS.kind], OUTPUT_STREAMS.len()),
        (KINDS[INPUT_TRANSFORMS.kind], INPUT_TRANSFORMS.len()),
        (KINDS[OUTPUT_TRANSFORMS.kind], OUTPUT_TRANSFORMS.len()),
    ]
}
