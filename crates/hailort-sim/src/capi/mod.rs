//! The C boundary: HailoRT's functions over the safe runtime.
//!
//! | room | holds |
//! | --- | --- |
//! | [`handles`] | the table from handles to objects: a stale or foreign handle is an error, never a crash |
//! | `pointers` | what is read and written through the caller's pointers |
//! | `devices`, `hefs`, `groups`, `vstreams` | the calls of [`api`] |
//! | `physical`, `power`, `notifications` | further calls for devices |
//! | `infos`, `params`, `activation` | further calls for HEFs and groups |
//! | `streams`, `transforms`, `buffers`, `inference` | further calls for frames |
//!
//! Every call answers a status and reports on standard error what went wrong, as the real library's console log does;
//! what a caller did wrong goes through [`crate::misuse`]. A panic behind the boundary becomes `HAILO_INTERNAL_FAILURE`. What [`crate::faults`] has planned for a call
//! comes before it.

mod activation;
mod buffers;
mod devices;
mod groups;
pub mod handles;
mod hefs;
mod inference;
mod infos;
mod notifications;
mod params;
mod physical;
mod pointers;
mod power;
mod streams;
mod transforms;
mod vstreams;

use hailort_sys::status::{
    HAILO_INTERNAL_FAILURE, HAILO_INVALID_ARGUMENT, HAILO_NOT_IMPLEMENTED, HAILO_STREAM_ABORT, HAILO_SUCCESS,
};
use hailort_sys::types::hailo_status;
use hailort_sys::{Api, FurtherApi};

use crate::console::error as log;
use crate::faults::active::{self, Verdict};
use crate::faults::{Corruption, hang};
use crate::misuse;
use crate::version;

/// The simulator's calls.
pub fn api() -> Api {
    use devices::*;
    use groups::*;
    use hefs::*;
    use vstreams::*;

    Api {
        hailo_get_library_version,
        hailo_scan_devices,
        hailo_create_device_by_id,
        hailo_release_device,
        hailo_identify,
        hailo_get_chip_temperature,
        hailo_reset_device,
        hailo_init_vdevice_params,
        hailo_create_vdevice,
        hailo_release_vdevice,
        hailo_vdevice_get_physical_devices_ids,
        hailo_create_hef_file,
        hailo_create_hef_buffer,
        hailo_release_hef,
        hailo_get_network_groups_infos,
        hailo_hef_get_all_vstream_infos,
        hailo_hef_get_sorted_output_names,
        hailo_configure_vdevice,
        hailo_make_input_vstream_params,
        hailo_make_output_vstream_params,
        hailo_create_input_vstreams,
        hailo_create_output_vstreams,
        hailo_release_input_vstreams,
        hailo_release_output_vstreams,
        hailo_get_input_vstream_info,
        hailo_get_output_vstream_info,
        hailo_get_input_vstream_frame_size,
        hailo_get_output_vstream_frame_size,
        hailo_vstream_write_raw_buffer,
        hailo_vstream_read_raw_buffer,
        hailo_shutdown_network_group,
        hailo_set_scheduler_timeout,
        hailo_set_scheduler_threshold,
        hailo_set_scheduler_priority,
    }
}

