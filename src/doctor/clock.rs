//! The machine's clock. A Raspberry Pi has none that runs without power, unless it has a battery: until the network
//! has told it, certificates look as if they were not valid yet, and reports bear a wrong time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::check::Check;
use super::place::Place;

const NAME: &str = "clock";
/// 2026-01-01, before which nobody can have run this: seconds since 1970.
const FIRST: u64 = 1_767_225_600;
const MEND: &str = "sudo timedatectl set-ntp true && timedatectl timesync-status";
/// What systemd keeps while it sets the clock, and makes when it has.
const SYNCHRONISING: &str = "/run/systemd/timesync";

pub(super) fn look(place: &Place, now: SystemTime) -> Check {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    if since < FIRST {
        let found = "the clock is before 2026: certificates look as if they were not valid yet, and nothing is fetched";
        return Check::failed(NAME, found, MEND);
    }
    let folder = place.path(SYNCHRONISING);
    if folder.is_dir() && !folder.join("synchronized").exists() {
        return Check::warning(
            NAME,
            "the clock was not set by the network since the machine was started",
            MEND,
        );
    }
    Check::ok(NAME, "set")
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::*;

    #[test]
    fn a_clock_that_began_anew_is_a_failure_and_one_not_set_yet_a_warning() {
        let root = tempfile::tempdir().unwrap();
        let place = Place::at(root.path(), root.path());
        assert_eq!(look(&place, UNIX_EPOCH + Duration::from_secs(86_400)).state, State::Failed);
        let now = UNIX_EPOCH + Duration::from_secs(FIRST + 1);
        assert_eq!(look(&place, now).state, State::Ok);
        let folder = root.path().join("run/systemd/timesync");
        std::fs::create_dir_all(&folder).unwrap();
        assert_eq!(look(&place, now).state, State::Warning);
        std::fs::write(folder.join("synchronized"), "").unwrap();
        assert_eq!(look(&place, now).state, State::Ok);
    }
}
