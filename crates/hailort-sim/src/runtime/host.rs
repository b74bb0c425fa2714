//! The simulated host: its devices, and who uses them.
//!
//! Devices belong to the host, as real ones do. A simulated host has as many Hailo-8L devices as `HAILO_SIM_DEVICES`
//! says (default 1, at most 16), with PCIe addresses as names. One virtual device of all processes at a time may use a
//! device (see [`super::mark`]); virtual devices of one process that name the same group share it.
//!
//! All processes of the machine, whoever runs them, are on the simulated host `default`, unless `HAILO_SIM_HOST` names
//! another one or the program asks for [`own`] devices. What the value of `HAILO_SIM_HOST` is does not matter.

use std::ffi::{OsStr, OsString};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::sync::{Arc, Mutex, MutexGuard, Once, OnceLock, PoisonError, Weak};

use hailort_sys::types::{
    HAILO_ARCH_HAILO8, HAILO_ARCH_HAILO8L, HAILO_ARCH_HAILO10H, hailo_device_architecture_t,
};
use sha2::{Digest, Sha256};

use super::bus;
use super::group::Group;
use super::mark::{Mark, MarkError};
use super::vdevice::VDevice;
use crate::console;

/// The group name that means "share with nobody".
pub const UNIQUE: &str = "UNIQUE";
/// The variable that names the simulated host.
pub const HOST_VARIABLE: &str = "HAILO_SIM_HOST";
/// The variable that says how many devices there are.
pub const DEVICES_VARIABLE: &str = "HAILO_SIM_DEVICES";

/// The variable that says of which architecture the devices are.
pub const ARCH_VARIABLE: &str = "HAILO_SIM_ARCH";

/// The name of the host where nothing else is said.
const DEFAULT: &str = "default";
/// Most devices of a host.
const MOST_DEVICES: usize = 16;
/// Longest name of a host in bytes: a socket's name holds it beside the device's, and has 107.
const LONGEST_NAME: usize = 64;

/// Why a virtual device could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimError {
    /// A named device does not exist.
    UnknownId,
    /// There is no free device left.
    OutOfDevices,
    /// A device that was asked for by name is in use.
    InUse,
    /// Devices of this architecture work alone.
    NotTogether,
    /// The group has a virtual device of another number of devices, or of others.
    SharedOtherwise,
    /// A device cannot be marked as used, for this reason.
    Driver(String),
}

/// [`DEVICES_VARIABLE`] is no number of devices.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "HAILO_SIM_DEVICES is {value:?}, which is no number of devices: set it to 0 to 16, or unset it for 1"
)]
pub struct BadDeviceCount {
    value: OsString,
}

/// Gives this process simulated devices of its own from now on, whatever `HAILO_SIM_HOST` says, and answers the name of
/// its host.
///
/// For programs that are not about sharing, such as tests. Processes that it starts are not on this host unless their
/// `HAILO_SIM_HOST` is the name. Asking again changes nothing.
pub fn own() -> &'static str {
    OWN.get_or_init(|| {
        // Processes of different containers may have the same number and share the network.
        let random = RandomState::new().build_hasher().finish();
        format!("own-{}-{random:016x}", std::process::id())
    })
}

static OWN: OnceLock<String> = OnceLock::new();

/// The name of this process's simulated host. As the value of `HAILO_SIM_HOST` it puts other processes there.
pub fn name() -> String {
    OWN.get().cloned().unwrap_or_else(|| name_of(std::env::var_os(HOST_VARIABLE).as_deref()))
}

/// The name of the simulated host for a value of `HAILO_SIM_HOST`: `default` for none and for an empty one, the value
/// itself where it is at most 64 letters, digits, dots, dashes and underscores, else a hash of it.
pub fn name_of(value: Option<&OsStr>) -> String {
    let value = value.unwrap_or_default();
    let is_plain = |b: &u8| b.is_ascii_alphanumeric() || b".-_".contains(b);
    match value.to_str() {
        Some("") => DEFAULT.into(),
        Some(text) if text.len() <= LONGEST_NAME && text.bytes().all(|b| is_plain(&b)) => text.into(),
        _ => {
            let hash = Sha256::digest(value.as_bytes());
            let hex: String = hash[..16].iter().map(|b| format!("{b:02x}")).collect();
            format!("sha256-{hex}")
        }
    }
}

/// What a simulated device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chip {
    /// What it is called in [`ARCH_VARIABLE`].
    pub name: &'static str,
    /// The architecture that it reports. HailoRT 4 has none for a Hailo-8R: that is a Hailo-8 with a slower clock.
    pub architecture: hailo_device_architecture_t,
    /// The board's name.
    pub board: &'static str,
    /// The product's name.
    pub product: &'static str,
}

