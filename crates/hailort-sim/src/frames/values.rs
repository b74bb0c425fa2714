//! What the numbers of a frame of the device stand for: so the networks of the simulator, which compute in float32, get
//! and give frames of the device.

use hailort_sys::types::*;

use super::quantise::{nearest, numbers, value};
use super::size::ALIGNMENT;
use crate::hef::{Quantisation, StreamInfo};

/// The values that a frame of the device stands for, without its padding: `[height, width, features]`. Images in planes
/// and pairs of colours have the host's order. Results of a non-maximum suppression stand for nothing: zeros.
pub fn values(stream: &StreamInfo, device: &[u8]) -> Vec<f32> {
    let mut values = vec![0.0; stream.elements()];
    if stream.nms.is_some() {
        return values;
    }
    let numbers = numbers(device, device.len(), stream.data_bytes == 2);
    each(stream, |element, place, q| {
        if let (Some(to), Some(number)) = (values.get_mut(element), numbers.get(place)) {
            *to = value(*number, q);
        }
    });
    values
}

/// The frame of the device that stands for these values: rounded half to even, clipped to what the device's type holds,
/// with zeros for padding.
pub fn quantised(stream: &StreamInfo, values: &[f32]) -> Vec<u8> {
    let is_wide = stream.data_bytes == 2;
    let mut frame = vec![0; stream.transfer_bytes() as usize];
    if stream.nms.is_some() {
        return frame;
    }
    each(stream, |element, place, q| {
        let Some(value) = values.get(element) else { return };
        let number = nearest(*value, q, is_wide);
        if is_wide {
            if let Some(to) = frame.as_chunks_mut::<2>().0.get_mut(place) {
                *to = number.to_ne_bytes();
            }
        } else if let Some(to) = frame.get_mut(place) {
            *to = number as u8;
        }
    });
    frame
}

/// Calls `body` for each element: its place on the host's side, its place on the device's, its quantisation.
fn each(stream: &StreamInfo, mut body: impl FnMut(usize, usize, &Quantisation)) {
    let [height, width, features] = [stream.height, stream.width, stream.features].map(|n| n as usize);
    let single = stream.by_feature.first().unwrap_or(&stream.quantisation);
    let order = stream.device_order();
    let hw = stream.hw_shape.map(|n| n as usize);
    // The device's rows are the host's columns where it is transposed.
    let shape = if stream.is_transposed { [width, height, features] } else { [height, width, features] };
    let mut element = 0;
    for row in 0..height {
        for column in 0..width {
            for feature in 0..features {
                let at = if stream.is_transposed { [column, row, feature] } else { [row, column, feature] };
                let q = stream.by_feature.get(feature).unwrap_or(single);
                body(element, place(order, shape, hw, at), q);
                element += 1;
            }
        }
    }
}

/// Where the element of this row, column and channel is on the device.
fn place(
    order: hailo_format_order_t,
    [height, width, features]: [usize; 3],
    [_, hw_width, hw_features]: [usize; 3],
    [row, column, feature]: [usize; 3],
) -> usize {
    const GROUP: usize = ALIGNMENT as usize;
    let start = row * hw_width * hw_features;
    match order {
        HAILO_FORMAT_ORDER_NHCW => start + feature * hw_width + column,
        HAILO_FORMAT_ORDER_F8CR => {
            start + feature / GROUP * GROUP * hw_width + column * GROUP + feature % GROUP
        }
        HAILO_FORMAT_ORDER_NHW => row * hw_width + column,
        HAILO_FORMAT_ORDER_RGB888 => start + column * hw_features + features.saturating_sub(feature + 1),
        HAILO_FORMAT_ORDER_YUY2 => (row * width + column) * features + feature,
        HAILO_FORMAT_ORDER_HAILO_YYUV | HAILO_FORMAT_ORDER_HAILO_YYVU | HAILO_FORMAT_ORDER_HAILO_YYYYUV => {
            // The host has all rows of brightness first, `features` times as many rows as the shape says.
            let element = (row * width + column) * features + feature;
            in_pairs(order, height * features, width, hw_width, element)
        }
        _ => start + column * hw_features + feature,
    }
}

/// Where an element of an image in planes is: the device has a row of colours after each two of brightness.
fn in_pairs(
    order: hailo_format_order_t,
    all_rows: usize,
    width: usize,
    hw_width: usize,
    element: usize,
) -> usize {
    let rows = all_rows * 2 / 3;
    let (row, column) = (element / width, element % width);
    if row < rows {
        return (row / 2 * 3 + row % 2) * hw_width + column;
    }
    if order != HAILO_FORMAT_ORDER_HAILO_YYYYUV {
        return ((row - rows) * 3 + 2) * hw_width + column;
    }
    let (half, hw_half) = (width / 2, hw_width / 2);
    let (plane, rest) = {
        let (colour, plane) = (element - rows * width, rows / 2 * half);
        (colour / plane.max(1), colour % plane.max(1))
    };
    let (row, column) = (rest / half.max(1), rest % half.max(1));
    row * (2 * hw_width + 2 * hw_half) + 2 * hw_width + plane * hw_half + column
}

