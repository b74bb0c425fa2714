//! Outputs whose channels have a quantisation each.

use hailort_sim::frames::transform::OutputTransform;
use hailort_sim::hef::Quantisation;
use hailort_sys::types::*;

const RECORDED: &str = include_str!("../data/transforms-by-feature-4.23.tsv");

fn numbers<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> Vec<T> {
    text.split(' ').map(|number| number.parse().unwrap()).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn side(shape: &str, format: &str) -> (hailo_3d_image_shape_t, hailo_format_t) {
    let (shape, format) = (numbers::<u32>(shape), numbers::<u32>(format));
    (
        hailo_3d_image_shape_t { height: shape[0], width: shape[1], features: shape[2] },
        hailo_format_t { type_: format[0], order: format[1], flags: format[2] },
    )
}

#[test]
fn channels_with_a_quantisation_each_stand_for_what_the_library_says() {
    let mut cases = 0;
    for line in RECORDED.lines().skip(1) {
        let row: Vec<_> = line.split('\t').collect();
        let (device, host) = (side(row[0], row[1]), side(row[2], row[3]));
        let (zps, scales) = (numbers::<f32>(row[4]), numbers::<f32>(row[5]));
        let quantisations: Vec<_> = zps
            .into_iter()
            .zip(scales)
            .map(|(zp, scale)| Quantisation { zp, scale, limits: [0.0, 1.0] })
            .collect();
        let transform = OutputTransform::between(device, host, &quantisations).unwrap();
        let frame = bytes(row[6]);
        let mut converted = vec![0; transform.bytes().1];
        transform.apply(&frame, &mut converted).unwrap();
        assert_eq!(converted, bytes(row[7]), "{line}");
        cases += 1;
    }
    assert!(cases >= 60, "{cases} cases");
}

#[test]
fn planes_of_channels_have_a_quantisation_each() {
    // The library crashes on this.
    let shape = hailo_3d_image_shape_t { height: 2, width: 8, features: 2 };
    let format = |type_, order| hailo_format_t { type_, order, flags: HAILO_FORMAT_FLAGS_NONE };
    let of = |zp, scale| Quantisation { zp, scale, limits: [0.0, 1.0] };
    let transform = OutputTransform::between(
        (shape, format(HAILO_FORMAT_TYPE_UINT8, HAILO_FORMAT_ORDER_NHCW)),
        (shape, format(HAILO_FORMAT_TYPE_FLOAT32, HAILO_FORMAT_ORDER_NCHW)),
        &[of(1.0, 1.0), of(0.0, 0.5)],
    )
    .unwrap();
    let mut host = vec![0; transform.bytes().1];
    transform.apply(&[4; 32], &mut host).unwrap();
    let values: Vec<f32> = host.as_chunks::<4>().0.iter().map(|b| f32::from_ne_bytes(*b)).collect();
    assert_eq!(values, [[3.0; 16], [2.0; 16]].concat());
}
