//! What is done to a frame between host and device: conversion of the type, transposition, order, padding.

use hailort_sys::status::HAILO_NOT_IMPLEMENTED;
use hailort_sys::types::*;

use crate::hef::StreamInfo;

/// From the host's frames to the device's.
#[derive(Debug)]
pub struct InputTransform {}

/// From the device's frames to the host's.
#[derive(Debug)]
pub struct OutputTransform {}

impl InputTransform {
    /// Between the host's format `user` and what the device has.
    ///
    /// # Errors
    /// As the library answers where it has no such conversion.
    pub fn new(_stream: &StreamInfo, _user: hailo_format_t) -> Result<Self, hailo_status> {
        Err(HAILO_NOT_IMPLEMENTED)
    }

    /// Bytes of a frame on the host's side, and of one on the device's.
    pub fn bytes(&self) -> (usize, usize) {
        (0, 0)
    }

    /// Converts a frame.
    ///
    /// # Errors
    /// As the library answers: for a buffer of the wrong size, say.
    pub fn apply(&self, _host: &[u8], _device: &mut [u8]) -> Result<(), hailo_status> {
        Err(HAILO_NOT_IMPLEMENTED)
    }
}

impl OutputTransform {
    /// As [`InputTransform::new`].
    ///
    /// # Errors
    /// As [`InputTransform::new`].
    pub fn new(_stream: &StreamInfo, _user: hailo_format_t) -> Result<Self, hailo_status> {
        Err(HAILO_NOT_IMPLEMENTED)
    }

    /// Bytes of a frame on the device's side, and of one on the host's.
    pub fn bytes(&self) -> (usize, usize) {
        (0, 0)
    }

    /// Converts a frame.
    ///
    /// # Errors
    /// As [`InputTransform::apply`].
    pub fn apply(&self, _device: &[u8], _host: &mut [u8]) -> Result<(), hailo_status> {
        Err(HAILO_NOT_IMPLEMENTED)
    }
}

/// The values that a frame of the device stands for, without its padding: `[height, width, features]`.
pub fn values(_stream: &StreamInfo, _device: &[u8]) -> Vec<f32> {
    Vec::new()
}

/// The frame of the device that stands for these values, rounded as the device's numbers are.
pub fn quantised(_stream: &StreamInfo, _values: &[f32]) -> Vec<u8> {
    Vec::new()
}