#[cfg(test)]
mod tests {
    use super::super::transform::{InputTransform, OutputTransform};
    use super::*;
    use crate::hef::Direction;

    const Q: Quantisation = Quantisation { zp: 3.0, scale: 0.5, limits: [-1.5, 126.0] };

    /// A stream of this shape, with rows padded as devices pad them.
    fn stream(order: u32, shape: [u32; 3], direction: Direction, is_transposed: bool) -> StreamInfo {
        let [mut rows, mut columns, features] = shape;
        if is_transposed {
            (rows, columns) = (columns, rows);
        }
        let features = if order == 8 { 4 } else { features.next_multiple_of(8) };
        // The library does not pad the channels of inputs in these orders.
        let is_input = direction == Direction::HostToDevice;
        let features = if matches!(order, 4 | 5 | 11 | 14..=16) || (is_input && order == 0) {
            shape[2]
        } else {
            features
        };
        let columns = if matches!(order, 2 | 11) { columns } else { columns.next_multiple_of(8) };
        let mut stream = StreamInfo::plain("g", "l", direction, shape, 1);
        stream.order = order;
        stream.is_transposed = is_transposed;
        stream.quantisation = Q;
        stream.by_feature = vec![Q];
        stream.hw_shape = [rows, columns, features];
        stream
    }

    fn floats(count: usize) -> Vec<f32> {
        (0..count).map(|i| (i * 7 % 250) as f32 * 0.5 - 1.5).collect()
    }

    fn format(type_: hailo_format_type_t) -> hailo_format_t {
        hailo_format_t { type_, order: HAILO_FORMAT_ORDER_AUTO, flags: HAILO_FORMAT_FLAGS_NONE }
    }

    /// Orders of inputs by the compiler's numbers, with a shape that each can have.
    const INPUTS: [(u32, [u32; 3]); 10] = [
        (0, [3, 5, 4]),
        (1, [3, 5, 4]),
        (2, [1, 1, 11]),
        (3, [2, 9, 5]),
        (4, [4, 6, 1]),
        (7, [2, 3, 19]),
        (8, [3, 5, 3]),
        (11, [2, 8, 2]),
        (14, [2, 10, 3]),
        (16, [4, 10, 3]),
    ];

    #[test]
    fn a_frame_stands_for_the_values_that_it_was_made_of() {
        for (order, shape) in INPUTS {
            for is_transposed in [false, true] {
                if is_transposed && !matches!(order, 0 | 1 | 3 | 4 | 7 | 8) {
                    continue;
                }
                let stream = stream(order, shape, Direction::HostToDevice, is_transposed);
                let floats = floats(stream.elements());
                let transform = InputTransform::new(&stream, format(HAILO_FORMAT_TYPE_FLOAT32)).unwrap();
                let mut frame = vec![0; transform.bytes().1];
                let host: Vec<u8> = floats.iter().flat_map(|v| v.to_ne_bytes()).collect();
                transform.apply(&host, &mut frame).unwrap();
                let what = format!("order {order}, transposed: {is_transposed}");
                assert_eq!(values(&stream, &frame), floats, "{what}");
                assert_eq!(quantised(&stream, &floats), frame, "{what}");
            }
        }
    }

    #[test]
    fn the_host_reads_the_values_that_a_frame_was_made_of() {
        for (order, shape) in
            [(0, [3, 5, 4]), (1, [3, 5, 4]), (2, [1, 1, 11]), (3, [2, 9, 5]), (7, [2, 3, 19])]
        {
            for is_transposed in [false, true] {
                if is_transposed && order == 2 {
                    continue;
                }
                let mut stream = stream(order, shape, Direction::DeviceToHost, is_transposed);
                // Each channel has its own quantisation.
                stream.by_feature = (0..shape[2]).map(|f| Quantisation { zp: f as f32, ..Q }).collect();
                let numbers = |i: usize| (i * 5 % 100) as f32;
                let features = shape[2] as usize;
                let floats: Vec<f32> =
                    (0..stream.elements()).map(|i| (numbers(i) - (i % features) as f32) * 0.5).collect();
                let transform = OutputTransform::new(&stream, format(HAILO_FORMAT_TYPE_FLOAT32)).unwrap();
                let mut host = vec![0; transform.bytes().1];
                transform.apply(&quantised(&stream, &floats), &mut host).unwrap();
                let read: Vec<f32> =
                    host.as_chunks::<4>().0.iter().map(|bytes| f32::from_ne_bytes(*bytes)).collect();
                assert_eq!(read, floats, "order {order}, transposed: {is_transposed}");
                assert_eq!(values(&stream, &quantised(&stream, &floats)), floats);
            }
        }
    }

    #[test]
    fn a_frame_too_short_stands_for_zeros_where_it_ends() {
        let stream = stream(0, [1, 2, 2], Direction::HostToDevice, false);
        assert_eq!(values(&stream, &[5, 7]), [1.0, 2.0, 0.0, 0.0]);
    }
}
