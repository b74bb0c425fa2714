//! A HEF, its network group and its vstreams; inference.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::panic::Location;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hailort_sys::Api;
use hailort_sys::types::*;

use super::call::call;
use super::error::HailoError;
use super::ledger::{self, Made};
use super::shutdown;
use super::signals::Blocked;
use super::vdevice::{Raw, VDevice};

/// Bytes below which the real library crashes on a HEF in memory.
const SHORTEST_HEF: usize = 12;

/// Where a HEF comes from.
#[derive(Clone, Debug)]
pub enum HefSource {
    /// A file.
    File(PathBuf),
    /// A file that is called by another name than its own.
    Named {
        /// What to call it.
        name: String,
        /// Where it is.
        path: PathBuf,
    },
    /// Memory; the name is for errors only.
    Memory {
        /// What to call it.
        name: String,
        /// Its contents.
        bytes: Arc<[u8]>,
    },
}

impl HefSource {
    fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Named { name, .. } | Self::Memory { name, .. } => name.clone(),
        }
    }
}

/// What a vstream carries. Shapes are NHWC without the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VStream {
    /// `<group>/<layer>`.
    pub name: String,
    /// Height, width and features.
    pub shape: [usize; 3],
    /// Bytes of a float32 frame.
    pub frame_size: usize,
}

impl VStream {
    /// The name without the network group's.
    pub fn layer(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }

    /// Float32 values of a frame.
    pub fn elements(&self) -> usize {
        self.frame_size / size_of::<f32>()
    }
}

/// A network that is loaded onto a device, with float32 vstreams for all of its inputs and outputs.
#[derive(Debug)]
pub struct Model {
    api: Api,
    hef: hailo_hef,
    group: hailo_configured_network_group,
    input_handles: Vec<hailo_input_vstream>,
    output_handles: Vec<hailo_output_vstream>,
    inputs: Vec<VStream>,
    outputs: Vec<VStream>,
    name: String,
    /// Whether an inference failed half-way: its frames may be queued still, and would be taken for the next one's.
    is_stale: bool,
    /// The bytes that the HEF was read from: the library may look at them until it is released.
    _source: HefSource,
    /// Its handles in the list of those that are open.
    made: Handles,
    /// Freed last, with the network group.
    _vdevice: Arc<Raw>,
}

/// Where the handles of a model stand in the list of those that are open.
#[derive(Debug)]
struct Handles {
    /// Where the model was made.
    made_at: &'static Location<'static>,
    hef: Made,
    inputs: Vec<Made>,
    outputs: Vec<Made>,
}

// SAFETY: HailoRT's calls may come from any thread; one inference at a time is seen to by `&mut self`.
unsafe impl Send for Model {}

impl Model {
    /// Loads the HEF's only network group onto the device. `timeout` is for each frame that is written or read; it
    /// must be finite.
    ///
    /// # Errors
    /// When the library refuses the file, the device or the format; the error names call and file.
    #[track_caller]
    pub fn load(vdevice: &VDevice, source: HefSource, timeout: Duration) -> Result<Self, HailoError> {
        let made_at = Location::caller();
        let raw = vdevice.raw();
        let api = raw.api;
        let name = source.name();
        // Configuring and creating vstreams starts threads.
        let _threads_get_no_signals = Blocked::now();
        let mut hef = std::ptr::null_mut();
        match &source {
            HefSource::File(path) | HefSource::Named { path, .. } => {
                let path = CString::new(path.as_os_str().as_bytes()).unwrap_or_default();
                // SAFETY: the path is a string, `hef` is valid for the write.
                unsafe { call!(api, &name, hailo_create_hef_file(&raw mut hef, path.as_ptr())) }
            }
            HefSource::Memory { bytes, .. } if bytes.len() < SHORTEST_HEF => {
                let status = hailort_sys::status::HAILO_HEF_FILE_CORRUPTED;
                HailoError::check("hailo_create_hef_buffer", &name, status)
            }
            // SAFETY: the buffer is as long as said and lives in `source`, which this model keeps.
            HefSource::Memory { bytes, .. } => unsafe {
                call!(api, &name, hailo_create_hef_buffer(&raw mut hef, bytes.as_ptr().cast(), bytes.len()))
            },
        }?;
        let hef_made = ledger::made("hef", &name, made_at);
        // From here on, dropping the model releases what there is of it.
        let mut model = Self {
            api,
            hef,
            group: std::ptr::null_mut(),
            input_handles: Vec::new(),
            output_handles: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            name,
            is_stale: false,
            _source: source,
            made: Handles { made_at, hef: hef_made, inputs: Vec::new(), outputs: Vec::new() },
            _vdevice: Arc::clone(raw),
        };
        model.configure(raw.handle)?;
        model.open_inputs(timeout)?;
        model.open_outputs(timeout)?;
        Ok(model)
    }

