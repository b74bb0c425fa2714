//! Arguments for every call: handles that are in use, that were released or that never were, arrays with room for what
//! the counts say, names of things that are and are not there.

use std::cell::RefCell;
use std::ffi::{CString, c_char, c_void};
use std::ptr::{null, null_mut};

use hailort_sim::hef::shortcut::{Shortcut, write};
use hailort_sys::types::*;

use super::driver::Notes;
use super::random::Random;

/// Elements of each array that is passed: no count is larger.
const ROOM: usize = 48;
/// Bytes that buffers of frames have: no size is larger.
const BYTES: usize = 1 << 16;
/// Milliseconds that a call may wait.
const PATIENCE: u32 = 3;

/// Handles of a kind: those in use, and some that were.
struct Handles<H> {
    used: Vec<*mut H>,
    gone: Vec<*mut H>,
    /// Where calls put new ones.
    made: Box<[*mut H; ROOM]>,
    /// What the last call got, alone or in an array.
    given: Vec<*mut H>,
    array: Box<[*mut H; ROOM]>,
}

impl<H> Default for Handles<H> {
    fn default() -> Self {
        Self {
            used: Vec::new(),
            gone: Vec::new(),
            made: Box::new([null_mut(); ROOM]),
            given: Vec::new(),
            array: Box::new([null_mut(); ROOM]),
        }
    }
}

impl<H> Handles<H> {
    fn pick(&mut self, random: &mut Random) -> *mut H {
        let handle = match random.below(40) {
            0 => null_mut(),
            1 if !self.gone.is_empty() => *random.of_all(&self.gone),
            _ if self.used.is_empty() => null_mut(),
            _ => *random.of_all(&self.used),
        };
        self.given.push(handle);
        handle
    }

    /// An array that begins with handles in use, each once.
    fn array(&mut self, random: &mut Random) -> *const *mut H {
        let mut some = self.used.clone();
        self.array.fill(null_mut());
        for place in self.array.iter_mut().take(random.below(4)) {
            if !some.is_empty() {
                *place = some.swap_remove(random.below(some.len()));
            }
        }
        self.given.extend(self.array.iter().filter(|h| !h.is_null()));
        self.array.as_ptr()
    }

    /// Takes in what the last call has made.
    fn gather(&mut self, succeeded: bool) {
        let mut new: Vec<*mut H> = self.made.iter().copied().filter(|h| !h.is_null()).collect();
        self.made.fill(null_mut());
        if !succeeded {
            new.clear();
        }
        new.retain(|h| !self.used.contains(h));
        self.used.extend(&new);
    }

    /// What the last call got is not in use any more.
    fn release(&mut self) {
        let given = std::mem::take(&mut self.given);
        for handle in given {
            if let Some(at) = self.used.iter().position(|h| *h == handle) {
                self.gone.push(self.used.swap_remove(at));
            }
        }
        if self.gone.len() > 50 {
            self.gone.drain(..25);
        }
    }
}

macro_rules! world {
    ($($field:ident: $opaque:ty,)*) => {
        /// Everything that an execution has.
        #[derive(Default)]
        pub struct World {
            $(pub(self) $field: Handles<$opaque>,)*
            /// Arrays of results, kept until the next call.
            scratch: Vec<Box<dyn std::any::Any>>,
            /// Where the last call was to put memory, and what was put there.
            memory_to: Option<*mut *mut c_void>,
            memory: Vec<*mut c_void>,
        }

        impl World {
            /// Before a call.
            fn begin(&mut self) {
                $(self.$field.given.clear();)*
                self.scratch.clear();
            }

            /// After a call.
            fn gather(&mut self, name: &str, succeeded: bool) {
                $(self.$field.gather(succeeded);)*
                if name == "hailo_get_input_stream" || name == "hailo_get_output_stream" {
                    self.hurry();
                }
                if let Some(to) = self.memory_to.take()
                    && succeeded
                {
                    // SAFETY: an array of this call's, which is still there.
                    self.memory.push(unsafe { *to });
                }
                if name.contains("_release_") || name.contains("deactivate") {
                    $(self.$field.release();)*
                }
            }

            /// How many handles are in use, as far as this knows.
            pub fn len(&self) -> usize {
                0 $(+ self.$field.used.len())*
            }
        }

        $(
            impl Give for *mut $opaque {
                fn give(world: &mut World, random: &mut Random) -> Self {
                    world.$field.pick(random)
                }
            }

            impl Give for *mut *mut $opaque {
                fn give(world: &mut World, random: &mut Random) -> Self {
                    if random.once_in(30) { null_mut() } else { world.$field.made.as_mut_ptr() }
                }
            }

            impl Give for *const *mut $opaque {
                fn give(world: &mut World, random: &mut Random) -> Self {
                    if random.once_in(30) { null() } else { world.$field.array(random) }
                }
            }
        )*
    };
}

