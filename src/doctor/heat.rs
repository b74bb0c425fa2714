//! Whether the machine slows itself down: by heat, or for lack of power.

use super::check::Check;
use super::place::Place;

const NAME: &str = "throttling";
/// What the firmware of a Raspberry Pi tells, in hexadecimal (`vcgencmd get_throttled` shows the same).
const THROTTLED: &str = "/sys/devices/platform/soc/soc:firmware/get_throttled";
/// Its bits: now, and since the machine was started.
const BITS: [(u32, &str); 8] = [
    (0, "too little voltage now"),
    (1, "its frequency is limited now"),
    (2, "it is throttled now"),
    (3, "it is at its limit of temperature now"),
    (16, "there was too little voltage"),
    (17, "its frequency was limited"),
    (18, "it was throttled"),
    (19, "it was at its limit of temperature"),
];
const ZONES: &str = "/sys/class/thermal";
const PROCESSORS: &str = "/sys/devices/system/cpu";
/// A Raspberry Pi 5 slows down from 80 °C on: thousandths of a degree Celsius.
const WARM: i64 = 80_000;
const COOL: &str = "give it a heatsink and a fan, and see: watch vcgencmd measure_temp";

pub(super) fn look(place: &Place) -> Check {
    let throttled =
        place.line(THROTTLED).and_then(|t| u32::from_str_radix(t.trim_start_matches("0x"), 16).ok());
    let told: Vec<&str> = BITS
        .iter()
        .filter(|(bit, _)| throttled.is_some_and(|t| t >> bit & 1 == 1))
        .map(|(_, what)| *what)
        .collect();
    if !told.is_empty() {
        let power = told.iter().any(|what| what.contains("voltage"));
        let mend = if power {
            "use a power supply of 27 W (5 V, 5 A), and see: vcgencmd get_throttled"
        } else {
            COOL
        };
        return Check::warning(NAME, format!("the machine says: {}", told.join(", ")), mend);
    }
    let hottest = place
        .names(ZONES)
        .iter()
        .filter_map(|zone| place.line(&format!("{ZONES}/{zone}/temp"))?.parse::<i64>().ok())
        .max();
    let shown = hottest.map(|t| format!("{} °C", t / 1000));
    if hottest.is_some_and(|t| t >= WARM) {
        let found = format!("the processor is at {}", shown.unwrap_or_default());
        return Check::warning(NAME, found, COOL);
    }
    if let Some((processor, now, may)) = limited(place) {
        let found = format!("{processor} may run at {} of {} MHz", now / 1000, may / 1000);
        return Check::warning(
            NAME,
            found,
            "cat /sys/devices/system/cpu/cpu*/cpufreq/scaling_max_freq    # who set it?",
        );
    }
    Check::ok(
        NAME,
        shown.map_or("none that the machine tells of".into(), |t| format!("none; the processor is at {t}")),
    )
}

/// A processor that is held below what it can do, with both frequencies in kHz.
fn limited(place: &Place) -> Option<(String, u64, u64)> {
    place.names(PROCESSORS).into_iter().find_map(|name| {
        let read =
            |file: &str| place.line(&format!("{PROCESSORS}/{name}/cpufreq/{file}"))?.parse::<u64>().ok();
        let (now, may) = (read("scaling_max_freq")?, read("cpuinfo_max_freq")?);
        (now < may).then_some((name, now, may))
    })
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::*;

    fn machine(files: &[(&str, &str)]) -> Check {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let file = root.path().join(path.trim_start_matches('/'));
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        look(&Place::at(root.path(), root.path()))
    }

    #[test]
    fn a_machine_that_tells_nothing_is_taken_to_be_well() {
        assert_eq!(machine(&[]), Check::ok(NAME, "none that the machine tells of"));
    }

    #[test]
    fn lack_of_power_and_heat_are_told_apart() {
        let check = machine(&[(THROTTLED, "50005\n")]);
        assert_eq!(check.state, State::Warning);
        assert!(
            check.found.contains("too little voltage now") && check.found.contains("was throttled"),
            "{}",
            check.found
        );
        assert!(check.mend.unwrap().contains("27 W"));
        let check = machine(&[(THROTTLED, "80000\n")]);
        assert!(check.found.contains("was at its limit"), "{}", check.found);
        assert!(check.mend.unwrap().contains("fan"));
        assert_eq!(machine(&[(THROTTLED, "0\n")]).state, State::Ok);
    }

    #[test]
    fn the_hottest_zone_and_a_slower_processor_are_seen() {
        let zones = [
            ("/sys/class/thermal/thermal_zone0/temp", "41000"),
            ("/sys/class/thermal/thermal_zone1/temp", "84500"),
        ];
        assert_eq!(machine(&zones).state, State::Warning);
        assert_eq!(machine(&zones[..1]), Check::ok(NAME, "none; the processor is at 41 °C"));
        let check = machine(&[
            ("/sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq", "1500000"),
            ("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", "2400000"),
        ]);
        assert_eq!(check.found, "cpu0 may run at 1500 of 2400 MHz");
    }
}