/// All that are simulated, the usual one first.
const CHIPS: [Chip; 4] = [
    Chip {
        name: "hailo8l",
        architecture: HAILO_ARCH_HAILO8L,
        board: "Hailo-8L (simulated)",
        product: "HAILO-8L AI ACC SIMULATED BY HAILO-HARNESS",
    },
    Chip {
        name: "hailo8",
        architecture: HAILO_ARCH_HAILO8,
        board: "Hailo-8 (simulated)",
        product: "HAILO-8 AI ACC SIMULATED BY HAILO-HARNESS",
    },
    Chip {
        name: "hailo8r",
        architecture: HAILO_ARCH_HAILO8,
        board: "Hailo-8R (simulated)",
        product: "HAILO-8R AI ACC SIMULATED BY HAILO-HARNESS",
    },
    // It runs nothing: as with a library that serves none of them.
    Chip {
        name: "hailo10h",
        architecture: HAILO_ARCH_HAILO10H,
        board: "Hailo-10H (simulated)",
        product: "HAILO-10H AI ACC SIMULATED BY HAILO-HARNESS",
    },
];

/// What the simulated devices are: what [`ARCH_VARIABLE`] says, `hailo8l` (the default), `hailo8`, `hailo8r` or `hailo10h`.
pub fn chip() -> Chip {
    static SAID: Once = Once::new();
    let [usual, ..] = CHIPS;
    match std::env::var(ARCH_VARIABLE).as_deref().unwrap_or("") {
        "" => usual,
        said => CHIPS.into_iter().find(|chip| chip.name == said).unwrap_or_else(|| {
            let all = CHIPS.map(|chip| chip.name).join(", ");
            let why = format!("{said:?} is no architecture that is simulated: set it to one of {all}");
            SAID.call_once(|| console::error(ARCH_VARIABLE, &why));
            usual
        }),
    }
}

/// The architecture that the simulated devices report.
pub fn architecture() -> hailo_device_architecture_t {
    chip().architecture
}

/// Names of the simulated devices. Where `HAILO_SIM_DEVICES` is no number there are none, and standard error says why,
/// once: with a device, a mistyped number would let tests pass that were meant to see several. While the devices are off
/// the bus (see [`super::bus`]) there are none either.
pub fn device_ids() -> Vec<String> {
    static SAID: Once = Once::new();
    if bus::is_empty() {
        return Vec::new();
    }
    device_ids_of(std::env::var_os(DEVICES_VARIABLE).as_deref()).unwrap_or_else(|why| {
        SAID.call_once(|| console::error(DEVICES_VARIABLE, &why.to_string()));
        Vec::new()
    })
}

/// Names of the simulated devices for a value of `HAILO_SIM_DEVICES`; none and an empty one mean one device.
///
/// # Errors
/// [`BadDeviceCount`] for what is no number from 0 to 16.
pub fn device_ids_of(value: Option<&OsStr>) -> Result<Vec<String>, BadDeviceCount> {
    let value = value.unwrap_or_default();
    let text = value.to_str().map(str::trim);
    let count = match text {
        Some("") => Some(1),
        Some(text) => text.parse().ok().filter(|n| *n <= MOST_DEVICES),
        None => None,
    };
    let count = count.ok_or_else(|| BadDeviceCount { value: value.into() })?;
    Ok((1..=count).map(|bus| format!("0000:{bus:02x}:00.0")).collect())
}

/// The virtual devices of this process. The lock is held while one is made, and while one is looked for to be shared.
static MADE: Mutex<Vec<Weak<VDevice>>> = Mutex::new(Vec::new());

fn made() -> MutexGuard<'static, Vec<Weak<VDevice>>> {
    // A panic elsewhere leaves a list of weak references, which is valid whatever is in it.
    MADE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a virtual device over `count` free devices, or over the named ones, or shares the one of the same group.
///
/// # Errors
/// As the real library answers: see [`ClaimError`]. Two processes that ask for several devices each at the same moment
/// may both be refused.
pub fn claim(
    count: usize,
    ids: Option<&[String]>,
    group_id: &str,
    scheduled: bool,
) -> Result<Arc<VDevice>, ClaimError> {
    if bus::open_fails() {
        return Err(if ids.is_some() { ClaimError::UnknownId } else { ClaimError::OutOfDevices });
    }
    if ids.is_some_and(|ids| ids.iter().any(|id| !device_ids().contains(id))) {
        return Err(ClaimError::UnknownId);
    }
    let host = name();
    let mut made = made();
    made.retain(|vdevice| vdevice.strong_count() > 0);
    if group_id != UNIQUE
        && let Some(shared) =
            made.iter().filter_map(Weak::upgrade).find(|v| v.group_id() == group_id && v.host() == host)
    {
        let is_part = |id| shared.ids().contains(id);
        let fits = shared.ids().len() == count && ids.is_none_or(|ids| ids.iter().all(is_part));
        return if fits { Ok(shared) } else { Err(ClaimError::SharedOtherwise) };
    }
    let marks = take(&host, count, ids)?;
    let vdevice = Arc::new(VDevice::start(&host, marks, group_id, scheduled));
    made.push(Arc::downgrade(&vdevice));
    Ok(vdevice)
}

