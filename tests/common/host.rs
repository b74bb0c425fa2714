//! A simulated host for a test that is not about sharing one.

/// Variable and value for workers and programs of this test. Tests that run at the same time have others: their runner
/// numbers the places that tests run in.
pub fn own_host() -> (String, std::ffi::OsString) {
    let place = std::env::var("NEXTEST_TEST_GLOBAL_SLOT")
        .unwrap_or_else(|_| format!("{}-{:?}", std::process::id(), std::thread::current().id()));
    ("HAILO_SIM_HOST".into(), format!("test-{place}").into())
}