    fn configure(&mut self, vdevice: hailo_vdevice) -> Result<(), HailoError> {
        let mut groups = [std::ptr::null_mut(); HAILO_MAX_NETWORK_GROUPS as usize];
        let mut count = groups.len();
        // SAFETY: both handles are in use, the array has `count` elements, NULL asks for the defaults.
        unsafe {
            call!(
                self.api,
                &self.name,
                hailo_configure_vdevice(
                    vdevice,
                    self.hef,
                    std::ptr::null_mut(),
                    groups.as_mut_ptr(),
                    &raw mut count,
                )
            )
        }?;
        self.group = groups[0];
        shutdown::enter(self.api, self.group, &self.name);
        Ok(())
    }

    fn open_inputs(&mut self, timeout: Duration) -> Result<(), HailoError> {
        let mut params =
            vec![hailo_input_vstream_params_by_name_t::zeroed(); HAILO_MAX_STREAMS_COUNT as usize];
        let mut count = params.len();
        // SAFETY: the group is in use, the array has `count` elements.
        unsafe {
            call!(
                self.api,
                &self.name,
                hailo_make_input_vstream_params(
                    self.group,
                    false,
                    HAILO_FORMAT_TYPE_FLOAT32,
                    params.as_mut_ptr(),
                    &raw mut count,
                )
            )
        }?;
        params.truncate(count);
        for p in &mut params {
            p.params.timeout_ms = milliseconds(timeout);
        }
        let mut handles = vec![std::ptr::null_mut(); count];
        // SAFETY: the group is in use, both arrays have `count` elements.
        unsafe {
            call!(
                self.api,
                &self.name,
                hailo_create_input_vstreams(self.group, params.as_ptr(), count, handles.as_mut_ptr())
            )
        }?;
        self.input_handles = handles;
        let made = |p: &hailo_input_vstream_params_by_name_t| {
            ledger::made("input vstream", &text(&p.name), self.made.made_at)
        };
        self.made.inputs = params.iter().map(made).collect();
        for handle in self.input_handles.clone() {
            let (mut info, mut size) = (hailo_vstream_info_t::zeroed(), 0);
            // SAFETY: the handle is in use, `info` is valid for the write.
            unsafe { call!(self.api, &self.name, hailo_get_input_vstream_info(handle, &raw mut info)) }?;
            // SAFETY: the handle is in use, `size` is valid for the write.
            unsafe {
                call!(self.api, &self.name, hailo_get_input_vstream_frame_size(handle, &raw mut size))
            }?;
            self.inputs.push(describe(&info, size));
        }
        Ok(())
    }

    fn open_outputs(&mut self, timeout: Duration) -> Result<(), HailoError> {
        let mut params =
            vec![hailo_output_vstream_params_by_name_t::zeroed(); HAILO_MAX_STREAMS_COUNT as usize];
        let mut count = params.len();
        // SAFETY: the group is in use, the array has `count` elements.
        unsafe {
            call!(
                self.api,
                &self.name,
                hailo_make_output_vstream_params(
                    self.group,
                    false,
                    HAILO_FORMAT_TYPE_FLOAT32,
                    params.as_mut_ptr(),
                    &raw mut count,
                )
            )
        }?;
        params.truncate(count);
        for p in &mut params {
            p.params.timeout_ms = milliseconds(timeout);
        }
        let mut handles = vec![std::ptr::null_mut(); count];
        // SAFETY: the group is in use, both arrays have `count` elements.
        unsafe {
            call!(
                self.api,
                &self.name,
                hailo_create_output_vstreams(self.group, params.as_ptr(), count, handles.as_mut_ptr())
            )
        }?;
        self.output_handles = handles;
        let made = |p: &hailo_output_vstream_params_by_name_t| {
            ledger::made("output vstream", &text(&p.name), self.made.made_at)
        };
        self.made.outputs = params.iter().map(made).collect();
        let mut opened = Vec::with_capacity(count);
        for handle in &self.output_handles {
            let (mut info, mut size) = (hailo_vstream_info_t::zeroed(), 0);
            // SAFETY: the handle is in use, `info` is valid for the write.
            unsafe { call!(self.api, &self.name, hailo_get_output_vstream_info(*handle, &raw mut info)) }?;
            // SAFETY: the handle is in use, `size` is valid for the write.
            unsafe {
                call!(self.api, &self.name, hailo_get_output_vstream_frame_size(*handle, &raw mut size))
            }?;
            opened.push((describe(&info, size), *handle));
        }
        // In the order of the original model, where the file says it: the logits of a split matrix product have to be
        // joined in that order, not in the order of declaration.
        let sorted = self.sorted_output_names()?;
        opened.sort_by_key(|(stream, _)| {
            sorted.iter().position(|name| *name == stream.name).unwrap_or(usize::MAX)
        });
        (self.outputs, self.output_handles) = opened.into_iter().unzip();
        Ok(())
    }

