//! The worker's side: opens the device, transcribes.

use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use hailort_sys::Api;
use hailort_sys::status::HAILO_INVALID_ARGUMENT;
use rustix::process::Pid;

use super::frame::FrameError;
use super::message::{
    Failure, FailureKind, ModelSource, Opened, Request, Response, Setup, receive, receive_samples, send,
};
use super::parent;
use crate::device::{Runtime, RuntimeError};
use crate::hailort::{HailoError, VDevice};
use crate::text::Language;
use crate::whisper::assets::WhisperAssets;
use crate::whisper::{Audio, Pipeline, Transcript, WhisperError, audio::SAMPLE_RATE};

/// Exit status of a worker whose parent does not speak the protocol.
const NOT_UNDERSTOOD: i32 = 72;

/// Serves until the parent says so, or has gone; answers the exit status.
pub(super) fn run(mut socket: UnixStream, parent: Pid) -> i32 {
    if let Err(error) = parent::watch(&socket, parent) {
        eprintln!("cannot watch the parent: {error}");
        return 1;
    }
    let mut pipeline = None;
    loop {
        match receive::<Request>(&mut socket).and_then(|request| serve(request, &mut pipeline, &mut socket)) {
            Ok(true) => {}
            Ok(false) => return 0,
            Err(FrameError::Closed) => {
                // The parent has gone, or gave up on this worker: let go in order while there is time.
                drop(pipeline);
                return 0;
            }
            Err(error) => {
                eprintln!("the parent cannot be understood: {error}");
                drop(pipeline);
                return NOT_UNDERSTOOD;
            }
        }
    }
}

/// Does what is asked, and says whether to go on.
fn serve(
    request: Request,
    pipeline: &mut Option<Pipeline>,
    socket: &mut UnixStream,
) -> Result<bool, FrameError> {
    let response = match request {
        Request::Open(setup) => guarded(|| {
            // The device before the one that replaces it: it is exclusive.
            *pipeline = None;
            let (opened, loaded) = open(setup)?;
            *pipeline = Some(loaded);
            Ok(Response::Opened(opened))
        }),
        Request::Transcribe { language, samples } => {
            let samples = receive_samples(socket, samples)?;
            guarded(|| transcribe(pipeline.as_mut(), &samples, language, socket).map(Response::Heard))
        }
        Request::Close => {
            *pipeline = None;
            send(socket, &Response::Closed)?;
            return Ok(false);
        }
    };
    send(socket, &response)?;
    Ok(true)
}

/// Turns failures and panics into an answer.
fn guarded(work: impl FnOnce() -> Result<Response, Failure>) -> Response {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(response)) => response,
        Ok(Err(failure)) => Response::Failed(failure),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            Response::Failed(Failure {
                kind: FailureKind::Panic,
                status: None,
                message: format!("the worker panicked: {text}"),
            })
        }
    }
}

fn open(setup: Setup) -> Result<(Opened, Pipeline), Failure> {
    let start = Instant::now();
    let runtime = Runtime::open(setup.runtime)?;
    let assets = match &setup.model {
        ModelSource::Base { weights, sha256, tokenizer } => {
            let tokenizer = std::fs::read(tokenizer)
                .map_err(|e| WhisperError::Assets(format!("{}: {e}", tokenizer.display())))?;
            WhisperAssets::simulated_base(weights, sha256, &tokenizer)?
        }
        ModelSource::Canned => WhisperAssets::canned()?,
    };
    let vdevice = take(runtime.api, setup.device.as_deref())?;
    let devices = vdevice.device_ids()?;
    let pipeline = Pipeline::load(&vdevice, assets, setup.frame_timeout)?;
    let opened = Opened {
        model: pipeline.model_name().into(),
        runtime: runtime.kind,
        notice: runtime.notice,
        devices,
        window_seconds: pipeline.window_seconds(),
        elapsed: start.elapsed(),
    };
    Ok((opened, pipeline))
}

/// Takes the device into use: the one with this PCIe address or number, or any that is free.
fn take(api: Api, device: Option<&str>) -> Result<VDevice, Failure> {
    let Some(wanted) = device else { return Ok(VDevice::open(api, None)?) };
    let number = wanted.parse().ok().filter(|_| wanted.bytes().all(|b| b.is_ascii_digit()));
    let listed = |i: usize| VDevice::scan(api).map(|all| all.get(i).cloned());
    // Where there is none with this number, the library says the same as for an address that it does not know.
    let address = number.map(listed).transpose()?.flatten();
    VDevice::open(api, Some(address.as_deref().unwrap_or(wanted))).map_err(|error| {
        let mut failure = Failure::from(error);
        if failure.status == Some(HAILO_INVALID_ARGUMENT) {
            let known = VDevice::scan(api).unwrap_or_default();
            failure.message = match known.as_slice() {
                [] => format!("no device {wanted:?}: this host has none ({})", failure.message),
                _ => format!("no device {wanted:?}: there is {} ({})", known.join(", "), failure.message),
            };
        }
        failure
    })
}

fn transcribe(
    pipeline: Option<&mut Pipeline>,
    samples: &[f32],
    language: Language,
    socket: &mut UnixStream,
) -> Result<Transcript, Failure> {
    let pipeline = pipeline.ok_or_else(|| Failure {
        kind: FailureKind::Request,
        status: None,
        message: "asked to transcribe before the device was opened".into(),
    })?;
    let audio = Audio::from_f32(samples, SAMPLE_RATE, 1).map_err(WhisperError::from)?;
    pipeline
        .transcribe(&audio, language, |seconds| {
            // The parent may have given up; the next read of the socket notices.
            let _ = send(socket, &Response::Progress(seconds));
        })
        .map_err(Failure::from)
}

impl From<RuntimeError> for Failure {
    fn from(error: RuntimeError) -> Self {
        Self { kind: FailureKind::Runtime, status: None, message: error.to_string() }
    }
}

impl From<HailoError> for Failure {
    fn from(error: HailoError) -> Self {
        Self { kind: FailureKind::Device, status: Some(error.status), message: error.to_string() }
    }
}

impl From<WhisperError> for Failure {
    fn from(error: WhisperError) -> Self {
        let kind = match &error {
            WhisperError::Audio(_) => FailureKind::Audio,
            WhisperError::Assets(_) => FailureKind::Assets,
            WhisperError::Device(device) => return device.clone().into(),
        };
        Self { kind, status: None, message: error.to_string() }
    }
}
