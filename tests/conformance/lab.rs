//! What scenarios work with: the library's calls, censuses of the process, devices, a network.

use std::ffi::{CString, c_char, c_void};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::ptr::{null, null_mut};
use std::time::{Duration, Instant};

use hailort_sim::hef::shortcut::{Shortcut, write};
use hailort_sys::types::*;
use hailort_sys::{Api, FurtherApi, status_name};
use libloading::Library;

use crate::runner::{FOLDER, LIBRARY, PART};

/// The variable that names a HEF for the device that is there: the simulator's own mean nothing to it.
pub const HEF: &str = "HAILO_CONFORMANCE_HEF";

/// One call of the table that inference needs.
macro_rules! ask {
    ($lab:expr, $call:ident($($argument:expr),* $(,)?)) => {{
        // SAFETY: scenarios pass pointers that are valid for what the call does with them, or what the scenario is
        // about; they run in processes of their own, whose deaths are results.
        unsafe { ($lab.api.$call)($($argument),*) }
    }};
}

/// One call of the other table.
macro_rules! more {
    ($lab:expr, $call:ident($($argument:expr),* $(,)?)) => {{
        // SAFETY: as of `ask`.
        unsafe { ($lab.further.$call)($($argument),*) }
    }};
}

pub(crate) use {ask, more};

/// A status by number and name.
pub fn say(status: hailo_status) -> String {
    let name = status_name(status).map(|n| n.trim_start_matches("HAILO_"));
    name.map_or_else(|| status.to_string(), |name| format!("{status} {name}"))
}

/// Fails the scenario unless the status is 0.
pub fn must(what: &str, status: hailo_status) -> Result<(), String> {
    if status == 0 { Ok(()) } else { Err(format!("{what} answers {}", say(status))) }
}

/// Threads and open files of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Census {
    pub threads: isize,
    pub files: isize,
}

impl Census {
    fn now() -> Self {
        let count = |folder: &str| std::fs::read_dir(folder).map_or(0, |entries| entries.count() as isize);
        // One of the files is the folder that is being read.
        Self { threads: count("/proc/self/task"), files: count("/proc/self/fd") - 1 }
    }

    /// When nothing has changed for a while: a thread that was joined is listed a little longer.
    pub fn settled() -> Self {
        let deadline = Instant::now() + Duration::from_secs(10);
        let (mut last, mut since) = (Self::now(), Instant::now());
        while since.elapsed() < Duration::from_millis(40) && Instant::now() < deadline {
            std::thread::yield_now();
            let now = Self::now();
            if now != last {
                (last, since) = (now, Instant::now());
            }
        }
        last
    }

    /// What has come and gone since.
    pub fn since(self, before: Self) -> String {
        format!("threads {:+}, files {:+}", self.threads - before.threads, self.files - before.files)
    }
}

/// The library, opened, and where the scenario may put files.
pub struct Lab {
    pub api: Api,
    pub further: FurtherApi,
    pub is_simulator: bool,
    pub folder: PathBuf,
    /// Before the library was opened.
    pub before: Census,
    library: &'static Library,
}

fn variable(name: &str) -> Result<PathBuf, String> {
    std::env::var_os(name).map(PathBuf::from).ok_or_else(|| format!("{name} is not set"))
}

impl Lab {
    /// Opens the library that the runner named.
    pub fn open() -> Result<Self, String> {
        let before = Census::settled();
        let library = Self::load()?;
        let lacks = |symbol: &str| format!("the library lacks {symbol}");
        let find = |symbol| address(library, symbol).ok_or_else(|| lacks(symbol));
        // SAFETY: the symbols are those of HailoRT's header, or what is tested is not HailoRT.
        let (api, further) = unsafe { (Api::from_symbols(find)?, FurtherApi::from_symbols(find)?) };
        let is_simulator = address(library, "hailort_sim_marker").is_some();
        Ok(Self { api, further, is_simulator, folder: variable(FOLDER)?, before, library })
    }

