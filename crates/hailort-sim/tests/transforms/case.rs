//! Conversions that a seed makes up, and what a library answers to them.

use std::fmt::Write as _;
use std::ptr::null_mut;

use hailort_sys::FurtherApi;
use hailort_sys::types::*;

/// The splitmix64 sequence.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xd6e8_feb8_6659_fd93))
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u32) -> u32 {
        (self.bits() % u64::from(end)) as u32
    }

    /// Once in `n` times.
    fn once_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u32) as usize]
    }
}

/// A conversion of one frame.
#[derive(Clone)]
pub struct Case {
    pub is_input: bool,
    pub shape: [u32; 3],
    pub hw_shape: [u32; 3],
    /// Type, order and flags.
    pub host: [u32; 3],
    pub device: [u32; 3],
    pub quant: hailo_quant_info_t,
    mode: u32,
    /// The last number of `hailo_nms_shape_t`.
    mask_size: u32,
    /// What the caller gets wrong in the sizes of the buffers.
    off_by: [i32; 2],
    /// Whether a context can be made: not of frames of gigabytes.
    can_create: bool,
    seed: u64,
}

/// What a library answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Status, and whether a conversion is required; of the call and of its former form.
    pub required: [(u32, bool); 2],
    pub is_qp_valid: bool,
    pub host_bytes: usize,
    pub vstream_bytes: usize,
    /// Status of the context, if there is to be one.
    pub create: Option<u32>,
    /// Status of the conversion, if there is to be one.
    pub transform: Option<u32>,
    /// The frame, where it was converted.
    pub frame: Option<Vec<u8>>,
}

/// Orders of host and device that inputs are converted between, and those of outputs.
const INPUTS: &[(u32, u32)] = &[
    (HAILO_FORMAT_ORDER_NHWC, HAILO_FORMAT_ORDER_NHCW),
    (HAILO_FORMAT_ORDER_NHCW, HAILO_FORMAT_ORDER_NHCW),
    (HAILO_FORMAT_ORDER_NHWC, HAILO_FORMAT_ORDER_NHWC),
    (HAILO_FORMAT_ORDER_NC, HAILO_FORMAT_ORDER_NC),
    (HAILO_FORMAT_ORDER_FCR, HAILO_FORMAT_ORDER_FCR),
    (HAILO_FORMAT_ORDER_NHWC, HAILO_FORMAT_ORDER_FCR),
    (HAILO_FORMAT_ORDER_F8CR, HAILO_FORMAT_ORDER_F8CR),
    (HAILO_FORMAT_ORDER_NHWC, HAILO_FORMAT_ORDER_F8CR),
    (HAILO_FORMAT_ORDER_BAYER_RGB, HAILO_FORMAT_ORDER_BAYER_RGB),
    (HAILO_FORMAT_ORDER_12_BIT_BAYER_RGB, HAILO_FORMAT_ORDER_12_BIT_BAYER_RGB),
    (HAILO_FORMAT_ORDER_NHWC, HAILO_FORMAT_ORDER_RGB888),
    (HAILO_FORMAT_ORDER_NCHW, HAILO_FORMAT_ORDER_NHCW),
    (HAILO_FORMAT_ORDER_YUY2, HAILO_FORMAT_ORDER_YUY2),
    (HAILO_FORMAT_ORDER_NV12, HAILO_FORMAT_ORDER_HAILO_YYUV),
    (HAILO_FORMAT_ORDER_NV21, HAILO_FORMAT_ORDER_HAILO_YYVU),
    (HAILO_FORMAT_ORDER_I420, HAILO_FORMAT_ORDER_HAILO_YYYYUV),
    (HAILO_FORMAT_ORDER_RGB4, HAILO_FORMAT_ORDER_NHWC),
    (HAILO_FORMAT_ORDER_RGB4, HAILO_FORMAT_ORDER_NHCW),
    (HAILO_FORMAT_ORDER_RGB4, HAILO_FORMAT_ORDER_RGB4),
];
const OUTPUTS: &[(u32, u32)] = &[
    (HAILO_FORMAT_ORDER_NHWC, HAILO_FORMAT_ORDER_NHCW),
    (HAILO_FORMAT_ORDER_NC, HAILO_FORMAT_ORDER_NC),
    (HAILO_FORMAT_ORDER_NHW, HAILO_FORMAT_ORDER_NHW),
    (HAILO_FORMAT_ORDER_FCR, HAILO_FORMAT_ORDER_FCR),
    (HAILO_FORMAT_ORDER_NHWC, HAILO_FORMAT_ORDER_FCR),
    (HAILO_FORMAT_ORDER_F8CR, HAILO_FORMAT_ORDER_F8CR),
    (HAILO_FORMAT_ORDER_NHWC, HAILO_FORMAT_ORDER_F8CR),
    (HAILO_FORMAT_ORDER_BAYER_RGB, HAILO_FORMAT_ORDER_BAYER_RGB),
    (HAILO_FORMAT_ORDER_NCHW, HAILO_FORMAT_ORDER_NHCW),
    (HAILO_FORMAT_ORDER_NCHW, HAILO_FORMAT_ORDER_NHW),
    (HAILO_FORMAT_ORDER_NHWC, HAILO_FORMAT_ORDER_NHWC),
    (HAILO_FORMAT_ORDER_NHCW, HAILO_FORMAT_ORDER_NHCW),
    (HAILO_FORMAT_ORDER_RGB4, HAILO_FORMAT_ORDER_RGB4),
    // An argmax is no conversion.
    (HAILO_FORMAT_ORDER_NHW, HAILO_FORMAT_ORDER_NHCW),
    (HAILO_FORMAT_ORDER_NHW, HAILO_FORMAT_ORDER_NHWC),
];

