//! From one order of elements to another, and transposition.
//!
//! A conversion is a list of [`Pieces`]: runs of elements at regular distances. Where the shapes do not fit together, the
//! real library reads and writes past the ends of frames; here such a conversion ends with `HAILO_INVALID_ARGUMENT`, and
//! the frame may be half written.

use hailort_sys::status::*;
use hailort_sys::types::*;

use super::size::{ALIGNMENT, RGB4_ALIGNMENT, Shape, aligned, elements};

type Answer = Result<(), hailo_status>;

/// Columns of a group of channels in [`HAILO_FORMAT_ORDER_F8CR`].
const GROUP: u64 = ALIGNMENT as u64;
/// Colours of a pixel.
const COLOURS: u64 = 3;

/// Runs of elements: how many along each axis, where the first is and how far apart they are in both frames, how many
/// elements each has, and how many zeros follow it.
#[derive(Clone, Copy, Default)]
struct Pieces {
    counts: [u64; 3],
    first: [u64; 2],
    from: [u64; 3],
    to: [u64; 3],
    run: u64,
    zeros: u64,
}

/// Two frames, and the bytes of an element.
struct Frames<'a> {
    from: &'a [u8],
    to: &'a mut [u8],
    bytes: usize,
}

impl Frames<'_> {
    /// Where elements lie in a frame.
    fn range(&self, at: u64, count: u64) -> Option<std::ops::Range<usize>> {
        let start = usize::try_from(at).ok()?.checked_mul(self.bytes)?;
        let length = usize::try_from(count).ok()?.checked_mul(self.bytes)?;
        Some(start..start.checked_add(length)?)
    }

    fn piece(&mut self, from: u64, to: u64, run: u64, zeros: u64) -> Option<()> {
        if run > 0 {
            let source = self.from.get(self.range(from, run)?)?;
            let range = self.range(to, run)?;
            self.to.get_mut(range)?.copy_from_slice(source);
        }
        if zeros > 0 {
            let range = self.range(to.checked_add(run)?, zeros)?;
            self.to.get_mut(range)?.fill(0);
        }
        Some(())
    }

    /// Copies pieces in the order of their places. A piece past the end of a frame ends it, so that it takes no longer
    /// than the frames are large.
    fn copy(&mut self, pieces: Pieces) -> Answer {
        let Pieces { counts, first, from, to, run, zeros } = pieces;
        if (run, zeros) == (0, 0) {
            return Ok(());
        }
        for a in 0..counts[0] {
            for b in 0..counts[1] {
                for c in 0..counts[2] {
                    let place = |first: u64, step: [u64; 3]| {
                        first
                            .saturating_add(a.saturating_mul(step[0]))
                            .saturating_add(b.saturating_mul(step[1]))
                            .saturating_add(c.saturating_mul(step[2]))
                    };
                    self.piece(place(first[0], from), place(first[1], to), run, zeros)
                        .ok_or(HAILO_INVALID_ARGUMENT)?;
                }
            }
        }
        Ok(())
    }
}

/// Height, width and channels, for products that do not wrap.
fn wide(shape: Shape) -> [u64; 3] {
    [shape.height, shape.width, shape.features].map(u64::from)
}

/// How much larger `most` is. It wraps where it is smaller, and is then past the end of every frame.
fn missing(most: u64, least: u64) -> u64 {
    u64::from((most as u32).wrapping_sub(least as u32))
}

/// Exchanges rows and columns of a frame with all channels of an element side by side.
///
/// # Errors
/// `HAILO_INVALID_OPERATION` for orders that are not transposed.
pub(super) fn transpose(
    from: &[u8],
    shape: Shape,
    order: hailo_format_order_t,
    bytes: usize,
    to: &mut [u8],
) -> Answer {
    let can = matches!(
        order,
        HAILO_FORMAT_ORDER_NHWC
            | HAILO_FORMAT_ORDER_RGB4
            | HAILO_FORMAT_ORDER_NHW
            | HAILO_FORMAT_ORDER_BAYER_RGB
            | HAILO_FORMAT_ORDER_12_BIT_BAYER_RGB
            | HAILO_FORMAT_ORDER_FCR
            | HAILO_FORMAT_ORDER_F8CR
    );
    if !can {
        return Err(HAILO_INVALID_OPERATION);
    }
    let [h, w, f] = wide(shape);
    Frames { from, to, bytes }.copy(Pieces {
        counts: [h, w, 1],
        from: [w * f, f, 0],
        to: [f, h * f, 0],
        run: f,
        ..Pieces::default()
    })
}

