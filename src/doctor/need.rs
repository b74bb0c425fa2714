//! Whether the lack of a device is a failure.

use super::check::Check;

/// Whether a device has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nobody asked for one: without it the simulator serves.
    Optional,
    /// It was asked for, by `HAILO_REQUIRED=1` or the runtime `device`.
    Required,
}

impl Need {
    /// What keeps a device from being used: a failure where one is needed, else a warning.
    pub(super) fn lacks(
        self,
        name: &'static str,
        found: impl Into<String>,
        mend: impl Into<String>,
    ) -> Check {
        match self {
            Self::Required => Check::failed(name, found, mend),
            Self::Optional => Check::warning(name, found, mend),
        }
    }
}
