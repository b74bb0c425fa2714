//! The library: whether there is one, which, and whether it is a device's.

use hailort_sys::load::LIBRARY_VARIABLE;

use super::check::Check;
use super::examination::Asked;
use super::need::Need;
use crate::device::RuntimeKind;

const NAME: &str = "library";
/// How the library comes to a Raspberry Pi, or to another machine.
pub(super) const INSTALL: &str =
    "sudo apt install hailo-all    # Raspberry Pi OS; else HailoRT 4.20 to 4.23 from Hailo's developer zone";

pub(super) fn look(asked: &Asked, need: Need) -> Check {
    let named = std::env::var_os(LIBRARY_VARIABLE).filter(|v| !v.is_empty());
    match asked {
        Asked::Answered { survey } => {
            let library = survey.library.as_ref();
            let what = library.map_or("HailoRT".into(), |l| format!("HailoRT {} ({})", l.version, l.file));
            if survey.runtime == RuntimeKind::DeviceApiOnSim {
                // Whoever tests on it would believe to have tested a device.
                let found = format!("{what} is the simulator in the form of a library, and no device's");
                let mend = if named.is_some() {
                    format!("unset {LIBRARY_VARIABLE}")
                } else {
                    "remove that libhailort.so from the linker's folders, and then: sudo ldconfig".into()
                };
                return Check::failed(NAME, found, mend);
            }
            Check::ok(NAME, what)
        }
        // The library was loaded, and answered with a status: that is another line's matter.
        Asked::Refused { library: true, why } => Check::ok(NAME, format!("it was loaded, and says: {why}")),
        Asked::Refused { library: false, why } => {
            let mend = match named {
                Some(_) => {
                    format!("unset {LIBRARY_VARIABLE}, or let it name the file of HailoRT 4.20 to 4.23")
                }
                None => INSTALL.into(),
            };
            need.lacks(NAME, why, mend)
        }
    }
}
