//! The path of a device: the library is loaded as the installed one would be, is asked what the device is, and the files
//! for that are fetched, matched and run.

mod failures;
#[allow(dead_code, reason = "serves other tests, too")]
#[path = "../../../../tests/common/http.rs"]
mod http;
mod library;
#[path = "../../../../tests/common/published.rs"]
mod published;
mod support;
mod transcripts;