fn padded(random: &mut Random, size: u32) -> u32 {
    match random.below(5) {
        0 | 1 => size,
        2 | 3 => size.next_multiple_of(8),
        _ => size + random.below(9),
    }
}

impl Case {
    /// The case of this seed.
    pub fn new(seed: u64) -> Self {
        let random = &mut Random::new(seed);
        let is_input = random.below(2) == 0;
        let is_odd = random.once_in(8);
        let (mut host_order, device_order) = if is_odd {
            (random.below(25), random.below(24))
        } else {
            random.of(if is_input { INPUTS } else { OUTPUTS })
        };
        let shape = shape(random, host_order, device_order);
        if !is_odd && random.once_in(3) {
            host_order = HAILO_FORMAT_ORDER_AUTO;
        }
        let mut case = Self {
            is_input,
            shape,
            hw_shape: shape,
            host: [types(random, &[0, 1, 2, 3, 3, 3], 4), host_order, flags(random)],
            device: [types(random, &[1, 1, 1, 2, 2], 0), device_order, flags(random)],
            quant: quantisation(random, is_input),
            mode: random.below(2),
            mask_size: random.below(1000),
            off_by: [0; 2],
            can_create: true,
            seed,
        };
        case.hw_shape = case.hw_shape_for(random);
        if random.once_in(25) {
            case.off_by[random.below(2) as usize] = random.of(&[-8, -1, 1, 8]);
        }
        if random.once_in(20) {
            // Sizes that wrap.
            let big = |random: &mut Random| random.of(&[0x1_0000, 0x8000_0001, u32::MAX, 3, 65_537, 1 << 20]);
            case.shape = [big(random), big(random), big(random)];
            case.hw_shape = [big(random), big(random), big(random)];
            case.can_create = false;
        }
        case
    }

    fn is_transposed(&self) -> bool {
        (self.host[2] ^ self.device[2]) & HAILO_FORMAT_FLAGS_TRANSPOSED != 0
    }

    fn hw_shape_for(&self, random: &mut Random) -> [u32; 3] {
        let [mut h, mut w, f] = self.shape;
        if self.is_transposed() {
            (h, w) = (w, h);
        }
        let is_of_pixels =
            matches!(self.device[1], HAILO_FORMAT_ORDER_HAILO_YYUV..=HAILO_FORMAT_ORDER_HAILO_YYYYUV)
                || self.host[1] == HAILO_FORMAT_ORDER_RGB4
                || self.device[1] == HAILO_FORMAT_ORDER_YUY2;
        let features = match self.device[1] {
            HAILO_FORMAT_ORDER_RGB888 if !random.once_in(5) => 4,
            HAILO_FORMAT_ORDER_F8CR => f.next_multiple_of(8),
            HAILO_FORMAT_ORDER_BAYER_RGB if !random.once_in(10) => f,
            HAILO_FORMAT_ORDER_NHWC if self.is_input && !random.once_in(5) => f,
            _ if is_of_pixels || random.once_in(3) => f,
            _ => padded(random, f),
        };
        let height = if is_of_pixels || !random.once_in(5) { h } else { padded(random, h) };
        [height, padded(random, w), features]
    }

