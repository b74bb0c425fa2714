//! The table behind safe functions, so that the tests read as what they test.
//!
//! Handles are carried as numbers, which is what they are in the simulator: they go from thread to thread, and stale
//! ones can be tried.

use std::ffi::CString;
use std::path::Path;
use std::ptr::{null, null_mut, without_provenance_mut as pointer};
use std::time::{Duration, Instant};

use hailort_sim::canned::Canned;
use hailort_sys::Api;
use hailort_sys::status::*;
use hailort_sys::types::*;

/// A handle as a number.
pub type Handle = usize;

/// Longer than anything here takes, and far shorter than the timeouts that must not be waited for.
pub const SOON: Duration = Duration::from_secs(10);
/// A timeout that no test waits for.
pub const LONG_MS: u32 = 120_000;

/// The table. Tests have devices of their own; the processes that they start are on the host that they are told.
pub fn api() -> Api {
    if !crate::child::is_child() {
        hailort_sim::runtime::host::own();
    }
    hailort_sim::api()
}

/// Sets a variable of this process.
pub fn set_variable(name: &str, value: impl AsRef<std::ffi::OsStr>) {
    // SAFETY: tests call this while the simulator has no threads, and the test runner's thread, which waits for the
    // test's end, reads no variables.
    unsafe { std::env::set_var(name, value) };
}

/// The canned model, installed in a folder of its own that the simulator looks into.
pub struct Installed {
    /// The model.
    pub model: Canned,
    /// The folder, which is gone when this is.
    pub cache: tempfile::TempDir,
}

/// Installs the canned model.
pub fn install() -> Installed {
    let (model, cache) = (Canned::new(1), tempfile::tempdir().unwrap());
    model.install(cache.path()).unwrap();
    set_variable("HAILO_CACHE_DIR", cache.path());
    Installed { model, cache }
}

/// Asks until the answer is yes.
pub fn wait_until(what: &str, mut yes: impl FnMut() -> bool) {
    let start = Instant::now();
    while !yes() {
        assert!(start.elapsed() < SOON, "waited in vain: {what}");
        std::thread::yield_now();
    }
}

/// Fails unless `body` is done [`SOON`].
pub fn promptly<T>(what: &str, body: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let out = body();
    let took = start.elapsed();
    assert!(took < SOON, "{what} took {took:?}");
    out
}

/// The defaults of a virtual device.
pub fn vdevice_params() -> hailo_vdevice_params_t {
    let mut params = hailo_vdevice_params_t::zeroed();
    // SAFETY: a place for the parameters.
    assert_eq!(unsafe { (api().hailo_init_vdevice_params)(&raw mut params) }, HAILO_SUCCESS);
    params
}

/// Makes a virtual device over these devices (none: any one), in this group.
pub fn create_vdevice(ids: &[&str], group: Option<&str>) -> Result<Handle, hailo_status> {
    let group = group.map(|g| CString::new(g).unwrap());
    let mut ids: Vec<hailo_device_id_t> = ids
        .iter()
        .map(|id| {
            let mut out = hailo_device_id_t::zeroed();
            set_text(&mut out.id, id);
            out
        })
        .collect();
    let mut params = vdevice_params();
    if !ids.is_empty() {
        params.device_count = u32::try_from(ids.len()).unwrap();
        params.device_ids = ids.as_mut_ptr();
    }
    if let Some(group) = &group {
        params.group_id = group.as_ptr();
    }
    create_vdevice_with(params)
}

/// Makes a virtual device; what the parameters point to is valid.
pub fn create_vdevice_with(mut params: hailo_vdevice_params_t) -> Result<Handle, hailo_status> {
    let mut vdevice = null_mut();
    // SAFETY: parameters with NULL or valid pointers, and a place for the handle.
    let status = unsafe { (api().hailo_create_vdevice)(&raw mut params, &raw mut vdevice) };
    answer(status, vdevice)
}