    fn sorted_output_names(&self) -> Result<Vec<String>, HailoError> {
        let mut names = vec![hailo_layer_name_t::zeroed(); HAILO_MAX_STREAMS_COUNT as usize];
        let mut count = names.len();
        // SAFETY: the HEF is in use, NULL means its first group, the array has `count` elements.
        unsafe {
            call!(
                self.api,
                &self.name,
                hailo_hef_get_sorted_output_names(
                    self.hef,
                    std::ptr::null(),
                    names.as_mut_ptr(),
                    &raw mut count,
                )
            )
        }?;
        Ok(names.iter().take(count).map(|n| text(&n.name)).collect())
    }

    /// What errors call it: the HEF's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The inputs, in the order in which [`Model::infer`] takes them.
    pub fn inputs(&self) -> &[VStream] {
        &self.inputs
    }

    /// The outputs, in the order of the original model.
    pub fn outputs(&self) -> &[VStream] {
        &self.outputs
    }

    /// One inference: a float32 frame for each input, a buffer for the float32 frame of each output.
    ///
    /// # Errors
    /// When the device does not answer in time (4), the network group was shut down (63), or a size is wrong (2).
    ///
    /// After an inference that failed half-way, frames of it may be in the queues, and the next one would get its
    /// answers. The model then refuses (6) until it is loaded again.
    pub fn infer(&mut self, inputs: &[&[f32]], outputs: &mut [Vec<f32>]) -> Result<(), HailoError> {
        if self.is_stale {
            return Err(HailoError {
                call: "infer",
                object: format!("{}: an inference failed before; load the model again", self.name),
                status: hailort_sys::status::HAILO_INVALID_OPERATION,
            });
        }
        let result = self.exchange(inputs, outputs);
        self.is_stale = result.is_err();
        result
    }

    /// Writes all inputs and reads all outputs.
    fn exchange(&self, inputs: &[&[f32]], outputs: &mut [Vec<f32>]) -> Result<(), HailoError> {
        let wrong = |call, stream: &VStream| HailoError {
            call,
            object: stream.name.clone(),
            status: hailort_sys::status::HAILO_INVALID_ARGUMENT,
        };
        for (i, stream) in self.inputs.iter().enumerate() {
            let call = "hailo_vstream_write_raw_buffer";
            let frame =
                inputs.get(i).filter(|f| f.len() == stream.elements()).ok_or_else(|| wrong(call, stream))?;
            // SAFETY: the handle is in use, the buffer has the frame's size.
            unsafe {
                call!(
                    self.api,
                    &stream.name,
                    hailo_vstream_write_raw_buffer(
                        self.input_handles[i],
                        frame.as_ptr().cast(),
                        size_of_val(*frame),
                    )
                )
            }?;
        }
        for (i, stream) in self.outputs.iter().enumerate() {
            let call = "hailo_vstream_read_raw_buffer";
            let frame = outputs.get_mut(i).ok_or_else(|| wrong(call, stream))?;
            frame.resize(stream.elements(), 0.0);
            // SAFETY: the handle is in use, the buffer has the frame's size.
            unsafe {
                call!(
                    self.api,
                    &stream.name,
                    hailo_vstream_read_raw_buffer(
                        self.output_handles[i],
                        frame.as_mut_ptr().cast(),
                        size_of_val(frame.as_slice()),
                    )
                )
            }?;
        }
        Ok(())
    }
}

/// What the library takes for a duration; its "for ever" is never asked for.
fn milliseconds(timeout: Duration) -> u32 {
    u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX).min(HAILO_INFINITE - 1)
}

fn describe(info: &hailo_vstream_info_t, frame_size: usize) -> VStream {
    // SAFETY: both members of the union are plain integers; for an NMS stream the numbers mean something else, and no
    // model that is loaded here has one.
    let shape = unsafe { info.shape.shape };
    VStream {
        name: text(&info.name),
        shape: [shape.height as usize, shape.width as usize, shape.features as usize],
        frame_size,
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        let (api, name) = (self.api, self.name.as_str());
        // Releasing vstreams of a group that is not shut down waits for frames that nobody reads. What a release
        // answers is kept in the list of open handles: there is nothing else to try, and the process that holds the
        // device ends soon after.
        // SAFETY: each handle is in use, is released once, here, and in the order that the library needs; the
        // virtual device lives on until `_vdevice` is dropped after this.
        unsafe {
            if !self.group.is_null() {
                // Nobody else shuts it down from here on.
                shutdown::leave(self.group);
                let _ = call!(api, name, hailo_shutdown_network_group(self.group));
            }
            if !self.output_handles.is_empty() {
                let handles = &self.output_handles;
                let released =
                    call!(api, name, hailo_release_output_vstreams(handles.as_ptr(), handles.len()));
                self.made.outputs.iter().for_each(|made| made.released(&released));
            }
            if !self.input_handles.is_empty() {
                let handles = &self.input_handles;
                let released =
                    call!(api, name, hailo_release_input_vstreams(handles.as_ptr(), handles.len()));
                self.made.inputs.iter().for_each(|made| made.released(&released));
            }
            self.made.hef.released(&call!(api, name, hailo_release_hef(self.hef)));
        }
    }
}