    /// Whether the library reads and writes within its memory, so that its answer means something.
    fn is_defined(&self) -> bool {
        let [mut h, mut w, f] = self.shape;
        let [hw_h, hw_w, hw_f] = self.hw_shape;
        let orders = [self.host[1], self.device[1]];
        let has = |order| orders.contains(&order);
        let is_transposed = self.is_transposed();
        if is_transposed {
            (h, w) = (w, h);
        }
        // Bytes that become 16 bits go past the end of what the library has allocated for them.
        let is_long = self.is_input
            && self.host[0] == HAILO_FORMAT_TYPE_UINT8
            && self.device[0] == HAILO_FORMAT_TYPE_UINT16;
        let is_flat = !is_transposed
            && self.shape == self.hw_shape
            && orders[0] == orders[1]
            && !has(HAILO_FORMAT_ORDER_F8CR)
            && !has(HAILO_FORMAT_ORDER_HAILO_NMS_BY_CLASS)
            && !has(HAILO_FORMAT_ORDER_HAILO_NMS_BY_SCORE);
        let is_in_planes =
            matches!(self.device[1], HAILO_FORMAT_ORDER_HAILO_YYUV..=HAILO_FORMAT_ORDER_HAILO_YYYYUV);
        hw_h >= h
            && hw_w >= w
            && hw_f >= f
            && (!is_long || is_flat)
            && (!has(HAILO_FORMAT_ORDER_F8CR) || hw_f.is_multiple_of(8))
            && (!has(HAILO_FORMAT_ORDER_RGB888) || w > 0)
            && (!has(HAILO_FORMAT_ORDER_NC) || h * w > 0)
            && (!is_in_planes || ((h * f).is_multiple_of(3) && (hw_h, hw_f) == (h, f)))
            // Rows of the transposed image have padding that it has not.
            && (!has(HAILO_FORMAT_ORDER_RGB4) || ((hw_h, hw_f) == (h, f) && (!is_transposed || (w * f).is_multiple_of(4))))
            // The library takes them for one channel, and leaves others as its memory happens to be.
            && (self.is_input
                || !(has(HAILO_FORMAT_ORDER_NHW) || has(HAILO_FORMAT_ORDER_BAYER_RGB))
                || f == 1
                || (f > 1 && !is_transposed))
    }

    /// Whether it is a conversion that is not simulated: from results of a non-maximum suppression on the chip.
    pub fn is_of_nms(&self) -> bool {
        !self.is_input && self.device[1] == HAILO_FORMAT_ORDER_HAILO_NMS_ON_CHIP
    }

    /// The case in words, for people and so that a change of the generator is seen.
    pub fn text(&self) -> String {
        let q = self.quant;
        let mut text = String::new();
        let direction = if self.is_input { "input" } else { "output" };
        write!(
            text,
            "{direction} {:?} {:?} host {:?} device {:?} zp {} scale {} limits {} {} mode {} off by {:?}",
            self.shape,
            self.hw_shape,
            self.host,
            self.device,
            q.qp_zp,
            q.qp_scale,
            q.limvals_min,
            q.limvals_max,
            self.mode,
            self.off_by
        )
        .unwrap();
        text
    }

    fn stream_info(&self) -> hailo_stream_info_t {
        let mut info = hailo_stream_info_t::zeroed();
        info.shape.shapes =
            hailo_stream_shapes_t { shape: image(self.shape), hw_shape: image(self.hw_shape) };
        info.format = format(self.device);
        info.direction = if self.is_input { HAILO_H2D_STREAM } else { HAILO_D2H_STREAM };
        info.quant_info = self.quant;
        info
    }

