//! The declarations of this crate as a C header, for programs on machines without HailoRT's own.
//!
//! What a program is compiled with here has the layouts and calls of the real header; the types of enumerations are plain
//! numbers of the same size.

use std::fmt::Write;

use crate::status::status_name;
use crate::types::{ALIASES, CONSTANTS, FIELDS, HAILO_UNIQUE_VDEVICE_GROUP_ID, HANDLES};

/// A call: its name, its arguments with their types, and the type that it answers.
type Call = (&'static str, &'static [(&'static str, &'static str)], &'static str);

macro_rules! list {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $answer:ty)?;)*) => {
        &[$((stringify!($name), &[$((stringify!($arg), stringify!($type))),*], concat!("", $(stringify!($answer))?))),*]
    };
}

const NEEDED: &[Call] = crate::for_each_call!(list);
const FURTHER: &[Call] = crate::for_each_further_call!(list);

/// What has no counterpart among plain fields.
const UNIONS: &[(&str, &str)] = &[
    ("hailo_vstream_shape_t shape", "union { hailo_3d_image_shape_t shape; hailo_nms_shape_t nms_shape; }"),
    (
        "hailo_stream_shape_t shape",
        "union { struct { hailo_3d_image_shape_t shape; hailo_3d_image_shape_t hw_shape; }; hailo_nms_info_t nms_info; }",
    ),
];
/// What C packs, and functions that are called back.
const LAST: &str = "
#pragma pack(push, 1)
typedef struct { hailo_temperature_protection_temperature_zone_t temperature_zone; uint32_t alarm_ts_id;
    float ts0_temperature; float ts1_temperature; } hailo_health_monitor_temperature_alarm_notification_message_t;
typedef struct { float ts0_temperature; float ts1_temperature; }
    hailo_health_monitor_dataflow_shutdown_notification_message_t;
typedef union {
    hailo_health_monitor_dataflow_shutdown_notification_message_t health_monitor_dataflow_shutdown_notification;
    hailo_health_monitor_temperature_alarm_notification_message_t health_monitor_temperature_alarm_notification;
    uint8_t others[20];
} hailo_notification_message_parameters_t;
typedef struct { hailo_notification_id_t id; uint32_t sequence; hailo_notification_message_parameters_t body; }
    hailo_notification_t;
#pragma pack(pop)
typedef void (*hailo_notification_callback)(hailo_device, const hailo_notification_t *, void *);
typedef void (*hailo_stream_write_async_callback_t)(const hailo_stream_write_async_completion_info_t *);
typedef void (*hailo_stream_read_async_callback_t)(const hailo_stream_read_async_completion_info_t *);
typedef void hailo_scan_devices_params_t;
";

/// The C type of a field or argument, in front of its name and behind it.
fn c_type(rust: &str) -> (String, String) {
    // A type that went through two macros is written with other spaces.
    let tight = rust.replace("* ", "*");
    let rust = tight.as_str();
    if let Some(inner) = rust.strip_prefix('[').and_then(|r| r.strip_suffix(']'))
        && let Some((element, count)) = inner.rsplit_once(';')
    {
        return (c_type(element.trim()).0, format!("[{}]", count.trim()));
    }
    if let Some(target) = rust.strip_prefix("*const ") {
        return (format!("const {} *", c_type(target).0), String::new());
    }
    if let Some(target) = rust.strip_prefix("*mut ") {
        return (format!("{} *", c_type(target).0), String::new());
    }
    let plain = match rust {
        "c_char" => "char",
        "c_void" => "void",
        "u8" => "uint8_t",
        "u16" => "uint16_t",
        "u32" => "uint32_t",
        "usize" => "size_t",
        "f32" => "float",
        "f64" => "double",
        other => other,
    };
    (plain.into(), String::new())
}

/// The header's text.
pub fn c_header() -> String {
    let mut out = String::from(
        "/* Made from the declarations of hailo-harness-sys. */\n#pragma once\n#include <stdbool.h>\n#include <stddef.h>\n\
         #include <stdint.h>\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n",
    );
    let mut put = |line: String| writeln!(out, "{line}").expect("a string takes everything");
    for name in HANDLES {
        put(format!("typedef struct _{name} *{name};"));
    }
    for name in ALIASES {
        put(format!("typedef uint32_t {name};"));
    }
    for (name, value) in CONSTANTS {
        put(format!("#define {name} ({value:#x}u)"));
    }
    for (number, name) in (0..).map_while(|n| Some((n, status_name(n)?))) {
        put(format!("#define {name} ({number}u)"));
    }
    put(format!("#define HAILO_UNIQUE_VDEVICE_GROUP_ID {HAILO_UNIQUE_VDEVICE_GROUP_ID:?}"));
    for (name, fields) in FIELDS {
        let fields = fields.iter().map(|(field, rust)| {
            let union = UNIONS.iter().find(|(of, _)| *of == format!("{rust} {field}"));
            union.map_or_else(
                || {
                    let (before, behind) = c_type(rust);
                    format!("{before} {}{behind};", if *field == "type_" { "type" } else { field })
                },
                |(_, text)| format!("{text};"),
            )
        });
        put(format!("typedef struct {{ {} }} {name};", fields.collect::<Vec<_>>().join(" ")));
    }
    put(LAST.into());
    for (name, arguments, answer) in NEEDED.iter().chain(FURTHER) {
        let arguments = arguments.iter().map(|(argument, rust)| {
            let (before, behind) = c_type(rust);
            format!("{before} {argument}{behind}")
        });
        let answer = if answer.is_empty() { "hailo_status" } else { answer };
        put(format!("{} {name}({});", c_type(answer).0, arguments.collect::<Vec<_>>().join(", ")));
    }
    put("#ifdef __cplusplus\n}\n#endif".into());
    out
}
