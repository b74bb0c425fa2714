//! The table of the calls.

use std::ffi::{c_char, c_void};

use crate::types::*;

macro_rules! api {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?);)*) => {
        /// One pointer for each call of HailoRT that inference, discovery and diagnosis need.
        ///
        /// All calls answer a [`hailo_status`], 0 for success. Pointers have to be valid for what the call does with
        /// them: `*mut` results for one write, arrays for the number of elements that the count beside them says
        /// (capacity in, number out), strings ended by NUL, handles not yet released.
        #[derive(Clone, Copy, Debug)]
        pub struct Api {
            $($(#[$doc])* pub $name: unsafe extern "C" fn($($arg: $type),*) -> hailo_status,)*
        }

        impl Api {
            /// The symbol of each call, in the order of the fields.
            pub const SYMBOLS: &[&str] = &[$(stringify!($name)),*];

            /// Fills the table from a function that finds a symbol's address.
            ///
            /// # Errors
            /// The first answer of `find` that is one.
            ///
            /// # Safety
            /// Each address that `find` answers is that of a function of the field's type, and stays callable for as
            /// long as the table or a copy of it is used.
            pub unsafe fn from_symbols<E>(mut find: impl FnMut(&'static str) -> Result<*const c_void, E>) -> Result<Self, E> {
                Ok(Self {
                    $($name: {
                        let address = find(stringify!($name))?;
                        // SAFETY: the caller vouches for the address; pointers to functions and data have the same
                        // size on the targets that HailoRT runs on.
                        unsafe {
                            std::mem::transmute::<*const c_void, unsafe extern "C" fn($($type),*) -> hailo_status>(address)
                        }
                    },)*
                })
            }
        }
    };
}

api! {
    /// The version of the library.
    fn hailo_get_library_version(version: *mut hailo_version_t);
    /// Lists devices: capacity in, number out. `params` is NULL.
    fn hailo_scan_devices(params: *mut hailo_scan_devices_params_t, device_ids: *mut hailo_device_id_t, device_ids_length: *mut usize);
    /// Opens a physical device for identification and measurement.
    fn hailo_create_device_by_id(device_id: *const hailo_device_id_t, device: *mut hailo_device);
    /// Closes a physical device. Never twice.
    fn hailo_release_device(device: hailo_device);
    /// Architecture, firmware, board, serial number.
    fn hailo_identify(device: hailo_device, device_identity: *mut hailo_device_identity_t);
    /// Temperatures of the chip.
    fn hailo_get_chip_temperature(device: hailo_device, temp_info: *mut hailo_chip_temperature_info_t);
    /// Resets a device.
    fn hailo_reset_device(device: hailo_device, mode: hailo_reset_device_mode_t);
    /// Fills parameters with their defaults.
    fn hailo_init_vdevice_params(params: *mut hailo_vdevice_params_t);
    /// Takes devices into exclusive use.
    fn hailo_create_vdevice(params: *mut hailo_vdevice_params_t, vdevice: *mut hailo_vdevice);
    /// Lets the devices go and frees all network groups. Never twice, and never before the vstreams.
    fn hailo_release_vdevice(vdevice: hailo_vdevice);
    /// Names of the devices of a virtual device: capacity in, number out.
    fn hailo_vdevice_get_physical_devices_ids(vdevice: hailo_vdevice, devices_ids: *mut hailo_device_id_t, number_of_devices: *mut usize);
    /// Reads a HEF from a file.
    fn hailo_create_hef_file(hef: *mut hailo_hef, file_name: *const c_char);
    /// Reads a HEF from memory, which has to stay until the HEF is released. At least 12 bytes: the real library
    /// crashes on less.
    fn hailo_create_hef_buffer(hef: *mut hailo_hef, buffer: *const c_void, size: usize);
    /// Frees a HEF. Never twice.
    fn hailo_release_hef(hef: hailo_hef);
    /// Names of the network groups of a HEF: capacity in, number out.
    fn hailo_get_network_groups_infos(hef: hailo_hef, infos: *mut hailo_network_group_info_t, number_of_infos: *mut usize);
    /// All vstreams of a network group (`name` NULL: of the first one): capacity in, number out.
    fn hailo_hef_get_all_vstream_infos(hef: hailo_hef, name: *const c_char, vstream_infos: *mut hailo_vstream_info_t, vstream_infos_count: *mut usize);
    /// Names of the outputs in the order of the original model: expected number in, number out.
    fn hailo_hef_get_sorted_output_names(hef: hailo_hef, network_group_name: *const c_char, sorted_output_names: *mut hailo_layer_name_t, sorted_output_names_count: *mut usize);
    /// Loads a HEF onto a virtual device. `params` is NULL for defaults; capacity in, number out.
    fn hailo_configure_vdevice(vdevice: hailo_vdevice, hef: hailo_hef, params: *mut c_void, network_groups: *mut hailo_configured_network_group, number_of_network_groups: *mut usize);
    /// Default parameters of all inputs: capacity in, number out.
    fn hailo_make_input_vstream_params(network_group: hailo_configured_network_group, unused: bool, format_type: hailo_format_type_t, input_params: *mut hailo_input_vstream_params_by_name_t, input_params_count: *mut usize);
    /// Default parameters of all outputs: capacity in, number out.
    fn hailo_make_output_vstream_params(network_group: hailo_configured_network_group, unused: bool, format_type: hailo_format_type_t, output_params: *mut hailo_output_vstream_params_by_name_t, output_params_count: *mut usize);
    /// Makes input vstreams, as many as there are parameters.
    fn hailo_create_input_vstreams(network_group: hailo_configured_network_group, inputs_params: *const hailo_input_vstream_params_by_name_t, inputs_count: usize, input_vstreams: *mut hailo_input_vstream);
    /// Makes output vstreams, as many as there are parameters.
    fn hailo_create_output_vstreams(network_group: hailo_configured_network_group, outputs_params: *const hailo_output_vstream_params_by_name_t, outputs_count: usize, output_vstreams: *mut hailo_output_vstream);
    /// Frees input vstreams. Never twice, and after the outputs.
    fn hailo_release_input_vstreams(input_vstreams: *const hailo_input_vstream, inputs_count: usize);
    /// Frees output vstreams. Never twice.
    fn hailo_release_output_vstreams(output_vstreams: *const hailo_output_vstream, outputs_count: usize);
    /// What an input is.
    fn hailo_get_input_vstream_info(input_vstream: hailo_input_vstream, vstream_info: *mut hailo_vstream_info_t);
    /// What an output is.
    fn hailo_get_output_vstream_info(output_vstream: hailo_output_vstream, vstream_info: *mut hailo_vstream_info_t);
    /// Bytes of a frame on the host's side of an input.
    fn hailo_get_input_vstream_frame_size(input_vstream: hailo_input_vstream, frame_size: *mut usize);
    /// Bytes of a frame on the host's side of an output.
    fn hailo_get_output_vstream_frame_size(output_vstream: hailo_output_vstream, frame_size: *mut usize);
    /// Queues one frame; the buffer has exactly the frame's size and is copied before the call returns.
    fn hailo_vstream_write_raw_buffer(input_vstream: hailo_input_vstream, buffer: *const c_void, buffer_size: usize);
    /// Takes the next frame; the buffer has exactly the frame's size.
    fn hailo_vstream_read_raw_buffer(output_vstream: hailo_output_vstream, buffer: *mut c_void, buffer_size: usize);
    /// Ends all transfers of a group for good: the only call that unblocks a reader in another thread. Idempotent.
    fn hailo_shutdown_network_group(network_group: hailo_configured_network_group);
    /// How long the scheduler waits for more frames. `network_name` is NULL.
    fn hailo_set_scheduler_timeout(network_group: hailo_configured_network_group, timeout_ms: u32, network_name: *const c_char);
    /// How many frames the scheduler waits for. `network_name` is NULL.
    fn hailo_set_scheduler_threshold(network_group: hailo_configured_network_group, threshold: u32, network_name: *const c_char);
    /// Which group goes first, 0 to 31. `network_name` is NULL.
    fn hailo_set_scheduler_priority(network_group: hailo_configured_network_group, priority: u8, network_name: *const c_char);
}