world! {
    devices: _hailo_device,
    vdevices: _hailo_vdevice,
    hefs: _hailo_hef,
    groups: _hailo_configured_network_group,
    activated: _hailo_activated_network_group,
    input_vstreams: _hailo_input_vstream,
    output_vstreams: _hailo_output_vstream,
    inputs: _hailo_input_stream,
    outputs: _hailo_output_stream,
    input_transforms: _hailo_input_transform_context,
    output_transforms: _hailo_output_transform_context,
}

/// An argument of this type.
trait Give: Sized {
    fn give(world: &mut World, random: &mut Random) -> Self;
}

impl Give for bool {
    fn give(_: &mut World, random: &mut Random) -> Self {
        random.once_in(2)
    }
}

impl Give for u8 {
    fn give(_: &mut World, random: &mut Random) -> Self {
        *random.of_all(&[0, 1, 16, 31, 32, 255])
    }
}

impl Give for u32 {
    /// Formats, directions, milliseconds: small numbers, since some of them are waited for.
    fn give(_: &mut World, random: &mut Random) -> Self {
        if random.once_in(8) { *random.of_all(&[8, 16, 31, 99]) } else { random.below(5) as u32 }
    }
}

impl Give for usize {
    /// Capacities and sizes: never more than there is.
    fn give(_: &mut World, random: &mut Random) -> Self {
        *random.of_all(&[0, 1, 1, 2, 3, 8, ROOM, 40, 72, 96, 144, 192, 288])
    }
}

impl Give for *mut usize {
    fn give(world: &mut World, random: &mut Random) -> Self {
        let count = *random.of_all(&[0, 1, 2, 8, 40, ROOM]);
        keep(world, random, vec![count])
    }
}

/// The first element of an array that stays for the call; rarely NULL.
fn keep<T: 'static>(world: &mut World, random: &mut Random, mut all: Vec<T>) -> *mut T {
    if random.once_in(40) {
        return null_mut();
    }
    let start = all.as_mut_ptr();
    world.scratch.push(Box::new(all));
    start
}

macro_rules! results {
    ($($type:ty),* $(,)?) => {
        $(impl Give for *mut $type {
            fn give(world: &mut World, random: &mut Random) -> Self {
                // SAFETY: numbers and arrays of them, for which zero is a value.
                keep(world, random, (0..ROOM).map(|_| unsafe { std::mem::zeroed::<$type>() }).collect())
            }
        })*
    };
}

results! {
    bool, u32, f32, f64, hailo_version_t, hailo_device_identity_t, hailo_chip_temperature_info_t, hailo_network_group_info_t,
    hailo_layer_name_t, hailo_stream_info_t, hailo_core_information_t,
    hailo_extended_device_information_t, hailo_power_measurement_data_t, hailo_network_info_t,
    hailo_latency_measurement_result_t, hailo_output_vstream_name_by_group_t, hailo_quant_info_t,
    hailo_activate_network_group_params_t,
}

macro_rules! filled {
    ($($mutability:tt $type:ty => $make:expr;)*) => {
        $(impl Give for *$mutability $type {
            fn give(world: &mut World, random: &mut Random) -> Self {
                let make: fn(&mut World, &mut Random) -> $type = $make;
                let all: Vec<$type> = (0..ROOM).map(|_| make(world, random)).collect();
                keep(world, random, all)
            }
        })*
    };
}

