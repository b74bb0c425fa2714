//! The worker's side: opens the device, transcribes.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use hailort_sim::hef::Hef;
use rustix::process::Pid;

use super::frame::FrameError;
use super::message::{
    Failure, FailureKind, ModelSource, Opened, Request, Response, Setup, receive, receive_samples, send,
};
use super::{handover, parent};
use crate::device::{Runtime, RuntimeChoice, RuntimeError, RuntimeKind, Survey};
use crate::diagnosis;
use crate::hailort::ledger::OpenHandle;
use crate::hailort::{Device, HailoError, VDevice, ledger};
use crate::models::device_files::NamedFile;
use crate::text::Language;
use crate::text::printable::printable;
use crate::watchdog::Phase;
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
    let mut server = Server::default();
    loop {
        match receive::<Request>(&mut socket).and_then(|request| server.serve(request, &mut socket)) {
            Ok(()) => {}
            Err(FrameError::Closed) => {
                // The parent has what it wanted, has gone, or gave up on this worker: let go in order.
                drop(server);
                return 0;
            }
            Err(error) => {
                eprintln!("the parent cannot be understood: {error}");
                drop(server);
                return NOT_UNDERSTOOD;
            }
        }
    }
}

/// What a worker holds. Fields are dropped in this order.
#[derive(Default)]
struct Server {
    pipeline: Option<Pipeline>,
    /// Loaded once, however often it is asked for.
    runtime: Option<(RuntimeChoice, Runtime)>,
    /// Files of the lease: open until this process ends, so that the device is not free before. Never locked or
    /// unlocked here.
    files: Vec<OwnedFd>,
}

impl Server {
    /// Does what is asked, and answers.
    fn serve(&mut self, request: Request, socket: &mut UnixStream) -> Result<(), FrameError> {
        let response = match request {
            Request::Survey { runtime, details } => guarded(|| {
                let runtime = self.runtime(runtime)?;
                Ok(Response::Surveyed(Survey::of(&runtime, details)?))
            }),
            Request::Open { setup, with_files } => {
                if with_files {
                    // The same files as before, where the device is opened again.
                    self.files = handover::take(socket)?;
                }
                guarded(|| {
                    // The device before the one that replaces it: it is exclusive.
                    self.pipeline = None;
                    let (opened, loaded) = self.open(setup, socket)?;
                    self.pipeline = Some(loaded);
                    Ok(Response::Opened(opened))
                })
            }
            Request::Transcribe { language, samples } => {
                let samples = receive_samples(socket, samples)?;
                guarded(|| {
                    transcribe(self.pipeline.as_mut(), &samples, language, socket).map(Response::Heard)
                })
            }
            Request::Probe { runtime, device } => guarded(|| {
                let runtime = self.runtime(runtime)?;
                drop(VDevice::open(runtime.api, device.as_deref())?);
                Ok(Response::Probed)
            }),
            Request::Diagnose { pid } => guarded(|| {
                Ok(Response::Diagnosed(diagnosis::capture(pid, &diagnosis::Limits::default()).resolve()))
            }),
            Request::Call(call) => {
                let process = std::process::id();
                let response = guarded(|| call.run().map(Response::Returned));
                // A copy that the function has made of the process must not answer in its place.
                if std::process::id() != process {
                    // SAFETY: ends this process without anything that belongs to the one it is a copy of.
                    unsafe { libc::_exit(0) }
                }
                response
            }
            Request::Reset { runtime, device } => guarded(|| {
                let runtime = self.runtime(runtime)?;
                Device::open(runtime.api, &device)?.reset()?;
                Ok(Response::Reset)
            }),
            Request::Close => guarded(|| {
                self.pipeline = None;
                hailort_sim::weights::take_back();
                // It stays to be looked at, until the socket ends.
                let mut open = ledger::open_handles();
                if self.runtime.as_ref().is_some_and(|(_, runtime)| runtime.kind == RuntimeKind::Sim) {
                    open.extend(kept_by_the_simulator(&open));
                }
                Ok(Response::Closed(open))
            }),
        };
        send(socket, &response)
    }