    /// Opens the library and looks for nothing in it.
    pub fn load() -> Result<&'static Library, String> {
        let path = variable(LIBRARY)?;
        // SAFETY: running its initialisers is what is tested.
        let library = unsafe { Library::new(&path) };
        // It has threads that run its code: it stays.
        library
            .map(|l| &*Box::leak(Box::new(l)))
            .map_err(|why| format!("cannot open {}: {why}", path.display()))
    }

    /// Symbols of these that it lacks.
    pub fn lacking(library: &Library, symbols: &[&'static str]) -> Vec<&'static str> {
        symbols.iter().copied().filter(|symbol| address(library, symbol).is_none()).collect()
    }

    pub fn library(&self) -> &Library {
        self.library
    }

    /// Names of the devices that a scan finds.
    pub fn devices(&self) -> Vec<hailo_device_id_t> {
        let mut ids = [hailo_device_id_t::zeroed(); 32];
        let mut count = ids.len();
        let status = ask!(self, hailo_scan_devices(null_mut(), ids.as_mut_ptr(), &raw mut count));
        if status == 0 { ids[..count].to_vec() } else { Vec::new() }
    }

    /// A path in the scenario's folder, for C.
    pub fn path(&self, name: &str) -> CString {
        CString::new(self.folder.join(name).into_os_string().into_encoded_bytes()).unwrap_or_default()
    }

    /// Writes a file into the scenario's folder.
    pub fn file(&self, name: &str, bytes: &[u8]) -> Result<CString, String> {
        std::fs::write(self.folder.join(name), bytes).map_err(|why| format!("{name}: {why}"))?;
        Ok(self.path(name))
    }

    /// Reads a HEF from memory.
    pub fn hef(&self, bytes: &[u8]) -> (hailo_status, hailo_hef) {
        let mut hef = null_mut();
        let status =
            ask!(self, hailo_create_hef_buffer(&raw mut hef, bytes.as_ptr().cast::<c_void>(), bytes.len()));
        (status, hef)
    }

    /// The bytes of a HEF that the device runs.
    pub fn network(&self) -> Result<Vec<u8>, String> {
        match std::env::var_os(HEF).filter(|v| !v.is_empty()) {
            Some(file) => {
                std::fs::read(&file).map_err(|why| format!("{}: {why}", Path::new(&file).display()))
            }
            None if self.is_simulator => Ok(write(&Shortcut::default())),
            None => Err(format!("needs a HEF for the device in {HEF}")),
        }
    }

    /// A virtual device with these parameters.
    pub fn vdevice(&self, change: impl FnOnce(&mut hailo_vdevice_params_t)) -> (hailo_status, hailo_vdevice) {
        let mut params = hailo_vdevice_params_t::zeroed();
        ask!(self, hailo_init_vdevice_params(&raw mut params));
        change(&mut params);
        let mut vdevice = null_mut();
        let status = ask!(self, hailo_create_vdevice(&raw mut params, &raw mut vdevice));
        (status, vdevice)
    }

    /// Releases a virtual device and says how that went.
    pub fn release(&self, vdevice: hailo_vdevice) -> String {
        say(ask!(self, hailo_release_vdevice(vdevice)))
    }

    /// Loads a HEF onto a virtual device.
    pub fn configure(&self, vdevice: hailo_vdevice, hef: hailo_hef) -> (hailo_status, Vec<Group>) {
        let mut groups = [null_mut(); 8];
        let mut count = groups.len();
        let status = ask!(
            self,
            hailo_configure_vdevice(vdevice, hef, null_mut(), groups.as_mut_ptr(), &raw mut count)
        );
        (status, if status == 0 { groups[..count].to_vec() } else { Vec::new() })
    }

    /// A network that is ready for frames of float32.
    pub fn net(&self, timeout_ms: u32, queue_size: u32) -> Result<Net<'_>, String> {
        self.net_of(&self.network()?, timeout_ms, queue_size)
    }

    /// As [`Lab::net`], with this HEF.
    pub fn net_of(&self, hef: &[u8], timeout_ms: u32, queue_size: u32) -> Result<Net<'_>, String> {
        let (status, hef) = self.hef(hef);
        must("creating the HEF", status)?;
        let (status, vdevice) = self.vdevice(|_| {});
        must("creating the virtual device", status)?;
        let (status, groups) = self.configure(vdevice, hef);
        must("configuring", status)?;
        let group = *groups.first().ok_or("there is no network group")?;
        let mut net = Net {
            lab: self,
            vdevice,
            hef,
            group,
            inputs: Vec::new(),
            outputs: Vec::new(),
            input_bytes: Vec::new(),
            output_bytes: Vec::new(),
        };
        net.open(timeout_ms, queue_size)?;
        Ok(net)
    }

    /// What a step answers, done by a child made by fork: where a library dies of one, the others are still seen.
    pub fn apart(&self, step: impl FnOnce() -> String) -> String {
        let path = self.folder.join("apart");
        let _ = std::fs::remove_file(&path);
        // SAFETY: the child makes the calls that are tested, writes a file and ends, without anything at its exit.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let told = std::fs::write(&path, step());
            // SAFETY: as above.
            unsafe { libc::_exit(i32::from(told.is_err())) };
        }
        let mut status = 0;
        // SAFETY: the number of a child that was not waited for, and a place for its status.
        let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
        let ended: std::process::ExitStatus = std::os::unix::process::ExitStatusExt::from_raw(status);
        match std::fs::read_to_string(&path) {
            Ok(text) if waited == child && ended.success() => text,
            _ => crate::runner::ending(ended),
        }
    }

    /// Starts a part of the scenario in a process of its own.
    pub fn part(&self, name: &str) -> Result<Part, String> {
        let exe = std::env::current_exe().map_err(|why| why.to_string())?;
        let mut command = Command::new(exe);
        command.env(PART, name).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|why| format!("cannot start {name}: {why}"))?;
        let output = child.stdout.take().ok_or("no standard output")?;
        Ok(Part { child, output: BufReader::new(output) })
    }
}

