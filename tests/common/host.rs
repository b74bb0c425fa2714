//! A simulated host for a test that is not about sharing one.
#![allow(dead_code, reason = "each test uses some of it")]

/// The name of a simulated host that no test uses at the same time: the runner numbers the places that tests run in. A
/// name for each test would leave a lock file for each.
pub fn host() -> String {
    let place = std::env::var("NEXTEST_TEST_GLOBAL_SLOT")
        .unwrap_or_else(|_| format!("{}-{:?}", std::process::id(), std::thread::current().id()));
    format!("test-{place}")
}

/// Variable and value for workers of this test.
pub fn own_host() -> (String, std::ffi::OsString) {
    ("HAILO_SIM_HOST".into(), host().into())
}