/// Marks the devices, or none.
fn take(host: &str, count: usize, ids: Option<&[String]>) -> Result<Vec<Mark>, ClaimError> {
    let known = device_ids();
    if let Some(ids) = ids
        && ids.iter().any(|id| !known.contains(id))
    {
        return Err(ClaimError::UnknownId);
    }
    let wanted = ids.unwrap_or(&known);
    if count > 1 && !wanted.is_empty() && architecture() == HAILO_ARCH_HAILO8L {
        return Err(ClaimError::NotTogether);
    }
    if count == 0 || (ids.is_none() && known.len() < count) {
        return Err(ClaimError::OutOfDevices);
    }
    let mut marks = Vec::new();
    for id in wanted {
        match Mark::take(host, id) {
            Ok(mark) => marks.push(mark),
            // Also the second time that a call names the same device.
            Err(MarkError::Held) if ids.is_some() => return Err(ClaimError::InUse),
            Err(MarkError::Held) => {}
            Err(why @ MarkError::Failed(_)) => return Err(ClaimError::Driver(format!("{id}: {why}"))),
        }
        if marks.len() == count {
            return Ok(marks);
        }
    }
    Err(ClaimError::OutOfDevices)
}

/// Lets a virtual device go. Where nobody shares it any more it ends, and its network groups are the answer.
pub fn release(vdevice: Arc<VDevice>) -> Option<Vec<Arc<Group>>> {
    let lock = made();
    let last = Arc::into_inner(vdevice)?;
    let groups = last.groups();
    if last.group_id() == UNIQUE {
        // Ending waits for the inference in progress, and nobody can want to share it.
        drop(lock);
        drop(last);
    } else {
        // Who asks for the same group meanwhile has to find either this one or its devices free.
        drop(last);
        drop(lock);
    }
    Some(groups)
}

/// The network groups of all virtual devices of this process.
pub(crate) fn groups() -> Vec<Arc<Group>> {
    // The lock stays while there are more owners than the handles are: who releases must find itself the last.
    let made = made();
    made.iter().filter_map(Weak::upgrade).flat_map(|vdevice| vdevice.groups()).collect()
}

/// Runs the body with the open files that mark the devices of this process. No virtual device comes or goes meanwhile.
pub(crate) fn with_marks<T>(body: impl FnOnce(&[BorrowedFd<'_>]) -> T) -> T {
    let made = made();
    let all: Vec<Arc<VDevice>> = made.iter().filter_map(Weak::upgrade).collect();
    let files: Vec<BorrowedFd<'_>> = all.iter().flat_map(|vdevice| vdevice.files()).collect();
    body(&files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn os(bytes: &[u8]) -> &OsStr {
        OsStr::from_bytes(bytes)
    }

    #[test]
    fn a_value_is_the_name_of_its_host_where_it_is_plain() {
        assert_eq!(name_of(None), "default");
        assert_eq!(name_of(Some(os(b""))), "default");
        for plain in ["default", "ci-7", "A.b_c-9", &"x".repeat(64)] {
            assert_eq!(name_of(Some(OsStr::new(plain))), plain);
        }
    }

    #[test]
    fn odd_values_are_names_of_hosts_of_their_own() {
        let long = "x".repeat(1 << 20);
        let odd: [&[u8]; 9] = [
            b" ",
            b"a b",
            b"a/b",
            b"../..",
            b"a\nb\x1b[31m",
            b"\xff\xfe",
            "\u{e9}\u{1f980}".as_bytes(),
            &long.as_bytes()[..65],
            long.as_bytes(),
        ];
        let names: Vec<String> = odd.iter().map(|value| name_of(Some(os(value)))).collect();
        for (i, name) in names.iter().enumerate() {
            assert!(name.len() <= LONGEST_NAME && name.is_ascii(), "{name}");
            assert!(!names[..i].contains(name), "{name}");
            // What one process is told by another is the same host.
            assert_eq!(name_of(Some(OsStr::new(name))), *name);
            Mark::take(name, "0000:10:00.0").unwrap();
        }
    }

    #[test]
    fn own_devices_are_of_one_host_that_others_can_be_put_on() {
        let name = own();
        assert_eq!(own(), name);
        assert_eq!(super::name(), name);
        assert_eq!(name_of(Some(OsStr::new(name))), name);
    }

    #[test]
    fn a_number_of_devices_is_a_number_from_0_to_16() {
        let ids = |text: &str| device_ids_of(Some(OsStr::new(text)));
        assert_eq!(device_ids_of(None).unwrap(), ["0000:01:00.0"]);
        assert_eq!(ids("").unwrap(), ["0000:01:00.0"]);
        assert_eq!(ids("0").unwrap(), [""; 0]);
        assert_eq!(ids(" 2 ").unwrap(), ["0000:01:00.0", "0000:02:00.0"]);
        assert_eq!(ids("16").unwrap().last().unwrap(), "0000:10:00.0");
        for garbage in ["17", "-1", "two", "1.0", "0x1", "99999999999999999999999", "\u{1b}[31m"] {
            let why = ids(garbage).unwrap_err().to_string();
            assert!(why.contains("0 to 16") && why.contains(&format!("{garbage:?}")), "{why}");
        }
        assert!(device_ids_of(Some(os(b"\xff"))).is_err());
    }
}