fn address(library: &Library, symbol: &str) -> Option<*const c_void> {
    // SAFETY: the symbol is only looked up, as an address, and the library is never closed.
    unsafe { library.get::<*const c_void>(symbol.as_bytes()).ok()?.try_as_raw_ptr().map(|p| p.cast_const()) }
}

pub type Group = hailo_configured_network_group;

/// A process that does a part of a scenario.
pub struct Part {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Part {
    /// The next thing that it says.
    pub fn hear(&mut self) -> String {
        let mut line = String::new();
        let read = self.output.read_line(&mut line);
        if read.is_ok_and(|n| n > 0) { line.trim_end().to_owned() } else { "nothing".into() }
    }

    /// Lets it go on.
    pub fn tell(&mut self) {
        if let Some(input) = &mut self.child.stdin {
            let _ = input.write_all(b"\n");
        }
    }

    /// Kills it with SIGKILL and waits for its end.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends it a signal.
    pub fn signal(&self, number: i32) {
        // SAFETY: a child that was not waited for: the number is still its own.
        unsafe { libc::kill(self.child.id() as i32, number) };
    }

    /// Waits for its end.
    pub fn end(mut self) -> String {
        drop(self.child.stdin.take());
        self.child.wait().map_or_else(|why| why.to_string(), crate::runner::ending)
    }
}

/// What a part says, and waits until it is told to go on, or its scenario has ended.
pub fn report(what: &str) {
    println!("{what}");
    let _ = std::io::stdout().flush();
    let mut line = String::new();
    let _ = std::io::stdin().read_line(&mut line);
}

/// A configured network with its vstreams.
pub struct Net<'a> {
    pub lab: &'a Lab,
    pub vdevice: hailo_vdevice,
    pub hef: hailo_hef,
    pub group: Group,
    pub inputs: Vec<hailo_input_vstream>,
    pub outputs: Vec<hailo_output_vstream>,
    pub input_bytes: Vec<usize>,
    pub output_bytes: Vec<usize>,
}

/// Most vstreams of a direction.
const MOST: usize = 40;