    /// The runtime: the one that is loaded, where it is the one that is asked for.
    fn runtime(&mut self, choice: RuntimeChoice) -> Result<Runtime, RuntimeError> {
        match &self.runtime {
            Some((loaded, runtime)) if *loaded == choice => Ok(runtime.clone()),
            _ => {
                let runtime = Runtime::open(choice)?;
                self.runtime = Some((choice, runtime.clone()));
                Ok(runtime)
            }
        }
    }

    fn open(&mut self, setup: Setup, socket: &mut UnixStream) -> Result<(Opened, Pipeline), Failure> {
        let start = Instant::now();
        let runtime = self.runtime(setup.runtime)?;
        if runtime.kind == RuntimeKind::Device && !matches!(setup.model, ModelSource::Device { .. }) {
            return Err(Failure {
                kind: FailureKind::Assets,
                status: None,
                message: "these HEFs were made for the simulator, and a device cannot run them; name a model that there \
                          is for a device (HAILO_MODEL=whisper-base), or use the simulator (HAILO_RUNTIME=sim)"
                    .into(),
            });
        }
        if let (RuntimeKind::Sim | RuntimeKind::DeviceApiOnSim, ModelSource::Device { files, .. }) =
            (runtime.kind, &setup.model)
        {
            [&files.encoder, &files.decoder].into_iter().try_for_each(check_simulated)?;
        }
        let assets = match &setup.model {
            ModelSource::Base { weights, sha256, tokenizer } => {
                let tokenizer = std::fs::read(tokenizer)
                    .map_err(|e| WhisperError::Assets(format!("{}: {e}", tokenizer.display())))?;
                WhisperAssets::simulated_base(weights, sha256, &tokenizer)?
            }
            ModelSource::Canned => WhisperAssets::canned()?,
            ModelSource::Device { files, bias_by } => WhisperAssets::of_device(files, *bias_by)?,
        };
        let vdevice = VDevice::open(runtime.api, setup.device.as_deref())?;
        let devices = vdevice.device_ids()?;
        // Where the parent has given up, the next read of the socket notices.
        let _ = send(socket, &Response::Phase(Phase::Configure));
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
}

/// A HEF that was compiled for a device has no network that the simulator could compute. Whether it is a HEF at all, the
/// library says.
fn check_simulated(file: &NamedFile) -> Result<(), Failure> {
    match Hef::from_file(&file.path) {
        Ok(hef) if hef.simulated.is_none() => Err(Failure {
            kind: FailureKind::Assets,
            status: None,
            message: format!(
                "{} was compiled for a device, and the simulator cannot run it; use a device (HAILO_RUNTIME=device, with the \
                 installed library), or let the simulator have its own HEFs: unset HAILO_HEFS",
                file.name
            ),
        }),
        _ => Ok(()),
    }
}

/// Handles that were released with success, and that the simulator has all the same: it can be asked, unlike a library.
fn kept_by_the_simulator(known: &[OpenHandle]) -> Vec<OpenHandle> {
    let mut kept = Vec::new();
    for (kind, count) in hailort_sim::capi::handles::in_use() {
        // Network groups go with their virtual device.
        let of_kind = |h: &&OpenHandle| h.kind.eq_ignore_ascii_case(kind);
        let more = count.saturating_sub(known.iter().filter(of_kind).count());
        for _ in 0..more * usize::from(kind != "configured network group") {
            kept.push(OpenHandle {
                kind: kind.to_lowercase(),
                of: String::new(),
                made_at: "a place that the simulator does not know".into(),
                release: Some("success, and the simulator has it still".into()),
            });
        }
    }
    kept
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
                message: format!("the worker panicked: {}", printable(&text)),
            })
        }
    }
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
            WhisperError::Assets(_) | WhisperError::Misfit { .. } | WhisperError::Npy(_) => {
                FailureKind::Assets
            }
            WhisperError::Device(device) => return device.clone().into(),
            WhisperError::Scores { .. } => FailureKind::Device,
        };
        Self { kind, status: None, message: error.to_string() }
    }
}
