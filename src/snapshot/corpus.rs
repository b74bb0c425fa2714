//! One test for each clip of a corpus.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use insta::Settings;
use libtest_mimic::{Arguments, Failed, Trial};

use super::seen::{self, Seen};
use crate::context::{ContextBuilder, HailoContext, Heard};
use crate::corpus::{Clip, Manifest};
use crate::device::RuntimeChoice;
use crate::intent::IntentEngine;

type Configure = Arc<dyn Fn(ContextBuilder) -> ContextBuilder + Send + Sync>;

/// The tests of a corpus; see [`corpus_tests!`](crate::corpus_tests).
pub struct CorpusTests {
    folder: PathBuf,
    configure: Configure,
}

/// A clip that was heard.
#[derive(Debug)]
pub struct Hearing {
    clip: Clip,
    heard: Heard,
}

impl Hearing {
    /// The snapshot's name: the clip's id.
    pub fn name(&self) -> &str {
        &self.clip.id
    }

    /// What is compared.
    pub fn seen(&self) -> Seen<'_> {
        Seen::of(&self.heard)
    }

    /// insta's settings, with the clip's reference in the metadata.
    pub fn settings(&self) -> Settings {
        seen::settings(&self.heard, Some(&self.clip))
    }
}

impl CorpusTests {
    /// The corpus in `folder` of `package`. Where that is not there, as on a machine that runs what another one has
    /// built, it is that of the package whose tests the runner says that it runs (`CARGO_MANIFEST_DIR`).
    pub fn new(package: &str, folder: impl AsRef<Path>) -> Self {
        let built = Path::new(package).join(&folder);
        let moved = std::env::var_os("CARGO_MANIFEST_DIR").map(|package| Path::new(&package).join(&folder));
        let folder = moved.filter(|moved| !built.is_dir() && moved.is_dir()).unwrap_or(built);
        Self { folder, configure: Arc::new(|builder| builder) }
    }

    /// Changes how contexts are started.
    pub fn configure(
        mut self,
        configure: impl Fn(ContextBuilder) -> ContextBuilder + Send + Sync + 'static,
    ) -> Self {
        self.configure = Arc::new(configure);
        self
    }

    /// Lists or runs the tests, as the arguments of the program say. `compare` panics where a snapshot differs.
    ///
    /// No device is touched for a list. A manifest that cannot be used is one test, `corpus::manifest`, that fails
    /// and says why.
    pub fn run(self, compare: fn(&Hearing)) -> ExitCode {
        let arguments = Arguments::from_args();
        libtest_mimic::run(&arguments, self.trials(compare)).exit_code()
    }

    fn trials(self, compare: fn(&Hearing)) -> Vec<Trial> {
        let manifest = IntentEngine::new("fr")
            .map_err(|e| e.to_string())
            .and_then(|engine| Manifest::load(&self.folder, engine.intents()).map_err(|e| e.to_string()));
        match manifest {
            Err(error) => vec![Trial::test("corpus::manifest", move || Err(error.into()))],
            Ok(manifest) => manifest
                .clips()
                .iter()
                .map(|clip| {
                    let (clip, configure) = (clip.clone(), Arc::clone(&self.configure));
                    let name = format!("corpus::{}", clip.id);
                    Trial::test(name, move || check(clip, &*configure, compare))
                })
                .collect(),
        }
    }
}

fn check(
    clip: Clip,
    configure: &(dyn Fn(ContextBuilder) -> ContextBuilder + Send + Sync),
    compare: fn(&Hearing),
) -> Result<(), Failed> {
    let builder = HailoContext::builder().language(clip.language).runtime(RuntimeChoice::of_tests()?);
    let context = configure(builder).start()?;
    let heard = context.hear(&clip.path);
    // Closed before anything is compared: a difference must not hide what teardown found, nor the other way round.
    let report = context.close();
    let compared = heard.map_err(Failed::from).and_then(|heard| {
        let hearing = Hearing { clip, heard };
        std::panic::catch_unwind(|| compare(&hearing)).map_err(|_| {
            Failed::from(
                "what was heard differs from the snapshot, or there is none yet: see above. \
                 `cargo insta review` shows and accepts it, INSTA_UPDATE=always accepts all",
            )
        })
    });
    if !report.is_clean() {
        eprintln!("hailo-harness: teardown: {report}");
        compared?;
        return Err(report.to_string().into());
    }
    compared
}
