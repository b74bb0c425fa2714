//! What the devices say of themselves: architecture, firmware, temperature.

use super::check::Check;
use super::examination::Asked;
use super::need::Need;
use crate::device::{Details, RuntimeKind, Survey};

const FIRMWARE: &str = "firmware";
const TEMPERATURE: &str = "temperature";
const RESET: &str = "hailo-harness devices --reset    # then, if it stays so: sudo reboot";
/// From here on the device is close to where its firmware slows it down, in degrees Celsius.
const WARM: f32 = 90.0;

/// Whether each device answers, and with a firmware of the library's version.
pub(super) fn firmware(asked: &Asked, need: Need) -> Check {
    let survey = match asked {
        Asked::Answered { survey } => survey,
        Asked::Refused { library: true, why } => return need.lacks(FIRMWARE, why.clone(), RESET),
        Asked::Refused { library: false, .. } => {
            return need.lacks(FIRMWARE, "cannot be asked without the library", super::library::INSTALL);
        }
    };
    if survey.devices.is_empty() {
        return need.lacks(FIRMWARE, "the library lists no device", "hailo-harness devices --runtime device");
    }
    if let Some((id, why)) = failures(survey).next() {
        return Check::failed(FIRMWARE, format!("{id} does not say what it is: {why}"), RESET);
    }
    let library = asked.library();
    let say =
        |(id, d): (&str, &Details)| format!("{id}: {} {}", d.identity.architecture, d.identity.firmware);
    let all = answers(survey).map(say).collect::<Vec<_>>().join(", ");
    if let Some((id, d)) = answers(survey).find(|(_, d)| !served(&d.identity.architecture)) {
        let found =
            format!("{id} is a {}, which HailoRT's C API cannot run Whisper on", d.identity.architecture);
        return Check::failed(
            FIRMWARE,
            found,
            "use a Hailo-8, Hailo-8L or Hailo-8R, or the simulator: HAILO_RUNTIME=sim",
        );
    }
    let other = answers(survey).find(|(_, d)| library.is_some_and(|l| l != d.identity.firmware));
    match other {
        Some(_) if survey.runtime == RuntimeKind::Device => Check::warning(
            FIRMWARE,
            format!("{all}; the library is {}", library.unwrap_or("of another version")),
            "sudo apt install --reinstall hailo-all && sudo reboot",
        ),
        _ => Check::ok(FIRMWARE, all),
    }
}

/// Whether a device is too warm; nothing where none tells.
pub(super) fn temperature(asked: &Asked) -> Option<Check> {
    let Asked::Answered { survey } = asked else { return None };
    let hottest = answers(survey)
        .filter_map(|(id, d)| Some((id, d.temperature?)))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let found = format!("{} at {:.0} °C", hottest.0, hottest.1);
    Some(if hottest.1 >= WARM {
        Check::warning(
            TEMPERATURE,
            format!("{found}: it will be slowed down or stopped"),
            "give the board a heatsink and a fan",
        )
    } else {
        Check::ok(TEMPERATURE, found)
    })
}

fn answers(survey: &Survey) -> impl Iterator<Item = (&str, &Details)> {
    let both = survey.devices.iter().zip(&survey.details);
    both.filter_map(|(device, details)| Some((device.id.as_str(), details.as_ref().ok()?)))
}

fn failures(survey: &Survey) -> impl Iterator<Item = (&str, &String)> {
    let both = survey.devices.iter().zip(&survey.details);
    both.filter_map(|(device, details)| Some((device.id.as_str(), details.as_ref().err()?)))
}

/// Whether the C API of 4.x runs inference on it.
fn served(architecture: &str) -> bool {
    architecture.starts_with("hailo8")
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::*;

    #[test]
    fn a_device_that_answers_is_named_with_its_firmware() {
        let asked = Asked::with_device("hailo8l", "4.23.0", Some(41.6));
        let check = firmware(&asked, Need::Required);
        assert_eq!(check.state, State::Ok, "{}", check.found);
        assert!(check.found.contains("hailo8l 4.23.0"), "{}", check.found);
        assert_eq!(temperature(&asked).unwrap().found, "0000:01:00.0 at 42 °C");
    }

    #[test]
    fn firmware_of_another_version_is_a_warning_and_another_architecture_a_failure() {
        assert_eq!(
            firmware(&Asked::with_device("hailo8", "4.20.0", None), Need::Required).state,
            State::Warning
        );
        let check = firmware(&Asked::with_device("hailo10h", "5.1.0", None), Need::Optional);
        assert_eq!(check.state, State::Failed);
        assert!(check.found.contains("hailo10h"), "{}", check.found);
    }

    #[test]
    fn a_device_that_is_silent_fails_and_none_fails_where_one_is_needed() {
        let mut asked = Asked::with_device("hailo8", "4.23.0", None);
        let Asked::Answered { survey } = &mut asked else { unreachable!() };
        survey.details = vec![Err("HAILO_DRIVER_TIMEOUT (87)".into())];
        let check = firmware(&asked, Need::Optional);
        assert_eq!(check.state, State::Failed);
        assert!(check.found.contains("87") && check.mend.unwrap().contains("--reset"));
        let Asked::Answered { survey } = &mut asked else { unreachable!() };
        survey.devices.clear();
        survey.details.clear();
        assert_eq!(firmware(&asked, Need::Optional).state, State::Warning);
        assert_eq!(firmware(&asked, Need::Required).state, State::Failed);
        assert_eq!(temperature(&asked), None);
    }

    #[test]
    fn a_hot_device_is_a_warning() {
        let check = temperature(&Asked::with_device("hailo8", "4.23.0", Some(97.0))).unwrap();
        assert_eq!(check.state, State::Warning);
        assert!(check.found.contains("97 °C"), "{}", check.found);
    }
}
