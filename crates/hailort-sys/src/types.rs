//! Structs, handles and constants of `hailort.h`, under their C names.
//!
//! Layouts and values are held against figures of a C compiler in `tests/layout.rs`. What C calls an enum is a `u32`
//! here: a library may answer a value that this version does not know, which a Rust enum must never hold.

use std::ffi::{c_char, c_void};

macro_rules! handles {
    ($($(#[$doc:meta])* $name:ident => $opaque:ident;)*) => {
        $(
            #[doc = concat!("What a [`", stringify!($name), "`] points to; only the library knows its contents.")]
            #[repr(C)]
            #[derive(Debug)]
            pub struct $opaque {
                _private: [u8; 0],
            }
            $(#[$doc])*
            pub type $name = *mut $opaque;
        )*

        /// Names of the handles.
        pub const HANDLES: &[&str] = &[$(stringify!($name)),*];
    };
}

handles! {
    /// A physical device.
    hailo_device => _hailo_device;
    /// A virtual device over one or more physical ones.
    hailo_vdevice => _hailo_vdevice;
    /// A parsed HEF.
    hailo_hef => _hailo_hef;
    /// A network group that a virtual device is configured with; freed with it.
    hailo_configured_network_group => _hailo_configured_network_group;
    /// The host's end of an input.
    hailo_input_vstream => _hailo_input_vstream;
    /// The host's end of an output.
    hailo_output_vstream => _hailo_output_vstream;
    /// A network group that runs, where no scheduler decides.
    hailo_activated_network_group => _hailo_activated_network_group;
    /// An input as the device has it; belongs to its network group.
    hailo_input_stream => _hailo_input_stream;
    /// An output as the device has it; belongs to its network group.
    hailo_output_stream => _hailo_output_stream;
    /// Converts frames for an input.
    hailo_input_transform_context => _hailo_input_transform_context;
    /// Converts frames of an output.
    hailo_output_transform_context => _hailo_output_transform_context;
}

macro_rules! aliases {
    ($($(#[$doc:meta])* $name:ident { $($constant:ident = $value:expr,)* })*) => {
        $(
            $(#[$doc])*
            pub type $name = u32;
            $(#[doc = concat!("A [`", stringify!($name), "`].")] pub const $constant: $name = $value;)*
        )*
        /// Names of the enumerations.
        pub const ALIASES: &[&str] = &[$(stringify!($name)),*];
        /// The constants of this module by name, for the comparison with the C compiler's figures.
        pub const CONSTANTS: &[(&str, u64)] = &[$($((stringify!($constant), $constant as u64),)*)*];
    };
}

aliases! {
    /// What a call answers; see [`crate::status`].
    hailo_status {}
    /// Sizes and defaults.
    hailo_limit {
        HAILO_MAX_NAME_SIZE = 128,
        HAILO_MAX_STREAM_NAME_SIZE = 128,
        HAILO_MAX_NETWORK_GROUP_NAME_SIZE = 128,
        HAILO_MAX_NETWORK_NAME_SIZE = 257,
        HAILO_MAX_BOARD_NAME_LENGTH = 32,
        HAILO_MAX_DEVICE_ID_LENGTH = 32,
        HAILO_MAX_SERIAL_NUMBER_LENGTH = 16,
        HAILO_MAX_PART_NUMBER_LENGTH = 16,
        HAILO_MAX_PRODUCT_NAME_LENGTH = 42,
        HAILO_MAX_STREAMS_COUNT = 40,
        HAILO_MAX_NETWORK_GROUPS = 8,
        HAILO_MAX_NETWORKS_IN_NETWORK_GROUP = 8,
        HAILO_DEFAULT_VSTREAM_QUEUE_SIZE = 2,
        HAILO_DEFAULT_VSTREAM_TIMEOUT_MS = 10_000,
        HAILO_DEFAULT_DEVICE_COUNT = 1,
        HAILO_INFINITE = 0xffff_ffff,
    }
    /// How network groups share a virtual device.
    hailo_scheduling_algorithm_t {
        HAILO_SCHEDULING_ALGORITHM_NONE = 0,
        HAILO_SCHEDULING_ALGORITHM_ROUND_ROBIN = 1,
    }
    /// The architecture of a device.
    hailo_device_architecture_t {
        HAILO_ARCH_HAILO8_A0 = 0,
        HAILO_ARCH_HAILO8 = 1,
        HAILO_ARCH_HAILO8L = 2,
        HAILO_ARCH_HAILO15H = 3,
        HAILO_ARCH_HAILO15L = 4,
        HAILO_ARCH_HAILO15M = 5,
        HAILO_ARCH_HAILO10H = 6,
        HAILO_ARCH_MARS = 7,
    }
    /// The type of an element of a frame.
    hailo_format_type_t {
        HAILO_FORMAT_TYPE_AUTO = 0,
        HAILO_FORMAT_TYPE_UINT8 = 1,
        HAILO_FORMAT_TYPE_UINT16 = 2,
        HAILO_FORMAT_TYPE_FLOAT32 = 3,
    }
    /// The order of the dimensions of a frame.
    hailo_format_order_t {
        HAILO_FORMAT_ORDER_AUTO = 0,
        HAILO_FORMAT_ORDER_NHWC = 1,
        HAILO_FORMAT_ORDER_NHCW = 2,
        HAILO_FORMAT_ORDER_FCR = 3,
        HAILO_FORMAT_ORDER_F8CR = 4,
        HAILO_FORMAT_ORDER_NHW = 5,
        HAILO_FORMAT_ORDER_NC = 6,
        HAILO_FORMAT_ORDER_BAYER_RGB = 7,
        HAILO_FORMAT_ORDER_12_BIT_BAYER_RGB = 8,
        HAILO_FORMAT_ORDER_HAILO_NMS = 9,
        HAILO_FORMAT_ORDER_RGB888 = 10,
        HAILO_FORMAT_ORDER_NCHW = 11,
        HAILO_FORMAT_ORDER_YUY2 = 12,
        HAILO_FORMAT_ORDER_NV12 = 13,
        HAILO_FORMAT_ORDER_NV21 = 14,
        HAILO_FORMAT_ORDER_HAILO_YYUV = 15,
        HAILO_FORMAT_ORDER_HAILO_YYVU = 16,
        HAILO_FORMAT_ORDER_RGB4 = 17,
        HAILO_FORMAT_ORDER_I420 = 18,
        HAILO_FORMAT_ORDER_HAILO_YYYYUV = 19,
        HAILO_FORMAT_ORDER_HAILO_NMS_WITH_BYTE_MASK = 20,
        HAILO_FORMAT_ORDER_HAILO_NMS_ON_CHIP = 21,
        HAILO_FORMAT_ORDER_HAILO_NMS_BY_CLASS = 22,
        HAILO_FORMAT_ORDER_HAILO_NMS_BY_SCORE = 23,
    }
    /// Flags of a format.
    hailo_format_flags_t {
        HAILO_FORMAT_FLAGS_NONE = 0,
        HAILO_FORMAT_FLAGS_QUANTIZED = 1,
        HAILO_FORMAT_FLAGS_TRANSPOSED = 2,
    }
    /// Towards the device or back.
    hailo_stream_direction_t {
        HAILO_H2D_STREAM = 0,
        HAILO_D2H_STREAM = 1,
    }
    /// What connects a device.
    hailo_device_type_t {
        HAILO_DEVICE_TYPE_PCIE = 0,
        HAILO_DEVICE_TYPE_ETH = 1,
        HAILO_DEVICE_TYPE_INTEGRATED = 2,
    }
    /// What connects a stream.
    hailo_stream_interface_t {
        HAILO_STREAM_INTERFACE_PCIE = 0,
        HAILO_STREAM_INTERFACE_ETH = 1,
        HAILO_STREAM_INTERFACE_INTEGRATED = 3,
    }
    /// Whether transfers wait.
    hailo_stream_flags_t {
        HAILO_STREAM_FLAGS_NONE = 0,
        HAILO_STREAM_FLAGS_ASYNC = 1,
    }
    /// Whether frames are converted.
    hailo_stream_transform_mode_t {
        HAILO_STREAM_NO_TRANSFORM = 0,
        HAILO_STREAM_TRANSFORM_COPY = 1,
    }
    /// The power that a network group may take.
    hailo_power_mode_t {
        HAILO_POWER_MODE_PERFORMANCE = 0,
        HAILO_POWER_MODE_ULTRA_PERFORMANCE = 1,
    }
    /// Whether latency is measured.
    hailo_latency_measurement_flags_t {
        HAILO_LATENCY_NONE = 0,
        HAILO_LATENCY_MEASURE = 1,
        HAILO_LATENCY_CLEAR_AFTER_GET = 2,
    }
    /// How a buffer is made.
    hailo_buffer_flags_t {
        HAILO_BUFFER_FLAGS_NONE = 0,
        HAILO_BUFFER_FLAGS_DMA = 1,
    }
    /// Which way frames go.
    hailo_dma_buffer_direction_t {
        HAILO_DMA_BUFFER_DIRECTION_H2D = 0,
        HAILO_DMA_BUFFER_DIRECTION_D2H = 1,
        HAILO_DMA_BUFFER_DIRECTION_BOTH = 2,
    }
    /// What a device booted from.
    hailo_device_boot_source_t {
        HAILO_DEVICE_BOOT_SOURCE_INVALID = 0,
        HAILO_DEVICE_BOOT_SOURCE_PCIE = 1,
        HAILO_DEVICE_BOOT_SOURCE_FLASH = 2,
    }
    /// Which line is measured.
    hailo_dvm_options_t {
        HAILO_DVM_OPTIONS_VDD_CORE = 0,
        HAILO_DVM_OPTIONS_OVERCURRENT_PROTECTION = 9,
        HAILO_DVM_OPTIONS_AUTO = 0x7fff_ffff,
    }
    /// What is measured.
    hailo_power_measurement_types_t {
        HAILO_POWER_MEASUREMENT_TYPES__SHUNT_VOLTAGE = 0,
        HAILO_POWER_MEASUREMENT_TYPES__BUS_VOLTAGE = 1,
        HAILO_POWER_MEASUREMENT_TYPES__POWER = 2,
        HAILO_POWER_MEASUREMENT_TYPES__CURRENT = 3,
        HAILO_POWER_MEASUREMENT_TYPES__AUTO = 0x7fff_ffff,
    }
    /// How long a sample takes.
    hailo_sampling_period_t {
        HAILO_SAMPLING_PERIOD_1100US = 4,
    }
    /// Samples that are averaged.
    hailo_averaging_factor_t {
        HAILO_AVERAGE_FACTOR_1 = 0,
        HAILO_AVERAGE_FACTOR_256 = 5,
    }
    /// Which measurement.
    hailo_measurement_buffer_index_t {
        HAILO_MEASUREMENT_BUFFER_INDEX_0 = 0,
        HAILO_MEASUREMENT_BUFFER_INDEX_3 = 3,
    }
    /// What a device tells.
    hailo_notification_id_t {
        HAILO_NOTIFICATION_ID_ETHERNET_RX_ERROR = 0,
        HAILO_NOTIFICATION_ID_HEALTH_MONITOR_TEMPERATURE_ALARM = 1,
        HAILO_NOTIFICATION_ID_HEALTH_MONITOR_DATAFLOW_SHUTDOWN = 2,
        HAILO_NOTIFICATION_ID_COUNT = 14,
    }
    /// How hot a device is.
    hailo_temperature_protection_temperature_zone_t {
        HAILO_TEMPERATURE_PROTECTION_TEMPERATURE_ZONE__GREEN = 0,
        HAILO_TEMPERATURE_PROTECTION_TEMPERATURE_ZONE__ORANGE = 1,
        HAILO_TEMPERATURE_PROTECTION_TEMPERATURE_ZONE__RED = 2,
    }
    /// What is reset.
    hailo_reset_device_mode_t {
        HAILO_RESET_DEVICE_MODE_CHIP = 0,
        HAILO_RESET_DEVICE_MODE_NN_CORE = 1,
        HAILO_RESET_DEVICE_MODE_SOFT = 2,
        HAILO_RESET_DEVICE_MODE_FORCED_SOFT = 3,
    }
}

/// `HAILO_UNIQUE_VDEVICE_GROUP_ID`: a virtual device that is shared with nobody.
pub const HAILO_UNIQUE_VDEVICE_GROUP_ID: &std::ffi::CStr = c"UNIQUE";

/// Parameters of a scan; there are none yet, pass NULL.
#[repr(C)]
#[derive(Debug)]
pub struct hailo_scan_devices_params_t {
    _private: [u8; 0],
}

macro_rules! structs {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[repr(C)]
            #[derive(Clone, Copy)]
            pub struct $name {
                $(#[doc = concat!("`", stringify!($field), "` of the C struct.")] pub $field: $type,)*
            }

            impl $name {
                /// All bytes zero, as a C program's `= {0}`.
                pub fn zeroed() -> Self {
                    // SAFETY: the struct holds integers, floats, C booleans, raw pointers and arrays and unions of
                    // them, for all of which zero is a value.
                    unsafe { std::mem::zeroed() }
                }
            }
        )*

        /// A struct's name, and each field's name and type.
        pub type Declaration = (&'static str, &'static [(&'static str, &'static str)]);

        /// The fields of each struct of this module, for [`crate::header`].
        pub const FIELDS: &[Declaration] =
            &[$((stringify!($name), &[$((stringify!($field), stringify!($type)),)*],),)*];

        /// A struct's name, size and alignment, and each field's name, offset and size, in bytes.
        pub type Layout = (&'static str, usize, usize, &'static [(&'static str, usize, usize)]);

        /// The layout of each struct of this module, for the comparison with the C compiler's figures.
        pub const LAYOUTS: &[Layout] = &[$((
            stringify!($name),
            size_of::<$name>(),
            align_of::<$name>(),
            &[$((stringify!($field), std::mem::offset_of!($name, $field), size_of::<$type>()),)*],
        ),)*];
    };
}

structs! {
    /// The version of the library.
    hailo_version_t {
        major: u32,
        minor: u32,
        revision: u32,
    }
    /// The name of a device: a PCIe address such as `0000:01:00.0`, ended by NUL.
    hailo_device_id_t {
        id: [c_char; 32],
    }
    /// What a virtual device is made of.
    hailo_vdevice_params_t {
        device_count: u32,
        device_ids: *mut hailo_device_id_t,
        scheduling_algorithm: hailo_scheduling_algorithm_t,
        group_id: *const c_char,
        multi_process_service: bool,
    }
    /// The version of the firmware.
    hailo_firmware_version_t {
        major: u32,
        minor: u32,
        revision: u32,
    }
    /// What a device says of itself. The strings are as long as their length fields say, without NUL.
    hailo_device_identity_t {
        protocol_version: u32,
        fw_version: hailo_firmware_version_t,
        logger_version: u32,
        board_name_length: u8,
        board_name: [c_char; 32],
        is_release: bool,
        extended_context_switch_buffer: bool,
        device_architecture: hailo_device_architecture_t,
        serial_number_length: u8,
        serial_number: [c_char; 16],
        part_number_length: u8,
        part_number: [c_char; 16],
        product_name_length: u8,
        product_name: [c_char; 42],
    }
    /// Temperatures in degrees Celsius.
    hailo_chip_temperature_info_t {
        ts0_temperature: f32,
        ts1_temperature: f32,
        sample_count: u16,
    }
    /// The format of a frame.
    hailo_format_t {
        type_: hailo_format_type_t,
        order: hailo_format_order_t,
        flags: hailo_format_flags_t,
    }
    /// How quantised values stand for real ones: `real = (quantised - qp_zp) * qp_scale`.
    hailo_quant_info_t {
        qp_zp: f32,
        qp_scale: f32,
        limvals_min: f32,
        limvals_max: f32,
    }
    /// The shape of a frame.
    hailo_3d_image_shape_t {
        height: u32,
        width: u32,
        features: u32,
    }
    /// The shape of the result of a non-maximum suppression.
    hailo_nms_shape_t {
        number_of_classes: u32,
        max_bboxes_per_class: u32,
        max_bboxes_total: u32,
        max_accumulated_mask_size: u32,
    }
    /// Parameters of a vstream. The flags are bit sets.
    hailo_vstream_params_t {
        user_buffer_format: hailo_format_t,
        timeout_ms: u32,
        queue_size: u32,
        vstream_stats_flags: u32,
        pipeline_elements_stats_flags: u32,
    }
    /// Parameters of the input vstream of this name.
    hailo_input_vstream_params_by_name_t {
        name: [c_char; 128],
        params: hailo_vstream_params_t,
    }
    /// Parameters of the output vstream of this name.
    hailo_output_vstream_params_by_name_t {
        name: [c_char; 128],
        params: hailo_vstream_params_t,
    }
    /// What a vstream is.
    hailo_vstream_info_t {
        name: [c_char; 128],
        network_name: [c_char; 257],
        direction: hailo_stream_direction_t,
        format: hailo_format_t,
        shape: hailo_vstream_shape_t,
        quant_info: hailo_quant_info_t,
    }
    /// The name of a network group.
    hailo_network_group_info_t {
        name: [c_char; 128],
        is_multi_context: bool,
    }
    /// The name of a layer.
    hailo_layer_name_t {
        name: [c_char; 128],
    }
    /// The name of a network.
    hailo_network_info_t {
        name: [c_char; 257],
    }
    /// A PCIe address.
    hailo_pcie_device_info_t {
        domain: u32,
        bus: u32,
        device: u32,
        func: u32,
    }
    /// Firmware of the neural core.
    hailo_core_information_t {
        is_release: bool,
        extended_context_switch_buffer: bool,
        fw_version: hailo_firmware_version_t,
    }
    /// What a device can do.
    hailo_device_supported_features_t {
        ethernet: bool,
        mipi: bool,
        pcie: bool,
        current_monitoring: bool,
        mdio: bool,
    }
    /// Clock, boot source, identifiers.
    hailo_extended_device_information_t {
        neural_network_core_clock_rate: u32,
        supported_features: hailo_device_supported_features_t,
        boot_source: hailo_device_boot_source_t,
        soc_id: [u8; 32],
        lcs: u8,
        eth_mac_address: [u8; 6],
        unit_level_tracking_id: [u8; 12],
        soc_pm_values: [u8; 24],
        gpio_mask: u16,
    }
    /// What was measured.
    hailo_power_measurement_data_t {
        average_value: f32,
        average_time_value_milliseconds: f32,
        min_value: f32,
        max_value: f32,
        total_number_of_samples: u32,
    }
    /// How frames are converted.
    hailo_transform_params_t {
        transform_mode: hailo_stream_transform_mode_t,
        user_buffer_format: hailo_format_t,
    }
    /// How a buffer is made.
    hailo_buffer_parameters_t {
        flags: hailo_buffer_flags_t,
    }
    /// From which layer results were taken apart.
    hailo_nms_defuse_info_t {
        class_group_index: u32,
        original_name: [c_char; 128],
    }
    /// The results of a non-maximum suppression, as the device gives them.
    hailo_nms_info_t {
        number_of_classes: u32,
        max_bboxes_per_class: u32,
        max_bboxes_total: u32,
        bbox_size: u32,
        chunks_per_frame: u32,
        is_defused: bool,
        defuse_info: hailo_nms_defuse_info_t,
        burst_size: u32,
        burst_type: u32,
    }
    /// A shape for the host and one for the device.
    hailo_stream_shapes_t {
        shape: hailo_3d_image_shape_t,
        hw_shape: hailo_3d_image_shape_t,
    }
    /// What a stream is.
    hailo_stream_info_t {
        shape: hailo_stream_shape_t,
        hw_data_bytes: u32,
        hw_frame_size: u32,
        format: hailo_format_t,
        direction: hailo_stream_direction_t,
        index: u8,
        name: [c_char; 128],
        quant_info: hailo_quant_info_t,
        is_mux: bool,
    }
    /// Parameters of a stream. What follows the flags is for other interfaces than PCIe.
    hailo_stream_parameters_t {
        stream_interface: hailo_stream_interface_t,
        direction: hailo_stream_direction_t,
        flags: hailo_stream_flags_t,
        of_interface: [u32; 17],
    }
    /// Parameters of the stream of this name.
    hailo_stream_parameters_by_name_t {
        name: [c_char; 128],
        stream_params: hailo_stream_parameters_t,
    }
    /// Parameters of a network.
    hailo_network_parameters_t {
        batch_size: u16,
    }
    /// Parameters of the network of this name.
    hailo_network_parameters_by_name_t {
        name: [c_char; 257],
        network_params: hailo_network_parameters_t,
    }
    /// Parameters of a network group.
    hailo_configure_network_group_params_t {
        name: [c_char; 128],
        batch_size: u16,
        power_mode: hailo_power_mode_t,
        latency: hailo_latency_measurement_flags_t,
        stream_params_by_name_count: usize,
        stream_params_by_name: [hailo_stream_parameters_by_name_t; 40],
        network_params_by_name_count: usize,
        network_params_by_name: [hailo_network_parameters_by_name_t; 8],
    }
    /// Parameters of all network groups: 84,488 bytes.
    hailo_configure_params_t {
        network_group_params_count: usize,
        network_group_params: [hailo_configure_network_group_params_t; 8],
    }
    /// Parameters of an activation: none.
    hailo_activate_network_group_params_t {
        reserved: u8,
    }
    /// A frame, or several.
    hailo_stream_raw_buffer_t {
        buffer: *mut c_void,
        size: usize,
    }
    /// Frames of the vstream of this name.
    hailo_stream_raw_buffer_by_name_t {
        name: [c_char; 128],
        raw_buffer: hailo_stream_raw_buffer_t,
    }
    /// How long the chip takes.
    hailo_latency_measurement_result_t {
        avg_hw_latency_ms: f64,
    }
    /// Which outputs can be read by one thread.
    hailo_output_vstream_name_by_group_t {
        name: [c_char; 128],
        pipeline_group_index: u8,
    }
    /// A write that has ended.
    hailo_stream_write_async_completion_info_t {
        status: hailo_status,
        buffer_addr: *const c_void,
        buffer_size: usize,
        opaque: *mut c_void,
    }
    /// A read that has ended.
    hailo_stream_read_async_completion_info_t {
        status: hailo_status,
        buffer_addr: *mut c_void,
        buffer_size: usize,
        opaque: *mut c_void,
    }
}

/// Called when a write has ended.
pub type hailo_stream_write_async_callback_t =
    Option<unsafe extern "C" fn(info: *const hailo_stream_write_async_completion_info_t)>;
/// Called when a read has ended.
pub type hailo_stream_read_async_callback_t =
    Option<unsafe extern "C" fn(info: *const hailo_stream_read_async_completion_info_t)>;
/// Called when a device tells something.
pub type hailo_notification_callback = Option<
    unsafe extern "C" fn(
        device: hailo_device,
        notification: *const hailo_notification_t,
        opaque: *mut c_void,
    ),
>;

/// What a device tells. C packs it: its size is that of its fields.
#[repr(C, packed)]
#[derive(Clone, Copy, Debug)]
pub struct hailo_notification_t {
    /// What it is.
    pub id: hailo_notification_id_t,
    /// Counts what the device tells.
    pub sequence: u32,
    /// What belongs to it.
    pub body: hailo_notification_body_t,
}

/// The parts of [`hailo_notification_t`] that the simulator tells: for a temperature alarm all four numbers, for the end
/// of transfers the first two as temperatures.
#[repr(C, packed)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct hailo_notification_body_t {
    /// The zone, for an alarm; the first sensor in degrees Celsius as bits, for the end of transfers.
    pub first: u32,
    /// The sensor, for an alarm; the second sensor in degrees Celsius as bits, for the end of transfers.
    pub second: u32,
    /// The first sensor in degrees Celsius, for an alarm.
    pub ts0_temperature: f32,
    /// The second sensor in degrees Celsius, for an alarm.
    pub ts1_temperature: f32,
    /// Of others.
    pub rest: u32,
}

/// The unnamed union in [`hailo_stream_info_t`]: which member counts is told by the format's order.
#[repr(C)]
#[derive(Clone, Copy)]
pub union hailo_stream_shape_t {
    /// Of every format but the NMS ones.
    pub shapes: hailo_stream_shapes_t,
    /// Of the NMS formats.
    pub nms_info: hailo_nms_info_t,
}

/// The unnamed union in [`hailo_vstream_info_t`]: which member counts is told by the format's order.
#[repr(C)]
#[derive(Clone, Copy)]
pub union hailo_vstream_shape_t {
    /// Of every format but the NMS ones.
    pub shape: hailo_3d_image_shape_t,
    /// Of the NMS formats.
    pub nms_shape: hailo_nms_shape_t,
}

/// The text of a NUL-ended array; bytes that are no UTF-8 become U+FFFD. Without a NUL the whole array counts.
pub fn text(array: &[c_char]) -> String {
    let bytes: Vec<u8> = array.iter().map(|c| c.to_ne_bytes()[0]).take_while(|b| *b != 0).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Copies `text` into a NUL-ended array, cut to what fits.
pub fn set_text(array: &mut [c_char], text: &str) {
    array.fill(0);
    let room = array.len().saturating_sub(1);
    for (to, from) in array.iter_mut().zip(text.bytes().take(room)) {
        *to = c_char::from_ne_bytes([from]);
    }
}