/// The simulator's further calls.
pub fn further_api() -> FurtherApi {
    use activation::*;
    use buffers::*;
    use inference::*;
    use infos::*;
    use notifications::*;
    use params::*;
    use physical::*;
    use power::*;
    use streams::*;
    use transforms::*;

    FurtherApi {
        hailo_get_status_message,
        hailo_scan_pcie_devices,
        hailo_parse_pcie_device_info,
        hailo_create_pcie_device,
        hailo_device_get_type_by_device_id,
        hailo_get_device_id,
        hailo_core_identify,
        hailo_get_extended_device_information,
        hailo_set_throttling_state,
        hailo_get_throttling_state,
        hailo_set_notification_callback,
        hailo_remove_notification_callback,
        hailo_power_measurement,
        hailo_start_power_measurement,
        hailo_set_power_measurement,
        hailo_get_power_measurement,
        hailo_stop_power_measurement,
        hailo_get_physical_devices,
        hailo_hef_get_all_stream_infos,
        hailo_hef_get_stream_info_by_name,
        hailo_hef_get_vstream_name_from_original_name,
        hailo_hef_get_original_names_from_vstream_name,
        hailo_hef_get_vstream_names_from_stream_name,
        hailo_hef_get_stream_names_from_vstream_name,
        hailo_hef_get_bottleneck_fps,
        hailo_hef_get_network_infos,
        hailo_hef_make_input_vstream_params,
        hailo_hef_make_output_vstream_params,
        hailo_init_configure_params,
        hailo_init_configure_params_by_vdevice,
        hailo_init_configure_params_by_device,
        hailo_init_configure_network_group_params,
        hailo_configure_device,
        hailo_wait_for_network_group_activation,
        hailo_activate_network_group,
        hailo_deactivate_network_group,
        hailo_network_group_get_all_stream_infos,
        hailo_network_group_get_input_stream_infos,
        hailo_network_group_get_output_stream_infos,
        hailo_get_network_infos,
        hailo_get_latency_measurement,
        hailo_get_output_vstream_groups,
        hailo_get_input_vstream_user_format,
        hailo_get_output_vstream_user_format,
        hailo_get_input_vstream_quant_infos,
        hailo_get_output_vstream_quant_infos,
        hailo_flush_input_vstream,
        hailo_clear_input_vstreams,
        hailo_clear_output_vstreams,
        hailo_infer,
        hailo_get_input_stream,
        hailo_get_output_stream,
        hailo_set_input_stream_timeout,
        hailo_set_output_stream_timeout,
        hailo_get_input_stream_frame_size,
        hailo_get_output_stream_frame_size,
        hailo_get_input_stream_info,
        hailo_get_output_stream_info,
        hailo_get_input_stream_quant_infos,
        hailo_get_output_stream_quant_infos,
        hailo_stream_write_raw_buffer,
        hailo_stream_read_raw_buffer,
        hailo_input_stream_get_async_max_queue_size,
        hailo_output_stream_get_async_max_queue_size,
        hailo_stream_wait_for_async_input_ready,
        hailo_stream_wait_for_async_output_ready,
        hailo_stream_write_raw_buffer_async,
        hailo_stream_read_raw_buffer_async,
        hailo_allocate_buffer,
        hailo_free_buffer,
        hailo_device_dma_map_buffer,
        hailo_device_dma_unmap_buffer,
        hailo_vdevice_dma_map_buffer,
        hailo_vdevice_dma_unmap_buffer,
        hailo_get_host_frame_size,
        hailo_get_vstream_frame_size,
        hailo_create_input_transform_context,
        hailo_create_input_transform_context_by_stream,
        hailo_release_input_transform_context,
        hailo_transform_frame_by_input_transform_context,
        hailo_create_output_transform_context,
        hailo_create_output_transform_context_by_stream,
        hailo_release_output_transform_context,
        hailo_transform_frame_by_output_transform_context,
        hailo_is_input_transformation_required2,
        hailo_is_output_transformation_required2,
        hailo_is_input_transformation_required,
        hailo_is_output_transformation_required,
        hailo_is_qp_valid,
    }
}

/// The answer of a call that is not simulated.
pub fn not_simulated(name: &'static str) -> hailo_status {
    call(name, || {
        log(name, "is not simulated");
        Err(HAILO_NOT_IMPLEMENTED)
    })
}

/// What a call answers before it is turned into a status.
type Answer = Result<(), hailo_status>;

/// What a fault asks of the body of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Special {
    /// Nothing.
    None,
    /// To wait until its network group is shut down.
    WaitForShutDown,
    /// Never to return if the thread for interrupts was interrupted.
    HangIfSignalled,
    /// To corrupt the frame that it gives.
    Corrupt {
        how: Corruption,
        seed: u64,
        /// Of the call.
        number: u64,
    },
}

/// Runs the body of the call `name`, unless a fault is planned for it.
fn call(name: &'static str, body: impl FnOnce() -> Answer) -> hailo_status {
    special(name, |special| match special {
        Special::WaitForShutDown => {
            hang::hang_until_any_shutdown();
            Err(HAILO_STREAM_ABORT)
        }
        _ => body(),
    })
}

/// Runs the body of the call `name`, unless a fault is planned for it that needs no body. The body is told what else
/// is.
fn special(name: &'static str, body: impl FnOnce(Special) -> Answer) -> hailo_status {
    if version::current().is_err() {
        // Which library it should be is not known: it is none.
        return HAILO_INVALID_ARGUMENT;
    }
    let run = || match active::before(name) {
        Verdict::Proceed => body(Special::None),
        Verdict::WaitForShutDown => body(Special::WaitForShutDown),
        Verdict::HangIfSignalled => body(Special::HangIfSignalled),
        Verdict::Corrupt { how, seed, number } => body(Special::Corrupt { how, seed, number }),
        Verdict::Answer(HAILO_SUCCESS) => Ok(()),
        Verdict::Answer(status) => Err(status),
    };
    let run = || misuse::within(name, run);
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
        Ok(Ok(())) => HAILO_SUCCESS,
        Ok(Err(status)) => status,
        Err(_) => {
            log(name, "panicked");
            HAILO_INTERNAL_FAILURE
        }
    }
}