fn format(random: &mut Random) -> hailo_format_t {
    hailo_format_t {
        type_: random.below(5) as u32,
        order: if random.once_in(2) { 0 } else { random.below(22) as u32 },
        flags: if random.once_in(5) { random.below(8) as u32 } else { 0 },
    }
}

fn shape(random: &mut Random) -> hailo_3d_image_shape_t {
    let mut side = || if random.once_in(12) { random.bits() as u32 } else { random.below(9) as u32 };
    hailo_3d_image_shape_t { height: side(), width: side(), features: side() }
}

fn quantisation(random: &mut Random) -> hailo_quant_info_t {
    let mut real = || *random.of_all(&[0.0, 1.0, 0.5, 128.0, -3.0, f32::NAN, 1e30]);
    hailo_quant_info_t { qp_zp: real(), qp_scale: real(), limvals_min: real(), limvals_max: real() }
}

fn vstream_params(random: &mut Random) -> hailo_vstream_params_t {
    let mut params = hailo_vstream_params_t::zeroed();
    params.user_buffer_format =
        if random.once_in(3) { format(random) } else { hailo_format_t { type_: 3, order: 0, flags: 0 } };
    params.timeout_ms = random.below(PATIENCE as usize + 1) as u32;
    params.queue_size =
        if random.once_in(20) { *random.of_all(&[0, u32::MAX]) } else { 1 + random.below(4) as u32 };
    params
}

/// Names of what the files have, and others.
const NAMES: [&str; 20] = [
    "net",
    "one",
    "two",
    "net/net",
    "one/left",
    "two/right",
    "net/input_layer1",
    "net/output_layer1",
    "one/input_layer1",
    "one/input_layer2",
    "one/output_layer1",
    "one/output_layer2",
    "two/input_layer1",
    "two/output_layer2",
    "",
    "other",
    "UNIQUE",
    "shared",
    "0000:01:00.0",
    "01:00.0",
];

fn name<const N: usize>(random: &mut Random) -> [c_char; N] {
    let mut array = [0; N];
    set_text(&mut array, random.of_all::<&str>(&NAMES));
    if random.once_in(50) {
        // Without an end, which no call may look for beyond the array.
        array.fill(b'x'.cast_signed() as c_char);
    }
    array
}

fn device(random: &mut Random) -> hailo_device_id_t {
    let mut id = hailo_device_id_t::zeroed();
    let names = [
        "0000:01:00.0",
        "0000:02:00.0",
        "02:00.0",
        "ffff:ff:1f.7",
        "word",
        "",
        "[integrated]",
        "192.168.0.1",
    ];
    set_text(&mut id.id, names[if random.once_in(3) { random.below(names.len()) } else { random.below(2) }]);
    id
}

fn stream_info(random: &mut Random) -> hailo_stream_info_t {
    let mut info = hailo_stream_info_t::zeroed();
    info.shape.shapes = hailo_stream_shapes_t { shape: shape(random), hw_shape: shape(random) };
    info.hw_data_bytes = 1 + random.below(3) as u32;
    info.hw_frame_size = random.below(2000) as u32;
    info.format = format(random);
    info.direction = random.below(2) as u32;
    info.quant_info = quantisation(random);
    info
}

fn transform(random: &mut Random) -> hailo_transform_params_t {
    let mut params = hailo_transform_params_t::zeroed();
    params.transform_mode = random.below(3) as u32;
    params.user_buffer_format = format(random);
    params
}