fn answer<T>(status: hailo_status, handle: *mut T) -> Result<Handle, hailo_status> {
    assert_eq!(
        handle.is_null(),
        status != HAILO_SUCCESS,
        "a handle exactly where the call succeeds: {status}"
    );
    if status == HAILO_SUCCESS { Ok(handle.addr()) } else { Err(status) }
}

/// Releases a virtual device.
pub fn release_vdevice(vdevice: Handle) -> hailo_status {
    // SAFETY: the simulator takes any number for a handle.
    unsafe { (api().hailo_release_vdevice)(pointer(vdevice)) }
}

/// Reads a HEF from memory.
pub fn create_hef(bytes: &[u8]) -> Result<Handle, hailo_status> {
    let mut hef = null_mut();
    // SAFETY: a place for the handle, and a buffer of the size that is said.
    let status = unsafe { (api().hailo_create_hef_buffer)(&raw mut hef, bytes.as_ptr().cast(), bytes.len()) };
    answer(status, hef)
}

/// Reads a HEF from a file.
pub fn create_hef_file(path: &Path) -> Result<Handle, hailo_status> {
    let path = CString::new(path.to_str().unwrap()).unwrap();
    let mut hef = null_mut();
    // SAFETY: a place for the handle, and a string ended by NUL.
    let status = unsafe { (api().hailo_create_hef_file)(&raw mut hef, path.as_ptr()) };
    answer(status, hef)
}

/// Releases a HEF.
pub fn release_hef(hef: Handle) -> hailo_status {
    // SAFETY: the simulator takes any number for a handle.
    unsafe { (api().hailo_release_hef)(pointer(hef)) }
}

/// Configures a virtual device with a HEF of one network group.
pub fn configure(vdevice: Handle, hef: Handle) -> Result<Handle, hailo_status> {
    let (mut group, mut count) = (null_mut(), 1);
    // SAFETY: any handles, NULL for the defaults, an array of one and its capacity.
    let status = unsafe {
        (api().hailo_configure_vdevice)(
            pointer(vdevice),
            pointer(hef),
            null_mut(),
            &raw mut group,
            &raw mut count,
        )
    };
    assert_eq!(count, 1);
    answer(status, group)
}

/// Ends all transfers of a group.
pub fn shut_down(group: Handle) -> hailo_status {
    // SAFETY: the simulator takes any number for a handle.
    unsafe { (api().hailo_shutdown_network_group)(pointer(group)) }
}

/// Default parameters of a group's inputs, for frames of float32.
pub fn input_params(group: Handle) -> Vec<hailo_input_vstream_params_by_name_t> {
    let mut params = [hailo_input_vstream_params_by_name_t::zeroed(); 40];
    let mut count = params.len();
    let make = api().hailo_make_input_vstream_params;
    // SAFETY: any handle, an array and its capacity.
    let status = unsafe {
        make(pointer(group), false, HAILO_FORMAT_TYPE_FLOAT32, params.as_mut_ptr(), &raw mut count)
    };
    assert_eq!(status, HAILO_SUCCESS);
    params[..count].to_vec()
}

/// Default parameters of a group's outputs, for frames of float32.
pub fn output_params(group: Handle) -> Vec<hailo_output_vstream_params_by_name_t> {
    let mut params = [hailo_output_vstream_params_by_name_t::zeroed(); 40];
    let mut count = params.len();
    let make = api().hailo_make_output_vstream_params;
    // SAFETY: any handle, an array and its capacity.
    let status = unsafe {
        make(pointer(group), false, HAILO_FORMAT_TYPE_FLOAT32, params.as_mut_ptr(), &raw mut count)
    };
    assert_eq!(status, HAILO_SUCCESS);
    params[..count].to_vec()
}

