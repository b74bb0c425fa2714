//! Sizes, alignments, offsets and constants against the figures of a C compiler, taken from HailoRT 4.23's header.

use std::collections::BTreeMap;

use hailort_sys::types::{CONSTANTS, LAYOUTS, hailo_notification_t};

/// Structs that have no name in C.
const UNNAMED: &[&str] = &["hailo_stream_shapes_t"];
/// Fields that the figures leave out, since they are for other devices.
const OF_OTHERS: &[&str] = &["mipi", "eth_mac_address", "of_interface"];

fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().skip(1).map(|line| line.split('\t').collect())
}

fn number(text: &str) -> usize {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}

#[test]
fn every_struct_has_the_layout_that_c_gives_it() {
    let mut structs = BTreeMap::new();
    let mut fields: BTreeMap<&str, BTreeMap<&str, (usize, usize)>> = BTreeMap::new();
    for row in rows(include_str!("data/layout-4.23.tsv")) {
        let place = (row[1], row[2]);
        if row[0] == "struct" {
            structs.insert(row[1], (number(row[4]), number(row[5])));
        } else {
            fields.entry(place.0).or_default().insert(place.1, (number(row[3]), number(row[4])));
        }
    }
    for (name, size, align, ours) in LAYOUTS {
        if UNNAMED.contains(name) {
            continue;
        }
        let c = structs.get(name).unwrap_or_else(|| panic!("{name} is not in the figures"));
        assert_eq!((*size, *align), *c, "size and alignment of {name}");
        let mut theirs = fields[name].clone();
        for (field, offset, size) in *ours {
            let c_name = if *field == "type_" { "type" } else { field };
            // The figures list the members of the unnamed union one by one.
            if OF_OTHERS.contains(field) {
                continue;
            }
            let c = theirs.remove(c_name).unwrap_or_else(|| panic!("{name}.{field} is not in the figures"));
            if *field == "shape" && *name == "hailo_stream_info_t" {
                let others =
                    ["hw_shape", "nms_info"].map(|f| theirs.remove(f).expect("the union's other members"));
                assert_eq!((c.0, others[0].0, others[1]), (*offset, 12, (*offset, *size)), "{name}.{field}");
            } else if *field == "shape" && *name == "hailo_vstream_info_t" {
                let nms = theirs.remove("nms_shape").expect("the union's other member");
                assert_eq!((c.0, nms.0, c.1.max(nms.1)), (*offset, *offset, *size), "{name}.{field}");
            } else {
                assert_eq!((*offset, *size), c, "offset and size of {name}.{field}");
            }
        }
        if *name == "hailo_stream_parameters_t" {
            theirs.retain(|field, place| !(field.ends_with("put_params") && place.0 == 12));
        }
        assert!(theirs.is_empty(), "{name} lacks {theirs:?}");
    }
    assert!(LAYOUTS.len() >= 40);
    let (size, align) = structs["hailo_notification_t"];
    assert_eq!((size, align), (size_of::<hailo_notification_t>(), align_of::<hailo_notification_t>()));
}

#[test]
fn every_constant_has_the_value_that_c_gives_it() {
    let figures: BTreeMap<&str, u64> = rows(include_str!("data/constants-4.23.tsv"))
        .filter_map(|row| Some((row[1], row[2].parse().ok()?)))
        .collect();
    for (name, value) in CONSTANTS {
        assert_eq!(figures.get(name), Some(value), "{name}");
    }
    let mut named = 0;
    for row in rows(include_str!("data/constants-4.23.tsv")).filter(|row| row[0] == "hailo_status") {
        let value = u32::try_from(number(row[2])).unwrap();
        if row[1] != "HAILO_STATUS_COUNT" && row[1] != "HAILO_STATUS_MAX_ENUM" {
            assert_eq!(hailort_sys::status_name(value), Some(row[1]));
            named += 1;
        }
    }
    assert!(named > 80, "{named} statuses");
    for unknown in [94, 1000, u32::MAX] {
        assert_eq!(hailort_sys::status_name(unknown), None, "{unknown}");
    }
}
