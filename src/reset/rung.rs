//! What is tried to get a device back, and what came of it.

use serde::Serialize;

/// What is tried to get a device back, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Rung {
    /// Nothing: it may have come back by itself.
    Clear,
    /// The library resets the device.
    Library,
    /// The driver is unloaded and loaded again.
    Driver,
    /// The device is taken off the PCIe bus, which is searched again.
    Pcie,
    /// The machine is switched off and on.
    Power,
}

/// What came of a rung.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "outcome", content = "why")]
pub enum Outcome {
    /// It was done, and the device can be opened.
    Free,
    /// It was done, and the device cannot be opened.
    Wedged(String),
    /// It could not be done.
    Failed(String),
    /// Somebody else has to do it: what to do.
    Told(String),
    /// There is nothing of this kind to do.
    Nothing(String),
}

/// A rung, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// What was tried.
    pub rung: Rung,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

impl Rung {
    /// All of them, from the lowest.
    pub const ALL: [Self; 5] = [Self::Clear, Self::Library, Self::Driver, Self::Pcie, Self::Power];

    /// What it does.
    pub fn task(self) -> &'static str {
        match self {
            Self::Clear => "look whether it came back",
            Self::Library => "reset by the library",
            Self::Driver => "reload the driver",
            Self::Pcie => "remove it from the PCIe bus and scan again",
            Self::Power => "power cycle",
        }
    }
}

impl std::fmt::Display for Tried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: ", self.rung.task())?;
        match &self.outcome {
            Outcome::Free => f.write_str("the device can be used"),
            Outcome::Wedged(why) => write!(f, "done, but it cannot be opened: {why}"),
            Outcome::Failed(why) => write!(f, "failed: {why}"),
            Outcome::Told(what) => write!(f, "not done here; {what}"),
            Outcome::Nothing(why) => write!(f, "nothing to do: {why}"),
        }
    }
}