filled! {
    mut hailo_device_id_t => |_, random| device(random);
    const hailo_device_id_t => |_, random| device(random);
    mut hailo_pcie_device_info_t => |_, random| hailo_pcie_device_info_t {
        domain: *random.of_all(&[0, u32::MAX, 9]),
        bus: random.below(4) as u32,
        device: 0,
        func: 0,
    };
    mut hailo_input_vstream_params_by_name_t => |_, random| hailo_input_vstream_params_by_name_t {
        name: name(random),
        params: vstream_params(random),
    };
    const hailo_input_vstream_params_by_name_t => |_, random| hailo_input_vstream_params_by_name_t {
        name: name(random),
        params: vstream_params(random),
    };
    mut hailo_output_vstream_params_by_name_t => |_, random| hailo_output_vstream_params_by_name_t {
        name: name(random),
        params: vstream_params(random),
    };
    const hailo_output_vstream_params_by_name_t => |_, random| hailo_output_vstream_params_by_name_t {
        name: name(random),
        params: vstream_params(random),
    };
    mut hailo_vstream_info_t => |_, random| {
        let mut info = hailo_vstream_info_t::zeroed();
        info.shape.shape = shape(random);
        info.format = format(random);
        info.quant_info = quantisation(random);
        info
    };
    const hailo_stream_info_t => |_, random| stream_info(random);
    const hailo_transform_params_t => |_, random| transform(random);
    const hailo_3d_image_shape_t => |_, random| shape(random);
    const hailo_format_t => |_, random| format(random);
    mut hailo_format_t => |_, random| format(random);
    const hailo_quant_info_t => |_, random| quantisation(random);
    const hailo_buffer_parameters_t => |_, _| hailo_buffer_parameters_t::zeroed();
    mut hailo_stream_raw_buffer_by_name_t => |world, random| {
        let size = *random.of_all(&[0, 72, 144, 288, 864]);
        let mut bytes = vec![0_u8; size];
        let buffer = if random.once_in(20) { null_mut() } else { bytes.as_mut_ptr().cast::<c_void>() };
        world.scratch.push(Box::new(bytes));
        hailo_stream_raw_buffer_by_name_t { name: name(random), raw_buffer: hailo_stream_raw_buffer_t { buffer, size } }
    };
}

impl Give for hailo_quant_info_t {
    fn give(_: &mut World, random: &mut Random) -> Self {
        quantisation(random)
    }
}

impl Give for *mut hailo_scan_devices_params_t {
    fn give(_: &mut World, random: &mut Random) -> Self {
        if random.once_in(10) { std::ptr::dangling_mut() } else { null_mut() }
    }
}

impl Give for *mut hailo_vdevice_params_t {
    fn give(world: &mut World, random: &mut Random) -> Self {
        if random.once_in(4) {
            return null_mut();
        }
        let mut params = hailo_vdevice_params_t::zeroed();
        params.device_count = if random.once_in(6) { random.below(4) as u32 } else { 1 };
        params.scheduling_algorithm = if random.once_in(3) { random.below(4) as u32 } else { 1 };
        params.multi_process_service = random.once_in(30);
        params.group_id =
            text(world, random.of_all::<Option<&str>>(&[None, Some("UNIQUE"), Some("shared"), Some("")]));
        if random.once_in(3) {
            params.device_ids = <*mut hailo_device_id_t>::give(world, random);
        }
        let mut all = vec![params];
        let start = all.as_mut_ptr();
        world.scratch.push(Box::new(all));
        start
    }
}

impl Give for *mut hailo_configure_params_t {
    fn give(world: &mut World, random: &mut Random) -> Self {
        if random.once_in(2) {
            return null_mut();
        }
        let mut params = hailo_configure_params_t::zeroed();
        params.network_group_params_count = if random.once_in(10) { usize::MAX } else { random.below(4) };
        for group in &mut params.network_group_params {
            group.name = name(random);
            group.latency = random.below(4) as u32;
            group.stream_params_by_name_count = random.below(50);
            group.network_params_by_name_count = random.below(10);
        }
        let mut all = vec![params];
        let start = all.as_mut_ptr();
        world.scratch.push(Box::new(all));
        start
    }
}

impl Give for *mut hailo_configure_network_group_params_t {
    fn give(world: &mut World, random: &mut Random) -> Self {
        keep(world, random, vec![hailo_configure_network_group_params_t::zeroed()])
    }
}

fn text(world: &mut World, text: &Option<&str>) -> *const c_char {
    let Some(text) = text else { return null() };
    let owned = CString::new(*text).unwrap_or_default();
    let start = owned.as_ptr();
    // The string's memory stays where it is when its owner moves.
    world.scratch.push(Box::new(owned));
    start
}

thread_local! {
    /// Paths of files with HEFs, and one of none.
    static FILES: RefCell<Vec<CString>> = const { RefCell::new(Vec::new()) };
}