impl Net<'_> {
    fn open(&mut self, timeout_ms: u32, queue_size: u32) -> Result<(), String> {
        let (mut inputs, mut outputs) = self.params()?;
        for params in
            inputs.iter_mut().map(|p| &mut p.params).chain(outputs.iter_mut().map(|p| &mut p.params))
        {
            params.timeout_ms = timeout_ms;
            params.queue_size = queue_size;
        }
        self.inputs = vec![null_mut(); inputs.len()];
        self.outputs = vec![null_mut(); outputs.len()];
        let lab = self.lab;
        let (to, count) = (self.inputs.as_mut_ptr(), inputs.len());
        must(
            "creating inputs",
            ask!(lab, hailo_create_input_vstreams(self.group, inputs.as_ptr(), count, to)),
        )?;
        let (to, count) = (self.outputs.as_mut_ptr(), outputs.len());
        must(
            "creating outputs",
            ask!(lab, hailo_create_output_vstreams(self.group, outputs.as_ptr(), count, to)),
        )?;
        for input in &self.inputs {
            let mut bytes = 0;
            must("an input's size", ask!(lab, hailo_get_input_vstream_frame_size(*input, &raw mut bytes)))?;
            self.input_bytes.push(bytes);
        }
        for output in &self.outputs {
            let mut bytes = 0;
            must(
                "an output's size",
                ask!(lab, hailo_get_output_vstream_frame_size(*output, &raw mut bytes)),
            )?;
            self.output_bytes.push(bytes);
        }
        Ok(())
    }

    /// The parameters that the library makes for float32.
    #[allow(clippy::type_complexity, reason = "both directions of one group")]
    pub fn params(
        &self,
    ) -> Result<(Vec<hailo_input_vstream_params_by_name_t>, Vec<hailo_output_vstream_params_by_name_t>), String>
    {
        let lab = self.lab;
        let mut inputs = vec![hailo_input_vstream_params_by_name_t::zeroed(); MOST];
        let mut outputs = vec![hailo_output_vstream_params_by_name_t::zeroed(); MOST];
        let (mut some, mut others) = (MOST, MOST);
        let format = HAILO_FORMAT_TYPE_FLOAT32;
        must(
            "parameters of inputs",
            ask!(
                lab,
                hailo_make_input_vstream_params(
                    self.group,
                    false,
                    format,
                    inputs.as_mut_ptr(),
                    &raw mut some
                )
            ),
        )?;
        must(
            "parameters of outputs",
            ask!(
                lab,
                hailo_make_output_vstream_params(
                    self.group,
                    false,
                    format,
                    outputs.as_mut_ptr(),
                    &raw mut others
                )
            ),
        )?;
        inputs.truncate(some);
        outputs.truncate(others);
        Ok((inputs, outputs))
    }

    /// Writes a frame of this byte to input `index`.
    pub fn write(&self, index: usize, byte: u8) -> hailo_status {
        let frame = vec![byte; self.input_bytes[index]];
        self.write_bytes(index, &frame)
    }

    pub fn write_bytes(&self, index: usize, frame: &[u8]) -> hailo_status {
        let frame_start = frame.as_ptr().cast::<c_void>();
        ask!(self.lab, hailo_vstream_write_raw_buffer(self.inputs[index], frame_start, frame.len()))
    }

    /// A frame to each input: the first status that is none of success.
    pub fn write_all(&self) -> hailo_status {
        (0..self.inputs.len()).map(|i| self.write(i, 0)).find(|s| *s != 0).unwrap_or(0)
    }

    /// Reads a frame of output `index`.
    pub fn read(&self, index: usize) -> (hailo_status, Vec<u8>) {
        let mut frame = vec![0xa5; self.output_bytes[index]];
        let status = self.read_bytes(index, &mut frame);
        (status, frame)
    }

    pub fn read_bytes(&self, index: usize, frame: &mut [u8]) -> hailo_status {
        let (start, size) = (frame.as_mut_ptr().cast::<c_void>(), frame.len());
        ask!(self.lab, hailo_vstream_read_raw_buffer(self.outputs[index], start, size))
    }

    /// A frame of each output: the first status that is none of success.
    pub fn read_all(&self) -> hailo_status {
        (0..self.outputs.len()).map(|i| self.read(i).0).find(|s| *s != 0).unwrap_or(0)
    }

    pub fn shut_down(&self) -> hailo_status {
        ask!(self.lab, hailo_shutdown_network_group(self.group))
    }

    pub fn release_inputs(&mut self) -> hailo_status {
        let inputs = std::mem::take(&mut self.inputs);
        ask!(self.lab, hailo_release_input_vstreams(inputs.as_ptr(), inputs.len()))
    }

    pub fn release_outputs(&mut self) -> hailo_status {
        let outputs = std::mem::take(&mut self.outputs);
        ask!(self.lab, hailo_release_output_vstreams(outputs.as_ptr(), outputs.len()))
    }

    /// Lets everything go in order: the statuses that are none of success, or "0 SUCCESS".
    pub fn end(mut self) -> String {
        let statuses = [
            self.shut_down(),
            self.release_outputs(),
            self.release_inputs(),
            ask!(self.lab, hailo_release_hef(self.hef)),
            ask!(self.lab, hailo_release_vdevice(self.vdevice)),
        ];
        say(statuses.into_iter().find(|s| *s != 0).unwrap_or(0))
    }
}

/// Lets another thread use what this one has: the library's calls are made for it.
pub struct Shared<T>(pub T);

// SAFETY: HailoRT's calls for one object may come from several threads, and scenarios join theirs.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}

/// How long a call took, as far as that can be said of any machine: within its timeout, after it, or far too late.
pub fn took(start: Instant, timeout: Duration) -> &'static str {
    match start.elapsed() {
        time if time < timeout => "before its timeout",
        time if time < timeout + Duration::from_secs(20) => "after its timeout",
        _ => "long after its timeout",
    }
}

/// A string for C, NULL for none.
pub fn c_string(text: Option<&str>) -> (Option<CString>, *const c_char) {
    let owned = text.and_then(|t| CString::new(t).ok());
    let pointer = owned.as_ref().map_or(null(), |t| t.as_ptr());
    (owned, pointer)
}