/// Reorders a frame of the host for the device. Elements have the device's type already.
///
/// # Errors
/// `HAILO_INVALID_OPERATION` where there is no such conversion, `HAILO_INVALID_ARGUMENT` where the shapes do not fit.
pub(super) fn input(
    from: &[u8],
    (shape, order): (Shape, hailo_format_order_t),
    to: &mut [u8],
    (hw_shape, hw_order): (Shape, hailo_format_order_t),
    bytes: usize,
) -> Answer {
    use self::{
        HAILO_FORMAT_ORDER_12_BIT_BAYER_RGB as BAYER_12, HAILO_FORMAT_ORDER_BAYER_RGB as BAYER,
        HAILO_FORMAT_ORDER_F8CR as F8CR, HAILO_FORMAT_ORDER_FCR as FCR,
        HAILO_FORMAT_ORDER_HAILO_YYUV as YYUV, HAILO_FORMAT_ORDER_HAILO_YYVU as YYVU,
        HAILO_FORMAT_ORDER_HAILO_YYYYUV as YYYYUV, HAILO_FORMAT_ORDER_I420 as I420,
        HAILO_FORMAT_ORDER_NC as NC, HAILO_FORMAT_ORDER_NCHW as NCHW, HAILO_FORMAT_ORDER_NHCW as NHCW,
        HAILO_FORMAT_ORDER_NHWC as NHWC, HAILO_FORMAT_ORDER_NV12 as NV12, HAILO_FORMAT_ORDER_NV21 as NV21,
        HAILO_FORMAT_ORDER_RGB4 as RGB4, HAILO_FORMAT_ORDER_RGB888 as RGB888,
        HAILO_FORMAT_ORDER_YUY2 as YUY2,
    };
    let ([h, w, f], [hw_h, hw_w, hw_f]) = (wide(shape), wide(hw_shape));
    let (row, hw_row) = (w * f, hw_w * hw_f);
    let beside = missing(hw_w, w);
    // Past a row, as the library counts it: in 32 bits.
    let behind = u64::from((beside as u32).wrapping_mul(hw_shape.features));
    if (order, hw_order) == (RGB4, NHWC) {
        return from_rgb4(from, shape, to, hw_shape, behind, bytes);
    }
    let mut frames = Frames { from, to, bytes };
    match (order, hw_order) {
        (NHWC, NHCW) => to_nhcw(&mut frames, shape, row, hw_shape),
        (RGB4, NHCW) => {
            let row = u64::from(aligned(shape.width.wrapping_mul(shape.features), RGB4_ALIGNMENT));
            to_nhcw(&mut frames, shape, row, hw_shape)
        }
        (NHCW, NHCW) => frames.copy(Pieces {
            counts: [h, f, 1],
            from: [row, w, 0],
            to: [hw_row, hw_w, 0],
            run: w,
            zeros: beside,
            ..Pieces::default()
        }),
        (NHWC, NHWC) | (BAYER, BAYER) | (BAYER_12, BAYER_12) => frames.copy(Pieces {
            counts: [h, 1, 1],
            from: [row, 0, 0],
            to: [hw_row, 0, 0],
            run: row,
            zeros: behind,
            ..Pieces::default()
        }),
        (NC, NC) => {
            frames.copy(Pieces { counts: [1; 3], run: f, zeros: missing(hw_f, f), ..Pieces::default() })
        }
        (FCR | NHWC, FCR) => frames.copy(Pieces {
            counts: [h, w, 1],
            from: [row, f, 0],
            to: [hw_row, hw_f, 0],
            run: f,
            zeros: missing(hw_f, f),
            ..Pieces::default()
        }),
        (F8CR | NHWC, F8CR) => {
            let (groups, rest) = (f / GROUP, f % GROUP);
            frames.copy(Pieces {
                counts: [h, w, groups],
                from: [row, f, GROUP],
                to: [hw_row, GROUP, GROUP * hw_w],
                run: GROUP,
                ..Pieces::default()
            })?;
            frames.copy(Pieces {
                counts: [h, w, 1],
                first: [groups * GROUP, groups * GROUP * hw_w],
                from: [row, f, 0],
                to: [hw_row, GROUP, 0],
                run: rest,
                zeros: if rest == 0 { 0 } else { GROUP - rest },
            })
        }
        (NHWC, RGB888) => to_rgb888(&mut frames, shape, hw_shape, behind),
        (NCHW, NHCW) => {
            if f != hw_f || h != hw_h || w > hw_w || !is_aligned(hw_w, bytes) {
                return Err(HAILO_INVALID_ARGUMENT);
            }
            frames.copy(Pieces {
                counts: [f, h, 1],
                from: [w * h, w, 0],
                to: [hw_w, hw_row, 0],
                run: w,
                zeros: beside,
                ..Pieces::default()
            })
        }
        (YUY2, YUY2) => {
            let run = u64::from(elements(shape));
            if !is_aligned(run, bytes) {
                return Err(HAILO_INVALID_ARGUMENT);
            }
            frames.copy(Pieces { counts: [1; 3], run, ..Pieces::default() })
        }
        (NV12, YYUV) | (NV21, YYVU) => {
            let planes = Planes::of(shape);
            planes.copy_luma(&mut frames, hw_w, hw_w * 3)?;
            frames.copy(Pieces {
                counts: [planes.pairs, 1, 1],
                first: [planes.rows * w, 2 * hw_w],
                from: [w, 0, 0],
                to: [3 * hw_w, 0, 0],
                run: w,
                zeros: beside,
            })
        }
        (I420, YYYYUV) => {
            let planes = Planes::of(shape);
            let (half, hw_half) = (w / 2, hw_w / 2);
            let step = 2 * hw_w + 2 * hw_half;
            planes.copy_luma(&mut frames, hw_w, step)?;
            let first = planes.rows * w;
            for (from, to) in [(first, 2 * hw_w), (first + planes.rows / 2 * half, 2 * hw_w + hw_half)] {
                frames.copy(Pieces {
                    counts: [planes.pairs, 1, 1],
                    first: [from, to],
                    from: [half, 0, 0],
                    to: [step, 0, 0],
                    run: half,
                    zeros: missing(hw_half, half),
                })?;
            }
            Ok(())
        }
        _ => Err(HAILO_INVALID_OPERATION),
    }
}