impl Give for *const c_char {
    fn give(world: &mut World, random: &mut Random) -> Self {
        if random.once_in(6) {
            let file = FILES.with_borrow(|files| random.of_all(files).clone());
            let start = file.as_ptr();
            world.scratch.push(Box::new(file));
            return start;
        }
        let long = "x".repeat(random.below(400));
        let name = match random.below(20) {
            0..4 => None,
            4 => Some(long.as_str()),
            _ => Some(*random.of_all::<&str>(&NAMES)),
        };
        text(world, &name)
    }
}

impl Give for *const c_void {
    fn give(world: &mut World, random: &mut Random) -> Self {
        let mut bytes = vec![0_u8; BYTES];
        bytes[..BYTES.min(300)].fill(random.bits() as u8);
        keep(world, random, bytes).cast::<c_void>().cast_const()
    }
}

/// Where calls read to that end later: it stays for as long as the program.
static LATER: [std::sync::atomic::AtomicU8; BYTES] = [const { std::sync::atomic::AtomicU8::new(0) }; BYTES];

impl Give for *mut c_void {
    fn give(_: &mut World, random: &mut Random) -> Self {
        if random.once_in(40) { null_mut() } else { LATER[0].as_ptr().cast::<c_void>() }
    }
}

impl Give for *mut *mut c_void {
    fn give(world: &mut World, random: &mut Random) -> Self {
        let to = keep(world, random, vec![null_mut::<c_void>(); ROOM]);
        world.memory_to = (!to.is_null()).then_some(to);
        to
    }
}

unsafe extern "C" fn written(_: *const hailo_stream_write_async_completion_info_t) {}
unsafe extern "C" fn was_read(_: *const hailo_stream_read_async_completion_info_t) {}
unsafe extern "C" fn notified(_: hailo_device, _: *const hailo_notification_t, _: *mut c_void) {}

impl Give for hailo_stream_write_async_callback_t {
    fn give(_: &mut World, random: &mut Random) -> Self {
        (!random.once_in(20)).then_some(written)
    }
}

impl Give for hailo_stream_read_async_callback_t {
    fn give(_: &mut World, random: &mut Random) -> Self {
        (!random.once_in(20)).then_some(was_read)
    }
}

impl Give for hailo_notification_callback {
    fn give(_: &mut World, random: &mut Random) -> Self {
        (!random.once_in(20)).then_some(notified)
    }
}

/// Whether an answer says that the call has done what it is for.
trait Succeeded {
    fn succeeded(&self) -> bool;
}

impl Succeeded for u32 {
    fn succeeded(&self) -> bool {
        *self == 0
    }
}

impl Succeeded for usize {
    fn succeeded(&self) -> bool {
        true
    }
}

impl Succeeded for *const c_char {
    fn succeeded(&self) -> bool {
        true
    }
}

/// A call with arguments that its types ask for.
type Step = fn(&mut World, &mut Random, &Notes);

macro_rules! steps {
    ($all:expr, $table:path, { $($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $answer:ty)?;)* }) => {
        $({
            fn step(world: &mut World, random: &mut Random, notes: &Notes) {
                world.begin();
                $(let $arg = <$type as Give>::give(world, random);)*
                notes.add(concat!(stringify!($name), "(…)"));
                let _ = &random;
                // SAFETY: arguments that are valid for their types, arrays with room for each count that is passed; handles
                // that are none are what the simulator promises to answer.
                let answer = unsafe { ($table().$name)($($arg),*) };
                world.gather(stringify!($name), answer.succeeded());
            }
            $all.push((stringify!($name), step as Step));
        })*
    };
}

