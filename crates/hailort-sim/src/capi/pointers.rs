//! What is read and written through the caller's pointers.
//!
//! The functions here check for NULL; that a pointer is otherwise valid for what the call does with it is the
//! caller's promise, as in C.

use std::ffi::{CStr, c_char};

use hailort_sys::status::{HAILO_INSUFFICIENT_BUFFER, HAILO_INVALID_ARGUMENT};
use hailort_sys::types::hailo_status;

use super::Answer;
use crate::misuse::{self, Wrong};

/// Notes that the caller passes NULL where it must not.
pub(super) fn null() -> hailo_status {
    misuse::note("an argument", Wrong::Null);
    HAILO_INVALID_ARGUMENT
}

/// Writes `value` to `to`.
///
/// # Safety
/// `to` is NULL or valid for a write.
pub(super) unsafe fn write<T>(to: *mut T, value: T) -> Answer {
    if to.is_null() {
        return Err(null());
    }
    // SAFETY: not NULL, and valid by this function's contract.
    unsafe { to.write(value) };
    Ok(())
}

/// Reads what `from` points to.
///
/// # Safety
/// `from` is NULL or valid for a read.
pub(super) unsafe fn read<T: Copy>(from: *const T) -> Result<T, hailo_status> {
    if from.is_null() {
        return Err(null());
    }
    // SAFETY: not NULL, and valid by this function's contract.
    Ok(unsafe { from.read() })
}

/// A slice of `count` elements.
///
/// # Safety
/// `from` is NULL or valid for reads of `count` elements during `'a`.
pub(super) unsafe fn slice<'a, T>(from: *const T, count: usize) -> Result<&'a [T], hailo_status> {
    if from.is_null() {
        return Err(null());
    }
    // SAFETY: not NULL, and valid by this function's contract.
    Ok(unsafe { std::slice::from_raw_parts(from, count) })
}

/// A string, `None` for NULL.
///
/// # Safety
/// `from` is NULL or a string ended by NUL.
pub(super) unsafe fn string(from: *const c_char) -> Option<String> {
    if from.is_null() {
        return None;
    }
    // SAFETY: not NULL, and a string by this function's contract.
    Some(unsafe { CStr::from_ptr(from) }.to_string_lossy().into_owned())
}

/// Writes all `values` to an array: its capacity is in `count`, which gets their number.
///
/// # Safety
/// `count` is NULL or valid for a read and a write; `array` is NULL or valid for writes of `*count` elements.
pub(super) unsafe fn fill<T>(array: *mut T, count: *mut usize, values: Vec<T>) -> Answer {
    if array.is_null() {
        return Err(null());
    }
    // SAFETY: `count` is NULL or readable by this function's contract.
    let capacity = unsafe { read(count) }?;
    // SAFETY: `count` is not NULL, as the read has shown, and writable.
    unsafe { count.write(values.len()) };
    if values.len() > capacity {
        return Err(HAILO_INSUFFICIENT_BUFFER);
    }
    for (i, value) in values.into_iter().enumerate() {
        // SAFETY: `i < capacity`, for which the array is valid.
        unsafe { array.add(i).write(value) };
    }
    Ok(())
}

/// As [`fill`], for an array whose capacity is passed by value; `count` gets the number in any case.
///
/// # Safety
/// `count` is NULL or valid for a write; `array` is NULL or valid for writes of `capacity` elements.
pub(super) unsafe fn fill_all<T>(
    array: *mut T,
    capacity: usize,
    count: *mut usize,
    values: Vec<T>,
) -> Answer {
    if count.is_null() {
        return Err(null());
    }
    let mut number = capacity;
    // SAFETY: the array has room for as many as `number` says, by this function's contract.
    let answer = unsafe { fill(array, &raw mut number, values) };
    if answer != Err(HAILO_INVALID_ARGUMENT) {
        // SAFETY: not NULL, and valid by this function's contract.
        unsafe { count.write(number) };
    }
    answer
}