/// Reorders a frame of the device for the host. Elements have the device's type still.
///
/// # Errors
/// As [`input`].
pub(super) fn output(
    from: &[u8],
    (hw_shape, hw_order): (Shape, hailo_format_order_t),
    to: &mut [u8],
    (shape, order): (Shape, hailo_format_order_t),
    bytes: usize,
) -> Answer {
    use self::{
        HAILO_FORMAT_ORDER_BAYER_RGB as BAYER, HAILO_FORMAT_ORDER_F8CR as F8CR,
        HAILO_FORMAT_ORDER_FCR as FCR, HAILO_FORMAT_ORDER_NC as NC, HAILO_FORMAT_ORDER_NCHW as NCHW,
        HAILO_FORMAT_ORDER_NHCW as NHCW, HAILO_FORMAT_ORDER_NHW as NHW, HAILO_FORMAT_ORDER_NHWC as NHWC,
    };
    let ([h, w, f], [hw_h, hw_w, hw_f]) = (wide(shape), wide(hw_shape));
    let (row, hw_row) = (w * f, hw_w * hw_f);
    let mut frames = Frames { from, to, bytes };
    let planes = Pieces { counts: [h, 1, 1], from: [hw_w, 0, 0], to: [w, 0, 0], run: w, ..Pieces::default() };
    match (hw_order, order) {
        (NHCW, NHWC) => frames.copy(Pieces {
            counts: [h, w, f],
            from: [hw_row, 1, hw_w],
            to: [row, f, 1],
            run: 1,
            ..Pieces::default()
        }),
        (NC, NC) => frames.copy(Pieces { counts: [1; 3], run: f, ..Pieces::default() }),
        (NHW, NHW) | (BAYER, BAYER) => frames.copy(planes),
        (FCR, FCR | NHWC) | (NHWC, NHWC) => frames.copy(Pieces {
            counts: [h, w, 1],
            from: [hw_row, hw_f, 0],
            to: [row, f, 0],
            run: f,
            ..Pieces::default()
        }),
        (F8CR, F8CR | NHWC) => {
            let (groups, rest) = (f / GROUP, f % GROUP);
            frames.copy(Pieces {
                counts: [h, w, groups],
                from: [hw_row, GROUP, GROUP * hw_w],
                to: [row, f, GROUP],
                run: GROUP,
                ..Pieces::default()
            })?;
            frames.copy(Pieces {
                counts: [h, w, 1],
                first: [groups * GROUP * hw_w, groups * GROUP],
                from: [hw_row, GROUP, 0],
                to: [row, f, 0],
                run: rest,
                ..Pieces::default()
            })
        }
        (NHCW, NCHW) => {
            if f != hw_f || h != hw_h || w > hw_w || !is_aligned(hw_w, bytes) {
                return Err(HAILO_INVALID_ARGUMENT);
            }
            frames.copy(Pieces {
                counts: [h, f, 1],
                from: [hw_row, hw_w, 0],
                to: [w, w * h, 0],
                run: w,
                ..Pieces::default()
            })
        }
        (NHW, NCHW) if (hw_f, f) == (1, 1) => frames.copy(planes),
        (NHW, NCHW) => Err(HAILO_INVALID_ARGUMENT),
        _ => Err(HAILO_INVALID_OPERATION),
    }
}

