//! What a device is loaded with: matched by names and shapes, both kinds of decoders, windows of 5 and of 10 s.

mod common;

use std::path::{Path, PathBuf};

use common::published::{SMALL_TINY, Set, compiled};
use hailo_harness::hailort::VDevice;
use hailo_harness::models::device_files::NamedFile;
use hailo_harness::models::{
    Architecture, DeviceFiles, FetchOptions, ModelErrorKind, PublishedModel, Store, Variant,
};
use hailo_harness::text::Language;
use hailo_harness::whisper::assets::{BiasBy, WhisperAssets};
use hailo_harness::whisper::pipeline::FRAME_TIMEOUT;
use hailo_harness::whisper::{Audio, Pipeline, WhisperError, WhisperErrorKind};
use hailort_sim::canned::{Canned, SHAPE};
use hailort_sim::hef::whisper::{Compiled, Positions, Shape};

/// Files in a folder, over random weights that this process's simulator knows.
struct Place {
    folder: tempfile::TempDir,
}

const TOKENIZER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/canned/tokenizer.json");

impl Place {
    fn new(compiled: &Compiled) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Self { folder };
        let canned = Canned::of_shape(7, compiled.shape);
        let (sha256, path) = hailort_sim::weights::give(&canned.weights).unwrap();
        let weights = hailort_sim::weights::WeightsFile::open(&path).unwrap();
        let set = Set::of(&weights, &sha256, compiled);
        place.write("encoder.hef", &set.encoder);
        place.write("decoder.hef", &set.decoder);
        place.write("token_embedding.npy", &set.embedding);
        place.write("onnx_add_input.npy", &set.bias);
        std::fs::copy(TOKENIZER, place.path("tokenizer.json")).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    fn files(&self) -> DeviceFiles {
        files(self.folder.path(), Variant::Base, None).unwrap()
    }
}

fn files(
    folder: &Path,
    variant: Variant,
    architecture: Option<Architecture>,
) -> Result<DeviceFiles, hailo_harness::models::ModelError> {
    let offline = FetchOptions { offline: true, ..FetchOptions::from_environment() };
    let nothing = Store::at("/nonexistent/cache");
    DeviceFiles::in_folder(folder, variant, architecture, &nothing, &offline, &mut |_| {})
}

fn load(files: &DeviceFiles, by: BiasBy) -> Result<Pipeline, WhisperError> {
    hailort_sim::runtime::host::own();
    let vdevice = VDevice::open(hailort_sim::api(), None).unwrap();
    Pipeline::load(&vdevice, WhisperAssets::of_device(files, by)?, FRAME_TIMEOUT)
}

/// The canned model with windows of so many seconds.
fn canned(seconds: u32, positions: Positions) -> Compiled {
    compiled(Shape { seconds, ..SHAPE }, "hailo8l", positions)
}

/// The chosen tokens with their probabilities, to the last bit.
fn hear(pipeline: &mut Pipeline, samples: &[f32]) -> Vec<(u32, u32)> {
    let audio = Audio::from_f32(samples, 16_000, 1).unwrap();
    let transcript = pipeline.transcribe(&audio, Language::FRENCH, |_| {}).unwrap();
    assert!(!transcript.tokens.is_empty());
    transcript.tokens.iter().map(|t| (t.id, t.log_prob.to_bits())).collect()
}

fn sound(seconds: f32) -> Vec<f32> {
    (0..(seconds * 16_000.0) as usize)
        .map(|i| 0.3 * (i as f32 * 0.05).sin() * (i as f32 * 0.0007).cos())
        .collect()
}

#[test]
fn both_kinds_of_decoders_are_told_apart_and_hear_the_same() {
    let sound = sound(2.5);
    for seconds in [1, 5, 10] {
        let inside = Place::new(&canned(seconds, Positions::Decoder));
        let outside = Place::new(&canned(seconds, Positions::Host));
        let mut reference = load(&inside.files(), BiasBy::Decoder).unwrap();
        assert_eq!(reference.window_seconds(), f64::from(seconds));
        let expected = hear(&mut reference, &sound);
        drop(reference);
        for (place, by) in [(&inside, BiasBy::Auto), (&outside, BiasBy::Auto), (&outside, BiasBy::Host)] {
            let mut pipeline = load(&place.files(), by).unwrap();
            assert_eq!(hear(&mut pipeline, &sound), expected, "{seconds} s, {by:?}");
        }
        // Said wrongly, it is another model.
        let mut wrong = load(&outside.files(), BiasBy::Decoder).unwrap();
        assert_ne!(hear(&mut wrong, &sound), expected);
    }
}

#[test]
fn tiny_in_its_whole_vocabulary_hears_windows_of_10_s() {
    let (model, store) = common::whisper_base();
    let expected = {
        let place = Place::new(&compiled(SMALL_TINY, "hailo8l", Positions::Decoder));
        std::fs::copy(store.path(&model.files.tokenizer), place.path("tokenizer.json")).unwrap();
        let mut pipeline = load(&place.files(), BiasBy::Auto).unwrap();
        assert_eq!(pipeline.window_seconds(), 10.0);
        hear(&mut pipeline, &sound(12.0))
    };
    let place = Place::new(&compiled(SMALL_TINY, "hailo8l", Positions::Host));
    std::fs::copy(store.path(&model.files.tokenizer), place.path("tokenizer.json")).unwrap();
    assert_eq!(hear(&mut load(&place.files(), BiasBy::Auto).unwrap(), &sound(12.0)), expected);
}

