//! The calls of HailoRT that are declared here, as lists for macros: whoever needs something for each call writes a macro
//! that takes the list, with the types of [`crate::types`] in scope.

/// What a call answers where its declaration does not say.
#[doc(hidden)]
#[macro_export]
macro_rules! answer {
    () => {
        $crate::types::hailo_status
    };
    ($type:ty) => {
        $type
    };
}

/// Gives a macro the declarations of the calls that inference, discovery and diagnosis need: `fn name(argument: type,
/// …);` each with its documentation.
#[macro_export]
macro_rules! for_each_call {
    ($then:ident) => {
        $then! {
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
            fn hailo_configure_vdevice(vdevice: hailo_vdevice, hef: hailo_hef, params: *mut hailo_configure_params_t, network_groups: *mut hailo_configured_network_group, number_of_network_groups: *mut usize);
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
    };
}

/// As [`for_each_call`], for what else C programs for inference use.
#[macro_export]
macro_rules! for_each_further_call {
    ($then:ident) => {
        $then! {
            /// The name of a status. The real library answers NULL or worse for one that it does not know.
            fn hailo_get_status_message(status: hailo_status) -> *const c_char;
            /// Lists devices on PCIe.
            fn hailo_scan_pcie_devices(pcie_device_infos: *mut hailo_pcie_device_info_t, pcie_device_infos_length: usize, number_of_devices: *mut usize);
            /// Reads a PCIe address.
            fn hailo_parse_pcie_device_info(device_info_str: *const c_char, device_info: *mut hailo_pcie_device_info_t);
            /// Opens a physical device by its PCIe address, the first for NULL.
            fn hailo_create_pcie_device(device_info: *mut hailo_pcie_device_info_t, device: *mut hailo_device);
            /// What connects a device.
            fn hailo_device_get_type_by_device_id(device_id: *const hailo_device_id_t, device_type: *mut hailo_device_type_t);
            /// The name of a device.
            fn hailo_get_device_id(device: hailo_device, id: *mut hailo_device_id_t);
            /// Firmware of the neural core.
            fn hailo_core_identify(device: hailo_device, core_information: *mut hailo_core_information_t);
            /// Clock, boot source, identifiers.
            fn hailo_get_extended_device_information(device: hailo_device, extended_device_information: *mut hailo_extended_device_information_t);
            /// Whether the device slows down when it is hot.
            fn hailo_set_throttling_state(device: hailo_device, should_activate: bool);
            /// Whether the device slows down when it is hot.
            fn hailo_get_throttling_state(device: hailo_device, is_active: *mut bool);
            /// Calls back in a thread of the library's when the device tells something.
            fn hailo_set_notification_callback(device: hailo_device, callback: hailo_notification_callback, notification_id: hailo_notification_id_t, opaque: *mut c_void);
            /// Calls back no more.
            fn hailo_remove_notification_callback(device: hailo_device, notification_id: hailo_notification_id_t);
            /// Measures once.
            fn hailo_power_measurement(device: hailo_device, dvm: hailo_dvm_options_t, measurement_type: hailo_power_measurement_types_t, measurement: *mut f32);
            /// Starts to measure again and again.
            fn hailo_start_power_measurement(device: hailo_device, averaging_factor: hailo_averaging_factor_t, sampling_period: hailo_sampling_period_t);
            /// Chooses what a buffer measures.
            fn hailo_set_power_measurement(device: hailo_device, buffer_index: hailo_measurement_buffer_index_t, dvm: hailo_dvm_options_t, measurement_type: hailo_power_measurement_types_t);
            /// What a buffer has measured.
            fn hailo_get_power_measurement(device: hailo_device, buffer_index: hailo_measurement_buffer_index_t, should_clear: bool, measurement_data: *mut hailo_power_measurement_data_t);
            /// Stops to measure.
            fn hailo_stop_power_measurement(device: hailo_device);
            /// The devices of a virtual device, which belong to it: never released by the caller.
            fn hailo_get_physical_devices(vdevice: hailo_vdevice, devices: *mut hailo_device, number_of_devices: *mut usize);
            /// All streams of a network group.
            fn hailo_hef_get_all_stream_infos(hef: hailo_hef, name: *const c_char, stream_infos: *mut hailo_stream_info_t, stream_infos_length: usize, number_of_streams: *mut usize);
            /// One stream of a network group.
            fn hailo_hef_get_stream_info_by_name(hef: hailo_hef, network_group_name: *const c_char, stream_name: *const c_char, stream_direction: hailo_stream_direction_t, stream_info: *mut hailo_stream_info_t);
            /// From a name of the original model to that of a vstream.
            fn hailo_hef_get_vstream_name_from_original_name(hef: hailo_hef, network_group_name: *const c_char, original_name: *const c_char, vstream_name: *mut hailo_layer_name_t);
            /// From the name of a vstream to those of the original model.
            fn hailo_hef_get_original_names_from_vstream_name(hef: hailo_hef, network_group_name: *const c_char, vstream_name: *const c_char, original_names: *mut hailo_layer_name_t, original_names_length: *mut usize);
            /// Vstreams of a stream.
            fn hailo_hef_get_vstream_names_from_stream_name(hef: hailo_hef, network_group_name: *const c_char, stream_name: *const c_char, vstream_names: *mut hailo_layer_name_t, vstream_names_length: *mut usize);
            /// Streams of a vstream.
            fn hailo_hef_get_stream_names_from_vstream_name(hef: hailo_hef, network_group_name: *const c_char, vstream_name: *const c_char, stream_names: *mut hailo_layer_name_t, stream_names_length: *mut usize);
            /// Frames a second that the slowest part allows.
            fn hailo_hef_get_bottleneck_fps(hef: hailo_hef, network_group_name: *const c_char, bottleneck_fps: *mut f64);
            /// Networks of a network group.
            fn hailo_hef_get_network_infos(hef: hailo_hef, network_group_name: *const c_char, networks_infos: *mut hailo_network_info_t, number_of_networks: *mut usize);
            /// Default parameters of the inputs of a network or of a group.
            fn hailo_hef_make_input_vstream_params(hef: hailo_hef, name: *const c_char, unused: bool, format_type: hailo_format_type_t, input_params: *mut hailo_input_vstream_params_by_name_t, input_params_count: *mut usize);
            /// Default parameters of the outputs of a network or of a group.
            fn hailo_hef_make_output_vstream_params(hef: hailo_hef, name: *const c_char, unused: bool, format_type: hailo_format_type_t, output_params: *mut hailo_output_vstream_params_by_name_t, output_params_count: *mut usize);
            /// Parameters of all network groups with their defaults.
            fn hailo_init_configure_params(hef: hailo_hef, stream_interface: hailo_stream_interface_t, params: *mut hailo_configure_params_t);
            /// The same for a virtual device.
            fn hailo_init_configure_params_by_vdevice(hef: hailo_hef, vdevice: hailo_vdevice, params: *mut hailo_configure_params_t);
            /// The same for a physical device.
            fn hailo_init_configure_params_by_device(hef: hailo_hef, device: hailo_device, params: *mut hailo_configure_params_t);
            /// Parameters of one network group with their defaults.
            fn hailo_init_configure_network_group_params(hef: hailo_hef, stream_interface: hailo_stream_interface_t, network_group_name: *const c_char, params: *mut hailo_configure_network_group_params_t);
            /// Loads a HEF onto a physical device, without a scheduler.
            fn hailo_configure_device(device: hailo_device, hef: hailo_hef, params: *mut hailo_configure_params_t, network_groups: *mut hailo_configured_network_group, number_of_network_groups: *mut usize);
            /// Waits until somebody activates the group.
            fn hailo_wait_for_network_group_activation(network_group: hailo_configured_network_group, timeout_ms: u32);
            /// Lets a group run, where no scheduler does.
            fn hailo_activate_network_group(network_group: hailo_configured_network_group, activation_params: *mut hailo_activate_network_group_params_t, activated_network_group_out: *mut hailo_activated_network_group);
            /// Ends what [`FurtherApi::hailo_activate_network_group`] began.
            fn hailo_deactivate_network_group(activated_network_group: hailo_activated_network_group);
            /// Streams of a configured group.
            fn hailo_network_group_get_all_stream_infos(network_group: hailo_configured_network_group, stream_infos: *mut hailo_stream_info_t, stream_infos_length: usize, number_of_streams: *mut usize);
            /// Input streams of a configured group.
            fn hailo_network_group_get_input_stream_infos(network_group: hailo_configured_network_group, stream_infos: *mut hailo_stream_info_t, stream_infos_length: usize, number_of_streams: *mut usize);
            /// Output streams of a configured group.
            fn hailo_network_group_get_output_stream_infos(network_group: hailo_configured_network_group, stream_infos: *mut hailo_stream_info_t, stream_infos_length: usize, number_of_streams: *mut usize);
            /// Networks of a configured group.
            fn hailo_get_network_infos(network_group: hailo_configured_network_group, networks_infos: *mut hailo_network_info_t, number_of_networks: *mut usize);
            /// How long the chip takes, where that was asked for.
            fn hailo_get_latency_measurement(configured_network_group: hailo_configured_network_group, network_name: *const c_char, result: *mut hailo_latency_measurement_result_t);
            /// Output vstreams that can be read by one thread each.
            fn hailo_get_output_vstream_groups(network_group: hailo_configured_network_group, output_name_by_group: *mut hailo_output_vstream_name_by_group_t, output_name_by_group_count: *mut usize);
            /// The format on the host's side of an input.
            fn hailo_get_input_vstream_user_format(input_vstream: hailo_input_vstream, user_buffer_format: *mut hailo_format_t);
            /// The format on the host's side of an output.
            fn hailo_get_output_vstream_user_format(output_vstream: hailo_output_vstream, user_buffer_format: *mut hailo_format_t);
            /// Quantisation of an input, one for each channel or one for all.
            fn hailo_get_input_vstream_quant_infos(vstream: hailo_input_vstream, quant_infos: *mut hailo_quant_info_t, quant_infos_count: *mut usize);
            /// Quantisation of an output, one for each channel or one for all.
            fn hailo_get_output_vstream_quant_infos(vstream: hailo_output_vstream, quant_infos: *mut hailo_quant_info_t, quant_infos_count: *mut usize);
            /// Waits until all frames that were written are on the device.
            fn hailo_flush_input_vstream(input_vstream: hailo_input_vstream);
            /// Throws frames away that wait in inputs.
            fn hailo_clear_input_vstreams(input_vstreams: *const hailo_input_vstream, inputs_count: usize);
            /// Throws frames away that wait in outputs.
            fn hailo_clear_output_vstreams(output_vstreams: *const hailo_output_vstream, outputs_count: usize);
            /// Runs so many frames through vstreams of its own.
            fn hailo_infer(configured_network_group: hailo_configured_network_group, inputs_params: *mut hailo_input_vstream_params_by_name_t, input_buffers: *mut hailo_stream_raw_buffer_by_name_t, inputs_count: usize, outputs_params: *mut hailo_output_vstream_params_by_name_t, output_buffers: *mut hailo_stream_raw_buffer_by_name_t, outputs_count: usize, frames_count: usize);
            /// An input stream of a group, which belongs to it.
            fn hailo_get_input_stream(configured_network_group: hailo_configured_network_group, stream_name: *const c_char, stream: *mut hailo_input_stream);
            /// An output stream of a group, which belongs to it.
            fn hailo_get_output_stream(configured_network_group: hailo_configured_network_group, stream_name: *const c_char, stream: *mut hailo_output_stream);
            /// How long a write may take.
            fn hailo_set_input_stream_timeout(stream: hailo_input_stream, timeout_ms: u32);
            /// How long a read may take.
            fn hailo_set_output_stream_timeout(stream: hailo_output_stream, timeout_ms: u32);
            /// Bytes of a frame, 0 for a NULL stream.
            fn hailo_get_input_stream_frame_size(stream: hailo_input_stream) -> usize;
            /// Bytes of a frame, 0 for a NULL stream.
            fn hailo_get_output_stream_frame_size(stream: hailo_output_stream) -> usize;
            /// What an input stream is.
            fn hailo_get_input_stream_info(stream: hailo_input_stream, stream_info: *mut hailo_stream_info_t);
            /// What an output stream is.
            fn hailo_get_output_stream_info(stream: hailo_output_stream, stream_info: *mut hailo_stream_info_t);
            /// Quantisation of an input stream.
            fn hailo_get_input_stream_quant_infos(stream: hailo_input_stream, quant_infos: *mut hailo_quant_info_t, quant_infos_count: *mut usize);
            /// Quantisation of an output stream.
            fn hailo_get_output_stream_quant_infos(stream: hailo_output_stream, quant_infos: *mut hailo_quant_info_t, quant_infos_count: *mut usize);
            /// Writes one frame.
            fn hailo_stream_write_raw_buffer(stream: hailo_input_stream, buffer: *const c_void, size: usize);
            /// Reads one frame.
            fn hailo_stream_read_raw_buffer(stream: hailo_output_stream, buffer: *mut c_void, size: usize);
            /// Frames that may be on their way at once.
            fn hailo_input_stream_get_async_max_queue_size(stream: hailo_input_stream, queue_size: *mut usize);
            /// Frames that may be on their way at once.
            fn hailo_output_stream_get_async_max_queue_size(stream: hailo_output_stream, queue_size: *mut usize);
            /// Waits until another frame may be started.
            fn hailo_stream_wait_for_async_input_ready(stream: hailo_input_stream, transfer_size: usize, timeout_ms: u32);
            /// Waits until another frame may be started.
            fn hailo_stream_wait_for_async_output_ready(stream: hailo_output_stream, transfer_size: usize, timeout_ms: u32);
            /// Starts to write one frame; the buffer stays the caller's until it is called back.
            fn hailo_stream_write_raw_buffer_async(stream: hailo_input_stream, buffer: *const c_void, size: usize, user_callback: hailo_stream_write_async_callback_t, opaque: *mut c_void);
            /// Starts to read one frame; the buffer stays the caller's until it is called back.
            fn hailo_stream_read_raw_buffer_async(stream: hailo_output_stream, buffer: *mut c_void, size: usize, user_callback: hailo_stream_read_async_callback_t, opaque: *mut c_void);
            /// Memory at a page's start.
            fn hailo_allocate_buffer(size: usize, allocation_params: *const hailo_buffer_parameters_t, buffer_out: *mut *mut c_void);
            /// Frees it.
            fn hailo_free_buffer(buffer: *mut c_void);
            /// Tells the driver of memory that frames will lie in.
            fn hailo_device_dma_map_buffer(device: hailo_device, address: *mut c_void, size: usize, direction: hailo_dma_buffer_direction_t);
            /// Takes it back.
            fn hailo_device_dma_unmap_buffer(device: hailo_device, address: *mut c_void, size: usize, direction: hailo_dma_buffer_direction_t);
            /// Tells the driver of memory that frames will lie in.
            fn hailo_vdevice_dma_map_buffer(vdevice: hailo_vdevice, address: *mut c_void, size: usize, direction: hailo_dma_buffer_direction_t);
            /// Takes it back.
            fn hailo_vdevice_dma_unmap_buffer(vdevice: hailo_vdevice, address: *mut c_void, size: usize, direction: hailo_dma_buffer_direction_t);
            /// Bytes of a frame on the host's side.
            fn hailo_get_host_frame_size(stream_info: *const hailo_stream_info_t, transform_params: *const hailo_transform_params_t) -> usize;
            /// Bytes of a frame of a vstream in a format.
            fn hailo_get_vstream_frame_size(vstream_info: *mut hailo_vstream_info_t, user_buffer_format: *mut hailo_format_t, frame_size: *mut usize);
            /// Prepares conversions of frames for an input.
            fn hailo_create_input_transform_context(stream_info: *const hailo_stream_info_t, transform_params: *const hailo_transform_params_t, transform_context: *mut hailo_input_transform_context);
            /// The same, by a stream.
            fn hailo_create_input_transform_context_by_stream(stream: hailo_input_stream, transform_params: *const hailo_transform_params_t, transform_context: *mut hailo_input_transform_context);
            /// Frees it.
            fn hailo_release_input_transform_context(transform_context: hailo_input_transform_context);
            /// Converts a frame for the device.
            fn hailo_transform_frame_by_input_transform_context(transform_context: hailo_input_transform_context, src: *const c_void, src_size: usize, dst: *mut c_void, dst_size: usize);
            /// Prepares conversions of frames of an output.
            fn hailo_create_output_transform_context(stream_info: *const hailo_stream_info_t, transform_params: *const hailo_transform_params_t, transform_context: *mut hailo_output_transform_context);
            /// The same, by a stream.
            fn hailo_create_output_transform_context_by_stream(stream: hailo_output_stream, transform_params: *const hailo_transform_params_t, transform_context: *mut hailo_output_transform_context);
            /// Frees it.
            fn hailo_release_output_transform_context(transform_context: hailo_output_transform_context);
            /// Converts a frame of the device.
            fn hailo_transform_frame_by_output_transform_context(transform_context: hailo_output_transform_context, src: *const c_void, src_size: usize, dst: *mut c_void, dst_size: usize);
            /// Whether frames for the device differ from the host's.
            fn hailo_is_input_transformation_required2(src_image_shape: *const hailo_3d_image_shape_t, src_format: *const hailo_format_t, dst_image_shape: *const hailo_3d_image_shape_t, dst_format: *const hailo_format_t, quant_infos: *const hailo_quant_info_t, quant_infos_count: usize, transformation_required: *mut bool);
            /// Whether frames of the device differ from the host's.
            fn hailo_is_output_transformation_required2(src_image_shape: *const hailo_3d_image_shape_t, src_format: *const hailo_format_t, dst_image_shape: *const hailo_3d_image_shape_t, dst_format: *const hailo_format_t, quant_infos: *const hailo_quant_info_t, quant_infos_count: usize, transformation_required: *mut bool);
            /// The former form of [`FurtherApi::hailo_is_input_transformation_required2`].
            fn hailo_is_input_transformation_required(src_image_shape: *const hailo_3d_image_shape_t, src_format: *const hailo_format_t, dst_image_shape: *const hailo_3d_image_shape_t, dst_format: *const hailo_format_t, quant_info: *const hailo_quant_info_t, transformation_required: *mut bool);
            /// The former form of [`FurtherApi::hailo_is_output_transformation_required2`].
            fn hailo_is_output_transformation_required(src_image_shape: *const hailo_3d_image_shape_t, src_format: *const hailo_format_t, dst_image_shape: *const hailo_3d_image_shape_t, dst_format: *const hailo_format_t, quant_info: *const hailo_quant_info_t, transformation_required: *mut bool);
            /// Whether it can be used for a whole frame: not where each channel has its own.
            fn hailo_is_qp_valid(quant_info: hailo_quant_info_t, is_qp_valid: *mut bool);
        }
    };
}