    fn vstream_info(&self) -> hailo_vstream_info_t {
        let mut info = hailo_vstream_info_t::zeroed();
        let [number_of_classes, max_bboxes_per_class, max_bboxes_total] = self.shape;
        // Its first three numbers are those of the other member of the union.
        info.shape.nms_shape = hailo_nms_shape_t {
            number_of_classes,
            max_bboxes_per_class,
            max_bboxes_total,
            max_accumulated_mask_size: self.mask_size,
        };
        info.format = format(self.device);
        info
    }

    /// The frame that is converted, of so many bytes, and the memory that it is converted to.
    fn frames(&self, bytes: [usize; 2]) -> [Vec<u8>; 2] {
        let random = &mut Random::new(self.seed ^ 0x5eed);
        let noise = |random: &mut Random, count: usize| -> Vec<u8> {
            (0..count.div_ceil(8)).flat_map(|_| random.bits().to_le_bytes()).take(count).collect()
        };
        let from = if self.is_input && self.host[0] == HAILO_FORMAT_TYPE_FLOAT32 {
            let q = self.quant;
            let mut bytes_of = |_| {
                let step = random.below(600) as f32 - 150.0;
                let value = match random.below(12) {
                    0 => random.of(&[
                        f32::NAN,
                        f32::INFINITY,
                        f32::NEG_INFINITY,
                        -0.0,
                        3e9,
                        -3e9,
                        1e20,
                        70_000.5,
                    ]),
                    1 | 2 => (step * 0.5 - q.qp_zp) * q.qp_scale,
                    3 => step * 0.5,
                    4 => step * 200.0,
                    _ => (step + (random.bits() % 1000) as f32 / 1000.0 - q.qp_zp) * q.qp_scale,
                };
                value.to_ne_bytes()
            };
            (0..bytes[0].div_ceil(4)).flat_map(&mut bytes_of).take(bytes[0]).collect()
        } else {
            noise(random, bytes[0])
        };
        [from, noise(random, bytes[1])]
    }

    /// Bytes of the frames that the calls want, host and device, as HailoRT's documentation has them.
    fn bytes(&self) -> [u32; 2] {
        let of = |[h, w, f]: [u32; 3], [type_, order, _]: [u32; 3]| {
            let row = w * f;
            let row = if order == HAILO_FORMAT_ORDER_RGB4 { row.next_multiple_of(4) } else { row };
            h * row * [1, 1, 2, 4].get(type_ as usize).unwrap_or(&1)
        };
        let type_ = if self.host[0] == HAILO_FORMAT_TYPE_AUTO { self.device[0] } else { self.host[0] };
        let is_rgb4 = self.host[1] == HAILO_FORMAT_ORDER_RGB4;
        let order = if is_rgb4 { self.host[1] } else { HAILO_FORMAT_ORDER_NHWC };
        [of(self.shape, [type_, order, 0]), of(self.hw_shape, self.device).next_multiple_of(8)]
    }

    /// What the library of this table answers.
    pub fn ask(&self, api: &FurtherApi) -> Answer {
        let (info, mut vstream_info) = (self.stream_info(), self.vstream_info());
        let params =
            hailo_transform_params_t { transform_mode: self.mode, user_buffer_format: format(self.host) };
        let mut user_format = params.user_buffer_format;
        let mut vstream_bytes = 0;
        let mut is_qp_valid = false;
        // SAFETY: all pointers are to values that outlive the calls.
        let host_bytes = unsafe {
            (api.hailo_get_vstream_frame_size)(
                &raw mut vstream_info,
                &raw mut user_format,
                &raw mut vstream_bytes,
            );
            (api.hailo_is_qp_valid)(self.quant, &raw mut is_qp_valid);
            (api.hailo_get_host_frame_size)(&raw const info, &raw const params)
        };
        let required = self.ask_required(api);
        let mut answer = Answer {
            required,
            is_qp_valid,
            host_bytes,
            vstream_bytes,
            create: None,
            transform: None,
            frame: None,
        };
        if self.can_create {
            if self.is_input {
                self.ask_input(api, &info, &params, &mut answer);
            } else {
                self.ask_output(api, &info, &params, &mut answer);
            }
        }
        answer
    }