/// Makes input vstreams.
pub fn create_inputs(
    group: Handle,
    params: &[hailo_input_vstream_params_by_name_t],
) -> Result<Vec<Handle>, hailo_status> {
    let mut made = vec![null_mut(); params.len()];
    // SAFETY: any handle, parameters and room for as many handles.
    let status = unsafe {
        let create = api().hailo_create_input_vstreams;
        create(pointer(group), params.as_ptr(), params.len(), made.as_mut_ptr())
    };
    made.into_iter().map(|handle| answer(status, handle)).collect()
}

/// Makes output vstreams.
pub fn create_outputs(
    group: Handle,
    params: &[hailo_output_vstream_params_by_name_t],
) -> Result<Vec<Handle>, hailo_status> {
    let mut made = vec![null_mut(); params.len()];
    // SAFETY: any handle, parameters and room for as many handles.
    let status = unsafe {
        let create = api().hailo_create_output_vstreams;
        create(pointer(group), params.as_ptr(), params.len(), made.as_mut_ptr())
    };
    made.into_iter().map(|handle| answer(status, handle)).collect()
}

/// Releases input vstreams.
pub fn release_inputs(handles: &[Handle]) -> hailo_status {
    let handles: Vec<hailo_input_vstream> = handles.iter().map(|h| pointer(*h)).collect();
    // SAFETY: any handles, as many as are said.
    unsafe { (api().hailo_release_input_vstreams)(handles.as_ptr(), handles.len()) }
}

/// Releases output vstreams.
pub fn release_outputs(handles: &[Handle]) -> hailo_status {
    let handles: Vec<hailo_output_vstream> = handles.iter().map(|h| pointer(*h)).collect();
    // SAFETY: any handles, as many as are said.
    unsafe { (api().hailo_release_output_vstreams)(handles.as_ptr(), handles.len()) }
}

/// What an input is, and the bytes of its frames.
pub fn input_info(input: Handle) -> (hailo_vstream_info_t, usize) {
    let (mut info, mut size) = (hailo_vstream_info_t::zeroed(), 0);
    // SAFETY: any handle, and places for the answers.
    let statuses = unsafe {
        (
            (api().hailo_get_input_vstream_info)(pointer(input), &raw mut info),
            (api().hailo_get_input_vstream_frame_size)(pointer(input), &raw mut size),
        )
    };
    assert_eq!(statuses, (HAILO_SUCCESS, HAILO_SUCCESS));
    (info, size)
}

/// What an output is, and the bytes of its frames.
pub fn output_info(output: Handle) -> (hailo_vstream_info_t, usize) {
    let (mut info, mut size) = (hailo_vstream_info_t::zeroed(), 0);
    // SAFETY: any handle, and places for the answers.
    let statuses = unsafe {
        (
            (api().hailo_get_output_vstream_info)(pointer(output), &raw mut info),
            (api().hailo_get_output_vstream_frame_size)(pointer(output), &raw mut size),
        )
    };
    assert_eq!(statuses, (HAILO_SUCCESS, HAILO_SUCCESS));
    (info, size)
}

/// Writes a frame.
pub fn write(input: Handle, frame: &[f32]) -> hailo_status {
    // SAFETY: any handle, a buffer and its size.
    unsafe {
        (api().hailo_vstream_write_raw_buffer)(pointer(input), frame.as_ptr().cast(), size_of_val(frame))
    }
}

/// Reads a frame.
pub fn read(output: Handle, frame: &mut [f32]) -> hailo_status {
    // SAFETY: any handle, a buffer and its size.
    unsafe {
        (api().hailo_vstream_read_raw_buffer)(pointer(output), frame.as_mut_ptr().cast(), size_of_val(frame))
    }
}

/// What a HEF says of its vstreams.
pub fn hef_vstreams(hef: Handle) -> Vec<hailo_vstream_info_t> {
    let mut infos = [hailo_vstream_info_t::zeroed(); 40];
    let mut count = infos.len();
    // SAFETY: any handle, NULL for the first group, an array and its capacity.
    let status = unsafe {
        (api().hailo_hef_get_all_vstream_infos)(pointer(hef), null(), infos.as_mut_ptr(), &raw mut count)
    };
    assert_eq!(status, HAILO_SUCCESS);
    infos[..count].to_vec()
}

