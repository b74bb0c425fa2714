//! Calls that measure power. What is measured is made up: a device takes 0.9 W.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use hailort_sys::status::*;
use hailort_sys::types::*;

use super::handles::DEVICES;
use super::{Answer, call, pointers};

/// Watts of a device.
const WATTS: f32 = 0.9;
/// Volts of the line that is measured.
const VOLTS: f32 = 3.3;
/// Buffers for measurements.
const BUFFERS: usize = 4;
/// Microseconds of a sample by [`hailo_sampling_period_t`].
const PERIODS: [f32; 8] = [140.0, 204.0, 332.0, 588.0, 1100.0, 2116.0, 4156.0, 8244.0];
/// Samples that are averaged by [`hailo_averaging_factor_t`].
const FACTORS: [f32; 8] = [1.0, 4.0, 16.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

static RUNNING: AtomicBool = AtomicBool::new(false);

/// What is measured, and how.
struct Setting {
    /// What each buffer measures.
    buffers: [Option<hailo_power_measurement_types_t>; BUFFERS],
    /// Milliseconds of a measurement.
    milliseconds: f32,
    since: Option<std::time::Instant>,
}

static SETTING: Mutex<Setting> =
    Mutex::new(Setting { buffers: [None; BUFFERS], milliseconds: 0.0, since: None });

fn with_device(name: &'static str, device: hailo_device, body: impl FnOnce() -> Answer) -> hailo_status {
    call(name, || {
        DEVICES.get(device)?.link.check()?;
        body()
    })
}

fn value(kind: hailo_power_measurement_types_t) -> Result<f32, hailo_status> {
    match kind {
        HAILO_POWER_MEASUREMENT_TYPES__SHUNT_VOLTAGE => Ok(0.01 * WATTS / VOLTS * 1e3),
        HAILO_POWER_MEASUREMENT_TYPES__BUS_VOLTAGE => Ok(VOLTS * 1e3),
        HAILO_POWER_MEASUREMENT_TYPES__POWER | HAILO_POWER_MEASUREMENT_TYPES__AUTO => Ok(WATTS),
        HAILO_POWER_MEASUREMENT_TYPES__CURRENT => Ok(WATTS / VOLTS * 1e3),
        _ => Err(HAILO_INVALID_ARGUMENT),
    }
}

fn check(dvm: hailo_dvm_options_t) -> Answer {
    if dvm <= HAILO_DVM_OPTIONS_OVERCURRENT_PROTECTION || dvm == HAILO_DVM_OPTIONS_AUTO {
        return Ok(());
    }
    Err(HAILO_INVALID_ARGUMENT)
}

pub(super) unsafe extern "C" fn hailo_power_measurement(
    device: hailo_device,
    dvm: hailo_dvm_options_t,
    kind: hailo_power_measurement_types_t,
    measurement: *mut f32,
) -> hailo_status {
    with_device("hailo_power_measurement", device, || {
        check(dvm)?;
        if RUNNING.load(Ordering::SeqCst) {
            // The chip does one or the other.
            return Err(HAILO_FW_CONTROL_FAILURE);
        }
        // SAFETY: the caller's pointer, see `FurtherApi`.
        unsafe { pointers::write(measurement, value(kind)?) }
    })
}

pub(super) unsafe extern "C" fn hailo_set_power_measurement(
    device: hailo_device,
    index: hailo_measurement_buffer_index_t,
    dvm: hailo_dvm_options_t,
    kind: hailo_power_measurement_types_t,
) -> hailo_status {
    with_device("hailo_set_power_measurement", device, || {
        check(dvm)?;
        value(kind)?;
        let mut setting = SETTING.lock().unwrap_or_else(PoisonError::into_inner);
        *setting.buffers.get_mut(index as usize).ok_or(HAILO_INVALID_ARGUMENT)? = Some(kind);
        Ok(())
    })
}

pub(super) unsafe extern "C" fn hailo_start_power_measurement(
    device: hailo_device,
    factor: hailo_averaging_factor_t,
    period: hailo_sampling_period_t,
) -> hailo_status {
    with_device("hailo_start_power_measurement", device, || {
        let factor = FACTORS.get(factor as usize).ok_or(HAILO_INVALID_ARGUMENT)?;
        let period = PERIODS.get(period as usize).ok_or(HAILO_INVALID_ARGUMENT)?;
        let mut setting = SETTING.lock().unwrap_or_else(PoisonError::into_inner);
        // The shunt and the bus are measured in turn.
        setting.milliseconds = 2.0 * period * factor / 1e3;
        setting.since = Some(std::time::Instant::now());
        RUNNING.store(true, Ordering::SeqCst);
        Ok(())
    })
}

pub(super) unsafe extern "C" fn hailo_get_power_measurement(
    device: hailo_device,
    index: hailo_measurement_buffer_index_t,
    should_clear: bool,
    data: *mut hailo_power_measurement_data_t,
) -> hailo_status {
    with_device("hailo_get_power_measurement", device, || {
        let mut setting = SETTING.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = setting.buffers.get(index as usize).ok_or(HAILO_INVALID_ARGUMENT)?;
        let (Some(kind), Some(since)) = (*kind, setting.since) else { return Err(HAILO_FW_CONTROL_FAILURE) };
        let average = value(kind)?;
        let samples = since.elapsed().as_secs_f32() * 1e3 / setting.milliseconds;
        let out = hailo_power_measurement_data_t {
            average_value: average,
            average_time_value_milliseconds: setting.milliseconds,
            min_value: 0.98 * average,
            max_value: 1.02 * average,
            total_number_of_samples: samples.floor().max(0.0) as u32,
        };
        // SAFETY: the caller's pointer, see `FurtherApi`.
        unsafe { pointers::write(data, out) }?;
        if should_clear {
            setting.since = Some(std::time::Instant::now());
        }
        Ok(())
    })
}

pub(super) unsafe extern "C" fn hailo_stop_power_measurement(device: hailo_device) -> hailo_status {
    with_device("hailo_stop_power_measurement", device, || {
        RUNNING.store(false, Ordering::SeqCst);
        Ok(())
    })
}
