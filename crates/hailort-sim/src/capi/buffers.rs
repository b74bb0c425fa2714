//! Calls for memory that frames lie in.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::{Mutex, PoisonError};

use hailort_sys::status::*;
use hailort_sys::types::*;

use super::handles::{DEVICES, VDEVICES};
use super::{Answer, call, pointers};
use crate::misuse::{self, Wrong};

/// Memory begins at a page.
const PAGE: usize = 4096;

/// Sizes of what was allocated, by address.
static ALLOCATED: Mutex<Option<HashMap<usize, usize>>> = Mutex::new(None);
/// What was told to the driver: owner, address, size and direction.
static MAPPED: Mutex<Vec<(usize, usize, usize, u32)>> = Mutex::new(Vec::new());

pub(super) unsafe extern "C" fn hailo_allocate_buffer(
    size: usize,
    params: *const hailo_buffer_parameters_t,
    buffer: *mut *mut c_void,
) -> hailo_status {
    call("hailo_allocate_buffer", || {
        // SAFETY: the caller's pointer, see `FurtherApi`.
        unsafe { pointers::read(params) }?;
        if buffer.is_null() {
            return Err(pointers::null());
        }
        if size == 0 {
            return Err(HAILO_INVALID_ARGUMENT);
        }
        let layout = Layout::from_size_align(size, PAGE).map_err(|_| HAILO_OUT_OF_HOST_MEMORY)?;
        // SAFETY: the size is not 0.
        let memory = unsafe { alloc_zeroed(layout) };
        if memory.is_null() {
            return Err(HAILO_OUT_OF_HOST_MEMORY);
        }
        let mut allocated = ALLOCATED.lock().unwrap_or_else(PoisonError::into_inner);
        allocated.get_or_insert_default().insert(memory.addr(), size);
        // SAFETY: the caller's pointer, see `FurtherApi`.
        unsafe { pointers::write(buffer, memory.cast()) }
    })
}

pub(super) unsafe extern "C" fn hailo_free_buffer(buffer: *mut c_void) -> hailo_status {
    call("hailo_free_buffer", || {
        if buffer.is_null() {
            return Err(pointers::null());
        }
        let mut allocated = ALLOCATED.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(size) = allocated.get_or_insert_default().remove(&buffer.addr()) else {
            misuse::note(format!("buffer {:#x}", buffer.addr()), Wrong::NoHandle);
            return Err(HAILO_NOT_FOUND);
        };
        let layout = Layout::from_size_align(size, PAGE).map_err(|_| HAILO_INTERNAL_FAILURE)?;
        // SAFETY: it was allocated with this layout, and is freed once: it was in the table until now.
        unsafe { dealloc(buffer.cast(), layout) };
        Ok(())
    })
}

fn map(owner: usize, address: *mut c_void, size: usize, direction: u32) -> Answer {
    if address.is_null() {
        return Err(pointers::null());
    }
    if size == 0 || direction > HAILO_DMA_BUFFER_DIRECTION_BOTH {
        return Err(HAILO_INVALID_ARGUMENT);
    }
    let mapping = (owner, address.addr(), size, direction);
    let mut mapped = MAPPED.lock().unwrap_or_else(PoisonError::into_inner);
    if mapped.contains(&mapping) {
        return Err(HAILO_DMA_MAPPING_ALREADY_EXISTS);
    }
    mapped.push(mapping);
    Ok(())
}

fn unmap(owner: usize, address: *mut c_void, size: usize, direction: u32) -> Answer {
    if address.is_null() {
        return Err(pointers::null());
    }
    let mapping = (owner, address.addr(), size, direction);
    let mut mapped = MAPPED.lock().unwrap_or_else(PoisonError::into_inner);
    let place = mapped.iter().position(|m| *m == mapping).ok_or(HAILO_NOT_FOUND)?;
    mapped.swap_remove(place);
    Ok(())
}

/// Forgets what was told of an owner that is released.
pub(super) fn forget(owner: usize) {
    MAPPED.lock().unwrap_or_else(PoisonError::into_inner).retain(|(of, ..)| *of != owner);
}

macro_rules! mapping {
    ($($name:ident, $handle:ident, $table:ident, $what:ident;)*) => {
        $(pub(super) unsafe extern "C" fn $name(
            owner: $handle,
            address: *mut c_void,
            size: usize,
            direction: hailo_dma_buffer_direction_t,
        ) -> hailo_status {
            call(stringify!($name), || {
                $table.get(owner)?;
                $what(owner.addr(), address, size, direction)
            })
        })*
    };
}

mapping! {
    hailo_device_dma_map_buffer, hailo_device, DEVICES, map;
    hailo_device_dma_unmap_buffer, hailo_device, DEVICES, unmap;
    hailo_vdevice_dma_map_buffer, hailo_vdevice, VDEVICES, map;
    hailo_vdevice_dma_unmap_buffer, hailo_vdevice, VDEVICES, unmap;
}