/// Names of a HEF's outputs in the order of the original model.
pub fn sorted_outputs(hef: Handle) -> Vec<String> {
    let mut names = [hailo_layer_name_t::zeroed(); 40];
    let mut count = names.len();
    // SAFETY: any handle, NULL for the first group, an array and its capacity.
    let status = unsafe {
        (api().hailo_hef_get_sorted_output_names)(pointer(hef), null(), names.as_mut_ptr(), &raw mut count)
    };
    assert_eq!(status, HAILO_SUCCESS);
    names[..count].iter().map(|n| text(&n.name)).collect()
}

/// A HEF on a virtual device, with a vstream for each input and output.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The HEF.
    pub hef: Handle,
    /// Its network group.
    pub group: Handle,
    /// Inputs in the HEF's order.
    pub inputs: Vec<Handle>,
    /// Outputs in the HEF's order.
    pub outputs: Vec<Handle>,
}

impl Loaded {
    /// Loads a HEF with these sizes of the queues and this timeout.
    pub fn new(vdevice: Handle, hef: &[u8], queue_size: u32, timeout_ms: u32) -> Self {
        let hef = create_hef(hef).unwrap();
        let group = configure(vdevice, hef).unwrap();
        let (mut inputs, mut outputs) = (input_params(group), output_params(group));
        let all = inputs.iter_mut().map(|p| &mut p.params).chain(outputs.iter_mut().map(|p| &mut p.params));
        for params in all {
            (params.queue_size, params.timeout_ms) = (queue_size, timeout_ms);
        }
        let inputs = create_inputs(group, &inputs).unwrap();
        let outputs = create_outputs(group, &outputs).unwrap();
        Self { hef, group, inputs, outputs }
    }

    /// A frame for an input, of values that the seed tells apart.
    pub fn frame(&self, input: usize, seed: usize) -> Vec<f32> {
        let count = input_info(self.inputs[input]).1 / 4;
        (0..count).map(|i| ((i * 31 + seed * 7919) % 1009) as f32 / 504.5 - 1.0).collect()
    }

    /// Reads a frame from every output.
    pub fn read_all(&self) -> Vec<Vec<f32>> {
        let one = |output: &Handle| {
            let mut frame = vec![f32::NAN; output_info(*output).1 / 4];
            assert_eq!(read(*output, &mut frame), HAILO_SUCCESS);
            frame
        };
        self.outputs.iter().map(one).collect()
    }

    /// One inference with the frames of this seed.
    pub fn infer(&self, seed: usize) -> Vec<Vec<f32>> {
        for (i, input) in self.inputs.iter().enumerate() {
            assert_eq!(write(*input, &self.frame(i, seed)), HAILO_SUCCESS);
        }
        self.read_all()
    }

    /// Takes everything down in the documented order, but for the virtual device.
    pub fn release(self) {
        assert_eq!(shut_down(self.group), HAILO_SUCCESS);
        assert_eq!(release_outputs(&self.outputs), HAILO_SUCCESS);
        assert_eq!(release_inputs(&self.inputs), HAILO_SUCCESS);
        assert_eq!(release_hef(self.hef), HAILO_SUCCESS);
    }
}

/// Installs a plan.
pub fn plan(text: &str) {
    text.parse::<hailort_sim::faults::Plan>().unwrap().install().unwrap();
}

/// Calls something that does nothing else.
pub fn version() -> hailo_status {
    let mut version = hailo_version_t::zeroed();
    // SAFETY: a place for the answer.
    unsafe { (api().hailo_get_library_version)(&raw mut version) }
}

/// Number of devices that a scan finds.
pub fn scan() -> Result<usize, hailo_status> {
    let (mut ids, mut count) = ([hailo_device_id_t::zeroed(); 16], 16);
    // SAFETY: NULL parameters, an array and its capacity.
    let status = unsafe { (api().hailo_scan_devices)(null_mut(), ids.as_mut_ptr(), &raw mut count) };
    if status == HAILO_SUCCESS { Ok(count) } else { Err(status) }
}

