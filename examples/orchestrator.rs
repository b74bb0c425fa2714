//! A context that a thread owns and others talk to through channels; the program ends with `force_exit`, which lets go
//! of the device and waits for no thread.
//!
//! ```sh
//! cargo run --release --example orchestrator -- audio-corpus/*.flac
//! HAILO_MODEL=canned cargo run --example orchestrator    # in milliseconds, without a download, and without sense
//! ```

use std::sync::mpsc;

use hailo_harness::context::{ContextError, Heard};
use hailo_harness::stt::SttError;
use hailo_harness::{HailoContext, force_exit};

/// A clip, and where the answer goes.
type Job = (String, mpsc::Sender<Result<Heard, SttError>>);

/// Serves until nobody can ask any more.
fn serve(context: HailoContext, jobs: mpsc::Receiver<Job>) {
    for (clip, answer) in jobs {
        // Whoever asked may have gone.
        let _ = answer.send(context.hear(&clip));
    }
}

fn main() -> Result<(), ContextError> {
    let mut clips: Vec<String> = std::env::args().skip(1).collect();
    if clips.is_empty() {
        clips.push("audio-corpus/monte-volume.flac".into());
    }
    let context = HailoContext::builder().handle_signals(true).start()?;
    let (ask, jobs) = mpsc::channel();
    std::thread::spawn(move || serve(context, jobs));

    let mut status = 0;
    for clip in clips {
        let (to, answer) = mpsc::channel();
        // Where the thread has ended, `to` is dropped, and there is no answer.
        let _ = ask.send((clip.clone(), to));
        match answer.recv() {
            Ok(Ok(heard)) => println!("{clip}: {}", heard.transcript.text),
            Ok(Err(error)) => {
                eprintln!("{clip}: {error}");
                status = 1;
            }
            Err(_) => {
                eprintln!("{clip}: the thread of the context has ended");
                status = 1;
            }
        }
    }
    // The thread still waits for jobs, and owns the context.
    force_exit(status)
}