macro_rules! first { ($($calls:tt)*) => { fn needed(all: &mut Vec<(&'static str, Step)>) { steps!(all, hailort_sim::api, { $($calls)* }); } }; }
macro_rules! second { ($($calls:tt)*) => { fn others(all: &mut Vec<(&'static str, Step)>) { steps!(all, hailort_sim::further_api, { $($calls)* }); } }; }

hailort_sys::for_each_call!(first);
hailort_sys::for_each_further_call!(second);

/// All calls by name.
pub fn steps() -> Vec<(&'static str, Step)> {
    let mut all = Vec::new();
    needed(&mut all);
    others(&mut all);
    all
}

/// Files that the calls find.
pub fn prepare(folder: &std::path::Path) {
    let names = |all: &[&str]| all.iter().map(|n| (*n).to_owned()).collect::<Vec<String>>();
    let one = Shortcut { groups: names(&["net"]), networks: names(&["net"]), ..Default::default() };
    let several = Shortcut {
        groups: names(&["one", "two"]),
        networks: names(&["left", "right"]),
        data_bytes: 2,
        ..one.clone()
    };
    let other = Shortcut { arch: 103, ..one.clone() };
    let mut files = Vec::new();
    for (name, bytes) in [
        ("one.hef", write(&one)),
        ("several.hef", write(&several)),
        ("other.hef", write(&other)),
        ("none.hef", b"no HEF at all".to_vec()),
    ] {
        std::fs::write(folder.join(name), bytes).expect("a file");
        files.push(CString::new(folder.join(name).into_os_string().into_encoded_bytes()).expect("a path"));
    }
    files.push(c"/nowhere/at/all.hef".to_owned());
    FILES.set(files);
}

impl World {
    /// Transfers of streams wait 10 s where nobody says otherwise.
    fn hurry(&self) {
        let further = hailort_sim::further_api();
        // SAFETY: handles that may have been released: the simulator answers that.
        unsafe {
            self.inputs.used.iter().for_each(|s| _ = (further.hailo_set_input_stream_timeout)(*s, PATIENCE));
            self.outputs
                .used
                .iter()
                .for_each(|s| _ = (further.hailo_set_output_stream_timeout)(*s, PATIENCE));
        }
    }

    /// Lets go of everything in the order that the real library needs, whatever calls have left.
    pub fn end(&mut self) {
        let (api, further) = (hailort_sim::api(), hailort_sim::further_api());
        // SAFETY: handles that may have been released: the simulator answers that.
        unsafe {
            self.groups.used.iter().for_each(|g| _ = (api.hailo_shutdown_network_group)(*g));
            self.output_vstreams.used.iter().for_each(|v| _ = (api.hailo_release_output_vstreams)(v, 1));
            self.input_vstreams.used.iter().for_each(|v| _ = (api.hailo_release_input_vstreams)(v, 1));
            self.activated.used.iter().for_each(|a| _ = (further.hailo_deactivate_network_group)(*a));
            let contexts = &self.input_transforms.used;
            contexts.iter().for_each(|t| _ = (further.hailo_release_input_transform_context)(*t));
            let contexts = &self.output_transforms.used;
            contexts.iter().for_each(|t| _ = (further.hailo_release_output_transform_context)(*t));
            self.hefs.used.iter().for_each(|h| _ = (api.hailo_release_hef)(*h));
            self.vdevices.used.iter().for_each(|v| _ = (api.hailo_release_vdevice)(*v));
            self.devices.used.iter().for_each(|d| _ = (api.hailo_release_device)(*d));
            self.memory.iter().for_each(|m| _ = (further.hailo_free_buffer)(*m));
        }
    }

    /// A network that is ready: its virtual device, HEF, group and vstreams are in use from now on.
    pub fn open(&mut self, random: &mut Random, notes: &Notes) {
        notes.add("opens a network");
        let api = hailort_sim::api();
        let file = FILES.with_borrow(|files| files[random.below(2)].clone());
        let (mut hef, mut vdevice, mut groups, mut count) = (null_mut(), null_mut(), [null_mut(); 8], 8);
        // SAFETY: places for results, arrays with their capacities, handles that were just made.
        unsafe {
            if (api.hailo_create_hef_file)(&raw mut hef, file.as_ptr()) != 0 {
                return;
            }
            self.hefs.used.push(hef);
            if (api.hailo_create_vdevice)(null_mut(), &raw mut vdevice) != 0 {
                return;
            }
            self.vdevices.used.push(vdevice);
            if (api.hailo_configure_vdevice)(vdevice, hef, null_mut(), groups.as_mut_ptr(), &raw mut count)
                != 0
            {
                return;
            }
            self.groups.used.extend(&groups[..count]);
            for group in &groups[..count] {
                let mut inputs = [hailo_input_vstream_params_by_name_t::zeroed(); 8];
                let mut outputs = [hailo_output_vstream_params_by_name_t::zeroed(); 8];
                let (mut some, mut others) = (8, 8);
                let format = random.below(4) as u32;
                (api.hailo_make_input_vstream_params)(
                    *group,
                    false,
                    format,
                    inputs.as_mut_ptr(),
                    &raw mut some,
                );
                (api.hailo_make_output_vstream_params)(
                    *group,
                    false,
                    format,
                    outputs.as_mut_ptr(),
                    &raw mut others,
                );
                inputs.iter_mut().for_each(|p| p.params.timeout_ms = PATIENCE);
                outputs.iter_mut().for_each(|p| p.params.timeout_ms = PATIENCE);
                let (mut opened, mut read) = ([null_mut(); 8], [null_mut(); 8]);
                if (api.hailo_create_input_vstreams)(*group, inputs.as_ptr(), some, opened.as_mut_ptr()) == 0
                {
                    self.input_vstreams.used.extend(&opened[..some]);
                }
                if (api.hailo_create_output_vstreams)(*group, outputs.as_ptr(), others, read.as_mut_ptr())
                    == 0
                {
                    self.output_vstreams.used.extend(&read[..others]);
                }
            }
        }
    }

    /// Frames of the right size through vstreams, each in memory of exactly that size.
    pub fn transfer(&mut self, random: &mut Random, notes: &Notes) {
        notes.add("writes and reads");
        let api = hailort_sim::api();
        for _ in 0..=random.below(4) {
            let mut size = 0;
            // SAFETY: handles that may have been released, places for the size, memory of that size.
            unsafe {
                let input = self.input_vstreams.pick(random);
                if (api.hailo_get_input_vstream_frame_size)(input, &raw mut size) == 0 && size < BYTES {
                    let frame = vec![random.bits() as u8; size];
                    (api.hailo_vstream_write_raw_buffer)(input, frame.as_ptr().cast(), size);
                }
                let output = self.output_vstreams.pick(random);
                if (api.hailo_get_output_vstream_frame_size)(output, &raw mut size) == 0 && size < BYTES {
                    let mut frame = vec![0_u8; size];
                    (api.hailo_vstream_read_raw_buffer)(output, frame.as_mut_ptr().cast(), size);
                }
            }
        }
    }

    /// One thread reads while another shuts the group down.
    pub fn race(&mut self, random: &mut Random, notes: &Notes) {
        notes.add("shuts down while another thread reads and one writes");
        let api = hailort_sim::api();
        let [group, output, input] = [
            self.groups.pick(random).addr(),
            self.output_vstreams.pick(random).addr(),
            self.input_vstreams.pick(random).addr(),
        ];
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut frame = vec![0_u8; 288];
                let output = std::ptr::without_provenance_mut(output);
                // SAFETY: a handle that may have been released, memory of the size that is said.
                unsafe { (api.hailo_vstream_read_raw_buffer)(output, frame.as_mut_ptr().cast(), frame.len()) }
            });
            scope.spawn(|| {
                let frame = vec![0_u8; 288];
                let input = std::ptr::without_provenance_mut(input);
                // SAFETY: as above.
                unsafe { (api.hailo_vstream_write_raw_buffer)(input, frame.as_ptr().cast(), frame.len()) }
            });
            // SAFETY: a handle that may have been released.
            unsafe { (api.hailo_shutdown_network_group)(std::ptr::without_provenance_mut(group)) };
        });
    }

    /// A HEF in memory.
    pub fn read(&mut self, random: &mut Random, notes: &Notes) {
        notes.add("reads a HEF in memory");
        let bytes = write(&Shortcut::default());
        let end = if random.once_in(4) { random.below(bytes.len()) } else { bytes.len() };
        let bytes = bytes[..end].to_vec();
        let mut hef = null_mut();
        // SAFETY: a place for the handle and a buffer of the size that is said.
        let status = unsafe {
            (hailort_sim::api().hailo_create_hef_buffer)(&raw mut hef, bytes.as_ptr().cast(), bytes.len())
        };
        if status == 0 {
            self.hefs.used.push(hef);
        }
    }
}
