//! One test for each clip of `audio-corpus/`.

hailo_harness::corpus_tests!("audio-corpus");