#[test]
fn a_bias_that_is_needed_and_not_there_is_named() {
    let place = Place::new(&canned(1, Positions::Host));
    std::fs::remove_file(place.path("onnx_add_input.npy")).unwrap();
    let files = place.files();
    assert_eq!(files.bias, None);
    let error = load(&files, BiasBy::Auto).unwrap_err();
    assert_eq!(error.kind(), WhisperErrorKind::Assets);
    let text = error.to_string();
    for part in ["decoder.hef", "onnx_add_input", "models fetch --arch", "HAILO_DECODER_BIAS=decoder"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let inside = Place::new(&canned(1, Positions::Decoder));
    std::fs::remove_file(inside.path("onnx_add_input.npy")).unwrap();
    load(&inside.files(), BiasBy::Auto).unwrap();
}

/// What does not fit names the file, the layer, what it has and what is expected.
#[test]
fn files_of_different_models_do_not_fit() {
    let one = Place::new(&canned(1, Positions::Host));
    let long = Place::new(&canned(2, Positions::Host));
    let wide = Place::new(&compiled(Shape { width: 192, ..SHAPE }, "hailo8l", Positions::Host));
    let more = Place::new(&compiled(Shape { splits: [9, 9, 9, 9], ..SHAPE }, "hailo8l", Positions::Host));
    let short = Place::new(&compiled(Shape { positions: 4, ..SHAPE }, "hailo8l", Positions::Host));
    let few = Place::new(&compiled(Shape { positions: 6, ..SHAPE }, "hailo8l", Positions::Host));
    let named = |place: &Place, name: &str| NamedFile { name: name.into(), path: place.path(name) };
    type Change = fn(&mut DeviceFiles, NamedFile);
    let encoder: Change = |files, file| files.encoder = file;
    let decoder: Change = |files, file| files.decoder = file;
    let embedding: Change = |files, file| files.embedding = file;
    let bias: Change = |files, file| files.bias = Some(file);
    for (change, file, parts) in [
        // The decoder of tiny with the encoder of base.
        (
            encoder,
            named(&long, "encoder.hef"),
            ["decoder.hef", "input_layer1", "[1, 50, 128]", "[1, 100, 128]"],
        ),
        (
            encoder,
            named(&wide, "encoder.hef"),
            ["decoder.hef", "input_layer1", "[1, 50, 128]", "[1, 50, 192]"],
        ),
        (
            decoder,
            named(&wide, "decoder.hef"),
            ["decoder.hef", "input_layer1", "[1, 50, 192]", "[1, 50, 128]"],
        ),
        (embedding, named(&wide, "token_embedding.npy"), ["decoder.hef", "input_layer2", "128]", "192"]),
        (
            embedding,
            named(&more, "token_embedding.npy"),
            ["decoder.hef", "outputs", "conv97 [1, 8, 9]", "36 columns"],
        ),
        (
            decoder,
            named(&short, "decoder.hef"),
            ["decoder.hef", "input_layer2", "[1, 4, 128]", "6 positions"],
        ),
        (bias, named(&wide, "onnx_add_input.npy"), ["onnx_add_input.npy", "table", "[8, 192]", "[8, 128]"]),
        (bias, named(&few, "onnx_add_input.npy"), ["onnx_add_input.npy", "table", "[6, 128]", "[8, 128]"]),
        // Files that are mixed up.
        (encoder, named(&one, "decoder.hef"), ["decoder.hef", "inputs", "2 of them", "one"]),
        (decoder, named(&one, "encoder.hef"), ["encoder.hef", "inputs", "1 of them", "two"]),
    ] {
        let mut files = one.files();
        change(&mut files, file.clone());
        let error = load(&files, BiasBy::Auto).unwrap_err();
        assert_eq!(error.kind(), WhisperErrorKind::Assets, "{file:?}: {error}");
        let text = error.to_string();
        for part in parts {
            assert!(text.contains(part), "{file:?}: {part}: {text}");
        }
        assert!(text.contains("expected"), "{text}");
    }
    // A tokenizer with more tokens than there are embeddings.
    let (model, store) = common::whisper_base();
    let mut files = one.files();
    files.tokenizer.path = store.path(&model.files.tokenizer);
    let text = load(&files, BiasBy::Auto).unwrap_err().to_string();
    assert!(
        text.contains("token_embedding.npy") && text.contains("33 tokens") && text.contains("50257"),
        "{text}"
    );
}

#[test]
fn a_folder_is_searched_by_published_names_and_else_for_the_only_file_of_a_kind() {
    let place = Place::new(&canned(1, Positions::Host));
    let set = Set::random(1, &canned(1, Positions::Host), &place.path("weights")).0;
    // Two that could be meant.
    place.write("other-encoder.hef", b"");
    let error = files(place.folder.path(), Variant::Base, None).unwrap_err();
    assert_eq!(error.kind(), ModelErrorKind::Missing);
    let text = error.to_string();
    assert!(text.contains("encoder.hef, other-encoder.hef") && text.contains("HAILO_ARCH"), "{text}");
    let model = PublishedModel { architecture: Architecture::Hailo8, variant: Variant::Tiny };
    set.put(model, place.folder.path());
    let found = files(place.folder.path(), model.variant, Some(model.architecture)).unwrap();
    assert_eq!(found.encoder.name, "tiny-whisper-encoder-10s_15dB.hef");
    assert_eq!(found.bias.unwrap().name, "onnx_add_input_tiny.npy");
    assert_eq!(found.model, "whisper-tiny");

    let empty = tempfile::tempdir().unwrap();
    for folder in [empty.path(), Path::new("/nonexistent")] {
        std::fs::write(empty.path().join("tokenizer.json"), "{}").unwrap();
        let error = files(folder, Variant::Base, Some(Architecture::Hailo8L)).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(folder.to_str().unwrap()), "{text}");
        assert!(text.contains("HAILO_HEFS"), "{text}");
    }
}