    fn ask_required(&self, api: &FurtherApi) -> [(u32, bool); 2] {
        let (host, device) =
            ((image(self.shape), format(self.host)), (image(self.hw_shape), format(self.device)));
        let (from, to) = if self.is_input { (host, device) } else { (device, host) };
        let (now, former) = if self.is_input {
            (api.hailo_is_input_transformation_required2, api.hailo_is_input_transformation_required)
        } else {
            (api.hailo_is_output_transformation_required2, api.hailo_is_output_transformation_required)
        };
        let mut required = [(0, false); 2];
        let (shape, format) = (&raw const from.0, &raw const from.1);
        let (to_shape, to_format) = (&raw const to.0, &raw const to.1);
        let quant = &raw const self.quant;
        // SAFETY: all pointers are to values that outlive the calls.
        unsafe {
            required[0].0 = now(shape, format, to_shape, to_format, quant, 1, &raw mut required[0].1);
            required[1].0 = former(shape, format, to_shape, to_format, quant, &raw mut required[1].1);
        }
        required
    }

    /// Calls `convert` with a frame and the memory for it, both longer than the calls are told: what the library writes
    /// past their ends does no harm.
    fn convert(
        &self,
        [from_bytes, to_bytes]: [u32; 2],
        answer: &mut Answer,
        convert: impl FnOnce(*const std::ffi::c_void, usize, *mut std::ffi::c_void, usize) -> u32,
    ) {
        const SLACK: usize = 4096;
        if !self.is_defined() || self.is_of_nms() {
            return;
        }
        let given = [(from_bytes, self.off_by[0]), (to_bytes, self.off_by[1])]
            .map(|(bytes, off)| (bytes as usize).saturating_add_signed(off as isize));
        let [mut from, mut to] = self.frames(given);
        from.resize(given[0] + SLACK, 0);
        to.resize(given[1] + SLACK, 0);
        let status = convert(from.as_ptr().cast(), given[0], to.as_mut_ptr().cast(), given[1]);
        answer.transform = Some(status);
        if status == 0 {
            to.truncate(given[1]);
            answer.frame = Some(to);
        }
    }

    fn ask_input(
        &self,
        api: &FurtherApi,
        info: &hailo_stream_info_t,
        params: &hailo_transform_params_t,
        answer: &mut Answer,
    ) {
        let mut context: hailo_input_transform_context = null_mut();
        // SAFETY: the pointers are to values that outlive the call.
        let status = unsafe { (api.hailo_create_input_transform_context)(info, params, &raw mut context) };
        answer.create = Some(status);
        if status != 0 {
            return;
        }
        self.convert(self.bytes(), answer, |from, from_size, to, to_size| {
            // SAFETY: the context is in use, the memory has the sizes that are said.
            unsafe {
                (api.hailo_transform_frame_by_input_transform_context)(context, from, from_size, to, to_size)
            }
        });
        // SAFETY: the context is in use and is not used any more.
        assert_eq!(unsafe { (api.hailo_release_input_transform_context)(context) }, 0);
    }

    fn ask_output(
        &self,
        api: &FurtherApi,
        info: &hailo_stream_info_t,
        params: &hailo_transform_params_t,
        answer: &mut Answer,
    ) {
        let mut context: hailo_output_transform_context = null_mut();
        // SAFETY: the pointers are to values that outlive the call.
        let status = unsafe { (api.hailo_create_output_transform_context)(info, params, &raw mut context) };
        answer.create = Some(status);
        if status != 0 {
            return;
        }
        let [host, device] = self.bytes();
        self.convert([device, host], answer, |from, from_size, to, to_size| {
            // SAFETY: the context is in use, the memory has the sizes that are said.
            unsafe {
                (api.hailo_transform_frame_by_output_transform_context)(context, from, from_size, to, to_size)
            }
        });
        // SAFETY: the context is in use and is not used any more.
        assert_eq!(unsafe { (api.hailo_release_output_transform_context)(context) }, 0);
    }
}

