//! insta snapshots of what was heard.
//!
//! | room | holds |
//! | --- | --- |
//! | [`seen`] | [`Seen`]: what is compared, and the metadata that is not |
//! | [`corpus`] | one test for each clip of a corpus: [`corpus_tests!`](crate::corpus_tests) |

pub mod corpus;
pub mod seen;

pub use corpus::{CorpusTests, Hearing};
pub use seen::{Seen, settings};

/// Compares a [`Heard`](crate::context::Heard) with its insta snapshot: transcript, intent and slots.
///
/// The snapshot is named after the test, or by the first of two arguments, with a suffix for runtime and model
/// (`…@sim-whisper-base.snap`): another model has snapshots of its own. It is reviewed like every other, with
/// `cargo insta review`.
///
/// ```no_run
/// # use hailo_harness::{HailoContext, assert_heard};
/// # let context = HailoContext::start().unwrap();
/// assert_heard!(context.hear("audio-corpus/joue-maman.flac").unwrap());
/// assert_heard!("maman", context.hear("audio-corpus/joue-maman.flac").unwrap());
/// ```
#[macro_export]
macro_rules! assert_heard {
    ($heard:expr $(,)?) => {{
        let heard = &$heard;
        $crate::snapshot::settings(heard, None).bind(|| {
            $crate::__private::insta::assert_yaml_snapshot!($crate::snapshot::Seen::of(heard));
        });
    }};
    ($name:expr, $heard:expr $(,)?) => {{
        let heard = &$heard;
        $crate::snapshot::settings(heard, None).bind(|| {
            $crate::__private::insta::assert_yaml_snapshot!($name, $crate::snapshot::Seen::of(heard));
        });
    }};
}

/// Makes one test for each clip of a corpus, named `corpus::<id>`, when tests are listed: a clip that is added, renamed
/// or removed changes the list with no source touched and no rebuild.
///
/// It is the whole of a test file, for which `Cargo.toml` says `harness = false`. The folder is relative to the
/// package. The second argument may change the [`ContextBuilder`](crate::context::ContextBuilder).
///
/// ```no_run
/// # mod one {
/// hailo_harness::corpus_tests!("audio-corpus");
/// # }
/// # mod two {
/// hailo_harness::corpus_tests!("my-corpus", |context| context.fuzzy_threshold(50));
/// # }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! corpus_tests {
    ($folder:expr $(,)?) => {
        $crate::corpus_tests!($folder, |context| context);
    };
    ($folder:expr, $configure:expr $(,)?) => {
        fn main() -> ::std::process::ExitCode {
            let tests = $crate::snapshot::CorpusTests::new(env!("CARGO_MANIFEST_DIR"), $folder);
            tests.configure($configure).run(|hearing| {
                hearing.settings().bind(|| {
                    $crate::__private::insta::assert_yaml_snapshot!(hearing.name(), hearing.seen());
                });
            })
        }
    };
}
