//! Calls that are not simulated: ethernet, sensors, firmware updates, watchdogs of the chip, camera buffers, results of
//! non-maximum suppression.

use hailort_sys::types::hailo_status;

macro_rules! missing {
    ($($name:ident)*) => {
        $(
            /// Not simulated. The arguments are not looked at, and the caller is the one who removes them: a function
            /// without any stands for all.
            #[unsafe(no_mangle)]
            pub extern "C" fn $name() -> hailo_status {
                hailort_sim::capi::not_simulated(stringify!($name))
            }
        )*
    };
}

missing! {
    hailo_calculate_eth_input_rate_limits
    hailo_create_demuxer_by_stream
    hailo_create_ethernet_device
    hailo_demux_by_name_raw_frame_by_output_demuxer
    hailo_demux_raw_frame_by_output_demuxer
    hailo_device_dma_map_dmabuf
    hailo_device_dma_unmap_dmabuf
    hailo_dump_sensor_config
    hailo_fuse_nms_frames
    hailo_get_mux_infos_by_output_demuxer
    hailo_get_previous_system_state
    hailo_i2c_read
    hailo_i2c_write
    hailo_init_configure_network_group_params_mipi_input
    hailo_init_configure_params_mipi_input
    hailo_load_and_start_sensor
    hailo_release_output_demuxer
    hailo_reset_sensor
    hailo_scan_ethernet_devices
    hailo_set_fw_logger
    hailo_set_pause_frames
    hailo_set_sensor_i2c_bus_index
    hailo_set_sleep_state
    hailo_store_isp_config
    hailo_store_sensor_config
    hailo_test_chip_memories
    hailo_update_firmware
    hailo_update_second_stage
    hailo_vdevice_dma_map_dmabuf
    hailo_vdevice_dma_unmap_dmabuf
    hailo_vstream_set_nms_iou_threshold
    hailo_vstream_set_nms_max_proposals_per_class
    hailo_vstream_set_nms_score_threshold
    hailo_vstream_write_pix_buffer
    hailo_wd_config
    hailo_wd_disable
    hailo_wd_enable
}
