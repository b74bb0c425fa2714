//! The C boundary: HailoRT's functions over the safe runtime.
//!
//! | room | holds |
//! | --- | --- |
//! | [`handles`] | the table from handles to objects: a stale or foreign handle is an error, never a crash |
//! | `pointers` | what is read and written through the caller's pointers |
//! | `devices`, `hefs`, `groups`, `vstreams` | the calls |
//!
//! Every call answers a status and reports on standard error what went wrong, as the real library's console log does;
//! what a caller did wrong goes through [`crate::misuse`]. A panic behind the boundary becomes `HAILO_INTERNAL_FAILURE`. What [`crate::faults`] has planned for a call
//! comes before it.

mod devices;
mod groups;
pub mod handles;
mod hefs;
mod pointers;
mod vstreams;

use hailort_sys::Api;
use hailort_sys::status::{HAILO_INTERNAL_FAILURE, HAILO_STREAM_ABORT, HAILO_SUCCESS};
use hailort_sys::types::hailo_status;

use crate::console::error as log;
use crate::faults::active::{self, Verdict};
use crate::faults::{Corruption, hang};
use crate::misuse;

/// The version that the simulator reports.
pub const VERSION: (u32, u32, u32) = (4, 23, 0);

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