impl Answer {
    /// What is recorded of it: numbers, and a hash of the frame.
    pub fn text(&self) -> String {
        let status = |status: Option<u32>| status.map_or("-".into(), |status| status.to_string());
        let [now, former] = self.required.map(|(status, is)| format!("{status}:{}", u8::from(is)));
        let hash = self.frame.as_deref().map_or("-".into(), |frame| format!("{:016x}", hash(frame)));
        format!(
            "{now}\t{former}\t{}\t{}\t{}\t{}\t{}\t{hash}",
            u8::from(self.is_qp_valid),
            self.host_bytes,
            self.vstream_bytes,
            status(self.create),
            status(self.transform),
        )
    }

    /// The frame in hexadecimal.
    pub fn hex(&self) -> String {
        self.frame.as_deref().map_or("-".into(), |frame| frame.iter().map(|b| format!("{b:02x}")).collect())
    }
}

/// FNV-1a of 64 bits.
fn hash(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

fn image([height, width, features]: [u32; 3]) -> hailo_3d_image_shape_t {
    hailo_3d_image_shape_t { height, width, features }
}

fn format([type_, order, flags]: [u32; 3]) -> hailo_format_t {
    hailo_format_t { type_, order, flags }
}

fn types(random: &mut Random, usual: &[u32], odd: u32) -> u32 {
    if random.once_in(20) { random.of(&[3, odd]) } else { random.of(usual) }
}

fn flags(random: &mut Random) -> u32 {
    let quantised = if random.once_in(8) { HAILO_FORMAT_FLAGS_QUANTIZED } else { 0 };
    quantised | if random.once_in(5) { HAILO_FORMAT_FLAGS_TRANSPOSED } else { 0 }
}

fn shape(random: &mut Random, host: u32, device: u32) -> [u32; 3] {
    let most = if random.once_in(12) { 70 } else { 12 };
    let size = |random: &mut Random| if random.once_in(60) { 0 } else { 1 + random.below(most) };
    let (h, w) = (size(random), size(random));
    let has = |order| host == order || device == order;
    if has(HAILO_FORMAT_ORDER_NC) && !random.once_in(6) {
        return [1, 1, 1 + random.below(300)];
    }
    let features = if has(HAILO_FORMAT_ORDER_RGB888) || host == HAILO_FORMAT_ORDER_RGB4 {
        if random.once_in(6) { size(random) } else { 3 }
    } else if has(HAILO_FORMAT_ORDER_BAYER_RGB)
        || has(HAILO_FORMAT_ORDER_12_BIT_BAYER_RGB)
        || has(HAILO_FORMAT_ORDER_NHW)
    {
        if random.once_in(6) { size(random) } else { 1 }
    } else if matches!(device, HAILO_FORMAT_ORDER_HAILO_YYUV..=HAILO_FORMAT_ORDER_HAILO_YYYYUV) {
        3
    } else if device == HAILO_FORMAT_ORDER_YUY2 {
        2
    } else if random.once_in(5) {
        1
    } else {
        size(random)
    };
    [h, w, features]
}

fn quantisation(random: &mut Random, is_input: bool) -> hailo_quant_info_t {
    let of = |qp_zp, qp_scale, limvals_min, limvals_max| hailo_quant_info_t {
        qp_zp,
        qp_scale,
        limvals_min,
        limvals_max,
    };
    match random.below(20) {
        0 => of(0.0, 0.0, 0.0, 0.0),
        1 | 2 => of(0.0, 1.0, 0.0, 255.0),
        3 => of(-0.0, 1.0, -10.0, 10.0),
        // Whoever divides by nothing gets no number; outputs would make a NaN of it, whose sign processors choose.
        4 if is_input => of(1.0, random.of(&[0.0, f32::INFINITY, f32::NAN, -0.5]), -3.0, 3.0),
        5 => of(0.0, -0.25, 5.0, -5.0),
        6 => of(3.7, 0.5, -1e6, 1e6),
        7 => of(1e6, 1e-4, f32::NEG_INFINITY, f32::INFINITY),
        kind => {
            let scale = (1 + random.below(4000)) as f32 / 1024.0;
            let most = if kind < 14 { 255.0 } else { 65_535.0 };
            let zp = if random.once_in(3) { 0.0 } else { (random.below(2550) as f32 / 10.0).trunc() };
            of(zp, scale, -zp * scale, (most - zp) * scale)
        }
    }
}
