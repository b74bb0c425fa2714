//! The scenarios, by area.

use std::time::Duration;

use crate::lab::Lab;
use crate::runner::DEADLINE;

mod devices;
mod forks;
mod frames;
mod groups;
mod hefs;
mod library;
mod mutations;
mod nulls;
mod planted;
mod release;
mod resources;
mod sharing;
mod shutdown;
mod streams;

/// What a scenario cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Not even a library: it opens it itself.
    NoLibrary,
    /// The library alone.
    Library,
    /// So many devices.
    Devices(usize),
    /// A device and a HEF that it runs.
    Network,
}

type Body = Box<dyn Fn(Option<&Lab>) -> Result<String, String> + Send + Sync>;

/// A scenario.
pub struct Scenario {
    /// `area/name`.
    pub name: String,
    pub needs: Needs,
    /// In its environment.
    pub variables: Vec<(&'static str, String)>,
    /// How long it may take.
    pub deadline: Duration,
    pub run: Body,
}

/// Collects the scenarios of an area.
pub struct Area {
    name: &'static str,
    scenarios: Vec<Scenario>,
}

impl Area {
    fn new(name: &'static str) -> Self {
        Self { name, scenarios: Vec::new() }
    }

    fn add(
        &mut self,
        name: &str,
        needs: Needs,
        run: impl Fn(&Lab) -> Result<String, String> + Send + Sync + 'static,
    ) -> &mut Scenario {
        let body = move |lab: Option<&Lab>| run(lab.ok_or("no library")?);
        self.push(name, needs, Box::new(body))
    }

    fn push(&mut self, name: &str, needs: Needs, run: Body) -> &mut Scenario {
        let name = format!("{}/{name}", self.name);
        let scenario = Scenario { name, needs, variables: Vec::new(), deadline: DEADLINE, run };
        self.scenarios.push(scenario);
        let last = self.scenarios.len() - 1;
        &mut self.scenarios[last]
    }
}

/// Every scenario that is about a library.
pub fn public() -> Vec<Scenario> {
    [
        library::area(),
        devices::area(),
        nulls::area(),
        hefs::area(),
        mutations::area(),
        resources::area(),
        groups::area(),
        frames::area(),
        streams::area(),
        shutdown::area(),
        sharing::area(),
        release::area(),
        forks::area(),
    ]
    .into_iter()
    .flat_map(|area| area.scenarios)
    .collect()
}

/// These, and those that misbehave on purpose.
pub fn all() -> Vec<Scenario> {
    public().into_iter().chain(planted::area().scenarios).collect()
}

/// Does a part of a scenario, in a process of its own.
pub fn part(name: &str, lab: &Lab) {
    sharing::part(name, lab);
}
