//! Fixtures, watchdog, leak report and corpus for testing speech-to-text and intents on a Hailo accelerator.

pub mod corpus;
pub mod hailort;
pub mod intent;
pub mod models;
pub mod text;
pub mod whisper;