/// Whether so many elements are a multiple of what transfers are.
fn is_aligned(count: u64, bytes: usize) -> bool {
    count.saturating_mul(bytes as u64).is_multiple_of(u64::from(ALIGNMENT))
}

/// From channels side by side, with `row` elements in a row, to rows of one channel each.
fn to_nhcw(frames: &mut Frames<'_>, shape: Shape, row: u64, hw_shape: Shape) -> Answer {
    let ([h, w, f], [_, hw_w, hw_f]) = (wide(shape), wide(hw_shape));
    let hw_row = hw_w * hw_f;
    frames.copy(Pieces {
        counts: [h, f, w],
        from: [row, 1, f],
        to: [hw_row, hw_w, 1],
        run: 1,
        ..Pieces::default()
    })?;
    frames.copy(Pieces {
        counts: [h, f, 1],
        first: [0, w],
        to: [hw_row, hw_w, 0],
        zeros: missing(hw_w, w),
        ..Pieces::default()
    })
}

/// To blue, green, red and a zero.
fn to_rgb888(frames: &mut Frames<'_>, shape: Shape, hw_shape: Shape, behind: u64) -> Answer {
    let ([h, w, f], [_, hw_w, hw_f]) = (wide(shape), wide(hw_shape));
    if (f, hw_f) != (COLOURS, COLOURS + 1) {
        return Err(HAILO_INVALID_ARGUMENT);
    }
    let to = [hw_w * hw_f, hw_f, 0];
    for colour in 0..COLOURS {
        frames.copy(Pieces {
            counts: [h, w, 1],
            first: [COLOURS - 1 - colour, colour],
            from: [w * f, f, 0],
            to,
            run: 1,
            zeros: 0,
        })?;
    }
    frames.copy(Pieces { counts: [h, w, 1], first: [0, COLOURS], to, zeros: 1, ..Pieces::default() })?;
    frames.copy(Pieces { counts: [h, 1, 1], first: [0, w * hw_f], to, zeros: behind, ..Pieces::default() })
}

/// From rows that are padded to a multiple of 4. The library copies the padding, too: the next row overwrites it, and
/// that of the last row goes past the frame's end. Here it goes nowhere.
fn from_rgb4(from: &[u8], shape: Shape, to: &mut [u8], hw_shape: Shape, behind: u64, bytes: usize) -> Answer {
    let row = u64::from(aligned(shape.width.wrapping_mul(shape.features), RGB4_ALIGNMENT));
    let [hw_h, hw_w, hw_f] = wide(hw_shape);
    let mut longer = to.to_vec();
    longer.resize(to.len() + (RGB4_ALIGNMENT as usize - 1) * bytes, 0);
    let answer = Frames { from, to: &mut longer, bytes }.copy(Pieces {
        counts: [hw_h, 1, 1],
        from: [row, 0, 0],
        to: [hw_w * hw_f, 0, 0],
        run: row,
        zeros: behind,
        ..Pieces::default()
    });
    to.copy_from_slice(&longer[..to.len()]);
    answer
}

/// An image of a brightness for each pixel and two colours for each square of four.
struct Planes {
    width: u64,
    /// Rows of the brightness.
    rows: u64,
    /// Pairs of such rows: each has a row of colours.
    pairs: u64,
}

impl Planes {
    fn of(shape: Shape) -> Self {
        let all = shape.height.wrapping_mul(shape.features);
        let rows = (f64::from(all) / 1.5) as u64;
        Self { width: u64::from(shape.width), rows, pairs: rows.div_ceil(2) }
    }

    /// Copies the brightness to pairs of rows that are `step` apart.
    fn copy_luma(&self, frames: &mut Frames<'_>, hw_width: u64, step: u64) -> Answer {
        frames.copy(Pieces {
            counts: [self.pairs, 2, 1],
            from: [2 * self.width, self.width, 0],
            to: [step, hw_width, 0],
            run: self.width,
            zeros: missing(hw_width, self.width),
            ..Pieces::default()
        })
    }
}