/// Opens the first device.
pub fn create_device() -> Result<Handle, hailo_status> {
    let (mut id, mut device) = (hailo_device_id_t::zeroed(), null_mut());
    set_text(&mut id.id, "0000:01:00.0");
    // SAFETY: an id and a place for the handle.
    let status = unsafe { (api().hailo_create_device_by_id)(&raw const id, &raw mut device) };
    answer(status, device)
}

/// Closes a device.
pub fn release_device(device: Handle) -> hailo_status {
    // SAFETY: the simulator takes any number for a handle.
    unsafe { (api().hailo_release_device)(pointer(device)) }
}

/// Resets a device.
pub fn reset(device: Handle) -> hailo_status {
    // SAFETY: any handle.
    unsafe { (api().hailo_reset_device)(pointer(device), HAILO_RESET_DEVICE_MODE_CHIP) }
}

/// Degrees Celsius at a device's first sensor.
pub fn temperature(device: Handle) -> Result<f32, hailo_status> {
    let mut info = hailo_chip_temperature_info_t::zeroed();
    // SAFETY: any handle, and a place for the answer.
    let status = unsafe { (api().hailo_get_chip_temperature)(pointer(device), &raw mut info) };
    if status == HAILO_SUCCESS { Ok(info.ts0_temperature) } else { Err(status) }
}

/// Whether a thread waits for another one, rather than for orders.
pub fn in_futex(task: &Path) -> bool {
    let call = std::fs::read_to_string(Path::new("/proc").join(task).join("syscall")).unwrap_or_default();
    call.split(' ').next() == Some(&libc::SYS_futex.to_string())
}

/// A process as `/proc` shows it.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// The name of its program.
    pub name: String,
    /// One letter.
    pub state: char,
    /// The number of its parent.
    pub parent: i32,
    /// Its process group.
    pub group: i32,
    /// Its session.
    pub session: i32,
}

impl Process {
    /// The process of this number.
    pub fn of(pid: i32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (start, rest) = stat.rsplit_once(") ")?;
        let name = start.split_once('(')?.1.to_string();
        let fields: Vec<&str> = rest.split(' ').collect();
        let number = |i: usize| fields[i].parse().unwrap();
        Some(Self {
            pid,
            name,
            state: fields[0].chars().next()?,
            parent: number(1),
            group: number(2),
            session: number(3),
        })
    }

    /// Its children.
    pub fn children(pid: i32) -> Vec<Self> {
        let all = std::fs::read_dir("/proc").unwrap();
        let pids = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        pids.filter_map(Self::of).filter(|process| process.parent == pid).collect()
    }

    /// Kills it.
    pub fn kill(&self) {
        // SAFETY: a number, and a signal.
        unsafe { libc::kill(self.pid, libc::SIGKILL) };
    }
}

/// The number of this process.
pub fn me() -> i32 {
    i32::try_from(std::process::id()).unwrap()
}

/// Number of threads of this process.
pub fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// Number of open files of this process, the one that counts them not included.
pub fn files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count() - 1
}

/// Whether the thread of this name in `/proc` waits for something.
pub fn is_asleep(task: &Path) -> bool {
    std::fs::read_to_string(Path::new("/proc").join(task).join("status")).is_ok_and(|status| {
        status.lines().any(|l| l.starts_with("State:") && l.contains('S') && l.contains("sleeping"))
    })
}

/// The name of the calling thread for [`is_asleep`].
pub fn this_task() -> std::path::PathBuf {
    std::fs::read_link("/proc/thread-self").unwrap()
}

/// Fails when a handle is in use.
pub fn assert_nothing_in_use() {
    for (kind, count) in hailort_sim::capi::handles::in_use() {
        assert_eq!(count, 0, "{kind}");
    }
}
